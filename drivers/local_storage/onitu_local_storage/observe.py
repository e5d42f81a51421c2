"""What an entry of the disk is to Onitu: revisions, and observations made of `os.stat` results.

A file's revision is its whole identity, "device:inode:size:mtime_ns:ctime_ns", a directory's is "device:inode":
contract.md and `onitu.driver.v1.Present.revision` fix the spelling, since other drivers compare it. This module looks
at the disk and never changes it. It is on the path of every entry of every listing: it is written for speed.
"""

from __future__ import annotations

import errno
import os
import stat as mode_of
import time
from typing import TYPE_CHECKING

from onitu.plug import Absent, Inadmissible, Kind, Present, link_fault

from . import beneath
from .failures import is_missing

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSENT = Absent()

# Time stamps come from a clock that ticks every 4 to 10 ms: two writes within one tick leave the same mtime. One that
# lies further in the future than that was set by somebody, and the next write will change it.
_TICK_NS = 10_000_000

_FORMAT = mode_of.S_IFMT
_REGULAR = mode_of.S_IFREG
_DIRECTORY = mode_of.S_IFDIR
_LINK = mode_of.S_IFLNK
_OTHERS = {
    mode_of.S_IFLNK: "is a symbolic link, and symbolic links are skipped",
    mode_of.S_IFSOCK: "is a socket",
    mode_of.S_IFIFO: "is a named pipe",
    mode_of.S_IFBLK: "is a block device",
    mode_of.S_IFCHR: "is a character device",
}
_NOT_READABLE = "cannot be read: permission denied"

# Root reads everything. Others need not be asked about a file that is their own, or everybody's, to read.
_user = os.geteuid()
_EVERYBODY = 0o444
_OWN = 0o400


def revision_of(status: os.stat_result) -> str:
    """Returns the revision of an entry."""
    if _FORMAT(status.st_mode) == _DIRECTORY:
        return f"{status.st_dev}:{status.st_ino}"
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def same_content(status: os.stat_result, other: os.stat_result) -> bool:
    """Tells whether two looks at an entry show the same bytes, though it may have been linked or renamed meanwhile.

    That changes the ctime, which is therefore the one part of the identity that is left out.
    """
    return (
        status.st_ino == other.st_ino
        and status.st_size == other.st_size
        and status.st_mtime_ns == other.st_mtime_ns
        and status.st_dev == other.st_dev
        and _FORMAT(status.st_mode) == _FORMAT(other.st_mode)
    )


def present(status: os.stat_result, digests: dict[str, bytes] | None = None) -> Present:
    """Returns the observation of a file or directory that was just looked at.

    Args:
        status: Of a regular file or a directory.
        digests: Those that are known of the content.
    """
    if _FORMAT(status.st_mode) == _DIRECTORY:
        return _directory(status)
    return _file(status, time.time_ns(), digests)


def _directory(status: os.stat_result) -> Present:
    identity = f"{status.st_dev}:{status.st_ino}"
    return Present(kind=Kind.DIRECTORY, revision=identity, mtime_ns=status.st_mtime_ns, native_id=identity)


def _file(status: os.stat_result, now: int, digests: dict[str, bytes] | None = None) -> Present:
    native_id = f"{status.st_dev}:{status.st_ino}"
    size = status.st_size
    mtime_ns = status.st_mtime_ns
    return Present(
        kind=Kind.FILE,
        revision=f"{native_id}:{size}:{mtime_ns}:{status.st_ctime_ns}",
        size=size,
        mtime_ns=mtime_ns,
        native_id=native_id,
        executable=status.st_mode & 0o100 != 0,
        digests=digests or {},
        racy=-_TICK_NS < now - mtime_ns < _TICK_NS,
    )


def symlink(status: os.stat_result, target: str) -> Present:
    """Returns the observation of a symbolic link. Its target can only change with the inode.

    Args:
        status: Of the link itself.
        target: Where it points.
    """
    return Present(
        kind=Kind.SYMLINK,
        revision=revision_of(status),
        mtime_ns=status.st_mtime_ns,
        native_id=f"{status.st_dev}:{status.st_ino}",
        target=target,
        # Inodes are given out again at once: two links made one after the other may agree in all but their targets.
        racy=-_TICK_NS < time.time_ns() - status.st_mtime_ns < _TICK_NS,
    )


def _read_link(status: os.stat_result, directory: int, name: bytes, path: str) -> Present | Inadmissible:
    """Observes a symbolic link, which is read and never followed."""
    try:
        target = os.readlink(name, dir_fd=directory).decode()
    except UnicodeDecodeError:
        wrong: str | None = "it points to what is not UTF-8"
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        wrong = "it was replaced while it was looked at"
    else:
        wrong = link_fault(path, target)
        if wrong is None:
            return symlink(status, target)
    return Inadmissible(f"is a symbolic link: {wrong}", revision_of(status), f"{status.st_dev}:{status.st_ino}")


