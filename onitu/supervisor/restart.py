"""When a driver that ended is started again. Pure: no clock, no chance; both come as arguments.

The delay doubles with every run that ended before it had been healthy for a minute, and starts over after one that had
been. A little of it is left to chance, so that drivers that fell together do not rise together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

FIRST_DELAY = 0.5  # A crash that happens once is hardly noticed.
LONGEST_DELAY = 60.0  # A service that comes back is in sync again within a minute.
HEALTHY_AFTER = 60.0  # A run that was active for so long says that what failed before is over.
JITTER = 0.25  # The share of a delay, at most, that is added to it by chance.

#: Runs after which the delay grows no more; there is no need to remember others.
REMEMBERED = 8


class Run(msgspec.Struct, frozen=True):
    """A run of a driver that has ended. Times are seconds of one clock.

    Attributes:
        active: When the service became active, or None if it never did.
        ended: When it ended.
    """

    active: float | None
    ended: float


History: TypeAlias = tuple[Run, ...]


def remember(history: History, run: Run) -> History:
    """Returns the history with one more run; what no longer counts is forgotten."""
    if _was_healthy(run):
        return (run,)
    return (*history, run)[-REMEMBERED:]


def next_delay(history: Sequence[Run], now: float, *, jitter: float) -> float:
    """Returns in how many seconds to start again.

    Args:
        history: The runs so far, oldest first.
        now: The time, on the clock of the runs.
        jitter: A number from 0 to 1, drawn by chance for each failure.

    Returns:
        Seconds from `now`; 0.0 if it is time, or nothing has ever run.
    """
    if not history:
        return 0.0
    failures = 0
    for run in reversed(history):
        failures += 1
        if _was_healthy(run):
            break
    doubled: float = FIRST_DELAY * 2 ** min(failures - 1, REMEMBERED)
    delay = min(doubled, LONGEST_DELAY) * (1 + JITTER * jitter)
    return max(0.0, history[-1].ended + delay - now)


def _was_healthy(run: Run) -> bool:
    return run.active is not None and run.ended - run.active >= HEALTHY_AFTER
