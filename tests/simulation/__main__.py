"""Runs seeds: `seeds [SEED]`, `soak MINUTES`, `mutations`."""

from __future__ import annotations

import collections
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.mutations import MOST_SEEDS, MUTATIONS
from tests.simulation.run import run, shrink
from tests.simulation.scenario import SEEDS, Scenario, draw


def main(arguments: list[str]) -> int:
    """Does what is asked for and returns the exit code."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        # Sets of names have one order then: what comes from a seed comes from it alone.
        program = [sys.executable, "-m", "tests.simulation", *arguments]
        os.execve(sys.executable, program, {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606 - this very program
    match arguments:
        case ["seeds"]:
            return _all(SEEDS)
        case ["seeds", seed]:
            return _one(int(seed))
        case ["soak", minutes]:
            first = random.SystemRandom().randrange(1 << 40)
            print(f"from seed {first}")
            return _many(iter(range(first, first + (1 << 40))), seconds=float(minutes) * 60)
        case ["mutations"]:
            return _mutations()
        case _:
            print(__doc__)
            return 2


def _one(seed: int) -> int:
    """Replays one seed with its trace, and makes it smaller if it fails."""
    scenario = draw(seed)
    result = run(scenario)
    print("\n".join(result.trace))
    if result.violation is None:
        print(f"seed {seed}: all properties hold, {result.crashes} crashes, {result.mutations} mutations")
        return 0
    print(f"seed {seed}: {result.violation}")
    _tell_smaller(scenario, result.name)
    return 1


def _all(count: int) -> int:
    """Runs the first seeds, on all cores."""
    begun = time.monotonic()
    with multiprocessing.Pool() as pool:
        results = pool.imap_unordered(_tried, range(count), chunksize=10)
        failed = sorted((seed, violation) for seed, violation in results if violation is not None)
    elapsed = time.monotonic() - begun
    for seed, violation in failed:
        print(f"seed {seed}: {violation[:600]}")
    print(f"{count} runs in {elapsed:.0f} s ({count / elapsed * 60:.0f} a minute); {len(failed)} violations")
    if failed:
        scenario = draw(failed[0][0])
        _tell_smaller(scenario, run(scenario).name)
    return 1 if failed else 0


def _tried(seed: int) -> tuple[int, str | None]:
    return seed, run(draw(seed)).violation


def _many(seeds: Iterator[int], *, seconds: float) -> int:
    """Runs seeds one after the other for a time."""
    begun, count = time.monotonic(), 0
    totals: collections.Counter[str] = collections.Counter()
    failed: list[int] = []
    for seed in seeds:
        result = run(draw(seed))
        count += 1
        totals.update(crashes=result.crashes, mutations=result.mutations, steps=result.steps)
        if result.violation is not None:
            failed.append(seed)
            print(f"seed {seed}: {result.violation[:600]}", flush=True)
        if time.monotonic() - begun > seconds:
            break
    elapsed = time.monotonic() - begun
    print(
        f"{count} runs in {elapsed:.0f} s ({count / elapsed * 60:.0f} a minute): {totals['crashes']} crashes, "
        f"{totals['mutations']} mutations, {totals['steps']} steps; {len(failed)} violations {failed[:20]}"
    )
    if failed:
        scenario = draw(failed[0])
        _tell_smaller(scenario, run(scenario).name)
    return 1 if failed else 0


def _tell_smaller(scenario: Scenario, name: str) -> None:
    smaller = shrink(scenario, name)
    print(f"\nmade smaller: {smaller}\n")
    print("\n".join(run(smaller).trace[-80:]))


def _mutations() -> int:
    """Prints how many seeds it takes to miss each safeguard, as the table in docs/reliability.md has it."""
    missed = 0
    print("| without it | looked for in | seeds | found by |\n|---|---|---:|---|")
    with ProcessPoolExecutor() as pool:
        for mutation, found in zip(MUTATIONS, pool.map(_hunt, range(len(MUTATIONS))), strict=True):
            missed += found is None
            seeds, name = found or (f"more than {MOST_SEEDS:,}", "**not found**")
            print(f"| {mutation.name} | {mutation.history} | {seeds} | {name} |", flush=True)
    return 1 if missed else 0


def _hunt(number: int) -> tuple[int, str] | None:
    """Returns how many seeds it takes to miss a safeguard, and by which property it is missed."""
    found = MUTATIONS[number].hunt()
    return None if found is None else (found[0], found[1].name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
