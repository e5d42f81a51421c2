"""`onitu completion`: prints a script with which a shell completes Onitu's command line.

Made by shtab from the parser itself, once: so pressing the tab key starts no Python, and `onitu serve` imports nothing
for it (argcomplete would have to be looked for at every start).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from onitu.cli.main import parser
from onitu.utils import get_available_drivers

#: What stands for a file or a directory, by where the parser puts it.
_FILES = frozenset({"config", "file", "output"})
_DIRECTORIES = frozenset({"data_dir"})


def run(arguments: argparse.Namespace) -> int:
    """Prints the script for one shell."""
    # Not a millisecond of any other command is spent on this.
    import shtab  # noqa: PLC0415

    top = parser()
    for action in _actions(top):
        if action.dest in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # shtab's way of being told
        elif action.dest in _DIRECTORIES:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif action.dest == "name":
            # The drivers of today: asking each time would take as long as `onitu drivers` does.
            action.choices = sorted(get_available_drivers())
    print(shtab.complete(top, shell=arguments.shell))
    return 0


def _actions(above: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yields every argument of a parser and of the commands below it."""
    for action in above._actions:  # noqa: SLF001 - argparse has no other way, and shtab takes this one too.
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            for below in action.choices.values():
                yield from _actions(below)
