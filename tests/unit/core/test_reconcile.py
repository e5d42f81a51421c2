"""Observations that are not what they seem: racy, stale, old, or without a digest."""

from __future__ import annotations

import msgspec

from onitu.core.answers import answered
from onitu.core.model import Absent, Observation, Present
from onitu.core.tree import NeedDigest, Recheck
from tests.unit.core.desk import Desk, file


def racy(entry: Present) -> Present:
    """Returns an entry that a second write could leave with the same revision."""
    return msgspec.structs.replace(entry, racy=True)


def test_racily_clean_is_read_again() -> None:
    """P4: the same revision proves nothing when it was seen too early; the digest decides, also in the next listing."""
    desk = Desk("A", "B")
    desk.show("A", "f", racy(file("one", "r", digest=False)))
    desk.bring()
    (write,) = (version for version in desk.node("f").versions.values())
    node = desk.node("f")
    node.versions[write.number] = msgspec.structs.replace(write, digests=file("one").digests)
    desk.effects.clear()

    desk.show("A", "f", file("two", "r", digest=False))
    assert NeedDigest("A", node.id) in desk.effects
    desk.show("A", "f", file("two", "r"), fresh=True)

    assert desk.node("f").version.digests == file("two").digests
    assert [task.path for task in desk.plan("B").tasks] == ["f"]


def test_racy_and_unchanged_is_settled_by_its_digest() -> None:
    """Once the digest has told, the entry is not read a third time."""
    desk = Desk("A", "B")
    desk.have("f", "one")
    desk.show("A", "f", racy(file("one", digest=False)))
    desk.show("A", "f", file("one"), fresh=True)
    desk.effects.clear()

    desk.show("A", "f", file("one", digest=False))

    assert desk.effects == []
    assert desk.bring() == []


def test_racy_and_nowhere_else_is_what_its_digest_says() -> None:
    """P4, P25: a new file whose digest was read while it was racy is that content, and is asked for no more."""
    desk = Desk("A", "B")
    desk.show("A", "f", racy(file("one", "r", digest=False)))
    desk.effects.clear()

    desk.show("A", "f", racy(file("one", "r")), fresh=True)

    assert NeedDigest("A", desk.node("f").id) not in desk.effects
    assert desk.node("f").version.digests == file("one").digests
    assert desk.node("f").last == 1


def test_racy_and_sent_elsewhere_may_be_an_edit() -> None:
    """P1: once another service holds the content without a digest, what is read of a racy file is no proof of it."""
    desk = Desk("A", "B")
    desk.show("A", "f", racy(file("one", "r", digest=False)))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, file("one", "s", digest=False))
    desk.effects.clear()

    desk.show("A", "f", racy(file("two", "r")), fresh=True)
    assert NeedDigest("B", desk.node("f").id) in desk.effects
    desk.show("B", "f", file("one", "s"), fresh=True)

    assert desk.node("f").version.digests == file("two").digests


def test_an_older_observation_is_dropped() -> None:
    """What was seen before the last accepted answer never replaces it."""
    desk = Desk("A", "B")
    desk.show("A", "f", file("new"), seq=100)

    desk.show("A", "f", file("old"), seq=50)

    assert desk.heads() == {"f": "new"}


def test_an_older_absence_is_dropped() -> None:
    """P14: that something was not there before it came says nothing of now."""
    desk = Desk("A", "B")
    desk.show("A", "f", file("one"), seq=20)

    desk.show("A", "f", Absent(), seq=10)

    assert not desk.node("f").services["A"].gone


