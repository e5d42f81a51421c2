"""Reads the arguments and calls the command they name.

argparse, because it is the only one of its kind that imports in a few milliseconds, and `onitu serve --once` on a quiet
setup takes little more than its imports.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast

from onitu import __version__
from onitu.cli import asking, deciding, life, making, past, upkeep
from onitu.cli.pages import Help
from onitu.errors import OnituError

if TYPE_CHECKING:

    class _Command(Protocol):
        """A module of this package that is a command."""

        def run(self, arguments: argparse.Namespace) -> int: ...


#: What shells report for a program that SIGINT ended.
INTERRUPTED = 130

_LIFE = """\
the life of a setup:
  onitu init                       write a setup to start from, and edit it
  onitu check                      say what is wrong with it
  onitu plan                       say what would be done; change nothing
  onitu serve --once               do it once, and say what was done
  onitu serve                      do it, and go on doing it
  onitu status --watch             see how it goes
  onitu log PATH                   say what became of a file
  onitu why PATH                   say why a file is where it is, or is not
  onitu install-service            have that done whenever you are logged in
  onitu holds                      see what waits for your decision
  onitu state check                look whether all records fit together

`onitu COMMAND --help` explains a command, with examples.
"""


def run(argv: Sequence[str]) -> int:
    """Runs one command.

    Args:
        argv: The arguments, without the program's name.

    Returns:
        The exit code: 0 done, 1 something is wrong and was said on stderr, 2 wrong arguments.
    """
    arguments = parser().parse_args(argv)
    try:
        module = arguments.command.replace("-", "_")
        command = cast("_Command", importlib.import_module(f"onitu.cli.{module}"))
        code = command.run(arguments)
        sys.stdout.flush()
    except OnituError as error:
        print(f"onitu: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`onitu drivers | head`). Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="onitu",
        description="Keeps folders the same on any number of services.",
        epilog=_LIFE,
        formatter_class=Help,
    )
    top.add_argument("--version", action="version", version=f"onitu {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")
    life.add_init(commands)
    life.add_check(commands)
    life.add_plan(commands)
    life.add_serve(commands)
    asking.add_status(commands)
    asking.add_ls(commands)
    asking.add_transfers(commands)
    asking.add_events(commands)
    past.add_why(commands)
    upkeep.add_drivers(commands)
    deciding.add_conflicts(commands)
    life.add_verify(commands)
    past.add_log(commands)
    past.add_restore(commands)
    past.add_trash(commands)
    deciding.add_holds(commands)
    asking.add_service(commands)
    asking.add_rules(commands)
    asking.add_config_command(commands)
    making.add_driver(commands)
    making.add_certs(commands)
    upkeep.add_state(commands)
    life.add_install_service(commands)
    upkeep.add_completion(commands)
    return top
