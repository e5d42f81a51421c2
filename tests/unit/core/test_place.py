"""Where entries are: moves are recognised, merged with moves made elsewhere, and never drop anything."""

from __future__ import annotations

import attrs
import msgspec
import pytest

from onitu.core.absence import settle_absence
from onitu.core.answers import answered
from onitu.core.capability import Capabilities, Mode, NameComparison
from onitu.core.model import Absent, Kind, Observation, Present
from onitu.core.node import Gone, Place
from onitu.core.reconcile import Probe, decide, miss, observe
from onitu.core.routes import Routes
from onitu.core.scope import Member
from onitu.core.tree import NeedDigest, Recheck, Relist
from onitu.errors import NotFound, OutcomeUnknown
from tests.unit.core.desk import DIRECTORY, Desk, file


def inode(content: str, number: int, *, mtime: int = 1, revision: str = "") -> Present:
    """Returns a file with an id and no digest, as a local disk shows it."""
    return Present(
        kind=Kind.FILE,
        revision=revision or f"{number}:{mtime}",
        size=len(content),
        mtime_ns=mtime,
        native_id=f"n{number}",
    )


def folder(number: int) -> Present:
    """Returns a directory with an id."""
    return Present(kind=Kind.DIRECTORY, revision=f"d{number}", native_id=f"n{number}")


def test_an_id_elsewhere_is_a_move_once_the_old_place_is_empty() -> None:
    """The old place is looked at before an id is believed."""
    desk = Desk("A", "B")
    desk.show("A", "f", inode("x", 1))
    node = desk.node("f").id

    probe = desk.show("A", "g", inode("x", 1))
    assert probe == Probe("f")
    desk.show("A", "g", inode("x", 1), probed={"f": Absent()})

    assert desk.node("g").id == node


def test_a_hard_link_is_two_files() -> None:
    """The same id still at the old place is no move."""
    desk = Desk("A", "B")
    desk.show("A", "f", inode("x", 1))

    desk.show("A", "g", inode("x", 1), probed={"f": inode("x", 1)})

    assert set(desk.heads()) == {"f", "g"}


def test_a_renamed_hard_link_takes_no_other_name_along() -> None:
    """Regression, P18: another name of the same file was taken for the one that was renamed."""
    desk = Desk("A", "B")
    desk.show("A", "f", inode("x", 1))
    desk.show("A", "g", inode("x", 1), probed={"f": inode("x", 1)})
    nodes = [desk.node("f").id, desk.node("g").id]

    # Renaming changes the revision at both names.
    desk.show("A", "g", inode("x", 1, revision="n"), probed={"f": Absent()})
    desk.show("A", "h", inode("x", 1, revision="n"), probed={"f": Absent(), "g": inode("x", 1, revision="n")})

    assert [desk.node("h").id, desk.node("g").id] == nodes


def test_a_move_that_was_seen_before_its_old_place_was_missed() -> None:
    """Regression, P18: the new place was looked at before the old one, so the entry was seen nowhere."""
    desk = Desk("A", "B")
    desk.show("A", "f", inode("x", 1), seq=1)
    node = desk.node("f").id
    desk.show("A", "f", Absent(), seq=9, fresh=True)
    desk.show("A", "g", inode("x", 1), seq=5)
    assert Recheck("A", "g") in desk.effects

    desk.show("A", "g", inode("x", 1), seq=10, fresh=True)

    assert desk.node("g").id == node


def test_an_edit_through_one_name_has_the_others_looked_at() -> None:
    """F6: a file is written through one of its names; the others have to be looked at, once."""
    desk = Desk("A", "B")
    desk.show("A", "f", inode("x", 1))
    desk.show("A", "g", inode("x", 1), probed={"f": inode("x", 1)})
    desk.effects.clear()

    desk.show("A", "f", inode("y", 1, mtime=2))
    assert Recheck("A", "g") in desk.effects
    desk.effects.clear()
    desk.show("A", "g", inode("y", 1, mtime=2))

    assert Recheck("A", "f") not in desk.effects


def test_a_reused_inode_is_another_file() -> None:
    """File systems give ids out again: size and modification time have to agree too."""
    desk = Desk("A", "B")
    desk.show("A", "f", inode("x", 1))
    node = desk.node("f").id

    assert desk.show("A", "g", inode("y", 1, mtime=2)) is None

    assert desk.node("g").id != node


def test_an_edit_that_waits_for_its_digest_is_no_mere_rename() -> None:
    """Regression: an edit of equal size, renamed before its digest was known, was taken for the old content."""
    desk = Desk("A", "B")
    desk.have("f", "one")
    desk.show("A", "f", inode("two", 1, mtime=5))
    desk.effects.clear()

    desk.show("A", "g", inode("two", 1, mtime=5, revision="renamed"), moved_from="f")
    assert NeedDigest("A", desk.node("g").id) in desk.effects
    desk.show("A", "g", file("two", "renamed"), fresh=True)

    assert desk.heads() == {"g": "renamed"}


