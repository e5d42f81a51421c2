"""What is changed through the API is changed whole, whoever hangs up meanwhile."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import cast

import pytest
import trio
import trio.testing

from onitu.config import load_setup
from onitu.errors import ConfigError
from onitu.referee import Referee
from onitu.store import Store
from onitu.supervisor import leaving, records
from onitu.supervisor.errands import Errands
from onitu.supervisor.inforce import InForce
from onitu.supervisor.life import Common
from onitu.supervisor.overlay import Overlay, read_overlay
from onitu.supervisor.services import Services
from onitu.supervisor.steering import Steering

SETUP = "name: x\nfolders: {docs: }\nservices: {}\n"


def steering(store: Store, directory: Path) -> Steering:
    """Returns a core without services, as the API sees it."""
    path = directory / "onitu.yaml"
    path.write_text(SETUP)
    setup = load_setup(path)
    _, scopes, _ = records.open_setup(store, setup)
    referee = Referee(store, scopes)
    services = Services(cast("Common", None))
    return Steering(InForce(setup, Overlay(), setup, referee=referee, services=services), services, referee)


async def test_a_change_goes_on_when_nobody_waits(tmp_path: Path) -> None:
    """E15: a change whose client hangs up while it is being written is in force as it was written."""
    store = Store(tmp_path / "data")
    desk = steering(store, tmp_path)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.errands.run)
        async with trio.open_nursery() as client:
            client.start_soon(desk.put_folder, "more", {})
            with trio.fail_after(5):
                while not desk.referee.writer.busy:
                    await trio.sleep(0.001)
            client.cancel_scope.cancel()
        nursery.start_soon(desk.referee.writer.run)
        await desk.put_folder("other", {})
        nursery.cancel_scope.cancel()

    kept = store.read(read_overlay)
    store.close()
    assert kept.folders == {"more": {}, "other": {}}
    assert set(desk.setup.folders) == set(desk.referee.scopes) == {"docs", "more", "other"}


async def test_all_are_paused_or_none(tmp_path: Path) -> None:
    """E15: who has everything paused and hangs up has paused all of it, also for the next core."""
    store = Store(tmp_path / "data")
    desk = steering(store, tmp_path)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.errands.run)
        async with trio.open_nursery() as client:
            client.start_soon(partial(desk.pause, ["a", "b"], paused=True))
            with trio.fail_after(5):
                while not desk.referee.writer.busy:
                    await trio.sleep(0.001)
            client.cancel_scope.cancel()
        nursery.start_soon(desk.referee.writer.run)
        await desk.pause([], paused=True)
        nursery.cancel_scope.cancel()

    assert records.wished(store, leaving.PAUSED) == {"a", "b"}
    store.close()


async def test_who_waits_is_told_what_came_of_it() -> None:
    """E13: an errand returns what its work returns, and raises what it raises; that ends no other one."""
    errands = Errands()

    async def refuse() -> None:
        await trio.lowlevel.checkpoint()
        raise ConfigError("not so")

    async def number(value: int) -> int:
        await trio.lowlevel.checkpoint()
        return value

    async with trio.open_nursery() as nursery:
        nursery.start_soon(errands.run)
        with pytest.raises(ConfigError, match="not so"):
            await errands.do(refuse)
        assert await errands.do(partial(number, 3)) == 3
        nursery.cancel_scope.cancel()


async def test_it_ends_with_the_core() -> None:
    """F1: nothing that is under way keeps the core from ending."""
    errands = Errands()
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(errands.run)
            nursery.start_soon(errands.do, trio.sleep_forever)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
