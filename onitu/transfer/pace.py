"""How fast bytes may go to a service and come from it (CONTRACT B11, `bandwidth`): whoever moves them waits here.

This module knows neither files nor services. One of these serves all folders of a service, through all lives of its
driver.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

import trio

from onitu.config.times import minute_of_week
from onitu.config.values import Bandwidth, Timetable
from onitu.transfer.bucket import Bucket

#: Says what the clock on the wall shows, for timetables.
WallClock: TypeAlias = Callable[[], datetime]


def wall_clock() -> datetime:
    """Returns the local time."""
    return datetime.now().astimezone()


def seconds_of_minute_left(moment: datetime) -> float:
    """Returns in how many seconds a minute is over: timetables change with the minute, and the clock may be set."""
    return 60 - moment.second - moment.microsecond / 1e6


class Lane:
    """One direction.

    Whoever waits is served in the order of coming, a piece each time, so files that travel together share the rate.

    Args:
        clock: What the clock on the wall shows.
    """

    def __init__(self, clock: WallClock) -> None:
        self._clock = clock
        self._timetable: Timetable | None = None
        self._bucket = Bucket()
        self._turn = trio.Lock()
        self._changed = trio.Event()

    @property
    def is_limited(self) -> bool:
        """Whether anybody ever has to wait here."""
        return self._timetable is not None

    def limit(self, timetable: Timetable | None) -> None:
        """Sets what holds from now on, also for those who wait already."""
        if timetable != self._timetable:
            self._timetable = timetable
            self._changed.set()
            self._changed = trio.Event()

    async def pay(self, size: int) -> None:
        """Waits until bytes may go."""
        if self._timetable is None or not size:
            return
        async with self._turn:
            while (rate := self._rate()) is not None:
                seconds = self._bucket.wait(rate, trio.current_time())
                if not seconds:
                    self._bucket.take(size)
                    return
                with trio.move_on_after(min(seconds, seconds_of_minute_left(self._clock()))):
                    await self._changed.wait()
            self._bucket = Bucket()  # What was owed to a limit that holds no more is owed to nobody.

    def _rate(self) -> int | None:
        timetable = self._timetable
        if timetable is None:
            return None
        return timetable.rate(minute_of_week(self._clock())) if timetable.rates else timetable.otherwise


class Pace:
    """Both directions of a service.

    Args:
        bandwidth: What the setup says.
        clock: What the clock on the wall shows.

    Attributes:
        up: For what is written to it.
        down: For what is read from it.
    """

    def __init__(self, bandwidth: Bandwidth | None = None, clock: WallClock = wall_clock) -> None:
        self.up, self.down = Lane(clock), Lane(clock)
        self.limit(bandwidth or Bandwidth())

    def limit(self, bandwidth: Bandwidth) -> None:
        """Sets what holds from now on."""
        self.up.limit(bandwidth.up)
        self.down.limit(bandwidth.down)
