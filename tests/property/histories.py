"""What Hypothesis draws: setups, and histories made of steps."""

from __future__ import annotations

from hypothesis import strategies as st

from onitu.core.capability import Mode
from onitu.core.scope import Policy
from tests.property.service import Style
from tests.property.users import FAULT_VERBS, SYNC_VERBS, USER_VERBS, Step, play
from tests.property.world import World

_SMALL = st.integers(0, 7)


def steps(*verbs: str, size: int = 30) -> st.SearchStrategy[list[Step]]:
    """Returns histories of some verbs."""
    return st.lists(st.tuples(st.sampled_from(verbs), st.integers(0, 4), _SMALL, _SMALL, _SMALL), max_size=size)


#: Users at work, and nothing else.
edits = steps(*USER_VERBS)

#: Users at work while the shell is.
busy = steps(*USER_VERBS, *USER_VERBS, *SYNC_VERBS, *SYNC_VERBS, "rest", size=50)

#: The same with torn listings, failures, unknown outcomes and crashes.
troubled = steps(
    *USER_VERBS, *USER_VERBS, *SYNC_VERBS, *SYNC_VERBS, *FAULT_VERBS, *FAULT_VERBS, "rest", "crash", size=60
)

#: What the shell does while users rest.
shell = steps(*SYNC_VERBS, *FAULT_VERBS, "crash", size=30)


@st.composite
def worlds(  # noqa: PLR0913 - what a setup may be like; most tests name one or two.
    draw: st.DrawFn,
    *,
    least: int = 2,
    most: int = 5,
    live: bool | None = None,
    styles: tuple[Style, ...] = tuple(Style),
    modes: bool = False,
    policies: tuple[Policy, ...] = (Policy.KEEP_BOTH,),
    lacking: tuple[tuple[str, ...], ...] = ((),),
    atomic: tuple[str, ...] = (),
) -> World:
    """Draws a setup of two to five services."""
    count = draw(st.integers(least, most))
    return World(
        draw(st.lists(st.sampled_from(styles), min_size=count, max_size=count)),
        modes=[Mode.READ_WRITE, *draw(_modes(count - 1))] if modes else None,
        live=draw(st.booleans()) if live is None else live,
        paired=draw(st.booleans()),
        durable=draw(st.booleans()),
        policy=draw(st.sampled_from(policies)),
        links=draw(st.booleans()),
        without=draw(st.lists(st.sampled_from(lacking), min_size=count, max_size=count)),
        atomic=atomic,
        check=draw(st.sampled_from((False, False, False, True))),
    )


def _modes(count: int) -> st.SearchStrategy[list[Mode]]:
    return st.lists(st.sampled_from((Mode.READ, Mode.WRITE, Mode.READ_WRITE)), min_size=count, max_size=count)


def play_all(world: World, history: list[Step]) -> World:
    """Plays a history and returns the world."""
    for step in history:
        play(world, step)
    return world
