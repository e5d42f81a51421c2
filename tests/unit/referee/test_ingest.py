"""What happens to observations inside a transaction."""

from __future__ import annotations

import msgspec

from onitu.core.model import Absent, Observation, Present, State
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
