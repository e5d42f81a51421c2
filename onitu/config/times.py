"""Spans of the week, as `schedule` and `bandwidth` have them: `22:00-06:00`, `mon-fri 08:00-18:00`, `sat,sun`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

import attrs

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: Minutes of a day.
DAY = 24 * 60

#: Minutes of a week. They are counted from Monday, 00:00.
WEEK = 7 * DAY

_SPAN = re.compile(r"(?:([a-z]{3}(?:[-,][a-z]{3})*))?\s*(?:(\d\d):(\d\d)-(\d\d):(\d\d))?", re.ASCII)
_FORM = "write 22:00-06:00, mon-fri 08:00-18:00, or sat,sun"


@attrs.frozen
class Span:
    """A part of every week, in local time.

    Attributes:
        days: On which it begins, 0 is Monday.
        begin: Minute of the day at which it begins.
        end: Minute at which it ends, not included; at or before `begin`, it ends on the next day.
    """

    days: frozenset[int]
    begin: int
    end: int

    def holds(self, minute: int) -> bool:
        """Returns whether a minute of the week lies in it."""
        length = (self.end - self.begin) % DAY or DAY
        return any((minute - begin) % WEEK < length for begin in self.begins())

    def begins(self) -> Iterable[int]:
        """Returns the minutes of the week at which it begins."""
        return [day * DAY + self.begin for day in self.days]


def minute_of_week(moment: datetime) -> int:
    """Returns the minute of the week that a local time lies in."""
    return moment.weekday() * DAY + moment.hour * 60 + moment.minute


def is_open(schedule: Iterable[Span], minute: int) -> bool:
    """Returns whether a minute of the week lies in a schedule. An empty one is no schedule: always."""
    spans = tuple(schedule)
    return not spans or any(span.holds(minute) for span in spans)


def next_begin(schedule: Iterable[Span], minute: int) -> str:
    """Returns when a schedule opens next, after a minute of the week that it does not hold: `mon 22:00`."""
    after = min((begin - minute) % WEEK for span in schedule for begin in span.begins())
    day, of_day = divmod((minute + after) % WEEK, DAY)
    return f"{DAYS[day]} {of_day // 60:02}:{of_day % 60:02}"


def parse_span(text: str) -> Span:
    """Returns a span of the week.

    Args:
        text: As it stands in a setup.

    Raises:
        ValueError: It is none; says how one is written.
    """
    parts = _SPAN.fullmatch(text.strip().lower())
    if parts is None or not (parts[1] or parts[2]):
        raise ValueError(f"'{text}' is no span of time: {_FORM}")
    days = _days(parts[1], text) if parts[1] else frozenset(range(7))
    if not parts[2]:
        return Span(days, 0, DAY)
    begin, end = (int(hour) * 60 + int(minute) for hour, minute in ((parts[2], parts[3]), (parts[4], parts[5])))
    if int(parts[3]) > 59 or int(parts[5]) > 59 or begin >= DAY or end > DAY:  # noqa: PLR2004 - minutes of an hour
        raise ValueError(f"'{text}' is no span of time: a day has 00:00 to 24:00")
    return Span(days, begin, end)


def _days(text: str, whole: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        names = part.split("-")
        wrong = [name for name in names if name not in DAYS]
        if wrong or len(names) > 2:  # noqa: PLR2004 - from one day to another.
            reason = f"'{wrong[0]}' is no day ({', '.join(DAYS)})" if wrong else _FORM
            raise ValueError(f"'{whole}' is no span of time: {reason}")
        first, last = DAYS.index(names[0]), DAYS.index(names[-1])
        found.update(day % 7 for day in range(first, last + 1 if last >= first else last + 8))
    return frozenset(found)