def look(directory: int, name: bytes, path: str, *, symlinks: bool = False) -> Present | Inadmissible | Absent:
    """Observes one entry.

    Args:
        directory: Descriptor of its directory.
        name: Its name.
        path: Its path below the root.
        symlinks: Whether symbolic links take part.

    Raises:
        OSError: It could not be found out.
    """
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return ABSENT
    kind = _FORMAT(status.st_mode)
    if kind == _DIRECTORY:
        return _directory(status)
    if kind == _REGULAR and _is_readable(status, directory, name):
        return _file(status, time.time_ns())
    if kind == _LINK and symlinks:
        try:
            return _read_link(status, directory, name, path)
        except FileNotFoundError:
            return ABSENT
    return _inadmissible(status)


def look_beneath(root: int, path: str, *, symlinks: bool = False) -> Present | Inadmissible | Absent:
    """Observes the entry at a path below a root.

    Raises:
        InvalidPath: There can be no such path.
        OSError: It could not be found out.
    """
    parent, name = beneath.split(path)
    try:
        directory = beneath.open_directory(root, parent)
    except OSError as error:
        if is_missing(error) or error.errno == errno.ELOOP:
            return _below_what(root, parent, symlinks=symlinks)
        raise
    try:
        return look(directory, name, path, symlinks=symlinks)
    finally:
        os.close(directory)


def _below_what(root: int, parent: bytes, *, symlinks: bool) -> Inadmissible | Absent:
    """Tells nothing from something out of reach: what lies below a symbolic link is not absent, it is not ours.

    Where the link itself takes part nothing lies below it.
    """
    base = os.dup(root)
    passed: list[bytes] = []
    try:
        for name in parent.split(b"/"):
            passed.append(name)
            status = os.stat(name, dir_fd=base, follow_symlinks=False)
            if mode_of.S_ISLNK(status.st_mode):
                path = b"/".join(passed).decode()
                if symlinks and isinstance(_read_link(status, base, name, path), Present):
                    return ABSENT
                return Inadmissible("lies below a symbolic link, and none is followed")
            following = beneath.open_directory(base, name)
            os.close(base)
            base = following
    except OSError as error:
        if is_missing(error):
            return ABSENT
        raise
    finally:
        os.close(base)
    return ABSENT


def list_directory(root: int, path: str, *, symlinks: bool = False) -> Iterator[tuple[str, Present | Inadmissible]]:
    """Observes every entry of a directory, in the order of the disk.

    Args:
        root: Descriptor of the folder's root.
        path: Of the directory; "" is the root, where the name that belongs to Onitu is left out.
        symlinks: Whether symbolic links take part.

    Returns:
        Names and observations. Names that are not UTF-8 come as `os.scandir` gives them: the Plug reports them.

    Raises:
        OSError: The listing is not complete.
    """
    encoded = beneath.encode(path) if path else b"."
    descriptor = beneath.open_beneath(root, encoded, os.O_RDONLY | os.O_DIRECTORY)
    try:
        now = time.time_ns()
        with os.scandir(descriptor) as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # Gone since the directory was read, which is as good as never there.
                name = entry.name
                kind = _FORMAT(status.st_mode)
                if kind == _REGULAR:
                    if _user == 0 or _is_readable(status, descriptor, os.fsencode(name)):
                        yield name, _file(status, now)
                    else:
                        yield name, _inadmissible(status)
                elif kind == _LINK and symlinks:
                    try:
                        below = f"{path}/{name}" if path else name
                        yield name, _read_link(status, descriptor, os.fsencode(name), below)
                    except FileNotFoundError:
                        continue
                elif kind != _DIRECTORY:
                    yield name, _inadmissible(status)
                elif path or name != beneath.HIDDEN:
                    yield name, _directory(status)
    finally:
        os.close(descriptor)


def _is_readable(status: os.stat_result, directory: int, name: bytes) -> bool:
    if _user == 0:
        return True
    mode = status.st_mode
    if mode & _EVERYBODY == _EVERYBODY or (status.st_uid == _user and mode & _OWN):
        return True
    return os.access(name, os.R_OK, dir_fd=directory, effective_ids=True)


def _inadmissible(status: os.stat_result) -> Inadmissible:
    reason = _OTHERS.get(_FORMAT(status.st_mode), _NOT_READABLE)
    return Inadmissible(reason, revision_of(status), f"{status.st_dev}:{status.st_ino}")
