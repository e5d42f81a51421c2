"""`onitu state`: what Onitu knows of the files, written out, read in, or looked through."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from onitu.config import data_directory, find_setup, load_setup
from onitu.errors import ConfigError, OnituError


def run(arguments: argparse.Namespace) -> int:
    """Does one of export, import and check; returns 1 if `check` finds faults.

    Raises:
        OnituError: The setup, the records or a file cannot be used.
    """
    return {"export": _export, "import": _import, "check": _check}[arguments.action](arguments)


def _export(arguments: argparse.Namespace) -> int:
    from onitu.supervisor.state import export_state  # noqa: PLC0415 - once the place is known

    directory = _directory(arguments)
    _say_if_in_use(directory)
    if arguments.output is None:
        export_state(directory, sys.stdout.buffer)
        return 0
    try:
        # "x": never over a file that is there.
        with arguments.output.open("xb") as out:
            try:
                export_state(directory, out)
            except OnituError:
                arguments.output.unlink()
                raise
    except FileExistsError as error:
        raise ConfigError(f"{arguments.output} is there already, and was left alone") from error
    except OSError as error:
        raise ConfigError(f"{arguments.output} cannot be written: {error.strerror}") from error
    print(f"wrote {arguments.output}")
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from onitu.supervisor.state import import_state  # noqa: PLC0415 - once the place is known

    directory = _directory(arguments)
    try:
        with arguments.file.open("rb") as lines:
            count = import_state(directory, lines)
    except OSError as error:
        raise ConfigError(f"{arguments.file} cannot be read: {error.strerror}") from error
    print(f"took {count:,} records into {directory}; `onitu plan` says what they amount to")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from onitu.supervisor.state import examine_state  # noqa: PLC0415 - once the setup is known to be good

    setup = load_setup(find_setup(arguments.config))
    directory = data_directory(setup, arguments.data_dir)
    _say_if_in_use(directory)
    examined = examine_state(directory, setup)
    print("\n".join([f"data directory: {directory}", *examined.lines()]))
    return 1 if examined.report.faults else 0


def _directory(arguments: argparse.Namespace) -> Path:
    """Returns the data directory; a setup is only asked for it if no other is given."""
    if arguments.data_dir is not None:
        given: Path = arguments.data_dir
        return given.absolute()
    return data_directory(load_setup(find_setup(arguments.config)), None)


def _say_if_in_use(directory: Path) -> None:
    from onitu.supervisor.state import in_use  # noqa: PLC0415 - as above

    note = in_use(directory)
    if note is not None:
        print(f"onitu: {note}", file=sys.stderr)
