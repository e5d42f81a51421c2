"""What the service manager is told, over a real socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio
import trio.testing

from onitu.supervisor.notify import SIGNS, Notifier


class Manager:
    """The service manager's end.

    Args:
        path: Where its socket goes.
    """

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.setblocking(False)  # noqa: FBT003 - its own spelling

    def told(self) -> list[str]:
        """Returns everything it was told since the last time."""
        told: list[str] = []
        while True:
            try:
                told.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return told


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    """A manager that listens at `notify` in the test's directory."""
    made = Manager(str(tmp_path / "notify"))
    yield made
    made.socket.close()


def test_tells_of_a_life(manager: Manager, tmp_path: Path) -> None:
    """F10: ready, reloading (with the time, as `Type=notify-reload` wants it), ready again, stopping."""
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})

    notifier.ready()
    notifier.reloading()
    notifier.ready()
    notifier.stopping()

    ready, reloading, again, stopping = manager.told()
    assert (ready, again, stopping) == ("READY=1", "READY=1", "STOPPING=1")
    first, second = reloading.split("\n")
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0


@pytest.mark.skipif(not hasattr(socket, "SO_PASSCRED"), reason="abstract names are Linux's")
def test_knows_abstract_names() -> None:
    """A name that begins with "@" lies in the abstract namespace."""
    name = f"onitu-test-{os.getpid()}"
    manager = Manager(f"\0{name}")

    Notifier({"NOTIFY_SOCKET": f"@{name}"}).ready()

    assert manager.told() == ["READY=1"]
    manager.socket.close()


def test_nobody_listens(tmp_path: Path) -> None:
    """Without a manager, or with one that is gone, nothing is told and nothing fails."""
    Notifier({}).ready()
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()


class TestWatchdog:
    """`Notifier.watch`."""

    async def test_signs_of_life(
        self, manager: Manager, tmp_path: Path, autojump_clock: trio.testing.MockClock
    ) -> None:
        """F10: several within the interval, as long as the writer gets on or has nothing to do; none when it hangs."""
        assert autojump_clock.autojump_threshold == 0
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "30000000"})
        writer: Any = SimpleNamespace(busy=False, turns=0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(notifier.watch, writer)
            await trio.sleep(29)
            assert manager.told() == ["WATCHDOG=1"] * SIGNS

            writer.busy, writer.turns = True, 1
            await trio.sleep(10)
            assert manager.told() == ["WATCHDOG=1"]
            await trio.sleep(60)
            assert manager.told() == []

            writer.turns = 2
            await trio.sleep(10)
            assert manager.told() == ["WATCHDOG=1"]
            nursery.cancel_scope.cancel()

    @pytest.mark.parametrize(
        "wish", [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"}]
    )
    async def test_not_asked_for(self, manager: Manager, tmp_path: Path, wish: dict[str, str]) -> None:
        """Where none is wanted, or of another process, none is given."""
        writer: Any = SimpleNamespace(busy=False, turns=0)

        with trio.fail_after(5):
            await Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), **wish}).watch(writer)

        assert manager.told() == []
