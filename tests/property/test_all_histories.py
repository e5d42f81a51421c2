"""What holds after any history: nothing is lost, everything agrees, and then nothing more is done."""

from __future__ import annotations

from hypothesis import given

from onitu.core.capability import Mode
from onitu.core.node import Action
from onitu.core.scope import Policy
from tests.property.histories import busy, edits, play_all, steps, troubled, worlds
from tests.property.users import SYNC_VERBS, USER_VERBS, Step
from tests.property.world import World


def agree(world: World) -> None:
    """Comes to rest and asserts P1, P2, P3, P27 and P28."""
    world.rest()
    world.examine()
    world.assert_no_loss()
    world.assert_converged()
    assert world.round() == 0


@given(worlds(), edits)
def test_p1_p2_p3_users_alone(world: World, history: list[Step]) -> None:
    """P1, P2, P3: whatever users do between two looks, nothing is lost, all services agree, and rest is rest."""
    agree(play_all(world, history))


@given(worlds(policies=tuple(Policy)), busy)
def test_p1_p2_p3_while_syncing(world: World, history: list[Step]) -> None:
    """P1, P2, P3: the same when users work while listings and mutations are under way, with every policy."""
    agree(play_all(world, history))


@given(worlds(), troubled)
def test_p13_crash_anywhere(world: World, history: list[Step]) -> None:
    """P13: torn listings, failures, unknown outcomes and crashes between a mutation and its record cost nothing."""
    agree(play_all(world, history))


@given(worlds(), busy)
def test_p27_p28_after_every_transaction(world: World, history: list[Step]) -> None:
    """P27, P28: after each transaction the head tree is a tree, and every derived record is what a rebuild gives."""
    world.check = True
    play_all(world, history)


@given(worlds(), troubled)
def test_p11_nothing_is_changed_without_its_expectation(world: World, history: list[Step]) -> None:
    """P11: what a mutation replaces, moves or deletes is what the core knew; the first record of it is its own."""
    play_all(world, history)
    world.rest()

    for _, task in world.done:
        assert (task.expected is None) <= (task.action in (Action.WRITE, Action.WRITE_SYMLINK, Action.MAKE_DIRECTORY))


@given(worlds(), busy)
def test_p4_our_own_writes_make_no_version(world: World, history: list[Step]) -> None:
    """P4: listing everything again after rest, our own writes included, makes no new version."""
    play_all(world, history)
    world.rest()
    before = {node.id: node.last for node in world.store.nodes()}

    for name in world.names:
        world.snapshot(name)
    world.drain()

    assert {node.id: node.last for node in world.store.nodes()} == before


@given(worlds(modes=True), steps(*USER_VERBS, *USER_VERBS, *SYNC_VERBS, "rest", size=40))
def test_p2_p11_modes(world: World, history: list[Step]) -> None:
    """P2, P11: a place that is only read is never changed; those that are read and written agree; drift survives."""
    play_all(world, history)
    world.rest()

    world.assert_no_loss()
    assert world.round() == 0
    full = [name for name in world.names if world.scope.members[name].mode is Mode.READ_WRITE]
    for name in full:
        assert world.projection(name) == world.projection(full[0])
    for name, place in world.places.items():
        assert world.scope.members[name].writable or place.service.mutations == 0