def test_a_name_that_was_left_is_free_though_the_digest_is_missing() -> None:
    """Regression: what was made under a name just left got a conflict name while the digest was awaited."""
    desk = Desk("A", "B")
    desk.have("f", "one")

    desk.show("A", "g", file("one", "a2", digest=False), moved_from="f")
    desk.show("A", "f", file("new"))

    assert set(desk.heads()) == {"f", "g"}


def test_moved_here_and_edited_there() -> None:
    """Placement and content are merged apart: both hold."""
    desk = Desk("A", "B")
    desk.have("f", "old")
    desk.show("A", "g", file("old"), moved_from="f")
    desk.show("B", "f", file("new"))

    assert desk.heads() == {"g": "new"}


def test_the_first_move_wins() -> None:
    """Whoever moved the same entry elsewhere follows; there is one entry."""
    desk = Desk("A", "B")
    desk.have("f", "x")
    desk.show("A", "g", file("x"), moved_from="f")
    desk.show("B", "h", file("x"), moved_from="f")

    assert desk.heads() == {"g": "x"}
    assert desk.bring() == [("B", "MOVE", "h -> g")]


def test_moves_into_each_other_keep_both() -> None:
    """A into B here and B into A there: the first holds, the second follows, nothing is dropped."""
    desk = Desk("A", "B")
    desk.have("a", None)
    desk.have("b", None)
    desk.have("a/f", "x")
    desk.show("A", "b/a", DIRECTORY, moved_from="a")
    desk.show("B", "a/b", DIRECTORY, moved_from="b")

    assert desk.heads() == {"b": None, "b/a": None, "b/a/f": "x"}


def test_a_move_beats_a_delete() -> None:
    """A directory moved here and deleted there lives on, with all that lies in it, in either order."""
    for moved_first in (True, False):
        desk = Desk("A", "B")
        desk.have("d", None)
        desk.have("d/f", "x")
        if moved_first:
            desk.show("A", "e", DIRECTORY, moved_from="d")
            desk.lose("B", "d")
        else:
            desk.lose("B", "d")
            desk.show("A", "e", DIRECTORY, moved_from="d")

        assert desk.heads() == {"e": None, "e/f": "x"}


def test_a_deletion_of_the_only_content_is_one() -> None:
    """Regression: what was edited and deleted here, and moved there, lived on with a content that nobody had."""
    desk = Desk("A", "B", "C")
    desk.have("f", "old")
    desk.show("A", "g", file("old"), moved_from="f")
    desk.lose("A", "g")
    desk.show("B", "f", file("new"))
    desk.lose("B", "f")

    assert desk.heads() == {}
    assert desk.bring() == [("C", "DELETE", "f")]


def test_a_move_revives_what_can_be_had() -> None:
    """Regression: a move revived an entry with the last head, which had been edited and deleted elsewhere."""
    desk = Desk("A", "B")
    desk.have("f", "old")
    desk.show("A", "f", file("new"))
    desk.lose("A", "f")
    desk.show("B", "g", file("old"), moved_from="f")

    assert desk.heads() == {"g": "old"}
    assert desk.bring() == [("A", "WRITE", "g")]


def test_a_swap_of_a_file_and_a_directory_without_ids() -> None:
    """Regression: the newcomer got a conflict name, because whoever left it waited for one that was missed."""
    desk = Desk("A", "B")
    desk.have("d", None)
    desk.have("f", "x")

    desk.show("A", "swap", Absent())
    desk.show("A", "f", DIRECTORY, moved_from="d")
    desk.show("A", "d", file("x"), moved_from="swap")

    assert desk.heads() == {"d": "x", "f": None}


def test_a_directory_goes_though_a_child_waits_to_leave_it() -> None:
    """Regression: a child moved onto a missed entry's name kept the directory it had left alive."""
    desk = Desk("A", "B")
    for path in ("a", "b"):
        desk.have(path, None)
    desk.show("A", "a", folder(1))
    desk.show("A", "b", folder(2))
    desk.show("A", "a/c", folder(3))
    desk.bring()

    desk.show("A", "b", folder(3), probed={"a/c": Absent()})
    desk.show("A", "a", file("now a file"))

    assert desk.heads() == {"a": "now a file", "b": None}


def test_a_file_is_no_directory() -> None:
    """Regression: what lies in a directory was put below the file that had its name before."""
    desk = Desk("A", "B")
    desk.have("f", "x")

    desk.show("A", "f/g", file("y"))

    assert desk.heads() == {"f": "x"}
    assert Recheck("A", "f") in desk.effects


