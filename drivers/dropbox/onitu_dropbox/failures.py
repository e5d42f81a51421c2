"""Refusals of Dropbox, in the words of the contract.

A refusal is JSON with a tag, in which there may be another one, and so on: the innermost that is known says what is
wrong. The tags are those of https://www.dropbox.com/developers/documentation/http/documentation.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

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
    TooLarge,
    Unauthenticated,
    Unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onitu.plug.http import Answer

    from .longpoll import Answered


class WrongRoot(PermissionDenied):
    """The namespace that is asked for is not one of this account."""


class SessionLost(NotFound):
    """An upload in pieces is not known any more, or does not take what comes: it begins again."""


class WrongOffset(SessionLost):
    """A piece came that an upload has already, or before one that is missing.

    Args:
        message: For a person.
        offset: Where it goes on.
    """

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


_BY_TAG: Final[dict[str, type[DriverError]]] = {
    "not_found": NotFound,
    "not_file": RevisionMismatch,
    "not_folder": NotFound,
    "conflict": RevisionMismatch,
    "malformed_path": InvalidPath,
    "disallowed_name": InvalidPath,
    "cant_move_folder_into_itself": InvalidPath,
    "duplicated_or_nested_paths": InvalidPath,
    "insufficient_space": QuotaExceeded,
    "insufficient_quota": QuotaExceeded,
    "team_folder_insufficient_space": QuotaExceeded,
    "team_folder_insufficient_quota": QuotaExceeded,
    "member_folder_insufficient_space": QuotaExceeded,
    "member_folder_insufficient_quota": QuotaExceeded,
    "upload_traffic_limit_reached": QuotaExceeded,
    "no_write_permission": PermissionDenied,
    "access_restricted": PermissionDenied,
    "operation_suppressed": PermissionDenied,
    "team_folder": PermissionDenied,
    "restricted_content": PermissionDenied,
    "locked": PermissionDenied,
    "too_many_files": TooLarge,
    "too_large": TooLarge,
    "payload_too_large": TooLarge,
    "content_hash_mismatch": Corrupted,
    "reset": CursorExpired,
    "invalid_root": WrongRoot,
    "no_permission": WrongRoot,
    "internal_error": OutcomeUnknown,
    "missing_scope": PermissionDenied,
}

_SESSION: Final = frozenset(
    (
        *("closed", "not_closed", "concurrent_session_invalid_offset", "concurrent_session_invalid_data_size"),
        *("concurrent_session_not_closed", "concurrent_session_missing_data", "concurrent_session_data_not_allowed"),
    )
)

BUSY: Final = "too_many_write_operations"

PAUSE: Final = 1.0
"""Seconds to wait where Dropbox refuses a write as one of too many and does not say how long."""

_BAD, _UNAUTHORIZED, _FORBIDDEN, _LIMITED, _SERVER = 400, 401, 403, 429, 500


def failure_of(answer: Answer | Answered, about: str, *, mutates: bool) -> DriverError:
    """Returns the error that a refusal stands for.

    Args:
        answer: Read to its end.
        about: What was asked for, for a person.
        mutates: Whether the request may have been carried out all the same.
    """
    body = _parsed(answer.data)
    text = str(body.get("error_summary", "")).rstrip("./") or _plain(answer.data)
    message = f"{about}: Dropbox answers {answer.status} {text}".rstrip()
    after = answer.headers.get("Retry-After", "")
    if answer.status == _LIMITED:
        said = _inside(body.get("error")).get("retry_after", after)
        return RateLimited(message, float(said) if str(said).isdigit() else None)
    if answer.status >= _SERVER:
        if after.isdigit():
            return RateLimited(message, float(after))
        return OutcomeUnknown(message) if mutates else Unavailable(message)
    if answer.status == _UNAUTHORIZED:
        return Unauthenticated(f"{message}: sign in again, with `onitu service authorize` or on the page")
    found = refusal_of(body.get("error"), about)
    if found is not None:
        return found
    if answer.status == _FORBIDDEN:
        return PermissionDenied(message)
    if answer.status == _BAD:
        return DriverError(message)
    # Nobody knows what it means, so nobody knows that it lasts.
    return ServiceError(message)


def refusal_of(error: object, about: str) -> DriverError | None:
    """Returns the error that a tagged value stands for, or None where no tag is known.

    Args:
        error: As it stands in an answer, or in the result of an entry of a batch.
        about: What was asked for, for a person.
    """
    found: DriverError | None = None
    tags = list(_tags(error))
    message = f"{about}: Dropbox refuses it: {'/'.join(tag for tag, _ in tags)}"
    for position, (tag, value) in enumerate(tags):
        if tag == BUSY:
            return RateLimited(message, PAUSE)
        if tag == "incorrect_offset":
            return WrongOffset(message, int(value.get("correct_offset", 0)))
        if tag in _SESSION or (tag == "not_found" and position and tags[position - 1][0] == "lookup_failed"):
            return SessionLost(message)
        kind = _BY_TAG.get(tag)
        found = kind(message) if kind is not None else found
    return found


def _tags(error: object) -> Iterator[tuple[str, dict[str, Any]]]:
    while True:
        inside = _inside(error)
        if "reason" in inside and ".tag" not in inside:
            error = inside["reason"]
            continue
        tag = error if isinstance(error, str) else inside.get(".tag")
        if not isinstance(tag, str):
            return
        yield tag, inside
        # A struct in a union stands beside its tag, a union below it.
        error = inside.get(tag) or inside.get("reason")


def _inside(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        return _inside(json.loads(data))
    except ValueError:
        return {}


def _plain(data: bytes) -> str:
    text = data[:200].decode("utf-8", "replace")
    return text if text.isprintable() else ""
