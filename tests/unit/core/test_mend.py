"""A head that nobody can give is only given up when nobody holds it, whoever takes part now."""

from __future__ import annotations

import attrs
import pytest

from onitu.core.capability import Mode
from onitu.core.filters import Filter
from onitu.core.plan import Obstacle
from onitu.core.scope import Member
from onitu.errors import OutcomeUnknown
from tests.unit.core.desk import Desk, file


def without(desk: Desk, service: str, *, mode: Mode | None) -> None:
    """Takes a service out of the folder, or narrows its mode."""
    members = {name: member for name, member in desk.scope.members.items() if name != service}
    if mode is not None:
        members[service] = Member(mode=mode, capabilities=desk.scope.members[service].capabilities)
    desk.scope = attrs.evolve(desk.scope, members=members)


@pytest.mark.parametrize("mode", [None, Mode.WRITE], ids=["removed", "only written"])
def test_p21_what_only_a_left_out_service_holds_lives_on(mode: Mode | None) -> None:
    """P21: a service that is taken out, or no longer read, before its file was copied still has it when it is back."""
    desk = Desk("A", "B", "C")
    desk.show("A", "f", file("only copy"))
    before = desk.scope
    without(desk, "A", mode=mode)

    plan = desk.plan("B")

    assert plan.tasks == []
    assert list(plan.obstacles.values()) == [Obstacle.NO_SOURCE]
    assert not desk.node("f").deleted
    desk.scope = before
    assert [task.path for task in desk.plan("A").tasks] == []
    assert [task.path for task in desk.plan("B").tasks] == ["f"]


def test_p21_the_loser_of_a_conflict_on_a_left_out_service_lives_on() -> None:
    """P21, P8: a conflict copy whose content lies only on a service that was taken out is not given up."""
    desk = Desk("A", "B", "C")
    desk.have("f", "old")
    desk.show("A", "f", file("from A"))
    desk.show("B", "f", file("from B"))
    copy = next(path for path in desk.heads() if "conflict" in path)
    without(desk, "B", mode=None)

    desk.plan("C")

    assert not desk.node(copy).deleted


def test_what_may_have_been_written_is_not_given_up() -> None:
    """P1: a write of unknown outcome may be where the last content lies."""
    desk = Desk("A", "B", "C")
    desk.show("A", "f", file("content"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("torn"))
    desk.set_up(filters={"A": Filter(level="A", max_size=3)})

    plan = desk.plan("C")

    assert plan.tasks == []
    assert not desk.node("f").deleted
    desk.show("B", "f", file("content", "b1"), fresh=True)
    assert [task.path for task in desk.plan("C").tasks] == ["f"]
