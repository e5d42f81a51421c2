"""What rclone says went wrong, in the words of the contract.

rclone passes on what 70 services and their libraries say, as text; its status tells only what is not there.
"""

from __future__ import annotations

from typing import Final

from onitu.plug import (
    DriverError,
    InvalidPath,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    RevisionMismatch,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

_NOT_FOUND: Final = 404

_NO_SECTION: Final = ("didn't find section in config file", "couldn't find section", "didn't find backend called")

_UNREACHED: Final = ("connection refused", "no such host", "network is unreachable", "no route to host", "dial tcp")
"""Nothing was sent, so nothing was done."""

_BY_TEXT: Final[tuple[tuple[type[DriverError], str, tuple[str, ...]], ...]] = (
    (NotFound, "is not there", ("no such file or directory", "not a directory")),
    (RevisionMismatch, "something is there", ("directory not empty", "file exists", "already exists")),
    (
        InvalidPath,
        "the service does not take this name",
        ("name too long", "invalid name", "illegal name", "malformed"),
    ),
    (
        QuotaExceeded,
        "the service is full",
        ("no space left", "quota", "insufficient storage", "insufficient_space", "storage limit", "over capacity"),
    ),
    (TooLarge, "the service takes no file of this size", ("file too large", "entity too large", "entitytoolarge")),
    (RateLimited, "the service is asked too often", ("rate limit", "ratelimit", "too many requests", "slowdown")),
    (
        Unauthenticated,
        "the service does not let rclone in: `rclone config reconnect NAME:` logs in again",
        (
            *("invalid_grant", "unauthorized", "token expired", "empty token", "expired_access_token", "oauth"),
            *("authenticat", "login incorrect", "invalidaccesskeyid", "signaturedoesnotmatch", "couldn't decrypt"),
        ),
    ),
    (
        PermissionDenied,
        "the service does not allow it",
        ("permission denied", "access denied", "accessdenied", "forbidden", "read-only file system", "read only"),
    ),
    (
        Unsupported,
        "the service cannot do this",
        ("optional feature not implemented", "not supported", "not implemented", "can't upload files here"),
    ),
)


def failure_of(status: int, said: str, about: str, *, mutates: bool) -> DriverError:
    """Returns the error that a refusal stands for.

    Args:
        status: Of rclone's answer.
        said: Its text.
        about: The path, for a person.
        mutates: Whether it may have been done all the same.
    """
    text = said.casefold()
    if is_unknown_remote(said):
        return DriverError(said)
    if status == _NOT_FOUND:
        return NotFound(f"{about}: is not there: {said}")
    if any(part in text for part in _UNREACHED):
        return Unavailable(f"{about}: the service cannot be reached: {said}")
    for kind, meaning, parts in _BY_TEXT:
        if any(part in text for part in parts):
            return kind(f"{about}: {meaning}: {said}")
    return OutcomeUnknown(f"{about}: {said}") if mutates else Unavailable(f"{about}: {said}")


def is_unknown_remote(said: str) -> bool:
    """Whether rclone says that its configuration has no such remote."""
    return any(part in said for part in _NO_SECTION)
