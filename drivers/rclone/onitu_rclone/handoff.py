"""What rclone is to write, where it fetches it from: rclone takes a file with its size and time only from a server.

It is one of this host, and every file has an address that nobody can guess, for as long as it is on its way. Nothing is
kept: what comes in is passed on.
"""

from __future__ import annotations

import io
import secrets
import threading
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE: Final = 1024 * 1024
_SECOND: Final = 1_000_000_000
_LATEST: Final = 253_402_300_799 * _SECOND
"""The end of the year 9999: later ones have no date in HTTP."""


class _Offer(msgspec.Struct, kw_only=True):
    """A file that is to be fetched."""

    content: bytes | IO[bytes]
    size: int
    mtime_ns: int | None


class Handoff:
    """The server. May be used from any thread."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._offers: dict[str, _Offer] = {}
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, name="handoff", daemon=True).start()

    @contextmanager
    def offer(self, content: bytes | IO[bytes], size: int, mtime_ns: int | None) -> Iterator[str]:
        """Lets rclone fetch a file; yields its address.

        Args:
            content: Its bytes, or where they come from, as they are asked for.
            size: How many there are.
            mtime_ns: Its modification time, or None.
        """
        name = secrets.token_urlsafe(32)
        with self._mutex:
            self._offers[name] = _Offer(content=content, size=size, mtime_ns=mtime_ns)
        try:
            yield f"http://127.0.0.1:{self._server.server_address[1]}/{name}"
        finally:
            with self._mutex:
                self._offers.pop(name, None)

    def take(self, name: str) -> _Offer | None:
        """Returns what is fetched; what comes as a stream is there once."""
        with self._mutex:
            found = self._offers.get(name)
            if found is not None and not isinstance(found.content, bytes):
                del self._offers[name]
            return found

    def close(self) -> None:
        """Serves nothing any more."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    """What listens."""

    daemon_threads = True
    # What is on its way ends by itself, once nobody reads or writes it.
    block_on_close = False
    request_queue_size = 64

    def __init__(self, handoff: Handoff) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.handoff = handoff

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: whoever waits for the file hears of it."""


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: _Server
    # No time limit but the source's: rclone reads as fast as the service takes it.
    timeout = None

    def do_GET(self) -> None:
        """Sends a file."""
        found = self.server.handoff.take(self.path.lstrip("/"))
        if found is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(found.size))
        if found.mtime_ns is not None and 0 <= found.mtime_ns <= _LATEST:
            self.send_header("Last-Modified", formatdate(found.mtime_ns // _SECOND, usegmt=True))
        self.end_headers()
        source = io.BytesIO(found.content) if isinstance(found.content, bytes) else found.content
        # A source that fails ends the connection: fewer bytes came than were announced, and rclone takes none of them.
        while piece := source.read(_PIECE):
            self.wfile.write(piece)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""
