"""The table of what a service shows against what became of the head meanwhile (PROPERTIES §2)."""

from __future__ import annotations

import attrs
import pytest

from onitu.core.model import Absent, Inadmissible, State, Unknown
from tests.unit.core.desk import DIRECTORY, Desk, file

_COPY = "f (conflict B 1970-01-01 "


@attrs.frozen(kw_only=True)
class Case:
    """One cell.

    Attributes:
        name: Row and column.
        head: What became of the head since B held it: "same", "changed", "deleted" or "none" (B never held it).
        shows: What B shows now, None for what it held.
        heads: The head tree afterwards, with "copy" for the conflict copy.
        done: What is then done on B.
    """

    name: str
    head: str
    shows: State | None
    heads: dict[str, str | None]
    done: list[tuple[str, str]]


NOTHING: list[tuple[str, str]] = []
SOCKET = Inadmissible("a socket")

CASES = [
    Case(name="same, same", head="same", shows=None, heads={"f": "old"}, done=NOTHING),
    Case(name="same, changed", head="changed", shows=None, heads={"f": "new"}, done=[("WRITE", "f")]),
    Case(name="same, deleted", head="deleted", shows=None, heads={}, done=[("DELETE", "f")]),
    Case(name="changed, same", head="same", shows=file("mine"), heads={"f": "mine"}, done=NOTHING),
    Case(name="changed alike", head="changed", shows=file("new", "b1"), heads={"f": "new"}, done=NOTHING),
    Case(
        name="changed, changed",
        head="changed",
        shows=file("mine"),
        heads={"f": "new", "copy": "mine"},
        done=[("WRITE", "copy"), ("WRITE", "f")],
    ),
    Case(name="changed, deleted", head="deleted", shows=file("mine"), heads={"f": "mine"}, done=NOTHING),
    Case(name="deleted, same", head="same", shows=Absent(), heads={}, done=NOTHING),
    Case(name="deleted, changed", head="changed", shows=Absent(), heads={"f": "new"}, done=[("WRITE", "f")]),
    Case(name="deleted, deleted", head="deleted", shows=Absent(), heads={}, done=NOTHING),
    Case(name="absent, no base", head="none", shows=Absent(), heads={"f": "old"}, done=[("WRITE", "f")]),
    Case(name="present alike, no base", head="none", shows=file("old", "b1"), heads={"f": "old"}, done=NOTHING),
    Case(
        name="present, no base",
        head="none",
        shows=file("mine"),
        heads={"f": "old", "copy": "mine"},
        done=[("WRITE", "copy"), ("WRITE", "f")],
    ),
    Case(name="unknown, same", head="same", shows=Unknown("timeout"), heads={"f": "old"}, done=NOTHING),
    Case(name="unknown, changed", head="changed", shows=Unknown("timeout"), heads={"f": "new"}, done=[("WRITE", "f")]),
    Case(name="became a directory, same", head="same", shows=DIRECTORY, heads={"f": None}, done=NOTHING),
    Case(name="became a directory, deleted", head="deleted", shows=DIRECTORY, heads={"f": None}, done=NOTHING),
    Case(
        name="directory, no base",
        head="none",
        shows=DIRECTORY,
        heads={"f": None, "A copy": "old"},
        done=[("WRITE", "A copy")],
    ),
    Case(name="inadmissible, same", head="same", shows=SOCKET, heads={"f": "old"}, done=NOTHING),
    Case(name="inadmissible, changed", head="changed", shows=SOCKET, heads={"f": "new"}, done=NOTHING),
    Case(name="inadmissible, deleted", head="deleted", shows=SOCKET, heads={}, done=NOTHING),
    Case(name="touched, same", head="same", shows=file("old", "b1"), heads={"f": "old"}, done=NOTHING),
    Case(name="touched, changed", head="changed", shows=file("old", "b1"), heads={"f": "new"}, done=[("WRITE", "f")]),
    Case(name="touched, deleted", head="deleted", shows=file("old", "b1"), heads={}, done=[("DELETE", "f")]),
]


def prepare(head: str) -> Desk:
    """Returns a folder whose head has become something since B held it."""
    desk = Desk("A", "B")
    if head == "none":
        desk.show("A", "f", file("old"))
        return desk
    desk.have("f", "old")
    if head == "changed":
        desk.show("A", "f", file("new"))
    elif head == "deleted":
        desk.lose("A", "f")
    return desk


def plain(path: str) -> str:
    """Returns a path with a conflict name shortened."""
    if path.startswith(_COPY):
        return "copy"
    return "A copy" if path.startswith("f (conflict A") else path


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_cell(case: Case) -> None:
    """Every cell yields the head tree and the mutations of the table, and leaves nothing to do."""
    desk = prepare(case.head)

    if isinstance(case.shows, Absent) and case.head != "none":
        desk.lose("B", "f")
    elif case.shows is not None:
        desk.show("B", "f", case.shows)
    heads = {plain(path): revision for path, revision in desk.heads().items()}
    done = [(action, plain(path)) for _, action, path in desk.bring("B")]

    assert case.heads == heads
    assert case.done == done
    assert desk.bring("B") == []


def test_an_absence_is_only_missed() -> None:
    """A live absence, or one of a listing, decides nothing before it is settled."""
    desk = prepare("same")

    desk.show("B", "f", Absent())

    assert desk.heads() == {"f": "old"}
    assert desk.bring() == []


def test_directory_became_file_with_an_unseen_edit_below() -> None:
    """A directory that became a file keeps the children that were edited elsewhere, and the file's name is its own."""
    desk = Desk("A", "B")
    desk.have("d", None)
    desk.have("d/f", "old")
    desk.show("A", "d/f", file("new"))

    desk.show("B", "d", file("mine"))
    heads = desk.heads()
    desk.bring()

    assert heads["d"] is None
    assert heads["d/f"] == "new"
    assert sorted(revision for revision in heads.values() if revision) == ["mine", "new"]


def test_directory_became_file() -> None:
    """A directory that became a file is replaced whole where nothing below it was edited elsewhere."""
    desk = Desk("A", "B")
    desk.have("d", None)
    desk.have("d/f", "old")

    desk.show("B", "d", file("mine"))

    assert desk.heads() == {"d": "mine"}
    assert desk.bring() == [("A", "DELETE", "d/f"), ("A", "DELETE", "d"), ("A", "WRITE", "d")]


def test_what_is_ignored_keeps_its_directory() -> None:
    """An entry that cannot be synchronised is never removed, and neither is the directory it lies in."""
    desk = Desk("A", "B")
    desk.have("d", None)
    desk.have("d/f", "old")
    desk.show("B", "d/f", SOCKET)

    desk.lose("A", "d")

    assert desk.heads() == {}
    assert desk.bring() == []
