"""What a power cut may have taken back: nothing that was only visible is believed afterwards."""

from __future__ import annotations

import attrs
import msgspec
import pytest

from onitu.core.answers import answered, distrust, durable
from onitu.core.model import Absent, Kind, Observation, Present
from onitu.core.node import TORN, Action, Base, Intent, Node, Phase, Place
from onitu.core.reconcile import decide, observe
from onitu.core.tree import NeedDigest, NeedSync
from onitu.errors import OutcomeUnknown, Unavailable
from onitu.referee.ingest import find_waiting
from tests.unit.core.desk import DIRECTORY, Desk, file


def written(desk: Desk) -> Present:
    """Has a file that A shows written on B, where it is visible and not yet durable; returns what B shows of it."""
    desk.show("A", "f", file("content"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, durable=False)
    seen = desk.node("f").services["B"].seen
    assert seen is not None
    return seen.entry


def test_what_was_flushed_is_trusted() -> None:
    """An epoch whose flush was answered is durable, whatever happened to the host since."""
    desk = Desk()
    written(desk)

    distrust(desk.work, "B", desk.node("f").id, flushed=0)

    state = desk.node("f").services["B"]
    assert state.intent is None
    assert state.base is not None
    assert state.base.version == desk.node("f").head


def test_a_later_epoch_is_not_durable() -> None:
    """A flush says nothing about what was answered after it began."""
    desk = Desk()
    written(desk)

    durable(desk.work, "B", desk.node("f").id, flushed=-1)

    intent = desk.node("f").services["B"].intent
    assert intent is not None
    assert intent.phase is Phase.VISIBLE


def test_what_was_only_visible_is_read_again() -> None:
    """The outcome counts as unknown, and the digest of what we sent is no digest of what is on the disk."""
    desk = Desk()
    shown = written(desk)
    distrust(desk.work, "B", desk.node("f").id, flushed=-1)
    work = desk.work

    observe(work, "B", Observation("f", msgspec.structs.replace(shown, digests={}), 900), fresh=True)

    assert NeedDigest("B", desk.node("f").id) in work.effects
    assert desk.plan("B").tasks == []


def test_what_survived_is_recognised() -> None:
    """Content that is whole is adopted without being sent again."""
    desk = Desk()
    shown = written(desk)
    distrust(desk.work, "B", desk.node("f").id, flushed=-1)

    observe(desk.work, "B", Observation("f", shown, 900), fresh=True)

    assert desk.plan("B").tasks == []
    base = desk.node("f").services["B"].base
    assert base is not None
    assert base.version == desk.node("f").head


def test_a_torn_write_is_written_again() -> None:
    """Our own write with other bytes under the same revision is replaced, expecting just that revision."""
    desk = Desk()
    shown = written(desk)
    distrust(desk.work, "B", desk.node("f").id, flushed=-1)
    zeros = msgspec.structs.replace(shown, digests=file("\0" * 7).digests)

    observe(desk.work, "B", Observation("f", zeros, 900), fresh=True)

    base = desk.node("f").services["B"].base
    assert base is not None
    assert base.version == TORN
    (task,) = desk.plan("B").tasks
    assert (task.action, task.path, task.expected) == (Action.WRITE, "f", shown.revision)


def test_a_truncated_write_is_written_again() -> None:
    """A file that was cut short has another revision, but the inode and the time that we gave it."""
    desk = Desk()
    desk.show("A", "f", file("content"))
    (task,) = desk.plan("B").tasks
    mine = Present(
        kind=Kind.FILE, revision="7:7:7", size=7, mtime_ns=5, native_id="7:7", digests=file("content").digests
    )
    desk.answer("B", task, mine, durable=False)
    distrust(desk.work, "B", desk.node("f").id, flushed=-1)
    short = Present(kind=Kind.FILE, revision="7:7:3", size=3, mtime_ns=5, native_id="7:7")

    observe(desk.work, "B", Observation("f", short, 900), fresh=True)

    (task,) = desk.plan("B").tasks
    assert (task.action, task.expected) == (Action.WRITE, "7:7:3")
    assert desk.heads() == {"f": "content"}


def test_an_edit_after_the_power_came_back_is_an_edit() -> None:
    """Content that we never sent, in a file of its own, is somebody's edit and no torn write: it is kept."""
    desk = Desk()
    written(desk)
    distrust(desk.work, "B", desk.node("f").id, flushed=-1)

    desk.show("B", "f", file("edited since"), seq=900, fresh=True)

    assert set(desk.heads().values()) == {"content", "edited since"}


def test_what_landed_unheard_is_not_durable() -> None:
    """P1: a write whose answer was lost is found done; it is held only once the service was flushed after that."""
    desk = Desk()
    desk.epochs["B"] = 7
    desk.show("A", "f", file("content"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("no answer"))

    desk.show("B", "f", file("content"), fresh=True)

    state = desk.node("f").services["B"]
    assert state.base is None
    assert state.intent is not None
    assert (state.intent.phase, state.intent.epoch) == (Phase.VISIBLE, 7)
    assert NeedSync("B") in desk.effects


def test_what_was_deleted_unheard_is_not_durable() -> None:
    """P26: a deletion whose answer was lost is found done; until a flush, a power cut brings back what we deleted."""
    desk = Desk()
    written(desk)
    durable(desk.work, "B", desk.node("f").id)
    desk.epochs["B"] = 7
    node = desk.node("f")
    desk.lose("A", "f")
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("no answer"))

    desk.lose("B", "f")

    intent = desk.tree.node(node.id).services["B"].intent
    assert intent is not None
    assert (intent.phase, intent.after, intent.epoch) == (Phase.VISIBLE, None, 7)


def test_a_write_before_the_last_is_no_edit() -> None:
    """P13: of two writes that were not flushed, a power cut takes back the last: what is there is nobody's edit."""
    desk = Desk()
    written(desk)
    first = desk.node("f").services["B"].seen
    assert first is not None
    desk.show("A", "f", file("another"))
    (task,) = desk.plan("B").tasks
    answered(desk.work, "B", task.node, Observation("f", file("another"), 800), durable=False, epoch=3)
    node = desk.node("f")
    head = node.head
    distrust(desk.work, "B", node.id, flushed=2)

    desk.show("B", "f", first.entry, seq=900, fresh=True)

    assert desk.node("f").head == head
    (task,) = desk.plan("B").tasks
    assert (task.path, task.expected) == ("f", first.entry.revision)


def sent_on(desk: Desk) -> Node:
    """Has B hold "one", and "two" above it, visible until flush 3 makes it durable."""
    desk.have("f", "one")
    desk.show("A", "f", file("two"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, durable=False, epoch=3)
    return desk.node("f")


def test_what_another_change_was_sent_on_may_be_taken_back() -> None:
    """P13: a power cut takes back a write, and the deletion that was sent after it was never done: nobody edited."""
    desk = Desk()
    node = sent_on(desk)
    desk.lose("A", "f")
    assert [task.action for task in desk.plan("B").tasks] == [Action.DELETE]
    distrust(desk.work, "B", node.id, flushed=2)

    desk.show("B", "f", file("one"), fresh=True)

    assert desk.heads() == {}
    (task,) = desk.plan("B").tasks
    assert (task.action, task.expected) == (Action.DELETE, "one")


@pytest.mark.parametrize("path", ["f", "g"])
def test_what_another_change_was_sent_on_may_be_torn(path: str) -> None:
    """P12: a power cut tears a write whose file we have just renamed, or were about to: it is written again."""
    desk = Desk()
    node = sent_on(desk)
    desk.show("A", "g", file("two"), moved_from="f")
    assert [task.action for task in desk.plan("B").tasks] == [Action.MOVE]
    distrust(desk.work, "B", node.id, flushed=2)
    torn = file("tw", "two")

    desk.show("B", path, msgspec.structs.replace(torn, digests={}), fresh=True, probed={"f": Absent()})
    desk.show("B", path, torn, fresh=True, probed={"f": Absent()})

    assert desk.heads() == {"g": "two"}
    assert ("B", "WRITE", "g") in desk.bring("B")


def test_what_another_change_was_sent_on_may_be_whole() -> None:
    """P13: what was flushed in time is known for what it is, and so is what only survived."""
    for flushed in (2, 3):
        desk = Desk()
        node = sent_on(desk)
        desk.show("A", "f", file("three"))
        desk.plan("B")
        distrust(desk.work, "B", node.id, flushed=flushed)

        desk.show("B", "f", file("two"), fresh=True)

        (task,) = desk.plan("B").tasks
        assert (task.action, task.expected) == (Action.WRITE, "two")


def test_what_another_change_was_sent_on_is_held_no_sooner() -> None:
    """P1: a mutation fails, and what was visible before it is so again: until the flush that makes it durable."""
    desk = Desk()
    node = sent_on(desk)
    desk.show("A", "f", file("three"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, Unavailable("not now"))

    durable(desk.work, "B", node.id, flushed=2)

    state = desk.node("f").services["B"]
    assert state.base is not None
    assert state.base.revision == "one"
    durable(desk.work, "B", node.id, flushed=3)
    assert desk.node("f").services["B"].base == Base(2, Place(desk.scope.root, "f"), "two")


def with_links() -> Desk:
    """Returns a folder whose services hold symbolic links."""
    desk = Desk()
    able = {
        name: attrs.evolve(
            member, symlinks=True, capabilities=msgspec.structs.replace(member.capabilities, symlinks=True)
        )
        for name, member in desk.scope.members.items()
    }
    desk.set_members(able)
    return desk


def test_what_was_seen_before_a_power_cut_decides_nothing() -> None:
    """P1: a link that was written and taken back is not taken for held, since it was seen before the host went down."""
    desk = with_links()
    shown = Present(kind=Kind.SYMLINK, revision="old", target="here")
    desk.show("A", "l", shown)
    desk.bring("B")
    desk.show("A", "l", msgspec.structs.replace(shown, revision="new", target="there"))
    (task,) = desk.plan("B").tasks
    now = Observation("l", Present(kind=Kind.SYMLINK, revision="2", target="there"), 800)
    answered(desk.work, "B", task.node, now, durable=False, epoch=3)
    distrust(desk.work, "B", task.node, flushed=2)

    decide(desk.work, "B", desk.tree.node(task.node))

    intent = desk.tree.node(task.node).services["B"].intent
    assert intent is not None
    assert intent.phase is Phase.SENT


def unanswered(desk: Desk, *shown: Observation) -> list[Node]:
    """Has B sent what is planned for it, and show what came of that; then the power is cut, before any answer."""
    tasks = desk.plan("B").tasks
    desk.in_flight.update(("B", task.node) for task in tasks)
    for observation in shown:
        observe(desk.work, "B", observation, probed={"f": Absent()})
    desk.in_flight.clear()
    nodes = [desk.tree.node(task.node) for task in tasks]
    for node in nodes:
        distrust(desk.work, "B", node.id, flushed=2)
    return nodes


@pytest.mark.parametrize("native_id", ["", "id"])
def test_what_was_seen_of_a_mutation_without_an_answer_decides_nothing(native_id: str) -> None:
    """P13: a link has taken the place of a file, and a power cut brings that back: nobody has made it anew."""
    desk = with_links()
    desk.show("A", "f", file("content"))
    (task,) = desk.plan("B").tasks
    mine = msgspec.structs.replace(file("content", "1"), native_id=native_id)
    desk.answer("B", task, mine)
    link = Present(kind=Kind.SYMLINK, revision="2", target="there", native_id=native_id)
    desk.show("A", "f", link)
    nodes = unanswered(desk, Observation("f", Absent(), 800), Observation("f", link, 801))
    assert len(nodes) == 2

    desk.show("B", "f", mine, seq=900, fresh=True)

    assert list(desk.heads()) == ["f"]
    assert desk.node("f").version.kind is Kind.SYMLINK
    (deletion,) = [task for task in desk.plan("B").tasks if task.action is Action.DELETE]
    assert (deletion.path, deletion.expected) == ("f", "1")


def test_a_link_that_survives_without_an_answer_is_ours() -> None:
    """P13: what was seen before a power cut, and is still there, has been done."""
    desk = with_links()
    desk.have("f", "content")
    link = Present(kind=Kind.SYMLINK, revision="2", target="there")
    desk.show("A", "f", link)
    unanswered(desk, Observation("f", Absent(), 800), Observation("f", link, 801))

    desk.show("B", "f", link, seq=900, fresh=True)

    assert list(desk.heads()) == ["f"]
    base = desk.node("f").services["B"].base
    assert base is not None
    assert base.revision == "2"


def test_a_rename_without_an_answer_may_be_taken_back() -> None:
    """P13: it was seen under its new name before the power was cut, and is at its old one: nobody has made it there."""
    desk = Desk()
    desk.have("f", "content")
    desk.show("A", "g", file("content"), moved_from="f")
    unanswered(desk, Observation("g", file("content"), 800, moved_from="f"))

    desk.show("B", "f", file("content"), seq=900, fresh=True)

    assert list(desk.heads()) == ["g"]
    (task,) = desk.plan("B").tasks
    assert (task.action, task.path, task.destination) == (Action.MOVE, "f", "g")


def test_a_torn_write_that_was_never_answered_is_no_edit() -> None:
    """P12, P13: no answer came, and a power cut left a part of our bytes under the time that we gave them."""
    desk = Desk()
    desk.show("A", "f", msgspec.structs.replace(file("content"), mtime_ns=1_000_000_007))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("no answer"))

    desk.show("B", "f", msgspec.structs.replace(file("cont", "r"), mtime_ns=1_000_000_007), fresh=True)

    assert desk.heads() == {"f": "content"}
    (again,) = desk.plan("B").tasks
    assert (again.path, again.expected) == ("f", "r")


def test_an_edit_after_a_write_that_was_never_answered_is_one() -> None:
    """P1: another time is another hand: both contents are kept."""
    desk = Desk()
    desk.show("A", "f", msgspec.structs.replace(file("content"), mtime_ns=1_000_000_007))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("no answer"))

    desk.show("B", "f", msgspec.structs.replace(file("edit", "r"), mtime_ns=1_020_000_007), fresh=True)

    assert len(desk.heads()) == 2


def test_two_files_of_one_whole_second_are_two_files() -> None:
    """P1: archives and builds give one time to many files: such a time does not tell our write from a user's."""
    desk = Desk()
    desk.show("A", "f", msgspec.structs.replace(file("content"), mtime_ns=1_000_000_000))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("no answer"))

    desk.show("B", "f", msgspec.structs.replace(file("theirs", "r"), mtime_ns=1_000_000_000), fresh=True)

    assert len(desk.heads()) == 2


