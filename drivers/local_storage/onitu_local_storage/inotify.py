"""The kernel's queue of changes, as values."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MODIFY: Final = 0x002
ATTRIB: Final = 0x004
CLOSE_WRITE: Final = 0x008
MOVED_FROM: Final = 0x040
MOVED_TO: Final = 0x080
CREATE: Final = 0x100
DELETE: Final = 0x200
DELETE_SELF: Final = 0x400
MOVE_SELF: Final = 0x800
UNMOUNT: Final = 0x2000
OVERFLOW: Final = 0x4000
IGNORED: Final = 0x8000
IS_DIRECTORY: Final = 0x40000000
_ONLY_DIRECTORIES: Final = 0x01000000
_FORGET_UNLINKED: Final = 0x04000000

MASK: Final = (
    MODIFY | ATTRIB | CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE | _ONLY_DIRECTORIES | _FORGET_UNLINKED
)
"""What is asked of a directory."""

ROOT_MASK: Final = MASK | DELETE_SELF | MOVE_SELF
"""The same of the root."""

_HEADER: Final = struct.Struct("iIII")
_BUFFER: Final = 256 * 1024
_READS: Final = 32  # The queue has 16,384 events of at most 272 bytes, unless the administrator made it longer.


class Event(NamedTuple):
    """One event of the queue.

    Attributes:
        watch: Number of the watch.
        mask: What happened.
        cookie: The same number in both halves of a rename.
        name: What it happened to, b"" for the watched directory itself.
    """

    watch: int
    mask: int
    cookie: int
    name: bytes


def read(queue: int) -> Iterator[Event]:
    """Yields the events that are there now, without waiting, and no more than fit into the kernel's queue.

    Args:
        queue: Its descriptor, which does not block.
    """
    for _ in range(_READS):
        try:
            buffer = os.read(queue, _BUFFER)
        except BlockingIOError:
            return
        offset = 0
        while offset < len(buffer):
            watch, mask, cookie, length = _HEADER.unpack_from(buffer, offset)
            offset += _HEADER.size + length
            yield Event(watch, mask, cookie, buffer[offset - length : offset].rstrip(b"\0"))
