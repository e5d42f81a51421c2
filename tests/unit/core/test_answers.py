"""What an answer to a mutation of ours means for what was seen while it was under way."""

from __future__ import annotations

import msgspec
import pytest

from onitu.core.absence import settle_absence
from onitu.core.answers import answered, distrust, sending
from onitu.core.model import Absent, Kind, Observation, Present, State
from onitu.core.node import Action, Gone, Place
from onitu.core.reconcile import observe
from onitu.core.task import Task
from onitu.core.tree import NeedDigest, Recheck, Settle
from onitu.errors import DriverError, NotFound, OutcomeUnknown, RevisionMismatch, Unavailable
from tests.unit.core.desk import DIRECTORY, Desk, file


def test_what_was_displaced_meanwhile_is_decided_about() -> None:
    """P2: a directory took the file's name while we wrote to it, and the write failed: the file is not forgotten."""
    desk = Desk()
    desk.show("A", "f", file("old"))
    desk.bring("B")
    node = desk.node("f").id
    desk.show("A", "f", file("new"))
    (task,) = desk.plan("B").tasks
    desk.in_flight.add(("B", node))
    desk.show("B", "f", DIRECTORY)
    desk.in_flight.clear()
    desk.effects.clear()

    desk.answer("B", task, Unavailable("the source cannot be read"))

    assert desk.tree.node(node).services["B"].gone is Gone.DISPLACED
    assert Settle("B") in desk.effects


def test_what_was_missed_meanwhile_is_decided_about() -> None:
    """P2: as above, for a file that was deleted or moved while we wrote to it."""
    desk = Desk()
    desk.show("A", "f", file("old"))
    desk.bring("B")
    node = desk.node("f").id
    desk.show("A", "f", file("new"))
    (task,) = desk.plan("B").tasks
    desk.in_flight.add(("B", node))
    desk.show("B", "f", Absent())
    desk.in_flight.clear()
    desk.effects.clear()

    desk.answer("B", task, Unavailable("the source cannot be read"))

    assert Settle("B") in desk.effects


def test_who_took_a_place_after_us_keeps_it() -> None:
    """P2: our file is written and at once replaced by a directory, which is seen before the answer is recorded."""
    desk = Desk()
    desk.show("A", "f", file("new"))
    (task,) = desk.plan("B").tasks
    written = Observation("f", file("new"), 500)
    desk.in_flight.add(("B", task.node))
    desk.show("B", "f", DIRECTORY, seq=501)
    desk.in_flight.clear()
    desk.effects.clear()

    answered(desk.work, "B", task.node, written, durable=True)

    made = desk.work.at("B", "f")
    assert made is not None
    assert made != task.node
    assert desk.tree.node(made).services["B"].present
    assert desk.tree.node(task.node).services["B"].gone is Gone.DISPLACED
    assert Settle("B") in desk.effects


def test_what_was_taken_away_at_once_is_decided_about() -> None:
    """P2: our file is written and at once deleted, which is told before the answer is recorded."""
    desk = Desk()
    desk.show("A", "f", file("new"))
    (task,) = desk.plan("B").tasks
    written = Observation("f", file("new"), 500)
    desk.in_flight.add(("B", task.node))
    desk.show("B", "f", Absent(), seq=501)
    desk.in_flight.clear()
    desk.effects.clear()

    answered(desk.work, "B", task.node, written, durable=True)

    assert desk.tree.node(task.node).services["B"].gone is Gone.MISSED
    assert Settle("B") in desk.effects


def test_what_was_looked_for_too_early_is_there() -> None:
    """P4: that nothing was at a place before our file was written there says nothing about it."""
    desk = Desk()
    desk.show("A", "f", file("new"))
    (task,) = desk.plan("B").tasks
    desk.in_flight.add(("B", task.node))
    desk.show("B", "f", Absent(), seq=499)
    desk.in_flight.clear()

    desk.effects.clear()
    answered(desk.work, "B", task.node, Observation("f", file("new"), 500), durable=True)

    assert desk.tree.node(task.node).services["B"].present
    assert Recheck("B", "f") in desk.effects, "or it was deleted at once"


def with_id(content: str, native_id: str, revision: str = "") -> Present:
    """Returns a file that has an id."""
    return msgspec.structs.replace(file(content, revision), native_id=native_id)


