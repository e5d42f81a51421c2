"""Moments that chance brings about too rarely: what is played in directed histories, see `histories`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import trio

from onitu.core.filters import Filter
from onitu.core.node import Action
from tests.simulation.deeds import (
    accounts_of,
    deeds_since,
    make_directory,
    meet,
    part,
    place_of,
    remove,
    some_time,
    write,
)
from tests.simulation.world import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World


async def nothing(_world: World) -> None:
    """Nothing more."""


async def doubt(world: World) -> None:
    """A write lands, nobody hears of it, the service answers no question for a while; and the user goes on writing."""
    first, second = accounts_of(world)[:2]
    write(world, first, "z", b"first")
    await world.rest()
    second.fates.append("unheard")
    second.mute = True
    write(world, first, "z", b"other" if world.rng.random() < 0.5 else b"longer")
    await some_time(world, 0.4, 1.0, 3.0)
    write(world, first, "z", b"third")
    await some_time(world, 2.0, 5.0, 12.0)
    second.mute = False


async def equal_files(world: World) -> None:
    """P6: the same file is brought to all services by hand: nothing travels, and nothing is in conflict."""
    for account in accounts_of(world):
        write(world, account, "z", b"equal")
    await some_time(world, 3.0, 6.0)
    if world.mutations or world.conflicts:
        raise Violation("P6", f"all services hold the same, and yet: {world.mutations}, {world.conflicts} conflicts")


async def kept_copy(world: World) -> None:
    """A user goes on working in a conflict copy, and then the content that it was made of loses once more."""
    first, second = accounts_of(world)[:2]
    write(world, first, "z", b"start")
    await world.rest()
    for winner in (b"wins", b"wins again"):
        await part(world)
        write(world, first, "z", b"loses")
        write(world, second, "z", winner)
        await meet(world)
        if winner == b"wins":
            copies = [path for path, content in second.contents().items() if content == b"loses"]
            for path in copies:
                write(world, second, path, b"edited")
            await world.rest()


async def power_cut(world: World) -> None:
    """The power goes between an acknowledgement and the flush that would have made it hold."""
    first, second = accounts_of(world)[:2]
    write(world, first, "z", b"first")
    await world.rest()
    path = world.rng.choice(("z", "y"))
    write(world, first, path, b"other")
    with trio.move_on_after(60.0):
        while second.contents().get(path) != b"other":
            await trio.sleep(0.01)
    await some_time(world, 0.0, 0.01, 0.1, 0.5)
    world.crash(power=True, where="before the flush")


async def raced_edit(world: World) -> None:
    """A user writes a file on a service while another one's edit of it is on its way there."""
    first, second = accounts_of(world)[:2]
    write(world, first, "z", b"first")
    await world.rest()
    write(world, second, "z", b"raced")
    write(world, first, "z", world.rng.choice((b"other", b"longer")))
    await world.rest()


async def undecided_edit(world: World) -> None:
    """A user writes a file whose digest cannot be had for a while, and another one writes it elsewhere meanwhile."""
    first, second = accounts_of(world)[:2]
    write(world, first, "z", b"first")
    await world.rest()
    second.mute = True
    write(world, second, "z", b"other")
    await some_time(world, 0.1, 0.5)
    write(world, first, "z", b"third")
    await some_time(world, 1.0, 3.0)
    second.mute = False


async def torn(world: World) -> None:
    """P14: a listing breaks off, once at a new start and once later."""
    first, second = accounts_of(world)[:2]
    make_directory(first, "d")
    for path in ("d/x", "d/y", "z"):
        write(world, first, path, path.encode())
    await world.rest()
    for account in (first, second):
        account.torn = 1 + world.rng.randrange(3)
        account.mute = True
        account.break_streams()
        await some_time(world, 2.0, 4.0)
        account.mute = False
        await world.rest()


