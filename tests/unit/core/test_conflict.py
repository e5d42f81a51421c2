"""Both sides changed: who keeps the name, and where the other one goes."""

from __future__ import annotations

import attrs
import pytest

from onitu.core.capability import Mode
from onitu.core.conflict import shown_wins
from onitu.core.model import Absent, Kind, Present
from onitu.core.node import Version
from onitu.core.scope import Member, Policy, Scope
from onitu.core.tree import Notice
from tests.unit.core.desk import Desk, file


def diverged(desk: Desk, *contents: str) -> None:
    """Has every service show a content of its own for one file, that all had alike before."""
    desk.have("f.txt", "old")
    for service, content in zip(desk.scope.members, contents, strict=True):
        desk.show(service, "f.txt", file(content))


def test_the_head_stays_by_default() -> None:
    """The content that came second goes to a conflict name, on all services; the head keeps its own."""
    desk = Desk("A", "B", "C")
    diverged(desk, "one", "two", "old")
    desk.bring()

    copy = next(path for path in desk.heads() if path != "f.txt")

    assert copy.startswith("f (conflict B 1970-01-01 ")
    assert desk.heads() == {"f.txt": "one", copy: "two"}
    assert all(state.known is not None for state in desk.node(copy).services.values())


def test_preferred_service_keeps_the_name() -> None:
    """With `prefer`, the preferred service's content keeps the name whenever it arrives."""
    desk = Desk("A", "B", policy=Policy.PREFER, preferred=("B", "A"))
    diverged(desk, "one", "two")

    heads = desk.heads()

    assert heads["f.txt"] == "two"
    assert sorted(revision or "" for revision in heads.values()) == ["one", "two"]


def test_the_same_content_lost_twice_is_kept_once() -> None:
    """Two services that lose the same content share one copy."""
    desk = Desk("A", "B", "C")

    diverged(desk, "one", "two", "two")

    assert len(desk.heads()) == 2


def test_an_edited_copy_is_never_reused() -> None:
    """A copy that a user has edited is left alone; the next loser takes the next free number."""
    desk = Desk("A", "B")
    diverged(desk, "one", "two")
    desk.bring()
    copy = next(path for path in desk.heads() if path != "f.txt")
    desk.show("A", copy, file("edited"))
    desk.bring()
    desk.show("A", "f.txt", file("six"))
    desk.show("B", "f.txt", file("two"), fresh=True)

    assert sorted(revision or "" for revision in desk.heads().values()) == ["edited", "six", "two"]
    assert any(path.endswith(" 2.txt") for path in desk.heads())


def test_a_copy_that_is_missed_is_not_reused() -> None:
    """P1, P8: a copy may just have been moved away or deleted: what loses again gets one of its own."""
    desk = Desk("A", "B")
    diverged(desk, "one", "two")
    desk.bring()
    copy = next(path for path in desk.heads() if path != "f.txt")
    desk.show("A", copy, Absent())

    desk.show("A", "f.txt", file("six"))
    desk.show("B", "f.txt", file("two"), fresh=True)

    assert sorted(revision or "" for revision in desk.heads().values()) == ["six", "two", "two"]


def test_the_loser_is_replaced_only_once_its_copy_is_held() -> None:
    """On the service that lost, the copy is written and durable before the name is given to the winner."""
    desk = Desk("A", "B")
    diverged(desk, "one", "two")
    first = desk.plan("B").tasks

    assert [task.path.startswith("f (conflict") for task in first] == [True]
    desk.answer("B", first[0], durable=False)
    plan = desk.plan("B")
    assert plan.tasks == []
    assert plan.needs_sync


def test_an_edit_and_an_attribute_are_no_conflict() -> None:
    """New bytes here and an executable bit there both hold, in either order."""
    for order in ("AB", "BA"):
        desk = Desk("A", "B")
        desk.show("A", "f", file("old", executable=False))
        desk.bring()
        shown = {"A": file("new", executable=False), "B": file("old", "old+x", executable=True)}
        for service in order:
            desk.show(service, "f", shown[service])
        desk.bring()

        assert set(desk.heads()) == {"f"}
        assert desk.node("f").version.executable
        assert desk.node("f").version.size == 3
        assert desk.node("f").version.digests == file("new").digests


