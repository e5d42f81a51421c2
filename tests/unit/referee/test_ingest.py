"""What happens to observations inside a transaction."""

from __future__ import annotations

import msgspec
import pytest

from onitu.core.answers import answered
from onitu.core.model import Absent, Observation, Present, State
from onitu.core.node import Gone
from onitu.core.tree import Recheck
from onitu.referee.ingest import Listed, take_listings, take_observations
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


@pytest.mark.parametrize(("name", "seq", "gone"), [("g", 501, Gone.MISSED), ("g", 499, Gone.NO), ("f", 501, Gone.NO)])
def test_a_listing_is_held_against_what_we_bring(name: str, seq: int, gone: Gone) -> None:
    """P2: our file is deleted before its answer is heard, and only a listing tells; an older one tells nothing."""
    desk = Desk("A", "B")
    desk.show("A", "f", file("new"))
    (task,) = desk.plan("B").tasks
    desk.in_flight.add(("B", task.node))
    take_listings(desk.work, "B", [Listed("", frozenset({name}), seq)])
    desk.in_flight.clear()

    answered(desk.work, "B", task.node, Observation("f", file("new"), 500), durable=True)

    assert desk.tree.node(task.node).services["B"].gone is gone