def test_a_file_of_the_same_time_that_is_missed_elsewhere_is_not_our_write() -> None:
    """P1: of two files that were written at once, and so share a time, the one was moved over where the other goes."""
    desk = Desk()
    moved = msgspec.structs.replace(file("moved"), mtime_ns=1_000_000_007)
    desk.show("B", "g", moved)
    desk.bring()
    desk.show("A", "f", msgspec.structs.replace(file("right"), mtime_ns=1_000_000_007))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("no answer"))
    desk.show("B", "g", Absent())

    desk.show("B", "f", msgspec.structs.replace(moved, revision="r"), fresh=True)
    desk.lose("B", "g")

    assert sorted(revision or "" for revision in desk.heads().values()) == ["r", "right"]


def test_what_was_just_deleted_is_flushed_before_it_is_made_anew() -> None:
    """P28: a power cut may bring it back; as long as that is so, it is not forgotten for something new."""
    desk = Desk()
    written(desk)
    node = desk.node("f")
    durable(desk.work, "B", node.id)
    state = node.services["B"]
    deletion = Intent(action=Action.DELETE, phase=Phase.VISIBLE, place=None, version=1, expected="content", epoch=1)
    state.intent, state.seen = deletion, None
    desk.tree.put(node)

    plan = desk.plan("B")

    assert plan.tasks == []
    assert plan.needs_sync
    durable(desk.work, "B", node.id)
    assert [task.action for task in desk.plan("B").tasks] == [Action.WRITE]


