"""What one change stream has to say, in the order in which it must be said.

Several threads put things in (the watcher, the scanner, handlers), one takes them out and sends them. Everything in it
is bounded: whoever puts in too much waits, so back-pressure reaches the service, and memory does not grow with the
number of changes. This file knows the messages of the wire, but neither gRPC nor where the changes come from.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from onitu.core.capability import DEFAULT_MAX_MESSAGE, MAX_BATCH
from onitu.core.model import Observation
from onitu.rpc.convert import observation_to_wire
from onitu.rpc.gen import observation_pb2, watch_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from onitu.errors import DriverError

WINDOW: Final = 16
"""Most batches that are sent and not acknowledged: the core is behind, and more would only lie about in memory."""

COALESCE: Final = 0.002
"""Seconds a live change waits for others to travel with: less than a person notices, and more than a burst of a
copying program takes to be worth one message."""

LIVE_LIMIT: Final = 10_000
"""Most live changes that wait to be sent."""

PAGES_LIMIT: Final = 4
"""Most messages of snapshots that wait to be sent."""

SAFE_BYTES: Final = DEFAULT_MAX_MESSAGE - 64 * 1024
"""Where a batch is cut: room for what stands around the items."""


HEARTBEAT: Final = 10.0
"""Seconds between two signs of life; the core asks for one in 30."""


class Problem(msgspec.Struct, frozen=True):
    """Something at a path that has no place in an observation.

    Attributes:
        display_path: The path, made printable.
        reason: What is wrong and what to do, for a person.
    """

    display_path: str
    reason: str


LiveItem: TypeAlias = Observation | Problem


class Outbox:
    """The messages of one change stream, on their way out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.closed = threading.Event()
        self._clock = clock
        self._condition = threading.Condition()
        self._urgent: deque[watch_pb2.WatchChangesResponse] = deque()
        self._live: deque[LiveItem] = deque()
        self._live_since = 0.0
        self._live_put = 0
        self._live_taken = 0
        # Each with the number of live items that must have been sent before it.
        self._pages: deque[tuple[watch_pb2.WatchChangesResponse, int]] = deque()
        self._page_next = False
        self._sent = 0
        self._acknowledged = 0
        self._finished = False
        self._error: DriverError | None = None

    def put_live(self, item: LiveItem) -> None:
        """Adds a live change. Waits while there are too many; dropped when the stream is closed."""
        with self._condition:
            self._wait_for_room(lambda: len(self._live) < LIVE_LIMIT, beats=True)
            if not self._live:
                self._live_since = self._clock()
            self._live.append(item)
            self._live_put += 1
            self._condition.notify_all()

    def put_urgent(self, message: watch_pb2.WatchChangesResponse) -> None:
        """Adds a message that overtakes every change: a heartbeat, the state of the root, a lookup."""
        with self._condition:
            self._urgent.append(message)
            self._condition.notify_all()

    def put_page(
        self, message: watch_pb2.WatchChangesResponse, *, after_live: bool = False, beats: bool = False
    ) -> None:
        """Adds a message of a snapshot. Waits while there are too many; dropped when the stream is closed.

        Args:
            message: The message; these keep their order.
            after_live: Whether all live changes put so far must be sent before it.
            beats: Whether the caller is the one whose signs of life the core waits for.
        """
        with self._condition:
            self._wait_for_room(lambda: len(self._pages) < PAGES_LIMIT, beats=beats)
            self._pages.append((message, self._live_put if after_live else 0))
            self._condition.notify_all()

    def acknowledge(self, batch: int) -> None:
        """Takes note that the core has committed this batch and all before it."""
        with self._condition:
            self._acknowledged = max(self._acknowledged, batch)
            self._condition.notify_all()

    def finish(self) -> None:
        """Ends the stream once everything put so far has been sent."""
        with self._condition:
            self._finished = True
            self._condition.notify_all()

    def fail(self, error: DriverError) -> None:
        """Ends the stream at once with an error."""
        with self._condition:
            self._error = self._error or error
            self._condition.notify_all()

    def close(self) -> None:
        """Ends the stream at once and wakes everybody who waits. The stream may be gone already."""
        with self._condition:
            self.closed.set()
            self._condition.notify_all()

    def messages(self) -> Iterator[watch_pb2.WatchChangesResponse]:
        """Yields the messages as they come, until the end.

        Raises:
            DriverError: The stream failed.
        """
        while (message := self._next()) is not None:
            yield message

    def _wait_for_room(self, there_is_room: Callable[[], bool], *, beats: bool) -> None:
        # Whoever waits here is alive: a core that is behind must not take its silence for death.
        while not self.closed.is_set() and not self._condition.wait_for(
            lambda: self.closed.is_set() or there_is_room(), HEARTBEAT if beats else None
        ):
            self._urgent.append(heartbeat())
            self._condition.notify_all()

    def _next(self) -> watch_pb2.WatchChangesResponse | None:
        with self._condition:
            while not self.closed.is_set():
                if self._error is not None:
                    raise self._error
                if self._urgent:
                    return self._urgent.popleft()
                patience = self._patience()
                if patience == 0 and not (self._page_next and self._page_may_go()):
                    return self._take_live()
                if self._page_may_go():
                    return self._take_page()
                if self._finished and not self._live and not self._pages:
                    return None
                self._condition.wait(patience)
        return None

    def _patience(self) -> float | None:
        """Returns the seconds until live changes are to be sent; None: there are none, or none may be sent."""
        if not self._live or not self._window_open():
            return None
        if len(self._live) >= MAX_BATCH or self._finished:
            return 0
        return max(0.0, self._live_since + COALESCE - self._clock())

    def _page_may_go(self) -> bool:
        if not self._pages:
            return False
        message, after = self._pages[0]
        return self._live_taken >= after and (self._window_open() or not message.HasField("batch"))

    def _window_open(self) -> bool:
        return self._sent - self._acknowledged < WINDOW

    def _take_live(self) -> watch_pb2.WatchChangesResponse:
        batch = watch_pb2.ChangeBatch()
        room = SAFE_BYTES
        for _ in range(min(len(self._live), MAX_BATCH)):
            wire = _live_to_wire(self._live[0])
            room -= wire.ByteSize() + 8
            if room < 0 and (batch.observations or batch.problems):
                break
            if isinstance(wire, watch_pb2.Problem):
                batch.problems.append(wire)
            else:
                batch.observations.append(wire)
            self._live.popleft()
            self._live_taken += 1
        # Here we know: at least one was taken. What is left is as old as it was, and goes without waiting again.
        self._page_next = True
        self._condition.notify_all()
        return self._numbered(watch_pb2.WatchChangesResponse(batch=batch))

    def _take_page(self) -> watch_pb2.WatchChangesResponse:
        message, _ = self._pages.popleft()
        self._page_next = False
        self._condition.notify_all()
        return self._numbered(message) if message.HasField("batch") else message

    def _numbered(self, message: watch_pb2.WatchChangesResponse) -> watch_pb2.WatchChangesResponse:
        self._sent += 1
        message.batch.batch = self._sent
        return message


def heartbeat() -> watch_pb2.WatchChangesResponse:
    """Returns a sign of life."""
    return watch_pb2.WatchChangesResponse(heartbeat=watch_pb2.Heartbeat())


def _live_to_wire(item: LiveItem) -> watch_pb2.Problem | observation_pb2.Observation:
    if isinstance(item, Problem):
        return watch_pb2.Problem(display_path=item.display_path, reason=item.reason)
    return observation_to_wire(item)
