"""What was replaced or deleted on services that keep nothing themselves, in files of the data directory.

Each content is one file beside a small JSON file that says what it was. What one folder of one service has there is
bounded: what was kept first goes first. This module knows neither services nor why something is replaced.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import msgspec

from onitu.core.model import Kept, Kind
from onitu.core.node import Version
from onitu.errors import StoreError

#: Bytes that are kept for one folder of one service where the setup says nothing.
MOST_BYTES = 2 * 1024 * 1024 * 1024

#: Name of the directory, in the data directory.
TRASH = "trash"

_STAGED = ".part"
_DIGEST = "blake3"

#: Of what one limit is kept: a service, and a folder.
_Owner = tuple[str, str]

#: Files that are made durable at once: a disk does many as fast as one.
_FLUSHES = 8


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a content was.

    Attributes:
        service: Where it was.
        folder: In which folder.
        path: Its path there.
        kept_at: Seconds since 1970.
        mtime_ns: Its modification time, or None.
        executable: None where that is not known.
        target: Where it pointed, if it was a symbolic link.
        digest: Its BLAKE3, in hexadecimal; "" where nobody has computed it.
    """

    service: str
    folder: str
    path: str
    kept_at: float
    mtime_ns: int | None = None
    executable: bool | None = None
    target: str | None = None
    digest: str = ""

    @classmethod
    def of(cls, version: Version, *, service: str, folder: str, path: str) -> Origin:
        """Returns what the content of a version was; `Trash.open` says since when it is kept.

        Args:
            version: What was there.
            service: Where it was.
            folder: In which folder.
            path: Its path there.
        """
        return cls(
            service=service,
            folder=folder,
            path=path,
            kept_at=0,
            mtime_ns=version.mtime_ns,
            executable=version.executable,
            target=version.target,
        )


