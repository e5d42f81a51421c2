"""What is kept of what Onitu has replaced or deleted, for a person to see, bring back or remove (`onitu trash`).

The trashes themselves are asked, and nothing else: what lies there is what can be had back. What is to be changed is
told to the running core, or kept in the records until one runs.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import msgspec
import trio

from onitu.core.capability import Mode
from onitu.core.model import Kept
from onitu.core.past import Event, Line, lines
from onitu.core.tree import Work
from onitu.core.wanted import EmptyTrash, RestoreCopy, Wanted
from onitu.errors import ConfigError, DriverError, Unsupported
from onitu.host.runtime import runtime_directory
from onitu.host.settings import RootState
from onitu.log import set_up_logging
from onitu.referee.restoring import keep_wanted
from onitu.store import Store
from onitu.store.beside import read_beside
from onitu.store.trash import Trash
from onitu.supervisor.drivers import asked, known_roots
from onitu.supervisor.orders import Request, have_done
from onitu.supervisor.records import known_scopes

if TYPE_CHECKING:
    from onitu.config.values import ServiceSetup, Setup
    from onitu.core.manifest import Manifest
    from onitu.core.node import NodeId, Version
    from onitu.host.client import DriverClient
    from onitu.store import Transaction

#: Seconds a core may take to bring back one large file.
PATIENCE = 3600.0

#: Modification times that differ by less are the same: services keep them more or less precisely.
_SAME_TIME = 2_000_000_000


@attrs.frozen(kw_only=True)
class Copy:
    """A retained copy.

    Attributes:
        folder: Its folder.
        service: Where it lay.
        kept: What it is.
        keeper: The service in whose trash it lies; "" for the data directory.
    """

    folder: str
    service: str
    kept: Kept
    keeper: str


@attrs.define
class Found:
    """What came of looking.

    Attributes:
        copies: The copies, oldest first.
        faults: Service, and why it could not be asked.
    """

    copies: list[Copy] = attrs.Factory(list)
    faults: list[tuple[str, str]] = attrs.Factory(list)


@attrs.frozen(kw_only=True)
class Entry:
    """A line of `onitu log`.

    Attributes:
        label: What `onitu restore --version` takes, or "" where it has no version.
        line: What became of the entry.
        current: It is what everybody should have.
        copies: Where its content can be had back from.
    """

    label: str
    line: Line
    current: bool
    copies: tuple[Copy, ...]


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
    set_up_logging(form=None, level="warning")  # What the drivers say of themselves.
    found = Found()
    services = [one for one in setup.services.values() if service in (None, one.name) and folder in ("", *one.folders)]
    with runtime_directory() as runtime:

        async def ask(one: ServiceSetup) -> None:
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
                        await _list_service(found, client, one.name, report.name, paths)
            except (ConfigError, DriverError) as error:
                found.faults.append((one.name, str(error)))

        async def ask_all() -> None:
            async with trio.open_nursery() as nursery:
                for one in services:
                    nursery.start_soon(ask, one)

        trio.run(ask_all)
    for path in paths:
        found.copies += [
            Copy(folder=origin.folder, service=origin.service, kept=kept, keeper="")
            for origin, kept in Trash(directory).listed(folder, path)
            if service in (None, origin.service)
        ]
    found.copies.sort(key=lambda copy: (copy.kept.kept_at_ns, copy.folder, copy.kept.path, copy.service))
    return found


def _keeps(manifest: Manifest) -> bool:
    return manifest.capabilities.trash


async def _list_service(found: Found, client: DriverClient, service: str, folder: str, paths: tuple[str, ...]) -> None:
    try:
        for path in paths:
            async for kept in client.list_trash(folder, path):
                found.copies.append(Copy(folder=folder, service=service, kept=kept, keeper=service))
    except Unsupported:
        said = "it keeps what is replaced or deleted in its own way; look for it there"
        found.faults.append((service, said))


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
        told, current, names = _past(transaction, setup, folder, path)
    if not told:
        raise ConfigError(f"nothing is known of '{folder}/{path}', now or before; `onitu log` takes FOLDER/PATH")
    found = list_copies(directory, setup, folder=folder, paths=tuple(sorted(names)))
    newest = told[-1].node
    entries = [
        Entry(
            label=_label(line, newest),
            line=line,
            current=line.version is not None and (line.node, line.version.number) == current,
            copies=tuple(copy for copy in found.copies if line.version is not None and _is_of(line.version, copy.kept)),
        )
        for line in told
    ]
    return entries, found


def _past(
    transaction: Transaction, setup: Setup, folder: str, path: str
) -> tuple[list[Line], tuple[NodeId, int] | None, set[str]]:
    """Returns what became of the nodes of a path, which version is there now, and the paths they ever had."""
    scope = known_scopes(transaction, setup).get(folder)
    names = {path}
    nodes = transaction.past.departed(folder, path)
    current: tuple[NodeId, int] | None = None
    if scope is not None:
        work = Work(transaction, scope, now_ns=0)
        live: NodeId | None = scope.root
        for name in path.split("/"):
            live = transaction.child(live, name) if live is not None else None
        if live is not None:
            current = (live, transaction.node(live).head)
        for node in [*nodes, *([live] if live is not None else [])]:
            known = transaction.find(node)
            names.update(departure.path for departure in transaction.past.departures(node))
            if known is not None and known.place is not None:
                names.add(work.head_path(known))
        nodes += [live] if live is not None and live not in nodes else []
    told = [
        line
        for node in dict.fromkeys(nodes)
        for line in lines(
            node, transaction.history(node), transaction.past.taken(node), transaction.past.departures(node)
        )
    ]
    order = {node: position for position, node in enumerate(dict.fromkeys(nodes))}
    return sorted(told, key=lambda line: order[line.node]), current, names


def _label(line: Line, newest: NodeId) -> str:
    if line.version is None or line.event in (Event.MOVED, Event.DELETED):
        return ""
    return f"{line.version.number}" if line.node == newest else f"{line.node}.{line.version.number}"


def _is_of(version: Version, kept: Kept) -> bool:
    """Returns whether a retained copy has the content of a version, as far as can be told without reading it."""
    if (version.kind, version.target) != (kept.kind, kept.target):
        return False
    for algorithm, digest in kept.digests.items():
        if algorithm in version.digests:
            return version.digests[algorithm] == digest
    if version.size != kept.size:
        return False
    return version.mtime_ns is None or kept.mtime_ns is None or abs(version.mtime_ns - kept.mtime_ns) < _SAME_TIME


def restore(directory: Path, setup: Setup, copy: Copy, *, version: Version | None = None, path: str = "") -> str | None:
    """Brings a copy back.

    Args:
        directory: The data directory, whoever owns it.
        setup: The setup.
        copy: Which.
        version: The version it is to be; its digest is verified on the way. What is there is replaced.
        path: Where it is to be, or "" for where it was.

    Returns:
        The path it has now, or None where no core runs: then it is done at the next start.

    Raises:
        ConfigError: It cannot be done.
        StoreError: The records cannot be used.
    """
    kept = copy.kept
    if version is not None:
        kept = _taken_for(kept, version)
    request = RestoreCopy(
        folder=copy.folder,
        service=_target(setup, copy),
        kept=kept,
        keeper=copy.keeper,
        path=path or kept.path,
        replace=version is not None,
    )
    return _order(directory, request)


def _taken_for(kept: Kept, version: Version) -> Kept:
    """Returns a copy with what is known of the version that it is taken for."""
    return msgspec.structs.replace(
        kept,
        executable=kept.executable if kept.executable is not None else version.executable,
        digests=version.digests or kept.digests,
    )


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
    places = sorted({(copy.service, copy.folder) for copy in copies})
    return [
        _order(directory, EmptyTrash(folder=folder, service=service, path=path, before_ns=before_ns))
        for service, folder in places
    ]


def _order(directory: Path, request: Wanted) -> str | None:
    """Has a running core do something, or keeps it until one runs."""

    def alone(store: Store) -> None:
        store.write(lambda transaction: keep_wanted(transaction, request))

    path = "/trash/restore" if isinstance(request, RestoreCopy) else "/trash/empty"
    asked = Request(method="POST", path=path, body=msgspec.to_builtins(request), patience=PATIENCE)
    reply = have_done(directory, asked, alone)
    return str(reply.body["said"]) if reply is not None else None


def _target(setup: Setup, copy: Copy) -> str:
    """Returns the service that a copy is written to: the one it lay on, unless an edit there would go nowhere."""
    members = {
        service.name: service.folders[copy.folder].mode
        for service in setup.services.values()
        if copy.folder in service.folders
    }
    for name in (copy.service, *members):
        if members.get(name) == Mode.READ_WRITE:
            return name
    for name in (copy.service, *members):
        if Mode.WRITE in members.get(name, Mode.NONE):
            return name
    raise ConfigError(f"no service of the folder '{copy.folder}' may be written to, so nothing can be brought back")


def age_limit(days: float) -> int:
    """Returns the time, nanoseconds since 1970, that was so many days ago."""
    return time.time_ns() - int(days * 86_400e9)
