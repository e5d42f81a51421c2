"""What was written and lies there with other bytes than those that were sent."""

from __future__ import annotations

import pytest

from onitu.core.answers import Mangled
from onitu.core.model import Observation
from tests.unit.core.desk import Desk, file


@pytest.mark.parametrize("durable", [True, False])
def test_mangled_bytes_are_written_again(*, durable: bool) -> None:
    """P23: they are nobody's content: the same version is written again, expecting what lies there."""
    desk = Desk("A", "B")
    desk.show("A", "f", file("right"))
    (task,) = desk.plan("B").tasks
    there = Observation("f", file("wrong", "mangled"), next(desk._seq))

    desk.answer("B", task, Mangled("other bytes", there), durable=durable)

    (again,) = desk.plan("B").tasks
    assert again.expected == "mangled"
    assert again.version.revision == "right"
    desk.answer("B", again)
    assert not desk.bring()
    assert desk.heads() == {"f": "right"}


def test_mangled_bytes_teach_no_digest() -> None:
    """P23: a version whose digest is not known yet does not get that of what went wrong."""
    desk = Desk("A", "B")
    desk.show("A", "f", file("right", digest=False))
    (task,) = desk.plan("B").tasks

    desk.answer("B", task, Mangled("other bytes", Observation("f", file("wrong", "mangled"), next(desk._seq))))

    assert desk.node("f").version.digests == {}
    desk.show("B", "f", file("wrong", "mangled"), fresh=True)
    assert desk.heads() == {"f": "right"}


def test_an_edit_of_mangled_bytes_is_an_edit() -> None:
    """P1, P23: what a user makes of them is the user's."""
    desk = Desk("A", "B")
    desk.show("A", "f", file("right"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, Mangled("other bytes", Observation("f", file("wrong", "mangled"), next(desk._seq))))

    desk.show("B", "f", file("edited"))
    desk.bring()

    assert "edited" in desk.heads().values()
    assert "right" in desk.heads().values()
