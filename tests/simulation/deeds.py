"""What users do in directed histories, and what comes between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from onitu.core.node import Action
    from tests.property.service import Item
    from tests.simulation.account import Account
    from tests.simulation.world import World


def accounts_of(world: World) -> list[Account]:
    """Returns the services, in the order of their names."""
    return list(world.accounts.values())


def write(world: World, account: Account, path: str, content: bytes, *, told: bool = True) -> None:
    """A user writes a file, of which the service may tell late."""
    parent, name = place_of(account, path)
    world.superseded.update(account.write(parent, name, content))
    world.superseded.discard(content)
    world.made(account.name, content)
    world.say(f"{trio.current_time():.3f} user {account.name} writes {path} {content!r}")
    if told:
        account.heard(path)


def remove(world: World, account: Account, path: str, *, told: bool = True) -> None:
    """A user deletes an entry with everything in it."""
    parent, name = place_of(account, path)
    world.superseded.update(account.remove(parent, name))
    world.say(f"{trio.current_time():.3f} user {account.name} deletes {path}")
    if told:
        account.heard(path)


def make_directory(account: Account, path: str) -> None:
    """A user makes a directory."""
    parent, name = place_of(account, path)
    account.make_directory(parent, name)
    account.heard(path)


def place_of(account: Account, path: str) -> tuple[Item, str]:
    """Returns the directory that a path lies in, and its name there."""
    above, _, name = path.rpartition("/")
    parent = account.find(above)
    assert parent is not None
    return parent, name


async def some_time(world: World, *seconds: float) -> None:
    """Lets one of some spells pass."""
    await trio.sleep(world.rng.choice(seconds))


async def part(world: World) -> None:
    """Has all services go on alone."""
    for account in world.accounts.values():
        account.online = False
        account.break_streams()


async def meet(world: World) -> None:
    """Has all services be there again, and come to rest."""
    for account in world.accounts.values():
        account.online = True
    await world.rest()


def deeds_since(account: Account, since: int) -> list[Action]:
    """Returns what was done on a service for us since it had been asked for a number of deeds."""
    return [action for action, _ in account.operations[since:]]
