"""rclone's own process: started when it is first asked, again where it has died, and never there without the driver.

It is the user's program with the user's configuration. It serves its remote control at a port of this host, behind a
name and a password that nobody else knows. A shell stands between: it ends rclone when the driver's end of a pipe
closes, which happens however the driver ends.
"""

from __future__ import annotations

import base64
import logging
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import msgspec

from onitu.plug import DriverError, Unavailable
from onitu.plug.http import Web

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = "onitu_root"
"""What the user's remote is called within rclone: a name that no path can spoil."""

START: Final = 30.0
"""Seconds for rclone to serve."""

SILENCE: Final = 3600.0
"""Seconds that an answer may take: rclone has limits of its own for the service, and its end is seen at once."""

_CLOSE: Final = 10.0
_SERVING: Final = re.compile(rb"http://127\.0\.0\.1:(\d+)/")
_LINES: Final = 20

_GUARD: Final = """
"$@" </dev/null &
rclone=$!
exec >/dev/null 2>&1
read -r _
kill "$rclone"
(sleep 5; kill -9 "$rclone") &
later=$!
wait "$rclone"
kill "$later"
"""

_OURS: Final = ("RCLONE_RC_", "RCLONE_LOG_", "RCLONE_USE_JSON_LOG")
"""Variables of rclone that say what we say."""

_DEFAULTS: Final = {
    # Onitu tries again by itself, and says meanwhile what is wrong.
    "RCLONE_LOW_LEVEL_RETRIES": "3",
    "RCLONE_CONTIMEOUT": "15s",
    # Documents that have no bytes until they are converted: their size is not known, and every download is another.
    "RCLONE_DRIVE_SKIP_GDOCS": "true",
}
"""Variables of rclone that the user may set otherwise."""

_log: Final = logging.getLogger("onitu.driver")


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """How rclone is started.

    Attributes:
        program: Its name or path.
        remote: The user's remote, with a path in it.
        config: Its configuration file, or None for the one it finds.
        config_password: What that is encrypted with, or None.
        flags: Further ones.
    """

    program: str
    remote: str
    config: str | None = None
    config_password: str | None = None
    flags: tuple[str, ...] = ()

    def line(self) -> list[str]:
        """Returns the command line.

        Raises:
            Unavailable: There is no such program.
        """
        given = () if self.config is None else ("--config", self.config)
        return [
            *(_found(self.program), "rcd", "--rc-addr", "127.0.0.1:0", "--rc-serve", "--log-file", ""),
            # What a remote would have to be asked about file by file is not asked.
            *("--use-server-modtime", "--ask-password=false"),
            *(*given, *self.flags),
        ]

    def environment(self, user: str, password: str) -> dict[str, str]:
        """Returns the variables of the process: what is on a command line, everybody sees."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
        name = f"RCLONE_CONFIG_{ROOT.upper()}"
        ours = {f"{name}_TYPE": "alias", f"{name}_REMOTE": self.remote}
        if self.config_password is not None:
            ours["RCLONE_CONFIG_PASS"] = self.config_password
        return {**_DEFAULTS, **kept, **ours, "RCLONE_RC_USER": user, "RCLONE_RC_PASS": password}


class Daemon:
    """The process, whichever it is at the moment. May be used from any thread.

    Args:
        command: How it is started.
        connections: How many connections to it are kept open.
    """

    def __init__(self, command: Command, *, connections: int) -> None:
        self._command = command
        self._connections = connections
        self._mutex = threading.Lock()
        self._running: Running | None = None

    def running(self) -> Running:
        """Returns the process, started if there is none.

        Raises:
            Unavailable: There is no such program, or it does not come up.
        """
        with self._mutex:
            if self._running is not None and not self._running.has_ended:
                return self._running
            if self._running is not None:
                _log.warning("rclone_ended")
                self._running.close()
            self._running = Running(self._command, connections=self._connections)
            return self._running

    def close(self) -> None:
        """Ends it."""
        with self._mutex:
            if self._running is not None:
                self._running.close()
                self._running = None


class Running:
    """One process of rclone, that serves.

    Args:
        command: How it is started.
        connections: How many connections to it are kept open.

    Attributes:
        web: The way to it.
        headers: What lets us in.
    """

    def __init__(self, command: Command, *, connections: int) -> None:
        user, password = secrets.token_hex(8), secrets.token_urlsafe(32)
        self._last: deque[str] = deque(maxlen=_LINES)
        self._changed = threading.Condition()
        self._port: int | None = None
        self._ended = False
        self._process = subprocess.Popen(  # noqa: S603  The program that the user says.
            ["/bin/sh", "-c", _GUARD, "sh", *command.line()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=command.environment(user, password),
            cwd="/",
            start_new_session=True,
        )
        threading.Thread(target=self._listen, name="rclone", daemon=True).start()
        try:
            port = self._wait_served()
        except DriverError:
            self.close()
            raise
        self.web = Web(f"http://127.0.0.1:{port}", connections=connections, silence=SILENCE)
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.headers: Mapping[str, str] = {"Authorization": f"Basic {login}", "Accept-Encoding": "identity"}

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._ended

    def close(self) -> None:
        """Ends it, and waits for that."""
        with suppress(OSError):
            _pipe(self._process.stdin).close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_CLOSE)

    def _wait_served(self) -> int:
        with self._changed:
            self._changed.wait_for(lambda: self._port is not None or self._ended, START)
            if self._port is not None:
                return self._port
            said = self._last[-1] if self._last else "it says nothing"
            if self._ended:
                # Perhaps it was ended: a file that waits for it is no bad one.
                raise Unavailable(f"rclone does not start: {said}")
            raise Unavailable(f"rclone does not serve within {START:.0f} seconds: {said}")

    def _listen(self) -> None:
        with _pipe(self._process.stderr) as said:
            for line in said:
                text = line.decode(errors="replace").strip()
                _log.debug("rclone_said", extra={"line": text})
                found = _SERVING.search(line)
                with self._changed:
                    if text:
                        self._last.append(text)
                    if found is not None and self._port is None:
                        self._port = int(found[1])
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def _found(program: str) -> str:
    """Returns where the program is; a Python package that brings it puts it beside the interpreter.

    Raises:
        Unavailable: It is nowhere.
    """
    program = str(Path(program).expanduser())
    found = shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))
    if found is None:
        raise Unavailable(
            f"there is no program {program!r}: install rclone (`apt install rclone`, `brew install rclone`, or"
            " https://rclone.org/install/), or say with the option `rclone` where it is"
        )
    return found


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise RuntimeError("the process was started without pipes")
    return pipe
