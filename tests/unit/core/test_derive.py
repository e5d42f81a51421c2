"""What is kept beside the records follows from the records alone."""

from __future__ import annotations

import msgspec
import pytest

from onitu.core.capability import Mode
from onitu.core.derive import fingerprint_parts, index_keys
from onitu.core.fingerprint import MODULUS, entry_fingerprint
from onitu.core.model import Absent, Inadmissible, Kind, Present
from onitu.core.node import Action, Intent, Phase
from onitu.errors import OutcomeUnknown
from tests.unit.core.desk import Desk, file


def keys(desk: Desk, path: str) -> set[tuple[str | int, ...]]:
    """Returns the index entries of a node."""
    return index_keys(desk.node(path), desk.scope)


def test_a_node_in_rest_has_one_entry() -> None:
    """A file that all hold in its place costs one index entry, and one more per id."""
    desk = Desk("A", "B")
    desk.have("f", "x")

    assert keys(desk, "f") == {("child", desk.scope.root, "f")}


def test_ids_are_indexed() -> None:
    """An id is found again under whatever name."""
    desk = Desk("A")
    desk.show("A", "f", Present(kind=Kind.FILE, revision="r", native_id="n"))

    assert ("native", "A", "n", desk.node("f").id) in keys(desk, "f")


def test_work_to_do_is_indexed() -> None:
    """Where base is not head, the node is dirty on that service, unless it may not be written there."""
    desk = Desk("A", "B", "C", modes={"C": Mode.READ})
    desk.show("A", "f", file("x"))
    node = desk.node("f").id

    assert keys(desk, "f") == {("child", desk.scope.root, "f"), ("dirty", "B", "f", node)}


def test_another_place_is_a_view() -> None:
    """An entry that a service holds elsewhere is found there."""
    desk = Desk("A", "B")
    desk.have("f", "x")
    desk.show("A", "g", file("x"), moved_from="f")

    assert ("view", "B", desk.scope.root, "f") in keys(desk, "g")


def test_what_waits_is_indexed() -> None:
    """Missed and undecided entries, and unknown outcomes, are found again after a restart."""
    desk = Desk("A", "B")
    desk.have("f", "x")
    desk.show("B", "f", Absent())
    desk.show("A", "g", file("y"))
    desk.answer("B", desk.plan("B").tasks[0], OutcomeUnknown("torn"))

    assert ("awaiting", "B", "f", desk.node("f").id) in keys(desk, "f")
    assert ("awaiting", "B", "f", desk.node("g").id) in keys(desk, "g")
    assert ("bound", "B", desk.scope.root, "g") in keys(desk, "g")


def test_only_what_is_decided_counts_for_fingerprints() -> None:
    """An entry that is missed adds nothing."""
    desk = Desk("A", "B")
    desk.have("f", "x")
    place = (desk.node("f").services["A"].seen or desk.node("f").services["B"].seen).place.parent  # type: ignore[union-attr]
    assert fingerprint_parts(desk.node("f"))["A", place] == ("f", 1, "x")

    desk.show("A", "f", Absent())
    desk.show("B", "f", Inadmissible("a socket", "s"))

    assert fingerprint_parts(desk.node("f")) == {("B", place): ("f", 0, "s")}


@pytest.mark.parametrize("how", ["racy", "sent", "undecided"])
def test_what_is_not_decided_never_looks_unchanged(how: str) -> None:
    """P2: a directory with an undecided entry equals no listing, with the entry in it or without."""
    desk = Desk("A", "B")
    desk.have("f", "x")
    node = desk.node("f")
    state = node.services["A"]
    assert state.seen is not None
    if how == "racy":
        state.seen = msgspec.structs.replace(state.seen, entry=msgspec.structs.replace(state.seen.entry, racy=True))
    elif how == "sent":
        state.intent = Intent(action=Action.DELETE, phase=Phase.SENT, place=None, version=1, expected="x")
    else:
        state.seen = msgspec.structs.replace(state.seen, entry=msgspec.structs.replace(state.seen.entry, revision="y"))

    part = fingerprint_parts(node)["A", state.seen.place.parent]

    assert part[1] not in {0, *Kind}


def test_fingerprints_are_sums() -> None:
    """The sums that transactions keep are those of the entries that are there."""
    desk = Desk("A", "B")
    for number in range(5):
        desk.have(f"f{number}", str(number))
    desk.lose("A", "f0")
    wanted = sum(entry_fingerprint(f"f{number}", 1, str(number)) for number in range(1, 5)) % MODULUS

    assert desk.tree.fingerprint_changes["A", desk.scope.root] == wanted


def test_a_tombstone_is_forgotten_when_nobody_holds_it() -> None:
    """A deletion lives until every service has it, and no longer."""
    desk = Desk("A", "B")
    desk.have("f", "x")
    node = desk.node("f").id
    desk.lose("A", "f")
    assert desk.tree.find(node) is not None

    desk.bring()

    assert desk.tree.find(node) is None