def test_an_edit_after_a_power_cut_is_one_however_often_it_is_seen() -> None:
    """P1: a rename was taken back, and the file edited at once: it is looked at twice, and is no torn write of ours."""
    desk = Desk()
    desk.show("A", "f", file("content"))
    desk.bring("B")
    desk.show("A", "g", file("content"), moved_from="f")
    (task,) = desk.plan("B").tasks
    moved = Observation("g", file("content", "2"), 800)
    answered(desk.work, "B", task.node, moved, durable=False, epoch=3)
    distrust(desk.work, "B", task.node, flushed=2)
    edited = msgspec.structs.replace(file("another", "3"), native_id="id", mtime_ns=5_000_000_000)

    desk.show("B", "f", msgspec.structs.replace(edited, digests={}), seq=900, fresh=True)
    desk.show("B", "f", edited, seq=901, fresh=True)

    assert list(desk.heads().values()) == ["3"]


def test_a_torn_write_that_is_moved_stays_torn() -> None:
    """P2: a torn file whose name changes before it is written again is written again at its new name."""
    desk = Desk()
    written(desk)
    node = desk.node("f")
    node.services["B"].intent = None
    node.services["B"].base = Base(TORN, Place(desk.scope.root, "f"), "content")
    desk.tree.put(node)
    desk.show("A", "g", file("content"), moved_from="f")
    (move,) = desk.plan("B").tasks
    assert move.action is Action.MOVE

    desk.answer("B", move, file("con", "r"))

    (again,) = desk.plan("B").tasks
    assert (again.action, again.path, again.expected) == (Action.WRITE, "g", "r")


