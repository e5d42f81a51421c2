"""Moments at which nobody can tell what became of what we did: played in directed histories, see `histories`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.deeds import accounts_of, make_directory, place_of, some_time

if TYPE_CHECKING:
    from tests.simulation.world import World


async def untold_rename(world: World) -> None:
    """P5: we rename a directory and hear no answer; it is seen under its new name, and nobody tells of the old one."""
    first, second = accounts_of(world)[:2]
    make_directory(first, "a")
    await world.rest()
    second.fates.append("unheard")
    second.mute = second.lagging = True
    first.rename(*place_of(first, "a"), first.root, "e")
    first.heard_move("a", "e")
    await some_time(world, 0.4, 1.0, 3.0)
    second.break_streams()
    second.lagging = False
    await some_time(world, 1.0, 5.0, 12.0)
    second.mute = False
