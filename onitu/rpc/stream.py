"""One streaming call of grpcio, as seen from Trio.

grpcio gives a stream as a blocking iterator and takes one as another, so every stream costs two threads: grpcio's own,
which asks us for the next message to send, and one of ours, which waits for the next message that arrives. Both only
ever hand over by `run_sync_soon`; none of them waits for Trio, so none can be stranded when the Trio run ends.

Back-pressure reaches both ways. At most `SEND_AHEAD` messages wait to be written, then `send` waits; at most
`RECEIVE_AHEAD` wait to be received, then the reader stops asking and gRPC's flow control stops the driver.

This file does not know which call it is about, nor what its messages mean.
"""

from __future__ import annotations

import math
import queue
import threading
from functools import partial
from typing import TYPE_CHECKING, Protocol

import grpc
import trio
from google.protobuf.message import Message

from onitu.errors import DriverError, OutcomeUnknown, Unavailable
from onitu.rpc.status import from_rpc_error

#: What is said of a call on a connection that its owner has closed: the driver has ended meanwhile.
CLOSED = "the driver has ended, and with it the connection"

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from outcome import Outcome

SEND_AHEAD = 4  # Enough that the wire never waits for us; with chunks of 1 MiB it also bounds a stream's memory.
RECEIVE_AHEAD = 4
CLOSE_TIMEOUT = 5.0  # A cancelled call ends within milliseconds; longer means that grpcio itself is stuck.


def soon(token: trio.lowlevel.TrioToken, function: Callable[..., object], *args: object) -> None:
    """Runs a function in the Trio thread, from any other thread; does nothing once the Trio run is over."""
    try:
        token.run_sync_soon(partial(function, *args))
    except trio.RunFinishedError:
        # Whoever waited for this is gone as well.
        return


def result_of(call: Call) -> Message:
    """Returns what a call that has ended was answered with.

    Raises:
        DriverError: The call failed.
    """
    try:
        return call.result()
    except grpc.RpcError as error:
        raise from_rpc_error(error) from error
    except grpc.FutureCancelledError as error:
        message = "the call was cancelled"
        raise OutcomeUnknown(message) from error


class Call(Protocol):
    """What grpcio's futures and streams have in common, as far as it is used here."""

    def add_done_callback(self, fn: Callable[[Call], object]) -> None:
        """Has `fn` called, in a thread of grpcio, when the call has ended."""

    def cancel(self) -> bool:
        """Ends the call; does nothing to one that has ended."""

    def exception(self) -> Exception | None:
        """Returns why the call failed, or None if it did not."""

    def result(self) -> Message:
        """Returns the answer of a call that answers one message."""

    def __iter__(self) -> Iterator[Message]:
        """Iterates over the messages of a call that answers many, and blocks."""


