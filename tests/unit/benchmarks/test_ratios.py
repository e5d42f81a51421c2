"""A ratio to a peer fails the checks only when it is bad again and again (F2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.benchmarks.ratios import Ratios, compare


def runs(*shares: float) -> Iterator[Ratios]:
    """Returns what is measured, run by run, as shares of what is recorded for the one name."""
    return iter([{"work / peer": 2.0 * share} for share in shares])


@pytest.mark.parametrize(
    ("shares", "worse"),
    [((1.0,), []), ((1.9,), []), ((2.5, 1.1), []), ((2.5, 2.5, 1.9), []), ((2.5, 2.1, 3.0), ["work / peer"])],
)
def test_worse_is_what_is_worse_in_each_run(shares: tuple[float, ...], worse: list[str]) -> None:
    """F2: more than twice the recorded ratio in three runs of three; one good run is enough."""
    measured = runs(*shares)

    assert compare({"work / peer": 2.0}, lambda: next(measured)) == worse
    assert list(measured) == []


def test_what_is_a_quarter_slower_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """F2: from 25 % on it is said, and nothing fails."""
    measured = runs(1.3)

    assert compare({"work / peer": 2.0}, lambda: next(measured)) == []
    assert "slower" in capsys.readouterr().out
