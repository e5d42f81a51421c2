"""What happens to observations inside a transaction."""

from __future__ import annotations

import msgspec
import pytest

from onitu.core.answers import answered
from onitu.core.model import Absent, Observation, Present, State
from onitu.core.node import Gone
from onitu.core.tree import Recheck
from onitu.errors import OutcomeUnknown
from onitu.referee.ingest import (
    Listed,
    find_above,
    find_overtaken,
    find_sought,
    find_waiting,
    settle,
    take_listings,
    take_observations,
)
from tests.unit.core.desk import DIRECTORY, Desk, file


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


def test_what_is_looked_for_under_an_old_name_is_not_decided_about() -> None:
    """P2, P15: a directory is renamed while a file in it is looked for: the look under its old name tells nothing."""
    desk = Desk("A", "B")
    directory = with_id(DIRECTORY, "d")
    desk.show("A", "old", directory)
    desk.show("A", "old/f", file("x"))
    desk.bring("B")
    desk.show("A", "old/f", Absent())
    waiting = find_waiting(desk.work, "A", desk.tree.awaiting("A", "f"), most=10)
    assert list(waiting.paths) == ["old/f"]
    assert not find_overtaken(desk.work, "A", waiting)

    desk.show("A", "new", directory, probed={"old": Absent()})

    assert find_overtaken(desk.work, "A", waiting) == {desk.node("new/f").id}


def test_what_was_there_and_is_missed_again_is_looked_for_again() -> None:
    """P2: a file that came back while it was looked for, and left once more, is not deleted by the first look."""
    desk = Desk("A", "B")
    desk.show("A", "g", file("x"))
    desk.bring("B")
    desk.show("A", "g", Absent())
    waiting = find_waiting(desk.work, "A", desk.tree.awaiting("A", "f"), most=10)

    desk.show("A", "g", file("x"))
    assert not find_overtaken(desk.work, "A", waiting)
    desk.show("A", "g", Absent())

    assert find_overtaken(desk.work, "A", waiting) == {desk.node("g").id}


def test_what_was_missed_under_an_old_name_is_asked_for_under_the_new_one() -> None:
    """P2: a file was deleted elsewhere since nobody told in time of its directory's rename; then that is told."""
    desk = Desk("A", "B")
    directory = with_id(DIRECTORY, "d")
    desk.show("A", "old", directory)
    desk.show("A", "old/f", file("x"))
    desk.bring("B")
    renamed = [Observation("new", directory, 1_001), Observation("new/f", file("x"), 1_002)]
    work = desk.work
    take_observations(work, "A", [Observation("old/f", Absent(), 1_003)], fresh=True)
    settle(work, "A", find_waiting(work, "A", desk.tree.awaiting("A", "f"), most=10), unknown=set())
    assert desk.bring("B") == [("B", "DELETE", "old/f")]

    take_observations(work, "A", renamed, probed={"old": Absent()})

    assert Recheck("A", "new/f") in work.effects


def test_what_is_missed_with_a_directory_above_it_waits_for_that() -> None:
    """P2, P15: a file is missed since its directory was renamed: that is looked at, and nothing is decided before."""
    desk = Desk("A", "B")
    desk.show("A", "old", DIRECTORY)
    desk.show("A", "old/f", file("x"))
    desk.bring("B")
    desk.show("A", "old/f", Absent())
    waiting = find_waiting(desk.work, "A", desk.tree.awaiting("A", "f"), most=10)
    assert find_above(desk.work, "A", waiting) == {"old": [desk.node("old/f").id]}

    desk.show("A", "old", Absent(), fresh=True)

    assert find_overtaken(desk.work, "A", waiting) == {desk.node("old/f").id}
    again = find_waiting(desk.work, "A", desk.tree.awaiting("A", "f"), most=10)
    assert find_above(desk.work, "A", again) == {"old": [desk.node("old/f").id]}
    assert not find_overtaken(desk.work, "A", again)


def test_what_may_lie_where_we_were_writing_is_not_decided_about_before_that_is_read() -> None:
    """P1: a file is missed that may be the one which is found where a write got no answer: its digest tells."""
    desk = Desk("A", "B")
    moved = msgspec.structs.replace(file("moved"), mtime_ns=7)
    desk.show("B", "g", moved)
    desk.show("A", "f", file("right"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("no answer"))
    desk.show("B", "f", msgspec.structs.replace(moved, revision="r", digests={}))
    desk.show("B", "g", Absent())
    waiting = find_waiting(desk.work, "B", desk.tree.awaiting("B", "f"), most=10)

    assert find_sought(desk.work, "B", waiting, [task.node]) == {desk.node("g").id}
    assert not find_sought(desk.work, "B", waiting, [])


def test_what_is_missed_in_a_directory_that_waits_for_a_person_waits_with_it() -> None:
    """P16: a file that was never taken in is not asked for again and again while its directory is held."""
    desk = Desk("A", "B")
    desk.show("A", "d", DIRECTORY)
    desk.bring("B")
    desk.show("A", "d/f", file("x"))
    desk.show("B", "d/f", file("y", digest=False))
    desk.show("B", "d/f", Absent())
    desk.show("B", "d", Absent())
    directory, inside = desk.node("d"), desk.node("d/f")
    assert inside.services["B"].known is None

    held = find_waiting(desk.work, "B", desk.tree.awaiting("B", "f"), most=10, allowed=frozenset())
    freed = find_waiting(desk.work, "B", desk.tree.awaiting("B", "f"), most=10, allowed={directory.id})

    assert held.nodes == []
    assert set(freed.nodes) == {directory.id, inside.id}
