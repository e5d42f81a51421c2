"""Refusals of Dropbox, in the words of the contract."""

from __future__ import annotations

import json

import pytest
from onitu_dropbox.failures import SessionLost, WrongOffset, failure_of, refusal_of
from onitu_dropbox.longpoll import Answered

from onitu.plug import (
    Corrupted,
    CursorExpired,
    DriverError,
    InvalidPath,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    RevisionMismatch,
    ServiceError,
    Unauthenticated,
    Unavailable,
)


def _path(reason: object) -> dict[str, object]:
    return {".tag": "path", "path": reason}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (_path({".tag": "not_found"}), NotFound),
        (_path({".tag": "conflict", "conflict": {".tag": "file"}}), RevisionMismatch),
        ({".tag": "path", "reason": {".tag": "conflict", "conflict": {".tag": "file"}}}, RevisionMismatch),
        ({".tag": "path", "reason": {".tag": "insufficient_space"}, "upload_session_id": "x"}, QuotaExceeded),
        (_path({".tag": "disallowed_name"}), InvalidPath),
        ({".tag": "path_write", "path_write": {".tag": "no_write_permission"}}, PermissionDenied),
        ({".tag": "to", "to": {".tag": "too_many_write_operations"}}, RateLimited),
        ({".tag": "reset"}, CursorExpired),
        ({".tag": "content_hash_mismatch"}, Corrupted),
        ({".tag": "lookup_failed", "lookup_failed": {".tag": "not_found"}}, SessionLost),
        ({".tag": "concurrent_session_missing_data"}, SessionLost),
        ("too_many_write_operations", RateLimited),
    ],
)
def test_tags(error: object, kind: type[DriverError]) -> None:
    """D8: the innermost tag that is known says what is wrong."""
    assert type(refusal_of(error, "file")) is kind


@pytest.mark.parametrize("error", [None, {}, "never heard of", {".tag": "other"}, [1], {".tag": 7}])
def test_what_nobody_knows(error: object) -> None:
    """D8: it is not taken for anything."""
    assert refusal_of(error, "file") is None


def test_the_right_offset_is_told() -> None:
    """F4: whoever sent a piece twice learns where to go on."""
    found = refusal_of({".tag": "incorrect_offset", "correct_offset": 42}, "file")
    assert isinstance(found, WrongOffset)
    assert found.offset == 42


@pytest.mark.parametrize(
    ("status", "mutates", "kind"),
    [
        (500, True, OutcomeUnknown),
        (500, False, Unavailable),
        (401, False, Unauthenticated),
        (403, False, PermissionDenied),
        (400, False, DriverError),
        (418, False, ServiceError),
    ],
)
def test_statuses(status: int, mutates: bool, kind: type[DriverError]) -> None:
    """D8: where a body says nothing the status does; what may have been done is not said to have failed."""
    assert type(failure_of(Answered(status, {}, b"<html>"), "file", mutates=mutates)) is kind


@pytest.mark.parametrize(
    ("headers", "body", "after"),
    [
        ({"Retry-After": "7"}, b"", 7.0),
        ({}, json.dumps({"error": {"reason": {".tag": "too_many_requests"}, "retry_after": 9}}).encode(), 9.0),
        ({}, b"", None),
    ],
)
def test_limits_say_how_long(headers: dict[str, str], body: bytes, after: float | None) -> None:
    """D8: 429 is obeyed for as long as it says, in its header or its body."""
    found = failure_of(Answered(429, headers, body), "file", mutates=True)
    assert isinstance(found, RateLimited)
    assert found.retry_after == after
