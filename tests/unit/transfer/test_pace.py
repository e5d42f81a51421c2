"""Who waits for a service's bandwidth, and how long (CONTRACT B11)."""

# ruff: noqa: ARG001 - to ask for the clock is to set it.

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import trio
import trio.testing

from onitu.config.times import parse_span
from onitu.config.values import Bandwidth, Timetable
from onitu.transfer.pace import Lane, Pace, seconds_of_minute_left

PIECE = 1000
MONDAY = datetime(2026, 11, 23, 7, 59)  # noqa: DTZ001 - what a clock on the wall shows has no zone.


def wall_clock() -> datetime:
    """Shows a Monday morning that goes on with Trio's clock."""
    return MONDAY + timedelta(seconds=trio.current_time())


def lane(timetable: Timetable | None) -> Lane:
    """Returns a direction with a limit and nothing to make up for."""
    made = Lane(wall_clock)
    made.limit(timetable)
    return made


async def paid(one: Lane, pieces: int) -> float:
    """Sends pieces and returns the seconds that took."""
    begin = trio.current_time()
    for _ in range(pieces):
        await one.pay(PIECE)
    return trio.current_time() - begin


async def test_bytes_wait_for_those_before_them(autojump_clock: trio.testing.MockClock) -> None:
    """B11: 20,000 bytes at 1,000 a second take 19 to 20 seconds; the last piece is still to be paid then."""
    assert await paid(lane(Timetable(otherwise=PIECE)), 20) == pytest.approx(19, abs=1.01)


async def test_nothing_waits_without_a_limit(autojump_clock: trio.testing.MockClock) -> None:
    """B11: where nothing is set nothing is paid, not even a turn of the scheduler; nor for nothing."""
    free = lane(None)
    assert not free.is_limited
    with trio.testing.assert_no_checkpoints():
        await free.pay(10**12)
    slow = lane(Timetable(otherwise=1))
    await slow.pay(PIECE)
    with trio.testing.assert_no_checkpoints():
        await slow.pay(0)


async def test_files_share_a_limit(autojump_clock: trio.testing.MockClock) -> None:
    """B11: of three files that travel together none is ahead of another by more than a piece."""
    shared, done = lane(Timetable(otherwise=PIECE)), dict.fromkeys("abc", 0)

    async def send(name: str) -> None:
        for _ in range(10):
            await shared.pay(PIECE)
            done[name] += 1
            assert max(done.values()) - min(done.values()) <= 1

    async with trio.open_nursery() as nursery:
        for name in done:
            nursery.start_soon(send, name)

    assert trio.current_time() == pytest.approx(29, abs=1.01)


async def test_a_timetable_changes_the_rate_at_its_time(autojump_clock: trio.testing.MockClock) -> None:
    """B11: from eight o'clock on it is faster, also for who waits already; when the limit ends all of it goes."""
    rates = ((parse_span("mon 07:00-08:00"), 100), (parse_span("mon 08:00-08:01"), PIECE))
    limited = lane(Timetable(rates=rates))

    await paid(limited, 7)
    assert trio.current_time() == pytest.approx(60, abs=1.01)
    await paid(limited, 200)
    assert trio.current_time() == pytest.approx(120, abs=1.01)


async def test_another_limit_holds_at_once(autojump_clock: trio.testing.MockClock) -> None:
    """B11, F1: whoever waits when the setup is read again waits by the new one, or no longer."""
    pace = Pace(Bandwidth(up=Timetable(otherwise=1), down=Timetable(otherwise=1)), wall_clock)
    ended: dict[str, float] = {}

    async def send(name: str, one: Lane) -> None:
        await paid(one, 2)
        ended[name] = trio.current_time()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send, "up", pace.up)
        nursery.start_soon(send, "down", pace.down)
        await trio.sleep(5)
        pace.limit(Bandwidth(down=Timetable(otherwise=100)))

    assert ended["up"] == 5
    assert 5 < ended["down"] < 16


async def test_who_gives_up_waits_for_nobody(autojump_clock: trio.testing.MockClock) -> None:
    """B11: a transfer that is cancelled while it waits leaves its turn to the next."""
    slow = lane(Timetable(otherwise=PIECE))
    await slow.pay(10 * PIECE)
    with trio.move_on_after(1):
        await slow.pay(PIECE)
    assert await paid(slow, 1) == pytest.approx(8.5, abs=1.01)


def test_a_minute_is_over_when_the_next_begins() -> None:
    """B11: rates change with the minute."""
    assert seconds_of_minute_left(MONDAY) == 60
    assert seconds_of_minute_left(MONDAY + timedelta(seconds=59.5)) == 0.5
