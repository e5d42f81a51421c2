"""Names that a service cannot tell apart: reported there, harmed nowhere (P19)."""

from __future__ import annotations

import unicodedata

import attrs
import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.memory import Memory
from tests.functional.processes import Core
from tests.functional.trees import write

COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "café.txt") for form in ("NFC", "NFD"))


@attrs.frozen
class Kind:
    """A kind of services, and two names that are one to it.

    Attributes:
        names: The driver's option.
        first: One name.
        second: The other.
    """

    names: str
    first: str
    second: str


KINDS = (
    Kind("case-insensitive", "Readme.txt", "README.txt"),
    Kind("case-insensitive", "straße.txt", "STRASSE.txt"),
    Kind("normalized", COMPOSED, DECOMPOSED),
)


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind.names} {kind.first!a}")
def kind(request: pytest.FixtureRequest) -> Kind:
    """Goes through the kinds."""
    assert isinstance(request.param, Kind)
    return request.param


def collided(new_setup: Setups, kind: Kind) -> tuple[Onitu, Memory, Core]:
    """Makes two disks that tell the names apart, and a service that does not, with both names made on a disk."""
    onitu = new_setup("a", "b")
    memory = Memory(onitu, "m", names=kind.names)
    write(onitu["a"] / "other.txt", "beside")
    core = onitu.serve()
    write(onitu["a"] / kind.first, "the first")
    core.wait_until(lambda: kind.first in memory.tree(), "the first arrives")
    write(onitu["a"] / kind.second, "the second")
    core.wait_until(
        lambda: [e for e in core.log.about("path_failed", kind.second) if e.get("service") == "m"], "it is reported"
    )
    return onitu, memory, core


def test_neither_name_is_harmed(new_setup: Setups, kind: Kind) -> None:
    """P19: the second is reported and not written there; edits of both go where they belong, and nowhere else."""
    onitu, memory, core = collided(new_setup, kind)
    onitu.converge(core)
    assert (onitu["b"] / kind.second).read_text() == "the second"
    write(onitu["b"] / kind.first, "the first, edited")
    write(onitu["b"] / kind.second, "the second, edited")
    onitu.converge(core)
    core.wait_until(lambda: memory.content(kind.first) == b"the first, edited", "the edit of the first arrives")
    memory.write(kind.first, "the first, edited on m")
    core.wait_until(lambda: (onitu["a"] / kind.first).read_text() == "the first, edited on m", "an edit comes back")
    onitu.converge(core)

    assert (onitu["a"] / kind.second).read_text() == "the second, edited"
    assert set(memory.tree()) == {kind.first, "other.txt"}
    assert set(onitu.tree("a")) == {kind.first, kind.second, "other.txt"}
    assert core.stop() == 0


def test_a_name_that_becomes_free_is_taken(new_setup: Setups, kind: Kind) -> None:
    """P19, P2: once the first has another name, or none, the second is written; its absence there was no deletion."""
    onitu, memory, core = collided(new_setup, kind)
    onitu.converge(core)
    (onitu["b"] / kind.first).unlink()
    core.wait_until(lambda: kind.second in memory.tree(), "the second arrives")
    onitu.converge(core)

    assert memory.content(kind.second) == b"the second"
    assert set(onitu.tree("a")) == {kind.second, "other.txt"} == set(memory.tree())
    assert core.stop() == 0


def test_another_spelling_is_a_rename(new_setup: Setups, kind: Kind) -> None:
    """P18, P19: a rename to another spelling of the same name moves no bytes, both ways."""
    onitu = new_setup("a", "b")
    memory = Memory(onitu, "m", names=kind.names)
    write(onitu["a"] / kind.first, "one file")
    core = onitu.serve()
    (onitu["b"] / kind.first).rename(onitu["b"] / kind.second)
    core.wait_until(lambda: set(memory.tree()) == {kind.second}, "m has the new spelling")
    onitu.converge(core)
    copied = len(core.log.transfers)
    memory.ask("move", path=kind.second, destination=kind.first)
    core.wait_until(lambda: set(onitu.tree("a")) == {kind.first}, "a has the old spelling again")
    onitu.converge(core)

    assert len(core.log.transfers) == copied == 2
    assert core.stop() == 0
