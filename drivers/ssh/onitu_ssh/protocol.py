"""The SFTP protocol, version 3, as bytes: requests are made and replies taken apart here, nothing is sent.

The protocol is draft-ietf-secsh-filexfer-02, with the extensions that OpenSSH describes in its file PROTOCOL. This
module knows neither connections nor what requests are for.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

INIT, VERSION = 1, 2
OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT = 3, 4, 5, 6, 7, 8, 9, 10
OPENDIR, READDIR, REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME, READLINK, SYMLINK = (
    11,
    12,
    13,
    14,
    15,
    16,
    17,
    18,
    19,
    20,
)
STATUS, HANDLE, DATA, NAME, ATTRS, EXTENDED, EXTENDED_REPLY = 101, 102, 103, 104, 105, 200, 201

POSIX_RENAME = b"posix-rename@openssh.com"
HARDLINK = b"hardlink@openssh.com"
FSYNC = b"fsync@openssh.com"
STATVFS = b"statvfs@openssh.com"
LIMITS = b"limits@openssh.com"
COPY_DATA = b"copy-data"

OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE, BAD_MESSAGE, NO_CONNECTION, CONNECTION_LOST, UNSUPPORTED = range(9)
LOST = frozenset({NO_CONNECTION, CONNECTION_LOST})

FOR_READING, FOR_WRITING, CREATE, TRUNCATE, EXCLUSIVE = 1, 2, 8, 16, 32

_SIZE, _OWNER, _PERMISSIONS, _TIMES, _EXTENDED = 1, 2, 4, 8, 0x80000000
_LATEST = 0xFFFFFFFF

_USUAL = struct.pack(">I", _SIZE | _OWNER | _PERMISSIONS | _TIMES)
_USUALLY = struct.Struct(">IQIIIII")

_HEAD = 5  # Length and kind.
_HEADER = struct.Struct(">IBI")
_U32 = struct.Struct(">I")
_U64 = struct.Struct(">Q")


class Status(NamedTuple):
    """What the server says of an entry.

    Attributes:
        mode: Type and permissions, as in `st_mode`; 0 where it does not say.
        size: Bytes.
        mtime: Seconds since 1970.
        uid: Number of the owner, or -1.
        gid: Number of the group, or -1.
    """

    mode: int
    size: int
    mtime: int
    uid: int
    gid: int


class Change(NamedTuple):
    """What is to be set of an entry; None leaves it as it is.

    Attributes:
        permissions: Nine bits.
        mtime: Seconds since 1970; what 32 bits cannot say becomes the nearest that they can.
        owner: Numbers of owner and group.
    """

    permissions: int | None = None
    mtime: int | None = None
    owner: tuple[int, int] | None = None

    def encode(self) -> bytes:
        """Returns it as it travels."""
        flags, parts = 0, [b""]
        if self.owner is not None:
            flags |= _OWNER
            parts.append(struct.pack(">II", *self.owner))
        if self.permissions is not None:
            flags |= _PERMISSIONS
            parts.append(_U32.pack(self.permissions))
        if self.mtime is not None:
            flags |= _TIMES
            second = min(max(self.mtime, 0), _LATEST)
            parts.append(struct.pack(">II", second, second))
        parts[0] = _U32.pack(flags)
        return b"".join(parts)


def request(kind: int, number: int, *parts: bytes, more: int = 0) -> bytes:
    """Returns a request. The parts are as they travel: texts with their lengths.

    Args:
        kind: Of the request.
        number: By which its reply is known.
        parts: What it says.
        more: Bytes that follow, and belong to it.
    """
    return b"".join((_HEADER.pack(5 + sum(map(len, parts)) + more, kind, number), *parts))


def text(value: bytes) -> bytes:
    """Returns a text as it travels."""
    return _U32.pack(len(value)) + value


def u32(value: int) -> bytes:
    """Returns a number as it travels."""
    return _U32.pack(value)


def u64(value: int) -> bytes:
    """Returns a large number as it travels."""
    return _U64.pack(value)


class Reply:
    """A reply, read from its beginning.

    Args:
        body: What comes after kind and number.
    """

    __slots__ = ("_at", "_body")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    @property
    def more(self) -> bool:
        """Whether something is left."""
        return self._at < len(self._body)

    def u32(self) -> int:
        """Reads a number."""
        (value,) = _U32.unpack_from(self._body, self._at)
        self._at += 4
        return int(value)

    def u64(self) -> int:
        """Reads a large number."""
        (value,) = _U64.unpack_from(self._body, self._at)
        self._at += 8
        return int(value)

    def u64s(self, count: int) -> list[int]:
        """Reads large numbers."""
        return [self.u64() for _ in range(count)]

    def text(self) -> bytes:
        """Reads a text.

        Raises:
            ValueError: It is cut short.
        """
        begin = self._at + 4
        (length,) = _U32.unpack_from(self._body, self._at)
        end = begin + length
        if end > len(self._body):
            raise ValueError("a text is cut short")
        self._at = end
        return self._body[begin:end]

    def status(self) -> Status:
        """Reads what the server says of an entry."""
        if self._body[self._at : self._at + 4] == _USUAL:
            # Nearly always: all there is to say.
            _, size, uid, gid, mode, _, mtime = _USUALLY.unpack_from(self._body, self._at)
            self._at += _USUALLY.size
            return Status(mode, size, mtime, uid, gid)
        flags = self.u32()
        size = self.u64() if flags & _SIZE else 0
        uid, gid = (self.u32(), self.u32()) if flags & _OWNER else (-1, -1)
        mode = self.u32() if flags & _PERMISSIONS else 0
        _, mtime = (self.u32(), self.u32()) if flags & _TIMES else (0, 0)
        if flags & _EXTENDED:
            for _ in range(self.u32()):
                self.text()
                self.text()
        return Status(mode, size, mtime, uid, gid)

    def names(self) -> list[tuple[bytes, Status]]:
        """Reads a page of a directory."""
        found = []
        for _ in range(self.u32()):
            name = self.text()
            self.text()  # The same once more, as `ls -l` would print it.
            found.append((name, self.status()))
        return found

    def extensions(self) -> dict[bytes, bytes]:
        """Reads the extensions of a server."""
        found = {}
        while self.more:
            name = self.text()
            found[name] = self.text()
        return found


class Splitter:
    """Splits what comes from a server into packets."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes, longest: int) -> list[tuple[int, bytes]]:
        """Returns the packets that are complete by now: their kinds and the rest of each.

        Args:
            data: More bytes.
            longest: Most bytes of a packet.

        Raises:
            ValueError: This is no SFTP.
        """
        buffer = self._buffer
        buffer += data
        packets = []
        at, size = 0, len(buffer)
        while size - at >= _HEAD:
            (length,) = _U32.unpack_from(buffer, at)
            if not 1 <= length <= longest:
                raise ValueError(bytes(buffer[at : at + 80]))
            if size - at < 4 + length:
                break
            packets.append((buffer[at + 4], bytes(memoryview(buffer)[at + 5 : at + 4 + length])))
            at += 4 + length
        if at:
            del buffer[:at]
        return packets