def test_what_was_visible_and_replaced_is_asked_for_again() -> None:
    """P4: a listing that lags behind may show our own write, though it has been replaced before it was flushed."""
    desk = Desk("A", "B")
    desk.have("f", "old")
    desk.show("A", "f", file("ours"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, durable=False)
    desk.show("A", "f", file("newest"))
    desk.show("B", "f", file("newest"))
    desk.effects.clear()

    desk.show("B", "f", file("ours"))

    assert Recheck("B", "f") in desk.effects
    assert desk.heads() == {"f": "newest"}


def test_a_retired_revision_is_asked_for_again() -> None:
    """A listing that lags behind shows what we replaced ourselves; it is believed only when it stays."""
    desk = Desk("A", "B")
    desk.have("f", "old")
    desk.show("A", "f", file("new"))
    desk.bring()
    desk.effects.clear()

    desk.show("B", "f", file("old"))
    assert desk.effects == [Recheck("B", "f")]
    assert desk.heads() == {"f": "new"}
    desk.show("B", "f", file("old"), fresh=True)
    desk.settle("B")

    assert desk.heads() == {"f": "old"}


def test_equal_sizes_ask_for_digests_on_both_sides() -> None:
    """Without a digest nothing is decided: the holder of the other content is asked, too."""
    desk = Desk("A", "B")
    desk.show("A", "f", file("one", digest=False))

    desk.show("B", "f", file("two", digest=False))

    node = desk.node("f").id
    assert desk.effects == [NeedDigest("A", node), NeedDigest("B", node)]


def test_different_sizes_need_only_the_copys_name() -> None:
    """Unequal sizes are unequal content; the digest is asked of the loser alone."""
    desk = Desk("A", "B")
    desk.show("A", "f", file("one", digest=False))

    desk.show("B", "f", file("three", digest=False))

    assert desk.effects == [NeedDigest("B", desk.node("f").id)]


def test_whoever_waited_is_decided_about_when_the_other_side_goes() -> None:
    """Regression: a content that waited for the digest of a deleted one waited for ever."""
    desk = Desk("A", "B")
    desk.show("A", "f", file("one", digest=False))
    desk.show("B", "f", file("two", digest=False))
    desk.effects.clear()

    desk.lose("A", "f")

    (node,) = desk.tree.awaiting("B", "f")
    assert desk.effects == [NeedDigest("B", node)]
    desk.show("B", "f", file("two"), fresh=True)
    assert desk.heads() == {"f": "two"}


def test_an_attribute_and_a_deletion() -> None:
    """A changed attribute is no edit: the deletion holds, in either order."""
    for order in ("delete first", "attribute first"):
        desk = Desk("A", "B")
        desk.show("A", "f", file("x", executable=False))
        desk.bring()
        if order == "delete first":
            desk.lose("A", "f")
        desk.show("B", "f", file("x", "x+", executable=True))
        if order == "attribute first":
            desk.lose("A", "f")

        assert desk.heads() == {}


def test_a_touch_is_no_version() -> None:
    """P22: a new modification time or revision with the same content moves nothing."""
    desk = Desk("A", "B")
    desk.have("f", "x")
    before = desk.node("f").last

    desk.show("A", "f", file("x", "touched"))

    assert desk.node("f").last == before
    assert desk.bring() == []


def test_absence_of_what_nobody_knows_is_nothing() -> None:
    """A path that was never there is not missed."""
    desk = Desk("A", "B")

    desk.show("A", "f", Absent())

    assert desk.heads() == {}


def test_what_was_sent_while_its_digest_was_asked_for_is_no_other_version() -> None:
    """P5: a new file is sent before its digest is known, and turns out to be that: an edit of it is no conflict."""
    desk = Desk("A", "B")
    desk.show("A", "f", racy(file("one", digest=False)))
    (task,) = desk.plan("B").tasks
    desk.in_flight.add(("B", task.node))
    desk.show("A", "f", racy(file("one")), fresh=True)
    desk.in_flight.clear()
    answer = Observation("f", file("one", digest=False), 500)
    answered(desk.work, "B", task.node, answer, durable=True, sent=file("one").digests)

    desk.show("B", "f", file("two"), seq=501)

    assert desk.heads() == {"f": "two"}
    assert [(task.action.name, task.path) for task in desk.plan("A").tasks] == [("WRITE", "f")]
