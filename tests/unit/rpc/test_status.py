"""The error table, in both directions, by both ways an error can travel."""

from __future__ import annotations

import re
from pathlib import Path

import grpc
import pytest

from onitu import errors
from onitu.errors import DriverError
from onitu.rpc import status
from onitu.rpc.gen import operation_pb2

PROTO = Path(__file__).parents[3] / "proto/onitu/driver/v1/driver.proto"
Code = grpc.StatusCode

TABLE: list[tuple[DriverError, grpc.StatusCode]] = [
    (errors.NotFound("m"), Code.NOT_FOUND),
    (errors.PermissionDenied("m"), Code.PERMISSION_DENIED),
    (errors.Unauthenticated("m"), Code.UNAUTHENTICATED),
    (errors.InvalidPath("m"), Code.INVALID_ARGUMENT),
    (errors.RevisionMismatch("m"), Code.FAILED_PRECONDITION),
    (errors.SourceChanged("m"), Code.ABORTED),
    (errors.CursorExpired("m"), Code.OUT_OF_RANGE),
    (errors.Unsupported("m"), Code.UNIMPLEMENTED),
    (errors.RateLimited("m"), Code.RESOURCE_EXHAUSTED),
    (errors.RateLimited("m", 2.5), Code.RESOURCE_EXHAUSTED),
    (errors.QuotaExceeded("m"), Code.RESOURCE_EXHAUSTED),
    (errors.TooLarge("m"), Code.RESOURCE_EXHAUSTED),
    (errors.Unavailable("m"), Code.UNAVAILABLE),
    (errors.Corrupted("m"), Code.DATA_LOSS),
    (errors.OutcomeUnknown("m"), Code.INTERNAL),
    (errors.DriverError("m"), Code.UNKNOWN),
]


class FailedCall(grpc.RpcError, grpc.Call):
    """A call that has ended with a status, as grpcio raises it."""

    def __init__(self, code: grpc.StatusCode, details: str, metadata: tuple[tuple[str, str | bytes], ...] = ()) -> None:
        self._status = (code, details, metadata)

    def code(self) -> grpc.StatusCode:
        """Its code."""
        return self._status[0]

    def details(self) -> str:
        """Its message."""
        return self._status[1]

    def trailing_metadata(self) -> tuple[tuple[str, str | bytes], ...]:  # type: ignore[override]  # As in grpc.Call.
        """Its trailers."""
        return self._status[2]

    def initial_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """Nothing."""
        return ()

    def is_active(self) -> bool:
        """It has ended."""
        return False

    def time_remaining(self) -> float:
        """None is left."""
        return 0.0

    def cancel(self) -> bool:
        """There is nothing to cancel."""
        return False

    def add_callback(self, callback: object) -> bool:  # noqa: ARG002  # As grpc.Call has it.
        """It has ended."""
        return False


def same(one: DriverError, other: DriverError) -> bool:
    """Whether two errors say the same."""
    return (type(one), str(one), getattr(one, "retry_after", None)) == (
        type(other),
        str(other),
        getattr(other, "retry_after", None),
    )


@pytest.mark.parametrize(("error", "code"), TABLE, ids=repr)
class TestTable:
    """Every error of the tree."""

    def test_as_a_status(self, error: DriverError, code: grpc.StatusCode) -> None:
        """An error that ends a call comes out as it was raised."""
        sent = status.to_status(error)

        assert sent.code is code
        assert same(status.from_rpc_error(FailedCall(*sent)), error)

    def test_in_a_batch(self, error: DriverError, code: grpc.StatusCode) -> None:
        """So does one that is the result of an operation."""
        sent = status.error_to_wire(error)

        assert sent.code == code.value[0]
        assert same(status.error_from_wire(sent), error)


def test_what_was_sent_is_told_with_an_unknown_outcome() -> None:
    """P13: of a write that a driver has made from a file it read itself the digest of the bytes travels as well."""
    read = status.error_from_wire(status.error_to_wire(errors.OutcomeUnknown("torn", {"blake3": b"digest"})))

    assert isinstance(read, errors.OutcomeUnknown)
    assert read.sent == {"blake3": b"digest"}


def test_table_is_whole() -> None:
    """No error of the driver's half of the tree is missing."""

    def descend(kind: type[DriverError]) -> set[type[DriverError]]:
        return {kind}.union(*(descend(child) for child in kind.__subclasses__() if child.__module__ == errors.__name__))

    assert descend(DriverError) == set(status.CODES)


