"""The server as `onitu.plug.files` knows services of files."""

from __future__ import annotations

import sys
from functools import partial
from typing import IO, TYPE_CHECKING, Final

from onitu.plug import InvalidPath, NotFound, Unavailable
from onitu.plug.http import begins_at, let_go, read_up_to
from onitu.plug.marker import AREA

from .chunked import CHUNK, Chunked
from .entries import present_of
from .probe import Abilities, probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onitu.plug import Metadata, Present
    from onitu.plug.handlers import Declaration
    from onitu.plug.http import Answer

    from .dav import Dav

_PIECE: Final = 1024 * 1024
_SECOND: Final = 1_000_000_000
_LONGEST: Final = 255


class DavFiles:
    """Files of a WebDAV server.

    Args:
        dav: The server.

    Attributes:
        able: What it can do, once that was tried.
    """

    tells_all = True
    makes_above = False

    def __init__(self, dav: Dav) -> None:
        self.able = Abilities()
        self._dav = dav

    def prepare(self, staging: str) -> Declaration:
        """Finds out what the server can do."""
        self.able = probe(self._dav, staging)
        return {"mtime_precision_ns": _SECOND if self.able.times else 0}

    def close(self) -> None:
        """Lets go of its connections."""
        self._dav.close()

    @property
    def exclusive(self) -> bool:
        """Whether it refuses to overwrite where it is to overwrite nothing."""
        return self.able.exclusive

    @property
    def lists_all(self) -> bool:
        """Whether names that begin with a dot are listed: a server removes a directory with them."""
        return self.able.dots

    def describe(self, path: str) -> str:
        """Says where a directory is."""
        return f"{self._dav.url}/{path}"

    def look(self, path: str) -> Present | None:
        """Returns what is at a path."""
        found = self._dav.look(path)
        return None if found is None else present_of(found, self.able)

    def is_free(self, path: str) -> bool:
        """Whether nothing is at a path."""
        return self._dav.look(path) is None

    def children(self, path: str) -> Iterator[tuple[str, Present]]:
        """Yields the entries of a directory."""
        for name, resource in self._dav.children(path):
            yield name, present_of(resource, self.able)

    def put(self, path: str, content: bytes | IO[bytes], metadata: Metadata | None) -> None:
        """Writes a file."""
        size = len(content) if isinstance(content, bytes) else 0 if metadata is None else metadata.size
        headers = {}
        mtime_ns = None if metadata is None else metadata.attributes.mtime_ns
        if self.able.times and mtime_ns is not None:
            headers["X-OC-Mtime"] = str(mtime_ns // _SECOND)
        if not isinstance(content, bytes) and self.able.chunks and size > CHUNK:
            Chunked(self._dav, self.able.chunks).put(path, content, size, headers)
            return
        headers["Content-Type"] = "application/octet-stream" if metadata is None else metadata.mimetype
        self._dav.put(path, content, size, headers)

    def get(self, path: str) -> bytes:
        """Returns a whole file."""
        answer = self._dav.ask("GET", path, stream=True)
        size = int(answer.headers.get("Content-Length", -1))
        if size < 0:
            return read_up_to(answer, sys.maxsize)
        content = read_up_to(answer, size)
        answer.release_conn()
        if len(content) != size:
            raise Unavailable(f"{path}: {len(content)} of {size} bytes came")
        return content

    def read(self, path: str, revision: str, offset: int, size: int) -> bytes:
        """Returns a part of a file: the answer to the request for what came before goes on with it."""
        begin = partial(self._from, path, offset)
        return self._dav.streams.read(path, revision, offset=offset, size=size, begin=begin)

    def _from(self, path: str, offset: int) -> Answer | None:
        """Returns an answer that begins at an offset; None where that is at the end or beyond it."""
        if offset:
            found = self._dav.look(path)
            if found is None:
                raise NotFound(f"{path}: is not there")
            if offset >= found.size:
                return None
        answer = self._dav.ask("GET", path, headers={"Range": f"bytes={offset}-"} if offset else {}, stream=True)
        if offset and not begins_at(answer, offset):
            # It sends everything whatever is asked for: what comes before is passed over.
            while offset and (passed := read_up_to(answer, min(offset, _PIECE))):
                offset -= len(passed)
            if offset:
                let_go(answer)
                return None
        return answer

    def move(self, path: str, destination: str, *, directory: bool = False) -> None:
        """Renames an entry."""
        self._check(destination)
        self._dav.move(path, destination, directory=directory)

    def make_directory(self, path: str) -> None:
        """Makes a directory."""
        self._check(path)
        self._dav.ask("MKCOL", path, directory=True)

    def delete(self, path: str, *, directory: bool = False) -> None:
        """Removes an entry."""
        try:
            self._dav.ask("DELETE", path, directory=directory, repeat=True)
        except NotFound:
            pass  # It is gone, which is what was wanted.

    def _check(self, path: str) -> None:
        """Refuses a path that would be another one there.

        Raises:
            InvalidPath: It would be.
        """
        if any(sign in path for sign in self.able.refused):
            raise InvalidPath(f"{path}: the server takes no names with {', '.join(map(repr, self.able.refused))}")
        names = path.split("/")
        if not self.able.dots and any(name.startswith(".") and name != AREA for name in names):
            raise InvalidPath(f"{path}: the server lists no names that begin with a dot")
        if any(len(name.encode("utf-8", "surrogateescape")) > _LONGEST for name in names):
            raise InvalidPath(f"{path}: servers take names of up to {_LONGEST} bytes")
