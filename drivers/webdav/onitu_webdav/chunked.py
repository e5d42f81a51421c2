"""Uploads in chunks, as Nextcloud takes them (its "chunked upload v2").

https://docs.nextcloud.com/server/latest/developer_manual/client_apis/WebDAV/chunking.html

Chunks go into a directory beside the user's files, each in a request that may be sent again; then the server makes one
file of them, at a path that we say. A directory that is left over the server removes after a day.
"""

from __future__ import annotations

import re
import time
import uuid
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Final, cast

from onitu.plug import DriverError, OutcomeUnknown, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .dav import Dav

MEBIBYTE: Final = 1024 * 1024

CHUNK: Final = 10 * MEBIBYTE
"""Bytes of a chunk, as long as 10,000 of them hold the file; all but the last have 5 MB at least."""

MOST_CHUNKS: Final = 10_000

IN_MEMORY: Final = 16 * MEBIBYTE
"""Bytes of a chunk that are kept in memory; a larger one lies in a file."""

AGAIN: Final = (1.0, 4.0)
"""Seconds before a chunk that the server failed to take is sent again."""

PAUSES: Final = (1.0, 2.0, 4.0, 8.0, *(15.0,) * 40)
"""Seconds between looks whether the server has made the file, where it answers nothing for so long."""

_FILES: Final = re.compile(r"(?P<dav>.*/remote\.php/dav)/files/(?P<user>[^/]+)(/.*)?")
_PIECE: Final = 256 * 1024


def uploads_beside(path: str) -> str | None:
    """Returns where the chunks of a user go whose files lie at a path of the server; None where it is none of those."""
    found = _FILES.fullmatch(path)
    return None if found is None else f"{found['dav']}/uploads/{found['user']}"


def chunk_size(size: int) -> int:
    """Returns how large the chunks of a file are: whole mebibytes, no more than 10,000 of them."""
    least = -(-size // MOST_CHUNKS)
    return max(CHUNK, -(-least // MEBIBYTE) * MEBIBYTE)


class Chunked:
    """Uploads to one server.

    Args:
        dav: The server.
        uploads: Where the user's chunks go.
        pause: Waits for so many seconds.
    """

    def __init__(self, dav: Dav, uploads: str, pause: Callable[[float], object] = time.sleep) -> None:
        self._dav = dav
        self._uploads = uploads
        self._pause = pause

    def put(self, path: str, content: IO[bytes], size: int, headers: Mapping[str, str]) -> None:
        """Writes a file in place of whatever is there.

        Args:
            path: Below the service's root.
            content: Its bytes, read once.
            size: How many.
            headers: Further ones, of the request that makes the file.

        Raises:
            DriverError: It is not there.
        """
        directory = f"{self._uploads}/onitu-{uuid.uuid4()}"
        common = {"Destination": self._dav.address(path), "OC-Total-Length": str(size)}
        self._dav.ask_at("MKCOL", directory, about=path, headers=common)
        try:
            for number, (chunk, length) in enumerate(_chunks(content, size), 1):
                given = {**common, "Content-Length": str(length)}
                self._send(path, f"{directory}/{number:05}", chunk, given)
            self._make_file(path, directory, size, {**headers, **common})
        except BaseException:
            with suppress(DriverError):
                self._dav.ask_at("DELETE", directory, about=path, repeat=True)
            raise

    def _send(self, path: str, target: str, chunk: IO[bytes], headers: Mapping[str, str]) -> None:
        """Sends a chunk, again where the server or what stands before it fails for a moment."""
        for seconds in AGAIN:
            try:
                self._dav.ask_at("PUT", target, about=path, headers=headers, body=chunk, repeat=True)
            except Unavailable:
                self._pause(seconds)
                chunk.seek(0)
            else:
                return
        self._dav.ask_at("PUT", target, about=path, headers=headers, body=chunk, repeat=True)

    def _make_file(self, path: str, directory: str, size: int, headers: Mapping[str, str]) -> None:
        """Has the server make one file of all chunks; with large ones that takes it longer than we wait for answers."""
        try:
            self._dav.ask_at("MOVE", f"{directory}/.file", about=path, headers=headers)
        except OutcomeUnknown as error:
            for seconds in PAUSES:
                found = self._dav.look(path)
                if found is not None and found.size == size:
                    return
                self._pause(seconds)
            # It is in staging or nowhere: nobody has seen anything of it.
            raise Unavailable(f"{path}: the server has not made the file of its chunks: {error}") from error


def _chunks(content: IO[bytes], size: int) -> Iterator[tuple[IO[bytes], int]]:
    """Yields chunks that can be read again, with their lengths; each is gone when the next one comes.

    Raises:
        Unavailable: There are fewer bytes.
    """
    room = chunk_size(size)
    for offset in range(0, size, room):
        length = min(room, size - offset)
        with _buffer() as chunk:
            while chunk.tell() < length:
                piece = content.read(min(_PIECE, length - chunk.tell()))
                if not piece:
                    missing = size - offset - chunk.tell()
                    raise Unavailable(f"the last {missing:,} of {size:,} bytes did not come")
                chunk.write(piece)
            chunk.seek(0)
            yield chunk, length


def _buffer() -> IO[bytes]:
    return cast("IO[bytes]", SpooledTemporaryFile(max_size=IN_MEMORY))
