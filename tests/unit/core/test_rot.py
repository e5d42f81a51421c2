"""Content that has changed without a trace."""

from __future__ import annotations

import attrs
import pytest

from onitu.core.capability import Mode
from onitu.core.node import Action
from onitu.core.rot import replace_rotten
from tests.unit.core.desk import Desk, file


def test_it_is_written_again_on_its_own_expectation() -> None:
    """P11, P23: what lies there is expected, and the head comes from another service; a look changes nothing."""
    desk = Desk("A", "B")
    desk.have("f", "good")

    assert replace_rotten(desk.work, "B", "f", "good") == ""
    desk.show("B", "f", file("good", digest=False))
    (task,) = desk.plan("B").tasks
    assert (task.action, task.path, task.expected) == (Action.WRITE, "f", "good")
    assert task.source is not None
    assert task.source.service == "A"
    desk.answer("B", task, file("good", "again"))
    assert desk.bring() == []
    assert desk.heads() == {"f": "good"}


def test_it_is_no_source_meanwhile() -> None:
    """P23: nobody gets the bytes of a file that is to be written again, and the last good copy is never given up."""
    desk = Desk("A", "B")
    desk.have("f", "good")

    assert replace_rotten(desk.work, "B", "f", "good") == ""
    assert replace_rotten(desk.work, "A", "f", "good") == "no other service holds it"
    assert desk.plan("A").tasks == []


@pytest.mark.parametrize(
    ("service", "path", "revision", "why"),
    [
        ("C", "f", "good", "it is not known there"),
        ("B", "g", "good", "it is not known there"),
        ("B", "f", "other", "it was changed meanwhile"),
    ],
)
def test_what_is_not_as_it_was_is_left_alone(service: str, path: str, revision: str, why: str) -> None:
    """P11: only what was read, and is still there, is replaced."""
    desk = Desk("A", "B")
    desk.have("f", "good")

    assert replace_rotten(desk.work, service, path, revision) == why
    assert desk.plan("B").tasks == []


def test_an_edit_is_left_alone() -> None:
    """P11, P23: an edit that is seen and waits for its decision is nobody's rot; nor is one that is under way."""
    desk = Desk("A", "B")
    desk.have("f", "good")
    desk.show("B", "f", file("gooe", digest=False))
    assert replace_rotten(desk.work, "B", "f", "good") == "it was changed meanwhile"

    other = Desk("A", "B")
    other.have("f", "good")
    other.show("A", "f", file("newer"))
    other.plan("B")
    assert replace_rotten(other.work, "B", "f", "good") == "something is being done with it"


def test_nothing_is_written_where_that_is_not_allowed() -> None:
    """B7: without `w` nothing is mended."""
    desk = Desk("A", "B")
    desk.have("f", "good")
    members = desk.scope.members
    desk.set_members({**members, "B": attrs.evolve(members["B"], mode=Mode.READ)})

    assert replace_rotten(desk.work, "B", "f", "good") == "the mode of this place does not allow writing"
