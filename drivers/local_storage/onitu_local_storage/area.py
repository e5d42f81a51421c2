"""The directory `.onitu` at a folder's root: staging, trash, marker and lock.

It lies on the file system of the folder, so that what is staged becomes visible, and what is replaced disappears,
by renaming. Nothing else of Onitu's is ever written under a root. This module knows what lies where in `.onitu`; what
goes there is decided elsewhere.

Layout::

    .onitu/root                  which root this is (see `root`)
    .onitu/lock                  held locked by the driver process that writes here
    .onitu/tmp/                  staged files, where files without a name do not do
    .onitu/tmp/upload-<session>  an upload in chunks, which the next process may go on with
    .onitu/trash/<day>/<path>    what was replaced or deleted on that day (UTC)
    .onitu/trash/<time>/<path>   the same, when there was no room for that path in the trash of the day
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from typing import TYPE_CHECKING

from onitu.plug import Unavailable

from . import beneath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PRIVATE = 0o700  # Staged and deleted files are not for other users, whatever their directories allowed.
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LOCK_PATIENCE = 3.0  # Seconds for an older driver process to end: it does so when its core has gone.
_LOCK_PAUSE = 0.02
_DAY = 86_400
_UPLOAD_KEPT = 7 * _DAY  # What the contract promises of an upload that is neither ended nor aborted.

UPLOAD_PREFIX = "upload-"
"""What the names of staged uploads in chunks begin with: those another process may go on with."""

_TAKEN = (errno.ENOTDIR, errno.EEXIST, errno.ELOOP)  # A file or a link has the name of a directory.
_SAME_MOMENT = 1_000  # Attempts to find a free place in the trash; the second one is nearly always free.


class Area:
    """The open `.onitu` of one folder.

    It is let go of, lock and all, when nothing refers to it any more, not at a given moment: a descriptor that is
    closed under the hands of a thread that is about to write would by then be another directory's.

    Args:
        root: Descriptor of the folder's root.
        service: Name of the service, for the lock file.

    Attributes:
        fd: Descriptor of the directory.
        tmp: Descriptor of the staging directory.

    Raises:
        Unavailable: Another process holds the lock; the text says which.
        OSError: The directory cannot be made or opened.
    """

    def __init__(self, root: int, service: str) -> None:
        self._open: list[int] = []
        self._mutex = threading.Lock()
        self._day: tuple[int, int] = (-1, -1)  # Number of the day, descriptor of its directory.
        self.fd = self._keep_open(_open_or_make(root, os.fsencode(beneath.HIDDEN)))
        self._keep_open(_take_lock(self.fd, service))
        self.tmp = self._keep_open(_open_or_make(self.fd, b"tmp"))
        self._trash = self._keep_open(_open_or_make(self.fd, b"trash"))

    def __del__(self) -> None:
        for descriptor in (self._day[1], *reversed(self._open)):
            if descriptor >= 0:
                os.close(descriptor)

    def _keep_open(self, descriptor: int) -> int:
        self._open.append(descriptor)
        return descriptor

    def remake(self, tmp: int) -> bool:
        """Makes the staging directory anew if the user has removed it.

        Other threads may be about to use the old one: its descriptor stays open, and fails in the same way.

        Args:
            tmp: The staging directory that did not work.

        Returns:
            Whether there is another one now.
        """
        with self._mutex:
            if self.tmp == tmp:
                if os.fstat(tmp).st_nlink:
                    return False
                self.tmp = self._keep_open(_open_or_make(self.fd, b"tmp"))
            return True

    def remove_leftovers(self) -> None:
        """Removes what a process that is gone has staged, but for uploads that may be taken up again."""
        remove_staged(self.tmp, uploads_only=False)

    def open_staging(self) -> int:
        """Returns a descriptor of the staging directory for `remove_staged`, which its caller closes."""
        return os.dup(self.tmp)

    def keep(self, path: bytes, put: Callable[[int, bytes], None]) -> tuple[int, bytes]:
        """Finds a free place in the trash and has something put there.

        Args:
            path: The path whose old content is to be kept, below the folder's root.
            put: Called with a directory and a name; raises `FileExistsError` if the name is taken.

        Returns:
            The directory, which the caller closes, and the name.
        """
        parent, _, name = path.rpartition(b"/")
        for directory in self._places(parent):
            try:
                put(directory, name)
            except FileExistsError:
                os.close(directory)
            except BaseException:
                os.close(directory)
                raise
            else:
                return directory, name
        raise OSError(errno.EEXIST, "no free place in the trash")

    def _places(self, parent: bytes) -> Iterator[int]:
        """Yields directories of the trash for entries of `parent`: today's, then ones of their own.

        A file may have been deleted in the morning whose name a directory has in the afternoon: then today's trash has
        no room for what is below that directory, just as for a second file of the same name.
        """
        for attempt in range(_SAME_MOMENT):
            base = self._today() if attempt == 0 else self._moment(exact=attempt > 1)
            try:
                directory = _open_or_make_beneath(base, parent)
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
                continue
            finally:
                os.close(base)
            yield directory

    def _today(self) -> int:
        now = time.time()
        day = int(now // _DAY)
        with self._mutex:
            known, descriptor = self._day
            if known != day or os.fstat(descriptor).st_nlink == 0:
                if descriptor >= 0:
                    os.close(descriptor)
                self._day = (-1, -1)
                descriptor = self._open_trash(time.strftime("%Y-%m-%d", time.gmtime(now)).encode())
                self._day = (day, descriptor)
            return os.dup(descriptor)  # Another thread may see midnight before this one is done.

    def _moment(self, *, exact: bool) -> int:
        now = time.time_ns()
        name = time.strftime("%Y-%m-%dT%H-%M-%S", time.gmtime(now // 1_000_000_000))
        if exact:
            name += f".{now % 1_000_000_000:09}"
        return self._open_trash(name.encode())

    def _open_trash(self, name: bytes) -> int:
        # The user may empty the trash at any time, the directory itself included.
        if os.fstat(self._trash).st_nlink == 0:
            self._trash = self._keep_open(_open_or_make(self.fd, b"trash"))
        return _open_or_make(self._trash, name)


def remove_staged(staging: int, *, uploads_only: bool) -> None:
    """Removes what nobody will ask for any more.

    Args:
        staging: Descriptor of the staging directory.
        uploads_only: Only uploads in chunks that nothing was added to for a week. Otherwise a process begins, and what
            an earlier one has staged goes too, but for uploads of which something is there: one that is empty may be
            known to nobody, since the core may have ended before it heard of it, and is begun again for nothing.
    """
    oldest = time.time() - _UPLOAD_KEPT
    with os.scandir(staging) as entries:
        found = [
            (entry.name, entry.name.startswith(UPLOAD_PREFIX), entry.stat(follow_symlinks=False))
            for entry in entries
            if not entry.is_dir(follow_symlinks=False)
        ]
    for name, is_upload, status in found:
        is_old = is_upload and status.st_mtime < oldest
        is_leftover = not uploads_only and not (is_upload and status.st_size)
        if is_old or is_leftover:
            os.unlink(name, dir_fd=staging)


def _open_or_make(parent: int, name: bytes) -> int:
    try:
        return os.open(name, _DIRECTORY, dir_fd=parent)
    except FileNotFoundError:
        try:
            os.mkdir(name, _PRIVATE, dir_fd=parent)
        except FileExistsError:
            pass  # Another thread was faster.
        return os.open(name, _DIRECTORY, dir_fd=parent)


def _open_or_make_beneath(base: int, path: bytes) -> int:
    try:
        return beneath.open_directory(base, path)
    except FileNotFoundError:
        beneath.make_directories(base, path, _PRIVATE)
        return beneath.open_directory(base, path)


def _take_lock(area: int, service: str) -> int:
    descriptor = os.open(b"lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=area)
    try:
        deadline = time.monotonic() + _LOCK_PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    holder = os.pread(descriptor, 300, 0).decode("utf-8", "replace").strip() or "another process"
                    raise Unavailable(f"another Onitu writes to this folder: {holder} holds .onitu/lock") from error
                time.sleep(_LOCK_PAUSE)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} (service {service!r})\n".encode(), 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
