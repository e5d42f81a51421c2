"""The bridge from Trio to grpcio: the core's end of the driver contract.

grpcio has threads and callbacks of its own and knows no Trio. Here a call with one answer is a grpcio future whose
done-callback does nothing but wake the waiting task, so it costs no thread; a stream is in `onitu.rpc.stream`. Failures
come out as the errors of `onitu.errors`. Nothing here retries.

This file knows every method by its name and shape, from the generated contract, and none by its meaning.
"""

# A `timeout` here is a deadline that travels with the call, so that the driver stops as well; a cancel scope around
# the call could not say it.
# ruff: noqa: ASYNC109

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import attrs
import grpc
import trio
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2

from onitu.errors import NotFound, OutcomeUnknown, Unavailable
from onitu.rpc.gen import driver_pb2
from onitu.rpc.status import from_rpc_error
from onitu.rpc.stream import CLOSE_TIMEOUT, CLOSED, Call, Stream, result_of, soon

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from google.protobuf.descriptor import MethodDescriptor
    from google.protobuf.message import Message

DRIVER_SERVICE: Final = driver_pb2.DESCRIPTOR.services_by_name["Driver"]

# What every gRPC library accepts by default. Batches are cut at 3 MiB, which leaves room for what surrounds the items.
MAX_MESSAGE: Final = 4 * 1024 * 1024

# Each stream holds a thread, here and in the driver. A service needs one per folder and one per large file that is
# being moved.
MAX_STREAMS: Final = 256

# gRPC waits this long before it dials again, and cannot wait less. Its default of one second and more would be felt
# whenever a driver is started.
_RECONNECT_MS: Final = 100

# The least time that gRPC gives an attempt to connect; it has no other name for it than that of a back-off. Over a
# network the two ends say a lot to each other before they know who they are.
_CONNECT_MS: Final = 10_000


@attrs.frozen(kw_only=True)
class Credentials:
    """What proves at both ends who the other one is, in PEM.

    Attributes:
        ca: Certificate of the authority that must have signed the driver's.
        certificate: Our own.
        key: Its key.
        name: The name in the driver's certificate, or None for the host that is dialled.
    """

    ca: bytes
    certificate: bytes
    key: bytes = attrs.field(repr=False)
    name: str | None = None


Starter: TypeAlias = "Callable[..., Call]"
"""Starts a call: `start(request or requests, timeout=..., metadata=...)`."""


class Connection:
    """A connection to one driver. Made by `connect` only; many tasks may use it at once."""

    def __init__(self, channel: grpc.Channel, metadata: tuple[tuple[str, str], ...]) -> None:
        self._metadata = metadata
        self._starters = {method.name: _starter(channel, method) for method in DRIVER_SERVICE.methods}
        self._start_check = _starter(channel, health_pb2.DESCRIPTOR.services_by_name["Health"].methods_by_name["Check"])
        self._streams = trio.CapacityLimiter(MAX_STREAMS)

    async def call(self, method: str, request: Message, *, timeout: float) -> Message:
        """Calls a method that takes one message and answers one.

        Args:
            method: Name of the RPC, for example "StatFiles".
            request: Its request.
            timeout: Seconds until the call fails with `OutcomeUnknown`; the driver sees the same deadline.

        Returns:
            The message that answers it.

        Raises:
            DriverError: What the driver answered, or `Unavailable` where it cannot be reached.

        Cancellation:
            The call is cancelled at the driver as well, which may have done it by then: the outcome is unknown.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        return await self._wait(self._starters[method], request, timeout)

    @asynccontextmanager
    async def stream(self, method: str, *, timeout: float | None = None) -> AsyncIterator[Stream]:
        """Opens a call that sends or answers a stream; all three kinds are used alike.

        A call that takes one request begins when that is sent. One that answers one message is received from once.

        Args:
            method: Name of the RPC, for example "WatchChanges".
            timeout: Seconds for the whole call; None for a call that lasts.

        Cancellation:
            Leaving the context, however, cancels a call that has not ended and waits for its threads.
        """
        descriptor = DRIVER_SERVICE.methods_by_name[method]
        start = partial(self._starters[method], metadata=self._metadata, timeout=timeout)
        owner = object()  # Not the task: one task may hold several streams.
        await self._streams.acquire_on_behalf_of(owner)
        try:
            stream = Stream(start, sends_many=descriptor.client_streaming, receives_many=descriptor.server_streaming)
            try:
                yield stream
            finally:
                await stream.aclose()
        finally:
            self._streams.release_on_behalf_of(owner)

    async def check(self, *, timeout: float) -> bool:
        """Asks the driver for its health (grpc.health.v1).

        Returns:
            Whether it serves. False also when it cannot be reached or does not answer in time.

        Raises:
            DriverError: It answers, but not as the contract says: another token is wanted, or there is no health
                service. Waiting will not mend that.
        """
        try:
            return await self.probe(timeout=timeout)
        except (NotFound, Unavailable, OutcomeUnknown):
            return False

    async def probe(self, *, timeout: float) -> bool:
        """Asks the driver for its health, as `check` does, and says why it cannot be reached.

        Raises:
            DriverError: What was answered, or why nothing was.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        request = health_pb2.HealthCheckRequest(service=DRIVER_SERVICE.full_name)
        answer = await self._wait(self._start_check, request, timeout)
        return isinstance(answer, health_pb2.HealthCheckResponse) and answer.status == answer.SERVING

    async def _wait(self, start: Starter, request: Message, timeout: float) -> Message:
        ended = trio.Event()
        try:
            call = start(request, timeout=timeout, metadata=self._metadata)
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        except ValueError as error:  # grpcio's way of saying that the channel is closed; nothing was sent.
            raise Unavailable(CLOSED) from error
        token = trio.lowlevel.current_trio_token()
        call.add_done_callback(lambda _call: soon(token, ended.set))
        try:
            await ended.wait()
        finally:
            call.cancel()  # Does nothing to a call that has ended.
        return result_of(call)


