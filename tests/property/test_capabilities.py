"""What holds where a driver cannot rename or delete: the same goal, reached in another way, and nothing lost on it."""

from __future__ import annotations

from hypothesis import given

from onitu.core.node import Action
from tests.property.histories import busy, edits, play_all, troubled, worlds
from tests.property.users import Step
from tests.property.world import World

RENAMES = ((), ("move_file",), ("move_directory",), ("move_file", "move_directory"))


@given(worlds(lacking=RENAMES), busy)
def test_p2_without_renames(world: World, history: list[Step]) -> None:
    """P1, P2, P3, D7: services that cannot rename come to hold the same as all others, and to rest."""
    play_all(world, history)
    world.rest()

    world.assert_no_loss()
    world.assert_converged()
    assert world.round() == 0


@given(worlds(lacking=RENAMES), troubled)
def test_p1_without_renames_and_with_trouble(world: World, history: list[Step]) -> None:
    """P1, P2, P13, D7: the same with torn listings, failures, unknown outcomes and crashes."""
    play_all(world, history)
    world.rest()

    world.assert_no_loss()
    world.assert_converged()


@given(worlds(lacking=(("delete_file",), ("delete_file", "move_file"))), edits)
def test_a_service_that_cannot_delete_is_never_asked_to(world: World, history: list[Step]) -> None:
    """D7, P1: nothing is deleted where that cannot be done; nothing is lost, and no turn is without end."""
    play_all(world, history)
    world.rest()

    world.assert_no_loss()
    assert not any(task.action is Action.DELETE for _, task in world.done)
