"""Directed histories of the guards: so much happens at once that it should wait for a person, or looks as if."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import trio

from onitu.core.node import Action
from onitu.referee.holding import Order, set_order
from onitu.referee.link import SETTLE_DELAY
from tests.simulation.core import FOLDER
from tests.simulation.deeds import accounts_of, deeds_since, make_directory, place_of, remove, some_time, write
from tests.simulation.world import Violation

if TYPE_CHECKING:
    from tests.simulation.account import Account
    from tests.simulation.world import World

#: More files than may be lost, or become older, at once.
MANY = 24

#: Times of files, of which one is older than the other.
OLD, NEW = 10**12, 10**15


async def _order(world: World, account: Account, order: Order) -> None:
    """A person decides about a hold."""
    assert world.core is not None
    referee = world.core.referee
    await referee.writer.write(partial(set_order, service=account.name, folder=FOLDER, order=order))
    referee.links[account.name, FOLDER].settle_after(0)
    await world.rest()


async def mass_deletion(world: World) -> None:
    """P16: somebody deletes nearly everything; nothing is deleted elsewhere before a person has agreed."""
    first, *others = accounts_of(world)
    names = [f"{number:02}" for number in range(MANY)]
    for name in names:
        write(world, first, name, b"file " + name.encode())
    await world.rest()
    counts = {account.name: len(account.operations) for account in others}
    for name in names[1:]:
        remove(world, first, name)
    await some_time(world, 5.0, 60.0)
    for account in others:
        if Action.DELETE in deeds_since(account, counts[account.name]):
            raise Violation("P16", f"nearly everything was deleted on {account.name}, and nobody was asked")
    await _order(world, first, world.rng.choice(tuple(Order)))


async def restored_backup(world: World) -> None:
    """P17: a service comes back from a backup; what is newer elsewhere stays."""
    first, *others = accounts_of(world)
    names = [f"{number:02}" for number in range(MANY)]
    for content, mtime in ((b"old ", OLD), (b"newer ", NEW)):
        for name in names:
            write(world, first, name, content + name.encode(), told=False)
            place_of(first, name)[0].children[name].mtime = mtime
            first.heard(name)
        await world.rest()
    for name in names:
        item = first.root.children[name]
        item.content, item.mtime, item.stamp = b"old " + name.encode(), OLD, first.tick()
        first.heard(name)
    await some_time(world, 5.0, 60.0)
    for account in others:
        if account.contents()["00"] != b"newer 00":
            raise Violation("P17", f"{account.name} was rolled back with {first.name}, and nobody was asked")
    await _order(world, first, Order.RESTORE)


async def slow_renames(world: World) -> None:
    """P16, P18: of many renames the old names are told a moment before the new ones; it is no deletion."""
    first, *others = accounts_of(world)
    names = [f"{number:02}" for number in range(world.rng.choice((1, MANY)))]
    make_directory(first, "d")
    for name in names:
        write(world, first, name, b"file " + name.encode())
    await world.rest()
    counts = {account.name: len(account.operations) for account in others}
    for name in names:
        first.rename(first.root, name, first.root.children["d"], name)
        first.heard(name)
    await some_time(world, 0.2, 0.5)
    for name in names:
        first.heard(f"d/{name}")
    await world.rest()
    for account in others:
        done = deeds_since(account, counts[account.name])
        if done != [Action.MOVE] * len(names):
            raise Violation("P18", f"{len(names)} renames on {first.name} were {done} on {account.name}")
    if any("service_held" in line for line in world.trace):
        raise Violation("P16", "renames were held as if they were deletions")


async def slow_rename_above(world: World) -> None:
    """P2, P15: that a directory was renamed is told while an edited file in it is looked for under its old name."""
    first = accounts_of(world)[0]
    make_directory(first, "d")
    write(world, first, "d/f", b"first")
    await world.rest()
    assert world.core is not None
    world.chaos.slow = first.lagging = True
    first.rename(first.root, "d", first.root, "e")
    first.heard_move("d", "e")
    world.core.referee.links[first.name, FOLDER].ask_path("d/f")
    await trio.sleep(SETTLE_DELAY + world.rng.choice((0.0005, 0.02, 0.2)))
    first.catch_up()
    await world.rest()


async def lost_root(world: World) -> None:
    """P15: a disk is unmounted while a file on it is read; that is told only later, and an empty folder is there."""
    first = accounts_of(world)[0]
    write(world, first, "z", b"first")
    await world.rest()
    item = first.find("z")
    assert item is not None
    first.touch(item)
    first.heard("z")
    first.rooted = False
    world.halts += 1
    await some_time(world, 3.0, 8.0)
    for stream in first.streams:
        stream.lose_root()
    await some_time(world, 1.0, 5.0)
