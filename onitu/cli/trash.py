"""`onitu trash`: what Onitu has replaced or deleted: seen, brought back, removed."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from onitu.config import data_directory, find_setup, load_setup
from onitu.config.faults import nearest
from onitu.errors import ConfigError

if TYPE_CHECKING:
    from onitu.config.values import Setup
    from onitu.referee.past import Copy, Found


def run(arguments: argparse.Namespace) -> int:
    """Lists what is kept, brings something of it back, or removes it.

    Raises:
        OnituError: The setup or the records cannot be used, or what is asked for cannot be done.
    """
    from onitu.supervisor.overlay import in_force_beside  # noqa: PLC0415 - once the setup is known to be good
    from onitu.supervisor.trash import list_copies  # noqa: PLC0415 - as above

    file = load_setup(find_setup(arguments.config))
    directory = data_directory(file, arguments.data_dir)
    setup = in_force_beside(directory, file)
    folder, path = split(setup, arguments.path) if arguments.path else ("", "")
    if arguments.service is not None and arguments.service not in setup.services:
        hint = nearest(arguments.service, setup.services)
        raise ConfigError(f"there is no service '{arguments.service}'{hint} (services: {', '.join(setup.services)})")
    found = list_copies(directory, setup, folder=folder, paths=(path,), service=arguments.service)
    tell_faults(found)
    if arguments.action == "restore":
        return _restore(directory, setup, arguments, found)
    if arguments.action == "empty":
        return _empty(directory, arguments, found, path)
    return _list(arguments, found)


def split(setup: Setup, asked: str) -> tuple[str, str]:
    """Returns the folder and the path of FOLDER/PATH; the path is "" for a whole folder.

    Raises:
        ConfigError: There is no such folder.
    """
    folder, _, rest = asked.removeprefix("./").strip("/").partition("/")
    if folder not in setup.folders:
        known = ", ".join(setup.folders) or "none"
        raise ConfigError(f"there is no folder '{folder}'{nearest(folder, setup.folders)} (folders: {known})")
    return folder, "/".join(part for part in rest.split("/") if part not in ("", "."))


def tell_faults(found: Found) -> None:
    """Says which services could not be asked."""
    for service, reason in found.faults:
        print(f"{service}: {reason}", file=sys.stderr)


def moment(seconds: float) -> str:
    """Returns a time as the clock on the wall has it."""
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone().isoformat(" ", "seconds")
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.0f} s after 1970"


def _list(arguments: argparse.Namespace, found: Found) -> int:
    if arguments.json:
        print(json.dumps([_plain(copy) for copy in found.copies], ensure_ascii=False, indent=2))
        return 1 if found.faults else 0
    for copy in found.copies:
        kept = copy.kept
        size = f"{kept.size:,} bytes" if kept.target is None else f"link to {kept.target}"
        print(f"{moment(kept.kept_at_ns / 1e9)}  {copy.folder}/{kept.path}  ({size}, {copy.service})")
    if not found.copies:
        print("nothing is kept", end="")
        print(" of it" if arguments.path else "")
    return 1 if found.faults else 0


def _plain(copy: Copy) -> dict[str, object]:
    kept = copy.kept
    return {
        "folder": copy.folder,
        "path": kept.path,
        "service": copy.service,
        "kept": "service" if copy.keeper else "data directory",
        "id": kept.id,
        "kind": kept.kind.name.lower(),
        "kept_at_ns": kept.kept_at_ns,
        "size": kept.size,
        "mtime_ns": kept.mtime_ns,
        **({"target": kept.target} if kept.target is not None else {}),
        "digests": {name: digest.hex() for name, digest in sorted(kept.digests.items())},
    }


def _restore(directory: Path, setup: Setup, arguments: argparse.Namespace, found: Found) -> int:
    from onitu.supervisor.trash import restore  # noqa: PLC0415 - as above

    wanted = [copy for copy in found.copies if arguments.id in (None, copy.kept.id)]
    newest = {(copy.folder, copy.kept.path): copy for copy in wanted}
    if not newest:
        raise ConfigError(f"nothing is kept of '{arguments.path}'; `onitu trash list` shows what is")
    code = 0
    for (folder, path), copy in sorted(newest.items()):
        try:
            where = restore(directory, setup, copy)
        except ConfigError as error:
            print(f"onitu: {folder}/{path}: {error}", file=sys.stderr)
            code = 1
            continue
        if where is None:
            print(f"{folder}/{path}: it is brought back at the next `onitu serve`")
        else:
            print(f"{folder}/{path}: brought back" + ("" if where == path else f" as {folder}/{where}"))
    return code


def _empty(directory: Path, arguments: argparse.Namespace, found: Found, path: str) -> int:
    from onitu.supervisor.trash import age_limit, empty  # noqa: PLC0415 - as above

    before = age_limit(arguments.older_than)
    copies = [copy for copy in found.copies if copy.kept.kept_at_ns < before]
    size = sum(copy.kept.size for copy in copies)
    if not copies:
        print("there is nothing to remove")
        return 0
    if not arguments.yes and not _confirmed(f"remove {len(copies):,} files ({size:,} bytes) for good?"):
        print("nothing was removed")
        return 1
    for said in empty(directory, copies, path=path, before_ns=before):
        print(said or "it is done at the next `onitu serve`")
    return 0


def _confirmed(question: str) -> bool:
    print(f"{question} [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
