"""Atomic directories: who has to stand aside, and what becomes of what it shows."""

from __future__ import annotations

import attrs
import pytest

from onitu.core.capability import Mode
from onitu.core.model import Absent
from onitu.core.names import plain_name
from onitu.core.patterns import DEFAULT_ATOMIC
from onitu.core.scope import Policy
from onitu.core.tree import Later, NeedDigest, Notice, Settle
from onitu.errors import OutcomeUnknown
from tests.unit.core.desk import DIRECTORY, Desk, file

COPY = "r/.git (conflict B 1970-01-01 "


def repository(*services: str, policy: Policy = Policy.KEEP_BOTH, preferred: tuple[str, ...] = ()) -> Desk:
    """Returns a desk where all services hold a repository."""
    desk = Desk(*services, policy=policy, preferred=preferred, atomic=DEFAULT_ATOMIC)
    for path in ("r", "r/.git", "r/.git/refs"):
        desk.have(path, None)
    for path in ("r/.git/index", "r/.git/HEAD", "r/.git/refs/main"):
        desk.have(path, f"old {path}")
    return desk


def under(desk: Desk, directory: str) -> dict[str, str | None]:
    """Returns what of the head tree lies in a directory whose path begins so."""
    heads = desk.heads()
    top = next(path for path in heads if path.startswith(directory) and path.count("/") == directory.count("/"))
    return {path.removeprefix(top + "/"): what for path, what in heads.items() if path.startswith(top + "/")}


OLD = {"refs": None, "index": "old r/.git/index", "HEAD": "old r/.git/HEAD", "refs/main": "old r/.git/refs/main"}


def test_changes_of_different_files_are_a_conflict() -> None:
    """P8, B11: two services have changed different files of a directory: neither gets a mix, and both are kept."""
    desk = repository("A", "B")
    desk.show("A", "r/.git/index", file("index of A"))
    desk.show("B", "r/.git/refs/main", file("main of B"))

    assert under(desk, "r/.git") == {**OLD, "index": "index of A"}
    assert under(desk, COPY) == {**OLD, "refs/main": "main of B"}
    notices = [effect for effect in desk.effects if isinstance(effect, Notice)]
    assert [(notice.event, notice.path) for notice in notices] == [("conflict_found", "r/.git")]
    done = desk.bring()
    assert done[0][0] == "A"
    moves = [what for service, action, what in done if service == "B" and action == "MOVE"]
    assert [what.partition(" -> ")[0] for what in moves] == ["r/.git"]
    assert desk.bring() == []


def test_what_comes_after_goes_the_same_way() -> None:
    """P8: once a directory has parted, later changes of both are taken in where they belong."""
    desk = repository("A", "B")
    desk.show("A", "r/.git/index", file("index of A"))
    desk.show("B", "r/.git/index", file("index of B"))
    desk.show("A", "r/.git/HEAD", file("HEAD of A"))
    desk.show("B", "r/.git/new", file("new of B"))
    desk.show("B", "r/.git/refs", Absent())
    desk.lose("B", "r/.git/HEAD")

    assert under(desk, "r/.git") == {**OLD, "index": "index of A", "HEAD": "HEAD of A"}
    expected = {"index": "index of B", "new": "new of B", "refs": None, "refs/main": "old r/.git/refs/main"}
    assert under(desk, COPY) == expected


def test_one_service_alone_never_parts() -> None:
    """P5: whatever one service does in a directory, and all others follow, is no conflict."""
    desk = repository("A", "B", "C")
    desk.show("B", "r/.git/index", file("index of B"))
    desk.show("B", "r/.git/new", file("new of B"))
    desk.lose("B", "r/.git/refs/main")
    desk.bring()
    desk.show("C", "r/.git/index", file("index of C"))

    assert under(desk, "r/.git") == {
        "refs": None,
        "index": "index of C",
        "HEAD": "old r/.git/HEAD",
        "new": "new of B",
    }
    assert not any(isinstance(effect, Notice) and effect.event == "conflict_found" for effect in desk.effects)


def test_files_elsewhere_are_merged_one_by_one() -> None:
    """P5: what lies beside an atomic directory, and a file of such a name, has nothing to do with it."""
    desk = repository("A", "B")
    desk.show("A", "r/.git/index", file("index of A"))
    desk.show("B", "r/readme", file("of B"))
    desk.show("B", "r/.hg", file("a file"))

    assert not any(isinstance(effect, Notice) for effect in desk.effects)


def test_equal_changes_are_no_conflict() -> None:
    """P6: the same content in the same file on both sides is adopted, whatever is still lacking."""
    desk = repository("A", "B")
    desk.show("A", "r/.git/index", file("both"))
    desk.show("A", "r/.git/HEAD", file("HEAD of A"))
    desk.show("B", "r/.git/index", file("both"))

    assert not any(isinstance(effect, Notice) for effect in desk.effects)
    assert under(desk, "r/.git") == {**OLD, "index": "both", "HEAD": "HEAD of A"}


