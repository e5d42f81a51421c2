"""A proxy that programs reach their services by (HTTP CONNECT), and that leads all of them to one server of a test."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.functional.servers.program import HOST

_PIECE = 256 * 1024


@contextmanager
def connecting(port: int) -> Iterator[str]:
    """Yields the address of a proxy, by which every host is the server at a port."""
    with socket.create_server((HOST, 0), backlog=64) as listener:
        threading.Thread(target=_accept, args=(listener, port), daemon=True).start()
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, port: int) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_connect, args=(client, port), daemon=True).start()


def _connect(client: socket.socket, port: int) -> None:
    with suppress(OSError), client, socket.create_connection((HOST, port)) as server:
        asked = b""
        while b"\r\n\r\n" not in asked:
            more = client.recv(_PIECE)
            if not more:
                return
            asked += more
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
        back.start()
        _pass_on(client, server)
        back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_PIECE):
            target.sendall(data)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
