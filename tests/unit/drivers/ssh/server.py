"""A small SFTP server in this process: a directory of this host, of which a test decides what goes wrong, and when."""

# ruff: noqa: PTH101, PTH104, PTH115, PTH116, PTH118, PTH208, PTH211, ASYNC240  Paths are bytes, as they come; nothing else waits for this loop.
from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import cast

from onitu_ssh import protocol as p
from onitu_ssh.channel import Lost
from onitu_ssh.client import Sftp
from onitu_ssh.connection import Connection
from onitu_ssh.outlet import Part
from onitu_ssh.protocol import Reply
from onitu_ssh.root import Root, open_root

from onitu.plug import Folder, Mode
from onitu.plug.marker import Owner

GARBLED = -1
"""What is asked is done, and the answer cannot be understood."""

LOST = -2
"""What is asked is done, and the connection ends before the answer."""

_OF_HANDLES = {p.CLOSE, p.READDIR, p.READ, p.WRITE, p.FSTAT, p.FSETSTAT, p.FSYNC}

_OF_PATHS: dict[int | bytes, Callable[[bytes], None]] = {p.MKDIR: os.mkdir, p.RMDIR: os.rmdir, p.REMOVE: os.unlink}

Request = int | bytes
"""The kind of a request, or the name of an extension."""


class Server(Sftp):
    """A channel to it.

    Args:
        decide: Called before each request with its kind and path; the code that is answered instead of doing it, or
            None. May also change what is there, as somebody else would.

    Attributes:
        asked: All requests: kinds and paths.
        opened: Files that are open.
    """

    def __init__(self, decide: Callable[[Request, str], int | None] = lambda _request, _path: None) -> None:
        super().__init__()
        self.decide = decide
        self.asked: list[tuple[Request, str]] = []
        self.opened: dict[bytes, tuple[int, str]] = {}
        self.listings: dict[bytes, list[bytes]] = {}
        self.extensions = dict.fromkeys((p.POSIX_RENAME, p.HARDLINK, p.FSYNC, p.COPY_DATA), b"1")
        self.closed = False

    def close(self) -> None:
        """Ends the channel."""
        self.closed = True
        if not self.lost.done():
            self.lost.set_result(None)

    def ask(self, kind: int, *parts: bytes, content: Part = b"") -> asyncio.Future[tuple[int, bytes]]:
        """Answers at once."""
        answer: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        reply = Reply(b"".join((*parts, content)))
        about = reply.text()
        request: Request = kind
        if kind == p.EXTENDED:
            request, about = about, reply.text()
        path = self.opened[about][1] if request in _OF_HANDLES and about in self.opened else os.fsdecode(about)
        self.asked.append((request, path))
        if self.closed:
            answer.set_exception(Lost())
            return answer
        decided = self.decide(request, path)
        if decided is not None and decided >= 0:
            answer.set_result(_status(decided))
            return answer
        try:
            done = self._do(request, about, reply)
        except FileNotFoundError:
            done = _status(p.NO_SUCH_FILE)
        except OSError:
            done = _status(p.FAILURE)
        if decided == LOST:
            self.close()
            answer.set_exception(Lost())
        else:
            answer.set_result(done if decided is None else (p.STATUS, b"\0"))
        return answer

    def _do(self, request: Request, about: bytes, reply: Reply) -> tuple[int, bytes]:
        if request == p.OPEN:
            return self._open(about, reply.u32())
        if request in {p.OPENDIR, p.READDIR}:
            return self._list(request, about)
        if request in {p.LSTAT, p.STAT, p.FSTAT}:
            entry: bytes | int = self.opened[about][0] if request == p.FSTAT else about
            return p.ATTRS, _attributes(os.stat(entry, follow_symlinks=request != p.LSTAT))
        if request in {p.REALPATH, p.READLINK}:
            found = os.path.realpath(about) if request == p.REALPATH else os.readlink(about)
            return p.NAME, p.u32(1) + p.text(found) + p.text(b"") + p.u32(0)
        if request == p.READ:
            offset, size = reply.u64(), reply.u32()
            data = os.pread(self.opened[about][0], size, offset)
            return (p.DATA, p.text(data)) if data else _status(p.EOF)
        if request in {p.SETSTAT, p.FSETSTAT}:
            _change(self.opened[about][0] if request == p.FSETSTAT else about, reply)
        else:
            self._act(request, about, reply)
        return _status(p.OK)

    def _list(self, request: Request, about: bytes) -> tuple[int, bytes]:
        if request == p.OPENDIR:
            handle = b"list %d" % len(self.asked)
            self.opened[handle] = os.open(about, os.O_RDONLY | os.O_DIRECTORY), os.fsdecode(about)
            self.listings[handle] = [os.fsencode(name) for name in os.listdir(about)]
            return p.HANDLE, p.text(handle)
        names = self.listings.pop(about, None)
        if names is None:
            return _status(p.EOF)
        place = os.fsencode(self.opened[about][1])
        found = [p.text(name) * 2 + _attributes(os.lstat(os.path.join(place, name))) for name in names]
        return p.NAME, p.u32(len(found)) + b"".join(found)

    def _open(self, path: bytes, flags: int) -> tuple[int, bytes]:
        wanted = {p.FOR_READING: os.O_RDONLY, p.FOR_WRITING: os.O_WRONLY}.get(flags & 3, os.O_RDWR)
        wanted |= (os.O_CREAT if flags & p.CREATE else 0) | (os.O_EXCL if flags & p.EXCLUSIVE else 0)
        number = os.open(path, wanted | (os.O_TRUNC if flags & p.TRUNCATE else 0), 0o644)
        handle = b"handle %d" % len(self.asked)
        self.opened[handle] = number, os.fsdecode(path)
        return p.HANDLE, p.text(handle)

    def _act(self, request: Request, about: bytes, reply: Reply) -> None:
        if request == p.CLOSE:
            os.close(self.opened.pop(about)[0])
        elif request == p.WRITE:
            offset = reply.u64()
            os.pwrite(self.opened[about][0], reply.text(), offset)
        elif request in _OF_PATHS:
            _OF_PATHS[request](about)
        elif request == p.SYMLINK:
            os.symlink(about, reply.text())
        elif request == p.FSYNC:
            os.fsync(self.opened[about][0])
        elif request == p.POSIX_RENAME:
            os.rename(about, reply.text())
        elif request == p.COPY_DATA:
            reply.u64s(2)
            os.pwrite(self.opened[reply.text()][0], os.pread(self.opened[about][0], 1 << 20, 0), 0)
        elif request in {p.RENAME, p.HARDLINK}:
            new = reply.text()
            if os.path.lexists(new):
                raise FileExistsError
            os.rename(about, new) if request == p.RENAME else os.link(about, new, follow_symlinks=False)
        else:
            raise OSError(request)


