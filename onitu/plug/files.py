"""The root of a folder on a service of files and directories that promises little: WebDAV, FTP.

`Files` is what a driver of such a service knows to do; here is where a folder lies in it, what is looked at, and what
is made sure of first. Nothing is changed here: that is `renames`.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final, Protocol

from onitu.core.model import Absent, Kind, Present
from onitu.errors import DriverError, NotFound, OutcomeUnknown, RevisionMismatch, Unavailable
from onitu.plug.marker import AREA, NAME
from onitu.plug.trash import STAGING, TRASH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onitu.plug.values import Metadata

DIRECTORY: Final = Present(kind=Kind.DIRECTORY, revision="directory")
"""What every directory is observed as: its revision tells nothing of what is in it."""

_MOST_DIRECTORIES: Final = 10_000
"""How many are remembered; what is forgotten is looked up."""

_PATIENCE: Final = 120.0
"""Seconds that a look waits for a file to be replaced."""


class Files(Protocol):
    """A service of files. Paths are below the service's root, which is "". A failure is an error of the contract."""

    @property
    def exclusive(self) -> bool:
        """Whether a rename is refused with `RevisionMismatch` where something is already."""

    @property
    def lists_all(self) -> bool:
        """Whether a directory that is listed as empty is, or the service removes none that is not."""

    @property
    def tells_all(self) -> bool:
        """Whether a listing tells of each file what a look at it does, and costs one request."""

    @property
    def makes_above(self) -> bool:
        """Whether it makes the directories in which something is put, instead of refusing that."""

    def describe(self, path: str) -> str:
        """Says, for a person, where a directory is."""

    def look(self, path: str) -> Present | None:
        """Returns what is at a path, or None where that is surely nothing."""

    def is_free(self, path: str) -> bool:
        """Whether nothing is at a path, as far as can be said at once: less is at stake than with `look`."""

    def children(self, path: str) -> Iterator[tuple[str, Present]]:
        """Yields the entries of a directory; `NotFound` where there is none."""

    def put(self, path: str, content: bytes | IO[bytes], metadata: Metadata | None) -> None:
        """Writes a file in place of whatever is there, with what travels along."""

    def get(self, path: str) -> bytes:
        """Returns a small file."""

    def read(self, path: str, revision: str, offset: int, size: int) -> bytes:
        """Returns up to so many bytes from an offset; fewer only at the end."""

    def move(self, path: str, destination: str, *, directory: bool = False) -> None:
        """Renames an entry to where nothing is; `NotFound` where it, or the directory it goes to, is not there."""

    def make_directory(self, path: str) -> None:
        """Makes a directory where nothing is, in one that is there."""

    def delete(self, path: str, *, directory: bool = False) -> None:
        """Removes a file, or a directory that was seen to be empty; that nothing is there is fine."""