def with_a_rename_and_a_successor(desk: Desk) -> Node:
    """Has a power cut leave a file on B that was to be renamed, and to be followed by another. Returns the file."""
    shown = msgspec.structs.replace(file("first"), native_id="1")
    desk.show("A", "x", shown)
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, durable=False, epoch=1)
    old = desk.node("x")
    desk.show("A", "d", shown, moved_from="x", probed={"x": Absent()})
    desk.show("A", "x", file("second"))
    assert {task.path for task in desk.plan("B").tasks} == {"x"}
    for name in ("d", "x"):
        distrust(desk.work, "B", desk.node(name).id, flushed=0)
    return old


def test_what_a_power_cut_left_in_its_place_is_not_what_was_to_take_it() -> None:
    """P13: neither a rename nor the new file under the old name was done, and the old one is neither of both."""
    desk = Desk("A", "B")
    old = with_a_rename_and_a_successor(desk)

    desk.show("B", "x", file("first"), probed={"x": file("first"), "d": Absent()}, fresh=True)

    assert old.services["B"].place == Place(desk.scope.root, "x")
    assert desk.heads() == {"d": "first", "x": "second"}


def test_what_is_not_where_a_rename_was_to_bring_it_is_where_it_was() -> None:
    """P13: that nothing is at the new name does not make it missed at its old one, for another to take that place."""
    desk = Desk("A", "B")
    old = with_a_rename_and_a_successor(desk)

    desk.show("B", "d", Absent(), fresh=True)
    desk.show("B", "x", file("first"), probed={"x": file("first"), "d": Absent()}, fresh=True)

    assert old.services["B"].present
    assert old.services["B"].place == Place(desk.scope.root, "x")


