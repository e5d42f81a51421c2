"""When a service waits for its schedule (CONTRACT B11)."""

# ruff: noqa: ARG001 - to ask for the clock is to set it.

from __future__ import annotations

from datetime import datetime, timedelta

import trio
import trio.testing

from onitu.config.times import parse_span
from onitu.referee.hours import Hours

MONDAY = datetime(2026, 11, 23, 21, 58, 30)  # noqa: DTZ001 - what a clock on the wall shows has no zone.


def wall_clock() -> datetime:
    """Shows a Monday evening that goes on with Trio's clock."""
    return MONDAY + timedelta(seconds=trio.current_time())


async def test_time_begins_and_ends(autojump_clock: trio.testing.MockClock) -> None:
    """B11: it is said at the minute, with when it ends; and so is another schedule of a setup that is read again."""
    hours = Hours([parse_span("mon 22:00-22:05")], wall_clock)
    turns: list[tuple[float, bool]] = []

    async with trio.open_nursery() as nursery:
        nursery.start_soon(hours.run, lambda waits: turns.append((trio.current_time(), waits)))
        await trio.sleep(60)
        assert (hours.waits, hours.until) == (True, "mon 22:00")
        await trio.sleep(60)
        assert not hours.waits
        await trio.sleep(600)
        assert (hours.waits, hours.until) == (True, "mon 22:00")
        hours.keep(())
        await trio.sleep(1)
        assert not hours.waits
        hours.keep([parse_span("tue")])
        await trio.sleep(1)
        nursery.cancel_scope.cancel()

    assert [(round(at), waits) for at, waits in turns] == [
        (0, True),
        (90, False),
        (390, True),
        (720, False),
        (721, True),
    ]


async def test_without_a_schedule_it_never_waits(autojump_clock: trio.testing.MockClock) -> None:
    """B11: nothing is looked at, and nothing said."""
    hours = Hours(clock=wall_clock)
    with trio.move_on_after(1_000_000):
        await hours.run(lambda _: (_ for _ in ()).throw(AssertionError))
    assert not hours.waits