def test_an_id_that_is_given_out_again_moves_nothing() -> None:
    """P2: two files are written anew, and the second gets the id that the first has just lost."""
    desk = Desk()
    for path, native_id in (("f", "1"), ("g", "2")):
        desk.show("A", path, file(f"{path} old"))
        (task,) = desk.plan("B").tasks
        desk.answer("B", task, with_id(f"{path} old", native_id))
    desk.show("A", "f", file("g old"))
    desk.show("A", "g", file("f old"))
    tasks = desk.plan("B").tasks
    desk.in_flight.update(("B", task.node) for task in tasks)
    told = [("f", with_id("g old", "3", "r"), 503), ("g", with_id("f old", "1", "s"), 502)]

    for path, entry, seq in reversed(told):
        desk.show("B", path, entry, seq=seq, probed={"f": with_id("g old", "3", "r")})
    desk.in_flight.clear()
    for task, (path, entry, seq) in zip(tasks, told, strict=True):
        answered(desk.work, "B", task.node, Observation(path, entry, seq - 2), durable=True)

    assert [desk.work.at("B", path) for path, _, _ in told] == [task.node for task in tasks]
    assert desk.heads() == {"f": "g old", "g": "f old"}


def test_what_is_seen_of_an_entry_after_its_deletion_is_another() -> None:
    """P2: we delete a file, its id is given out again, and the new one is taken for it: the new one is looked at."""
    desk = Desk()
    desk.show("A", "f", file("old"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, with_id("old", "1"))
    desk.lose("A", "f")
    (task,) = desk.plan("B").tasks
    desk.in_flight.add(("B", task.node))
    desk.show("B", "f", Absent(), seq=501)
    desk.show("B", "g", with_id("old", "1", "new"), seq=502)
    desk.in_flight.clear()
    desk.effects.clear()

    answered(desk.work, "B", task.node, Observation("f", Absent(), 500), durable=True)

    assert Recheck("B", "g") in desk.effects


def test_what_was_taken_for_ours_and_moved_on_is_another() -> None:
    """P2: while we make a directory, a user makes one of that name and renames it: that one is looked at again."""
    desk = Desk()
    desk.show("A", "d", DIRECTORY)
    (task,) = desk.plan("B").tasks
    desk.in_flight.add(("B", task.node))
    theirs = msgspec.structs.replace(DIRECTORY, native_id="1")
    desk.show("B", "d", theirs, seq=500)
    desk.show("B", "d", Absent(), seq=501)
    desk.show("B", "e", theirs, seq=502)
    desk.in_flight.clear()
    desk.effects.clear()

    ours = msgspec.structs.replace(DIRECTORY, native_id="2")
    answered(desk.work, "B", task.node, Observation("d", ours, 503), durable=True)

    assert Recheck("B", "e") in desk.effects
    desk.show("B", "e", theirs, seq=504, fresh=True)
    assert desk.heads() == {"d": None, "e": None}


def test_a_directory_in_place_of_one_that_we_moved_is_another() -> None:
    """P13: one was moved and another made in its place, and no answer came: nothing else tells one from the other."""
    desk = Desk()
    desk.have("e", None)
    desk.show("A", "d", DIRECTORY, moved_from="e")
    desk.show("A", "e", DIRECTORY)
    for task in desk.plan("B").tasks:
        desk.answer("B", task, OutcomeUnknown("no answer"))

    desk.show("B", "d", DIRECTORY, probed={"e": DIRECTORY}, fresh=True)
    desk.show("B", "e", DIRECTORY, fresh=True)

    assert desk.heads() == {"d": None, "e": None}
    assert desk.bring() == []


def test_a_look_that_was_overtaken_is_had_again() -> None:
    """P2: no answer came; an edit is told while the service is asked, and what it answers was so before the edit."""
    desk = Desk()
    desk.have("f", "old")
    desk.show("A", "f", file("new"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("no answer"))
    desk.effects.clear()

    desk.show("B", "f", file("edited", digest=False), seq=501)
    assert Recheck("B", "f") not in desk.effects
    desk.show("B", "f", file("old"), seq=500, fresh=True)

    assert Recheck("B", "f") in desk.effects


def test_a_look_that_began_before_a_rename_does_not_tell_that_it_was_not_done() -> None:
    """P13: the service shows the file at its new name; where it was is known from before the rename was sent."""
    desk = Desk()
    desk.have("old", "one")
    before = desk.node("old").services["B"].seen
    assert before is not None
    desk.show("A", "new", file("one", "2"), moved_from="old")
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("no answer"))

    work = desk.work
    work.overtaken = frozenset((task.node,))
    observe(work, "B", Observation("old", before.entry, 500), fresh=True)
    desk.show("B", "new", before.entry, seq=501, probed={"old": Absent()})

    assert list(desk.heads()) == ["new"]
    assert desk.node("new").id == task.node


def test_what_was_sent_unheard_is_known() -> None:
    """P13: no answer comes, and the source is gone: the bytes that were sent tell our own write from an edit."""
    desk = Desk()
    desk.show("A", "f", file("new", "r", digest=False))
    (task,) = desk.plan("B").tasks
    answered(desk.work, "B", task.node, OutcomeUnknown("lost"), durable=True, sent=file("new").digests)
    desk.lose("A", "f")

    desk.show("B", "f", file("new", "s"), fresh=True)

    base = desk.tree.node(task.node).services["B"].base
    assert base is not None
    assert (base.version, base.revision) == (1, "s")


def test_what_was_announced_is_known() -> None:
    """P13: we die before an answer, and the source is gone: what was announced tells our own write from an edit."""
    desk = Desk()
    desk.do_without("B", "mtime_precision_ns")
    desk.show("A", "f", file("first", digest=False))
    (task,) = desk.plan("B").tasks
    desk.in_flight.add(("B", task.node))
    sending(desk.work, "B", task.node, file("first").digests)
    desk.in_flight.clear()
    desk.show("A", "f", file("other"))

    desk.show("B", "f", file("first", "own"), fresh=True)

    assert list(desk.heads().values()) == ["other"]
    (again,) = desk.plan("B").tasks
    assert (again.action, again.expected) == (Action.WRITE, "own")


def test_what_is_announced_too_late_is_nothing() -> None:
    """P13: the mutation was given up meanwhile, or its entry is forgotten: there is nothing to tell."""
    desk = Desk()
    desk.show("A", "f", file("first", digest=False))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, Unavailable("not now"))

    sending(desk.work, "B", task.node, file("first").digests)
    sending(desk.work, "B", 1_000, file("first").digests)

    assert desk.node("f").version.digests == {}