def of_ours(content: str, revision: str) -> Present:
    """Returns a file as its service tells it apart, whatever becomes of its bytes."""
    return msgspec.structs.replace(file(content, revision), native_id="7", mtime_ns=5)


@pytest.mark.parametrize(("path", "is_answered"), [("f", False), ("g", False), ("f", True), ("g", True)])
def test_a_torn_write_is_known_though_it_was_to_be_renamed(path: str, is_answered: bool) -> None:
    """P12: what a power cut left of a write is no edit, wherever the rename that followed has brought it."""
    desk = Desk()
    desk.show("A", "f", file("whole"))
    (write,) = desk.plan("B").tasks
    desk.answer("B", write, of_ours("whole", "first"), durable=False, epoch=3)
    desk.show("A", "g", file("whole"), moved_from="f")
    (move,) = desk.plan("B").tasks
    if is_answered:
        desk.answer("B", move, of_ours("whole", "renamed"), durable=False, epoch=3)
    distrust(desk.work, "B", move.node, flushed=2)

    desk.show("B", path, of_ours("torn", "other"), fresh=True, probed={"f": Absent()})
    desk.settle("B")

    assert desk.heads() == {"g": "whole"}
    assert ("B", "WRITE", "g") in desk.bring("B")


def test_what_a_power_cut_left_of_a_write_is_not_what_was_there_before_it() -> None:
    """P13: of two entries that were at one name, the one that was brought there last is what lies there now."""
    desk = Desk()
    desk.have("d", None)
    desk.lose("A", "d")
    (delete,) = desk.plan("B").tasks
    desk.answer("B", delete, durable=False, epoch=3)
    desk.show("A", "d", file("whole"))
    (write,) = desk.plan("B").tasks
    desk.answer("B", write, of_ours("whole", "first"), durable=False, epoch=3)
    desk.show("A", "e", file("whole"), moved_from="d")
    desk.show("A", "d", DIRECTORY)
    assert [task.action for task in desk.plan("B").tasks] == [Action.MOVE, Action.MAKE_DIRECTORY]
    for node in (delete.node, write.node):
        distrust(desk.work, "B", node, flushed=2)

    desk.show("B", "d", of_ours("torn", "other"), fresh=True, probed={"e": Absent()})
    desk.settle("B")

    assert desk.heads() == {"d": None, "e": "whole"}


