"""Reads a file of this host that another driver offered (handoff), for drivers that take bytes only.

The file is opened beneath the root the setup gave to its service, one name after the other and without following any
symbolic link, and must be the very file that was meant, before and after it was read.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from onitu.core.model import FileIdentity
from onitu.errors import SourceChanged
from onitu.rpc.observations import clamp_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onitu.core.model import LocalFile

_DIRECTORY: Final = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_FILE: Final = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@contextmanager
def open_local_file(source: LocalFile) -> Iterator[int]:
    """Gives a descriptor of the file, and checks at the end that it is still the one that was meant.

    Raises:
        SourceChanged: It is not, or not any more, or cannot be read.
    """
    try:
        descriptor = _open_beneath(source.root, source.path)
    except OSError as error:
        message = f"{source.path}: cannot be opened at its source: {error.strerror}"
        raise SourceChanged(message) from error
    try:
        _compare(descriptor, source)
        yield descriptor
        _compare(descriptor, source)
    finally:
        os.close(descriptor)


def read_at(descriptor: int, offset: int, size: int) -> bytes:
    """Returns `size` bytes from `offset`, fewer only at the end of the file."""
    parts: list[bytes] = []
    while size > 0 and (part := os.pread(descriptor, size, offset)):
        parts.append(part)
        offset += len(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def identity_of(found: os.stat_result) -> FileIdentity:
    """Returns which file of this host was found, with times as the contract can say them: 64 bits of nanoseconds."""
    mtime_ns, ctime_ns = clamp_time(found.st_mtime_ns), clamp_time(found.st_ctime_ns)
    return FileIdentity(found.st_dev, found.st_ino, found.st_size, mtime_ns, ctime_ns)


def _open_beneath(root: str, path: str) -> int:
    *directories, name = path.split("/")
    if any(part in {"", ".", ".."} for part in (*directories, name)):
        message = f"{path!r} is not a path below a root"
        raise SourceChanged(message)
    parent = os.open(root, _DIRECTORY & ~getattr(os, "O_NOFOLLOW", 0))
    try:
        for directory in directories:
            child = os.open(directory, _DIRECTORY, dir_fd=parent)
            os.close(parent)
            parent = child
        return os.open(name, _FILE, dir_fd=parent)
    finally:
        os.close(parent)


def _compare(descriptor: int, source: LocalFile) -> None:
    found = os.fstat(descriptor)
    if identity_of(found) != source.identity or not stat.S_ISREG(found.st_mode):
        message = f"{source.path}: changed at its source"
        raise SourceChanged(message)