def test_a_creation_of_unknown_outcome_that_was_renamed() -> None:
    """A file that may have been written and is not there is written again; nothing waits for ever."""
    desk = Desk("A", "B")
    desk.show("A", "f", file("x"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("torn"))

    desk.show("B", "f", file("x", "b1"), fresh=True)

    assert desk.node("f").services["B"].intent is None
    assert desk.bring() == []


def test_a_move_of_unknown_outcome_without_ids() -> None:
    """Regression: a move that had landed unrecorded was taken for a deletion and a new file."""
    desk = Desk("A", "B")
    desk.have("f", "x")
    desk.show("A", "g", file("x"), moved_from="f")
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("torn"))

    assert desk.show("B", "g", file("x", "b2")) == Probe("f")
    desk.show("B", "g", file("x", "b2"), probed={"f": Absent()})

    assert desk.heads() == {"g": "x"}
    assert desk.bring() == []


def test_an_old_listing_does_not_bring_back_what_we_took_away() -> None:
    """Regression: an observation older than our own deletion made a new file of it."""
    desk = Desk("A", "B")
    desk.have("f", "x")
    desk.lose("A", "f")
    (task,) = desk.plan("B").tasks
    work = desk.work

    answered(work, "B", task.node, Observation("f", Absent(), 900), durable=True)
    observe(work, "B", Observation("f", file("x"), 800))
    assert desk.heads() == {}
    observe(work, "B", Observation("f", file("x"), 1_000))
    assert desk.heads() == {"f": "x"}


def test_what_was_read_at_a_place_before_it_was_left_is_nothing_there() -> None:
    """P1: a digest asked for under a file's old name came after it was renamed, and was taken for a hard link."""
    desk = Desk("A", "B")
    desk.show("A", "f", inode("x", 1), seq=10)
    desk.show("A", "g", inode("x", 1, revision="renamed"), seq=20, probed={"f": Absent()})
    desk.effects.clear()

    asked = desk.show("A", "f", inode("x", 1), seq=10, fresh=True, probed={"g": inode("x", 1, revision="renamed")})

    assert asked is None
    assert list(desk.heads()) == ["g"]
    assert Recheck("A", "f") in desk.effects


def test_a_deletion_while_a_mutation_is_under_way_is_not_forgotten() -> None:
    """Regression: what a user deleted between our write and its answer was believed to be there."""
    desk = Desk("A", "B")
    desk.have("f", "old")
    desk.show("A", "f", file("new"))
    (task,) = desk.plan("B").tasks
    desk.in_flight.add(("B", task.node))
    work = desk.work
    miss(work, "B", task.node, 1_000)
    desk.in_flight.clear()

    desk.answer("B", task)

    assert desk.node("f").services["B"].gone is Gone.MISSED
    assert desk.node("f").id in list(desk.tree.awaiting("B", "f"))


def test_what_takes_a_place_proves_that_it_was_left() -> None:
    """Regression: two entries were believed to be at one place when the first could not be moved away."""
    desk = Desk("A", "B")
    desk.have("f", "x")
    desk.show("A", "g", file("x"), moved_from="f")
    desk.show("A", "f", file("new"))
    move, write = desk.plan("B").tasks
    desk.answer("B", move, NotFound("f"))
    desk.answer("B", write)

    assert desk.node("g").services["B"].gone is Gone.DISPLACED
    assert desk.work.at("B", "f") == desk.node("f").id


def test_reviving_below_a_forgotten_directory() -> None:
    """Regression: an edit revived an entry below a directory that was forgotten; it comes back where it lies."""
    desk = Desk("A", "B")
    desk.have("f", "x")
    desk.show("A", "d", DIRECTORY)
    desk.show("A", "d/f", file("x"), moved_from="f")
    desk.lose("A", "d")

    desk.show("B", "f", file("edited"))

    assert desk.heads() == {"f": "edited"}


def test_turned_inside_out() -> None:
    """Regression: a directory and the one that lay in it changed roles, and one of them got a conflict name."""
    desk = Desk("A", "B")
    desk.show("A", "b", folder(1))
    desk.show("A", "b/a", folder(2))
    desk.bring()

    desk.show("A", "b", folder(2), probed={"b/a": folder(1)})
    desk.show("A", "b/a", folder(1))
    for node in list(desk.tree.awaiting("A", "f")):
        decide(desk.work, "A", desk.tree.node(node))

    assert set(desk.heads()) == {"b", "b/a"}
    assert {action for _, action, _ in desk.bring()} == {"MOVE"}


