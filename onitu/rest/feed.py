"""Serves the events to those who follow: each at their own pace, all of them together at one that syncing can bear.

While files are synced, what is sent in a second is bounded for everybody together: two hundred who follow a first sync
hear of its files a little later, and the sync does not wait for them. Nothing is left out for that. Who is too slow for
what is kept is told so (`reset`), and loads everything anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import trio
from quart.wrappers.response import ResponseBody

if TYPE_CHECKING:
    from types import TracebackType

    from onitu.events import Events
    from onitu.referee import Referee
    from onitu.rest.desk import Desk

#: Who may follow at once, at most.
MOST = 500

#: Bytes of one piece, at most and at least.
LARGEST, SMALLEST = 64 * 1024, 4 * 1024

#: Bytes a second that everybody together is sent, while files are synced and while all is quiet.
BUSY_RATE, QUIET_RATE = 2_000_000, 50_000_000

#: What a piece costs beside its bytes, as so many bytes.
OVERHEAD = 8 * 1024

#: Seconds that events are gathered, so that ten thousand of them are not ten thousand pieces.
GATHER = 0.05

#: Seconds of silence until a sign of life: whoever hears nothing for longer may take the line for dead.
SILENCE = 15.0

_ALIVE = b": alive\n\n"

#: Has a browser open the stream again after so many milliseconds.
_HELLO = b"retry: 1000\n"


class Feed:
    """Everybody who follows.

    Args:
        desk: The running core.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._news = trio.Event()

    @property
    def _referee(self) -> Referee:
        """Who tells what happens."""
        return self._desk.referee

    @property
    def events(self) -> Events:
        """The events."""
        return self._referee.telling.events

    @property
    def is_full(self) -> bool:
        """Whether nobody else may follow."""
        return self._referee.telling.following >= MOST

    def begin(self) -> None:
        """Counts one who follows."""
        self.events.rung = self._ring
        self._referee.telling.begin()

    def end(self) -> None:
        """Counts one who does not follow any more."""
        self._referee.telling.end(trio.current_time())

    @property
    def rate(self) -> float:
        """How many bytes a second each of those who follow is sent."""
        rate = QUIET_RATE if self._referee.idle else BUSY_RATE
        return rate / max(1, self._referee.telling.following)

    async def wait(self, seconds: float) -> bool:
        """Waits for something new; returns whether it came within so many seconds."""
        news = self._news
        with trio.move_on_after(seconds):
            await news.wait()
        return news.is_set()

    def _ring(self) -> None:
        """Wakes those who wait for something new."""
        self._news.set()
        self._news = trio.Event()


class Follower(ResponseBody):
    """The stream of one who follows, as the body of an answer. It has no end.

    Args:
        feed: Where it is one of.
        last: The id of the last event that is known there; None for one who begins now.
    """

    def __init__(self, feed: Feed, last: str | None) -> None:
        self._feed = feed
        self._last = last
        self._position: int | None = None
        self._owed = 0.0

    async def __aenter__(self) -> Self:
        self._feed.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._feed.end()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._position is None:
            return self._greeting()
        feed, events = self._feed, self._feed.events
        await trio.sleep(self._owed)
        if self._position == events.newest:
            if not await feed.wait(SILENCE):
                self._owed = 0.0
                return _ALIVE
            await trio.sleep(GATHER)
        rate = feed.rate
        piece = events.after(self._position, most_bytes=int(min(LARGEST, max(SMALLEST, rate))))
        if piece.lost:
            self._position = events.newest
            return events.reset()
        self._position = piece.position
        self._owed = (len(piece.data) + OVERHEAD) / rate
        return piece.data

    def _greeting(self) -> bytes:
        """Returns what is sent at first: how the stream goes on from what is known."""
        events = self._feed.events
        known = events.newest if self._last is None else events.position(self._last)
        self._position = events.newest if known is None else known
        if known is None:
            return _HELLO + events.reset()
        return _HELLO + (events.mark() if self._last is None else _ALIVE)
