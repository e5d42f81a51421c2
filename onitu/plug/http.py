"""Requests over HTTP, for drivers of services that speak it: connections kept open, time limits, failures in our words.

What the service answers is its driver's affair, whatever the status. This module knows what became of a request that
got no answer: one that may be repeated is, and of one that may have been carried out nobody says that it was not.

It takes the extra `onitu[http]`.
"""

from __future__ import annotations

import random
import ssl
import time
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from onitu.errors import DriverError, OutcomeUnknown, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Answer = urllib3.BaseHTTPResponse

CONNECT: Final = 10.0
"""Seconds until a server that does not let us in counts as unreachable."""

SILENCE: Final = 60.0
"""Seconds without a byte after which an answer is given up, unless a driver says otherwise."""

ATTEMPTS: Final = 4
_PAUSE: Final = 0.2
"""Seconds before the second attempt; twice as long before each further one."""

_PIECE: Final = 64 * 1024
_PARTIAL: Final = 206
_REFUSED: Final = 400

_SENT: Final = 256 * 1024
"""Bytes of a body that are taken from a file at once: what is left to the library is so little that it slows us."""


class Web:
    """A server. May be used from any thread.

    Args:
        url: Where it is: scheme, host and port; what follows them is not used.
        ca_file: Certificates of authorities to trust instead of the system's.
        connections: How many are kept open.
        silence: Seconds without a byte after which an answer is given up.

    Attributes:
        host: Host and port, as the header `Host` has them.

    Raises:
        DriverError: The URL is none, or the certificates cannot be read.
    """

    def __init__(
        self, url: str, *, ca_file: str | None = None, connections: int = 16, silence: float = SILENCE
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise DriverError(f"{url!r} is no address of a server: it begins with http:// or https://")
        self.host = parts.netloc.rpartition("@")[2]
        self._where = f"{parts.scheme}://{self.host}"
        timeout = urllib3.Timeout(connect=CONNECT, read=silence)
        host, port = parts.hostname, parts.port
        if parts.scheme == "http":
            self._pool = urllib3.HTTPConnectionPool(host, port, timeout=timeout, maxsize=connections, blocksize=_SENT)
        else:
            trusted = _context(ca_file)
            self._pool = urllib3.HTTPSConnectionPool(
                host, port, timeout=timeout, maxsize=connections, ssl_context=trusted, blocksize=_SENT
            )

    def send(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes | IO[bytes] = b"",
        repeat: bool = False,
        stream: bool = False,
    ) -> Answer:
        """Sends a request and returns the answer, whatever its status.

        Args:
            method: Of HTTP.
            target: Path and query, encoded.
            headers: Of the request.
            body: What is sent; a file is sent from where it stands, and `headers` have its length.
            repeat: Whether doing it twice is as good as once: then it is tried again where no answer came.
            stream: Whether the caller reads the body of the answer, and closes it; that of a refusal is read here.

        Raises:
            Unavailable: The server cannot be reached, and nothing was done.
            OutcomeUnknown: The request was sent, and no answer came.
        """
        begin = 0 if isinstance(body, bytes) else body.tell()
        attempt = 1
        while True:
            try:
                answer = self._pool.urlopen(
                    method,
                    target,
                    headers=dict(headers),
                    body=body or None,
                    retries=False,
                    redirect=False,
                    preload_content=not stream,
                    decode_content=False,
                )
                if stream and answer.status >= _REFUSED:
                    _ = answer.data  # It is what was refused, and why; kept for whoever asks.
            except (NewConnectionError, ConnectTimeoutError, SSLError) as error:
                if attempt == ATTEMPTS or isinstance(error, SSLError):
                    raise Unavailable(f"{self._where} cannot be reached: {error}") from error
            except (HTTPError, OSError) as error:
                if not repeat:
                    raise OutcomeUnknown(f"{self._where} did not answer: {error}") from error
                if attempt == ATTEMPTS:
                    raise Unavailable(f"{self._where} did not answer: {error}") from error
            else:
                return answer
            time.sleep(_PAUSE * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311  It guards nothing.
            attempt += 1
            if not isinstance(body, bytes):
                body.seek(begin)

    def close(self) -> None:
        """Closes the connections that nobody uses now."""
        self._pool.close()


class Streams:
    """Answers that are read piece by piece, kept open between the pieces. May be used from any thread.

    Whoever reads a file in chunks asks for one after the other: each goes on where the last one ended, without a
    request of its own. What nobody goes on with is closed as others come.

    Args:
        most: How many are kept open.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: dict[tuple[str, str, int], Answer] = {}

    def read(self, path: str, revision: str, *, offset: int, size: int, begin: Callable[[], Answer | None]) -> bytes:
        """Returns up to so many bytes of a file from an offset; fewer only at its end.

        Args:
            path: Of the file.
            revision: Of its content.
            offset: The first byte.
            size: How many.
            begin: Asks for the file from the offset; None where that is at the end or beyond it.

        Raises:
            DriverError: They did not come.
        """
        answer = self._open.pop((path, revision, offset), None)
        data = None
        if answer is not None:
            try:
                data = read_up_to(answer, size)
            except Unavailable:
                pass  # Nobody went on with it for too long; it is asked for anew.
        if answer is None or data is None:
            answer = begin()
            if answer is None:
                return b""
            data = read_up_to(answer, size)
        if len(data) < size:
            answer.release_conn()
        else:
            self._keep(path, revision, offset + size, answer)
        return data

    def _keep(self, path: str, revision: str, offset: int, answer: Answer) -> None:
        before = self._open.pop((path, revision, offset), None)
        self._open[path, revision, offset] = answer
        if before is not None:
            let_go(before)
        while len(self._open) > self._most:
            try:
                oldest = self._open.pop(next(iter(self._open)), None)
            except (StopIteration, RuntimeError):
                return  # Another thread has just made room.
            if oldest is not None:
                let_go(oldest)

    def close(self) -> None:
        """Closes them all."""
        while self._open:
            let_go(self._open.popitem()[1])


def read_up_to(answer: Answer, size: int) -> bytes:
    """Reads up to so many bytes of the body; fewer only at its end.

    Raises:
        Unavailable: The rest did not come.
    """
    parts = []
    try:
        while size > 0 and (part := answer.read(min(size, _PIECE))):
            parts.append(part)
            size -= len(part)
    except (HTTPError, OSError) as error:
        let_go(answer)
        raise Unavailable(f"the answer broke off: {error}") from error
    return b"".join(parts)


def begins_at(answer: Answer, offset: int) -> bool:
    """Whether the body begins at an offset that was asked for, and not with the first byte of the file.

    Some servers say where a part begins, and answer with the status that is for the whole.

    Raises:
        Unavailable: It begins elsewhere.
    """
    first = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    if not first.isdigit():
        return answer.status == _PARTIAL
    if int(first) != offset:
        let_go(answer)
        raise Unavailable(f"the answer begins at {first}, where {offset} was asked for")
    return True


def let_go(answer: Answer) -> None:
    """Closes an answer whose rest nobody reads, and its connection with it."""
    answer.close()
    answer.release_conn()


def _context(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise DriverError(f"{ca_file!r}: the certificates cannot be read: {error.strerror or error}") from error
