"""kill -9 of the core, of a driver, of all, at any moment; then start again (P1, P5, P12, P13).

A moment is the n-th line of the log and a few milliseconds more, both drawn from a seed that is part of the name of the
test: `ONITU_TEST_SEED` gives another one. `ONITU_TEST_MOMENTS` says how many moments there are in all.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable

import pytest

from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.processes import START, UNIT, Core, wait_until
from tests.functional.trees import HIDDEN, differences, digests, snapshot, write
from tests.functional.workload import Workload

MOMENTS = int(os.environ.get("ONITU_TEST_MOMENTS", "12"))
SEED = int(os.environ.get("ONITU_TEST_SEED", "1"))
HISTORIES = 2 if MOMENTS < 50 else 4  # Each has its own setup, so that two processors have something to do.
FILES = 2_000  # In each history.
OFFSET = 0.02  # Most seconds from the line of the log to the kill.
MEBIBYTE = 1024 * 1024


def kill_core(core: Core, _chance: random.Random) -> None:
    """Kills the core; its drivers must die of it."""
    core.kill()


def kill_driver(core: Core, chance: random.Random) -> None:
    """Kills one driver, which the core must start again; where there is none yet, the core."""
    drivers = core.drivers()
    (chance.choice(drivers) if drivers else core).kill()


def kill_all(core: Core, _chance: random.Random) -> None:
    """Kills everything at once."""
    core.kill_all()


KILLS: tuple[Callable[[Core, random.Random], None], ...] = (kill_core, kill_driver, kill_all)


def wait_for_moment(core: Core, lines: int, offset: float) -> None:
    """Waits for a number of further lines in the log, or until there is nothing more to do."""
    begin = len(core.log.events)
    deadline = time.monotonic() + START * UNIT

    def reached() -> bool:
        new = core.log.events[begin:]
        return len(new) >= lines or any(event.get("event") == "settled" for event in new)

    while not reached():
        assert time.monotonic() < deadline, f"neither {lines} lines nor rest after line {begin}\n{core.log.tail()}"
        time.sleep(0.001)
    time.sleep(offset)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(SEED, SEED + HISTORIES), ids=lambda seed: f"seed {seed}")
def test_kills_at_any_moment_of_a_workload_lose_nothing(new_setup: Setups, seed: int) -> None:
    """P1, P2, P3, P5, P12, P13: 2,000 files, killed again and again, end up equal everywhere, each once, none torn."""
    onitu = new_setup("a", "b")
    onitu.folders[FOLDER] = {"max-delete": {"percent": 100}}  # Users delete much of the little there is at first.
    turns = MOMENTS // HISTORIES
    work = Workload([onitu["a"], onitu["b"]], onitu.directory / "expected", FILES, turns, seed)
    chance = random.Random(seed)
    core = onitu.start("--debug")
    for turn in range(turns):
        live = chance.random() < 0.5
        if not live:
            list(work.turn())
        if not core.running:
            core = onitu.start("--debug")
        if live:
            list(work.turn())
        kill = KILLS[(seed + turn) % len(KILLS)]
        lines, offset = chance.randrange(2 * FILES // turns), chance.uniform(0, OFFSET)
        print(f"turn {turn}: {kill.__name__} after {lines} lines and {offset * 1000:.0f} ms")  # noqa: T201 - shown with a failure.
        wait_for_moment(core, lines, offset)
        kill(core, chance)
    if core.running:
        core.stop()
    onitu.once()

    wanted = work.tree()
    for name in onitu.local:
        assert not (apart := differences(wanted, onitu.tree(name))), "\n".join([name, *apart])
    assert onitu.staged() == []
    assert onitu.once().log.transfers == []
    assert_kept(onitu, work)


def assert_kept(onitu: Onitu, work: Workload) -> None:
    """P1 by content: every byte that Onitu replaced or deleted lies in a trash, whole."""
    kept = set().union(*(digests(snapshot(onitu[name], hidden=True)) for name in onitu.local))
    torn = {
        digest
        for name in onitu.local
        for path, entry in snapshot(onitu[name] / HIDDEN / "trash").items()
        for digest in [entry.digest]
        if entry.kind == "file" and digest not in work.written
    }

    assert digests(work.tree()) <= kept
    assert torn == set()


def test_a_kill_while_people_work_does_no_harm(new_setup: Setups) -> None:
    """P13: a running core is killed while files are written; started again, it has all of them, once."""
    onitu = new_setup("a", "b", "c")
    core = onitu.serve()
    for turn in range(4):
        for number in range(60):
            write(onitu["abc"[number % 3]] / f"{turn}/{number}.txt", f"content {number} of turn {turn}")
        if turn < 3:
            core.kill()
            core = onitu.start()
    onitu.converge(core)

    assert len([path for path in onitu.tree("a") if path.endswith(".txt")]) == 240
    assert core.stop() == 0
    assert onitu.staged() == []


def test_a_large_transfer_that_was_killed_leaves_nothing_behind(new_setup: Setups) -> None:
    """F4, P12: a kill in the middle of a large file shows nothing of it; the next start brings all of it."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "large.bin", random.Random(1).randbytes(MEBIBYTE) * 150)
    core = onitu.start("--once")
    wait_until(lambda: onitu.staged() or not core.running, "the transfer is under way", units=START)
    core.kill()
    shown = onitu.tree("b")
    onitu.once()

    assert set(shown) <= {"large.bin"}
    assert shown.get("large.bin") in (None, onitu.tree("a")["large.bin"])
    assert onitu.apart() == []
    assert onitu.staged() == []