def test_a_spelling_that_comes_with_a_content_we_replaced_is_listed() -> None:
    """P3, P19: what is not believed at once loses no rename by which a name is only spelled in another way."""
    desk = Desk("A", "B")
    insensitive = attrs.evolve(
        desk.scope.members["B"],
        capabilities=msgspec.structs.replace(
            desk.scope.members["B"].capabilities, name_comparison=NameComparison.CASE_INSENSITIVE
        ),
    )
    desk.set_members({**desk.scope.members, "B": insensitive})
    desk.have("d", None)
    desk.have("d/name", "old")
    desk.show("A", "d/name", file("new"))
    desk.bring()
    desk.effects.clear()

    desk.show("B", "d/NAME", file("old"))
    assert desk.effects == [Recheck("B", "d/NAME"), Relist("B", "d")]
    desk.show("B", "d/NAME", file("old"), fresh=True)
    desk.show("B", "d/NAME", file("old"))
    desk.settle("B")

    assert desk.heads() == {"d": None, "d/NAME": "old"}


def test_directories_that_change_places_are_told_apart_by_the_answers() -> None:
    """P3: what is seen where one leaves and another comes, while nobody has answered, is neither of them yet."""
    desk = Desk("A", "B")
    desk.show("A", "a", folder(1))
    desk.show("A", "b", folder(2))
    desk.show("B", "a", DIRECTORY)
    desk.show("B", "b", DIRECTORY)
    first, second = desk.node("a"), desk.node("b")
    desk.show("A", "b", folder(1), moved_from="a")
    desk.show("A", "a", folder(2), probed={"b": folder(1), "a": folder(2)})
    tasks = desk.plan("B").tasks
    assert [task.node for task in tasks] == [first.id, second.id]
    desk.in_flight |= {("B", task.node) for task in tasks}

    desk.show("B", "a", DIRECTORY, seq=900)
    desk.in_flight.clear()
    for task in tasks:
        desk.answer("B", task)

    assert first.services["B"].place == Place(desk.scope.root, tasks[0].destination)
    assert second.services["B"].place == Place(desk.scope.root, "a")


def test_an_answer_under_another_spelling_is_about_the_one_that_is_there() -> None:
    """P19: a service that cannot tell two names apart answers for either; that is no rename, and harms neither."""
    desk = Desk("A", "B")
    insensitive = Member(
        mode=Mode.READ_WRITE, capabilities=Capabilities(name_comparison=NameComparison.CASE_INSENSITIVE)
    )
    desk.scope = attrs.evolve(desk.scope, members={**desk.scope.members, "B": insensitive})
    desk.tree._scopes["f"] = desk.scope  # type: ignore[index]
    desk.show("A", "Name", inode("x", 1))
    desk.show("B", "Name", inode("x", 1))
    desk.show("A", "NAME", inode("other", 2))

    desk.show("B", "NAME", inode("x", 1), fresh=True)

    state = desk.node("Name").services["B"]
    assert state.seen is not None
    assert state.seen.place.name == "Name"
    assert desk.node("NAME").services.get("B") is None


@pytest.mark.parametrize("moved_from", [None, "d"])
def test_a_directory_is_never_taken_for_one_that_lies_in_itself(moved_from: str | None) -> None:
    """P2, P25: all was deleted and made again with the ids the other way round, and the inner one is seen first."""
    desk = Desk("A", "B")
    desk.show("A", "d", folder(1))
    desk.show("A", "d/e", folder(2))
    desk.bring()
    outer = desk.node("d").id
    for path in ("d/e", "d"):
        desk.show("A", path, Absent())
    desk.effects.clear()

    desk.show("A", "d/e", folder(1), fresh=moved_from is None, moved_from=moved_from)

    assert outer not in list(desk.work.held_children("A", outer))
    assert Relist("A", "d") in desk.effects
    desk.show("A", "d", folder(3), fresh=True)
    desk.settle("A")
    assert desk.heads() == {"d": None, "d/e": None}
    assert desk.bring("B") == []


def test_nothing_loops_where_a_directory_lies_in_itself() -> None:
    """P25: records that say so, whoever wrote them, leave undone what they concern, and nothing else."""
    desk = Desk("A", "B")
    desk.have("d", None)
    desk.have("d/e", None)
    outer, inner = desk.node("d"), desk.node("d/e")
    for state in outer.services.values():
        assert state.seen is not None
        assert state.base is not None
        state.seen = msgspec.structs.replace(state.seen, place=Place(inner.id, "d"))
        state.base = msgspec.structs.replace(state.base, place=Place(inner.id, "d"))
    desk.tree.put(outer)
    desk.show("A", "f", file("new"))

    assert Routes(desk.work, "B").path(Place(inner.id, "x")) is None
    assert desk.work.path_on("B", Place(inner.id, "x")) is None
    assert [above.id for above in desk.work.above("B", Place(inner.id, "x"))] == [inner.id, outer.id]
    settle_absence(desk.work, "A", inner)
    assert ("B", "WRITE", "f") in desk.bring("B")
