"""The simulator: what it asserts, that it hangs on its seed alone, and that it misses no safeguard."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import attrs
import pytest

from tests.simulation.mutations import MUTATIONS
from tests.simulation.run import run, shrink
from tests.simulation.scenario import SEEDS, draw

#: What soaks have found beside them.
FOUND = (
    547597696843, 686748497113, 686748497177, 686748497390, 686748500194, 686748500856, 977288557895, 977288558612,
)  # fmt: skip

#: They are shared out, so that all cores have work.
PARTS = 40

_TRACE = "from tests.simulation.run import run; from tests.simulation.scenario import draw; print(run(draw({})).trace)"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_all_properties_hold(part: int) -> None:
    """P1-P14, P18, P19, P21-P23, P25-P28: at rest, whatever happened on the way there."""
    for seed in range(part, SEEDS, PARTS):
        result = run(draw(seed))
        assert result.violation is None, f"just sim {seed}: {result.violation}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", FOUND)
def test_what_soaks_have_found_stays_cured(seed: int) -> None:
    """P2, P3, P13: each of these seeds has failed once."""
    result = run(draw(seed))

    assert result.violation is None, f"just sim {seed}: {result.violation}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 99])
def test_a_seed_is_one_run(seed: int) -> None:
    """A seed replays the same run byte for byte, in any process."""
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    traces = [
        subprocess.run(
            [sys.executable, "-c", _TRACE.format(seed)], env=environment, capture_output=True, check=True
        ).stdout
        for _ in range(2)
    ]

    assert len(traces[0]) > 1_000
    assert hashlib.sha256(traces[0]).digest() == hashlib.sha256(traces[1]).digest()


@pytest.mark.slow
def test_failures_shrink() -> None:
    """A failing scenario becomes one with fewer steps that fails in the same way."""
    mutation = next(one for one in MUTATIONS if one.history == "none")
    found = mutation.hunt(200)
    assert found is not None
    scenario = mutation.scenario(found[0] - 1)

    smaller = shrink(scenario, found[1].name, mutation.run)

    assert len(smaller.steps) < len(scenario.steps)
    assert attrs.evolve(smaller, steps=(), before=()) != scenario
