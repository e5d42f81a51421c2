"""Who follows, in virtual time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio
import trio.testing

from onitu.events import Events
from onitu.rest.feed import BUSY_RATE, SILENCE, Feed, Follower


class Telling:
    """As much of a `Telling` as is used."""

    def __init__(self, events: Events) -> None:
        self.events = events
        self.following = 0

    def begin(self) -> None:
        self.following += 1
        self.events.wanted = True

    def end(self, _now: float) -> None:
        self.following -= 1


def _feed(*, idle: bool, most: int = 20_000) -> tuple[Feed, Events]:
    telling = Telling(Events("ab12", most=most))
    desk = SimpleNamespace(referee=SimpleNamespace(telling=telling, idle=idle))
    return Feed(cast("Any", desk)), telling.events


def _file(events: Events, count: int) -> None:
    for number in range(count):
        events.emit("file", filename=f"{number:0200}")


async def test_who_begins_is_told_a_place_to_go_on_from(autojump_clock: trio.testing.MockClock) -> None:  # noqa: ARG001
    """E15: an id comes before any event, and then what happens."""
    feed, events = _feed(idle=True)

    async with Follower(feed, None) as follower:
        greeting = await anext(follower)
        events.emit("file", filename="a")
        first = await anext(follower)

    assert greeting == b"retry: 1000\nid: ab12-0\n\n"
    assert first.startswith(b"id: ab12-1\nevent: file\n")
    assert feed.is_full is False


async def test_silence_is_broken_now_and_then(autojump_clock: trio.testing.MockClock) -> None:  # noqa: ARG001
    """E15: whoever hears nothing is told that the line lives."""
    feed, _ = _feed(idle=True)

    async with Follower(feed, None) as follower:
        await anext(follower)
        began = trio.current_time()
        alive = await anext(follower)

    assert alive == b": alive\n\n"
    assert trio.current_time() - began == pytest.approx(SILENCE)


async def test_together_they_are_sent_no_more_than_a_sync_can_bear(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001
) -> None:
    """E15: two hundred who follow a busy Onitu share a rate, and all of them hear everything."""
    feed, events = _feed(idle=False)
    followers, sent = 200, 0

    async def follow(follower: Follower) -> None:
        nonlocal sent
        async with follower:
            await anext(follower)
            while b"id: ab12-500\n" not in (piece := await anext(follower)):
                sent += len(piece)
            sent += len(piece)

    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for _ in range(followers):
            nursery.start_soon(follow, Follower(feed, None))
        await trio.testing.wait_all_tasks_blocked()
        _file(events, 500)

    assert sent > followers * 500 * 200
    assert sent / (trio.current_time() - began) < BUSY_RATE


async def test_who_lags_too_far_behind_is_told_so(autojump_clock: trio.testing.MockClock) -> None:  # noqa: ARG001
    """E15: what is not kept any more is lost: reset, and on from there."""
    feed, events = _feed(idle=False, most=100)

    async with Follower(feed, None) as follower:
        await anext(follower)
        _file(events, 1_000)
        lost = await anext(follower)
        events.emit("file", filename="next")
        following = await anext(follower)

    assert lost == b"id: ab12-1000\nevent: reset\ndata: {}\n\n"
    assert following.startswith(b"id: ab12-1001\n")
