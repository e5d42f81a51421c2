"""Reading files at a pinned revision, in pieces of which many are on their way at once.

A file that is read from its beginning to its end in chunks stays open between them, and what comes next is asked for
before it is wanted. Whatever is read is compared with the revision wanted before and after.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from onitu.plug import NotFound, RevisionMismatch, Unsupported
from onitu.plug.digests import hasher

from . import protocol as p
from .observe import Approach, is_file, revision_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .channel import Answer
    from .client import Sftp
    from .protocol import Status
    from .root import Root

_AHEAD: Final = 8 * 1024 * 1024
"""Bytes that are asked for before they are wanted: enough for 100 ms at 80 MB/s."""

_AT_FIRST: Final = 1024 * 1024
"""Bytes that are asked for ahead when a second chunk has followed the first; twice as many after each."""

_IDLE: Final = 10.0
"""Seconds that a file stays open for the next chunk."""


async def contents(sftp: Sftp, handle: bytes, offset: int, end: int) -> AsyncIterator[bytes]:
    """Yields the bytes of an open file up to an offset, in order; fewer where it ends before."""
    stream = _Stream(sftp, handle, offset, end)
    stream.ahead = _AHEAD
    while data := await stream.next():
        yield data


class _Stream:
    """Pieces of an open file, asked for ahead.

    Attributes:
        ahead: Bytes that are asked for beyond what is wanted.
    """

    def __init__(self, sftp: Sftp, handle: bytes, offset: int, end: int) -> None:
        self.ahead = 0
        self._sftp = sftp
        self._handle = handle
        self._asked_to = self._at = offset
        self._end = end
        self._asked: deque[tuple[int, int, Answer[bytes]]] = deque()

    def ask(self, wanted: int) -> None:
        """Asks for the next bytes that are wanted, and for what comes after them."""
        limit = min(self._end, self._at + wanted + self.ahead)
        while self._asked_to < limit:
            size = min(self._sftp.piece, self._end - self._asked_to)
            self._asked.append((self._asked_to, size, self._sftp.read(self._handle, self._asked_to, size)))
            self._asked_to += size

    async def next(self, wanted: int = 1) -> bytes:
        """Returns some of the next bytes, of which so many are wanted; none at the end."""
        self.ask(wanted)
        if not self._asked:
            return b""
        begin, size, answer = self._asked.popleft()
        data = await answer
        self._at = begin + len(data)
        if data and len(data) < size:
            # The server has given less than it was asked for, though there is more: that, first.
            rest = self._at, size - len(data)
            self._asked.appendleft((*rest, self._sftp.read(self._handle, *rest)))
        if not data:
            self._asked.clear()
            self._end = begin
        return data


class _Open:
    """A file that is being read."""

    def __init__(self, sftp: Sftp, handle: bytes, stream: _Stream) -> None:
        self.sftp = sftp
        self.handle = handle
        self.stream = stream
        self.at = 0
        self.left = b""
        self.timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Closes it."""
        if self.timer is not None:
            self.timer.cancel()
        self.sftp.close_handle(self.handle)


class Files:
    """The files that are being read, of all folders."""

    def __init__(self) -> None:
        self._open: dict[tuple[Root, str, str, int], _Open] = {}

    async def chunk(self, root: Root, path: str, revision: str, offset: int, size: int) -> bytes:
        """Returns a part of a file, fewer bytes than asked for only at its end.

        Raises:
            NotFound: It is not there.
            RevisionMismatch: Another revision is there, or came while it was read.
        """
        file = self._open.pop((root, path, revision, offset), None)
        if file is None or file.sftp.lost.done():
            file = await self._opened(root, path, revision, offset)
        else:
            file.stream.ahead = min(_AHEAD, max(_AT_FIRST, 2 * file.stream.ahead))
        try:
            parts, wanted = [file.left], size - len(file.left)
            while wanted > 0 and (data := await file.stream.next(wanted)):
                parts.append(data)
                wanted -= len(data)
            content = b"".join(parts)
            _require(await file.sftp.fstat(file.handle), revision, path)
        except BaseException:
            file.close()
            raise
        file.left, content = content[size:], content[:size]
        if len(content) < size:
            file.close()
        else:
            self._keep((root, path, revision, offset + size), file)
        return content

    async def digest(self, root: Root, path: str, revision: str, algorithm: str) -> bytes:
        """Returns the digest of a file, which is read for it: at the server, where that can be had.

        Raises:
            NotFound: It is not there.
            RevisionMismatch: Another revision is there, or came while it was read.
        """
        computing = hasher(algorithm)
        if computing is None:
            raise Unsupported(f"no digest named {algorithm!r} is computed here")
        there = await _digest_there(root, path, revision) if algorithm == "blake3" else None
        if there is not None:
            return there
        file = await self._opened(root, path, revision, 0)
        file.stream.ahead = _AHEAD
        try:
            while data := await file.stream.next():
                computing.update(data)
            _require(await file.sftp.fstat(file.handle), revision, path)
        finally:
            file.close()
        return computing.digest()

    async def _opened(self, root: Root, path: str, revision: str, offset: int) -> _Open:
        sftp = await root.connection.sftp()
        approach = Approach(root, sftp, path)
        # Nothing is opened before it was seen: a pipe would hold up everything else on the channel.
        _require(await approach.arrive(), revision, path)
        handle = await sftp.open(approach.place, p.FOR_READING)
        try:
            # What was opened may be another file than what was looked at.
            status = await sftp.fstat(handle)
            _require(status, revision, path)
        except BaseException:
            sftp.close_handle(handle)
            raise
        return _Open(sftp, handle, _Stream(sftp, handle, offset, status.size))

    def _keep(self, key: tuple[Root, str, str, int], file: _Open) -> None:
        old = self._open.pop(key, None)
        if old is not None:
            old.close()
        self._open[key] = file
        if file.timer is not None:
            file.timer.cancel()
        file.timer = asyncio.get_running_loop().call_later(_IDLE, self._drop, key, file)

    def _drop(self, key: tuple[Root, str, str, int], file: _Open) -> None:
        if self._open.get(key) is file:
            del self._open[key]
            file.close()


async def _digest_there(root: Root, path: str, revision: str) -> bytes | None:
    """Returns the digest that the server computes of a file, or None where it computes none."""
    shell = await root.shell()
    if shell is None or not shell.digests:
        return None
    sftp = await root.connection.sftp()
    before = Approach(root, sftp, path)
    _require(await before.arrive(), revision, path)
    digest = await shell.blake3(before.place)
    _require(await Approach(root, sftp, path).arrive(), revision, path)
    return digest


def _require(status: Status | None, revision: str, path: str) -> None:
    if status is None:
        raise NotFound(f"{path!r} is not there any more")
    if not is_file(status) or revision_of(status) != revision:
        raise RevisionMismatch(f"{path!r} is no longer what was asked for")
