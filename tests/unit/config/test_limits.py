"""Limits of a service, options that are read and refused because nothing acts on them yet, and times (CONTRACT B11)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from onitu.config.document import Item, parse_document
from onitu.config.faults import Faults
from onitu.config.levels import most_specific, read_level
from onitu.config.limits import read_bandwidth, read_schedule
from onitu.config.times import DAY, DAYS, Span, is_open, minute_of_week, next_begin, parse_span
from onitu.config.values import Adopt, Bandwidth, FolderOptions, Timetable
from onitu.core.patterns import Patterns
from onitu.core.retention import Keep
from onitu.core.scope import MaxDelete, Policy

EVERY_DAY = frozenset(range(7))
WORKDAYS = frozenset(range(5))


def _items(text: str) -> dict[str, Item]:
    """Reads the members of a map."""
    item = parse_document(text, "onitu.yaml", Faults())
    assert item is not None
    assert isinstance(item.value, dict)
    return item.value


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("adopt: size-mtime", "adopt", Adopt.SIZE_MTIME),
        ("max-delete: {percent: 10, files: 5}", "max_delete", MaxDelete(percent=10, files=5)),
        ("max-delete: {percent: 0}", "max_delete", MaxDelete(percent=0, files=20)),
        ("max-delete: {}", "max_delete", MaxDelete(percent=50, files=20)),
        ("keep: {days: 7, size: 1G}", "keep", Keep(days=7, size=10**9)),
        ("keep: {days: 0.5}", "keep", Keep(days=0.5)),
        ("keep: {days: forever}", "keep", Keep(days=None)),
        ("keep: {size: 1G}", "keep", Keep(days=30, size=10**9)),
        ("atomic: ['*.app/', db]", "atomic", Patterns.of(["*.app/", "db"])),
        ("conflict: newest", "policy", Policy.NEWEST),
        ("conflict: {prefer: a}", "preferred", ("a",)),
    ],
)
def test_treatment(text: str, field: str, value: object) -> None:
    """B11, B6: how files are treated; the most specific level that says something holds."""
    said = read_level(_items(text), "x", "ab", Faults())
    silent = read_level({}, "x", "ab", Faults())
    folder = FolderOptions(name="one")

    assert most_specific(folder, silent, said)[field] == value
    assert most_specific(folder, said, silent)[field] == value
    assert most_specific(folder, silent)[field] == getattr(folder, field)
    assert most_specific(FolderOptions(name="one", **said.said), silent)[field] == value


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("max-delete: 50", "'max-delete' ({percent: 50, files: 20}) must be a map, not '50'"),
        ("max-delete: {percent: 101}", "'percent' must be a number from 0 to 100, not '101'"),
        ("max-delete: {percent: 50%}", "'percent' must be a number from 0 to 100, not '50%'"),
        ("max-delete: {files: -1}", "'files' must be a number of files, not '-1'"),
        ("max-delete: {file: 1}", "unknown key 'file' in 'max-delete'; did you mean 'files'?"),
        ("keep: 7", "'keep' ({days: 30, size: 10G}) must be a map, not '7'"),
        ("keep: {days: true}", "'days' must be a number of days, or forever, not 'true'"),
        ("keep: {size: x}", "'size': 'x' is no size"),
        ("atomic: ['']", "'atomic': the pattern '' is no good"),
        ("adopt: mtime", "'adopt' is digest or size-mtime, not 'mtime'; did you mean 'size-mtime'?"),
    ],
)
def test_faults_of_treatment(text: str, fault: str) -> None:
    """B11, B16: what is wrong with them is said also while they are refused."""
    faults = Faults()
    read_level(_items(text), "x", "ab", faults)

    assert [fault in found.text for found in faults.found] == [True]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("{up: 1M}", Bandwidth(up=Timetable(otherwise=1_000_000))),
        ("{up: , down: 64Ki}", Bandwidth(down=Timetable(otherwise=65536))),
        (
            "{down: {mon-fri 08:00-18:00: 100k, sat: 1k, otherwise: 5M}}",
            Bandwidth(
                down=Timetable(
                    rates=((Span(WORKDAYS, 480, 1080), 100_000), (Span(frozenset({5}), 0, 1440), 1000)),
                    otherwise=5_000_000,
                )
            ),
        ),
        ("{up: {'22:00-06:00': 1M}}", Bandwidth(up=Timetable(rates=((Span(EVERY_DAY, 1320, 360), 1_000_000),)))),
    ],
)
def test_bandwidth(text: str, read: Bandwidth) -> None:
    """B11: a rate each way, or a timetable of rates."""
    faults = Faults()

    assert read_bandwidth(_items(f"x: {text}")["x"], faults) == read
    assert faults.found == []


@pytest.mark.parametrize(
    ("read", "text", "fault"),
    [
        (read_bandwidth, "1M", "'bandwidth' ({up: RATE, down: RATE}) must be a map, not '1M'"),
        (read_bandwidth, "{dwn: 1M}", "unknown key 'dwn' in 'bandwidth'; did you mean 'down'?"),
        (read_bandwidth, "{up: fast}", "'up': 'fast' is no size"),
        (read_bandwidth, "{up: {night: 1M}}", "'night' is no span of time: write 22:00-06:00, mon-fri 08:00-18:00"),
        (read_bandwidth, "{up: {otherwise: x}}", "'up': 'x' is no size"),
        (read_schedule, "[sat, funday]", "'funday' is no span of time"),
        (read_schedule, "{sat: 1}", "'schedule' must be a list of texts; a map is none"),
    ],
)
def test_faults_of_limits(read: Callable[[Item, Faults], object], text: str, fault: str) -> None:
    """B11, B16: what is wrong with limits is said."""
    faults = Faults()
    read(_items(f"x: {text}")["x"], faults)

    assert [fault in found.text for found in faults.found] == [True]


def test_schedule() -> None:
    """B11: spans of the week, one or more."""
    items = _items("{one: '22:00-06:00', more: [sat, 'sun 10:00-12:00']}")

    assert read_schedule(items["one"], Faults()) == (Span(EVERY_DAY, 1320, 360),)
    assert read_schedule(items["more"], Faults()) == (
        Span(frozenset({5}), 0, 1440),
        Span(frozenset({6}), 600, 720),
    )
    assert read_schedule(None, Faults()) == ()


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("22:00-06:00", Span(EVERY_DAY, 1320, 360)),
        ("00:00-24:00", Span(EVERY_DAY, 0, 1440)),
        ("Mon-Fri 08:30-18:00", Span(WORKDAYS, 510, 1080)),
        ("sat,sun", Span(frozenset({5, 6}), 0, 1440)),
        ("fri-mon", Span(frozenset({4, 5, 6, 0}), 0, 1440)),
        (" mon,wed-fri 10:00-11:00 ", Span(frozenset({0, 2, 3, 4}), 600, 660)),
    ],
)
def test_span(text: str, span: Span) -> None:
    """B11: days, hours, or both; also over midnight and over Sunday."""
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "x", "monday", "mon-wed-fri", "8:00-9:00", "24:00-01:00", "10:60-11:00", "09:00"])
def test_no_span(text: str) -> None:
    """B11: what is no span of time is said."""
    with pytest.raises(ValueError, match="is no span of time"):
        parse_span(text)


@pytest.mark.parametrize(
    ("span", "held", "left_out"),
    [
        ("08:00-18:00", ["mon 08:00", "sun 17:59"], ["mon 07:59", "mon 18:00"]),
        ("22:00-06:00", ["mon 22:00", "tue 05:59", "mon 00:00"], ["mon 06:00", "mon 21:59"]),
        ("sun 22:00-06:00", ["sun 22:00", "mon 05:59"], ["mon 06:00", "sun 05:59", "mon 22:00"]),
        ("sat,sun", ["sat 00:00", "sun 23:59"], ["fri 23:59", "mon 00:00"]),
        ("fri-mon 08:00-24:00", ["fri 08:00", "mon 23:59"], ["tue 00:00", "tue 08:00", "sat 07:59"]),
        ("wed 12:00-12:00", ["wed 12:00", "thu 11:59"], ["thu 12:00", "wed 11:59"]),
    ],
)
def test_times_of_the_week(span: str, held: list[str], left_out: list[str]) -> None:
    """B11: a time belongs to the day it begins on, and may go past midnight, also from Sunday to Monday."""
    parsed = parse_span(span)

    assert [text for text in held if not parsed.holds(_minute(text))] == []
    assert [text for text in left_out if parsed.holds(_minute(text))] == []
    assert is_open((), 0)
    assert next_begin([parsed, parsed], _minute(left_out[0])) in {"mon 08:00", "mon 22:00", "sun 22:00", *held}


def _minute(text: str) -> int:
    """Returns a minute of the week; that day is one of November 2026, which a Monday is the second of."""
    day, time = text.split()
    moment = datetime.strptime(f"2026-11-{DAYS.index(day) + 2:02} {time}", "%Y-%m-%d %H:%M")  # noqa: DTZ007 - a clock on the wall.
    return minute_of_week(moment)


def test_rates_of_a_timetable() -> None:
    """B11: the first time that fits counts, then `otherwise`; without that there is no limit."""
    rates = ((parse_span("mon"), 1), (parse_span("mon-tue"), 2))

    assert [Timetable(rates=rates, otherwise=3).rate(day * DAY) for day in range(3)] == [1, 2, 3]
    assert Timetable(rates=rates).rate(2 * DAY) is None
