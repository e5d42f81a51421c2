"""Why a path is where it is, and where it is not."""

from __future__ import annotations

from onitu.core.capability import Mode
from onitu.core.filters import Filter
from onitu.core.model import Absent
from onitu.core.patterns import Patterns
from onitu.core.rules import Match, Rule, Rules
from onitu.core.why import Standing, explain
from tests.unit.core.desk import Desk, file


def told(desk: Desk, path: str) -> dict[str, tuple[Standing, str]]:
    """Returns what is said of each service."""
    return {one.service: (one.standing, one.reason) for one in explain(desk.work, path).verdicts}


def test_what_is_where_it_should_be() -> None:
    """F10: a file that all services hold."""
    desk = Desk("A", "B")
    desk.have("f", "x")

    explanation = explain(desk.work, "f")

    assert explanation.head is not None
    assert explanation.head.origin == "A"
    assert {one.standing for one in explanation.verdicts} == {Standing.UP_TO_DATE}


def test_a_file_that_is_still_to_be_written() -> None:
    """F10: behind, then under way."""
    desk = Desk("A", "B")
    desk.show("A", "f", file("x"))
    assert told(desk, "f")["B"] == (Standing.BEHIND, "to write when its turn comes")

    desk.plan("B")
    assert told(desk, "f")["B"][0] is Standing.UNDER_WAY


def test_the_filter_that_decides_is_named() -> None:
    """B6, F10: with its option, value and level."""
    desk = Desk("A", "B")
    desk.set_up(filters={"B": Filter(level="service 'B'", max_size=3)})
    desk.show("A", "f", file("large"))

    assert told(desk, "f")["B"] == (Standing.OUTSIDE, "larger than max-size 3B of service 'B'")


def test_the_rule_that_decides_is_named() -> None:
    """C3, C4, F10: which rule names a service, or that none does."""
    desk = Desk("A", "B")
    desk.set_up(rules=Rules((Rule(match=Match(path="/f/music"), sync=frozenset({"B"})),)))
    desk.show("A", "f", file("x"))

    standing, reason = told(desk, "f")["B"]

    assert standing is Standing.OUTSIDE
    assert "rule" in reason


def test_a_path_that_nobody_takes_in() -> None:
    """B10, F10: nothing is known of it, and why."""
    desk = Desk("A", "B")
    desk.set_up(everywhere=Filter(level="folder 'f'", blacklist=Patterns.of(["*.tmp"])))

    explanation = explain(desk.work, "x.tmp")

    assert explanation.head is None
    assert {one.reason for one in explanation.verdicts} == {"matches blacklist '*.tmp' of folder 'f'"}


def test_modes_that_decide() -> None:
    """B7, F10: a place that is only read is never written; one that is only written may drift."""
    desk = Desk("A", "B", "C", modes={"B": Mode.READ, "C": Mode.WRITE})
    desk.show("A", "f", file("x"))
    desk.bring()
    desk.show("C", "f", file("drifted"))

    assert told(desk, "f")["B"] == (Standing.BEHIND, "its mode does not allow writing")
    assert told(desk, "f")["C"][0] is Standing.DRIFTED
    assert told(desk, "unknown")["C"][0] is Standing.ABSENT


def test_a_deletion_that_is_not_done_yet() -> None:
    """F10: a tombstone is explained while somebody still has the entry."""
    desk = Desk("A", "B")
    desk.have("f", "x")
    desk.lose("A", "f")

    explanation = explain(desk.work, "f")

    assert explanation.deleted
    assert told(desk, "f")["B"] == (Standing.BEHIND, "to delete when its turn comes")


def test_what_is_missed_is_undecided() -> None:
    """F10: until it has been looked for again."""
    desk = Desk("A", "B")
    desk.have("f", "x")
    desk.show("A", "f", Absent())

    assert told(desk, "f")["A"][0] is Standing.UNDECIDED


def test_another_path_is_told() -> None:
    """F10: where a service still has it under its old name."""
    desk = Desk("A", "B")
    desk.have("f", "x")
    desk.show("A", "g", file("x"), moved_from="f")

    (_, there) = explain(desk.work, "g").verdicts

    assert there.path == "f"
    assert there.standing is Standing.BEHIND


def test_the_loser_of_a_conflict() -> None:
    """F10: it keeps its content until the copy is held there."""
    desk = Desk("A", "B")
    desk.show("A", "f", file("x"))
    desk.show("B", "f", file("y"))

    standing, reason = told(desk, "f")["B"]

    assert standing is Standing.CONFLICTING
    assert "conflict B" in reason
