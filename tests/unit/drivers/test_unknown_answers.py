"""Answers of servers that no driver knows (CONTRACT D8): what a server does passes, so it is tried again."""

from __future__ import annotations

import ftplib
from collections.abc import Callable

import onitu_s3.failures
import onitu_webdav.failures
import pytest
import trio.testing
import urllib3
from onitu_ftp.pool import refusal

from onitu.errors import DriverError, ServiceError
from onitu.referee.failures import LONGEST_DELAY, PATIENCE, Failures


def webdav(status: int) -> DriverError:
    """Returns what the driver makes of a status."""
    return onitu_webdav.failures.failure_of(urllib3.HTTPResponse(b"", status=status), "f", mutates=True)


def s3(status: int) -> DriverError:
    """Returns what the driver makes of a status."""
    return onitu_s3.failures.failure_of(urllib3.HTTPResponse(b"", status=status), "f", mutates=True)


def ftp(status: int) -> DriverError:
    """Returns what the driver makes of a status."""
    return refusal(ftplib.error_perm(f"{status} Sorry"), "f")  # noqa: S321 - it is an error, and asks nobody


@pytest.mark.parametrize(
    ("answered", "status"), [(webdav, 418), (webdav, 451), (webdav, 302), (s3, 418), (s3, 400), (ftp, 554), (ftp, 599)]
)
async def test_they_are_tried_again_with_back_off(
    answered: Callable[[int], DriverError], status: int, mock_clock: trio.testing.MockClock
) -> None:
    """D8: each time after a longer while, never for ever; it counts as an error until then."""
    failures = Failures()
    delays: list[float] = []
    for _ in range(PATIENCE - 1):
        failure = failures.note("far", 7, "f", answered(status))
        assert isinstance(failure.error, ServiceError)
        assert str(status) in str(failure.error)
        assert failures.of("far") == [failure]
        assert failures.blocks("far", 7, trio.current_time())
        assert failures.pending("far")
        delays.append(failure.due - trio.current_time())
        mock_clock.jump(failure.due - trio.current_time())
        assert failures.due("far") == {("far", 7): failure}

    assert delays == sorted(delays)
    assert delays[-1] < LONGEST_DELAY
