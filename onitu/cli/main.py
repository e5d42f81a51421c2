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
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from onitu import __version__
from onitu.errors import OnituError

if TYPE_CHECKING:

    class _Command(Protocol):
        """A module of this package that is a command."""

        def run(self, arguments: argparse.Namespace) -> int: ...


#: What shells report for a program that SIGINT ended.
INTERRUPTED = 130


def run(argv: Sequence[str]) -> int:
    """Runs one command.

    Args:
        argv: The arguments, without the program's name.

    Returns:
        The exit code: 0 done, 1 something is wrong and was said on stderr, 2 wrong arguments.
    """
    arguments = parser().parse_args(argv)
    try:
        command = cast("_Command", importlib.import_module(f"onitu.cli.{arguments.command}"))
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
    top = argparse.ArgumentParser(prog="onitu", description="Keeps folders the same on any number of services.")
    top.add_argument("--version", action="version", version=f"onitu {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_serve(commands)
    check = _add(commands, "check", "Checks a setup and says everything that is wrong with it.")
    _add_config(check)
    init = _add(commands, "init", "Writes a commented setup to start from.")
    init.add_argument("file", nargs="?", type=Path, default=Path("onitu.yaml"), metavar="FILE", help="%(default)s")
    _add(commands, "drivers", "Lists the installed drivers and their options.")
    return top


def _add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    serve = _add(commands, "serve", "Keeps the folders of a setup in sync until it is stopped.")
    _add_config(serve)
    serve.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="where the metadata is kept (default: the setup's data-dir, else onitu/NAME in your state directory)",
    )
    serve.add_argument("--once", action="store_true", help="sync until nothing is left to do, then say so and end")
    serve.add_argument(
        "--dry-run", action="store_true", help="say what would be done and change nothing (implies --once)"
    )
    serve.add_argument("--debug", action="store_true", help="log everything")
    serve.add_argument(
        "--log-format",
        choices=("json", "console"),
        help="how log lines look (default: console on a terminal, else json)",
    )
    serve.add_argument("--host", help="address of the REST API, which is not part of this version yet")
    serve.add_argument("--port", type=_port, help="port of the REST API, which is not part of this version yet")


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    """Adds a command; its help is the same in the list of commands and on its own page."""
    return commands.add_parser(name, help=f"{text[0].lower()}{text[1:].rstrip('.')}", description=text)


def _add_config(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-c",
        "--config",
        type=Path,
        metavar="FILE",
        help="the setup (default: ./onitu.yaml, else onitu/onitu.yaml in your configuration directory)",
    )


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 1 << 16:
        raise ValueError(text)
    return port
