"""What rclone's texts mean."""

from __future__ import annotations

import pytest
from onitu_rclone.failures import failure_of

from onitu.plug import (
    DriverError,
    InvalidPath,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    RevisionMismatch,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

SAID: list[tuple[int, str, type[DriverError]]] = [
    (404, "object not found", NotFound),
    (500, "failed to read directory entry: readdirent /a/b: not a directory", NotFound),
    (500, "remove /a: directory not empty", RevisionMismatch),
    (500, "open /a: file name too long", InvalidPath),
    (500, "open /a: permission denied", PermissionDenied),
    (500, "write /a: no space left on device", QuotaExceeded),
    (
        500,
        "googleapi: Error 403: The user's Drive storage quota has been exceeded., storageQuotaExceeded",
        QuotaExceeded,
    ),
    (500, "googleapi: Error 403: User Rate Limit Exceeded., userRateLimitExceeded", RateLimited),
    (500, "couldn't fetch token: invalid_grant: maybe token expired? - try refreshing", Unauthenticated),
    (500, 'Propfind "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused', Unavailable),
    (500, "can't move: optional feature not implemented", Unsupported),
]


@pytest.mark.parametrize(("status", "said", "kind"), SAID)
def test_what_services_say_is_understood(status: int, said: str, kind: type[DriverError]) -> None:
    """P25: the words of 70 services become those of the contract, and stand in them."""
    failure = failure_of(status, said, "f", mutates=True)

    assert type(failure) is kind
    assert said in str(failure)


@pytest.mark.parametrize(("mutates", "kind"), [(True, OutcomeUnknown), (False, Unavailable)])
def test_what_is_not_understood_is_tried_again(mutates: bool, kind: type[DriverError]) -> None:
    """P9, P25: nobody says of a change that it was not done unless that is known."""
    assert type(failure_of(500, "unexpected EOF", "f", mutates=mutates)) is kind


def test_a_host_that_is_not_found_is_no_missing_file() -> None:
    """P9: a service that cannot be reached has lost nothing."""
    assert type(failure_of(500, "dial tcp: lookup nas: no such host", "f", mutates=False)) is Unavailable
