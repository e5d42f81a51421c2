"""An SFTP client: a method for each request of the protocol.

A request is sent when its method is called; see `channel`. This module does not know how the server was reached.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from . import protocol as p
from .channel import Answer, Channel, Lost, Refused
from .protocol import Change, Reply, Status

if TYPE_CHECKING:
    from .outlet import Part

_SAFE_PIECE: Final = 32 * 1024
"""Bytes that every server reads and writes at once."""

_LARGEST_PIECE: Final = 1024 * 1024


class Sftp(Channel):
    """One channel to an SFTP server. `start` first.

    Attributes:
        extensions: What the server can do beyond the protocol.
        piece: Bytes that it reads or writes at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.extensions: dict[bytes, bytes] = {}
        self.piece = _SAFE_PIECE

    async def start(self) -> None:
        """Greets the server, and learns what it can do.

        Raises:
            Lost: It hung up.
        """
        waiting = self.expect(0)
        self.send(b"\0\0\0\x05\x01\0\0\0\x03")
        kind, body = await waiting
        if kind != p.VERSION:
            self.close()
            raise Lost
        self.extensions = Reply(body).extensions()
        if p.LIMITS in self.extensions:
            await self._learn_limits()

    async def _learn_limits(self) -> None:
        asked = Answer(self.ask(p.EXTENDED, p.text(p.LIMITS)), p.EXTENDED_REPLY, lambda reply: reply.u64s(3))
        _, reading, writing = await asked
        if reading and writing:
            self.piece = max(1, min(reading, writing, _LARGEST_PIECE))

    def can(self, extension: bytes) -> bool:
        """Whether the server has an extension."""
        return extension in self.extensions

    # Looking.

    def lstat(self, path: bytes) -> Answer[Status]:
        """Looks at an entry; a symbolic link is not followed."""
        return self._status(p.LSTAT, path)

    def stat(self, path: bytes) -> Answer[Status]:
        """Looks at an entry, or at what a symbolic link leads to."""
        return self._status(p.STAT, path)

    def fstat(self, handle: bytes) -> Answer[Status]:
        """Looks at an open file."""
        return self._status(p.FSTAT, handle)

    def _status(self, kind: int, what: bytes) -> Answer[Status]:
        return Answer(self.ask(kind, p.text(what)), p.ATTRS, Reply.status)

    def realpath(self, path: bytes) -> Answer[bytes]:
        """Makes a path absolute."""
        return Answer(self.ask(p.REALPATH, p.text(path)), p.NAME, _first_name)

    def readlink(self, path: bytes) -> Answer[bytes]:
        """Reads where a symbolic link points."""
        return Answer(self.ask(p.READLINK, p.text(path)), p.NAME, _first_name)

    async def entries(self, path: bytes) -> list[tuple[bytes, Status]]:
        """Lists a directory, without "." and ".."."""
        handle = await Answer(self.ask(p.OPENDIR, p.text(path)), p.HANDLE, Reply.text)
        found: list[tuple[bytes, Status]] = []
        try:
            # Most directories have one page: asking for the end with it saves a way there and back.
            pages = [self._page(handle), self._page(handle)]
            while (page := await pages.pop(0)) is not None:
                found += page
                pages.append(self._page(handle))
            for rest in pages:
                found += await rest or ()  # Some servers answer out of order.
        finally:
            self.close_handle(handle)
        return [entry for entry in found if entry[0] not in {b".", b".."}]

    def _page(self, handle: bytes) -> Answer[list[tuple[bytes, Status]] | None]:
        return Answer(self.ask(p.READDIR, p.text(handle)), p.NAME, Reply.names, lambda: None)

    async def file_system(self, path: bytes) -> tuple[int, int]:
        """Asks for the id of the file system that a path lies on, and how many bytes are free there."""
        asked = self.ask(p.EXTENDED, p.text(p.STATVFS), p.text(path))
        numbers = await Answer(asked, p.EXTENDED_REPLY, lambda reply: reply.u64s(9))
        _, fragment, _, _, available, _, _, _, identity = numbers
        return identity, fragment * available

    # Files.

    def open(self, path: bytes, flags: int, permissions: int | None = None) -> Answer[bytes]:
        """Opens a file and returns its handle."""
        change = Change(permissions=permissions).encode()
        return Answer(self.ask(p.OPEN, p.text(path), p.u32(flags), change), p.HANDLE, Reply.text)

    def close_handle(self, handle: bytes) -> Answer[None]:
        """Closes an open file."""
        return self.done(p.CLOSE, p.text(handle))

    def drop(self, opening: Answer[bytes]) -> None:
        """Closes what is being opened, once it is. Nobody waits for it, whatever comes of it."""
        asyncio.ensure_future(self._drop(opening))  # noqa: RUF006  The answer that it waits for keeps it.

    async def _drop(self, opening: Answer[bytes]) -> None:
        try:
            self.close_handle(await opening)
        except (Refused, Lost):
            pass  # It was not opened, so nothing is to be closed.

    def read(self, handle: bytes, offset: int, size: int) -> Answer[bytes]:
        """Reads up to `size` bytes; none at the end of the file."""
        asked = self.ask(p.READ, p.text(handle), p.u64(offset), p.u32(size))
        return Answer(asked, p.DATA, Reply.text, bytes)

    def write(self, handle: bytes, offset: int, data: Part) -> Answer[None]:
        """Writes at most `piece` bytes, which must stay as they are until that is answered."""
        return self.done(p.WRITE, p.text(handle), p.u64(offset), p.u32(len(data)), content=data)

    def fsetstat(self, handle: bytes, change: Change) -> Answer[None]:
        """Changes an open file."""
        return self.done(p.FSETSTAT, p.text(handle), change.encode())

    def fsync(self, handle: bytes) -> Answer[None]:
        """Waits for the server's disk."""
        return self.done(p.EXTENDED, p.text(p.FSYNC), p.text(handle))

    def copy_data(self, origin: bytes, copy: bytes) -> Answer[None]:
        """Copies all bytes of one open file to another one, at the server."""
        whole = (p.u64(0), p.u64(0))
        return self.done(p.EXTENDED, p.text(p.COPY_DATA), p.text(origin), *whole, p.text(copy), p.u64(0))

    # Names.

    def setstat(self, path: bytes, change: Change) -> Answer[None]:
        """Changes an entry."""
        return self.done(p.SETSTAT, p.text(path), change.encode())

    def mkdir(self, path: bytes, permissions: int | None = None) -> Answer[None]:
        """Makes a directory."""
        return self.done(p.MKDIR, p.text(path), Change(permissions=permissions).encode())

    def rmdir(self, path: bytes) -> Answer[None]:
        """Removes an empty directory."""
        return self.done(p.RMDIR, p.text(path))

    def remove(self, path: bytes) -> Answer[None]:
        """Removes what is no directory."""
        return self.done(p.REMOVE, p.text(path))

    def rename(self, old: bytes, new: bytes) -> Answer[None]:
        """Renames; whether onto something that is there depends on the server."""
        return self.done(p.RENAME, p.text(old), p.text(new))

    def posix_rename(self, old: bytes, new: bytes) -> Answer[None]:
        """Renames, in place of what is there."""
        return self.done(p.EXTENDED, p.text(p.POSIX_RENAME), p.text(old), p.text(new))

    def hardlink(self, old: bytes, new: bytes) -> Answer[None]:
        """Gives a file a second name, which nothing has."""
        return self.done(p.EXTENDED, p.text(p.HARDLINK), p.text(old), p.text(new))

    def symlink(self, target: bytes, path: bytes) -> Answer[None]:
        """Makes a symbolic link. The order is OpenSSH's, which all servers have followed against the protocol."""
        return self.done(p.SYMLINK, p.text(target), p.text(path))


def _first_name(reply: Reply) -> bytes:
    return reply.names()[0][0] if reply.more else b""
