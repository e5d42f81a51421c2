"""What a driver is told when it asks what is known (CONTRACT D4, D5)."""

from __future__ import annotations

from onitu.core.filters import Filter
from onitu.referee.lookup import known_entries
from tests.unit.core.desk import Desk, file


def test_owners_are_those_who_should_hold_it_and_uptodate_those_who_do() -> None:
    """D5: both sorted; who does not admit the file owns nothing of it; what was never seen is nobody's."""
    desk = Desk("C", "A", "B")
    desk.set_up(filters={"C": Filter(level="service 'C'", max_size=3)})
    desk.show("B", "file", file("content"))
    known, unseen = known_entries(desk.work, "B", ["file", "unseen"])

    assert known.present == file("content")
    assert (known.owners, known.uptodate) == (("A", "B"), ("B",))
    assert (unseen.present, unseen.owners, unseen.uptodate) == (None, (), ())


def test_a_service_that_does_not_have_it_yet_is_told_who_does() -> None:
    """D5: a handler that is about to write it may ask, too."""
    desk = Desk("A", "B")
    desk.show("A", "file", file("content"))
    (known,) = known_entries(desk.work, "B", ["file"])
    assert (known.present, known.owners, known.uptodate) == (None, ("A", "B"), ("A",))
