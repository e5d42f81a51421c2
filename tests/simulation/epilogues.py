"""Small histories with a known end, played once everything is at rest after everything else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from onitu.core.model import Kind
from onitu.core.node import Action
from tests.simulation.properties import projection
from tests.simulation.world import Violation

if TYPE_CHECKING:
    from tests.simulation.account import Account
    from tests.simulation.world import World


def _write(world: World, account: Account, name: str, content: bytes) -> None:
    world.superseded.update(set(account.write(account.root, name, content)) - {content})
    world.made(account.name, content)
    account.heard(name)


def _remove(world: World, account: Account, name: str) -> None:
    world.superseded.update(account.remove(account.root, name))
    account.heard(name)


async def _seed(world: World, name: str, content: bytes) -> list[Account]:
    accounts = list(world.accounts.values())
    _write(world, accounts[0], name, content)
    await world.rest()
    return accounts


async def _apart(world: World) -> None:
    """Has all services go on alone: what happens to them from here on is found when they are back."""
    for account in world.accounts.values():
        account.online = False
        account.break_streams()


async def _together(world: World) -> None:
    world.heal()
    await world.rest()


async def edit_beats_delete(world: World) -> None:
    """P7: an edit on one service survives deletions on all others."""
    accounts = await _seed(world, "z-edited", b"old z")
    await _apart(world)
    _write(world, accounts[0], "z-edited", b"new z")
    for account in accounts[1:]:
        _remove(world, account, "z-edited")
    await _together(world)
    for account in accounts:
        if account.contents().get("z-edited") != b"new z":
            raise Violation("P7", f"{account.name} has {account.contents().get('z-edited')!r} in place of the edit")


async def conflict(world: World) -> None:
    """P8: different contents of one name are all kept everywhere, and the name is one of them."""
    accounts = await _seed(world, "z-both", b"first")
    await _apart(world)
    wanted = set()
    for account in accounts:
        content = b"of " + account.name.encode()
        _write(world, account, "z-both", content)
        wanted.add(content)
    await _together(world)
    for account in accounts:
        contents = account.contents()
        if not wanted <= set(contents.values()) or contents.get("z-both") not in wanted:
            raise Violation("P8", f"{account.name} does not keep both: {contents}")


async def move(world: World) -> None:
    """P18: a rename is one move on every other service, and no byte travels."""
    accounts = await _seed(world, "z-here", b"moving")
    before = {account.name: len(account.operations) for account in accounts}
    source = accounts[0]
    source.rename(source.root, "z-here", source.root, "z-there")
    source.heard_move("z-here", "z-there")
    await world.rest()
    if not (source.style.has_ids or source.traits.paired) or (source.traits.polled and not source.style.has_ids):
        return  # It cannot tell a rename from a deletion and a creation.
    for account in accounts[1:]:
        done = [action for action, _ in account.operations[before[account.name] :]]
        if done != [Action.MOVE]:
            raise Violation("P18", f"a rename on {source.name} was {done} on {account.name}")


async def long_away(world: World) -> None:
    """P25, P26: a service that is away stops nobody, and what was deleted meanwhile does not come back."""
    accounts = await _seed(world, "z-gone", b"gone")
    away, first = accounts[-1], accounts[0]
    away.online = False
    away.break_streams()
    _remove(world, first, "z-gone")
    _write(world, first, "z-new", b"fresh")
    others = {account.name for account in accounts[:-1]}
    await world.rest_of(others)
    for account in accounts[:-1]:
        if projection(account) != projection(first):
            raise Violation("P25", f"{account.name} waits for {away.name}, which is away")
    await world.sleep_long()
    await _together(world)
    if any("z-gone" in account.contents() for account in accounts):
        raise Violation("P26", f"what was deleted while {away.name} was away has come back")


async def newcomer(world: World) -> None:
    """P21: a service that joins with content of its own makes a union; nothing is deleted or overwritten."""
    accounts = list(world.accounts.values())
    before = {content for account in accounts for content in account.contents().values()}
    new = world.join("N", accounts[0].traits)
    _write(world, new, "z-own", b"brought")
    _write(world, new, "a", b"another a")
    counts = {account.name: len(account.operations) for account in world.accounts.values()}
    await world.restart()
    await world.rest()
    for account in world.accounts.values():
        for action, path in account.operations[counts[account.name] :]:
            if action is Action.DELETE:
                raise Violation("P21", f"{path!r} was deleted on {account.name} when {new.name} joined")
        held = set(account.contents().values())
        if not (before | {b"brought", b"another a"}) <= held:
            raise Violation("P21", f"{account.name} does not hold the union")


async def times(world: World) -> None:
    """P22: odd modification times neither conflict nor block."""
    accounts = await _seed(world, "z-time", b"timely")
    conflicts = world.conflicts
    for number, mtime in enumerate((0, -(10**9), 2**62)):
        account = accounts[number % len(accounts)]
        item = account.find("z-time")
        if item is None or item.kind is not Kind.FILE:
            raise Violation("P2", f"{account.name} lacks 'z-time'")
        item.mtime, item.stamp = mtime, account.tick()
        account.heard("z-time")
        await world.rest()
    if world.conflicts != conflicts:
        raise Violation("P22", "a modification time made a conflict")


async def contradicting_moves(world: World) -> None:
    """P18: one directory moved into another here, and the other way round there, loses nothing."""
    accounts = list(world.accounts.values())
    first, second = accounts[:2]
    for name in ("z-x", "z-y"):
        first.make_directory(first.root, name)
        first.heard(name)
        child = first.root.children[name]
        world.made(first.name, name.encode())
        first.write(child, "inside", name.encode())
        first.heard(f"{name}/inside")
    await world.rest()
    await _apart(world)
    first.rename(first.root, "z-x", first.root.children["z-y"], "z-x")
    first.heard_move("z-x", "z-y/z-x")
    second.rename(second.root, "z-y", second.root.children["z-x"], "z-y")
    second.heard_move("z-y", "z-x/z-y")
    await _together(world)
    for account in accounts:
        if not {b"z-x", b"z-y"} <= set(account.contents().values()):
            raise Violation("P18", f"{account.name} has lost a subtree: {account.contents()}")


EPILOGUES: dict[str, Callable[[World], Awaitable[None]]] = {
    "edit beats delete": edit_beats_delete,
    "conflict": conflict,
    "move": move,
    "long away": long_away,
    "newcomer": newcomer,
    "times": times,
    "contradicting moves": contradicting_moves,
}