async def moved_while_away(world: World) -> None:
    """P18: what was moved from one directory to a later one while nobody looked is one move elsewhere."""
    first, *others = accounts_of(world)
    for directory in ("a", "z"):
        make_directory(first, directory)
    write(world, first, "a/x", b"moving")
    await world.rest()
    counts = {account.name: len(account.operations) for account in others}
    first.online = False
    first.break_streams()
    first.rename(*place_of(first, "a/x"), *place_of(first, "z/x"))
    await some_time(world, 0.1, 5.0)
    await meet(world)
    for account in others:
        done = deeds_since(account, counts[account.name])
        if done != [Action.MOVE]:
            raise Violation("P18", f"a move on {first.name} was {done} on {account.name}")


async def deleted_directory(world: World) -> None:
    """A directory is deleted, and somebody has just made a file in it where that is not yet seen."""
    first, second = accounts_of(world)[:2]
    make_directory(first, "d")
    write(world, first, "d/old", b"known")
    await world.rest()
    write(world, second, "d/new", b"unseen")
    if world.rng.random() < 0.5:
        make_directory(second, "d/e")
        write(world, second, "d/e/new", b"deeper")
    remove(world, first, "d")
    await world.rest()


async def same_second(world: World) -> None:
    """A file is written twice in one tick of all that tells one content from another, and looked at in between."""
    first = accounts_of(world)[0]
    write(world, first, "z", b"start")
    await world.rest()
    await trio.sleep(math.ceil(world.now()) - world.now() + 0.05)
    write(world, first, "z", b"first")
    await some_time(world, 0.1, 0.3, 0.6)
    write(world, first, "z", b"other", told=False)
    await some_time(world, 1.5, 4.0)
    first.heard("z")
    await world.rest()


async def gone_at_once(world: World) -> None:
    """A file is deleted while nobody looks, in the very second in which it was written."""
    first = accounts_of(world)[0]
    make_directory(first, "d")
    write(world, first, "d/y", b"stays")
    await world.rest()
    first.heard("d/y")  # Its own second is over by now.
    await world.rest()
    await trio.sleep(math.ceil(world.now()) - world.now() + 0.05)
    write(world, first, "d/x", b"short")
    await some_time(world, 0.2, 0.4)
    first.online = False
    first.break_streams()
    remove(world, first, "d/x", told=False)
    await world.restart()
    first.online = True
    await world.rest()


async def blink(world: World) -> None:
    """P14: a program removes a file and writes it again; the service tells the one at once and the other late."""
    first, *others = accounts_of(world)
    write(world, first, "z", b"first")
    await world.rest()
    counts = {account.name: len(account.operations) for account in others}
    first.mute = True
    remove(world, first, "z")
    await some_time(world, 0.05, 0.4)
    write(world, first, "z", b"other", told=False)
    await some_time(world, 3.0, 8.0)
    first.mute = False
    first.heard("z")
    await world.rest()
    for account in others:
        if Action.DELETE in deeds_since(account, counts[account.name]):
            raise Violation("P14", f"{account.name} had it deleted while nobody knew whether it was gone")


async def crossed_rename(world: World) -> None:
    """P18: a watcher tells of the new name before it tells that the old one is gone."""
    first, *others = accounts_of(world)
    make_directory(first, "a")
    write(world, first, "a/x", b"moving")
    await world.rest()
    counts = {account.name: len(account.operations) for account in others}
    first.rename(*place_of(first, "a/x"), first.root, "y")
    first.heard("y")
    first.heard("a/x")
    await world.rest()
    for account in others:
        done = deeds_since(account, counts[account.name])
        if done != [Action.MOVE]:
            raise Violation("P18", f"a rename on {first.name} was {done} on {account.name}")


async def late_rename(world: World) -> None:
    """A rename is told after its old name was asked for, since an edit from elsewhere was to be written there."""
    first, second = accounts_of(world)[:2]
    make_directory(first, "a")
    write(world, first, "a/x", b"moving")
    await world.rest()
    first.lagging = True
    first.rename(*place_of(first, "a/x"), first.root, "y")
    first.heard_move("a/x", "y")
    write(world, second, "a/x", b"edited")
    await some_time(world, 0.1, 0.4, 0.8)
    first.catch_up()
    await world.rest()


