"""The root of one folder in a bucket: keys of paths, what is known of its directories, and looking at one entry.

It asks before it is changed, and changes nothing but marks of directories.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from onitu.plug import Absent, Inadmissible, NotFound, Present, RevisionMismatch, Unavailable
from onitu.plug.marker import AREA, NAME
from onitu.plug.nearby import Nearby

from .entries import DIRECTORY, Head, check_key, head_of, quoted

if TYPE_CHECKING:
    from onitu.plug import Metadata

    from .bucket import Bucket
    from .probe import Conditions

_MOST_DIRECTORIES: Final = 10_000
"""How many are remembered: what is forgotten is looked up."""


class Root:
    """A folder's root.

    Args:
        bucket: The bucket.
        prefix: What all its keys begin with; it ends in "/", or is "".
        conditions: What the store keeps.
        marked: Whether it has a marker.
        attributes: Whether objects are looked up for what a listing does not show.
    """

    def __init__(
        self, bucket: Bucket, prefix: str, conditions: Conditions, *, marked: bool, attributes: bool = True
    ) -> None:
        self.bucket = bucket
        self.prefix = prefix
        self.conditions = conditions
        self.marked = marked
        self.attributes = attributes
        self._mutex = threading.Lock()
        self._directories: set[str] = set()
        self._with_mark: set[str] = set()
        self._nearby = Nearby(self._directories_in)

    def key(self, path: str) -> str:
        """Returns the key of a file."""
        return check_key(self.prefix + path)

    def below(self, path: str) -> str:
        """Returns what the keys below a directory begin with, which is also the key of its mark."""
        return check_key(f"{self.prefix}{path}/") if path else self.prefix

    # Looking.

    def look(self, path: str) -> Head | None:
        """Returns the object of a file, or None where none is.

        Raises:
            DriverError: It could not be seen.
        """
        try:
            answer = self.bucket.ask("HEAD", self.key(path))
        except NotFound:
            return None
        return head_of(answer.headers, md5=self.conditions.md5)

    def observe(self, path: str) -> Present | Absent | Inadmissible:
        """Returns what is at a path. Where an object has the name of a directory, the directory is there."""
        if self.is_directory(path):
            return DIRECTORY
        head = self.look(path)
        if head is not None:
            return head.state
        self.require_marker()
        return Absent()

    def is_directory(self, path: str) -> bool:
        """Whether a directory is at a path: its mark, or anything below it."""
        below = self.below(path)
        page = self.bucket.list_page(below, most=1, deep=True)
        there = bool(page.objects)
        self.remember(path, there=there, mark=there and page.objects[0].key == below)
        return there

    def _directories_in(self, path: str) -> set[str] | None:
        """Returns the names of the directories in a directory, or None where a page does not hold them."""
        below = self.below(path)
        page = self.bucket.list_page(below)
        return None if page.next is not None else {prefix[len(below) : -1] for prefix in page.prefixes}

    def require_marker(self) -> None:
        """Makes sure that the root is the one it was: one that was emptied is not a folder with nothing in it.

        Raises:
            Unavailable: It has lost its marker.
        """
        if not self.marked:
            return
        try:
            self.bucket.ask("HEAD", self.prefix + NAME)
        except NotFound as error:
            raise Unavailable(f"{self.where} does not have its marker {NAME} any more") from error

    @property
    def where(self) -> str:
        """The root, for a person."""
        return f"{self.prefix or '/'!r} in the bucket {self.bucket.name!r}"

    @property
    def area(self) -> str:
        """What the keys begin with of what Onitu keeps here for itself."""
        return f"{self.prefix}{AREA}/"

    # Directories.

    def remember(self, path: str, *, there: bool, mark: bool = False) -> None:
        """Notes whether a directory is there, and whether it has a mark."""
        with self._mutex:
            if len(self._directories) >= _MOST_DIRECTORIES:
                self._directories.clear()
                self._with_mark.clear()
            for known, is_so in ((self._directories, there), (self._with_mark, there and mark)):
                known.add(path) if is_so else known.discard(path)
        if there:
            self._nearby.forget(path)

    def require_above(self, path: str) -> None:
        """Makes sure that the directory is there in which something is to be; without marks it is there with that.

        Raises:
            NotFound: It is not.
        """
        above = path.rpartition("/")[0]
        if above and self.conditions.marks and above not in self._directories and not self.is_directory(above):
            raise NotFound(f"{above}: there is no such directory")

    def keep_above(self, path: str) -> None:
        """Marks the directory that an entry is about to leave: it would be gone with the last one in it."""
        above = path.rpartition("/")[0]
        if above and self.conditions.marks and above not in self._with_mark:
            self.mark(above)

    def mark(self, path: str) -> None:
        """Writes the mark of a directory, which may be there already."""
        self.bucket.ask("PUT", self.below(path), repeat=True)
        self.remember(path, there=True, mark=True)

    # Expectations.

    def conditions_for(self, metadata: Metadata, *, in_parts: bool = False) -> dict[str, str]:
        """Returns the headers with which a write keeps its expectation; looks itself where the store does not.

        Args:
            metadata: What is written, and what is expected.
            in_parts: Whether it is the end of an upload in parts.

        Raises:
            RevisionMismatch: Something else is there.
            NotFound: The directory is not there.
        """
        path, kept = metadata.filename, self.conditions
        self.require_above(path)
        if metadata.expected is None:
            self.require_free(path, look=not (kept.complete if in_parts else kept.create))
            return {"If-None-Match": "*"}
        revision = quoted(metadata.expected)
        if not kept.replace or (in_parts and not kept.complete):
            self.require(path, metadata.expected)
        return {"If-Match": revision}

    def require_free(self, path: str, *, look: bool) -> None:
        """Makes sure that nothing is at a path.

        Args:
            path: Where.
            look: Whether for a file as well, which a store that keeps its conditions does itself.

        Raises:
            RevisionMismatch: Something is.
        """
        # Without marks a directory comes with any file: nobody notes when.
        away = not look and self.conditions.marks and self._nearby.is_none_at(path)
        if (not away and self.is_directory(path)) or (look and self.look(path) is not None):
            raise RevisionMismatch(f"{path}: something is there already")

    def require(self, path: str, revision: str) -> Head:
        """Returns the object of a file that is what is expected there.

        Raises:
            RevisionMismatch: It is not.
        """
        quoted(revision)
        head = self.look(path)
        if head is None or head.state.revision != revision:
            raise RevisionMismatch(f"{path}: another revision is there, or nothing")
        return head
