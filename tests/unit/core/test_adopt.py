"""First contact where equal size and time are to do (`adopt: size-mtime`)."""

from __future__ import annotations

import msgspec

from onitu.core.model import Present
from onitu.core.tree import NeedDigest
from onitu.core.why import explain
from tests.unit.core.desk import Desk, file


def of_time(content: str, mtime_ns: int, revision: str) -> Present:
    """Returns a file that has a time and no digest."""
    return msgspec.structs.replace(file(content, revision, digest=False), mtime_ns=mtime_ns)


def test_equal_size_and_time_are_adopted_unread() -> None:
    """B11: nothing is read, nothing is moved, and it is said that nobody has compared them."""
    desk = Desk("A", "B", trusts_time=True)
    desk.show("A", "f", of_time("x", 7, "a"))
    desk.show("B", "f", of_time("y", 7, "b"))

    assert not [effect for effect in desk.effects if isinstance(effect, NeedDigest)]
    assert not desk.bring()
    assert "never compared" in explain(desk.work, "f").verdicts[1].reason


def test_another_time_or_size_is_compared() -> None:
    """B11: what differs in either is treated as ever."""
    for entry in (of_time("x", 8, "b"), of_time("xy", 7, "b")):
        desk = Desk("A", "B", trusts_time=True)
        desk.show("A", "f", of_time("x", 7, "a"))
        desk.show("B", "f", entry)

        assert [effect for effect in desk.effects if isinstance(effect, NeedDigest)]


def test_an_edit_is_never_taken_for_equal() -> None:
    """B11, P1: time is trusted at first contact only."""
    desk = Desk("A", "B", trusts_time=True)
    desk.show("A", "f", of_time("x", 7, "a"))
    desk.bring()
    desk.show("A", "f", of_time("y", 7, "a2"))
    desk.effects.clear()
    desk.show("B", "f", of_time("z", 7, "b2"))

    assert [effect for effect in desk.effects if isinstance(effect, NeedDigest)]


def test_by_default_nothing_is_trusted() -> None:
    """B11: without the option contents are compared."""
    desk = Desk("A", "B")
    desk.show("A", "f", of_time("x", 7, "a"))
    desk.show("B", "f", of_time("x", 7, "b"))

    assert [effect for effect in desk.effects if isinstance(effect, NeedDigest)]