def test_a_file_whose_deletion_was_taken_back_is_not_what_was_to_take_its_place() -> None:
    """P1: one file is renamed to the name of a deleted one, and a power cut brings that back."""
    desk = Desk()
    for path in ("f", "copy"):
        desk.show("A", path, file(f"content of {path}"))
        (write,) = desk.plan("B").tasks
        entry = msgspec.structs.replace(of_ours(f"content of {path}", path), native_id=path)
        desk.answer("B", write, entry, durable=True)
    desk.lose("A", "f")
    desk.show("A", "f", file("content of copy"), moved_from="copy")
    delete, move = desk.plan("B").tasks
    assert [delete.action, move.action] == [Action.DELETE, Action.MOVE]
    desk.in_flight |= {("B", delete.node), ("B", move.node)}
    desk.show("B", "f", Absent())
    desk.in_flight.clear()
    for task in (delete, move):
        distrust(desk.work, "B", task.node, flushed=0)

    back = msgspec.structs.replace(of_ours("content of f", "f"), native_id="f")
    desk.show("B", "f", back, fresh=True, probed={"copy": Absent()})
    desk.settle("B")

    assert desk.heads() == {"f": "content of copy"}


def test_what_a_power_cut_brings_back_is_known_though_another_entry_was_to_take_its_place() -> None:
    """P13: a file was edited, deleted and followed by a directory, all unflushed: the edit is no conflict."""
    desk = Desk()
    desk.have("f", "old")
    desk.show("A", "f", file("new"))
    (write,) = desk.plan("B").tasks
    desk.answer("B", write, durable=False, epoch=3)
    desk.lose("A", "f")
    desk.show("A", "f", DIRECTORY)
    delete, make = desk.plan("B").tasks
    desk.answer("B", delete, durable=False, epoch=3)
    desk.answer("B", make, durable=False, epoch=3)
    for node in (delete.node, make.node):
        distrust(desk.work, "B", node, flushed=2)
    assert find_waiting(desk.work, "B", [delete.node], most=1).paths == {"f": delete.node}

    desk.show("B", "f", file("new"), fresh=True)

    assert desk.heads() == {"f": None}
    again = desk.plan("B").tasks[0]
    assert (again.action, again.path, again.expected) == (Action.DELETE, "f", "new")
