"""What goes wrong between the core and a service, drawn from the run's own chance."""

from __future__ import annotations

import random

import trio

from onitu.errors import DriverError, PermissionDenied, RateLimited, Unauthenticated, Unavailable


class Chaos:
    """Chance.

    Args:
        rng: Where it comes from.
        rate: How often something goes wrong, 0 to 1.
        late: Whether a mutation may land after its caller was told that nobody knows.

    Attributes:
        active: Whether anything goes wrong now.
    """

    def __init__(self, rng: random.Random, rate: float, *, late: bool) -> None:
        self.rng = rng
        self.rate = rate
        self.late = late
        self.active = True
        self.slow = rate > 0

    def happens(self, weight: float = 1.0) -> bool:
        """Returns whether something goes wrong now."""
        return self.active and self.rate > 0 and self.rng.random() < self.rate * weight

    def tears(self) -> bool:
        """Returns whether a listing is torn."""
        return self.happens(2.0)

    def drops(self) -> bool:
        """Returns whether live changes are lost."""
        return self.happens(0.5)

    def expires(self) -> bool:
        """Returns whether a cursor is no longer good."""
        return self.active and self.rng.random() < 0.2

    async def pause(self) -> None:
        """Takes its time."""
        await trio.lowlevel.checkpoint()
        if self.active and self.slow and self.rng.random() < 0.3:
            await trio.sleep(self.rng.choice((0.001, 0.05, 0.4, 2.0)))

    def error(self) -> DriverError:
        """Returns an error after which nothing was done."""
        kind = self.rng.randrange(5)
        if kind == 0:
            return RateLimited("slow down", self.rng.choice((None, 0.5, 5.0)))
        if kind == 1:
            return Unauthenticated("signed out")
        if kind == 2:
            return PermissionDenied("not now")
        return Unavailable("not now")

    def fate(self) -> str:
        """Returns what becomes of a mutation."""
        if not self.happens():
            return "done"
        fates: tuple[str, ...] = (
            "refused",
            "lost",
            "lost",
            "unheard",
            "unheard",
            "twice",
            *(("late",) if self.late else ()),
        )
        return self.rng.choice(fates)
