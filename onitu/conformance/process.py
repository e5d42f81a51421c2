"""One process of the driver under test: started as the core starts it, or dialled, and ended in order.

This module knows how a driver lives, and nothing of folders.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import deque
from pathlib import Path
from typing import Final

from onitu.conformance.wire import UNIT, Refusal, Wire
from onitu.errors import DriverError
from onitu.host.spawn import Spawned, kill_group, spawn
from onitu.rpc.gen import driver_pb2

START: Final = 30.0
"""Units of time until a driver must serve."""

CLOSE: Final = 5.0
"""Units of time that `Close` may take."""

END: Final = 3.0
"""Units of time until a process must have ended whose stdin has ended."""

_SERVING: Final = 1
_TAIL: Final = 40
_LOOK: Final = 0.01


class Process:
    """A running driver.

    Attributes:
        wire: The connection to it.
        pid: Its number, or None where it was dialled.
    """

    def __init__(self, wire: Wire, spawned: Spawned | None, tail: deque[str]) -> None:
        self.wire = wire
        self.pid = None if spawned is None else spawned.process.pid
        self._spawned = spawned
        self._tail = tail

    @property
    def spawned(self) -> Spawned:
        """How it was started; only where it was."""
        assert self._spawned is not None
        return self._spawned

    @property
    def log(self) -> str:
        """The last lines that it logged."""
        return "\n".join(self._tail)

    def is_alive(self) -> bool:
        """Whether it has not ended yet; one that was dialled never has, as far as can be seen."""
        if self._spawned is None:
            return True
        if self._spawned.process.returncode is not None:
            return False
        # As a zombie it keeps its number, which its group bears.
        ended = os.waitid(os.P_PID, self._spawned.process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        return ended is None

    def wait_end(self, seconds: float) -> bool:
        """Waits until it has ended; returns whether it did in time."""
        due = time.monotonic() + seconds * UNIT
        while self.is_alive():
            if time.monotonic() > due:
                return False
            time.sleep(_LOOK)
        return True

    def end_stdin(self) -> None:
        """Ends its stdin, which ends it."""
        stdin = self.spawned.process.stdin
        assert stdin is not None
        stdin.close()

    def kill(self) -> None:
        """Kills it, as a crash would, and whatever it has started."""
        self.wire.close()
        if self._spawned is None or self._spawned.process.returncode is not None:
            return
        kill_group(self._spawned.process.pid)
        self._spawned.process.wait()
        self.end_stdin()

    def close(self) -> None:
        """Ends it in order: `Close`, the end of stdin, and if that does not help by force."""
        try:
            if self.is_alive():
                self.wire.call("Close", driver_pb2.CloseRequest(), timeout=CLOSE)
        except Refusal:
            pass  # Its checks are elsewhere; here it is to end.
        self.wire.close()
        if self._spawned is None:
            return
        if self._spawned.process.returncode is None:
            self.end_stdin()
            self.wait_end(END)
        self.kill()
        self._spawned.socket.unlink(missing_ok=True)


def start(command: list[str], sockets: Path) -> Process:
    """Starts a driver and waits until it serves.

    Args:
        command: Its command.
        sockets: A private directory for its socket.

    Raises:
        ConfigError: There is no such command.
        DriverError: It ended, or did not serve in time.
    """
    spawned = spawn(command, sockets)
    tail: deque[str] = deque(maxlen=_TAIL)
    threading.Thread(target=_drain, args=(spawned.logs, tail), name="driver log", daemon=True).start()
    process = Process(Wire(spawned.target, spawned.token), spawned, tail)
    try:
        _wait_listening(process, spawned.socket)
        _wait_serving(process)
    except BaseException:
        process.wire.close()
        process.kill()
        raise
    return process


def dial(address: str, token: str | None) -> Process:
    """Connects to a driver that runs already.

    Raises:
        DriverError: It does not serve.
    """
    process = Process(Wire(address, token), None, deque())
    _wait_serving(process)
    return process


def _drain(descriptor: int, tail: deque[str]) -> None:
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as lines:
        tail.extend(line.rstrip("\n") for line in lines)


def _wait_listening(process: Process, path: Path) -> None:
    due = time.monotonic() + START * UNIT
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            if probe.connect_ex(str(path)) == 0:
                return
        _still_waiting(process, due)


def _wait_serving(process: Process) -> None:
    due = time.monotonic() + START * UNIT
    said = "it does not say that it serves"
    while True:
        try:
            if process.wire.health(timeout=2) == _SERVING:
                return
        except Refusal as refusal:
            said = str(refusal)
        _still_waiting(process, due, said)


def _still_waiting(process: Process, due: float, said: str = "nobody listens at its socket") -> None:
    if not process.is_alive():
        raise DriverError(f"the driver has ended before it served; it logged:\n{process.log}")
    if time.monotonic() > due:
        raise DriverError(f"the driver does not serve after {START * UNIT:g} s: {said}\n{process.log}")
    time.sleep(_LOOK)
