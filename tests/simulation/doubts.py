"""Moments at which nobody can tell what became of what we did: played in directed histories, see `histories`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.deeds import accounts_of, make_directory, place_of, some_time, write

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


async def unheard_source(world: World) -> None:
    """P13: a file is written to a service that keeps no times, and before anybody hears of it, its source is another.

    What lies there then is in no other place any more, and neither its time nor anything else of it is ours.
    """
    first = accounts_of(world)[0]
    crashes = world.crashes
    world.set_trap("done", 0, power=False)
    write(world, first, "z", b"first")
    while world.crashes == crashes:
        await some_time(world, 0.05)
    write(world, first, "z", b"other")
    await world.rest()
