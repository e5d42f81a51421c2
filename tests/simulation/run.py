"""Runs a scenario from the first to the last step, and makes a failing one smaller."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import attrs
import trio
from trio.abc import Instrument
from trio.testing import MockClock

from tests.simulation.histories import HISTORIES
from tests.simulation.properties import check
from tests.simulation.scenario import Scenario, Step
from tests.simulation.seams import deterministic
from tests.simulation.world import Violation, World

#: Where stores lie: in memory, where there is such a place. What is on it is gone after a run anyway.
FAST = Path("/dev/shm")  # noqa: S108 - a directory of its own is made there.

#: Steps of the scheduler after which a run is taken to go round in circles.
MOST_STEPS = 100_000


@attrs.frozen(kw_only=True)
class Result:
    """What came of a run.

    Attributes:
        violation: What did not hold, or None.
        name: Which property, or "".
        trace: What happened, in order.
        crashes: How often the core crashed.
        steps: Steps of the scheduler.
        mutations: What was done on services for us.
    """

    violation: str | None
    name: str
    trace: tuple[str, ...]
    crashes: int
    steps: int
    mutations: int


class _Stepper(Instrument):
    """Counts the steps of the scheduler: each of them is a moment at which the core may crash."""

    def __init__(self, world: World) -> None:
        self._world = world

    def before_task_step(self, _task: trio.lowlevel.Task) -> None:
        """A task is about to run."""
        self._world.steps += 1
        if self._world.steps == MOST_STEPS:
            self._world.give_up()
        self._world.crash_point("step")


def run(scenario: Scenario, *, forgiving: bool = False, verifying: bool = True) -> Result:
    """Runs a scenario.

    Args:
        scenario: What happens.
        forgiving: Services do not compare expectations.
        verifying: Services verify what they are sent.
    """
    directory = Path(tempfile.mkdtemp(prefix="onitu-simulation-", dir=FAST if FAST.is_dir() else None))
    world = World(scenario, directory, forgiving=forgiving, verifying=verifying)
    violation, name = None, ""
    try:
        with deterministic(world):
            trio.run(
                world.run,
                HISTORIES[scenario.history].play,
                check,
                clock=MockClock(autojump_threshold=0),
                instruments=[_Stepper(world)],
                strict_exception_groups=True,
            )
    except BaseException as error:  # noqa: BLE001 - whatever it is, it has a seed
        found = _leaf(error)
        if isinstance(found, KeyboardInterrupt):
            raise found from None
        name = found.name if isinstance(found, Violation) else type(found).__name__
        violation = str(found) if isinstance(found, Violation) else f"{name}: {found}"
        if not isinstance(found, Violation):
            import traceback  # noqa: PLC0415

            world.say("".join(traceback.format_exception(found)))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return Result(
        violation=violation,
        name=name,
        trace=tuple(world.trace),
        crashes=world.crashes,
        steps=world.steps,
        mutations=len(world.mutations),
    )


def shrink(scenario: Scenario, name: str, try_it: Callable[[Scenario], Result] = run) -> Scenario:
    """Returns a scenario with as few steps as leave the same property violated.

    Args:
        scenario: One that fails.
        name: The property that it violates.
        try_it: Runs one.
    """

    def fails(smaller: Scenario) -> bool:
        return try_it(smaller).name == name

    smallest = scenario
    for field in ("steps", "before"):
        steps: tuple[Step, ...] = getattr(smallest, field)
        size = len(steps)
        while size:
            begin = 0
            while begin < len(steps):
                fewer = steps[:begin] + steps[begin + size :]
                candidate = attrs.evolve(smallest, **cast("dict[str, Any]", {field: fewer}))
                if fails(candidate):
                    smallest, steps = candidate, fewer
                else:
                    begin += size
            size //= 2
    changes: tuple[dict[str, Any], ...] = (
        {"rate": 0.0},
        {"late": False},
        {"epilogue": "none"},
        {"traits": smallest.traits[:-1]},
    )
    for change in changes:
        if "traits" in change and len(smallest.traits) < 3:
            continue
        candidate = attrs.evolve(smallest, **change)
        if fails(candidate):
            smallest = candidate
    return smallest


def _leaf(error: BaseException) -> BaseException:
    """Returns what was raised first; a violation before all."""
    leaves: list[BaseException] = []
    waiting = [error]
    while waiting:
        current = waiting.pop(0)
        if isinstance(current, BaseExceptionGroup):
            waiting.extend(current.exceptions)
        else:
            leaves.append(current)
    return next((leaf for leaf in leaves if isinstance(leaf, Violation)), leaves[0])
