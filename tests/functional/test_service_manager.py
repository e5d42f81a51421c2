"""Onitu as a unit of a service manager (F10): it says when it is ready, reloads, lives and stops."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

from tests.functional.harness import Setups
from tests.functional.processes import START, UNIT, Core

INTERVAL = 3.0  # Seconds of the watchdog.


def listen(path: str) -> tuple[socket.socket, list[str]]:
    """Opens the manager's socket.

    Args:
        path: Where.

    Returns:
        The socket, and what it has been told, which `heard` fills.
    """
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(path)
    manager.settimeout(0)
    return manager, []


def heard(manager: socket.socket, told: list[str], word: str, times: int = 1) -> Callable[[], bool]:
    """Makes the question whether the manager has been told something so many times."""

    def ask() -> bool:
        try:
            while True:
                told.append(manager.recv(4096).decode().partition("\n")[0])
        except BlockingIOError:
            return told.count(word) >= times

    return ask


def test_the_service_manager_is_told_how_it_goes(new_setup: Setups) -> None:
    """F10: READY once it serves, WATCHDOG again and again, RELOADING and READY on SIGHUP, STOPPING at the end."""
    onitu = new_setup("a", "b")
    path = str(onitu.temporary / "notify")
    manager, told = listen(path)
    onitu.environment = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": str(int(INTERVAL * 1e6))}
    core: Core = onitu.start()

    core.wait_until(heard(manager, told, "READY=1"), "READY=1", units=START)
    core.wait_until(heard(manager, told, "WATCHDOG=1", 3), "signs of life", units=START + INTERVAL / UNIT)
    core.process.send_signal(signal.SIGHUP)
    core.wait_until(heard(manager, told, "READY=1", 2), "READY=1 after the reload")
    core.stop()
    heard(manager, told, "")()
    manager.close()

    assert [word for word in told if word != "WATCHDOG=1"] == ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]
