"""Directed histories: what users and services do rarely, or never at the moment at which it matters.

A seed of these is a run as any other: real core, same services, same properties. Only what happens is written down, and
chance is left with the kinds of services, their number and how long everything takes. Each history says which safeguard
nothing else puts to the test often enough; `mutations` takes that one away.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import attrs
import trio

from onitu.core.capability import NameComparison
from onitu.core.filters import Filter
from onitu.core.node import Action
from onitu.core.scope import Policy
from tests.property.service import Style
from tests.property.users import NAMES
from tests.simulation.epilogues import move
from tests.simulation.scenario import Kind, Scenario, draw
from tests.simulation.world import Violation

if TYPE_CHECKING:
    from tests.property.service import Item
    from tests.simulation.account import Account, Traits
    from tests.simulation.world import World


@attrs.frozen(kw_only=True)
class History:
    """What happens, and who must take part for it to matter.

    Attributes:
        play: Has it happen.
        suit: Changes what a service is like, by its number.
        kind: Who has users.
        policy: Who keeps the name in a conflict.
    """

    play: Callable[[World], Awaitable[None]]
    suit: Callable[[int, Traits], Traits] = lambda _number, traits: traits
    kind: Kind = Kind.MANY
    policy: Policy = Policy.KEEP_BOTH


def draw_history(name: str, seed: int) -> Scenario:
    """Returns the scenario of a seed in which a history is played, and nothing else goes wrong.

    Args:
        name: Which history.
        seed: What the rest comes from.
    """
    history, scenario = HISTORIES[name], draw(seed)
    quiet = [
        attrs.evolve(traits, names=NameComparison.EXACT, coarse=False, polled=False, cursors=False)
        for traits in scenario.traits
    ]
    return attrs.evolve(
        scenario,
        kind=history.kind,
        traits=tuple(history.suit(number, traits) for number, traits in enumerate(quiet)),
        names=NAMES,
        rate=0.0,
        late=False,
        policy=history.policy,
        before=(),
        steps=(),
        epilogue="none",
        history=name,
    )


def _accounts(world: World) -> list[Account]:
    return list(world.accounts.values())


def _write(world: World, account: Account, path: str, content: bytes, *, told: bool = True) -> None:
    """A user writes a file, of which the service may tell late."""
    parent, name = _place(account, path)
    world.superseded.update(account.write(parent, name, content))
    world.superseded.discard(content)
    world.made(account.name, content)
    world.say(f"{trio.current_time():.3f} user {account.name} writes {path} {content!r}")
    if told:
        account.heard(path)


def _remove(world: World, account: Account, path: str, *, told: bool = True) -> None:
    """A user deletes an entry with everything in it."""
    parent, name = _place(account, path)
    world.superseded.update(account.remove(parent, name))
    world.say(f"{trio.current_time():.3f} user {account.name} deletes {path}")
    if told:
        account.heard(path)


def _make_directory(account: Account, path: str) -> None:
    parent, name = _place(account, path)
    account.make_directory(parent, name)
    account.heard(path)


def _place(account: Account, path: str) -> tuple[Item, str]:
    above, _, name = path.rpartition("/")
    parent = account.find(above)
    assert parent is not None
    return parent, name


async def _some_time(world: World, *seconds: float) -> None:
    await trio.sleep(world.rng.choice(seconds))


async def _part(world: World) -> None:
    """Has all services go on alone."""
    for account in world.accounts.values():
        account.online = False
        account.break_streams()


async def _meet(world: World) -> None:
    for account in world.accounts.values():
        account.online = True
    await world.rest()


def _deeds(account: Account, since: int) -> list[Action]:
    """Returns what was done on a service for us since it had been asked for a number of deeds."""
    return [action for action, _ in account.operations[since:]]


async def doubt(world: World) -> None:
    """A write lands, nobody hears of it, the service answers no question for a while; and the user goes on writing."""
    first, second = _accounts(world)[:2]
    _write(world, first, "z", b"first")
    await world.rest()
    second.fates.append("unheard")
    second.mute = True
    _write(world, first, "z", b"other" if world.rng.random() < 0.5 else b"longer")
    await _some_time(world, 0.4, 1.0, 3.0)
    _write(world, first, "z", b"third")
    await _some_time(world, 2.0, 5.0, 12.0)
    second.mute = False


async def kept_copy(world: World) -> None:
    """A user goes on working in a conflict copy, and then the content that it was made of loses once more."""
    first, second = _accounts(world)[:2]
    _write(world, first, "z", b"start")
    await world.rest()
    for winner in (b"wins", b"wins again"):
        await _part(world)
        _write(world, first, "z", b"loses")
        _write(world, second, "z", winner)
        await _meet(world)
        if winner == b"wins":
            copies = [path for path, content in second.contents().items() if content == b"loses"]
            for path in copies:
                _write(world, second, path, b"edited")
            await world.rest()


async def power_cut(world: World) -> None:
    """The power goes between an acknowledgement and the flush that would have made it hold."""
    first, second = _accounts(world)[:2]
    _write(world, first, "z", b"first")
    await world.rest()
    path = world.rng.choice(("z", "y"))
    _write(world, first, path, b"other")
    with trio.move_on_after(60.0):
        while second.contents().get(path) != b"other":
            await trio.sleep(0.01)
    await _some_time(world, 0.0, 0.01, 0.1, 0.5)
    world.crash(power=True, where="before the flush")


async def raced_edit(world: World) -> None:
    """A user writes a file on a service while another one's edit of it is on its way there."""
    first, second = _accounts(world)[:2]
    _write(world, first, "z", b"first")
    await world.rest()
    _write(world, second, "z", b"raced")
    _write(world, first, "z", world.rng.choice((b"other", b"longer")))
    await world.rest()


