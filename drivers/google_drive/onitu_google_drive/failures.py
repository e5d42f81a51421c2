"""Refusals of Google, in the words of the contract: the reason says more than the status.

Source: https://developers.google.com/workspace/drive/api/guides/handle-errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from onitu.plug import (
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
    from onitu.plug.http import Answer


class Taken(DriverError):
    """Something has the id already that was generated for a file: what was sent before has arrived after all."""


class _Detail(msgspec.Struct, frozen=True):
    reason: str = ""
    location: str = ""


class _Error(msgspec.Struct, frozen=True):
    message: str = ""
    errors: tuple[_Detail, ...] = ()


class _Refusal(msgspec.Struct, frozen=True):
    error: _Error = _Error()


_BY_REASON: Final[dict[str, type[DriverError]]] = {
    "storageQuotaExceeded": QuotaExceeded,
    "teamDriveFileLimitExceeded": QuotaExceeded,
    "numChildrenInNonRootLimitExceeded": QuotaExceeded,
    "activeItemCreationLimitExceeded": QuotaExceeded,
    "teamDriveHierarchyTooDeep": InvalidPath,
    "cyclicMembership": InvalidPath,
    "authError": Unauthenticated,
    # The API is not switched on in the console, or the scope was not agreed to: the text says so.
    "accessNotConfigured": Unauthenticated,
    "insufficientPermissions": Unauthenticated,
    "fileIdInUse": Taken,
}

_BY_STATUS: Final[dict[int, type[DriverError]]] = {
    400: InvalidPath,
    401: Unauthenticated,
    403: PermissionDenied,
    404: NotFound,
    409: RevisionMismatch,
    410: NotFound,
    412: RevisionMismatch,
    413: TooLarge,
}

_TOO_FAST: Final = frozenset(("rateLimitExceeded", "userRateLimitExceeded", "sharingRateLimitExceeded"))
_FOR_TODAY: Final = "dailyLimitExceeded"
_AN_HOUR: Final = 3_600.0
_BUSY: Final = frozenset((429, 503))
_SERVER: Final = 500


def failure_of(answer: Answer, about: str, *, mutates: bool) -> DriverError:
    """Returns the error that a refusal stands for.

    Args:
        answer: Read to its end.
        about: What was asked about, for a person.
        mutates: Whether the request may have been carried out all the same.
    """
    try:
        error = msgspec.json.decode(answer.data, type=_Refusal).error
    except msgspec.DecodeError:
        error = _Error()
    detail = error.errors[0] if error.errors else _Detail()
    message = f"{about}: {error.message or f'Google answers {answer.status} {answer.reason or str()}'.rstrip()}"
    if answer.status in _BUSY or detail.reason in _TOO_FAST:
        after = answer.headers.get("Retry-After", "")
        return RateLimited(message, float(after) if after.isdigit() else None)
    if detail.reason == _FOR_TODAY:
        return RateLimited(message, _AN_HOUR)
    if detail.location == "pageToken":
        return CursorExpired(message)
    kind = _BY_REASON.get(detail.reason) or _BY_STATUS.get(answer.status)
    if kind is not None:
        return kind(message)
    if answer.status >= _SERVER:
        return OutcomeUnknown(message) if mutates else Unavailable(message)
    # Nobody knows what it means, so nobody knows that it lasts.
    return ServiceError(message)
