"""How a driver is called: turns, deadlines, and what a failed call means.

What a mutation left behind when its call failed is only sometimes known; what a read left behind always is. So there is
one way to call for each, and everything else in this chapter goes through them.
"""

# A `timeout` here is a deadline that travels with the call, so that the driver stops as well.
# ruff: noqa: ASYNC109

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TYPE_CHECKING, TypeVar

import trio
from google.protobuf.message import Message

from onitu.core.capability import DEFAULT_MAX_MESSAGE, MAX_BATCH, MAX_CHUNK, Capabilities, Limits
from onitu.errors import DriverError, OutcomeUnknown, Unavailable
from onitu.host.latency import Latencies

if TYPE_CHECKING:
    from onitu.rpc.stream import Stream
    from onitu.rpc.transport import Connection

Answer = TypeVar("Answer", bound=Message)
Item = TypeVar("Item")

#: Any mutation: the service is slow, and may have to be reached first.
MUTATION_DEADLINE = 60.0

#: A stream that moves nothing for this long is stuck. Bytes come at any rate above that.
STALL_DEADLINE = 60.0

#: The slowest rate that is still progress, in bytes a second, where bytes are counted into a deadline.
SLOWEST_RATE = 256 * 1024

#: Room in a message for what is not an item: the folder's name, tags and lengths.
ENVELOPE_BYTES = 16 * 1024


class Calls:
    """The calls of one driver.

    At most `limits.max_concurrency` unary calls are made at once, the others wait for their turn. Streams are not
    counted: they are held while their holder waits for another service, and two services full of each other's streams
    would wait for ever.

    Attributes:
        capabilities: What the service can do; nothing until it is configured.
        limits: The numbers that calls keep to.
        chunk_size: Bytes of a chunk.
    """

    def __init__(self, connection: Connection, limits: Limits, latencies: Latencies | None = None) -> None:
        self._connection = connection
        self._turns = trio.CapacityLimiter(limits.max_concurrency)
        self.capabilities = Capabilities()
        self.limits = limits
        self.chunk_size = MAX_CHUNK
        self._latencies = latencies or Latencies()

    def adopt(self, capabilities: Capabilities, limits: Limits) -> None:
        """Keeps to what the driver answered from here on."""
        self.capabilities = capabilities
        self.limits = limits
        self._turns.total_tokens = limits.max_concurrency

    @property
    def batch_bytes(self) -> int:
        """Most bytes of items in one message. A driver may allow fewer than usual; more are never needed."""
        return max(1, min(self.limits.max_message_bytes, DEFAULT_MAX_MESSAGE) - ENVELOPE_BYTES)

    @property
    def batch_items(self) -> int:
        """Most items in one message."""
        return min(self.limits.max_batch_items, MAX_BATCH)

    async def read(self, method: str, request: Message, answer: type[Answer], *, timeout: float) -> Answer:
        """Calls what changes nothing that can be seen.

        Args:
            method: Name of the RPC.
            request: Its request.
            answer: The type of its answer.
            timeout: Deadline in seconds, counted from when it is this call's turn.

        Raises:
            DriverError: It failed; never `OutcomeUnknown`.
        """
        with reading():
            return await self._call(method, request, answer, timeout=timeout)

    async def mutate(self, method: str, request: Message, answer: type[Answer], *, timeout: float) -> Answer:
        """Calls what changes something; arguments as for `read`.

        Raises:
            DriverError: It failed; `error.outcome_unknown` says whether it may have been done all the same.

        Cancellation:
            Cancels the call; the outcome is unknown then.
        """
        with mutating():
            return await self._call(method, request, answer, timeout=timeout)

    async def aside(self, method: str, request: Message, *, timeout: float) -> None:
        """Calls what must not wait for a turn behind other calls: `Close`, and aborting what has failed."""
        await self._connection.call(method, request, timeout=timeout)

    def stream(self, method: str) -> AbstractAsyncContextManager[Stream]:
        """Opens a stream; its waits are the holder's to limit, see `send` and `receive`."""
        return self._connection.stream(method)

    async def _call(self, method: str, request: Message, answer: type[Answer], *, timeout: float) -> Answer:
        async with self._turns:
            began = trio.current_time()
            try:
                return _checked(await self._connection.call(method, request, timeout=timeout), answer)
            finally:
                self._latencies.note(method, trio.current_time() - began)


@contextmanager
def reading() -> Iterator[None]:
    """Turns `OutcomeUnknown` into `Unavailable`: what changes nothing leaves nothing unknown."""
    try:
        yield
    except OutcomeUnknown as error:
        raise Unavailable(str(error)) from error


@contextmanager
def mutating() -> Iterator[None]:
    """Marks a driver's unexplained failure (UNKNOWN) as one that may have come after the deed, as a bug's would."""
    try:
        yield
    except DriverError as error:
        if type(error) is DriverError:
            error.outcome_unknown = True
        raise


async def send(stream: Stream, message: Message, what: str) -> None:
    """Sends on a stream.

    Args:
        stream: Which.
        message: To send.
        what: What the stream is about, for a person: "writing 'a/b'".

    Raises:
        OutcomeUnknown: The driver has not taken anything for `STALL_DEADLINE` seconds.
        DriverError: The call has failed, or the driver has ended it though it was not done.
    """
    with trio.move_on_after(STALL_DEADLINE) as sending:
        try:
            await stream.send(message)
        except trio.BrokenResourceError as error:
            early = f"the driver ended the call before it had everything: {what}"
            raise DriverError(early) from error
    if sending.cancelled_caught:
        raise OutcomeUnknown(_stalled(what, STALL_DEADLINE))


async def receive(stream: Stream, answer: type[Answer], what: str, *, seconds: float = STALL_DEADLINE) -> Answer:
    """Receives from a stream.

    Args:
        stream: Which.
        answer: The type of what is received.
        what: What the stream is about, for a person.
        seconds: The longest wait.

    Raises:
        trio.EndOfChannel: The driver has ended the stream.
        OutcomeUnknown: Nothing came for so long.
        DriverError: The call has failed.
    """
    with trio.move_on_after(seconds) as receiving:
        message = await stream.receive()
    if receiving.cancelled_caught:
        raise OutcomeUnknown(_stalled(what, seconds))
    return _checked(message, answer)


def _checked(message: Message, answer: type[Answer]) -> Answer:
    if not isinstance(message, answer):
        wrong = f"{type(message).__name__} came instead of {answer.__name__}"
        raise TypeError(wrong)
    return message


def _stalled(what: str, seconds: float) -> str:
    return f"the driver made no progress for {seconds:.0f} s: {what}"


def cut(items: Sequence[Item], size: Callable[[Item], int], *, most: int, most_bytes: int) -> Iterator[Sequence[Item]]:
    """Cuts items into runs that fit into one message each. An item that is too large alone is a run of its own.

    Args:
        items: What to cut.
        size: Bytes of one item in a message, or a little more.
        most: Most items in a run.
        most_bytes: Most bytes in a run.
    """
    begin = total = 0
    for index, item in enumerate(items):
        bytes_of_item = size(item)
        if index > begin and (index - begin == most or total + bytes_of_item > most_bytes):
            yield items[begin:index]
            begin, total = index, 0
        total += bytes_of_item
    if begin < len(items):
        yield items[begin:]


def path_bytes(path: str) -> int:
    """Returns at most how many bytes a path takes in a message; exact sizes would cost an encoding each."""
    return 4 * len(path) + 8
