"""Services begin and end one by one, whoever else has something done to them meanwhile."""

from __future__ import annotations

from typing import Any, cast

import pytest
import trio
import trio.testing

from onitu.supervisor import services as module
from onitu.supervisor.service import Status
from onitu.supervisor.services import Services


class Fake:
    """A service that takes a moment to end, and counts those that run."""

    running = 0

    def __init__(self, setup: Any, *_: object) -> None:  # noqa: ANN401 - whatever the setup says
        self.name: str = setup.name
        self.setup = setup
        self.hours = self
        self.status = Status.STARTING
        self.began, self.stopped, self._told = trio.Event(), trio.Event(), trio.Event()

    def pause(self, *, paused: bool) -> None: ...

    def stop(self) -> None:
        self._told.set()

    def anew(self) -> Fake:
        return Fake(self.setup)

    async def run(self) -> None:
        Fake.running += 1
        self.began.set()
        await self._told.wait()
        await trio.testing.wait_all_tasks_blocked()
        Fake.running -= 1
        self.status = Status.STOPPED
        self.stopped.set()


class Setup:
    """What the setup says of a service."""

    name = "a"


async def test_what_is_taken_away_does_not_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """E9, E15: a service that is taken away while it is being restarted has ended, and stays so."""
    monkeypatch.setattr(module, "Service", Fake)
    for _ in range(20):  # Who of the two goes on first is Trio's to choose.
        services = Services(cast("Any", None))
        async with trio.open_nursery() as nursery:
            services.start(nursery)
            services.add({"a": cast("Any", Setup)}, {})
            await trio.testing.wait_all_tasks_blocked()
            async with trio.open_nursery() as callers:
                callers.start_soon(services.restart, "a")
                callers.start_soon(services.remove, ["a"])
            await trio.testing.wait_all_tasks_blocked()
            assert (services.get("a"), Fake.running) == (None, 0)