def test_a_move_is_a_change() -> None:
    """P8: a file that is renamed in a directory that another service has changed is kept with all of it."""
    desk = repository("A", "B")
    desk.show("A", "r/.git/index", file("index of A"))
    desk.show("B", "r/.git/HEAD2", file("old r/.git/HEAD"), moved_from="r/.git/HEAD")

    assert under(desk, "r/.git") == {**OLD, "index": "index of A"}
    assert under(desk, COPY) == {("HEAD2" if key == "HEAD" else key): value for key, value in OLD.items()}


def test_a_change_beats_a_deletion() -> None:
    """P7: a file that is deleted in a directory that another service has changed comes back with the change."""
    desk = repository("A", "B")
    desk.show("A", "r/.git/index", file("index of A"))
    desk.lose("B", "r/.git/HEAD")

    assert under(desk, "r/.git") == {**OLD, "index": "index of A"}
    assert not any("conflict" in path for path in desk.heads())
    assert [what for service, _, what in desk.bring() if service == "B"] == ["r/.git/index", "r/.git/HEAD"]


def test_a_deletion_beside_another_change_goes_with_it() -> None:
    """P8: what a service has deleted is not in the directory that its other changes have made one of its own."""
    desk = repository("A", "B")
    desk.show("A", "r/.git/index", file("index of A"))
    desk.show("B", "r/.git/refs/main", file("main of B"))
    desk.lose("B", "r/.git/HEAD")

    assert under(desk, "r/.git") == {**OLD, "index": "index of A"}
    assert under(desk, COPY) == {"refs": None, "index": "old r/.git/index", "refs/main": "main of B"}


def test_what_nobody_else_has_had_is_just_deleted() -> None:
    """P5: a file that was there for a moment, and reached no other service, is no change of anything."""
    desk = repository("A", "B")
    desk.show("B", "r/.git/index.lock", file("lock"))
    desk.show("B", "r/.git/index.lock", Absent())
    desk.show("A", "r/.git/index", file("index of A"))
    desk.lose("B", "r/.git/index.lock")

    assert under(desk, "r/.git") == {**OLD, "index": "index of A"}


def test_what_leaves_stays_in_the_other_one() -> None:
    """P1, P8: a file moved out of a directory that another service has changed is an entry of its own."""
    desk = repository("A", "B")
    desk.show("A", "r/.git/index", file("index of A"))
    desk.show("B", "r/HEAD", file("old r/.git/HEAD"), moved_from="r/.git/HEAD")
    desk.show("B", "r/HEAD", file("old r/.git/HEAD"), fresh=True)

    assert under(desk, "r/.git") == {**OLD, "index": "index of A"}
    assert under(desk, COPY) == {key: value for key, value in OLD.items() if key != "HEAD"}
    assert desk.heads()["r/HEAD"] == "old r/.git/HEAD"


@pytest.mark.parametrize("top", ["r", "r/.git"])
def test_a_deleted_directory_comes_back_whole(top: str) -> None:
    """P7: the change of one service beats the deletion of the whole directory by another one."""
    desk = repository("A", "B")
    desk.show("A", "r/.git/index", file("index of A"))
    desk.lose("B", top)

    assert under(desk, "r/.git") == {**OLD, "index": "index of A"}
    assert "deletion_overruled" in [effect.event for effect in desk.effects if isinstance(effect, Notice)]
    brought = [what for service, _, what in desk.bring() if service == "B"]
    assert brought[-5:] == [f"r/.git{end}" for end in ("", "/refs", "/index", "/HEAD", "/refs/main")]


def test_a_change_brings_a_deleted_directory_back_whole() -> None:
    """P7: the same where the deletion is heard first: all that the other one shows lives on, under its name."""
    desk = repository("A", "B")
    desk.lose("B", "r/.git")
    desk.show("A", "r/.git/index", file("index of A"))

    assert desk.heads()["r/.git"] is None
    assert under(desk, "r/.git") == {**OLD, "index": "index of A"}
    assert not any("conflict" in path for path in desk.heads())


def test_the_policy_says_who_keeps_the_name() -> None:
    """B11: with `prefer`, the directory of the preferred service keeps the name, whoever is heard first."""
    desk = repository("A", "B", policy=Policy.PREFER, preferred=("B",))
    desk.show("A", "r/.git/index", file("index of A"))
    desk.show("B", "r/.git/HEAD", file("HEAD of B"))

    assert under(desk, "r/.git") == {**OLD, "HEAD": "HEAD of B"}
    assert under(desk, "r/.git (conflict A") == {**OLD, "index": "index of A"}
    assert ("B", "MOVE") not in [(service, action) for service, action, _ in desk.bring()]
    assert desk.bring() == []


