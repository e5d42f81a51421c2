"""What one seed stands for: the services, and what happens to them in which order.

A scenario is a value. Steps can be left out of it and it is still one: this is what makes failures shrink.
"""

from __future__ import annotations

import enum
import random
from typing import TypeAlias

import attrs

from onitu.core.capability import NameComparison
from onitu.core.model import DIGEST
from onitu.core.scope import Policy
from tests.property.service import Style
from tests.property.users import NAMES, USER_VERBS
from tests.simulation.account import THEIRS, Traits

#: A verb, a service and three numbers that choose among whatever is there; and the seconds before it.
Step: TypeAlias = tuple[str, int, int, int, int, float]

#: Seeds of every run of the tests, and of `just sim` without a number.
SEEDS = 2_000

#: What services and the core suffer.
TROUBLE = ("away", "back", "back", "root", "break", "crash", "crash", "crash", "power", "power", "rest", "long")

#: Steps that take nothing away from anybody.
HARMLESS = ("create", "create", "mkdir", "touch", "execute", "equal_twice")

#: Names of which a service may think that they are one.
ALIKE = ("a", "A", "é", "e\N{COMBINING ACUTE ACCENT}", "c.txt")

#: Where a crash may strike: at a step of the scheduler, around a commit, after a deed and before its record.
CRASHES = ("step", "step", "before commit", "after commit", "done", "answer")


class Kind(enum.Enum):
    """Who does what."""

    #: Users of all services do everything.
    MANY = "many writers"
    #: Only the first service has users.
    ONE = "one writer"
    #: Nobody takes anything away.
    HARMLESS = "nobody deletes"
    #: All services hold the same from the start.
    EQUAL = "equal from the start"
    #: Services cannot tell all names apart.
    NAMES = "names alike"


@attrs.frozen(kw_only=True)
class Scenario:
    """Everything that is decided before the run.

    Attributes:
        seed: Where the chance of the run comes from.
        kind: Who does what.
        traits: One per service.
        names: The names users give.
        rate: How often a call goes wrong.
        late: Whether mutations may land after nobody knew what became of them.
        policy: Who keeps the name in a conflict.
        before: What is there before Onitu first starts.
        steps: What happens.
        epilogue: A last test after everything has come to rest.
        history: A directed history that is played after the steps, see `histories`.
    """

    seed: int
    kind: Kind
    traits: tuple[Traits, ...]
    names: tuple[str, ...]
    rate: float
    late: bool
    policy: Policy
    before: tuple[Step, ...]
    steps: tuple[Step, ...]
    epilogue: str
    history: str = "none"


EPILOGUES = ("none", "edit beats delete", "conflict", "move", "long away", "newcomer", "times", "contradicting moves")


def draw(seed: int) -> Scenario:
    """Returns the scenario of a seed."""
    rng = random.Random(seed)
    glances, tells = random.Random(f"{seed} glances"), random.Random(f"{seed} tells")
    kind = rng.choice((Kind.MANY,) * 6 + (Kind.ONE,) * 3 + (Kind.HARMLESS, Kind.EQUAL, Kind.NAMES))
    count = rng.choice((2, 2, 2, 3, 3, 3, 4, 5))
    late = kind is not Kind.ONE and rng.random() < 0.2
    rate = rng.choice((0.0, 0.03, 0.03, 0.1, 0.2))
    verbs = HARMLESS if kind is Kind.HARMLESS else USER_VERBS
    length = rng.randrange(4, 22)
    return Scenario(
        seed=seed,
        kind=kind,
        traits=tuple(
            attrs.evolve(
                _glancing(_traits(rng, kind, first=number == 0), glances=glances.random() < 1 / 3),
                tells=tells.choice((DIGEST, THEIRS)),
            )
            for number in range(count)
        ),
        names=ALIKE if kind is Kind.NAMES else NAMES,
        rate=rate,
        late=late,
        policy=rng.choice((Policy.KEEP_BOTH, Policy.KEEP_BOTH, Policy.NEWEST, Policy.PREFER)),
        before=_before(rng, kind, count),
        steps=tuple(_step(rng, kind, verbs, rate) for _ in range(length)),
        epilogue=rng.choice(EPILOGUES),
    )


def _traits(rng: random.Random, kind: Kind, *, first: bool) -> Traits:
    style = rng.choice(tuple(Style))
    computes = rng.random() < 0.5
    names = NameComparison.EXACT
    if kind is Kind.NAMES and not first:
        names = rng.choice((NameComparison.EXACT, NameComparison.CASE_INSENSITIVE, NameComparison.NORMALIZED))
    return Traits(
        style=style,
        durable=style is not Style.LOCAL or rng.random() < 0.3,
        paired=rng.random() < 0.5,
        polled=rng.random() < 0.15,
        cursors=style is Style.CLOUD and rng.random() < 0.7,
        computes=computes,
        coarse=style is Style.PLAIN and rng.random() < 0.3,
        names=names,
    )


def _glancing(traits: Traits, *, glances: bool) -> Traits:
    """Returns traits of one that looks late, or not. Who does cannot tell which of several renames came first."""
    return attrs.evolve(traits, glances=glances, paired=traits.paired and not glances)


def _before(rng: random.Random, kind: Kind, count: int) -> tuple[Step, ...]:
    writers = 1 if kind is Kind.ONE else count
    verb = "create_all" if kind is Kind.EQUAL else "create"
    return tuple((verb, rng.randrange(writers), *_numbers(rng), 0.0) for _ in range(rng.randrange(6)))


def _step(rng: random.Random, kind: Kind, verbs: tuple[str, ...], rate: float) -> Step:
    delay = rng.choice((0.0, 0.0, 0.0, 0.01, 0.3, 1.5, 8.0, 40.0))
    if kind is Kind.EQUAL or (rate and rng.random() < 0.25):
        return (rng.choice(TROUBLE), rng.randrange(5), *_numbers(rng), delay)
    which = 0 if kind is Kind.ONE else rng.randrange(5)
    return (rng.choice(verbs), which, *_numbers(rng), delay)


def _numbers(rng: random.Random) -> tuple[int, int, int]:
    return rng.randrange(8), rng.randrange(8), rng.randrange(8)
