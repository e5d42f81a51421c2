"""What is kept of what Onitu has replaced or deleted, for a person to see, bring back or remove (`onitu trash`).

The trashes themselves are asked, by the running core or, where none runs, by drivers that are started for a moment:
what lies there is what can be had back. What is to be changed is told to the running core, or kept in the records until
one runs.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec
import trio

from onitu.core.wanted import EmptyTrash, RestoreCopy
from onitu.errors import ConfigError, DriverError
from onitu.host.runtime import runtime_directory
from onitu.host.settings import RootState
from onitu.log import set_up_logging
from onitu.referee.past import Copy, Entry, Found, list_data, list_service, past_of, request_for
from onitu.referee.restoring import keep_wanted
from onitu.rest.client import ask
from onitu.rest.filebodies import TrashList
from onitu.rest.past import copy_from, modes_of
from onitu.store import Store
from onitu.store.beside import read_beside
from onitu.store.trash import Trash
from onitu.supervisor.drivers import asked, known_roots
from onitu.supervisor.orders import Request, have_done
from onitu.supervisor.records import known_scopes

if TYPE_CHECKING:
    from onitu.config.values import ServiceSetup, Setup
    from onitu.core.manifest import Manifest
    from onitu.core.node import Version

#: Seconds a core may take to bring back one large file.
PATIENCE = 3600.0


def list_copies(
    directory: Path, setup: Setup, *, folder: str = "", paths: tuple[str, ...] = ("",), service: str | None = None
) -> Found:
    """Returns what is kept.

    Args:
        directory: The data directory, whoever owns it.
        setup: The setup.
        folder: Of this folder; "" is all.
        paths: Only what had one of these paths or lay below it; "" is everything.
        service: What lay on this service; None is all.

    Raises:
        StoreError: There are no records, or they cannot be read.
    """
    with read_beside(directory) as transaction:
        roots = known_roots(transaction, setup)
        setup_id = (transaction.meta("setup-id") or b"").decode()
    told = _ask_core(directory, [("folder", folder), ("service", service), *(("path", path) for path in paths)])
    if told is not None:
        return told
    set_up_logging(form=None, level="warning")  # What the drivers say of themselves.
    found = Found()
    services = [one for one in setup.services.values() if service in (None, one.name) and folder in ("", *one.folders)]
    with runtime_directory() as runtime:

        async def ask_driver(one: ServiceSetup) -> None:
            try:
                async with asked(one, setup, roots, runtime, setup_id=setup_id, wanted=_keeps) as driver:
                    if driver is None:
                        return
                    client, configured = driver
                    for report in configured.folders.values():
                        if folder not in ("", report.name):
                            continue
                        if report.root_state is not RootState.OK:
                            found.faults.append((one.name, report.reason))
                            continue
                        await list_service(found, client, one.name, report.name, paths)
            except (ConfigError, DriverError) as error:
                found.faults.append((one.name, str(error)))

        async def ask_all() -> None:
            async with trio.open_nursery() as nursery:
                for one in services:
                    nursery.start_soon(ask_driver, one)

        trio.run(ask_all)
    list_data(found, Trash(directory), [folder], paths, service)
    found.sort()
    return found


def _ask_core(directory: Path, query: list[tuple[str, str | None]]) -> Found | None:
    """Returns what a running core has found, or None where none runs."""
    given = urlencode([(name, value) for name, value in query if value])
    reply = ask(directory, "GET", f"/trash?{given}", patience=PATIENCE)
    if reply is None:
        return None
    if reply.reason:
        raise ConfigError(reply.reason)
    listed = msgspec.convert(reply.body, TrashList)
    return Found([copy_from(copy) for copy in listed.copies], [(one.service, one.reason) for one in listed.faults])


def _keeps(manifest: Manifest) -> bool:
    return manifest.capabilities.trash


def tell_past(directory: Path, setup: Setup, folder: str, path: str) -> tuple[list[Entry], Found]:
    """Returns what became of what is or was at a path, oldest first, and what could not be asked.

    Args:
        directory: The data directory, whoever owns it.
        setup: The setup.
        folder: A folder.
        path: A path in it.

    Raises:
        ConfigError: Nothing is known of the path.
        StoreError: The records cannot be read.
    """
    with read_beside(directory) as transaction:
        past = past_of(transaction, known_scopes(transaction, setup).get(folder), folder, path)
    if not past.told:
        raise ConfigError(f"nothing is known of '{folder}/{path}', now or before; `onitu log` takes FOLDER/PATH")
    found = list_copies(directory, setup, folder=folder, paths=past.names)
    return past.entries(found.copies), found


def restore(directory: Path, setup: Setup, copy: Copy) -> str | None:
    """Brings a copy back, beside what is there now.

    Args:
        directory: The data directory, whoever owns it.
        setup: The setup.
        copy: Which.

    Returns:
        The path it has now, or None where no core runs: then it is done at the next start.

    Raises:
        ConfigError: It cannot be done.
        StoreError: The records cannot be used.
    """
    body = {"service": copy.service, "keeper": copy.keeper, "id": copy.kept.id}
    return _bring_back(directory, body, copy.kept.path, _wanted(setup, copy))


def restore_version(directory: Path, setup: Setup, entry: Entry, path: str) -> str | None:
    """Makes an older version of a file the current one.

    Args:
        directory: The data directory, whoever owns it.
        setup: The setup.
        entry: Which, with at least one copy.
        path: Where it is to be.

    Returns:
        The path it has now, or None where no core runs: then it is done at the next start.

    Raises:
        ConfigError: It cannot be done.
        StoreError: The records cannot be used.
    """
    wanted = _wanted(setup, entry.copies[-1], version=entry.line.version, path=path)
    return _bring_back(directory, {"version": entry.label}, path, wanted)


def _bring_back(directory: Path, body: dict[str, str], path: str, wanted: RestoreCopy) -> str | None:
    """Has a running core bring something back, or keeps that until one runs."""
    asked = Request(
        method="POST",
        path="/trash/restore",
        body={"folder": wanted.folder, "path": path, **body},
        patience=PATIENCE,
    )
    reply = have_done(directory, asked, lambda store: _keep(store, wanted))
    return str(reply.body["said"]) if reply is not None else None


def _wanted(setup: Setup, copy: Copy, *, version: Version | None = None, path: str = "") -> RestoreCopy:
    wanted = request_for(copy, modes_of(setup, copy.folder), version=version, path=path)
    if wanted is None:
        raise ConfigError(f"no service of the folder '{copy.folder}' may be written to, so nothing can be brought back")
    return wanted


def _keep(store: Store, wanted: RestoreCopy | EmptyTrash) -> None:
    store.write(lambda transaction: keep_wanted(transaction, wanted))


def empty(directory: Path, copies: list[Copy], *, path: str, before_ns: int) -> list[str | None]:
    """Removes copies for good, all that there are of the folders and services of some.

    Args:
        directory: The data directory, whoever owns it.
        copies: Some, whose folders and services are meant.
        path: Only what had this path or lay below it; "" is everything.
        before_ns: Only what was kept before.

    Returns:
        For each folder of a service what came of it, or None where no core runs: then it is done at the next start.

    Raises:
        ConfigError: It cannot be done.
        StoreError: The records cannot be used.
    """
    said: list[str | None] = []
    for service, folder in sorted({(copy.service, copy.folder) for copy in copies}):
        wanted = EmptyTrash(folder=folder, service=service, path=path, before_ns=before_ns)
        body = {"folder": folder, "service": service, "path": path, "before": before_ns / 1e9}
        asked = Request(method="POST", path="/trash/empty", body=body, patience=PATIENCE)
        reply = have_done(directory, asked, partial(_keep, wanted=wanted))
        said.append(str(reply.body["said"]) if reply is not None else None)
    return said


def age_limit(days: float) -> int:
    """Returns the time, nanoseconds since 1970, that was so many days ago."""
    return time.time_ns() - int(days * 86_400e9)