def _status(code: int) -> tuple[int, bytes]:
    return p.STATUS, p.u32(code)


def _attributes(found: os.stat_result) -> bytes:
    numbers = 0x0F, found.st_size, found.st_uid, found.st_gid, found.st_mode, int(found.st_mtime), int(found.st_mtime)
    return struct.pack(">IQIIIII", *numbers)


def _change(what: bytes | int, reply: Reply) -> None:
    flags = reply.u32()
    if flags & 2:
        os.chown(what, reply.u32(), reply.u32())
    if flags & 4:
        os.chmod(what, reply.u32())
    if flags & 8:
        os.utime(what, (reply.u32(), reply.u32()))


class There:
    """Stands for the connection: always the channel that a test has put there."""

    def __init__(self, server: Server) -> None:
        self.server = server

    async def sftp(self) -> Sftp:
        """Returns the channel."""
        return self.server

    async def shell(self) -> None:
        """There is none."""


async def opened(place: Path, server: Server) -> tuple[Root, There]:
    """Returns a root that is opened as the driver opens it, and what hands out its channel."""
    place.mkdir(exist_ok=True)
    there = There(server)
    folder = Folder(name="docs", mode=Mode.READ | Mode.WRITE)
    root, report = await open_root(cast("Connection", there), str(place), folder, Owner(setup="s", service="nas"))
    assert root is not None, report
    server.asked.clear()
    return root, there