async def late_news(world: World) -> None:
    """News of how a file was before our own write come after it, and nobody has heard what became of that."""
    first, second = accounts_of(world)[:2]
    write(world, first, "z", b"first")
    await world.rest()
    second.lagging = second.mute = True
    second.heard("z")
    second.fates.append("unheard")
    write(world, first, "z", b"other")
    await some_time(world, 0.5, 2.0)
    write(world, first, "z", b"third")
    await some_time(world, 0.1, 0.5)
    second.catch_up()
    await some_time(world, 0.5, 2.0)
    second.mute = False


async def old_listing(world: World) -> None:
    """P4: a service shows, in a listing that lags behind, what we have replaced there."""
    first, second = accounts_of(world)[:2]
    write(world, first, "z", b"first")
    await world.rest()
    before = second.stat("z")
    write(world, first, "z", world.rng.choice((b"other", b"longer")))
    await world.rest()
    count = len(world.mutations)
    second.shows("z", before)
    await world.rest()
    if len(world.mutations) != count:
        raise Violation("P4", f"what {second.name} showed late made a version: {world.mutations[count:]}")


async def unseen_start(world: World) -> None:
    """P11: a service that comes back is looked at before anything is changed there."""
    first, second = accounts_of(world)[:2]
    write(world, first, "z", b"first")
    write(world, first, "y", b"stays")
    await world.rest()
    second.online = False
    second.break_streams()
    write(world, first, "z", b"other")
    remove(world, first, "y")
    write(world, first, "x", b"new")
    await some_time(world, 1.0, 5.0)
    count = len(second.operations)
    second.lagging = second.online = True
    await some_time(world, 20.0, 60.0)
    write(world, first, "w", b"newer")
    await some_time(world, 1.0, 5.0)
    if deeds_since(second, count):
        raise Violation("P11", f"{second.name} was changed before it was looked at: {second.operations[count:]}")
    second.catch_up()
    await world.rest()


async def kept_cursor(world: World) -> None:
    """The core dies right after a commit, with news of a service that goes on from where it said it was."""
    first = accounts_of(world)[0]
    write(world, first, "z", b"first")
    await world.rest()
    world.set_trap("after commit", world.rng.randrange(3), power=False)
    write(world, first, world.rng.choice(("y", "z")), b"other")
    await some_time(world, 1.0, 5.0)


async def narrowed(world: World) -> None:
    """P20: a filter takes a file out of a service's scope, and later lets it in again: nothing is deleted for it."""
    first, second = accounts_of(world)[:2]
    write(world, first, "small", b"small")
    write(world, first, "large", b"rather large")
    await world.rest()
    counts = {account.name: len(account.operations) for account in accounts_of(world)}
    for filters in ((Filter(level="service B", max_size=8),), ()):
        world.filters[second.name] = filters
        await world.restart()
        await world.rest()
        for account in accounts_of(world):
            if Action.DELETE in deeds_since(account, counts[account.name]):
                raise Violation("P20", f"a filter of {second.name} had something deleted on {account.name}")


async def two_cases(world: World) -> None:
    """P19: two files are made whose names one of the services cannot tell from each other."""
    first = accounts_of(world)[0]
    for name in ("name", "NAME"):
        write(world, first, name, name.encode())
        await some_time(world, 0.0, 2.0)


async def another_case(world: World) -> None:
    """P19: a file is deleted, and one made whose name only the service that is told of it can tell from the other."""
    first = accounts_of(world)[0]
    names = ["name", "NAME"] if world.rng.random() < 0.5 else ["NAME", "name"]
    write(world, first, names[0], b"first")
    await world.rest()
    await part(world)
    remove(world, first, names[0])
    write(world, first, names[1], b"other")
    await meet(world)
