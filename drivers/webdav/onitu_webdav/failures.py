"""Refusals of a server, in the words of the contract. The status tells; what servers write is for browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from onitu.plug import (
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
    Unsupported,
)

if TYPE_CHECKING:
    from onitu.plug.http import Answer

_BY_STATUS: Final[dict[int, tuple[type[DriverError], str]]] = {
    400: (InvalidPath, "the server does not take this name"),
    401: (Unauthenticated, "the server does not accept user name and password"),
    403: (PermissionDenied, "the server does not allow it"),
    404: (NotFound, "is not there"),
    405: (RevisionMismatch, "something is there already, or the server does not do this there"),
    409: (NotFound, "the directory is not there"),
    410: (NotFound, "is not there any more"),
    412: (RevisionMismatch, "something else is there than was expected"),
    413: (TooLarge, "the server takes no file of this size"),
    414: (InvalidPath, "the path is too long for the server"),
    415: (Unsupported, "the server does not do this"),
    422: (InvalidPath, "the server does not take this name"),
    423: (ServiceError, "somebody has locked it; it is tried again"),
    501: (Unsupported, "the server does not do this"),
    507: (QuotaExceeded, "the server is full"),
}

MIXED: Final = 207
"""An answer with several statuses: to a change it says that not all of it was done."""

_BUSY: Final = frozenset((429, 503))
_UNHEARD: Final = frozenset((408, 425))
"""The server did not wait for all of the request, or does not want it so early: that passes."""
_SERVER: Final = 500


def failure_of(answer: Answer, about: str, *, mutates: bool) -> DriverError:
    """Returns the error that a refusal stands for.

    Args:
        answer: Read to its end.
        about: The path, for a person.
        mutates: Whether the request may have been carried out all the same.
    """
    if answer.status == MIXED:
        return OutcomeUnknown(f"{about}: the server did a part of it, and refused another ({answer.status})")
    if answer.status in _BUSY:
        after = answer.headers.get("Retry-After", "")
        message = f"{about}: the server is busy, or under maintenance"
        return RateLimited(message, float(after) if after.isdigit() else None)
    if answer.status in _BY_STATUS:
        kind, text = _BY_STATUS[answer.status]
        return kind(f"{about}: {text} ({answer.status})")
    message = f"{about}: the server answers {answer.status} {answer.reason or ''}".rstrip()
    if answer.status >= _SERVER or answer.status in _UNHEARD:
        return OutcomeUnknown(message) if mutates else Unavailable(message)
    # Nobody knows what it means, so nobody knows that it lasts.
    return ServiceError(message)
