"""What an error of the operating system means to the core.

One table, used by every handler. The texts say what happened to which path; they are shown to users as they are.
"""

from __future__ import annotations

import errno
import os

from onitu.plug import (
    DriverError,
    InvalidPath,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    RevisionMismatch,
    ServiceError,
    Unavailable,
)

_TABLE: dict[int, type[DriverError]] = {
    errno.ENOSPC: QuotaExceeded,
    errno.EDQUOT: QuotaExceeded,
    errno.EACCES: PermissionDenied,
    errno.EPERM: PermissionDenied,
    errno.EROFS: PermissionDenied,
    errno.ENOENT: NotFound,
    errno.ENAMETOOLONG: InvalidPath,
    errno.EINVAL: InvalidPath,  # FAT and CIFS answer this for characters that they cannot hold.
    errno.EILSEQ: InvalidPath,
    errno.EFBIG: InvalidPath,
    # Something else is there than the caller believes: it looks again and decides again.
    errno.EEXIST: RevisionMismatch,
    errno.ENOTEMPTY: RevisionMismatch,
    errno.ENOTDIR: RevisionMismatch,
    errno.EISDIR: RevisionMismatch,
    errno.ELOOP: RevisionMismatch,
    # The disk or the machine is in trouble that may pass.
    errno.EIO: Unavailable,
    errno.ESTALE: Unavailable,
    errno.ENODEV: Unavailable,
    errno.ENXIO: Unavailable,
    errno.EBUSY: Unavailable,
    errno.ETXTBSY: Unavailable,
    errno.EMFILE: Unavailable,
    errno.ENFILE: Unavailable,
    errno.ENOMEM: Unavailable,
    errno.EAGAIN: Unavailable,
    errno.ETIMEDOUT: Unavailable,
    errno.EHOSTDOWN: Unavailable,
    errno.ENOTCONN: Unavailable,  # A FUSE file system whose program has died.
}

_ADVICE = {
    errno.ELOOP: "a symbolic link is in the way, and none is followed",
    errno.EXDEV: "another file system is mounted there; give it a service of its own",
    errno.EROFS: "the file system is read-only",
    errno.ENOTDIR: "a directory on the way is no directory",
    errno.EEXIST: "something is there already",
    errno.ENOTEMPTY: "the directory is not empty",
}


def from_os_error(error: OSError, path: str) -> DriverError:
    """Returns the error to raise to the core.

    Args:
        error: What the operating system said.
        path: What it was about, relative to the folder.
    """
    number = error.errno or 0
    reason = _ADVICE.get(number) or (os.strerror(number) if number else str(error))
    return _TABLE.get(number, DriverError)(f"{path!r}: {reason[0].lower()}{reason[1:]}")


def is_missing(error: OSError) -> bool:
    """Tells whether an error means that there is nothing at a path."""
    return error.errno in (errno.ENOENT, errno.ENOTDIR)


__all__ = ["ServiceError", "from_os_error", "is_missing"]
