"""No clock on the wall, however wrong, makes Onitu throw away what it promised to keep (B11 `keep`)."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st

from onitu.core.model import Kept, Kind
from onitu.core.retention import BETWEEN_MARKS, DAY, MARKS, TOLERANCE, Counter, Keep, expired

HOUR = 3600.0


@attrs.define
class Machine:
    """A machine with a clock on the wall that anybody may set, and a core that counts while it runs.

    Attributes:
        true: Seconds that have really passed.
        off_by: What the clock on the wall is off by.
        counter: What the core has counted.
        kept: What was kept, and when that really was.
        believed: Time that did not pass, and was believed to have passed while nobody counted.
    """

    true: float = 1e9
    off_by: float = 0.0
    counter: Counter = attrs.Factory(Counter)
    kept: list[tuple[Kept, float]] = attrs.Factory(list)
    believed: float = 0.0

    @property
    def wall(self) -> float:
        return self.true + self.off_by

    def keep(self) -> None:
        copy = Kept(id=str(len(self.kept)), path="a", kind=Kind.FILE, kept_at_ns=int(self.wall * 1e9), size=1)
        self.kept.append((copy, self.true))

    def go_away(self, hours: float, jump: float) -> None:
        """Does not run for a time, in which the clock is set. One day of it is believed."""
        counted = self.counter.counted
        self.true += hours * HOUR
        self.off_by += jump
        self.counter = self.counter.begin(self.wall)
        self.believed += max(self.counter.counted - counted - hours * HOUR, 0.0)
        assert self.counter.counted - counted <= DAY + 1

    def run(self, hours: float, keeps_after: list[float]) -> None:
        """Runs for a time, keeping something after a part of it."""
        begun = self.true
        for part in sorted(keeps_after):
            self.true = begun + part * hours * HOUR
            self.keep()
        self.true = begun + hours * HOUR
        self.counter = self.counter.count(hours * HOUR, self.wall)


jumps = st.floats(-3e9, 3e9) | st.floats(-90 * DAY, 90 * DAY) | st.floats(-TOLERANCE, TOLERANCE)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.floats(0.0, 20.0), st.lists(st.floats(0.0, 1.0), max_size=2)),
        st.tuples(st.just("away"), st.floats(0.0, 100 * 24.0), jumps),
        st.tuples(st.just("set"), jumps, st.booleans()),
    ),
    max_size=60,
)


@given(steps)
def test_nothing_is_taken_for_older_than_it_is(history: list[tuple[str, float, object]]) -> None:
    """B11, P1: whatever the clock does between two looks at it, no copy is counted as older than it is."""
    machine = Machine()
    machine.counter = machine.counter.begin(machine.wall)
    for what, amount, more in history:
        match what, more:
            case "run", list(parts):
                machine.run(amount, parts)
            case "away", float(jump):
                machine.go_away(amount, jump)
            case "set", bool(keeps):
                machine.off_by += amount
                if keeps:
                    machine.keep()
                machine.run(0.0, [])
        for copy, since in machine.kept:
            assert machine.counter.age(copy.kept_at_ns / 1e9) <= machine.true - since + machine.believed + 2 * TOLERANCE
        assert len(machine.counter.marks) <= MARKS


@given(st.floats(1.0, 90.0), st.integers(1, 24))
def test_what_is_old_goes(days: float, hours: int) -> None:
    """B11 `keep`: with a clock that is right, what was kept for long enough goes within a day, and not before."""
    machine = Machine()
    machine.counter = machine.counter.begin(machine.wall)
    machine.run(5, [])
    machine.keep()
    keep = Keep(days=days)
    while machine.true - machine.kept[0][1] < days * DAY:
        assert expired([machine.kept[0][0]], keep, machine.counter) == []
        machine.run(hours, [])
    machine.run(BETWEEN_MARKS / HOUR + 24, [])
    assert expired([machine.kept[0][0]], keep, machine.counter) == [machine.kept[0][0]]
    assert expired([machine.kept[0][0]], Keep(days=None), machine.counter) == []


@given(st.integers(1, 400))
def test_short_runs_add_up(runs: int) -> None:
    """B11 `keep`: where Onitu only ever runs for a minute (`--once`) the days in between count."""
    machine = Machine()
    machine.counter = machine.counter.begin(machine.wall)
    for _ in range(runs):
        machine.run(1 / 60, [])
        machine.true += 8 * HOUR
        machine.counter = machine.counter.begin(machine.wall)
    assert machine.counter.counted >= runs * 8 * HOUR
    assert len(machine.counter.marks) <= runs * 8 * HOUR / BETWEEN_MARKS * 2 + 4


@given(st.lists(st.tuples(st.integers(0, 100), st.floats(0.0, 10.0)), max_size=20), st.integers(0, 300))
def test_room_is_made_by_what_is_oldest(copies: list[tuple[int, float]], size: int) -> None:
    """B11 `keep`: beyond `size` what was kept first goes first, but nothing of the last day."""
    now = 1e9
    counter = Counter().begin(now - 100 * DAY)
    for _ in range(200):
        counter = counter.count(DAY / 2, counter.wall + DAY / 2)
    kept = [
        Kept(id=str(number), path="a", kind=Kind.FILE, size=each, kept_at_ns=int((now - age * DAY) * 1e9))
        for number, (each, age) in enumerate(copies)
    ]
    gone = expired(kept, Keep(days=None, size=size), counter)
    stay = [one for one in kept if one not in gone]
    old = [one for one in stay if counter.age(one.kept_at_ns / 1e9) >= DAY]
    assert not old or sum(one.size for one in stay) <= size
    assert all(counter.age(one.kept_at_ns / 1e9) >= DAY for one in gone)
    assert not gone or not old or max(one.kept_at_ns for one in gone) <= min(one.kept_at_ns for one in old)
