"""What can go wrong, drawn as a tree.

::

    OnituError
    ├─ ConfigError            the setup file: its author mends it
    ├─ StoreError             the data directory: the operator mends it
    ├─ InvariantError         our bug
    └─ DriverError            the driver is at fault; not retried until something changes
       ├─ NotFound            no such entry, session or folder
       ├─ PermissionDenied    the service forbids it
       ├─ InvalidPath         a name or value the service refuses
       ├─ RevisionMismatch    something else is there than was expected
       ├─ SourceChanged       the source moved while it was read
       ├─ CursorExpired       the place in the stream is no longer good
       ├─ Unsupported         no such capability
       ├─ TooLarge            the message is over the limit: split it
       └─ ServiceError        out of the driver's reach; retried with back-off
          ├─ Unauthenticated  the login is not or no longer good
          ├─ RateLimited      too fast; `retry_after` says when
          ├─ QuotaExceeded    the service is full
          ├─ Unavailable      cannot be reached now
          ├─ Corrupted        the bytes are not those that were announced
          └─ OutcomeUnknown   cancelled, timed out or torn: it may or may not have been done

This file knows no library and no layer; `onitu.rpc.status` maps the `DriverError` half to gRPC codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class OnituError(Exception):
    """Base of everything Onitu raises on purpose. Its text says what, where and what to do."""


class ConfigError(OnituError):
    """The setup cannot be used as it is. Carries every fault found, not only the first."""


class StoreError(OnituError):
    """The data directory cannot be used: locked by another core, unreadable, from a newer Onitu."""


class InvariantError(OnituError):
    """Something that cannot be has happened: a bug of ours. Nothing is written after it."""


class DriverError(OnituError):
    """The driver is at fault. Not retried until the file, the driver or the configuration changes."""

    #: Whether trying the same again later can succeed. Asked in `onitu.referee.failures` only.
    retryable = False
    #: Whether the mutation may have been done all the same.
    outcome_unknown = False


class NotFound(DriverError):
    """There is no such entry, upload session or folder."""


class PermissionDenied(DriverError):
    """The service forbids it."""

    retryable = True


class InvalidPath(DriverError):
    """The service refuses this name or value."""


class RevisionMismatch(DriverError):
    """Something else is there than was expected; nothing was changed."""


class SourceChanged(DriverError):
    """The source changed while it was read; nothing was written."""

    retryable = True


class CursorExpired(DriverError):
    """The cursor is no longer good; only a snapshot helps."""


class Unsupported(DriverError):
    """The driver has no such capability."""


class TooLarge(DriverError):
    """The message is over the limit; fewer items at once will do."""


class ServiceError(DriverError):
    """Out of the driver's reach: the service, the network, the disk. Retried with back-off."""

    retryable = True


class Unauthenticated(ServiceError):
    """The login is not, or no longer, good."""


class RateLimited(ServiceError):
    """Too many requests.

    Args:
        message: What happened, for a person.
        retry_after: Seconds to wait, if the service said so.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QuotaExceeded(ServiceError):
    """The service is full."""


class Unavailable(ServiceError):
    """The service cannot be reached now."""


class Corrupted(ServiceError):
    """The bytes that arrived are not those that were announced."""


class OutcomeUnknown(ServiceError):
    """Cancelled, timed out or torn: a mutation may or may not have been done.

    Args:
        message: What happened, for a person.
        sent: Digests of all the bytes that were to be written, if known: what tells them from an edit later.
    """

    outcome_unknown = True

    def __init__(self, message: str, sent: Mapping[str, bytes] | None = None) -> None:
        super().__init__(message)
        self.sent = dict(sent or {})
