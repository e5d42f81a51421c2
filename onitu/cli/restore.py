"""`onitu restore`: makes an older version of a file the current one."""

from __future__ import annotations

import argparse

from onitu.cli.trash import split, tell_faults
from onitu.config import data_directory, find_setup, load_setup
from onitu.errors import ConfigError


def run(arguments: argparse.Namespace) -> int:
    """Brings a version back and returns 0.

    Raises:
        OnituError: There is no such version, nothing is kept of it, or it could not be brought back.
    """
    from onitu.supervisor.overlay import in_force_beside  # noqa: PLC0415 - once the setup is known to be good
    from onitu.supervisor.trash import restore_version, tell_past  # noqa: PLC0415 - as above

    file = load_setup(find_setup(arguments.config))
    directory = data_directory(file, arguments.data_dir)
    setup = in_force_beside(directory, file)
    folder, path = split(setup, arguments.path)
    entries, found = tell_past(directory, setup, folder, path)
    tell_faults(found)
    asked = f"version {arguments.number} of '{arguments.path}'"
    entry = next((one for one in entries if one.label == arguments.number), None)
    if entry is None or entry.line.version is None:
        labels = ", ".join(one.label for one in entries if one.label) or "none"
        raise ConfigError(f"there is no {asked} (versions: {labels})")
    if entry.current:
        print(f"{asked} is the current one")
        return 0
    if not entry.copies:
        raise ConfigError(f"nothing is kept of {asked} any more; `onitu log {arguments.path}` shows what is")
    where = restore_version(directory, setup, entry, path)
    print(f"{asked} is brought back" + (" at the next `onitu serve`" if where is None else ""))
    return 0
