"""What failed, and when it is tried again (CONTRACT D8)."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from onitu.errors import DriverError, NotFound, ServiceError
from onitu.referee.failures import LONGEST_DELAY, Failures


async def test_driver_error_is_not_tried_again_until_something_changes() -> None:
    """D8: neither by time nor with `--once`; a changed file, a driver started anew, at either end, is a reason."""
    failures = Failures()
    reasons: tuple[Callable[[], None], ...] = (
        lambda: failures.clear_changed({7}),
        lambda: failures.forget("target"),
        lambda: failures.forget("source"),
    )
    for forget in reasons:
        failure = failures.note("target", 7, "a", DriverError("its fault"), source="source")
        assert failure.due == math.inf
        assert failures.blocks("target", 7, now=1e12)
        assert not failures.pending("target")
        failures.clear_changed({8})
        failures.forget("another")
        assert failures.get("target", 7) is failure
        forget()
        assert not failures.blocks("target", 7, now=0.0)


@pytest.mark.parametrize("error", [ServiceError("away"), NotFound("gone")])
async def test_other_errors_are_tried_again(error: DriverError) -> None:
    """D8: out of the driver's reach is retried with back-off, at both ends of the same life."""
    failures = Failures()
    dues = [failures.note("target", 7, "a", error, source="source").due for _ in range(3)]
    assert all(due < math.inf for due in dues)
    assert math.isfinite(LONGEST_DELAY)
