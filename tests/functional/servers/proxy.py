"""A way to a server that a test can cut, and have answer in the server's place."""

from __future__ import annotations

import contextlib
import socket
import threading
from contextlib import suppress

from tests.functional.servers.program import HOST

_PIECE = 256 * 1024


class Proxy:
    """Passes on what comes at a port to a server at another.

    Args:
        upstream: Port of the server.
    """

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._mutex = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._answer: bytes | None = None
        self._listener: socket.socket | None = None
        self.port = 0
        self.open()

    def open(self) -> None:
        """Lets clients in."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, self.port))
        listener.listen(128)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """Breaks all connections, and lets nobody in until it is opened again."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.break_connections()

    def open_again(self) -> None:
        """Lets clients in, if nobody is let in."""
        if self._listener is None:
            self.open()

    def break_connections(self) -> None:
        """Breaks all connections there are."""
        with self._mutex:
            broken, self._connections = self._connections, set()
        for connection in broken:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def answer_once(self, answer: bytes) -> None:
        """Answers the next request in the server's place."""
        self._answer = answer

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((HOST, self._upstream))
            except OSError:
                client.close()
                continue
            for connection in (client, server):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._mutex:
                self._connections |= {client, server}
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
            threading.Thread(target=self._pass_back, args=(server, client), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(_PIECE):
                answer, self._answer = self._answer, None
                if answer is not None:
                    client.sendall(answer)
                    break
                server.sendall(data)
        self._end(client, server)

    def _pass_back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(_PIECE):
                client.sendall(data)
        self._end(client, server)

    def _end(self, *connections: socket.socket) -> None:
        with self._mutex:
            self._connections -= set(connections)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
