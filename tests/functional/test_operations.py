"""Everything people do to files reaches every service, on a running Onitu and behind its back (issue, bullets 1 and 2).

All operations of the table are done at once, each in its own directory and by another service than the one before, with
2, 3 and 5 services; then each is judged by itself.
"""

from __future__ import annotations

import attrs
import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.operations import OPERATIONS, Operation
from tests.functional.processes import Core
from tests.functional.trees import Tree, below, differences, fill, inodes

SERVICES = ("a", "b", "c", "d", "e")
ALL_AT_ONCE = 60  # Units for all operations together on five services.


@attrs.frozen
class Outcome:
    """What came of all operations.

    Attributes:
        onitu: The setup.
        before: Service to what it held when everything was prepared.
        expected: Operation to what its directory held on the acting service right after it was done.
        after: Service to what it held at the end.
        core: The run in which it happened.
    """

    onitu: Onitu
    before: dict[str, Tree]
    expected: dict[str, Tree]
    after: dict[str, Tree]
    core: Core


def actor(onitu: Onitu, operation: Operation) -> str:
    """Names the service on which an operation is done: each takes its turn."""
    return onitu.local[OPERATIONS.index(operation) % len(onitu.local)]


def prepare(onitu: Onitu) -> None:
    """Makes what the operations need, and enough beside it that their deletions are no mass deletion."""
    fill(onitu["a"] / "ballast", 1, files=300)
    for operation in OPERATIONS:
        place = onitu[actor(onitu, operation)] / operation.name
        place.mkdir()
        operation.prepare(place)


def change(onitu: Onitu) -> dict[str, Tree]:
    """Does all operations and says what each must lead to."""
    expected: dict[str, Tree] = {}
    for operation in OPERATIONS:
        name = actor(onitu, operation)
        operation.change(onitu[name] / operation.name)
        expected[operation.name] = below(onitu.tree(name), operation.name)
    return expected


def trees(onitu: Onitu) -> dict[str, Tree]:
    """Looks at every service."""
    return {name: onitu.tree(name) for name in onitu.local}


def live(onitu: Onitu) -> Outcome:
    """Does the operations while Onitu runs."""
    core = onitu.serve()
    prepare(onitu)
    onitu.converge(core, units=ALL_AT_ONCE)
    before = trees(onitu)
    expected = change(onitu)
    try:
        core.wait_until(lambda: not missing(onitu, expected), "all operations are everywhere", units=ALL_AT_ONCE)
    except AssertionError:
        pass  # Which of them failed is for the tests to say.
    after = trees(onitu)
    assert core.stop() == 0
    return Outcome(onitu, before, expected, after, core)


def offline(onitu: Onitu) -> Outcome:
    """Does the operations while Onitu is down."""
    prepare(onitu)
    onitu.once()
    before = trees(onitu)
    expected = change(onitu)
    core = onitu.once(expect=None)
    return Outcome(onitu, before, expected, trees(onitu), core)


def missing(onitu: Onitu, expected: dict[str, Tree]) -> list[str]:
    """Lists what is not yet as it should be."""
    return [
        line
        for tree in trees(onitu).values()
        for name, part in expected.items()
        for line in differences(part, below(tree, name))
    ]


@pytest.fixture(
    scope="module",
    params=[(way, count) for way in (live, offline) for count in (2, 3, 5)],
    ids=lambda param: f"{param[0].__name__}-{param[1]}",
)
def outcome(request: pytest.FixtureRequest, new_shared_setup: Setups) -> Outcome:
    """Does everything, once for all tests of this module."""
    way, count = request.param
    done: Outcome = way(new_shared_setup(*SERVICES[:count]))
    return done


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_reaches_every_service(outcome: Outcome, operation: Operation) -> None:
    """Bullets 1 and 2, F6, P2: what one service was made to hold, all hold at the end."""
    expected = outcome.expected[operation.name]

    for name, tree in outcome.after.items():
        assert differences(expected, below(tree, operation.name)) == [], name


@pytest.mark.parametrize("operation", [op for op in OPERATIONS if op.moves_only], ids=lambda operation: operation.name)
def test_renaming_moves_no_content(outcome: Outcome, operation: Operation) -> None:
    """P18: after a rename every service has the content in the same inodes as before."""
    for name, tree in outcome.after.items():
        before = inodes(below(outcome.before[name], operation.name))

        assert before == inodes(below(tree, operation.name)), name


def test_makes_nothing_else(outcome: Outcome) -> None:
    """P2, P5: all services hold the same, and no conflict copy that no user caused."""
    first, *others = outcome.after.values()

    for other in others:
        assert differences(first, other) == []
    assert [path for path in first if "(conflict" in path] == []
    assert outcome.core.log.named("conflict_found") == []


def test_leaves_nothing_staged(outcome: Outcome) -> None:
    """P12: staging places are empty at rest."""
    assert outcome.onitu.staged() == []


def test_reports_no_failure(outcome: Outcome) -> None:
    """P25: none of it ends in an error of a path or of a service."""
    assert [outcome.core.log.named(name) for name in ("path_failed", "service_failed", "service_halted")] == [
        [],
        [],
        [],
    ]


def test_second_pass_does_nothing(outcome: Outcome) -> None:
    """P3, P4: the next start finds nothing to do."""
    again = outcome.onitu.once()

    assert again.log.transfers == []
    assert [again.log.named(name) for name in ("file_moved", "file_deleted", "directory_made")] == [[], [], []]
    assert trees(outcome.onitu) == outcome.after
