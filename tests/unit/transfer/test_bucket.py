"""How long bytes wait at a rate (CONTRACT B11, `bandwidth`)."""

from __future__ import annotations

import pytest

from onitu.transfer.bucket import BURST, Bucket


@pytest.mark.parametrize("size", [1, 100, 4096])
def test_the_rate_is_kept(size: int) -> None:
    """B11: whatever the size of a piece, what has gone after a while is the rate times that, and no more."""
    bucket, now, gone = Bucket(), 1000.0, 0
    rate, begin = 1000.0, now
    while now < begin + 60:
        now += bucket.wait(rate, now)
        bucket.take(size)
        gone += size

    assert gone <= rate * (now - begin + BURST) + size
    assert gone >= rate * 60


def test_quiet_is_made_up_for_by_one_burst() -> None:
    """B11: an hour without bytes allows no hour's worth of them."""
    bucket = Bucket()
    bucket.take(0)
    assert bucket.wait(10, 3600.0) == 0.0
    assert bucket.level == 10 * BURST


def test_a_debt_is_paid_at_the_rate_of_the_moment() -> None:
    """B11: what was owed at night is paid faster in the morning."""
    bucket = Bucket(filled_at=0.0)
    bucket.take(1000)
    assert bucket.wait(10, 0.0) == 100.0
    assert bucket.wait(10, 50.0) == 50.0
    assert bucket.wait(500, 50.0) == 1.0
    assert bucket.wait(500, 51.0) == 0.0


def test_less_than_a_clock_keeps_is_not_waited_for() -> None:
    """B11: a remainder that no sleep can hit is left to the next wait, so nobody spins."""
    bucket = Bucket(filled_at=0.0)
    bucket.take(1)
    assert bucket.wait(1_000_000, 0.0) == 0.0
    assert bucket.level == -1
