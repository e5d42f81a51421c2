"""Paths that cannot leave their root.

Every path is opened beneath the descriptor of a root and no symbolic link is followed on the way, whatever somebody
else does to the tree meanwhile. Paths have no greatest length: long ones are walked in pieces. This module knows
directories and names; it does not know what Onitu does with them.
"""

from __future__ import annotations

import errno
import os

from onitu.plug import InvalidPath

from . import system

HIDDEN = ".onitu"  # The name at a folder's root that belongs to Onitu (DESIGN §3).

_PIECE = 4000  # One call takes less than PATH_MAX, which is 4,096 bytes with the NUL on Linux.
_DIRECTORY = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)


def encode(path: str) -> bytes:
    """Returns a path as the kernel takes it.

    Args:
        path: Relative to the folder, "/"-separated.

    Raises:
        InvalidPath: The path is empty, leaves the folder, belongs to Onitu or cannot be a path here.
    """
    parts = path.split("/")
    if "" in parts or "." in parts or ".." in parts:
        raise InvalidPath(f"{path!r} is no path below a folder")
    if parts[0] == HIDDEN:
        raise InvalidPath(f"{path!r}: {HIDDEN!r} at the root of a folder belongs to Onitu")
    if "\0" in path:
        raise InvalidPath(f"{path!r} holds a NUL character")
    try:
        return path.encode()
    except UnicodeEncodeError as error:
        raise InvalidPath(f"{path!r} is not valid Unicode") from error


def split(path: str) -> tuple[bytes, bytes]:
    """Returns the parent of a path, b"" for the root, and its name; refuses what `encode` refuses."""
    parent, _, name = encode(path).rpartition(b"/")
    return parent, name


def open_directory(root: int, path: bytes) -> int:
    """Opens a directory below a root, to be used as the base of further calls.

    Args:
        root: Descriptor of the root.
        path: Below the root; b"" is the root itself.

    Returns:
        A descriptor for `dir_fd` arguments, which the caller closes.

    Raises:
        OSError: ENOENT, ENOTDIR, or ELOOP where a symbolic link is in the way.
    """
    if not path:
        return os.open(b".", _DIRECTORY, dir_fd=root)
    return open_beneath(root, path, _DIRECTORY)


def open_beneath(root: int, path: bytes, flags: int) -> int:
    """Opens a path below a root.

    Args:
        root: Descriptor of the root.
        path: Below the root, checked by `split` or made of names that were listed.
        flags: As for `os.open`. O_NOFOLLOW and O_CLOEXEC are added.

    Raises:
        OSError: ENOENT, ENOTDIR, or ELOOP where a symbolic link is in the way.
    """
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    if b"/" not in path:
        return os.open(path, flags, dir_fd=root)
    if len(path) <= _PIECE:
        return _open_piece(root, path, flags)
    return _open_long(root, path, flags)


def _open_long(root: int, path: bytes, flags: int) -> int:
    base = os.dup(root)
    try:
        while len(path) > _PIECE:
            # A name has at most 255 bytes on every file system we know: there is a "/" in any piece.
            cut = path.rfind(b"/", 0, _PIECE)
            if cut <= 0:
                raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
            following = _open_piece(base, path[:cut], _DIRECTORY)
            os.close(base)
            base = following
            path = path[cut + 1 :]
        return _open_piece(base, path, flags)
    finally:
        os.close(base)


def _open_piece(base: int, path: bytes, flags: int) -> int:
    try:
        return system.openat2_beneath(base, path, flags)
    except OSError as error:
        # EPERM: sandboxes older than the call refuse it in this way.
        if error.errno not in (errno.ENOSYS, errno.EPERM):
            raise
    return _walk(base, path, flags)


def _walk(base: int, path: bytes, flags: int) -> int:
    """Does what openat2 does, one name at a time."""
    *directories, name = path.split(b"/")
    base = os.dup(base)
    try:
        for directory in directories:
            following = os.open(directory, _DIRECTORY, dir_fd=base)
            os.close(base)
            base = following
        return os.open(name, flags, dir_fd=base)
    finally:
        os.close(base)


def make_directories(root: int, path: bytes, mode: int) -> None:
    """Makes a directory below a root with all those above it. Those that are there are fine.

    Raises:
        OSError: ENOTDIR where something else has one of the names.
    """
    base = os.dup(root)
    try:
        for name in path.split(b"/"):
            try:
                following = os.open(name, _DIRECTORY, dir_fd=base)
            except FileNotFoundError:
                try:
                    os.mkdir(name, mode, dir_fd=base)
                except FileExistsError:
                    pass  # Another thread was faster.
                following = os.open(name, _DIRECTORY, dir_fd=base)
            os.close(base)
            base = following
    finally:
        os.close(base)
