"""What was replaced or deleted on services that keep nothing themselves, in files of the data directory.

Each content is one file beside a small JSON file that says what it was. Nobody reads them but people. The whole is
bounded: what was kept first goes first. This module knows neither services nor why something is replaced.
"""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from typing import BinaryIO

import msgspec

from onitu.errors import StoreError

#: Bytes that are kept in all.
MOST_BYTES = 2 * 1024 * 1024 * 1024

#: Name of the directory, in the data directory.
TRASH = "trash"

_STAGED = ".part"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a content was.

    Attributes:
        service: Where it was.
        folder: In which folder.
        path: Its path there.
        kept_at: Seconds since 1970.
    """

    service: str
    folder: str
    path: str
    kept_at: float


class Trash:
    """The trash of a data directory.

    Args:
        data: The data directory.
        most_bytes: How much is kept in all.
    """

    def __init__(self, data: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.directory = data / TRASH
        self._most_bytes = most_bytes

    def open(self, service: str, folder: str, path: str) -> Keeping:
        """Begins to keep a content.

        Raises:
            StoreError: The directory cannot be written.
        """
        what = Kept(service=service, folder=folder, path=path, kept_at=time.time())
        with _failing(self.directory):
            self.directory.mkdir(mode=0o700, exist_ok=True)
            return Keeping(self, what, self.directory / f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}")

    def make_room(self, size: int) -> None:
        """Removes what was kept first, until a content of this size has room.

        Raises:
            StoreError: It is larger than all that is ever kept.
        """
        if size > self._most_bytes:
            message = f"{size} bytes are more than {self.directory} keeps ({self._most_bytes})"
            raise StoreError(message)
        kept = sorted(path for path in self.directory.iterdir() if not path.suffix)
        room = self._most_bytes - sum(path.stat().st_size for path in kept)
        for path in kept:
            if room >= size:
                return
            room += path.stat().st_size
            _remove(path)


class Keeping:
    """One content on its way into the trash: written piece by piece, then kept or discarded.

    Args:
        trash: Where to.
        what: What it was.
        path: The file it becomes.
    """

    def __init__(self, trash: Trash, what: Kept, path: Path) -> None:
        self.path = path
        self._trash = trash
        self._what = what
        self._staged = path.with_suffix(_STAGED)
        self._file: BinaryIO = self._staged.open("xb")

    def write(self, piece: bytes) -> None:
        """Adds bytes.

        Raises:
            StoreError: The disk does not take them.
        """
        with _failing(self._staged):
            self._file.write(piece)

    def keep(self) -> None:
        """Makes it part of the trash.

        Durability:
            It survives a power cut once this has returned.

        Raises:
            StoreError: There is no room for it, or the disk does not take it.
        """
        with _failing(self._staged):
            self._file.flush()
            self._trash.make_room(self._file.tell())
            os.fsync(self._file.fileno())
            self._file.close()
            self.path.with_suffix(".json").write_bytes(msgspec.json.encode(self._what))
            self._staged.rename(self.path)
            directory = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)

    def discard(self) -> None:
        """Forgets it, unless it was kept."""
        self._file.close()
        self._staged.unlink(missing_ok=True)


class _failing:  # noqa: N801  A context manager, used like a function.
    """Turns errors of the disk into a `StoreError` that says where."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Has nothing to prepare."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, OSError):
            message = f"{self._path}: nothing can be kept there: {error.strerror}"
            raise StoreError(message) from error


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_suffix(".json").unlink(missing_ok=True)
