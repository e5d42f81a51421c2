"""When everything is read again."""

from __future__ import annotations

import pytest

from onitu.supervisor.rounds import DAY, Round

_DAY_NS = DAY * 1_000_000_000


@pytest.mark.parametrize(
    ("done", "days", "now", "due"),
    [
        (Round(0), 30, 29 * _DAY_NS, False),
        (Round(0), 30, 30 * _DAY_NS, True),
        (Round(0), 0.5, _DAY_NS // 2, True),
        (Round(0, after=7), 30, 0, True),
        (Round(5 * _DAY_NS), 30, 4 * _DAY_NS, True),
    ],
)
def test_a_round_is_due(done: Round, days: float, now: int, *, due: bool) -> None:
    """P23: so many days after the last one; one that was begun goes on; a clock set back makes nobody wait."""
    assert done.is_due(days, now) is due
