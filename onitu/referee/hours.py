"""When bytes may go to a service and come from it (CONTRACT B11, `schedule`).

What is under way when the time is over is finished. Outside it a service is observed as always, and waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import trio

from onitu.config.times import Span, is_open, minute_of_week, next_begin
from onitu.transfer.pace import WallClock, seconds_of_minute_left, wall_clock


class Hours:
    """The schedule of one service.

    Args:
        schedule: Its spans; none for always.
        clock: What the clock on the wall shows.
    """

    def __init__(self, schedule: Sequence[Span] = (), clock: WallClock = wall_clock) -> None:
        self._schedule = schedule
        self._clock = clock
        self._paused = False
        self._changed = trio.Event()

    @property
    def waits(self) -> bool:
        """Whether nothing may be moved now."""
        return self._paused or (bool(self._schedule) and not is_open(self._schedule, minute_of_week(self._clock())))

    @property
    def until(self) -> str:
        """When something may be moved again, while it waits: `mon 22:00`."""
        if self._paused:
            return "it is resumed"
        return next_begin(self._schedule, minute_of_week(self._clock()))

    def keep(self, schedule: Sequence[Span]) -> None:
        """Sets what holds from now on."""
        if schedule != self._schedule:
            self._schedule = schedule
            self._changed.set()
            self._changed = trio.Event()

    @property
    def paused(self) -> bool:
        """Whether a person lets nothing be moved."""
        return self._paused

    def pause(self, *, paused: bool) -> None:
        """Lets nothing be moved from now on, or again what the schedule lets."""
        if paused != self._paused:
            self._paused = paused
            self._changed.set()
            self._changed = trio.Event()

    async def run(self, turned: Callable[[bool], None]) -> None:
        """Says whenever the time begins or ends, until it is cancelled.

        Args:
            turned: Called with whether the service waits from now on; at first only if it does.
        """
        waited = False
        while True:
            if self.waits is not waited:
                waited = not waited
                turned(waited)
            seconds = seconds_of_minute_left(self._clock()) if self._schedule else float("inf")
            with trio.move_on_after(seconds):
                await self._changed.wait()