async def undecided_edit(world: World) -> None:
    """A user writes a file whose digest cannot be had for a while, and another one writes it elsewhere meanwhile."""
    first, second = _accounts(world)[:2]
    _write(world, first, "z", b"first")
    await world.rest()
    second.mute = True
    _write(world, second, "z", b"other")
    await _some_time(world, 0.1, 0.5)
    _write(world, first, "z", b"third")
    await _some_time(world, 1.0, 3.0)
    second.mute = False


async def torn(world: World) -> None:
    """P14: a listing breaks off, once at a new start and once later."""
    first, second = _accounts(world)[:2]
    _make_directory(first, "d")
    for path in ("d/x", "d/y", "z"):
        _write(world, first, path, path.encode())
    await world.rest()
    for account in (first, second):
        account.torn = 1 + world.rng.randrange(3)
        account.mute = True
        account.break_streams()
        await _some_time(world, 2.0, 4.0)
        account.mute = False
        await world.rest()


async def moved_while_away(world: World) -> None:
    """P18: what was moved from one directory to a later one while nobody looked is one move elsewhere."""
    first, *others = _accounts(world)
    for directory in ("a", "z"):
        _make_directory(first, directory)
    _write(world, first, "a/x", b"moving")
    await world.rest()
    counts = {account.name: len(account.operations) for account in others}
    first.online = False
    first.break_streams()
    first.rename(*_place(first, "a/x"), *_place(first, "z/x"))
    await _some_time(world, 0.1, 5.0)
    await _meet(world)
    for account in others:
        done = _deeds(account, counts[account.name])
        if done != [Action.MOVE]:
            raise Violation("P18", f"a move on {first.name} was {done} on {account.name}")


async def deleted_directory(world: World) -> None:
    """A directory is deleted, and somebody has just made a file in it where that is not yet seen."""
    first, second = _accounts(world)[:2]
    _make_directory(first, "d")
    _write(world, first, "d/old", b"known")
    await world.rest()
    _write(world, second, "d/new", b"unseen")
    if world.rng.random() < 0.5:
        _make_directory(second, "d/e")
        _write(world, second, "d/e/new", b"deeper")
    _remove(world, first, "d")
    await world.rest()


async def same_second(world: World) -> None:
    """A file is written twice in one tick of all that tells one content from another, and looked at in between."""
    first = _accounts(world)[0]
    _write(world, first, "z", b"start")
    await world.rest()
    await trio.sleep(math.ceil(world.now()) - world.now() + 0.05)
    _write(world, first, "z", b"first")
    await _some_time(world, 0.1, 0.3, 0.6)
    _write(world, first, "z", b"other", told=False)
    await _some_time(world, 1.5, 4.0)
    first.heard("z")
    await world.rest()


