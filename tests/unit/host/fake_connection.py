"""A connection to a driver that exists only as functions, for failures that no real driver has on order."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias, cast

import trio

from onitu.errors import DriverError, Unsupported
from onitu.host.client import DriverClient

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from onitu.core.capability import Capabilities, Limits
    from onitu.rpc.transport import Connection

Unary: TypeAlias = "Callable[[Message], Message | Awaitable[Message]]"
Requests: TypeAlias = "trio.MemoryReceiveChannel[Message]"
Answers: TypeAlias = "trio.MemorySendChannel[Message]"
Streaming: TypeAlias = "Callable[[Requests, Answers], Awaitable[None]]"


class FakeConnection:
    """What `onitu.rpc.transport.Connection` looks like to its users.

    Attributes:
        unary: RPC name to the function that answers it, or raises a `DriverError`.
        streaming: RPC name to the coroutine function that serves it.
        calls: Every unary request in order, with its RPC name.
        healthy: What `check` answers next; the last one stays.
    """

    def __init__(self) -> None:
        self.unary: dict[str, Unary] = {}
        self.streaming: dict[str, Streaming] = {}
        self.calls: list[tuple[str, Message]] = []
        self.healthy = [True]
        self.at_once: Counter[str] = Counter()
        self.most_at_once = 0

    async def call(self, method: str, request: Message, *, timeout: float) -> Message:  # noqa: ASYNC109
        assert timeout > 0
        self.calls.append((method, request))
        if method not in self.unary:
            raise Unsupported(method)
        self.at_once[method] += 1
        self.most_at_once = max(self.most_at_once, self.at_once.total())
        try:
            await trio.lowlevel.checkpoint()
            answer = self.unary[method](request)
            return await answer if isinstance(answer, Awaitable) else answer
        finally:
            self.at_once[method] -= 1

    @asynccontextmanager
    async def stream(self, method: str, *, timeout: float | None = None) -> AsyncIterator[FakeStream]:  # noqa: ASYNC109
        assert timeout is None
        stream = FakeStream()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.serve, self.streaming[method])
            failure: BaseException | None = None
            try:
                yield stream
            except BaseException as error:  # noqa: BLE001  # Raised below, outside of the nursery and its groups.
                failure = error
            nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def check(self, *, timeout: float) -> bool:  # noqa: ASYNC109
        await trio.lowlevel.checkpoint()
        assert timeout > 0
        return self.healthy.pop(0) if len(self.healthy) > 1 else self.healthy[0]

    def requests(self, method: str) -> list[Message]:
        """Returns the requests of one RPC so far."""
        return [request for name, request in self.calls if name == method]


class FakeStream:
    """One streaming call."""

    def __init__(self) -> None:
        self._requests, self.requests = trio.open_memory_channel["Message"](4)
        self.answers, self._answers = trio.open_memory_channel["Message"](4)
        self._error: DriverError | None = None

    async def serve(self, serve: Streaming) -> None:
        async with self.requests, self.answers:
            try:
                await serve(self.requests, self.answers)
            except DriverError as error:
                self._error = error

    async def send(self, message: Message) -> None:
        try:
            await self._requests.send(message)
        except trio.BrokenResourceError:
            if self._error is not None:
                raise self._error from None
            raise

    def close_sending(self) -> None:
        self._requests.close()

    async def receive(self) -> Message:
        try:
            return await self._answers.receive()
        except trio.EndOfChannel:
            if self._error is not None:
                raise self._error from None
            raise


def client_of(connection: FakeConnection, capabilities: Capabilities, limits: Limits | None = None) -> DriverClient:
    """Returns a client of the connection that takes the driver for configured."""
    client = DriverClient(cast("Connection", connection), limits)
    client._calls.adopt(capabilities, client.limits)
    return client
