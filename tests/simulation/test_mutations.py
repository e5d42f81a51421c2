"""Every safeguard is missed when it is taken away, and nothing is missed while all are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.simulation.histories import HISTORIES, draw_history
from tests.simulation.mutations import MUTATIONS, Mutation
from tests.simulation.run import run

#: Seeds that each directed history is played with, on the core as it is.
SEEDS = 12

#: Seeds beyond the measured one in which a mutation must be found, so that another way of drawing seeds breaks nothing.
SLACK = 100

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def _measured() -> dict[str, int]:
    """Returns what `just mutations` has measured, as the page has it: how many seeds each mutation took."""
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (\d+) \| P\d+ \|$", PAGE.read_text(), flags=re.MULTILINE)
    return {name: int(seeds) for name, _, seeds in rows}


def test_every_mutation_is_measured() -> None:
    """P1-P28: the page has a row for each mutation, and for nothing else."""
    assert list(_measured()) == [mutation.name for mutation in MUTATIONS]


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_missing_safeguard_is_found(mutation: Mutation) -> None:
    """P1-P28: a run fails without the safeguard, at a seed that does not fail with it."""
    assert mutation.hunt(SLACK, first=_measured()[mutation.name] - 1) is not None


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in HISTORIES if name != "none"])
def test_directed_histories_end_well(name: str) -> None:
    """P1-P5, P12-P14, P18-P20, P23, P25, P27, P28: also where it matters at which moment something happens."""
    for seed in range(SEEDS):
        result = run(draw_history(name, seed))
        assert result.violation is None, f"{name}, seed {seed}: {result.violation}"