async def gone_at_once(world: World) -> None:
    """A file is deleted while nobody looks, in the very second in which it was written."""
    first = _accounts(world)[0]
    _make_directory(first, "d")
    _write(world, first, "d/y", b"stays")
    await world.rest()
    first.heard("d/y")  # Its own second is over by now.
    await world.rest()
    await trio.sleep(math.ceil(world.now()) - world.now() + 0.05)
    _write(world, first, "d/x", b"short")
    await _some_time(world, 0.2, 0.4)
    first.online = False
    first.break_streams()
    _remove(world, first, "d/x", told=False)
    await world.restart()
    first.online = True
    await world.rest()


async def blink(world: World) -> None:
    """P14: a program removes a file and writes it again; the service tells the one at once and the other late."""
    first, *others = _accounts(world)
    _write(world, first, "z", b"first")
    await world.rest()
    counts = {account.name: len(account.operations) for account in others}
    first.mute = True
    _remove(world, first, "z")
    await _some_time(world, 0.05, 0.4)
    _write(world, first, "z", b"other", told=False)
    await _some_time(world, 3.0, 8.0)
    first.mute = False
    first.heard("z")
    await world.rest()
    for account in others:
        if Action.DELETE in _deeds(account, counts[account.name]):
            raise Violation("P14", f"{account.name} had it deleted while nobody knew whether it was gone")


async def crossed_rename(world: World) -> None:
    """P18: a watcher tells of the new name before it tells that the old one is gone."""
    first, *others = _accounts(world)
    _make_directory(first, "a")
    _write(world, first, "a/x", b"moving")
    await world.rest()
    counts = {account.name: len(account.operations) for account in others}
    first.rename(*_place(first, "a/x"), first.root, "y")
    first.heard("y")
    first.heard("a/x")
    await world.rest()
    for account in others:
        done = _deeds(account, counts[account.name])
        if done != [Action.MOVE]:
            raise Violation("P18", f"a rename on {first.name} was {done} on {account.name}")


async def late_rename(world: World) -> None:
    """A rename is told after its old name was asked for, since an edit from elsewhere was to be written there."""
    first, second = _accounts(world)[:2]
    _make_directory(first, "a")
    _write(world, first, "a/x", b"moving")
    await world.rest()
    first.lagging = True
    first.rename(*_place(first, "a/x"), first.root, "y")
    first.heard_move("a/x", "y")
    _write(world, second, "a/x", b"edited")
    await _some_time(world, 0.1, 0.4, 0.8)
    first.catch_up()
    await world.rest()


async def late_news(world: World) -> None:
    """News of how a file was before our own write come after it, and nobody has heard what became of that."""
    first, second = _accounts(world)[:2]
    _write(world, first, "z", b"first")
    await world.rest()
    second.lagging = second.mute = True
    second.heard("z")
    second.fates.append("unheard")
    _write(world, first, "z", b"other")
    await _some_time(world, 0.5, 2.0)
    _write(world, first, "z", b"third")
    await _some_time(world, 0.1, 0.5)
    second.catch_up()
    await _some_time(world, 0.5, 2.0)
    second.mute = False


async def old_listing(world: World) -> None:
    """P4: a service shows, in a listing that lags behind, what we have replaced there."""
    first, second = _accounts(world)[:2]
    _write(world, first, "z", b"first")
    await world.rest()
    before = second.stat("z")
    _write(world, first, "z", world.rng.choice((b"other", b"longer")))
    await world.rest()
    count = len(world.mutations)
    second.shows("z", before)
    await world.rest()
    if len(world.mutations) != count:
        raise Violation("P4", f"what {second.name} showed late made a version: {world.mutations[count:]}")


async def kept_cursor(world: World) -> None:
    """The core dies right after a commit, with news of a service that goes on from where it said it was."""
    first = _accounts(world)[0]
    _write(world, first, "z", b"first")
    await world.rest()
    world.set_trap("after commit", world.rng.randrange(3), power=False)
    _write(world, first, world.rng.choice(("y", "z")), b"other")
    await _some_time(world, 1.0, 5.0)


