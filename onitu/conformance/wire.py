"""Calls of the contract, as any client of gRPC makes them: messages in, messages out, refusals as they came.

This module knows the token and the deadline, and what no call means.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import attrs
import grpc
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]  # As grpcio-status.
from grpc_health.v1 import health_pb2, health_pb2_grpc

from onitu.rpc.gen import driver_pb2_grpc

UNIT: Final = float(os.environ.get("ONITU_TEST_TIME_UNIT") or 1)
"""Seconds per unit of time; every deadline here counts in them."""

DEADLINE: Final = 15.0
"""Units of time that a call may take."""

LARGEST: Final = 16 * 1024 * 1024
"""What this client takes, in bytes: more than a driver may send, so that it is the kit that finds it."""

SERVICE: Final = "onitu.driver.v1.Driver"

_DETAILS: Final = "grpc-status-details-bin"


@attrs.frozen(kw_only=True)
class Refusal(Exception):
    """What a call was answered with instead of OK.

    Attributes:
        method: The RPC.
        code: gRPC's code.
        text: The message.
        status: The `google.rpc.Status` that came with it, which proves that the driver itself said it; or None.
    """

    method: str
    code: grpc.StatusCode
    text: str
    status: status_pb2.Status | None = None

    def __str__(self) -> str:
        return f"{self.method} answered {self.code.name}: {self.text}"

    @property
    def is_rate_limit(self) -> bool:
        """Whether it says that the calls come too fast."""
        return self._holds(error_details_pb2.RetryInfo())

    @property
    def is_quota(self) -> bool:
        """Whether it says that there is no room."""
        return self._holds(error_details_pb2.QuotaFailure())

    def _holds(self, kind: error_details_pb2.RetryInfo | error_details_pb2.QuotaFailure) -> bool:
        return self.status is not None and any(detail.Unpack(kind) for detail in self.status.details)


class Wire:
    """A connection to one driver process.

    Args:
        address: As gRPC spells it.
        token: What every call carries, or None.
    """

    def __init__(self, address: str, token: str | None) -> None:
        options: list[tuple[str, int | str]] = [
            ("grpc.max_receive_message_length", LARGEST),
            ("grpc.max_send_message_length", LARGEST),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.min_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 100),
            ("grpc.enable_http_proxy", 0),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        if address.startswith("unix:"):
            options.append(("grpc.default_authority", "localhost"))  # As the core: a path is no host's name.
        self.channel = grpc.insecure_channel(address, options)
        self.metadata: tuple[tuple[str, str], ...] = () if token is None else (("authorization", f"Bearer {token}"),)
        self._stub = driver_pb2_grpc.DriverStub(self.channel)  # type: ignore[no-untyped-call]  # Generated.
        self._health = health_pb2_grpc.HealthStub(self.channel)

    def call(self, method: str, request: object, *, timeout: float = DEADLINE) -> Any:  # noqa: ANN401  One of the contract's messages.
        """Calls an RPC that answers one message.

        Args:
            method: Name of the RPC.
            request: Its request, or an iterable of them.
            timeout: Units of time.

        Raises:
            Refusal: It answered an error, or nothing in time.
        """
        try:
            return getattr(self._stub, method)(request, timeout=timeout * UNIT, metadata=self.metadata)
        except grpc.RpcError as error:
            raise refusal_of(method, error) from None

    def stream(self, method: str, request: object, *, timeout: float | None = DEADLINE) -> Any:  # noqa: ANN401  grpcio's call, which has no type of its own.
        """Opens an RPC that answers a stream: an iterator with `cancel()`, which raises gRPC's own errors."""
        seconds = None if timeout is None else timeout * UNIT
        return getattr(self._stub, method)(request, timeout=seconds, metadata=self.metadata)

    def messages(self, method: str, request: object, *, timeout: float = DEADLINE) -> list[Any]:
        """Calls an RPC that answers a stream, to its end.

        Raises:
            Refusal: As `call`.
        """
        try:
            return list(self.stream(method, request, timeout=timeout))
        except grpc.RpcError as error:
            raise refusal_of(method, error) from None

    def health(self, service: str = SERVICE, *, timeout: float = DEADLINE) -> int:
        """Returns the driver's health (grpc.health.v1).

        Raises:
            Refusal: As `call`.
        """
        request = health_pb2.HealthCheckRequest(service=service)
        try:
            answer = self._health.Check(request, timeout=timeout * UNIT, metadata=self.metadata)
        except grpc.RpcError as error:
            raise refusal_of("health", error) from None
        return int(answer.status)

    def close(self) -> None:
        """Closes the connection, and with it all calls."""
        self.channel.close()


def refusal_of(method: str, error: grpc.RpcError) -> Refusal:
    """Returns what an error of grpcio's says."""
    call: Any = error  # What grpcio raises is the call itself.
    status = None
    for key, value in call.trailing_metadata() or ():
        if key == _DETAILS and isinstance(value, bytes):
            status = status_pb2.Status.FromString(value)
    return Refusal(method=method, code=call.code(), text=call.details() or "", status=status)


class Refused:
    """What `refused` caught."""

    def __init__(self) -> None:
        self.refusal = Refusal(method="", code=grpc.StatusCode.OK, text="")


@contextmanager
def refused(*codes: str, why: str = "") -> Iterator[Refused]:
    """Expects that a call is refused, with one of some codes.

    Args:
        codes: Names of the codes; none means any.
        why: What is wrong with the call, for the message where it is answered.
    """
    caught = Refused()
    wanted = " or ".join(codes) or "an error"
    try:
        yield caught
    except Refusal as refusal:
        caught.refusal = refusal
        if codes and refusal.code.name not in codes:
            raise AssertionError(f"{refusal} ({wanted} was to be the answer{_because(why)})") from None
        return
    raise AssertionError(f"the call was answered as if it were right, {wanted} was to be the answer{_because(why)}")


def _because(why: str) -> str:
    return f": {why}" if why else ""


def chunked(content: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    """Yields the chunks of a content, each with its offset."""
    for offset in range(0, len(content), size):
        yield offset, content[offset : offset + size]


def each(calls: Sequence[Callable[[], object]] | Iterable[Callable[[], object]]) -> list[object]:
    """Makes calls at the same time, each in a thread of its own, and returns their answers in order.

    Raises:
        Refusal: The first that was refused, once all have ended.
    """
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  Only here.

    waiting = list(calls)
    with ThreadPoolExecutor(max(1, len(waiting))) as pool:
        futures = [pool.submit(one) for one in waiting]
    return [future.result() for future in futures]