class FilesRoot:
    """A folder's root.

    Args:
        files: The service.
        path: The root below the service's, "" where it is that.
        marked: Whether the root has a marker.
    """

    def __init__(self, files: Files, path: str, *, marked: bool) -> None:
        self.files = files
        self.path = path
        self.marked = marked
        self._mutex = threading.Lock()
        self._directories: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._replacing: dict[str, threading.Event] = {}
        self._replaced: dict[str, int] = {}
        self._count = 0

    def at(self, path: str) -> str:
        """Returns a path of the folder as one below the service's root."""
        return f"{self.path}/{path}" if self.path and path else self.path or path

    @property
    def staging(self) -> str:
        """Where what is not whole yet lies."""
        return self.at(STAGING)

    @property
    def trash(self) -> str:
        """Where what was replaced or deleted lies."""
        return self.at(TRASH)

    def observe(self, path: str) -> Present | Absent:
        """Returns what is at a path. One that is being replaced is looked at when that is done."""
        while True:
            began = self._wait_replaced(path)
            found = self.files.look(self.at(path))
            if found is not None:
                return found
            if not self._was_replaced(path, since=began):
                self.require_marker()
                return Absent()

    @contextmanager
    def replacing(self, path: str) -> Iterator[None]:
        """Notes that for a moment nothing is at a path that is there before and after."""
        done = threading.Event()
        with self._mutex:
            self._replacing[path] = done
        try:
            yield
        finally:
            with self._mutex:
                self._count += 1
                self._replaced.pop(path, None)
                self._replaced[path] = self._count
                if len(self._replaced) > _MOST_DIRECTORIES:
                    del self._replaced[next(iter(self._replaced))]
                if self._replacing.get(path) is done:
                    del self._replacing[path]
            done.set()

    def _wait_replaced(self, path: str) -> int:
        """Waits until a path is not being replaced, and returns how many have been by then."""
        with self._mutex:
            under_way = self._replacing.get(path)
        if under_way is not None:
            under_way.wait(_PATIENCE)
        return self._count

    def _was_replaced(self, path: str, *, since: int) -> bool:
        with self._mutex:
            return path in self._replacing or self._replaced.get(path, 0) > since

    def entries(self, path: str) -> Iterator[tuple[str, Present]]:
        """Yields the entries of a directory.

        Raises:
            NotFound: There is none.
            Unavailable: The root has lost its marker, or the listing breaks off.
        """
        seen_area, count = False, 0
        for name, state in self.files.children(self.at(path)):
            seen_area = seen_area or name == AREA
            count += 1
            yield name, state
        self.note_size(self.at(path), count)
        if path:
            self.remember(path, there=True)
        elif not seen_area:
            self.require_marker()  # Some servers list no names that begin with a dot.

    def require_marker(self) -> None:
        """Makes sure that the root is the one it was: one that was emptied is not a folder with nothing in it.

        Raises:
            Unavailable: It has lost its marker.
        """
        if self.marked and self.files.look(self.at(NAME)) is None:
            raise Unavailable(f"{self.files.describe(self.path)} does not have its marker {NAME} any more")

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Makes sure that what is put into the root is: a service might make a root that has gone anew, in its place.

        Raises:
            Unavailable: The root was gone, and nothing was done.
            OutcomeUnknown: It is gone afterwards.
        """
        if not self.files.makes_above:
            yield
            return
        self.require_marker()
        yield
        try:
            self.require_marker()
        except DriverError as error:
            raise OutcomeUnknown(f"nobody knows where it was put: {error}") from error

    def remember(self, path: str, *, there: bool) -> None:
        """Notes whether a directory is there."""
        with self._mutex:
            if len(self._directories) >= _MOST_DIRECTORIES:
                self._directories.clear()
            self._directories.add(path) if there else self._directories.discard(path)

    def note_size(self, place: str, entries: int) -> None:
        """Notes how many entries a directory of the service was seen to have."""
        with self._mutex:
            if len(self._sizes) >= _MOST_DIRECTORIES:
                self._sizes.clear()
            self._sizes[place] = entries

    def is_large(self, place: str, entries: int) -> bool:
        """Whether a directory of the service had more entries than so many when it was last seen."""
        return self._sizes.get(place, 0) > entries

    def require_above(self, path: str) -> None:
        """Makes sure that the directory is there in which something is to be: some servers would make it.

        Raises:
            NotFound: It is not.
        """
        above = path.rpartition("/")[0]
        if not above or above in self._directories:
            return
        found = self.files.look(self.at(above))
        if found is None or found.kind is not Kind.DIRECTORY:
            raise NotFound(f"{above}: there is no such directory")
        self.remember(above, there=True)

    def require(self, path: str, revision: str) -> Present:
        """Returns what is expected at a path.

        Raises:
            RevisionMismatch: Something else is there, or nothing.
        """
        found = self.files.look(self.at(path))
        if found is None or found.revision != revision:
            raise RevisionMismatch(f"{path}: another revision is there, or nothing")
        return found

    def require_free(self, path: str) -> None:
        """Makes sure that nothing is at a path.

        Raises:
            RevisionMismatch: Something is.
        """
        if not self.files.is_free(self.at(path)):
            raise RevisionMismatch(f"{path}: something is there already")


class FilesPlace:
    """The root of a folder and what lies above it, as `roots` looks at them.

    Args:
        files: The service.
    """

    def __init__(self, files: Files) -> None:
        self._files = files

    def describe(self, path: str) -> str:
        """Says where it is."""
        return self._files.describe(_below_root(path))

    def is_there(self, path: str) -> bool:
        """Whether it is there."""
        found = self._files.look(_below_root(path))
        return found is not None and found.kind is Kind.DIRECTORY

    def is_empty(self, path: str) -> bool:
        """Whether nothing is in it but what is Onitu's own."""
        return all(name == AREA for name, _ in self._files.children(_below_root(path)))

    def make(self, path: str) -> None:
        """Makes it, and those above it. The service's root itself must be there."""
        if path == ".":
            raise NotFound(f"{self.describe(path)}: is not there")
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            above = "/".join(parts[:depth])
            if not self.is_there(above):
                self._files.make_directory(above)

    def read(self, path: str) -> bytes | None:
        """Returns the content of a small file."""
        try:
            return self._files.get(path)
        except NotFound:
            return None

    def write(self, path: str, content: bytes) -> None:
        """Writes a small file, and makes what is above it; one that is there is replaced."""
        above = path.rpartition("/")[0]
        if above and not self.is_there(above):
            self.make(above)
        staged = f"{path}.new"
        self._files.put(staged, content, None)
        self._files.delete(path)
        self._files.move(staged, path)


def _below_root(path: str) -> str:
    return "" if path == "." else path
