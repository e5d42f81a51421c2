"""The error table: between the errors of Onitu and the codes of gRPC, in both directions.

The same table stands at the top of `proto/onitu/driver/v1/driver.proto`. An error travels as a status of a call, or as
an `OperationError` within the answer of a batch; both mean the same. Three errors share RESOURCE_EXHAUSTED and are told
apart by their details: `RetryInfo` is `RateLimited`, `QuotaFailure` is `QuotaExceeded`, and neither is `TooLarge`,
which is also how gRPC itself refuses a message over the limit. A code that the table does not have is `DriverError`,
never a guess.

Used by both ends of the contract; this file knows no Trio and which driver it is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]  # It has no stubs.

from onitu.errors import (
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
    SourceChanged,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from onitu.rpc.gen import operation_pb2
from onitu.rpc.gen.observation_pb2 import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.duration_pb2 import Duration

# Which code an error travels as. Looked up along the class's ancestors, so a subclass that a driver invents travels as
# what it is a kind of.
CODES: Final[Mapping[type[DriverError], grpc.StatusCode]] = {
    NotFound: grpc.StatusCode.NOT_FOUND,
    PermissionDenied: grpc.StatusCode.PERMISSION_DENIED,
    Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    InvalidPath: grpc.StatusCode.INVALID_ARGUMENT,
    RevisionMismatch: grpc.StatusCode.FAILED_PRECONDITION,
    SourceChanged: grpc.StatusCode.ABORTED,
    CursorExpired: grpc.StatusCode.OUT_OF_RANGE,
    Unsupported: grpc.StatusCode.UNIMPLEMENTED,
    RateLimited: grpc.StatusCode.RESOURCE_EXHAUSTED,
    QuotaExceeded: grpc.StatusCode.RESOURCE_EXHAUSTED,
    TooLarge: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
    Corrupted: grpc.StatusCode.DATA_LOSS,
    OutcomeUnknown: grpc.StatusCode.INTERNAL,
    ServiceError: grpc.StatusCode.UNAVAILABLE,
    DriverError: grpc.StatusCode.UNKNOWN,
}

# Which error a code is taken for. RESOURCE_EXHAUSTED is decided by its details, in `_error`.
_ERRORS: Final[Mapping[int, type[DriverError]]] = {
    grpc.StatusCode.NOT_FOUND.value[0]: NotFound,
    grpc.StatusCode.PERMISSION_DENIED.value[0]: PermissionDenied,
    grpc.StatusCode.UNAUTHENTICATED.value[0]: Unauthenticated,
    grpc.StatusCode.INVALID_ARGUMENT.value[0]: InvalidPath,
    grpc.StatusCode.FAILED_PRECONDITION.value[0]: RevisionMismatch,
    grpc.StatusCode.ABORTED.value[0]: SourceChanged,
    grpc.StatusCode.OUT_OF_RANGE.value[0]: CursorExpired,
    grpc.StatusCode.UNIMPLEMENTED.value[0]: Unsupported,
    grpc.StatusCode.UNAVAILABLE.value[0]: Unavailable,
    grpc.StatusCode.DATA_LOSS.value[0]: Corrupted,
    grpc.StatusCode.CANCELLED.value[0]: OutcomeUnknown,
    grpc.StatusCode.DEADLINE_EXCEEDED.value[0]: OutcomeUnknown,
    grpc.StatusCode.INTERNAL.value[0]: OutcomeUnknown,
    grpc.StatusCode.UNKNOWN.value[0]: DriverError,
}
_RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]

_DETAILS_KEY = "grpc-status-details-bin"  # Where gRPC carries a google.rpc.Status.

# gRPC refuses metadata over 8 KiB, and the message of a status is metadata: percent-encoded, so three bytes for each
# byte that is not ASCII, and once more in the details. A path alone may have more than 4 KiB.
_MAX_MESSAGE_BYTES = 1_000
_CUT = "…"

_MAX_RETRY_SECONDS = 366 * 24 * 3600.0  # Longer than any service asks for; keeps nonsense within what a Duration holds.

_NEVER_CONNECTED = "failed to connect"  # How gRPC's text begins when nothing can have reached the other side.


class Status(NamedTuple):
    """A status in the shape that `grpc.ServicerContext.abort_with_status` takes."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, bytes], ...]


