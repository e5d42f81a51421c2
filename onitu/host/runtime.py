"""The private directory for the sockets of drivers.

It is made anew for each core, below `$XDG_RUNTIME_DIR` where that is short enough for socket paths, and removed with
it. A core that was killed leaves its directory behind; the next one finds that nobody holds its lock and removes it.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from onitu.errors import ConfigError
from onitu.host.spawn import MAX_SOCKET_PATH, SOCKET_NAME_BYTES

_PREFIX = "onitu-sockets-"
_NAME_BYTES = len("/") + len(_PREFIX) + 8  # mkdtemp adds eight characters.


@contextmanager
def runtime_directory() -> Iterator[Path]:
    """Makes a directory that only this user may enter, and removes it at the end.

    Raises:
        ConfigError: There is no place for one.
    """
    parent = _parent()
    _remove_abandoned(parent)
    directory, lock = _make(parent)
    try:
        yield directory
    finally:
        _remove(directory)
        os.close(lock)


def _parent() -> Path:
    """Returns the first directory that exists, can be written, and is short enough for a socket below it."""
    candidates = [os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"]  # noqa: S108  # mkdtemp is safe there.
    for candidate in candidates:
        if not candidate or not Path(candidate).is_absolute():
            continue
        length = len(os.fsencode(candidate)) + _NAME_BYTES + SOCKET_NAME_BYTES
        if length <= MAX_SOCKET_PATH and os.access(candidate, os.W_OK | os.X_OK):
            return Path(candidate)
    message = "no place for the sockets of drivers: set XDG_RUNTIME_DIR to a directory of yours with a short path"
    raise ConfigError(message)


def _make(parent: Path) -> tuple[Path, int]:
    """Makes the directory, 0700, and returns it with the descriptor that holds its lock."""
    while True:
        directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        # Another core may take the new directory for an abandoned one, and remove it, until it is locked.
        try:
            lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        fcntl.flock(lock, fcntl.LOCK_EX)
        if directory.exists():
            return directory, lock
        os.close(lock)


def _remove_abandoned(parent: Path) -> None:
    for directory in parent.glob(f"{_PREFIX}*"):
        try:
            lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue  # Somebody else's, or gone by now.
        try:
            if os.fstat(lock).st_uid == os.getuid():
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(directory)
        except BlockingIOError:
            continue  # Its core lives.
        finally:
            os.close(lock)


def _remove(directory: Path) -> None:
    """Removes a directory of sockets, and nothing else: a user may have one of this name for something of their own."""
    for path in directory.iterdir():
        if path.is_socket():
            path.unlink(missing_ok=True)
    with suppress(OSError):  # Something else is in it.
        directory.rmdir()
