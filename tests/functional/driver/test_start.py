"""What was done while Onitu was down is found at its start."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import pytest

from tests.functional.driver.pairs import Pair, needs
from tests.functional.harness import Setups
from tests.functional.processes import Core
from tests.functional.targets import Ability, Target
from tests.functional.trees import Tree, below, differences

SIDES = ("tested", "disk")


@attrs.frozen
class Outcome:
    """What came of all changes.

    Attributes:
        pair: The setup.
        expected: What the place of each side must hold.
        core: The run that found the changes.
    """

    pair: Pair
    expected: Mapping[str, Tree]
    core: Core


def prepare(target: Target, place: str) -> None:
    """Makes what is changed later."""
    for name in ("changed.txt", "deleted.txt", "moved.txt", "deleted directory/file.txt", "stays.txt"):
        target.write(f"{place}/{name}", f"{name} of {place}".encode() * 10)
    for number in range(4):
        target.write(f"{place}/moved directory/{number}.txt", f"{number} of {place}".encode() * 10)
    for number in range(30):
        target.write(f"{place}/ballast/{number}.txt", f"ballast {number} of {place}".encode())


def change(target: Target, place: str) -> None:
    """Changes it in every way."""
    target.write(f"{place}/new.txt", b"made while Onitu was down")
    target.write(f"{place}/new directory/inside/new.txt", b"made in a new directory")
    target.write(f"{place}/changed.txt", b"changed while Onitu was down")
    target.delete(f"{place}/deleted.txt")
    target.delete(f"{place}/deleted directory")
    target.move(f"{place}/moved.txt", f"{place}/renamed.txt")
    target.move(f"{place}/moved directory", f"{place}/renamed directory")


@pytest.fixture(scope="module")
def outcome(new_shared_setup: Setups) -> Outcome:
    """Changes both services while Onitu is down, and starts it again."""
    pair = Pair.make(new_shared_setup)
    needs(pair.tested, Ability.EDIT_OFFLINE)
    for side in SIDES:
        prepare(getattr(pair, side), side)
    pair.once()
    assert pair.apart() == []
    for side in SIDES:
        change(getattr(pair, side), side)
    expected = {side: pair.held(getattr(pair, side), side) for side in SIDES}
    return Outcome(pair, expected, pair.once())


def found(outcome: Outcome, side: str, *names: str) -> None:
    """Asserts that both services agree with the side on which something was done about some names."""

    def chosen(tree: Tree) -> Tree:
        return {path: entry for path, entry in tree.items() if path.split("/")[0] in names}

    wanted = chosen(outcome.expected[side])
    for service in outcome.pair.all:
        held = chosen(below(outcome.pair.held(service), side))
        assert differences(wanted, held) == [], service.name


@pytest.mark.parametrize("side", SIDES)
def test_new_is_found(outcome: Outcome, side: str) -> None:
    """F6 (start new), D10: a file, and a directory with a file in it."""
    found(outcome, side, "new.txt", "new directory")

    assert "new directory/inside/new.txt" in outcome.expected[side]


@pytest.mark.parametrize("side", SIDES)
def test_changed_is_found(outcome: Outcome, side: str) -> None:
    """F6 (start changed), D10: other content under the same name."""
    found(outcome, side, "changed.txt")


@pytest.mark.parametrize("side", SIDES)
def test_deleted_is_found(outcome: Outcome, side: str) -> None:
    """F6 (start deleted), D10: a file, and a directory with what was in it."""
    found(outcome, side, "deleted.txt", "deleted directory")

    assert not {"deleted.txt", "deleted directory"} & outcome.expected[side].keys()


@pytest.mark.parametrize("side", SIDES)
def test_moved_is_found(outcome: Outcome, side: str) -> None:
    """F6 (start moved): a file and a directory have their new names everywhere, and no content was sent for it."""
    found(outcome, side, "moved.txt", "renamed.txt", "moved directory", "renamed directory")

    if Ability.RENAME not in outcome.pair.tested.unable:
        sent = {event["path"] for event in outcome.core.log.transfers}
        assert not {path for path in sent if path.startswith(f"{side}/renamed")}


@pytest.mark.parametrize("side", SIDES)
def test_the_rest_is_as_it_was(outcome: Outcome, side: str) -> None:
    """F6 (start changed): nothing else is touched, nothing was in conflict, and nothing is left staged."""
    found(outcome, side, "stays.txt", "ballast")

    assert outcome.pair.apart() == []
    assert outcome.core.log.named("conflict_found") == []
    assert outcome.pair.staged() == []


def test_a_quiet_start_does_nothing(outcome: Outcome) -> None:
    """F6 (start changed), P3: the next start finds nothing to do."""
    again = outcome.pair.once()

    assert again.log.transfers == []
    assert [again.log.named(name) for name in ("file_moved", "file_deleted", "directory_made")] == [[], [], []]
