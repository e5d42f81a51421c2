"""Settling conflicts (PROPERTIES P1, P8)."""

from __future__ import annotations

import pytest

from onitu.core.names import CONFLICT_MARK
from onitu.core.resolving import Conflict, conflict_of, conflicts, keep_copy, keep_original
from tests.unit.core.desk import Desk, file


def _in_conflict() -> tuple[Desk, Conflict]:
    """Returns a desk on which `d/f` is "mine" and its copy "yours", everywhere."""
    desk = Desk("A", "B", "C")
    desk.have("d", None)
    desk.have("d/f", "old")
    desk.show("A", "d/f", file("mine"))
    desk.show("B", "d/f", file("yours"))
    for _ in range(3):
        desk.bring()
    (found,) = conflicts(desk.work, desk.tree.known())
    desk.effects.clear()
    return desk, found


def test_a_conflict_says_where_both_are_from() -> None:
    """P8: the copy, the file it is of, and the services both contents are from."""
    desk, found = _in_conflict()

    assert (found.path, found.kept, found.lost) == ("d/f", "A", "B")
    assert desk.heads() == {"d": None, "d/f": "mine", found.copy_path: "yours"}
    assert CONFLICT_MARK in found.copy_path


@pytest.mark.parametrize(
    ("keep", "content", "done"), [(keep_original, "mine", {"DELETE"}), (keep_copy, "yours", {"DELETE", "MOVE"})]
)
def test_one_content_keeps_the_name(keep: object, content: str, done: set[str]) -> None:
    """P8, P1: the other one is deleted on every service, which keeps it in its trash; no bytes travel."""
    desk, found = _in_conflict()
    assert callable(keep)
    keep(desk.work, found)
    brought = desk.bring()

    assert desk.heads() == {"d": None, "d/f": content}
    assert {action for _, action, _ in brought} == done
    assert {service for service, _, _ in brought} == {"A", "B", "C"}
    assert list(conflicts(desk.work, desk.tree.known())) == []
    assert not desk.bring()


@pytest.mark.parametrize("keep", [keep_original, keep_copy])
def test_an_edit_meanwhile_lives_on(keep: object) -> None:
    """P7, P1: what is edited while it is being settled is not lost, whichever of the two it is."""
    desk, found = _in_conflict()
    assert callable(keep)
    keep(desk.work, found)
    desk.show("C", found.copy_path, file("edited copy"))
    desk.show("C", found.path, file("edited original"))
    for _ in range(4):
        desk.bring()

    assert {"edited copy", "edited original"} <= set(desk.heads().values())


def test_an_edited_copy_is_still_one() -> None:
    """P8: editing a copy settles nothing; renaming it does."""
    desk, found = _in_conflict()
    desk.show("A", found.copy_path, file("edited"))
    desk.bring()
    assert conflict_of(desk.work, desk.node(found.copy_path)) == found
    desk.show("A", "d/f 2", file("edited"), moved_from=found.copy_path)

    assert list(conflicts(desk.work, desk.tree.known())) == []


def test_a_file_of_such_a_name_is_no_copy() -> None:
    """P8: a name alone makes no conflict, and neither does a copy whose file is gone."""
    desk, found = _in_conflict()
    desk.have(f"a{CONFLICT_MARK}b", "a user's own")
    desk.lose("A", found.path)

    assert list(conflicts(desk.work, desk.tree.known())) == []


@pytest.mark.parametrize(("keep", "content"), [(keep_original, "mine"), (keep_copy, "yours")])
def test_an_atomic_directory_is_settled_whole(keep: object, content: str) -> None:
    """P8, B11: of two states of one directory, one keeps the name, and the other is deleted with all in it."""
    desk = Desk("A", "B", atomic=("u/",))
    desk.have("u", None)
    desk.have("u/x", "old x")
    desk.have("u/y", "old y")
    desk.show("A", "u/x", file("mine"))
    desk.show("B", "u/y", file("yours"))
    for _ in range(3):
        desk.bring()
    (found,) = conflicts(desk.work, desk.tree.known())
    assert (found.path, found.kept, found.lost) == ("u", "A", "B")
    assert callable(keep)
    keep(desk.work, found)
    desk.bring()

    expected = {"u/x": "mine", "u/y": "old y"} if content == "mine" else {"u/x": "old x", "u/y": "yours"}
    assert desk.heads() == {"u": None, **expected}
    assert not desk.bring()
    assert list(conflicts(desk.work, desk.tree.known())) == []
