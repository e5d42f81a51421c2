"""Starts the process of a driver, before anything heavy is imported.

A driver takes half a second to import what it needs, and so does the core: `spawn` needs the standard library only, so
that the command line can start the drivers first and import the rest meanwhile. What it returns is kept, and ended, by
`onitu.host.process`.

The process gets its own process group (Ctrl-C in a terminal signals the whole group of the core, and a driver must
live until it was closed), a pipe as stdin that carries the token and whose end is the end of the driver, and one pipe
for what it logs. No descriptor but these three is inherited by anyone: otherwise a driver would hold its sibling's
stdin open and keep it alive when the core is killed.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

from onitu.errors import ConfigError

_LISTEN = "ONITU_DRIVER_LISTEN"
_DEBUG = "ONITU_DEBUG"
_TOKEN_BYTES = 32

#: Paths of unix sockets end here (`sun_path` of Linux, with its closing NUL).
MAX_SOCKET_PATH = 107

#: What `spawn` puts below the runtime directory: "/<8 hex>.sock".
SOCKET_NAME_BYTES = 14


class Spawned:
    """A process of a driver that somebody has to adopt, or `kill`.

    Attributes:
        process: The process. Its stdin is open: closing it ends the driver.
        logs: Descriptor of the pipe that is the driver's stdout and stderr.
        socket: Where it is going to listen.
        token: What every call carries. Secret.
    """

    __slots__ = ("logs", "process", "socket", "token")

    def __init__(self, process: subprocess.Popen[bytes], *, logs: int, socket: Path, token: str) -> None:
        self.process = process
        self.logs = logs
        self.socket = socket
        self.token = token

    def __repr__(self) -> str:
        return f"Spawned(pid={self.process.pid}, socket={str(self.socket)!r})"

    @property
    def target(self) -> str:
        """Where it is going to listen, as gRPC spells it."""
        return f"unix:{self.socket}"

    def kill(self) -> None:
        """Ends a process that nobody adopts, and its children, at once."""
        kill_group(self.process.pid)
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        os.close(self.logs)
        self.socket.unlink(missing_ok=True)


def driver_command(name: str) -> list[str]:
    """Returns the command that serves an installed Python driver.

    Args:
        name: The driver's name in the entry point group `onitu.drivers`.
    """
    # -P: the working directory is the user's, and a `trio.py` that lies there is not ours to import.
    return [sys.executable, "-P", "-m", "onitu.plug", name]


def spawn(argv: list[str], runtime_dir: Path, *, directory: Path | None = None, debug: bool = False) -> Spawned:
    """Starts the process of a driver and hands it its token; waits for nothing.

    Args:
        argv: Its command.
        runtime_dir: A directory that nobody else may enter, for its socket.
        directory: Its working directory: relative paths in its options count from there. None is the core's own.
        debug: Whether it is to log debug lines.

    Raises:
        ConfigError: There is no such command or directory, or it may not be run.
    """
    socket = runtime_dir / f"{secrets.token_hex(4)}.sock"
    token = secrets.token_hex(_TOKEN_BYTES)
    environment = os.environ | {_LISTEN: f"unix:{socket}"} | ({_DEBUG: "1"} if debug else {})
    logs, logs_in = os.pipe()  # Neither end is inherited, but for what Popen makes of the second.
    try:
        process = subprocess.Popen(  # noqa: S603  # The command is the user's own, from the setup, and no shell reads it.
            argv,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=logs_in,
            stderr=logs_in,
            cwd=directory,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        os.close(logs)
        message = f"the driver's command cannot be started: {error.filename or argv[0]!r}: {error.strerror or error}"
        raise ConfigError(message) from error
    finally:
        os.close(logs_in)
    _hand_over(process, token)
    return Spawned(process, logs=logs, socket=socket, token=token)


def kill_group(pid: int) -> None:
    """Kills the process group that `pid` leads.

    The leader must not have been waited for: as long as it is a zombie its number belongs to nobody else.
    """
    signal_group(pid, signal.SIGKILL)


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signals the process group that `pid` leads, with the same condition as `kill_group`."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        # Nothing is left of it; macOS says so by EPERM where only the zombie is left.
        return


def _hand_over(process: subprocess.Popen[bytes], token: str) -> None:
    assert process.stdin is not None  # noqa: S101  # It was asked for.
    try:
        # Fits into the pipe, so it does not wait for the driver to read it.
        process.stdin.write(f"{token}\n".encode())
    except BrokenPipeError:
        # The process is gone already; whoever adopts it finds that, with what it had to say.
        return
