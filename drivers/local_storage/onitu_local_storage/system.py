"""The system calls of Linux that Python's `os` module does not have.

Each function is one call, raises `OSError` as `os` does, and leaves the decision what to do without it to its caller:
a system or file system that lacks it answers ENOSYS, EINVAL or EOPNOTSUPP. This module knows nothing of Onitu.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import struct
import sys

#: What a call answers where the kernel, the C library or the file system does not have it.
LACKING = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTTY})

_libc = ctypes.CDLL(None, use_errno=True)

# openat2 has no wrapper in the C libraries. It came after the numbers of all architectures were unified, so that one
# number serves all of them (Alpha apart, which Python's wheels do not serve either).
_OPENAT2 = 437
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_BENEATH = 0x08
_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2
_AT_EMPTY_PATH = 0x1000
_FICLONE = 0x40049409

_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t)

_renameat2 = getattr(_libc, "renameat2", None)
_linkat = _libc.linkat
_syncfs = getattr(_libc, "syncfs", None)
_inotify_init1 = getattr(_libc, "inotify_init1", None)
_inotify_add_watch = getattr(_libc, "inotify_add_watch", None)
_inotify_rm_watch = getattr(_libc, "inotify_rm_watch", None)


def openat2_beneath(directory: int, path: bytes, flags: int) -> int:
    """Opens a path below a directory; the kernel refuses to leave it and to follow any symbolic link.

    Args:
        directory: Descriptor of the directory.
        path: Relative, shorter than PATH_MAX.
        flags: As for `os.open`; O_CLOEXEC is added.

    Raises:
        OSError: ELOOP for a symbolic link, EXDEV for a way out, ENOSYS before Linux 5.6.
    """
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "openat2 is Linux only")
    how = struct.pack("QQQ", flags | os.O_CLOEXEC, 0, _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS)
    descriptor: int = _syscall(_OPENAT2, directory, path, how, len(how))
    if descriptor < 0:
        raise _last_error(path)
    return descriptor


def rename_noreplace(directory: int, name: bytes, new_directory: int, new_name: bytes) -> None:
    """Renames an entry unless something has the new name.

    Raises:
        FileExistsError: Something has the new name.
        OSError: EINVAL or ENOSYS where it is not supported.
    """
    _rename(directory, name, new_directory, new_name, _RENAME_NOREPLACE)


def exchange(directory: int, name: bytes, other_directory: int, other_name: bytes) -> None:
    """Swaps two entries in one step. Both must be there.

    Raises:
        OSError: EINVAL or ENOSYS where it is not supported.
    """
    _rename(directory, name, other_directory, other_name, _RENAME_EXCHANGE)


def _rename(directory: int, name: bytes, new_directory: int, new_name: bytes, flags: int) -> None:
    if _renameat2 is None:
        raise OSError(errno.ENOSYS, "no renameat2", name)
    if _renameat2(directory, name, new_directory, new_name, flags) < 0:
        raise _last_error(name)


def link_descriptor(descriptor: int, directory: int, name: bytes) -> None:
    """Gives an open file without a name its name.

    Args:
        descriptor: A file opened with O_TMPFILE.
        directory: Descriptor of the directory.
        name: The name; nothing may have it.
    """
    if _linkat(descriptor, b"", directory, name, _AT_EMPTY_PATH) == 0:
        return
    # Before Linux 6.10 an empty path needs a capability. The link in /proc does for everybody.
    if ctypes.get_errno() not in (errno.ENOENT, errno.EPERM, errno.EINVAL):
        raise _last_error(name)
    os.link(b"/proc/self/fd/%d" % descriptor, name, dst_dir_fd=directory, follow_symlinks=True)


def clone(source: int, destination: int) -> None:
    """Makes an open file share all its blocks with another one (a reflink).

    Raises:
        OSError: One of `LACKING`, or EXDEV, where the file system cannot.
    """
    fcntl.ioctl(destination, _FICLONE, source)


def sync_file_system(descriptor: int) -> None:
    """Writes everything of the file system that holds an open file to its disk, and waits for it."""
    if _syncfs is None:
        os.sync()
        return
    if _syncfs(descriptor) < 0:
        raise _last_error()


def is_written(descriptor: int) -> bool | None:
    """Tells whether anybody has an open file open for writing, or None where that cannot be found out.

    A lease for reading is granted only where nobody has. Somebody who opens the file in the microseconds in which we
    have it is held up for as long, and the kernel tells us by a signal: SIGURG, which nobody minds.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return None
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return None  # The file of another user, or a file system without leases.
    return False


def inotify_init() -> int:
    """Returns the descriptor of a new inotify instance; reading from it does not wait.

    Raises:
        OSError: ENOSYS where there is no inotify, EMFILE when the user has too many instances.
    """
    if _inotify_init1 is None:
        raise OSError(errno.ENOSYS, "no inotify")
    descriptor: int = _inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:
        raise _last_error()
    return descriptor


def inotify_add_watch(instance: int, path: bytes, mask: int) -> int:
    """Watches a path, and returns the number of the watch: the one it has, if it is watched already.

    Raises:
        OSError: ENOSPC when the user has too many watches.
    """
    if _inotify_add_watch is None:
        raise OSError(errno.ENOSYS, "no inotify")
    watch: int = _inotify_add_watch(instance, path, mask)
    if watch < 0:
        raise _last_error(path)
    return watch


def inotify_remove_watch(instance: int, watch: int) -> None:
    """Ends a watch. That it has ended by itself already is no error."""
    if _inotify_rm_watch is not None:
        _inotify_rm_watch(instance, watch)


def _last_error(path: bytes | None = None) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), os.fsdecode(path) if path is not None else None)
