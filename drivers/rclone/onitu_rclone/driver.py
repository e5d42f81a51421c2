"""The driver: what it connects to. Its handlers are those of any service of files (`onitu.plug.filing`)."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

from onitu.plug import DriverError, Plug
from onitu.plug.filing import Filing

from .daemon import Command, Daemon
from .files import RcloneFiles
from .probe import UNTRIED
from .rc import Rc

PARALLEL: Final = 8
"""How many requests are under way at once: rclone keeps to the limits of each service by itself."""

plug = Plug()


def start() -> None:
    """Serves until Onitu closes."""
    plug.listen()


def _connect() -> RcloneFiles:
    def text(key: str) -> str | None:
        value = plug.options[key]
        return None if value is None else str(value)

    config = text("config")
    command = Command(
        program=text("rclone") or "rclone",
        remote=_checked(str(plug.options["remote"])),
        config=None if config is None else str(Path(config).expanduser()),
        config_password=text("config_password"),
        flags=_split(text("flags") or ""),
    )
    return RcloneFiles(Rc(Daemon(command, connections=2 * PARALLEL), most_streams=PARALLEL // 2), command.remote)


def _checked(remote: str) -> str:
    """Returns a remote that is the same one wherever rclone is started.

    Raises:
        DriverError: It is none.
    """
    remote = str(Path(remote).expanduser()) if remote.startswith("~") else remote
    if ":" not in remote and not remote.startswith("/"):
        raise DriverError(f"{remote!r} is no remote: write `NAME:PATH`, with a name that `rclone listremotes` shows")
    path = "" if remote.startswith("/") else remote.rpartition(":")[2]
    if any(sign in path for sign in UNTRIED):
        # What a service would make of a rename below it cannot even be tried without harm.
        signs = ", ".join(map(repr, UNTRIED))
        raise DriverError(f"{remote!r}: to some services {signs} in a path means something else: choose another name")
    return remote


def _split(flags: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(flags))
    except ValueError as error:
        raise DriverError(f"`flags` cannot be read as a command line: {error}") from error


filing = Filing(plug, _connect, parallel=PARALLEL)