def test_table_in_the_contract() -> None:
    """The table at the top of the contract has the codes that the table in the code has, and no other."""
    head = PROTO.read_text().split("package onitu.driver.v1;")[0]
    rows = re.findall(r"^//   (\S.*?)\s*\|", head, re.MULTILINE)
    printed = {word for row in rows for word in re.findall(r"[A-Z_]{5,}", row)}

    assert printed == {code.name for code in status.CODES.values()} | {"CANCELLED", "DEADLINE_EXCEEDED"}


class TestFromRpcError:
    """What only gRPC says."""

    @pytest.mark.parametrize("code", [Code.CANCELLED, Code.DEADLINE_EXCEEDED, Code.INTERNAL])
    def test_unknown_outcome(self, code: grpc.StatusCode) -> None:
        """A call that was torn may have been done."""
        assert type(status.from_rpc_error(FailedCall(code, "m"))) is errors.OutcomeUnknown

    @pytest.mark.parametrize("text", ["Socket closed", "Stream removed (Socket closed)", "GOAWAY received", ""])
    def test_lost_connection(self, text: str) -> None:
        """So may one whose connection broke, whatever words gRPC has for it."""
        assert type(status.from_rpc_error(FailedCall(Code.UNAVAILABLE, text))) is errors.OutcomeUnknown

    def test_no_connection(self) -> None:
        """A call that never reached the other side was not done."""
        failed = FailedCall(Code.UNAVAILABLE, "failed to connect to all addresses; last error: ...")

        assert type(status.from_rpc_error(failed)) is errors.Unavailable

    def test_message_over_the_limit(self) -> None:
        """A message that gRPC itself refuses is `TooLarge`."""
        failed = FailedCall(Code.RESOURCE_EXHAUSTED, "SERVER: Received message larger than max (5 vs. 4)")

        assert type(status.from_rpc_error(failed)) is errors.TooLarge

    def test_details_that_cannot_be_read(self) -> None:
        """Details that are no status change nothing."""
        failed = FailedCall(Code.NOT_FOUND, "m", (("grpc-status-details-bin", b"\xff\xff"), ("other", "x")))

        assert type(status.from_rpc_error(failed)) is errors.NotFound

    def test_no_status(self) -> None:
        """An error of gRPC without any status is the driver's."""
        assert type(status.from_rpc_error(grpc.RpcError("odd"))) is DriverError


class TestOddities:
    """What the table does not have."""

    @pytest.mark.parametrize("code", [-1, 0, 99])
    def test_unknown_code(self, code: int) -> None:
        """A code nobody knows is the driver's fault, never a guess."""
        error = status.error_from_wire(operation_pb2.OperationError(code=code, message="m"))

        assert same(error, DriverError("m"))

    def test_no_reason(self) -> None:
        """An error without a text has one here."""
        assert str(status.error_from_wire(operation_pb2.OperationError(code=5))) == "the driver gave no reason"
        assert status.to_status(errors.NotFound()).details == "NotFound"

    def test_class_of_a_driver(self) -> None:
        """A class that a driver derives travels as the class it is derived from."""

        class Busy(errors.Unavailable):
            """Invented by a driver."""

        assert status.to_status(Busy("m")).code is Code.UNAVAILABLE

    def test_other_service_error(self) -> None:
        """A `ServiceError` without a finer class arrives as one that is retried just so."""
        error = status.error_from_wire(status.error_to_wire(errors.ServiceError("m")))

        assert same(error, errors.Unavailable("m"))

    @pytest.mark.parametrize("seconds", [-5.0, 1e300, float("inf")])
    def test_odd_delay(self, seconds: float) -> None:
        """A delay that is nonsense is cut to one that can travel."""
        error = status.from_rpc_error(FailedCall(*status.to_status(errors.RateLimited("m", seconds))))

        assert isinstance(error, errors.RateLimited)
        assert error.retry_after is not None
        assert 0 <= error.retry_after <= 366 * 24 * 3600

    def test_long_text(self) -> None:
        """A text is cut between two characters to what metadata can carry."""
        sent = status.to_status(errors.NotFound("é" * 5_000))

        assert sent.details == "é" * 498 + "…"
        assert len(sent.details.encode()) <= 1_000
