"""What is to be sent: packets go into the socket as they are.

A transport of asyncio copies what the socket does not take at once into one buffer, and moves all of it whenever the
socket has taken a part: with megabytes waiting that cost more than encrypting them. Here packets stand in a queue.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Part: TypeAlias = bytes | memoryview

_PENDING: Final = 4 * 1024 * 1024
"""Bytes that may wait to be sent before writers of content have to."""

_BUFFER: Final = 1024 * 1024
"""Bytes that the socket is to take, as far as this host lets it: when it is full the kernel is asked once more."""

_AT_ONCE: Final = 64  # Parts that go to the kernel in one call; it takes 1,024.


class Outlet:
    """The sending half of a connected socket. Everything happens in the running event loop.

    Args:
        sock: A descriptor of its own, closed by `close`.
        fail: Called where it takes nothing any more.
    """

    def __init__(self, sock: socket.socket, fail: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = sock
        self._fail = fail
        self._queue: deque[Part] = deque()
        self._waiting = 0
        self._is_waiting = False
        self._room = asyncio.Event()
        self._room.set()
        sock.settimeout(0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)

    def send(self, parts: Iterable[Part]) -> None:
        """Sends parts of packets, whatever the socket does not take at once as soon as it does."""
        for part in parts:
            self._queue.append(part)
            self._waiting += len(part)
        if not self._is_waiting:
            self._send()
        if self._waiting > _PENDING:
            self._room.clear()

    async def room(self) -> None:
        """Waits until not too much waits to be sent."""
        await self._room.wait()

    def close(self) -> None:
        """Sends nothing more."""
        self._stop_waiting()
        self._queue.clear()
        self._waiting = 0
        self._room.set()
        self._socket.close()

    def _send(self) -> None:
        try:
            while self._queue:
                self._take(self._socket.sendmsg(list(islice(self._queue, _AT_ONCE))))
        except (BlockingIOError, InterruptedError):
            if not self._is_waiting:
                self._is_waiting = True
                self._loop.add_writer(self._socket, self._send)
        except OSError:
            self.close()
            self._fail()
        else:
            self._stop_waiting()
        if self._waiting <= _PENDING // 4:
            self._room.set()

    def _take(self, sent: int) -> None:
        """Removes what was sent from the queue."""
        self._waiting -= sent
        while sent:
            first = self._queue.popleft()
            if sent < len(first):
                self._queue.appendleft(memoryview(first)[sent:])
                return
            sent -= len(first)

    def _stop_waiting(self) -> None:
        if self._is_waiting:
            self._is_waiting = False
            self._loop.remove_writer(self._socket)
