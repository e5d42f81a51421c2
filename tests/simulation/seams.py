"""What must be replaced so that a run hangs on nothing but its seed.

Worker threads become plain calls, clocks the virtual one, chance the seed's; large files begin at a few bytes. Nothing
else of Onitu is touched.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import math
import random
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import structlog
import trio
import trio._core._run as trio_run
from trio.testing import MockClock

import onitu.referee.referee
import onitu.referee.writer
import onitu.transfer.perform

if TYPE_CHECKING:
    from tests.simulation.world import World

#: When a simulation begins, in seconds since 1970.
EPOCH = 1_800_000_000

#: Objects made before unreachable ones are looked for: a run makes many, lives for a moment, and leaves few behind.
COLLECTED_AT = 100_000

#: Files above this many bytes are streamed.
INLINE_BYTES = 6


class _Time:
    """The virtual clock, where the real one is asked for."""

    @staticmethod
    def time_ns() -> int:
        return int((EPOCH + trio.current_time()) * 10**9)

    @staticmethod
    def monotonic() -> float:
        return trio.current_time()


class _Log:
    """Takes log lines into the trace of a run."""

    def __init__(self, world: World) -> None:
        self._world = world

    def msg(self, **event: Any) -> None:  # noqa: ANN401 - whatever is logged
        """Takes one line."""
        name = event.pop("event", "")
        if name == "conflict_found":
            self._world.conflicts += 1
        if name == "path_failed" and "cannot tell" in str(event.get("error")):
            self._world.collisions += 1
        if event.pop("exc_info", None):
            import traceback  # noqa: PLC0415

            event["trace"] = traceback.format_exc()
            self._world.bugs.append(event["trace"])
        self._world.say(f"  {name} " + " ".join(f"{key}={value}" for key, value in event.items()))

    debug = info = warning = error = critical = exception = msg


async def _inline(work: Callable[..., Any], *arguments: Any, **_options: Any) -> Any:  # noqa: ANN401
    """Does at once what a worker thread would do."""
    await trio.lowlevel.checkpoint()
    return work(*arguments)


# The clock of `trio.testing`, which stands still while anything can be done; it is asked often, and this is faster.


def _stands_still(clock: Any) -> float:  # noqa: ANN401
    return cast("float", clock._virtual_base)


def _sleep_time(clock: Any, deadline: float) -> float:  # noqa: ANN401
    return 0 if deadline <= clock._virtual_base else 999_999_999


def _jump(clock: Any) -> None:  # noqa: ANN401
    deadline = trio_run.GLOBAL_RUN_CONTEXT.runner.deadlines.next_deadline()
    if clock._virtual_base < deadline < math.inf:
        clock._virtual_base = deadline


@contextlib.contextmanager
def deterministic(world: World) -> Iterator[None]:
    """Replaces everything that does not come from the seed, for the time of a run."""
    seed = world.scenario.seed
    numbers = itertools.count(seed << 32)
    log = _Log(world)
    before, thresholds = random.getstate(), gc.get_threshold()
    gc.set_threshold(COLLECTED_AT)
    random.seed(seed)
    trio_run._r.seed(seed)
    try:
        with contextlib.ExitStack() as stack:
            for target, name, value in (
                (MockClock, "current_time", _stands_still),
                (MockClock, "deadline_to_sleep_time", _sleep_time),
                (MockClock, "_autojump", _jump),
                (trio_run, "_ALLOW_DETERMINISTIC_SCHEDULING", True),
                (trio.to_thread, "run_sync", _inline),
                (onitu.referee.referee, "time", _Time),
                (onitu.referee.writer, "time", _Time),
                (onitu.transfer.perform, "INLINE_BYTES", INLINE_BYTES),
                (uuid, "uuid4", lambda: uuid.UUID(int=next(numbers))),
            ):
                stack.enter_context(mock.patch.object(target, name, value))
            configuration = structlog.get_config()
            structlog.configure(
                processors=[lambda _logger, _name, event: event],
                wrapper_class=structlog.make_filtering_bound_logger(20),
                logger_factory=lambda *_: log,
                cache_logger_on_first_use=False,
            )
            stack.callback(structlog.configure, **configuration)
            yield
    finally:
        random.setstate(before)
        gc.set_threshold(*thresholds)