class Trash:
    """The trash of a data directory.

    Args:
        data: The data directory.
    """

    def __init__(self, data: Path) -> None:
        self.directory = data / TRASH
        self._mutex = threading.Lock()
        self._known: dict[str, tuple[Origin, int]] | None = None
        self._turns: defaultdict[_Owner, threading.Lock] = defaultdict(threading.Lock)

    def open(self, origin: Origin) -> Keeping:
        """Begins to keep a content.

        Args:
            origin: What it is; when it is kept is filled in.

        Raises:
            StoreError: The directory cannot be written.
        """
        origin = msgspec.structs.replace(origin, kept_at=time.time())
        with _failing(self.directory):
            self.directory.mkdir(mode=0o700, exist_ok=True)
            return Keeping(origin, self.directory / f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}")

    def keep(self, contents: Iterable[Keeping], *, most_bytes: int = MOST_BYTES) -> None:
        """Makes contents part of the trash.

        Args:
            contents: All their bytes are written; they are of one folder of one service.
            most_bytes: How much is kept of the folder of the service they are from.

        Durability:
            They survive a power cut once this has returned.

        Raises:
            StoreError: One is larger than all that is kept, or the disk does not take it; others may be kept.
        """
        contents = list(contents)
        for keeping in contents:
            if keeping.size > most_bytes:
                message = f"{keeping.size:,} bytes are more than {self.directory} keeps ({most_bytes:,}, see 'keep')"
                raise StoreError(message)
        if not contents:
            return
        owner = (contents[0].origin.service, contents[0].origin.folder)
        with self._mutex:
            turn = self._turns[owner]
        with turn:  # What one asks for room for, another does not count.
            contents = self._make_room(owner, contents, most_bytes)
            try:
                with _failing(self.directory):
                    self._flush(contents)
            finally:
                with self._mutex:
                    for keeping in contents:
                        if keeping.path.exists():
                            self._load()[keeping.path.name] = (keeping.origin, keeping.size)

    def holds(self, folder: str, path: str, digest: bytes) -> bool:
        """Returns whether a content of a path is kept already, whichever service it was on."""
        with self._mutex:
            wanted = (folder, path, digest.hex())
            return any(
                (origin.folder, origin.path, origin.digest) == wanted and (self.directory / name).exists()
                for name, (origin, _) in self._load().items()
            )

    def listed(self, folder: str = "", path: str = "") -> Iterator[tuple[Origin, Kept]]:
        """Yields what is kept, the oldest first, as it lies on the disk now.

        Args:
            folder: Of this folder only; "" is all.
            path: Only what had this path or lay below it; "" is everything.
        """
        for name, (origin, size) in sorted(_read(self.directory).items()):
            if folder not in ("", origin.folder) or not _is_at(path, origin.path):
                continue
            yield (
                origin,
                Kept(
                    id=name,
                    path=origin.path,
                    kind=Kind.FILE if origin.target is None else Kind.SYMLINK,
                    kept_at_ns=int(origin.kept_at * 1e9),
                    size=size,
                    mtime_ns=origin.mtime_ns,
                    target=origin.target,
                    executable=origin.executable,
                    digests={_DIGEST: bytes.fromhex(origin.digest)} if origin.digest else {},
                ),
            )

    def read(self, kept: str, offset: int, size: int) -> bytes:
        """Returns a part of what is kept.

        Raises:
            StoreError: It is not there any more.
        """
        path = self.directory / Path(kept).name
        with _failing(path), path.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def remove(self, kept: Iterable[str]) -> None:
        """Removes what is kept, for good; what is gone already is no error."""
        with self._mutex:
            for name in kept:
                self._forget(Path(name).name)

    def _make_room(self, owner: _Owner, contents: list[Keeping], most_bytes: int) -> list[Keeping]:
        """Removes what was kept first of a folder of a service, until contents have room.

        Returns:
            Those that have room beside the younger ones among them.
        """
        room = most_bytes
        fitting: list[Keeping] = []
        for keeping in reversed(contents):
            if keeping.size > room:
                break
            room -= keeping.size
            fitting.append(keeping)
        with self._mutex, _failing(self.directory):
            kept = sorted(
                (name, held)
                for name, (origin, held) in self._load().items()
                if (origin.service, origin.folder) == owner
            )
            room -= sum(held for _, held in kept)
            for name, held in kept:
                if room >= 0:
                    break
                room += held
                self._forget(name)
        return fitting[::-1]

    def _flush(self, contents: list[Keeping]) -> None:
        with ThreadPoolExecutor(_FLUSHES) as flushing:
            for _ in flushing.map(Keeping.finish, contents):
                pass
        directory = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _load(self) -> dict[str, tuple[Origin, int]]:
        if self._known is None:
            self._known = _read(self.directory)
        return self._known

    def _forget(self, name: str) -> None:
        path = self.directory / name
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)
        self._load().pop(name, None)


class Keeping:
    """One content on its way into the trash: written piece by piece, then kept or discarded.

    Args:
        origin: What it was.
        path: The file it becomes.
    """

    def __init__(self, origin: Origin, path: Path) -> None:
        self.path = path
        self.size = 0
        self.origin = origin
        self._staged = path.with_suffix(_STAGED)
        self._file: BinaryIO = self._staged.open("xb")

    def write(self, piece: bytes) -> None:
        """Adds bytes.

        Raises:
            StoreError: The disk does not take them.
        """
        with _failing(self._staged):
            self._file.write(piece)
            self.size += len(piece)

    def describe(self, digest: bytes) -> None:
        """Says what the digest of all that was written is."""
        self.origin = msgspec.structs.replace(self.origin, digest=digest.hex())

    def finish(self) -> None:
        """Makes it durable under its name, once the directory is so."""
        with self.path.with_suffix(".json").open("wb") as file:
            file.write(msgspec.json.encode(self.origin))
            file.flush()
            os.fsync(file.fileno())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._staged.rename(self.path)

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


def _read(directory: Path) -> dict[str, tuple[Origin, int]]:
    """Returns what lies in a trash: name to what it is, and its size. What says nothing of its origin is left out."""
    found: dict[str, tuple[Origin, int]] = {}
    if not directory.is_dir():
        return found
    for path in directory.glob("*.json"):
        try:
            origin = msgspec.json.decode(path.read_bytes(), type=Origin)
            content = path.with_suffix("")
            found[content.name] = (origin, content.stat().st_size)
        except (OSError, msgspec.MsgspecError):
            continue
    return found


def _is_at(path: str, found: str) -> bool:
    return path in ("", found) or found.startswith(f"{path}/")
