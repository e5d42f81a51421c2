"""What happens to observations inside a transaction."""

from __future__ import annotations

import msgspec

from onitu.core.model import Absent, Observation, Present, State
from onitu.core.tree import Recheck
from onitu.referee.ingest import take_observations
from tests.unit.core.desk import Desk, file


def with_id(entry: Present, native_id: str) -> Present:
    """Returns an entry that has an id."""
    return msgspec.structs.replace(entry, native_id=native_id)


def test_nothing_overtakes_a_rename_that_waits() -> None:
    """P18, P2: the absence of the old name, told after the rename, does not make the rename look outdated."""
    desk = Desk("A", "B")
    entry = with_id(file("x"), "1")
    desk.show("A", "old", entry)
    desk.bring("B")
    told = [Observation("new", entry, 1_001), Observation("old", Absent(), 1_002)]
    probed: dict[str, State] = {}

    while told:
        taken = take_observations(desk.work, "A", told, probed=probed)
        probed.update(dict.fromkeys(taken.probes, Absent()))
        told = taken.deferred

    assert desk.heads() == {"new": "x"}
    assert desk.bring("B") == [("B", "MOVE", "old -> new")]


def test_what_was_seen_elsewhere_before_it_was_missed_is_asked_for() -> None:
    """P2: a rename that is told after a newer look at the old place is not dropped."""
    desk = Desk("A", "B")
    entry = with_id(file("x"), "1")
    desk.show("A", "old", entry)
    desk.show("A", "old", Absent(), seq=1_002, fresh=True)

    desk.show("A", "new", entry, seq=1_001, probed={"old": Absent()})

    assert Recheck("A", "new") in desk.effects
