"""Directed histories: what users and services do rarely, or never at the moment at which it matters.

A seed of these is a run as any other: real core, same services, same properties. Only what happens is written down, and
chance is left with the kinds of services, their number and how long everything takes. Each history says which safeguard
nothing else puts to the test often enough; `mutations` takes that one away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import attrs

from onitu.core.capability import NameComparison
from onitu.core.scope import Policy
from tests.property.service import Style
from tests.property.users import NAMES
from tests.simulation import doubts, guarded, moments
from tests.simulation.epilogues import move
from tests.simulation.scenario import Kind, Scenario, draw

if TYPE_CHECKING:
    from tests.simulation.account import Traits
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


def _first(**changes: Any) -> Callable[[int, Traits], Traits]:  # noqa: ANN401 - whatever a trait is
    """Returns what changes the first service alone."""
    return lambda number, traits: attrs.evolve(traits, **changes) if not number else traits


def _second(**changes: Any) -> Callable[[int, Traits], Traits]:  # noqa: ANN401 - whatever a trait is
    """Returns what changes the second service alone."""
    return lambda number, traits: attrs.evolve(traits, **changes) if number == 1 else traits


def _others(**changes: Any) -> Callable[[int, Traits], Traits]:  # noqa: ANN401 - whatever a trait is
    """Returns what changes every service but the first."""
    return lambda number, traits: attrs.evolve(traits, **changes) if number else traits


def _each(**changes: Any) -> Callable[[int, Traits], Traits]:  # noqa: ANN401 - whatever a trait is
    """Returns what changes every service."""
    return lambda _number, traits: attrs.evolve(traits, **changes)


HISTORIES = {
    "none": History(play=moments.nothing),
    "doubt": History(play=moments.doubt, suit=_second(polled=True), kind=Kind.ONE),
    "equal files": History(play=moments.equal_files),
    "kept copy": History(play=moments.kept_copy, policy=Policy.PREFER),
    "power cut": History(play=moments.power_cut, suit=_second(style=Style.LOCAL, durable=False)),
    "undecided edit": History(play=moments.undecided_edit, suit=_second(style=Style.PLAIN, computes=False)),
    "rename": History(play=move, suit=_first(style=Style.LOCAL), kind=Kind.ONE),
    "raced edit": History(play=moments.raced_edit, suit=_second(polled=True)),
    "torn": History(play=moments.torn, suit=_first(asked=False), kind=Kind.HARMLESS),
    "late rename": History(play=moments.late_rename, suit=_first(style=Style.LOCAL)),
    "late news": History(play=moments.late_news, kind=Kind.ONE),
    "old listing": History(play=moments.old_listing, suit=_second(style=Style.CLOUD), kind=Kind.ONE),
    "moved while away": History(play=moments.moved_while_away, suit=_first(style=Style.LOCAL), kind=Kind.ONE),
    "deleted directory": History(play=moments.deleted_directory, suit=_second(polled=True)),
    "filled directory": History(play=moments.deleted_directory),
    "same second": History(
        play=moments.same_second, suit=_first(style=Style.PLAIN, computes=True, coarse=True), kind=Kind.ONE
    ),
    "same second, read": History(
        play=moments.same_second, suit=_first(style=Style.PLAIN, computes=False, coarse=True), kind=Kind.ONE
    ),
    "gone at once": History(
        play=moments.gone_at_once, suit=_first(style=Style.PLAIN, computes=True, coarse=True), kind=Kind.ONE
    ),
    "blink": History(play=moments.blink, kind=Kind.ONE),
    "crossed rename": History(play=moments.crossed_rename, suit=_first(style=Style.LOCAL, paired=False), kind=Kind.ONE),
    "unseen start": History(play=moments.unseen_start),
    "kept cursor": History(play=moments.kept_cursor, suit=_first(style=Style.CLOUD, cursors=True), kind=Kind.ONE),
    "narrowed": History(play=moments.narrowed, kind=Kind.ONE),
    "two cases": History(play=moments.two_cases, suit=_second(names=NameComparison.CASE_INSENSITIVE), kind=Kind.ONE),
    "another case": History(
        play=moments.another_case, suit=_second(names=NameComparison.CASE_INSENSITIVE), kind=Kind.ONE
    ),
    "untold rename": History(play=doubts.untold_rename, suit=_each(style=Style.LOCAL), kind=Kind.ONE),
    "unheard source": History(play=doubts.unheard_source, suit=_others(coarse=True), kind=Kind.ONE),
    "lost root": History(play=guarded.lost_root, suit=_first(style=Style.PLAIN, computes=True), kind=Kind.HARMLESS),
    "mass deletion": History(play=guarded.mass_deletion, kind=Kind.ONE),
    "restored backup": History(play=guarded.restored_backup, kind=Kind.ONE),
    "slow rename above": History(play=guarded.slow_rename_above, suit=_first(style=Style.LOCAL), kind=Kind.ONE),
    "slow renames": History(play=guarded.slow_renames, suit=_first(style=Style.LOCAL, paired=False), kind=Kind.ONE),
}
