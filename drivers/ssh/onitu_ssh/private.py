"""Directories that only this process uses, and only its user may look into; and what dead processes have left.

Each is locked as long as its process lives, whatever ends it. What nobody holds any more, the next process removes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX: Final = "onitu-ssh-"
_SHORT: Final = Path("/tmp")  # noqa: S108  What is made in it is private.
_BEING_MADE: Final = 60.0  # Seconds in which one that is not locked yet is left alone.


class PrivateDirectory:
    """A directory of this process's own.

    Args:
        longest: Most bytes of its path, where that can be had.

    Attributes:
        path: Where it is.
    """

    def __init__(self, longest: int | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        if longest is not None and len(bytes(self.path)) > longest and _SHORT.is_dir():
            self.path.rmdir()
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_SHORT))
        self._lock = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        with contextlib.suppress(OSError):  # A file system without locks: then it looks like what is left of somebody.
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def remove(self) -> None:
        """Removes it with all that is in it. Must be called once."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def remove_leftovers() -> None:
    """Removes the directories of dead processes, as far as they are this user's."""
    for place in {Path(tempfile.gettempdir()), _SHORT}:
        for path in place.glob(f"{_PREFIX}*"):
            with contextlib.suppress(OSError), _opened(path) as descriptor:  # In use, somebody else's, or gone by now.
                found = os.fstat(descriptor)
                if found.st_uid == os.geteuid() and time.time() - found.st_mtime > _BEING_MADE:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
