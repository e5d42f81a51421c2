"""How long what was replaced or deleted is kept, by a clock that nobody can put forward.

A copy has the time that the clock on the wall showed when it was kept. That clock may be wrong, and set right later: by
it alone a month's trash would be gone when somebody, or a dead battery, sets it ahead. So the core counts the time that
has really passed while it ran, and notes now and then what the clock on the wall showed: a copy is never older than
the time that was counted since the first note that can be later than it.

Time arrives from outside. This file removes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import msgspec

from onitu.core.model import Kept

DAY = 86_400.0

#: Days that copies are kept where the setup says nothing.
DEFAULT_DAYS = 30.0

#: Time that is believed to have passed, at most, while nobody counted: so runs of a minute each add up to days, and a
#: clock that was put ahead meanwhile adds one day.
MOST_UNCOUNTED = DAY

#: Seconds between two notes; ages are known to within that.
BETWEEN_MARKS = DAY / 2

#: Notes that are kept: some eleven years.
MARKS = 8_000

#: Seconds a clock may be put back for being a little fast.
TOLERANCE = 60.0

#: Room, as `Keep.size` grants it, is not made by removing what is younger: it is what people come back for.
FRESH = DAY


@attrs.frozen(kw_only=True)
class Keep:
    """How long what was replaced or deleted is kept.

    Attributes:
        days: For how long; None for ever.
        size: Bytes that are kept, in a folder of a service, or None for no limit; what was kept first goes first.
    """

    days: float | None = DEFAULT_DAYS
    size: int | None = None


class Mark(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What the clock on the wall showed at a moment.

    Attributes:
        counted: Seconds that were counted until then.
        wall: Seconds since 1970.
    """

    counted: float
    wall: float


class Counter(msgspec.Struct, frozen=True, array_like=True):
    """Time as it was counted.

    Attributes:
        counted: Seconds in all.
        wall: What the clock on the wall showed last.
        marks: Notes, oldest first.
    """

    counted: float = 0.0
    wall: float = 0.0
    marks: tuple[Mark, ...] = ()

    def begin(self, wall: float) -> Counter:
        """Returns the counter after a time in which nobody counted.

        Args:
            wall: What the clock on the wall shows now.
        """
        if not self.marks:
            return Counter(0.0, wall, (Mark(0.0, wall),))
        return self.count(min(max(wall - self.wall, 0.0), MOST_UNCOUNTED), wall)

    def count(self, passed: float, wall: float) -> Counter:
        """Returns the counter some time later.

        Args:
            passed: Seconds by a clock that nobody can set.
            wall: What the clock on the wall shows now.
        """
        mark = Mark(self.counted + passed, wall)
        marks = self.marks
        # The last note is moved on as long as nothing is lost by it but precision.
        if len(marks) > 1 and mark.counted - marks[-2].counted <= BETWEEN_MARKS and _onwards(marks[-2:], wall):
            marks = marks[:-1]
        return Counter(mark.counted, wall, (*marks, mark)[-MARKS:])

    def age(self, kept_at: float) -> float:
        """Returns at least how many seconds ago something was kept, or fewer.

        Args:
            kept_at: When, by the clock on the wall.
        """
        shown = self.wall - kept_at
        if shown <= 0:
            return 0.0
        for later in range(len(self.marks) - 1, 0, -1):
            before, after = self.marks[later - 1], self.marks[later]
            put_back = after.wall < before.wall - TOLERANCE
            if put_back or before.wall - TOLERANCE <= kept_at <= after.wall + TOLERANCE:
                return min(shown, self.counted - after.counted)
        if not self.marks or kept_at > self.marks[0].wall:
            return 0.0
        return min(shown, self.counted - self.marks[0].counted)


def _onwards(marks: tuple[Mark, ...], wall: float) -> bool:
    """Returns whether the clock on the wall went on and never back."""
    return marks[0].wall <= marks[1].wall <= wall


def expired(copies: Iterable[Kept], keep: Keep, counter: Counter) -> list[Kept]:
    """Returns the copies that need not be kept any longer.

    Args:
        copies: Those of one folder on one service.
        keep: How long they are kept.
        counter: The time.
    """
    gone: list[Kept] = []
    room = keep.size
    newest_first = copies if room is None else sorted(copies, key=lambda kept: kept.kept_at_ns, reverse=True)
    for kept in newest_first:
        age = counter.age(kept.kept_at_ns / 1e9)
        if keep.days is not None and age >= keep.days * DAY:
            gone.append(kept)
        elif room is not None:
            room -= kept.size
            if room < 0 and age >= FRESH:
                gone.append(kept)
    return gone