def test_no_time_is_ours_where_none_are_kept() -> None:
    """P1: a user's file that happens to have the time of what we sent is not taken for that."""
    desk = Desk()
    desk.do_without("B", "mtime_precision_ns")
    desk.show("A", "f", msgspec.structs.replace(file("first", digest=False), mtime_ns=1_000_000_007))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("no answer"))
    desk.show("A", "f", file("other"))

    desk.show("B", "f", msgspec.structs.replace(file("their", "own"), mtime_ns=1_000_000_007), fresh=True)

    assert set(desk.heads().values()) == {"other", "own"}


def test_a_digest_that_an_answer_brings_is_for_all() -> None:
    """P2: another service waits for the digest of a content; the answer of a third one brings it."""
    desk = Desk("A", "B", "C")
    desk.show("A", "f", file("one", "r", digest=False))
    (task,) = desk.plan("B").tasks
    desk.show("C", "f", file("two", "s"))
    node = desk.node("f")
    assert not node.services["C"].decided

    desk.answer("B", task, file("one", "t"))

    assert desk.node("f").services["C"].decided
    assert set(desk.heads().values()) == {"r", "s"}


def test_what_was_moved_to_where_ours_goes_is_missed_where_it_was() -> None:
    """P2: while we write to a name, a user moves another file to it; that is not believed to be where it was."""
    desk = Desk()
    desk.have("old", "moved")
    desk.show("A", "new", file("written"))
    (task,) = desk.plan("B").tasks
    desk.in_flight.add(("B", task.node))

    desk.show("B", "new", file("moved"), moved_from="old")

    assert desk.node("old").services["B"].gone is Gone.MISSED


def test_a_rename_that_is_told_after_a_look_at_its_new_name_is_heard() -> None:
    """P2: what is at the new name is known already; that nothing is at the old one any more is news."""
    desk = Desk()
    desk.have("old", "moved")
    desk.show("A", "new", file("moved", "2"), seq=501, fresh=True)

    desk.show("A", "new", file("moved", "2"), seq=500, moved_from="old")

    assert desk.node("old").services["A"].gone is Gone.MISSED


