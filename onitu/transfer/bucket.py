"""How long bytes have to wait for those before them: a token bucket. Pure; the clock comes as an argument."""

from __future__ import annotations

import attrs

#: Seconds of quiet that may be made up for at once, so that what comes a little late costs no speed.
BURST = 1.0

#: Seconds that are not worth waiting for: no clock keeps them. They are not lost either, the next wait has them.
SHORTEST = 0.001


@attrs.define
class Bucket:
    """A bucket that fills at a rate.

    Whoever takes from it may go into debt, and whoever comes next waits until that is paid. So a piece of any size goes
    at any rate, and what is still owed is paid at whatever rate holds by then.

    Attributes:
        level: Bytes that may go at once; below zero, bytes that have gone too early.
        filled_at: When that was so, in seconds of one clock.
    """

    level: float = 0.0
    filled_at: float = 0.0

    def wait(self, rate: float, now: float) -> float:
        """Fills it up to now, and returns in how many seconds the next may take from it; 0.0 for now.

        Args:
            rate: Bytes per second since it was last filled, and until then.
            now: The time.
        """
        self.level = min(self.level + (now - self.filled_at) * rate, rate * BURST)
        self.filled_at = now
        seconds = -self.level / rate
        return seconds if seconds > SHORTEST else 0.0

    def take(self, size: int) -> None:
        """Takes bytes out."""
        self.level -= size
