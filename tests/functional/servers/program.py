"""A server as a process: started on ports that are free, killed and started again, gone when the tests are."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

PATIENCE = 30.0
"""Seconds for a server to let somebody in; times the unit of the tests."""

HOST = "127.0.0.1"
_HIGHEST = 30_000
_UNIT = float(os.environ.get("ONITU_TEST_TIME_UNIT", "1"))


def free_port() -> int:
    """Returns a port that nobody listens at, low enough that some servers' further ones, 10,000 above, are ports."""
    while True:
        with closing(socket.socket()) as tried:
            # Another test process looks for one as well: each has a range of its own.
            port = 10_000 + (os.getpid() * 61 + time.monotonic_ns() // 1_000) % (_HIGHEST - 10_000)
            try:
                tried.bind((HOST, port))
            except OSError:
                continue
            return port


class Server:
    """A server process.

    Args:
        command: Makes its command line, given its directory.
        port: Where it lets clients in.
        environment: Further variables of it.
    """

    def __init__(
        self, command: Callable[[Path], Sequence[str]], port: int, *, environment: Mapping[str, str] | None = None
    ) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="onitu-server-"))
        self.port = port
        self._command = command
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        atexit.register(self.close)

    def start(self) -> None:
        """Starts it, and waits until it lets clients in."""
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                # It dies with the tests, however those end.
                ["setpriv", "--pdeathsig", "KILL", *self._command(self.directory)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=self.directory,
                start_new_session=True,
            )
        due = time.monotonic() + PATIENCE * _UNIT
        while not self._lets_in():
            if self._process.poll() is not None or time.monotonic() > due:
                text = (self.directory / "log").read_text(errors="replace")
                raise RuntimeError(f"the server does not come up: {self._command(self.directory)}\n{text[-3_000:]}")
            time.sleep(0.02)

    def kill(self) -> None:
        """Ends it as a power cut would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Ends it, and removes what it kept."""
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _lets_in(self) -> bool:
        with closing(socket.socket()) as tried:
            return tried.connect_ex((HOST, self.port)) == 0
