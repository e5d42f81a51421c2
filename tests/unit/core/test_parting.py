"""What a service cannot rename: it is made at its new place, and deleted at the old one."""

from __future__ import annotations

import pytest

from onitu.core.model import Kind, Present
from onitu.core.node import Action
from onitu.errors import RevisionMismatch
from tests.unit.core.desk import Desk
from tests.unit.core.desk import file as text


def file(number: int) -> Present:
    """Returns a file with an id."""
    return Present(kind=Kind.FILE, revision=f"r{number}", native_id=f"n{number}", size=5, mtime_ns=number)


def has(desk: Desk, service: str) -> set[tuple[str, int]]:
    """Returns what a service is known to hold: path and node."""
    held = ((desk.tree.node(node.id).services.get(service), node) for node in desk.tree.known())
    return {(state.known.place.name, node.id) for state, node in held if state is not None and state.known is not None}


def test_a_rename_that_failed_half_way_is_no_end_of_a_swap() -> None:
    """D7, P2: what was left behind waits for the entry, the entry for a name, the name for what was left behind."""
    desk = Desk("A", "B")
    desk.do_without("B", "move_file", "move_directory")
    desk.show("A", "f", file(1))
    desk.show("A", "g", file(2))
    desk.bring()
    first, second = desk.node("f").id, desk.node("g").id
    desk.show("A", "aside", file(1), moved_from="f")
    (task,) = desk.plan("B").tasks
    assert (task.action, task.path) == (Action.WRITE, "aside")
    desk.show("A", "f", file(2), moved_from="g")
    desk.show("A", "g", file(1), moved_from="aside")
    desk.answer("B", task, RevisionMismatch("the source is not there any more"))

    desk.bring("B")

    assert has(desk, "B") == {("f", second), ("g", first)}
    assert not list(desk.tree.dirty("B", "f"))


def test_a_rename_that_failed_half_way_can_be_taken_back() -> None:
    """D7, P2: the entry is to be again where it was, and what was left behind there waits for it."""
    desk = Desk("A", "B")
    desk.do_without("B", "move_file", "move_directory")
    desk.show("A", "f", file(1))
    desk.bring()
    desk.show("A", "g", file(1), moved_from="f")
    (task,) = desk.plan("B").tasks
    desk.show("A", "f", file(1), moved_from="g")
    desk.answer("B", task, RevisionMismatch("the source is not there any more"))

    desk.bring("B")

    assert has(desk, "B") == {("f", desk.node("f").id)}
    assert not list(desk.tree.dirty("B", "f"))


def test_a_file_takes_the_name_of_the_directory_that_it_leaves() -> None:
    """D7, P2: the directory goes when it is empty, and it is empty when the file has left it."""
    desk = Desk("A", "B")
    desk.do_without("B", "move_file", "move_directory")
    desk.have("d", None)
    desk.show("A", "d/f", file(1))
    desk.bring()
    number = desk.node("d/f").id
    desk.show("A", "f", file(1), moved_from="d/f")
    desk.lose("A", "d")
    desk.show("A", "d", file(1), moved_from="f")

    desk.bring("B")

    assert has(desk, "B") == {("d", number)}
    assert not list(desk.tree.dirty("B", "f"))


@pytest.mark.parametrize("copied_first", [False, True], ids=["moved first", "copied first"])
def test_the_loser_of_a_conflict_is_kept_where_its_name_is_moved(*, copied_first: bool) -> None:
    """P1, D7: what lies at the old place is the only copy of what lost, and is deleted once that is held elsewhere."""
    desk = Desk("A", "B")
    desk.do_without("B", "move_file", "move_directory")
    desk.have("f", "base")
    desk.show("A", "f", text("one"))
    desk.show("B", "f", text("two"))
    desk.show("A", "g", text("one"), moved_from="f")

    desk.bring(*("A", "B") if copied_first else ("B", "A", "B"))

    assert sorted(content for content in desk.heads().values() if content is not None) == ["one", "two"]
    assert {name for name, _ in has(desk, "B")} == set(desk.heads()) == {name for name, _ in has(desk, "A")}
    assert not list(desk.tree.dirty("A", "f"))
    assert not list(desk.tree.dirty("B", "f"))
