"""What holds when users of several services want different things."""

from __future__ import annotations

import collections
import copy

from hypothesis import assume, given
from hypothesis import strategies as st

from onitu.core.model import Kind
from onitu.core.node import Action
from tests.property.histories import edits, play_all, steps, worlds
from tests.property.users import USER_VERBS, Step
from tests.property.world import World


def files(world: World, name: str) -> collections.Counter[bytes]:
    """Returns the contents a service holds."""
    return collections.Counter(
        content for content in world.places[name].service.contents().values() if content is not None
    )


def put(world: World, name: str, path: str, content: bytes) -> None:
    """A user writes a file at the top."""
    place = world.places[name]
    world.superseded.update(set(place.service.write(place.service.root, path, content)) - {content})
    world.made(name, content)
    world.changed(name, path)


@given(worlds(), st.binary(max_size=6))
def test_p6_equal_content_is_adopted(world: World, content: bytes) -> None:
    """P6: the same content on all services moves no byte and makes no copy."""
    for name in world.names:
        put(world, name, "a", content)

    world.rest()

    assert not world.done
    assert set(world.places["A"].service.contents()) == {"a"}


@given(worlds(), st.permutations(range(5)))
def test_p7_edit_beats_delete(world: World, order: list[int]) -> None:
    """P7: an edit anywhere survives deletions everywhere else, in any order of arrival."""
    put(world, "A", "a", b"old")
    world.rest()
    for place in world.places.values():
        place.live = False
    put(world, "A", "a", b"new")
    for name in world.names[1:]:
        world.places[name].service.remove(world.places[name].service.root, "a")

    for index in order:
        if index < len(world.names):
            world.snapshot(world.names[index])
            world.drain()
    world.rest()

    assert all(place.service.contents() == {"a": b"new"} for place in world.places.values())


@given(worlds(), st.booleans(), st.integers(1, 3))
def test_p8_conflict_keeps_both(world: World, equal_size: bool, replays: int) -> None:
    """P8: different contents are all kept, on all services, and a replay after a crash makes no second copy."""
    for number, name in enumerate(world.names):
        put(world, name, "a.txt", b"%d" % number * (1 if equal_size else number + 1))
    wanted = sorted(world.created)

    for _ in range(replays):
        for name in world.names:
            world.snapshot(name)
        world.drain()
        for name in world.names:
            world.plan(name)
            world.execute(name)
        world.crash()
    world.rest()

    for place in world.places.values():
        assert sorted(place.service.contents().values(), key=bytes) == wanted  # type: ignore[arg-type]
        assert "a.txt" in place.service.contents()


@given(worlds(live=False), edits, steps(*USER_VERBS, size=15), st.permutations(range(5)))
def test_p9_order_of_arrival(world: World, before: list[Step], after: list[Step], order: list[int]) -> None:
    """P9: whichever service is heard first, the same contents come out.

    What a user has overwritten or deleted somewhere is left out: whether a directory's deletion here or its renaming
    there is heard first decides about what lay in it. So is how often: without ids, what was renamed alike on two
    services is a deletion and a creation on one of them, and may come out twice.
    """
    play_all(world, before)
    world.rest()
    play_all(world, after)
    world.drain()
    outcomes = []
    for names in (world.names, [world.names[index] for index in order if index < len(world.names)]):
        other = copy.deepcopy(world)
        for name in names:
            other.snapshot(name)
            other.drain()
        other.rest()
        other.assert_converged()
        other.assert_no_loss()
        outcomes.append(set(files(other, "A")) - world.superseded)

    assert outcomes[0] == outcomes[1]


#: What users do that may hit an entry which is to be left alone.
_REPLACING = {
    *("delete", "rename", "swap", "edit", "append", "empty", "equal", "to_directory", "to_file"),
    *("relink", "to_link", "link_to_file"),
}


@given(worlds(), edits, st.lists(st.tuples(st.integers(0, 4), st.integers(0, 40)), max_size=6), edits)
def test_p20_filters_delete_nothing(
    world: World, before: list[Step], excluded: list[tuple[int, int]], after: list[Step]
) -> None:
    """P20: an entry that is excluded is neither deleted anywhere nor touched where it lies, and comes back as it is."""
    play_all(world, before)
    world.rest()
    hidden = []
    for which, choice in excluded:
        service = world.places[world.names[which % len(world.names)]].service
        entries = [item for _, item in service.walk() if item.kind is Kind.FILE]
        if entries:
            item = entries[choice % len(entries)]
            item.excluded = True
            hidden.append((service, item, item.content))
    world.done.clear()

    world.rest()

    assert not world.done
    for step in after:
        if step[0] not in _REPLACING:
            play_all(world, [step])
    world.rest()
    assert not any(task.action is Action.DELETE for _, task in world.done)
    for service, item, content in hidden:
        assert item.content == content
        assert any(other is item for _, other in service.walk())
        item.excluded = False
    world.rest()
    world.assert_converged()
    world.assert_no_loss()


@given(worlds(most=4), worlds(most=2), edits, edits)
def test_p21_a_new_service_is_a_union(world: World, other: World, ours: list[Step], theirs: list[Step]) -> None:
    """P21: a service added with content of its own makes a union: nothing is deleted anywhere."""
    play_all(world, ours)
    world.rest()
    other.links = world.links
    play_all(other, [(verb, 0, a, b, c) for verb, _, a, b, c in theirs])
    world.done.clear()
    newcomer = other.places["A"].service
    contents = set(files(world, "A")) | set(newcomer.contents().values()) - {None}

    world.add("Z", newcomer)
    world.rest()

    assert not any(task.action is Action.DELETE for _, task in world.done)
    world.assert_converged()
    assert set(files(world, "A")) == contents


@given(worlds(least=3), edits, edits, st.integers(0, 4))
def test_p21_removed_and_linked_again(world: World, before: list[Step], after: list[Step], which: int) -> None:
    """P21: removing a service deletes nothing, and linking it again with its old state is a union."""
    play_all(world, before)
    world.rest()
    name = world.names[which % len(world.names)]
    gone = world.remove(name)
    kept = gone.contents()
    world.rest()
    assert gone.contents() == kept
    play_all(world, after)
    world.rest()
    contents = set(files(world, world.names[0])) | set(kept.values()) - {None}
    world.done.clear()

    world.add(name, gone)
    world.rest()

    assert not any(task.action is Action.DELETE for _, task in world.done)
    world.assert_converged()
    assert set(files(world, name)) == contents


@given(worlds(live=False, least=2, most=3), edits)
def test_p18_moves_that_contradict_keep_everything(world: World, history: list[Step]) -> None:
    """P18: A moved into B here and B into A there: nothing is lost, and all agree."""
    first, second = (world.places[name].service for name in ("A", "B"))
    first.make_directory(first.root, "x")
    first.make_directory(first.root, "y")
    put(world, "A", "z", b"z")
    play_all(world, [(verb, 0, a, b, c) for verb, _, a, b, c in history])
    world.rest()
    assume("x" in first.root.children and "y" in first.root.children)
    assume(all(item.kind is Kind.DIRECTORY for item in (first.root.children["x"], first.root.children["y"])))

    first.rename(first.root, "x", first.root.children["y"], "x")
    second.rename(second.root, "y", second.root.children["x"], "y")
    world.rest()

    world.assert_converged()
    world.assert_no_loss()