class Stream:
    """A streaming call under way. Made by `Connection.stream` only.

    One task may send while another one receives. Leaving the context of `Connection.stream` cancels a call that has
    not ended.
    """

    def __init__(self, start: Callable[[object], Call], *, sends_many: bool, receives_many: bool) -> None:
        self._start = start
        self._sends_many = sends_many
        self._receives_many = receives_many
        self._token = trio.lowlevel.current_trio_token()
        self._call: Call | None = None
        self._error: DriverError | None = None
        self._closed = False
        # Sending. `_room` counts the places left in `_outbox`, which grpcio's thread empties; None ends it.
        self._outbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._room = trio.Semaphore(SEND_AHEAD)
        self._sending_closed = False
        self._over = False
        # Receiving. `_permits` counts what the reader may still hand over, so the channel needs no bound of its own.
        self._permits = threading.Semaphore(RECEIVE_AHEAD)
        self._arrivals, self._arrived = trio.open_memory_channel[Message](math.inf)
        self._ended = trio.Event()
        if sends_many:
            self._begin(self._drain_outbox())

    async def send(self, message: Message) -> None:
        """Sends a message. For a call that takes one request only, this is what starts it, and may be done once.

        Returns as soon as the message is in line; that the driver has it is known from its answer alone.

        Raises:
            DriverError: The call has failed. `TooLarge` if it did so because of a message before this one.
            trio.BrokenResourceError: The call has ended well and takes no more, or another task has closed the sending
                side while this message waited. What the driver answered can be received.
            trio.ClosedResourceError: `close_sending` was called, or the one request was sent.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._sending_closed:
            raise trio.ClosedResourceError("nothing more can be sent on this stream")
        if not self._sends_many:
            self._sending_closed = True
            self._begin(message)
            await trio.lowlevel.cancel_shielded_checkpoint()
            return
        await self._room.acquire()
        if self._over or self._sending_closed:
            # Or another task has closed meanwhile: what stands behind the end of the line would never be sent.
            self._room.release()  # Wakes the next sender, which finds the same.
            raise self._error or trio.BrokenResourceError("this stream has ended while the message waited")
        self._outbox.put(message)

    def close_sending(self) -> None:
        """Tells the driver that nothing more comes. Messages sent before are still delivered. May be repeated."""
        if not self._sending_closed:
            self._sending_closed = True
            self._outbox.put(None)

    async def receive(self) -> Message:
        """Returns the next message; all that arrived before the end of the call come before it.

        Raises:
            DriverError: The call has failed.
            trio.EndOfChannel: The call has ended well.
        """
        try:
            message = await self._arrived.receive()
        except trio.EndOfChannel:
            if self._error is not None:
                raise self._error from None
            raise
        self._permits.release()
        return message

    @property
    def arrived(self) -> int:
        """How many messages have arrived and were not received yet; `RECEIVE_AHEAD` at most."""
        return self._arrived.statistics().current_buffer_used

    def __aiter__(self) -> Stream:
        """Returns itself: iterating receives until the call has ended well."""
        return self

    async def __anext__(self) -> Message:
        """Returns the next message, as `receive` does."""
        try:
            return await self.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        """Cancels the call if it has not ended, and waits until no thread is left. May be repeated.

        Cancellation:
            The wait is shielded, because a reader thread cannot be abandoned in the middle of a call; it ends after
            `CLOSE_TIMEOUT` at the latest.
        """
        self._closed = True
        self.close_sending()
        if self._call is not None:
            self._call.cancel()
            self._permits.release()  # The reader may wait for this rather than for the call.
            with trio.move_on_after(CLOSE_TIMEOUT, shield=True):
                await self._ended.wait()
        self._arrivals.close()
        self._arrived.close()

    # The start of the call, in the Trio thread.

    def _begin(self, requests: object) -> None:
        try:
            call = self._start(requests)
        except grpc.RpcError as error:
            # A request that cannot be serialized: grpcio raises what it else would have answered.
            self._error = from_rpc_error(error)
            self._finish()
            return
        except ValueError:  # grpcio's way of saying so.
            self._error = Unavailable(CLOSED)
            self._finish()
            return
        self._call = call
        call.add_done_callback(partial(soon, self._token, self._stop_sending))
        if self._receives_many:
            name = "onitu.rpc stream reader"
            trio.lowlevel.start_thread_soon(partial(self._read, call), self._reader_ended, name)
        else:
            call.add_done_callback(partial(soon, self._token, self._answered))

    # In threads that are not Trio's.

    def _drain_outbox(self) -> Iterator[Message]:
        """Yields what is to be sent. Run by grpcio's own thread, which waits here until there is something."""
        while (message := self._outbox.get()) is not None:
            soon(self._token, self._room.release)
            yield message

    def _read(self, call: Call) -> None:
        """Hands messages over as they arrive, never more than there are permits for."""
        self._permits.acquire()
        for message in call:
            soon(self._token, self._arrive, message)
            self._permits.acquire()

    def _reader_ended(self, outcome: Outcome[None]) -> None:
        soon(self._token, self._finish_reading, outcome)

    # In the Trio thread, by `run_sync_soon`: nothing here may raise.

    def _arrive(self, message: Message) -> None:
        if not self._closed:
            self._arrivals.send_nowait(message)

    def _answered(self, call: Call) -> None:
        try:
            self._arrive(result_of(call))
        except DriverError as error:
            self._error = error
        self._finish()

    def _finish_reading(self, outcome: Outcome[None]) -> None:
        try:
            outcome.unwrap()
        except grpc.RpcError as error:
            self._error = from_rpc_error(error)
        self._finish()

    def _stop_sending(self, call: Call) -> None:
        """Wakes whoever waits to send on a call that has ended; one of them wakes the next."""
        self._over = True
        if self._closed:
            return
        error = call.exception()
        if isinstance(error, grpc.RpcError) and self._error is None:
            self._error = from_rpc_error(error)
        self._outbox.put(None)  # Releases grpcio's thread.
        self._room.release()

    def _finish(self) -> None:
        self._over = True
        self._arrivals.close()
        self._ended.set()
