"""A network between two processes of one machine: it delays, cuts and swallows what goes through it.

It knows TCP and nothing of what is said. Every connection costs four threads, which end with it.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Self

_PIECE = 64 * 1024
#: Pieces that are under way at most, each way: so many bytes a slow receiver lets pile up.
_UNDER_WAY = 64


class Proxy:
    """Passes connections on to an address, as long as it is entered.

    Args:
        port: On this machine, where connections go.
        delay: Seconds that every byte is under way, each way.
    """

    def __init__(self, port: int, *, delay: float = 0.0) -> None:
        self._target = port
        self._delay = delay
        self._open = threading.Event()
        self._passing = threading.Event()
        self._passing.set()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        #: Bytes that went through, both ways.
        self.passed = 0

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._open.set()
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.cut()
        self._passing.set()
        self._listener.close()

    def cut(self) -> None:
        """Breaks all connections at once, as a router that is switched off and knows of none when it comes back."""
        self._open.clear()
        with self._lock:
            for one in self._sockets:
                with contextlib.suppress(OSError):
                    # No farewell: what was under way is lost, and both ends find the connection reset.
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            self._sockets.clear()

    def mend(self) -> None:
        """Lets connections through again."""
        self._open.set()
        self._passing.set()

    def swallow(self) -> None:
        """Passes nothing on any more, and breaks nothing either: neither end is told."""
        self._passing.clear()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._open.is_set():
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()
                continue
            with self._lock:
                self._sockets |= {near, far}
            for source, target in ((near, far), (far, near)):
                line: queue.Queue[tuple[float, bytes]] = queue.Queue(_UNDER_WAY)
                threading.Thread(target=self._take, args=(source, line), daemon=True).start()
                threading.Thread(target=self._give, args=(line, target), daemon=True).start()

    def _take(self, source: socket.socket, line: queue.Queue[tuple[float, bytes]]) -> None:
        piece = b"-"
        while piece:
            try:
                piece = source.recv(_PIECE)
            except OSError:
                piece = b""
            line.put((time.monotonic() + self._delay, piece))

    def _give(self, line: queue.Queue[tuple[float, bytes]], target: socket.socket) -> None:
        while True:
            due, piece = line.get()
            time.sleep(max(0.0, due - time.monotonic()))
            self._passing.wait()
            try:
                if not piece:
                    target.shutdown(socket.SHUT_WR)
                    return
                target.sendall(piece)
            except OSError:
                break
            self.passed += len(piece)
        while line.get()[1]:  # The other end goes on until it notices.
            pass