@asynccontextmanager
async def connect(
    target: str, *, token: str | None, credentials: Credentials | None = None, max_message: int = MAX_MESSAGE
) -> AsyncIterator[Connection]:
    """Opens a connection to a driver and closes it at the end, with all its calls.

    Nothing is dialed before the first call, and a lost connection is dialed again by the next call. A call to a socket
    that is not there yet fails at once; the next ones do so too for a tenth of a second. Whoever starts a driver
    therefore waits for its socket before the first call.

    Args:
        target: "unix:/path/to.sock" or "host:port".
        token: What every call carries to prove that it comes from this core; None for a driver that asks for none.
        credentials: What proves who the two ends are; None on this machine, where everything travels in clear text.
        max_message: Largest message in bytes, sent or received. A larger one fails its call with `TooLarge`.
    """
    options: list[tuple[str, int | str]] = [
        ("grpc.max_send_message_length", max_message),
        ("grpc.max_receive_message_length", max_message),
        ("grpc.initial_reconnect_backoff_ms", _RECONNECT_MS),
        ("grpc.min_reconnect_backoff_ms", _RECONNECT_MS if target.startswith("unix:") else _CONNECT_MS),
        ("grpc.max_reconnect_backoff_ms", _RECONNECT_MS),
        # A driver is on this host or where the setup says, never behind the proxy that the environment may name.
        ("grpc.enable_http_proxy", 0),
        # A driver that was started again is another peer, even on the same address.
        ("grpc.use_local_subchannel_pool", 1),
    ]
    if target.startswith("unix:"):
        # The path of a socket is no host's name; servers in Rust end a call that bears one.
        options.append(("grpc.default_authority", "localhost"))
    channel = _channel(target, options, credentials)
    try:
        yield Connection(channel, (("authorization", f"Bearer {token}"),) if token is not None else ())
    finally:
        # Closing waits for grpcio's thread, so it happens in one of our own.
        with trio.move_on_after(CLOSE_TIMEOUT, shield=True):
            await trio.to_thread.run_sync(channel.close, abandon_on_cancel=True, limiter=trio.CapacityLimiter(1))


def _channel(target: str, options: list[tuple[str, int | str]], credentials: Credentials | None) -> grpc.Channel:
    if credentials is None:
        return grpc.insecure_channel(target, options)
    named = [] if credentials.name is None else [("grpc.ssl_target_name_override", credentials.name)]
    secured = grpc.ssl_channel_credentials(credentials.ca, credentials.key, credentials.certificate)
    return grpc.secure_channel(target, secured, [*options, *named])


def _starter(channel: grpc.Channel, method: MethodDescriptor) -> Starter:
    """Returns what starts calls of a method: grpcio has four shapes of it, which are used alike from here on."""
    name = f"/{method.containing_service.full_name}/{method.name}"
    serialize = GetMessageClass(method.input_type).SerializeToString
    parse = GetMessageClass(method.output_type).FromString
    starter: object
    match method.client_streaming, method.server_streaming:
        case False, False:
            starter = channel.unary_unary(name, serialize, parse).future
        case True, False:
            starter = channel.stream_unary(name, serialize, parse).future
        case False, True:
            starter = channel.unary_stream(name, serialize, parse)
        case _:
            starter = channel.stream_stream(name, serialize, parse)
    return cast("Starter", starter)  # The types of grpcio do not say that its futures and streams are both a `Call`.
