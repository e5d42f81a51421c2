"""Filters, rules and ignore files, with users at work on both sides of their borders."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st

from onitu.core.filters import Filter
from onitu.core.patterns import Patterns
from onitu.core.rules import Match, Rule, Rules
from tests.property.histories import busy, edits, play_all, worlds
from tests.property.users import Step
from tests.property.world import World

FILTERS = (
    Filter(level="a", blacklist=Patterns.of(["a"])),
    Filter(level="ab", blacklist=Patterns.of(["/a/b", "/b/c.txt"])),
    Filter(level="txt", whitelist=Patterns.of(["*.txt", "/d/"])),
    Filter(level="text", types=("text",)),
    Filter(level="small", max_size=3),
    Filter(level="large", min_size=3),
)


@attrs.frozen
class Narrow:
    """What a setup says.

    Attributes:
        filters: Of each service, by its index.
        rules: The rules.
        ignore: Text of the ignore file.
    """

    filters: dict[int, tuple[Filter, ...]]
    rules: Rules | None
    ignore: str

    def apply(self, world: World) -> None:
        """Brings it into force."""
        filters = {name: self.filters.get(index, ()) for index, name in enumerate(world.names)}
        world.narrow(filters, self.rules, ignore=self.ignore)


_rule = st.builds(
    Rule,
    match=st.builds(
        Match,
        path=st.sampled_from(("", "/f/a", "/f/b", "/f/b/d", "/f/c.txt")),
        max_size=st.sampled_from((None, None, 3)),
    ),
    sync=st.frozensets(st.sampled_from("ABC"), max_size=3),
    ban=st.frozensets(st.sampled_from("ABC"), max_size=1),
)
_narrows = st.builds(
    Narrow,
    filters=st.dictionaries(st.integers(0, 4), st.lists(st.sampled_from(FILTERS), max_size=2).map(tuple), max_size=3),
    rules=st.none() | st.lists(_rule, max_size=3).map(lambda rules: Rules(tuple(rules))),
    ignore=st.sampled_from(("", "", "e\n", "/a/\n!a/b\n")),
)


def agree(world: World) -> None:
    """Comes to rest, and asserts P1, P2, P3, P27 and P28 for what belongs to the folder."""
    world.rest()
    world.examine()
    world.assert_no_loss()
    world.assert_scoped()
    assert world.round() == 0


@given(worlds(most=3), _narrows, edits)
def test_p1_p2_p3_users_at_the_borders(world: World, narrow: Narrow, history: list[Step]) -> None:
    """P1, P2, P3, P20: whatever crosses the border of a scope, nothing is lost and all have what belongs to them."""
    narrow.apply(world)
    agree(play_all(world, history))


@given(worlds(most=4), st.lists(st.tuples(_narrows, busy), min_size=1, max_size=3))
def test_p20_other_filters_and_rules(world: World, eras: list[tuple[Narrow, list[Step]]]) -> None:
    """P1, P2, P3, P20, C5: the setup may change at any moment, with transfers under way."""
    for narrow, history in eras:
        narrow.apply(world)
        play_all(world, history)
    agree(world)


@given(worlds(most=4), edits, _narrows)
def test_p20_another_setup_deletes_nothing(world: World, history: list[Step], narrow: Narrow) -> None:
    """P20: a change of filters or rules alone deletes and moves nothing anywhere."""
    play_all(world, history)
    world.rest()
    before = {name: set(world.projection(name)) for name in world.names}

    narrow.apply(world)
    world.rest()

    for name in world.names:
        assert before[name] <= set(world.projection(name))