def renamed_unheard(desk: Desk, sent: Present, there: Present) -> Task:
    """Has B be asked for a rename, show what came of it at once, and be killed before it answers."""
    desk.show("A", "old", msgspec.structs.replace(sent, revision="a"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, sent)
    desk.show("A", "new", msgspec.structs.replace(sent, revision="a"), moved_from="old")
    (task,) = desk.plan("B").tasks
    desk.in_flight.add(("B", task.node))
    desk.show("B", "old", Absent())
    desk.show("B", "new", there)
    desk.in_flight.clear()
    return task


#: A file whose digest nobody has asked for yet.
MOVED = Present(kind=Kind.FILE, revision="1", size=3, mtime_ns=1_000_000_007, native_id="id")


@pytest.mark.parametrize("answer", [None, OutcomeUnknown("killed")])
def test_our_own_rename_is_no_edit_though_it_was_seen_while_it_was_under_way(answer: OutcomeUnknown | None) -> None:
    """P13, P1: it has another revision, the content is edited elsewhere and then deleted: it stays deleted."""
    desk = Desk()
    moved = msgspec.structs.replace(MOVED, revision="2")
    task = renamed_unheard(desk, MOVED, moved)
    desk.show("A", "new", file("edited", "b"))
    if answer is not None:
        desk.answer("B", task, answer)
    desk.lose("A", "new")

    desk.show("B", "new", moved)

    assert desk.heads() == {}
    (task,) = desk.plan("B").tasks
    assert (task.action, task.path, task.expected) == (Action.DELETE, "new", "2")


@pytest.mark.parametrize(("racy", "mtime_ns"), [(False, 2_000_000_007), (True, MOVED.mtime_ns)])
def test_what_a_user_may_have_written_to_a_file_that_we_renamed_is_an_edit(*, racy: bool, mtime_ns: int) -> None:
    """P1: it was saved before the rename was answered, of the same size: at another time, or within the tick of one."""
    desk = Desk()
    edited = msgspec.structs.replace(MOVED, revision="2", mtime_ns=mtime_ns)
    renamed_unheard(desk, msgspec.structs.replace(MOVED, racy=racy), edited)
    desk.lose("A", "new")

    desk.show("B", "new", edited)

    assert desk.heads() == {"new": "2"}


def test_what_a_user_renamed_while_we_wrote_it_is_no_edit() -> None:
    """P2: the write fails, since the file is not there any more, and its old content is nobody's edit."""
    desk = Desk()
    desk.show("A", "old", msgspec.structs.replace(MOVED, revision="a"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, MOVED)
    desk.show("A", "old", file("edited", "b"))
    (task,) = desk.plan("B").tasks
    desk.in_flight.add(("B", task.node))
    desk.show("B", "old", Absent())
    desk.show("B", "new", msgspec.structs.replace(MOVED, revision="2"))
    desk.in_flight.clear()

    desk.answer("B", task, NotFound("nothing is there"))

    assert desk.heads() == {"new": "b"}
    assert desk.bring() == [("A", "MOVE", "old -> new"), ("B", "WRITE", "new")]


def test_what_a_power_cut_may_have_torn_is_read_though_it_was_only_renamed() -> None:
    """P1, P12: what was not flushed when it was renamed has its size and its time, and perhaps other bytes."""
    desk = Desk()
    desk.show("A", "old", msgspec.structs.replace(MOVED, revision="a"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, MOVED, durable=False, epoch=1)
    desk.show("A", "new", msgspec.structs.replace(MOVED, revision="a"), moved_from="old")
    (task,) = desk.plan("B").tasks
    distrust(desk.work, "B", task.node, flushed=0)

    desk.show("B", "new", msgspec.structs.replace(MOVED, revision="2"), probed={"old": Absent()})

    assert NeedDigest("B", task.node) in desk.effects
    assert not desk.node("new").services["B"].decided


def test_what_was_heard_before_the_answer_is_looked_at() -> None:
    """P2: somebody edits what we have just written, and is heard before we are answered."""
    desk = Desk()
    desk.show("A", "f", file("ours"))
    (task,) = desk.plan("B").tasks
    desk.in_flight.add(("B", task.node))
    desk.show("B", "f", file("theirs"))
    desk.in_flight.clear()
    desk.effects.clear()

    desk.answer("B", task)

    assert Recheck("B", "f") in desk.effects
    desk.show("B", "f", file("theirs"), fresh=True)
    assert desk.heads() == {"f": "theirs"}


@pytest.mark.parametrize("told", [file("theirs"), Absent()])
def test_what_was_done_right_after_our_write_is_looked_at(told: State) -> None:
    """P2: somebody edits or deletes what we have just written, seen by a look that began before we were answered."""
    desk = Desk()
    desk.show("A", "f", file("ours"))
    (task,) = desk.plan("B").tasks
    answered(desk.work, "B", task.node, Observation("f", file("ours"), 500), durable=True)
    desk.effects.clear()

    desk.show("B", "f", told, seq=499)

    assert desk.effects == [Recheck("B", "f")]
    assert desk.heads() == {"f": "ours"}
    desk.show("B", "f", told, seq=501, fresh=True)
    assert desk.node("f").services["B"].gone is (Gone.MISSED if isinstance(told, Absent) else Gone.NO)


def test_what_a_look_that_began_before_our_write_has_seen_is_no_news() -> None:
    """P4: a look that began before our answer shows what we have replaced, or what we have written."""
    desk = Desk()
    desk.show("A", "f", file("old"))
    (task,) = desk.plan("B").tasks
    answered(desk.work, "B", task.node, Observation("f", file("old"), 500), durable=True)
    desk.show("A", "f", file("new"))
    (task,) = desk.plan("B").tasks
    answered(desk.work, "B", task.node, Observation("f", file("new"), 600), durable=True)
    desk.effects.clear()

    for content in ("old", "new"):
        desk.show("B", "f", file(content), seq=599)

    assert desk.effects == []
    assert desk.heads() == {"f": "new"}


def test_a_directory_is_not_brought_into_one_that_has_not_left_it() -> None:
    """P2, P25: a directory is turned inside out; a user has made one where the inner one was to go, and ours got it."""
    desk = Desk("A", "B")
    desk.have("d", None)
    desk.have("d/e", None)
    outer, inner = desk.node("d").id, desk.node("d/e").id
    desk.show("A", "g", DIRECTORY, moved_from="d/e")
    desk.show("A", "g/d", DIRECTORY, moved_from="d")
    leave, enter = desk.plan("B").tasks
    assert [(task.node, task.destination) for task in (leave, enter)] == [(inner, "g"), (outer, "g/d")]

    desk.answer("B", leave, RevisionMismatch("g"))
    desk.answer("B", enter)

    assert not desk.work.lies_in("B", Place(inner, "d"), outer)
    assert Recheck("B", "g") in desk.effects


@pytest.mark.parametrize("answer", [Unavailable("not now"), NotFound("d"), OutcomeUnknown("no answer"), None])
def test_what_was_under_way_in_a_directory_that_is_gone_went_with_it(answer: DriverError | None) -> None:
    """P2: a directory was renamed by us in one that a user replaced by a file, and counted as there for ever."""
    desk = Desk("A", "B")
    for path in ("d", "d/e", "d/e/f"):
        desk.have(path, None)
    inside = [desk.node("d/e").id, desk.node("d/e/f").id]
    desk.show("A", "d/g", DIRECTORY, moved_from="d/e")
    (task,) = desk.plan("B").tasks
    desk.in_flight.add(("B", task.node))
    desk.show("B", "d", file("theirs"))
    desk.in_flight.clear()

    desk.answer("B", task, answer)
    for node in list(desk.tree.awaiting("B", "f")):
        settle_absence(desk.work, "B", desk.tree.node(node))

    assert all(desk.tree.node(node).state("B").place is None for node in inside)
    assert ("B", "MAKE_DIRECTORY", "d/g") in desk.bring("B")


def test_what_was_written_in_a_directory_that_is_gone_is_written_again() -> None:
    """P1, P2: a file was written, and a user replaced its directory by a file before the answer was heard."""
    desk = Desk("A", "B")
    desk.have("d", None)
    desk.have("d/f", "old")
    desk.show("A", "d/f", file("new"))
    (task,) = desk.plan("B").tasks
    desk.in_flight.add(("B", task.node))
    desk.show("B", "d", file("theirs"), seq=1_000)
    desk.in_flight.clear()

    desk.answer("B", task)

    assert desk.heads()["d/f"] == "new"
    assert ("B", "WRITE", "d/f") in desk.bring("B")
