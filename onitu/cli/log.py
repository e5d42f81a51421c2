"""`onitu log`: what became of a file: its versions, renames and deletions, and what of it can be had back."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

import msgspec

from onitu.cli.trash import moment, split, tell_faults
from onitu.config import data_directory, find_setup, load_setup
from onitu.core.model import Kind

if TYPE_CHECKING:
    from onitu.referee.past import Entry

#: Digits of a digest that are shown to people.
_DIGITS = 12


def run(arguments: argparse.Namespace) -> int:
    """Prints what became of a path and returns 0.

    Raises:
        OnituError: The setup or the records cannot be used, or nothing is known of the path.
    """
    from onitu.rest.past import entry_of  # noqa: PLC0415 - as below
    from onitu.supervisor.overlay import in_force_beside  # noqa: PLC0415 - once the setup is known to be good
    from onitu.supervisor.trash import tell_past  # noqa: PLC0415 - as above

    file = load_setup(find_setup(arguments.config))
    directory = data_directory(file, arguments.data_dir)
    setup = in_force_beside(directory, file)
    folder, path = split(setup, arguments.path)
    entries, found = tell_past(directory, setup, folder, path)
    tell_faults(found)
    if arguments.json:
        print(json.dumps([msgspec.to_builtins(entry_of(entry)) for entry in entries], ensure_ascii=False, indent=2))
        return 0
    width = max(len(entry.label) for entry in entries)
    for entry in entries:
        print(_line(entry, folder, width))
    return 0


def _line(entry: Entry, folder: str, width: int) -> str:
    line = entry.line
    when = moment(line.at) if line.at is not None else "at an unknown time"
    said = f"{entry.label:>{width}}  {when}  {line.event.value}"
    if line.service:
        said += f" on {line.service}"
    if line.path:
        return f"{said}  ({folder}/{line.path})"
    version = line.version
    if version is None or version.kind is Kind.DIRECTORY:
        return said
    said += f"  {version.size:,} bytes" if version.target is None else f"  to {version.target}"
    for algorithm, digest in sorted(version.digests.items())[:1]:
        said += f", {algorithm} {digest.hex()[:_DIGITS]}"
    if entry.current:
        return f"{said}  current"
    where = ", ".join(sorted({copy.service for copy in entry.copies}))
    return f"{said}  can be restored (kept of {where})" if where else f"{said}  not kept"
