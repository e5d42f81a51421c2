"""A service that shows many older contents at once (PROPERTIES P17)."""

from __future__ import annotations

import attrs
import msgspec
import pytest

from onitu.core.model import Present
from onitu.core.reconcile import decide
from onitu.core.rollback import PRECISION_NS, is_older
from onitu.core.safety import restore, rollbacks
from onitu.core.scope import Policy
from onitu.core.tree import NeedDigest, Settle, Work
from tests.unit.core.desk import Desk, file

NOW = 10**18
THEN = NOW - 10**15


def _at(content: str, mtime_ns: int | None, revision: str = "") -> Present:
    return msgspec.structs.replace(file(content, revision), mtime_ns=mtime_ns)


class _Desk(Desk):
    """A desk at which it is later than 1970."""

    @property
    def work(self) -> Work:
        work = super().work
        work.now_ns = NOW
        return work


def _edited() -> _Desk:
    """Returns a desk on which `f` was "old", and is "new" now."""
    desk = _Desk()
    desk.show("A", "f", _at("old", THEN))
    desk.bring()
    desk.show("A", "f", _at("new", NOW - PRECISION_NS))
    desk.bring()
    desk.effects.clear()
    return desk


def _is_older(desk: Desk) -> bool:
    node = desk.node("f")
    return is_older(desk.work, "A", node, node.services["A"])


def _show(desk: Desk, entry: Present) -> None:
    desk.show("A", "f", entry)


def test_older_content_waits() -> None:
    """P17: a file that was modified before what it stands in for is not believed before such files were counted."""
    desk = _edited()
    _show(desk, _at("older", THEN))

    assert desk.heads() == {"f": "new"}
    assert Settle("A") in desk.effects
    assert rollbacks(desk.work, "A", desk.tree.awaiting("A", "f")) == {desk.node("f").id}
    decide(desk.work, "A", desk.node("f"), settled=True)
    assert desk.heads() == {"f": "older"}
    assert not _is_older(desk)


@pytest.mark.parametrize(
    "entry",
    [
        _at("newer", NOW),
        _at("as old, as far as some services can tell", NOW - 2 * PRECISION_NS),
        _at("new", THEN, "touched"),
        _at("no time at all", 0),
        _at("before 1970", -1),
        _at("of a service without times", None),
    ],
    ids=lambda entry: entry.revision,
)
def test_other_edits_do_not_wait(entry: Present) -> None:
    """P17, P22: newer content, the same content, and times that say nothing are no rollback."""
    desk = _edited()
    _show(desk, entry)

    assert not _is_older(desk)
    assert desk.node("f").services["A"].decided


def test_a_time_in_the_future_is_no_measure() -> None:
    """P22, P17: what follows a content of the future is newer, whatever its time."""
    desk = _Desk()
    desk.show("A", "f", _at("from the future", NOW + 1))
    desk.bring()
    _show(desk, _at("edited", NOW))

    assert not _is_older(desk)
    assert desk.heads() == {"f": "edited"}


def test_without_times_a_content_of_before_is_older() -> None:
    """P17: where nobody knows times, what the file had before is older; a backup has nothing else."""
    desk = _edited()
    _show(desk, _at("old", None, "again"))

    assert _is_older(desk)


def test_an_edit_elsewhere_decides_at_once() -> None:
    """P17, P8: where somebody else has edited the file meanwhile it is a conflict, and nobody is rolled back."""
    desk = _edited()
    desk.show("B", "f", _at("edited", NOW))
    _show(desk, _at("older", THEN))

    assert not _is_older(desk)
    assert len(desk.heads()) == 2


def test_restoring_replaces_what_is_known() -> None:
    """P17, P11: content that the file had before is replaced by the newer, and by nothing else than what lies there."""
    desk = _edited()
    _show(desk, _at("old", THEN, "again"))
    restore(desk.work, "A", desk.node("f").id)
    (task,) = desk.plan("A").tasks

    assert (task.action.name, task.path, task.expected, task.version.revision) == ("WRITE", "f", "again", "new")
    assert list(desk.heads()) == ["f"]


@pytest.mark.parametrize("policy", list(Policy))
def test_restoring_keeps_what_nobody_knows(policy: Policy) -> None:
    """P17, P1: older content that nobody has seen becomes a conflict copy, whatever the policy says."""
    desk = _edited()
    member = attrs.evolve(desk.scope.members["A"], policy=policy, preferred=("A",))
    desk.scope = attrs.evolve(desk.scope, members={**desk.scope.members, "A": member})
    _show(desk, _at("unseen", THEN))
    restore(desk.work, "A", desk.node("f").id)
    desk.bring("A", "B", "A")

    assert sorted(revision or "" for revision in desk.heads().values()) == ["new", "unseen"]
    assert desk.heads()["f"] == "new"


def test_the_digest_is_asked_for_meanwhile() -> None:
    """P17: whether a content is known is only told by its digest, so that is read while it waits."""
    desk = _edited()
    _show(desk, msgspec.structs.replace(_at("longer than new", THEN), digests={}))

    assert NeedDigest("A", desk.node("f").id) in desk.effects
