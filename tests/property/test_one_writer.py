"""What holds while users work on one service at a time: nobody has any reason to be surprised."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from onitu.core.model import Kind
from onitu.core.node import Action
from tests.property.histories import edits, play_all, shell, steps, worlds
from tests.property.service import Style
from tests.property.users import SYNC_VERBS, USER_VERBS, Step, play
from tests.property.world import World

_turns = st.lists(st.tuples(st.integers(0, 4), steps(*USER_VERBS, *SYNC_VERBS, size=20)), min_size=1, max_size=3)


def take_turn(world: World, writer: int, history: list[Step]) -> None:
    """Lets users work on one service only, comes to rest, and asserts that all hold exactly what that one did."""
    world.rest()
    name = world.names[writer % len(world.names)]
    for verb, which, a, b, c in history:
        play(world, (verb, writer if verb in USER_VERBS else which, a, b, c))
    wanted = world.projection(name)

    world.rest()

    assert world.projection(name) == wanted
    world.assert_converged()
    world.assert_no_loss()
    assert not any("(conflict " in path for path in wanted)


@given(worlds(), _turns)
def test_p5_one_sided_change_never_conflicts(world: World, turns: list[tuple[int, list[Step]]]) -> None:
    """P5: all services end with exactly what the one writer has; no conflict copy, no revived or lost entry."""
    for writer, history in turns:
        take_turn(world, writer, history)


@given(worlds(), st.lists(st.tuples(st.integers(0, 4), edits, shell), min_size=1, max_size=3))
def test_p5_p13_one_writer_and_trouble(world: World, turns: list[tuple[int, list[Step], list[Step]]]) -> None:
    """P5, P13: the same with torn listings, unknown outcomes and crashes: 0 extra copies."""
    for writer, history, trouble in turns:
        mixed = [step for pair in zip(history, trouble, strict=False) for step in pair]
        take_turn(world, writer, mixed + history[len(trouble) :] + trouble[len(history) :])


@given(worlds(), edits, shell, st.integers(0, 7))
def test_p14_unknown_is_never_absent(world: World, history: list[Step], trouble: list[Step], torn: int) -> None:
    """P14: torn listings and second looks that answer nothing delete nothing, whatever is left out."""
    play_all(world, history)
    world.rest()
    trees = {name: world.projection(name) for name in world.names}
    world.done.clear()
    world.deaf = True

    for step in trouble:
        play(world, ("torn" if step[0] in {"snapshot", "list"} else step[0], *step[1:]))
    for name in world.names:
        world.begin_snapshot(name)
        world.list_some(name, 100, torn=torn)
    world.drain()
    world.deaf = False
    world.rest()

    assert not world.done
    assert {name: world.projection(name) for name in world.names} == trees


@given(worlds(), edits, st.integers(0, 4), st.tuples(st.integers(0, 40), st.integers(0, 7)))
def test_p18_a_rename_is_one_move(world: World, history: list[Step], which: int, choice: tuple[int, int]) -> None:
    """P18: an entry renamed where it can be recognised is one move on every other service, and 0 bytes."""
    play_all(world, history)
    world.rest()
    name = world.names[which % len(world.names)]
    place = world.places[name]
    assume(place.service.style.has_ids or (place.live and place.paired))
    entries = list(place.service.walk())
    assume(entries)
    path, item = entries[choice[0] % len(entries)]
    directories = [("", place.service.root), *((p, i) for p, i in entries if i.kind is Kind.DIRECTORY)]
    above, beyond = directories[choice[1] % len(directories)]
    assume(above != path and not above.startswith(path + "/"))
    new = f"{above}/moved" if above else "moved"
    world.done.clear()

    parent = place.service.find(path.rpartition("/")[0])
    assert parent is not None
    place.service.rename(parent, path.rpartition("/")[2], beyond, "moved")
    world.moved(name, path, new)
    world.rest()

    assert [(service, task.action) for service, task in world.done] == [
        (other, Action.MOVE) for other in world.names if other != name
    ]
    assert all(other.service.find(new) is not None for other in world.places.values())
    assert item.kind is not None


@given(worlds(least=3), edits, steps(*USER_VERBS, size=20), st.integers(0, 4))
def test_p26_no_resurrection_however_long(world: World, before: list[Step], after: list[Step], away: int) -> None:
    """P26: a service that was away takes over all that happened, and brings back nothing that was deleted."""
    play_all(world, before)
    world.rest()
    name = world.names[away % len(world.names)]
    others = [other for other in world.names if other != name]
    for verb, which, a, b, c in after:
        writer = world.names.index(others[which % len(others)])
        play(world, (verb, writer, a, b, c))
        if a == 0:
            world.rest(services=others)
    world.rest(services=others)
    wanted = world.projection(others[0])

    world.rest()

    assert world.projection(others[0]) == wanted
    world.assert_converged()


@given(worlds(styles=(Style.LOCAL, Style.CLOUD)), edits)
def test_p3_rest_survives_a_restart(world: World, history: list[Step]) -> None:
    """P3: after rest a restart finds nothing to do, though everything is listed again."""
    play_all(world, history)
    world.rest()

    world.crash()

    assert world.round() == 0