async def narrowed(world: World) -> None:
    """P20: a filter takes a file out of a service's scope, and later lets it in again: nothing is deleted for it."""
    first, second = _accounts(world)[:2]
    _write(world, first, "small", b"small")
    _write(world, first, "large", b"rather large")
    await world.rest()
    counts = {account.name: len(account.operations) for account in _accounts(world)}
    for filters in ((Filter(level="service B", max_size=8),), ()):
        world.filters[second.name] = filters
        await world.restart()
        await world.rest()
        for account in _accounts(world):
            if Action.DELETE in _deeds(account, counts[account.name]):
                raise Violation("P20", f"a filter of {second.name} had something deleted on {account.name}")


async def two_cases(world: World) -> None:
    """P19: two files are made whose names one of the services cannot tell from each other."""
    first = _accounts(world)[0]
    for name in ("name", "NAME"):
        _write(world, first, name, name.encode())
        await _some_time(world, 0.0, 2.0)


async def another_case(world: World) -> None:
    """P19: a file is deleted, and one made whose name only the service that is told of it can tell from the other."""
    first = _accounts(world)[0]
    names = ["name", "NAME"] if world.rng.random() < 0.5 else ["NAME", "name"]
    _write(world, first, names[0], b"first")
    await world.rest()
    await _part(world)
    _remove(world, first, names[0])
    _write(world, first, names[1], b"other")
    await _meet(world)


def _first(**changes: Any) -> Callable[[int, Traits], Traits]:  # noqa: ANN401 - whatever a trait is
    """Returns what changes the first service alone."""
    return lambda number, traits: attrs.evolve(traits, **changes) if not number else traits


def _second(**changes: Any) -> Callable[[int, Traits], Traits]:  # noqa: ANN401 - whatever a trait is
    """Returns what changes the second service alone."""
    return lambda number, traits: attrs.evolve(traits, **changes) if number == 1 else traits


async def nothing(_world: World) -> None:
    """Nothing more."""


HISTORIES = {
    "none": History(play=nothing),
    "doubt": History(play=doubt, suit=_second(polled=True), kind=Kind.ONE),
    "kept copy": History(play=kept_copy, policy=Policy.PREFER),
    "power cut": History(play=power_cut, suit=_second(style=Style.LOCAL, durable=False)),
    "undecided edit": History(play=undecided_edit, suit=_second(style=Style.PLAIN, computes=False)),
    "rename": History(play=move, suit=_first(style=Style.LOCAL), kind=Kind.ONE),
    "raced edit": History(play=raced_edit, suit=_second(polled=True)),
    "torn": History(play=torn, suit=_first(asked=False), kind=Kind.HARMLESS),
    "late rename": History(play=late_rename, suit=_first(style=Style.LOCAL)),
    "late news": History(play=late_news, kind=Kind.ONE),
    "old listing": History(play=old_listing, suit=_second(style=Style.CLOUD), kind=Kind.ONE),
    "moved while away": History(play=moved_while_away, suit=_first(style=Style.LOCAL), kind=Kind.ONE),
    "deleted directory": History(play=deleted_directory, suit=_second(polled=True)),
    "filled directory": History(play=deleted_directory),
    "same second": History(play=same_second, suit=_first(style=Style.PLAIN, computes=True, coarse=True), kind=Kind.ONE),
    "same second, read": History(
        play=same_second, suit=_first(style=Style.PLAIN, computes=False, coarse=True), kind=Kind.ONE
    ),
    "gone at once": History(
        play=gone_at_once, suit=_first(style=Style.PLAIN, computes=True, coarse=True), kind=Kind.ONE
    ),
    "blink": History(play=blink, kind=Kind.ONE),
    "crossed rename": History(play=crossed_rename, suit=_first(style=Style.LOCAL, paired=False), kind=Kind.ONE),
    "kept cursor": History(play=kept_cursor, suit=_first(style=Style.CLOUD, cursors=True), kind=Kind.ONE),
    "narrowed": History(play=narrowed, kind=Kind.ONE),
    "two cases": History(play=two_cases, suit=_second(names=NameComparison.CASE_INSENSITIVE), kind=Kind.ONE),
    "another case": History(play=another_case, suit=_second(names=NameComparison.CASE_INSENSITIVE), kind=Kind.ONE),
}
