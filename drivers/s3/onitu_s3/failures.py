"""Refusals of a store, in the words of the contract.

A store says what is wrong in XML, except where the answer has no body; then the status is all there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from onitu.plug import (
    Corrupted,
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

from .answers import etag_of, refusal

if TYPE_CHECKING:
    from onitu.plug.http import Answer


class NoBucket(Unavailable):
    """There is no such bucket. Not absence: nothing is known of the objects in it."""


_BY_CODE: Final[dict[str, type[DriverError]]] = {
    "NoSuchBucket": NoBucket,
    "NoSuchKey": NotFound,
    "NoSuchUpload": NotFound,
    "NoSuchVersion": NotFound,
    "PreconditionFailed": RevisionMismatch,
    # Somebody writes the same key at this moment: whoever is faster has changed it.
    "ConditionalRequestConflict": RevisionMismatch,
    "AccessDenied": PermissionDenied,
    "AllAccessDisabled": PermissionDenied,
    "InvalidAccessKeyId": Unauthenticated,
    "SignatureDoesNotMatch": Unauthenticated,
    "ExpiredToken": Unauthenticated,
    "InvalidToken": Unauthenticated,
    "RequestTimeTooSkewed": Unauthenticated,
    "KeyTooLongError": InvalidPath,
    "InvalidURI": InvalidPath,
    "InvalidObjectName": InvalidPath,
    "XMinioInvalidObjectName": InvalidPath,
    "EntityTooLarge": TooLarge,
    "BadDigest": Corrupted,
    "IncompleteBody": Corrupted,
    "XAmzContentSHA256Mismatch": Corrupted,
    "QuotaExceeded": QuotaExceeded,
    "XMinioStorageFull": QuotaExceeded,
    "NotImplemented": Unsupported,
}

_BY_STATUS: Final[dict[int, type[DriverError]]] = {
    401: Unauthenticated,
    403: PermissionDenied,
    404: NotFound,
    405: PermissionDenied,
    409: RevisionMismatch,
    412: RevisionMismatch,
    413: TooLarge,
    414: InvalidPath,
    501: Unsupported,
    507: QuotaExceeded,
}

_TOO_FAST: Final = frozenset(("SlowDown", "RequestLimitExceeded", "TooManyRequests", "Throttling"))
_TOO_SLOW: Final = frozenset(("RequestTimeout",))
"""The store has waited for us for too long: it is none of our errors, though its status says so."""

_SERVER: Final = 500
_BUSY: Final = frozenset((429, 503))


def failure_of(answer: Answer, about: str, *, mutates: bool) -> DriverError:
    """Returns the error that a refusal stands for.

    Args:
        answer: Read to its end.
        about: The key, for a person.
        mutates: Whether the request may have been carried out all the same.
    """
    code, text = refusal(answer.data)
    status = f"the store answers {answer.status} {answer.reason or ''}".rstrip()
    message = f"{about}: {text or code or status}"
    if answer.status in _BUSY or code in _TOO_FAST:
        after = answer.headers.get("Retry-After", "")
        return RateLimited(message, float(after) if after.isdigit() else None)
    kind = _BY_CODE.get(code) or _BY_STATUS.get(answer.status)
    if kind is not None:
        return kind(message)
    if answer.status >= _SERVER or code in _TOO_SLOW:
        return OutcomeUnknown(message) if mutates else Unavailable(message)
    # Nobody knows what it means, so nobody knows that it lasts.
    return ServiceError(message)


def etag_after(answer: Answer, about: str) -> str:
    """Returns the ETag in the answer to a copy or to the end of an upload; "" where it has none.

    Raises:
        OutcomeUnknown: The answer began as a success, and cannot be read.
        DriverError: It is a refusal after all.
    """
    raise_refusal(answer, about)
    try:
        return etag_of(answer.data)
    except Unavailable as error:
        raise OutcomeUnknown(f"{about}: {error}") from error


def raise_refusal(answer: Answer, about: str) -> None:
    """Raises what stands in an answer that began as a success: a store begins to answer before it is done.

    Raises:
        DriverError: It is a refusal after all.
    """
    code, text = refusal(answer.data)
    if code:
        kind = _BY_CODE.get(code, OutcomeUnknown)
        raise kind(f"{about}: {text or code}")