def printable(text: str) -> str:
    """Returns `text` as text that can travel: what is not UTF-8 in a name is written as an escape."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def code_of(error: DriverError) -> grpc.StatusCode:
    """Returns the code that an error travels as."""
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)


def to_status(error: DriverError) -> Status:
    """Returns the status with which a server ends a call: `context.abort_with_status(to_status(error))`."""
    code = code_of(error)
    message = _message_of(error)
    details = status_pb2.Status(code=code.value[0], message=message)
    if isinstance(error, RateLimited):
        retry = error_details_pb2.RetryInfo()
        if error.retry_after is not None:
            retry.retry_delay.FromNanoseconds(_nanoseconds(error.retry_after))
        details.details.add().Pack(retry)
    elif isinstance(error, QuotaExceeded):
        violation = error_details_pb2.QuotaFailure.Violation(description=message)
        details.details.add().Pack(error_details_pb2.QuotaFailure(violations=[violation]))
    # The details go out even where they add nothing to code and message: they prove that a driver said it, and not
    # gRPC on its behalf. See `from_rpc_error`.
    return Status(code, message, ((_DETAILS_KEY, details.SerializeToString()),))


def from_rpc_error(error: grpc.RpcError) -> DriverError:
    """Returns the error that a failed call stands for.

    gRPC says UNAVAILABLE itself when a connection breaks, and then a mutation may have been done. So that code is
    `Unavailable` only where a driver said it, which the details of the status prove, or where no connection could be
    made; else it is `OutcomeUnknown`.

    Args:
        error: As raised by, or got from, a call that has ended.
    """
    call: object = error  # The stubs do not say that what grpcio raises is the call itself.
    if not isinstance(call, grpc.Call):
        return DriverError(f"gRPC failed without a status: {error!r}")
    code = call.code()
    text = call.details() or code.name
    status = _details_of(call)
    if code is grpc.StatusCode.UNAVAILABLE and status is None and not text.startswith(_NEVER_CONNECTED):
        return OutcomeUnknown(f"the connection to the driver was lost: {text}")
    if code is not grpc.StatusCode.RESOURCE_EXHAUSTED or status is None:
        return _error(code.value[0], text)
    retry = error_details_pb2.RetryInfo()
    quota = error_details_pb2.QuotaFailure()
    for detail in status.details:
        if detail.Unpack(retry):
            return RateLimited(text, _seconds(retry.retry_delay) if retry.HasField("retry_delay") else None)
        if detail.Unpack(quota):
            return QuotaExceeded(text)
    return TooLarge(text)


def error_to_wire(error: DriverError) -> operation_pb2.OperationError:
    """Returns why an operation of a batch was not done, as a message."""
    wire = operation_pb2.OperationError(code=code_of(error).value[0], message=_message_of(error))
    if isinstance(error, RateLimited):
        # Zero stands for "the caller's own back-off": without any delay this would be read as `TooLarge`.
        wire.retry_delay.FromNanoseconds(_nanoseconds(error.retry_after or 0.0))
    elif isinstance(error, QuotaExceeded):
        wire.quota_exceeded = True
    elif isinstance(error, OutcomeUnknown):
        wire.sent.extend(Digest(algorithm=name, value=value) for name, value in error.sent.items())
    return wire


def error_from_wire(wire: operation_pb2.OperationError) -> DriverError:
    """Returns why an operation of a batch was not done."""
    text = wire.message or "the driver gave no reason"
    if wire.code == _RESOURCE_EXHAUSTED:
        if wire.quota_exceeded:
            return QuotaExceeded(text)
        if wire.HasField("retry_delay"):
            return RateLimited(text, _seconds(wire.retry_delay) or None)
    if wire.sent and _ERRORS.get(wire.code) is OutcomeUnknown:
        return OutcomeUnknown(text, {digest.algorithm: digest.value for digest in wire.sent})
    return _error(wire.code, text)


def _error(code: int, text: str) -> DriverError:
    if code == _RESOURCE_EXHAUSTED:
        return TooLarge(text)
    return _ERRORS.get(code, DriverError)(text)


def _details_of(call: grpc.Call) -> status_pb2.Status | None:
    """Returns the google.rpc.Status that came with a call's status, if any that can be read."""
    for key, value in call.trailing_metadata() or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                return None
    return None


def _message_of(error: DriverError) -> str:
    """Returns the text of an error, cut to what metadata can carry."""
    text = printable(str(error)) or type(error).__name__
    encoded = text.encode()
    if len(encoded) <= _MAX_MESSAGE_BYTES:
        return text
    return encoded[: _MAX_MESSAGE_BYTES - len(_CUT.encode())].decode(errors="ignore") + _CUT


def _nanoseconds(seconds: float) -> int:
    return round(max(0.0, min(seconds, _MAX_RETRY_SECONDS)) * 1e9)


def _seconds(duration: Duration) -> float:
    return float(duration.seconds + duration.nanos / 1e9)