def test_nobody_mixes_in_a_copy_either() -> None:
    """P8: a copy of an atomic directory is one, under whatever name."""
    desk = repository("A", "B")
    desk.show("A", "r/.git/index", file("index of A"))
    desk.show("B", "r/.git/index", file("index of B"))
    desk.bring()
    copy = next(path for path in desk.heads() if path.startswith(COPY))
    desk.show("A", f"{copy}/HEAD", file("A in the copy"))
    desk.show("B", f"{copy}/new", file("B in the copy"))

    found = {path for path, what in desk.heads().items() if what is None and plain_name(path) == "r/.git"}
    assert len(found) == 3


def test_a_change_waits_for_what_is_under_way() -> None:
    """P8, P11: while a write of ours is unanswered nobody knows what lies there: the change waits, and so do writes."""
    desk = repository("A", "B")
    desk.show("A", "r/.git/index", file("index of A"))
    task = desk.plan("B").tasks[0]
    desk.effects.clear()
    desk.show("B", "r/.git/HEAD", file("HEAD of B"))
    desk.show("B", "r/.git/new", file("new of B"))
    desk.show("A", "r/.git/refs/main", file("main of A"))

    assert [type(effect) for effect in desk.effects] == [Settle, Settle, Later]
    assert desk.plan("B").tasks == []
    desk.answer("B", task)
    desk.standstill.clear()
    desk.settle("B")
    desk.show("B", "r/.git/new", file("new of B"), fresh=True)
    assert under(desk, "r/.git") == {**OLD, "index": "index of A", "refs/main": "main of A"}
    assert under(desk, COPY) == {**OLD, "index": "index of A", "HEAD": "HEAD of B", "new": "new of B"}


def test_an_unknown_outcome_of_our_own_is_found_out() -> None:
    """P13: what may be gone by our own deletion is not taken for somebody's change, and keeps nobody waiting."""
    desk = repository("A", "B")
    desk.lose("A", "r/.git/refs/main")
    task = desk.plan("B").tasks[0]
    desk.answer("B", task, OutcomeUnknown("lost"))
    desk.lose("B", "r/.git/refs/main")

    assert "refs/main" not in under(desk, "r/.git")
    assert desk.standstill == set()


def test_a_service_that_is_only_read_parts_as_well() -> None:
    """P8, B7: what cannot be brought to a service makes it no less behind; what it shows is kept as a copy."""
    desk = Desk("A", "B", modes={"B": Mode.READ}, atomic=DEFAULT_ATOMIC)
    for service in ("A", "B"):
        desk.show(service, ".git", DIRECTORY)
        desk.show(service, ".git/index", file("old"))
    desk.show("A", ".git/HEAD", file("HEAD of A"))
    desk.show("B", ".git/index", file("index of B"))

    assert under(desk, ".git") == {"index": "old", "HEAD": "HEAD of A"}
    assert under(desk, ".git (conflict B") == {"index": "index of B"}


def test_first_contact_of_different_directories() -> None:
    """P21, P8: a service that joins with another state of a directory adds it as a copy, whole."""
    desk = repository("A", "B")
    desk.set_members({**desk.scope.members, "C": attrs.evolve(desk.scope.members["A"])})
    desk.set_up()
    desk.show("C", "r", DIRECTORY)
    desk.show("C", "r/.git", DIRECTORY)
    desk.show("C", "r/.git/index", file("old r/.git/index"))
    desk.show("C", "r/.git/own", file("of C"))

    assert under(desk, "r/.git") == OLD
    assert under(desk, "r/.git (conflict C") == {"index": "old r/.git/index", "own": "of C"}


def test_a_conflict_of_one_file_waits_for_its_digest() -> None:
    """P8: contents of one size are compared before anything parts."""
    desk = repository("A", "B")
    desk.show("A", "r/.git/index", file("index of A"))
    desk.effects.clear()
    desk.show("B", "r/.git/index", file("index of B", digest=False))

    assert [type(effect) for effect in desk.effects] == [NeedDigest]
    assert not any("conflict" in path for path in desk.heads())


def test_a_lock_that_is_gone_again_is_no_change() -> None:
    """P5: what the only service that had it misses makes nobody lack anything."""
    desk = repository("A", "B")
    desk.show("A", "r/.git/index.lock", file("lock"))
    desk.show("A", "r/.git/index.lock", Absent())
    desk.show("B", "r/.git/index", file("index of B"))

    assert not any(isinstance(effect, Notice) for effect in desk.effects)
