"""What is too much to lose at once (CONTRACT B11 `max-delete`, PROPERTIES P16)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onitu.core.capability import Mode
from onitu.core.model import Absent
from onitu.core.reconcile import decide
from onitu.core.safety import WINDOW_NS, Excess, Loss, Losses, excess, is_emptied, is_held_back, losses, restore
from onitu.core.scope import MaxDelete
from onitu.errors import OutcomeUnknown
from tests.unit.core.desk import Desk, file

LIMIT = MaxDelete(percent=50, files=2)
MINUTE = 60 * 10**9


def _full(*paths: str) -> Desk:
    desk = Desk()
    desk.have("d", None)
    for path in paths:
        desk.have(path, path)
    return desk


def _missing(desk: Desk) -> set[int]:
    return losses(desk.work, "A", list(desk.tree.awaiting("A", "f")))


def _excess(desk: Desk, *, mark: int = 1_000, before: Losses | None = None) -> Excess | None:
    missing = _missing(desk)
    return excess(desk.work, "A", LIMIT, missing=missing, mark=mark, before=before or Losses())


@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from([0, 1, 33.3, 50, 99, 100]), st.integers(0, 50))
def test_enough_files_make_no_loss_too_much(lost: int, files: int, percent: float, least: int) -> None:
    """B11, P16: from `enough` files on a loss is allowed, and with fewer it is not."""
    limit = MaxDelete(percent=percent, files=least)
    enough = limit.enough(lost)

    assert limit.is_exceeded(lost, files) == (enough is None or files < enough)


def test_the_default_is_more_than_half_and_more_than_twenty() -> None:
    """B11, P16: twenty files may always go, and half of any number."""
    limit = MaxDelete()

    assert not limit.is_exceeded(20, 20)
    assert not limit.is_exceeded(21, 42)
    assert limit.is_exceeded(21, 41)


@given(st.integers(0, 6), st.integers(0, 6))
def test_too_much_is_found_however_little_is_counted(gone: int, kept: int) -> None:
    """P16: whether it is too much is the same as if every file had been counted."""
    desk = _full(*(f"gone {number}" for number in range(gone)), *(f"d/kept {number}" for number in range(kept)))
    for number in range(gone):
        desk.show("A", f"gone {number}", Absent())
    found = _excess(desk)

    assert (found is not None) == LIMIT.is_exceeded(gone, gone + kept)
    assert found is None or found == Excess(gone, gone + kept)


def test_a_directory_counts_with_what_lies_in_it() -> None:
    """P16: a directory that is gone is no loss by itself, the files in it are."""
    desk = _full("d/1", "d/2", "3")
    desk.show("A", "d", Absent())

    assert _missing(desk) == {desk.node("d/1").id, desk.node("d/2").id}


def test_what_nobody_would_lose_is_not_counted() -> None:
    """P16, P7: a file that was edited or deleted elsewhere meanwhile is not lost by being missed here."""
    desk = _full("1", "2", "3")
    desk.show("B", "1", file("edited"))
    desk.lose("B", "2")
    for path in "123":
        desk.show("A", path, Absent())

    assert _missing(desk) == {desk.node("3").id}


def test_an_emptied_file_waits_and_is_lost() -> None:
    """P16: a file without its content waits until it is decided about; one with some content does not."""
    desk = _full("1", "2")
    desk.show("A", "1", file(""))
    desk.show("A", "2", file("less"))
    node = desk.node("1")

    assert desk.heads()["1"] == "1"
    assert is_emptied(node, node.services["A"])
    assert _missing(desk) == {node.id}
    decide(desk.work, "A", node, settled=True)
    assert desk.heads() == {"1": "empty", "2": "less", "d": None}
    assert _missing(desk) == set()


def test_an_empty_file_is_no_emptied_one() -> None:
    """P16: a file that never had content, a new one, or one in a place that is only written, waits for nothing."""
    desk = Desk(modes={"B": Mode.WRITE})
    desk.have("1", "")
    desk.show("A", "1", file("", "touched"))
    desk.show("A", "2", file(""))
    desk.have("3", "3")
    desk.show("B", "3", file(""))

    assert desk.heads()["2"] == "empty"
    assert not any(is_emptied(desk.node(path), state) for path in "12" for state in desk.node(path).services.values())
    assert desk.node("3").services["B"].drift


def test_an_emptied_file_still_follows_a_move() -> None:
    """P16, P18: only its content waits; whoever takes the name it has left finds that free."""
    desk = Desk()
    desk.have("1", "content")
    desk.show("A", "2", file("", "r2"), moved_from="1")

    assert desk.heads() == {"2": "content"}


def test_what_came_later_hides_nothing() -> None:
    """P16: files that are younger than the first loss do not count, so copies under other names hide nothing."""
    desk = _full("1", "2", "3")
    mark = desk.tree.next_id()
    for path in "123":
        desk.show("A", path, Absent())
        desk.show("A", f"{path}.locked", file(f"locked {path}"))

    assert _excess(desk, mark=mark) == Excess(3, 3)
    assert _excess(desk) is None


def test_what_came_and_went_after_the_first_loss_is_not_counted() -> None:
    """B11, P16: of more files than there were nothing can be lost: `percent: 100` holds nothing back."""
    desk = _full("a", "b", "c")
    mark = desk.node("c").id + 1
    for number in range(4):
        desk.have(f"later {number}", str(number))
    for path in ("a", *(f"later {number}" for number in range(4))):
        desk.show("A", path, Absent())

    assert len(_missing(desk)) == 5
    assert _excess(desk, mark=mark) is None
    for path in ("b", "c"):
        desk.show("A", path, Absent())
    assert _excess(desk, mark=mark) == Excess(3, 3)
    missing = _missing(desk)
    assert excess(desk.work, "A", MaxDelete(percent=100, files=0), missing=missing, mark=mark, before=Losses()) is None


def test_an_hour_counts_together() -> None:
    """P16: losses one after the other count within an hour, against the files there were at its begin."""
    desk = _full("1", "2", "3", "4")
    mark = desk.tree.next_id()
    desk.show("A", "1", Absent())
    before = Losses().plus(Loss(0, mark, 2))

    assert _excess(desk, before=before) is None
    desk.show("A", "2", Absent())
    assert _excess(desk, before=before) == Excess(4, 6)
    assert _excess(desk, before=before.within(WINDOW_NS)) is None


def test_losses_are_forgotten_after_an_hour() -> None:
    """P16: the hour slides; losses within a minute of each other are one."""
    found = Losses().plus(Loss(0, 7, 1)).plus(Loss(MINUTE // 2, 8, 2)).plus(Loss(2 * MINUTE, 9, 4))

    assert found == Losses((Loss(0, 7, 3), Loss(2 * MINUTE, 9, 4)))
    assert found.files == 7
    assert found.within(WINDOW_NS + 1) == Losses((Loss(2 * MINUTE, 9, 4),))


@pytest.mark.parametrize("path", ["d", "d/1"])
def test_what_is_restored_is_brought_again(path: str) -> None:
    """P16: restoring forgets that the service had it, so it gets all of it anew, and nobody loses anything."""
    desk = _full("d/1", "2")
    desk.show("A", path, Absent())
    restore(desk.work, "A", desk.work.at("A", path) or 0)
    brought = desk.bring()

    assert desk.heads() == {"d": None, "d/1": "d/1", "2": "2"}
    assert ("A", "WRITE", "d/1") in brought
    assert {service for service, _, _ in brought} == {"A"}


def test_an_emptied_file_that_is_restored_is_replaced() -> None:
    """P16, P11: what is replaced is the empty file, and nothing else."""
    desk = _full("1")
    desk.show("A", "1", file("", "r2"))
    restore(desk.work, "A", desk.node("1").id)
    (task,) = desk.plan("A").tasks

    assert (task.action.name, task.path, task.expected, task.version.revision) == ("WRITE", "1", "r2", "1")


def test_what_came_back_is_not_restored() -> None:
    """P16: an entry that is there again by itself is left alone."""
    desk = _full("1")
    desk.show("A", "1", Absent())
    desk.show("A", "1", file("1"))
    restore(desk.work, "A", desk.node("1").id)

    assert desk.plan("A").tasks == []


def test_what_came_and_went_is_no_loss() -> None:
    """P16: files that are younger than the first loss of the hour do not count, however many come and go."""
    before = Losses((Loss(at_ns=1, mark=100, files=2),))

    assert before.counts([5, 99, 100, 250], mark=300) == 2
    assert Losses().counts([5, 99, 100, 250], mark=300) == 4


def test_what_never_arrived_is_not_held_back() -> None:
    """P16: a file that we bring, whose outcome nobody knows, is no loss where it is not there."""
    desk = Desk()
    desk.show("A", "f", file("new"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("no answer"))
    desk.show("B", "f", Absent())
    node = desk.node("f")
    state = node.services["B"]
    assert state.gone

    assert not is_held_back(desk.work, "B", node, state)