def test_a_conflict_is_told() -> None:
    """A person reads which file it was and where the other content went."""
    desk = Desk("A", "B")

    diverged(desk, "one", "two")

    notices = [effect for effect in desk.effects if isinstance(effect, Notice)]
    assert [(notice.event, notice.service, notice.path) for notice in notices] == [("conflict_found", "B", "f.txt")]
    assert notices[0].fields["copy"] in desk.heads()


@pytest.mark.parametrize(
    ("shown", "held", "expected"),
    [
        (20, 10, True),
        (10, 20, False),
        (10**20, 99, True),
        (10**20, 10**21, False),
        (10**21, 10**20, False),
        (None, 5, False),
    ],
)
def test_newest_is_decided_from_the_data(shown: int | None, held: int, expected: bool) -> None:
    """A modification time in the future counts as now; equal times are decided by digest."""
    member = Member(mode=Mode.READ_WRITE, policy=Policy.NEWEST)
    scope = Scope(folder="f", root=1, members={"B": member})
    entry = Present(kind=Kind.FILE, revision="r", mtime_ns=shown, digests={"blake3": b"a"})
    head = Version(number=1, kind=Kind.FILE, size=0, mtime_ns=held, origin="A", revision="r", digests={"blake3": b"b"})

    assert expected is shown_wins(scope, "B", entry, head, now_ns=100)


def test_a_copy_moved_over_the_original_is_not_lost() -> None:
    """Regression: a copy moved over the name it had lost was kept by the very copy that was about to be deleted."""
    for missed_first in (True, False):
        desk = Desk("A", "B")
        diverged(desk, "one", "two")
        desk.bring()
        copy = next(path for path in desk.heads() if path != "f.txt")
        desk.show("A", "f.txt", file("edited"))
        if missed_first:
            desk.show("B", copy, Absent())
        desk.show("B", "f.txt", file("two", "moved"), fresh=True)
        desk.lose("B", copy)
        desk.bring()

        assert sorted({revision or "" for revision in desk.heads().values()} & {"edited", "two", "moved"}) in (
            ["edited", "moved"],
            ["edited", "two"],
        )


def test_a_copy_that_is_missed_holds_nothing() -> None:
    """P1: a copy was moved over the name it had lost, and counted as held there until its absence was decided."""
    desk = Desk("A", "B")
    diverged(desk, "one", "two")
    desk.bring()
    copy = next(path for path in desk.heads() if path != "f.txt")
    desk.show("A", "f.txt", file("edited"))
    desk.show("B", "f.txt", file("two", "moved"), fresh=True)
    desk.show("B", copy, Absent())

    assert "f.txt" not in [task.path for task in desk.plan("B").tasks]


def test_a_file_that_keeps_what_lost_is_not_forgotten_before_that_is_replaced() -> None:
    """P1: a copy of an earlier conflict kept what lost in another one, and was deleted meanwhile."""
    desk = Desk("A", "B")
    diverged(desk, "one", "two")
    desk.bring()
    copy = next(path for path in desk.heads() if path != "f.txt")
    desk.lose("A", "f.txt")
    desk.bring()
    desk.have("f.txt", "old")
    desk.show("A", "f.txt", file("six"))
    desk.show("B", "f.txt", file("two"))
    desk.lose("A", copy)

    desk.bring()

    assert sorted(revision or "" for revision in desk.heads().values()) == ["six", "two"]


def test_a_copy_whose_content_was_given_up_is_forgotten() -> None:
    """Regression: what was deleted before its copy was made anywhere waited for ever for a source."""
    desk = Desk("A", "B", "C")
    diverged(desk, "one", "two", "old")
    desk.lose("B", "f.txt")

    desk.bring()

    assert desk.heads() == {"f.txt": "one"}
    assert desk.bring() == []


def test_the_word_of_the_service_holds() -> None:
    """B6: the most specific policy: that of the service on which the conflict is found."""
    desk = Desk("A", "B")
    members = dict(desk.scope.members)
    members["B"] = attrs.evolve(members["B"], policy=Policy.PREFER, preferred=("B",))
    desk.set_members(members)

    diverged(desk, "one", "two")

    assert desk.heads()["f.txt"] == "two"
