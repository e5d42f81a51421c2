"""Atomic directories: what users of several services do in one is never mixed."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from onitu.core.model import Kind
from onitu.core.names import plain_name
from onitu.core.scope import Policy
from tests.property.histories import busy, edits, play_all, troubled, worlds
from tests.property.service import Item, SimulatedService
from tests.property.test_all_histories import agree
from tests.property.users import Step
from tests.property.world import World

#: Names that users of the simulation give.
ATOMIC = ("a/", "d/")

#: What lies in a directory: path to content, None for a directory.
Contents = dict[str, bytes | None]

_changes = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 5)), min_size=0, max_size=4)
_hearing = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=20)


def contents(service: SimulatedService, directory: Item) -> Contents:
    """Returns what lies in a directory."""
    return {path: item.content if item.kind is Kind.FILE else None for path, item in service.walk(directory)}


def units(service: SimulatedService) -> Iterator[Contents]:
    """Yields what lies in each atomic directory, and in each that was made of one."""
    for name, item in service.root.children.items():
        if plain_name(name) == "d" and item.kind is Kind.DIRECTORY:
            yield contents(service, item)


def change(world: World, name: str, what: int, which: int, other: int) -> None:
    """A user changes something in the atomic directory."""
    service = world.places[name].service
    unit = service.root.children.get("d")
    if unit is None:
        return
    names = sorted(child for child, item in unit.children.items() if item.kind is Kind.FILE)
    made = b"%05d" % len(world.created)
    if what == 0 or not names:
        world.superseded.update(service.write(unit, f"new{other}{name}", made))
        world.made(name, made)
        return
    child = names[which % len(names)]
    if what == 1:
        world.superseded.update(service.write(unit, child, made))
        world.made(name, made)
    elif what == 2:
        world.superseded.update(service.remove(unit, child))
    else:
        world.superseded.update(service.rename(unit, child, unit, f"moved{other}") or [])


def hear(world: World, hearing: list[tuple[int, int]]) -> None:
    """Lists all services, and takes in what they show, in some order."""
    for name in world.names:
        world.begin_snapshot(name)
    for which, step in hearing:
        name = world.names[which % len(world.names)]
        if step == 0 and world.places[name].listing is not None:
            world.list_some(name, 1)
        elif step == 1:
            world.consume(name, 2)
        else:
            world.ask(name, 1)
    for name in world.names:
        if world.places[name].listing is not None:
            world.list_some(name, 1_000)


@given(
    worlds(most=3, live=False, atomic=ATOMIC, policies=(Policy.KEEP_BOTH, Policy.NEWEST)),
    st.lists(_changes, min_size=3, max_size=3),
    _hearing,
)
def test_p8_never_a_mix(
    world: World, changes: list[list[tuple[int, int, int]]], hearing: list[tuple[int, int]]
) -> None:
    """P8, B11: each atomic directory is at rest what some user has left, however their changes are heard."""
    first = world.places["A"].service
    first.make_directory(first.root, "d")
    for number in range(4):
        first.write(first.root.children["d"], f"f{number}", b"old%d" % number)
    world.rest()
    for name, own in zip(world.names, changes, strict=False):
        for what, which, other in own:
            change(world, name, what, which, other)
    left = [contents(place.service, place.service.root.children["d"]) for place in world.places.values()]

    hear(world, hearing)
    world.drain()
    world.rest()

    world.assert_converged()
    world.assert_no_loss()
    for place in world.places.values():
        assert all(unit in left for unit in units(place.service))
    assert world.round() == 0


@given(worlds(most=3, atomic=ATOMIC), edits)
def test_p1_p2_p3_users_in_atomic_directories(world: World, history: list[Step]) -> None:
    """P1, P2, P3: nothing is lost where directories conflict as one, and all services agree."""
    agree(play_all(world, history))


@given(worlds(most=4, atomic=ATOMIC), busy)
def test_p1_p2_p3_while_changes_travel(world: World, history: list[Step]) -> None:
    """P1, P2, P3: the same while the shell is at work."""
    agree(play_all(world, history))


@given(worlds(most=3, atomic=ATOMIC), troubled)
def test_p13_crashes(world: World, history: list[Step]) -> None:
    """P13, P1, P2: the same with torn listings, failures, unknown outcomes and crashes."""
    agree(play_all(world, history))
