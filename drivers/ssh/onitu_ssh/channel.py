"""A channel for many requests at once: each is sent when it is made, and its answer awaited when it is needed.

What does not depend on each other travels together: make several requests, then await what was returned. The other end
answers in any order. Everything here runs in one event loop. This module knows how requests and answers are told apart,
and neither what they say nor how the other end was reached.
"""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from . import protocol as p
from .outlet import Outlet
from .protocol import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .outlet import Part

T = TypeVar("T")

_LONGEST: Final = 4 * 1024 * 1024  # No reply has more bytes: none that was asked for comes near it.
_WORDS: Final = {
    p.NO_SUCH_FILE: "there is no such file",
    p.PERMISSION_DENIED: "permission denied",
    p.BAD_MESSAGE: "the server takes no such name or value",
    p.UNSUPPORTED: "the server cannot do that",
}


class Refused(Exception):
    """The server answered that it does not do what was asked.

    Attributes:
        code: The protocol's number for it.
    """

    def __init__(self, code: int, words: str) -> None:
        super().__init__(_WORDS.get(code) or words or f"the server answers with code {code}")
        self.code = code


class Lost(Exception):
    """The connection is gone; what was asked may have been done."""


class Answer(Generic[T]):
    """What will be answered to a request that is on its way. May be awaited, or not at all.

    Args:
        waiting: For kind and body of the reply.
        wanted: The kind that holds the answer.
        read: Takes it out.
        end: What is answered at the end of a file or directory; without it that is a refusal like any other.
        hang_up: Given for what changes something: ends the channel where nobody can tell whether it was done.
    """

    __slots__ = ("_end", "_hang_up", "_read", "_waiting", "_wanted")

    def __init__(
        self,
        waiting: asyncio.Future[tuple[int, bytes]],
        wanted: int,
        read: Callable[[Reply], T],
        end: Callable[[], T] | None = None,
        hang_up: Callable[[], None] | None = None,
    ) -> None:
        self._waiting = waiting
        self._wanted = wanted
        self._read = read
        self._end = end
        self._hang_up = hang_up

    def __await__(self) -> Generator[object, None, T]:
        """Waits for it.

        Raises:
            Refused: The server does not do it.
            Lost: The connection is gone, or of no use: a change was answered with what cannot be understood.
        """
        kind, body = yield from self._waiting.__await__()
        reply = Reply(body if kind in {self._wanted, p.STATUS} else b"")
        try:
            if kind == self._wanted != p.STATUS:
                return self._read(reply)
            code = reply.u32()
            if code == p.OK and self._wanted == p.STATUS:
                return self._read(reply)
            if code == p.EOF and self._end is not None:
                return self._end()
            words = reply.text().decode("utf-8", "replace") if reply.more else ""
        except (ValueError, struct.error) as error:
            if self._hang_up is not None:
                self._hang_up()
                raise Lost from error
            raise Refused(p.BAD_MESSAGE, "the server's answer cannot be understood") from error
        raise Refused(code, words)


class Channel(asyncio.Protocol):
    """One channel.

    Attributes:
        lost: Done when the channel has ended.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._splitter = p.Splitter()
        self._waiting: dict[int, asyncio.Future[tuple[int, bytes]]] = {}
        self._number = 0
        self._unsent: list[Part] = []
        self._outlet: Outlet | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the way to the server."""
        if isinstance(transport, asyncio.Transport):  # Here we know: it is a socket's.
            self._transport = transport
            self._outlet = Outlet(transport.get_extra_info("socket").dup(), transport.abort)

    def data_received(self, data: bytes) -> None:
        """Hands replies to those who wait for them."""
        try:
            for kind, body in self._splitter.feed(data, _LONGEST):
                number = int.from_bytes(body[:4])
                if kind == p.STATUS and int.from_bytes(body[4:8]) in p.LOST:
                    self.close()  # The server has lost what it passes requests on to.
                    return
                waiting = self._waiting.pop(0 if kind == p.VERSION else number, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result((kind, body[4:]))
        except ValueError:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's own words say less than ssh's.
        """Tells everybody who waits."""
        for waiting in self._waiting.values():
            if not waiting.done():
                _fail(waiting)
        self._waiting.clear()
        self._close_outlet()
        if not self.lost.done():
            self.lost.set_result(None)

    def close(self) -> None:
        """Hangs up."""
        self._close_outlet()
        if self._transport is not None:
            self._transport.abort()

    def _close_outlet(self) -> None:
        if self._outlet is not None:
            self._outlet.close()
            self._outlet = None

    async def room(self) -> None:
        """Waits until not too much waits to be sent."""
        if self._outlet is not None:
            await self._outlet.room()

    # How.

    def expect(self, number: int) -> asyncio.Future[tuple[int, bytes]]:
        """Returns what will hold kind and body of the reply with a number."""
        waiting: asyncio.Future[tuple[int, bytes]] = self._loop.create_future()
        if self.lost.done() or self._transport is None or self._transport.is_closing():
            _fail(waiting)
        else:
            self._waiting[number] = waiting
        return waiting

    def send(self, *parts: Part) -> None:
        """Sends a packet, together with all others of this moment.

        Args:
            parts: Of the packet; none is copied.
        """
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent += parts

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        if self._outlet is not None:
            self._outlet.send(unsent)

    def ask(self, kind: int, *parts: bytes, content: Part = b"") -> asyncio.Future[tuple[int, bytes]]:
        """Makes a request and returns what will hold kind and body of the reply.

        Args:
            kind: Of the request.
            parts: What it says, as it travels.
            content: What comes at its end, and may be large.
        """
        number = self._number = self._number % 0xFFFFFFFF + 1
        waiting = self.expect(number)
        self.send(p.request(kind, number, *parts, more=len(content)), *((content,) if content else ()))
        return waiting

    def done(self, kind: int, *parts: bytes, content: Part = b"") -> Answer[None]:
        """Makes a request whose answer has no more to say than that it was done; see `ask`."""
        return Answer(self.ask(kind, *parts, content=content), p.STATUS, _nothing, hang_up=self.close)


def _nothing(_reply: Reply) -> None:
    """Takes an answer that has no more to say than that it was done."""


def _fail(waiting: asyncio.Future[tuple[int, bytes]]) -> None:
    """Tells whoever waits that the channel is gone. That nobody does is no reason to complain."""
    waiting.set_exception(Lost())
    waiting.exception()
