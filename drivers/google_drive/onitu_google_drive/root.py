"""The root of one folder in Drive: finds what is at a path, and looks at it. Changes nothing.

The first look at a directory lists it; after that its entries are known, and the log of changes keeps them so.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from onitu.plug import Absent, NotFound, RevisionMismatch, RootState, Unavailable

from .api import of_drive, quoted
from .items import FIELDS, item_of
from .tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from onitu.plug import Inadmissible, Present

    from .api import Api
    from .exports import Exports
    from .items import Item

_TOGETHER: Final = 40
"""Folders that are listed by one query."""

_FRESH: Final = 1.0
"""Seconds for which what the log of changes said is new enough for a listing."""

_LOG_FIELDS: Final = f"nextPageToken,newStartPageToken,changes(fileId,removed,file({FIELDS}))"


class Root:
    """A folder's root. May be used from any thread.

    Args:
        api: The account.
        root: The folder of Drive.
        drive: Id of the shared drive, or None.
        exports: What Google's documents are shown as.
        folder: Name of the folder.

    Attributes:
        api: The same.
        folder: The same.
        exports: The same.
        tree: What is known.
    """

    def __init__(self, api: Api, root: str, drive: str | None, exports: Exports, folder: str) -> None:
        self.api = api
        self.folder = folder
        self.exports = exports
        self.tree = Tree(root, exports.name_of)
        self._drive = drive
        self._place = ""
        self._read = float("-inf")
        self._reading = threading.Lock()
        self._touched: set[str] = set()
        self._is_whole = False

    # The root itself.

    def state(self) -> tuple[RootState, str]:
        """Looks whether the root is there, and says what is wrong."""
        try:
            item = self.api.get(self.tree.root)
        except NotFound:
            return RootState.MISSING, "the folder is not in Drive any more, or nobody may see it"
        if item.trashed:
            return RootState.MISSING, f"the folder {item.name!r} is in Drive's trash: take it out there"
        return RootState.OK, ""

    def require(self) -> None:
        """Makes sure that the root is there.

        Raises:
            Unavailable: It is not.
        """
        state, reason = self.state()
        if state is not RootState.OK:
            raise Unavailable(reason)

    # Directories.

    @property
    def is_whole(self) -> bool:
        """Whether everything was listed, so that the log tells all there is to know."""
        return self._is_whole

    def load_all(self) -> None:
        """Lists everything."""
        self.load(self.tree.root, deep=True)
        self._is_whole = True

    def load(self, folder: str, *, deep: bool) -> None:
        """Lists a folder.

        Args:
            folder: Its id.
            deep: With everything below it.
        """
        pending = [folder]
        while pending:
            together, pending = pending[:_TOGETHER], pending[_TOGETHER:]
            found = self._list(together)
            if deep:
                pending += [item.id for item in found if item.is_folder]

    def _list(self, folders: Sequence[str]) -> list[Item]:
        since = self.tree.stamp
        condition = " or ".join(f"{quoted(one)} in parents" for one in folders)
        found = list(self.api.list_all(f"({condition}) and trashed = false", self._drive))
        with self.tree.mutex:
            for item in found:
                self.tree.put(item)
            for folder in folders:
                self.tree.note_listed(folder, [item.id for item in found if item.parent == folder], since)
        return found

    def find(self, path: str) -> str | None:
        """Returns the id of what is at a path; folders on the way that nobody has looked at are listed."""
        place = ""
        for name in path.split("/") if path else ():
            above = self.tree.find(place)
            if above is None:
                return None
            if not self.tree.is_listed(above):
                self.load(above, deep=False)
            place = f"{place}/{name}" if place else name
        return self.tree.find(path)

    def folder_above(self, path: str) -> str:
        """Returns the id of the directory that something is to lie in.

        Raises:
            NotFound: It is not there.
        """
        above = path.rpartition("/")[0]
        found = self.find(above)
        item = None if found is None else self.tree.get(found)
        if found is None or (item is not None and not item.is_folder):
            raise NotFound(f"{above}: there is no such directory")
        return found

    def entries(self, path: str) -> Iterator[tuple[str, Present | Inadmissible]]:
        """Yields the entries of a directory.

        Raises:
            NotFound: There is none.
            Unavailable: The root is not there.
        """
        self.follow()
        if not path:
            self.require()
        found = self.find(path)
        item = None if found is None else self.tree.get(found)
        if found is None or (item is not None and not item.is_folder):
            raise NotFound(f"{path}: there is no such directory")
        if not self.tree.is_listed(found):
            self.load(found, deep=False)
        with self.tree.mutex:
            children = self.tree.children(found)
            for _, child in children:
                self.tree.tell(child.id)
        for name, child in children:
            yield name, self.exports.state_of(self, child, f"{path}/{name}" if path else name)

    # Single entries.

    def look(self, path: str) -> Item | None:
        """Returns what is at a path now, or None where nothing is."""
        known = self.find(path)
        if known is not None:
            self._look_at(known)
            if self.tree.find(path) == known:
                return self.tree.get(known)
        return self._search(path)

    def _look_at(self, file_id: str) -> None:
        try:
            self.tree.put(self.api.get(file_id))
        except NotFound:
            self.tree.remove(file_id, 0)

    def _search(self, path: str) -> Item | None:
        """Looks by name, as for what has come since the directory was listed."""
        above, _, name = path.rpartition("/")
        folder = self.find(above)
        if folder is None:
            return None
        condition = f"{quoted(folder)} in parents and name = {quoted(name)} and trashed = false"
        for item in list(self.api.list_all(condition, self._drive)):
            self.tree.put(item)
        found = self.tree.find(path)
        return None if found is None else self.tree.get(found)

    def observe(self, path: str) -> Present | Inadmissible | Absent:
        """Returns what is at a path."""
        item = self.look(path)
        if item is None:
            return Absent()
        self.tree.tell(item.id)
        return self.exports.state_of(self, item, path)

    def expect(self, path: str, revision: str) -> Item:
        """Returns the file or folder that is expected at a path.

        Raises:
            RevisionMismatch: Something else is there, or nothing.
        """
        item = self.look(path)
        if item is not None and item.is_document:
            self.exports.refuse(item, path)
        if item is None or (("directory" if item.is_folder else item.head) != revision):
            raise RevisionMismatch(f"{path}: another revision is there, or nothing")
        return item

    def expect_free(self, path: str) -> None:
        """Makes sure that nothing is at a path.

        Raises:
            RevisionMismatch: Something is.
        """
        if self._search(path) is not None:
            raise RevisionMismatch(f"{path}: something is there already")

    def inside(self, folder: str, *, trashed: bool) -> list[Item]:
        """Looks at what lies in a folder now, but for what was thrown away itself.

        Args:
            folder: Its id.
            trashed: Whether it is in the trash, and all that lies in it with it.
        """
        condition = f"{quoted(folder)} in parents and trashed = {'true' if trashed else 'false'}"
        return [item for item in self.api.list_all(condition, self._drive) if not item.discarded]

    # What has changed.

    def begin(self, place: str = "") -> None:
        """Begins to read the log of changes, at this moment or at a place in it."""
        query = {"supportsAllDrives": "true", **of_drive(self._drive)}
        query.pop("includeItemsFromAllDrives", None)
        answer = {} if place else self.api.ask("GET", "changes/startPageToken", about="the log of changes", query=query)
        with self._reading:
            self._place = place or str(answer["startPageToken"])
            self._read = time.monotonic()

    def follow(self, fresh: float = _FRESH) -> None:
        """Reads what has changed, unless that was done just now, or nobody has begun to.

        Args:
            fresh: Seconds that count as just now.

        Raises:
            CursorExpired: The place is no longer good: changes are missed, and everything is to be listed again.
        """
        with self._reading:
            if not self._place or time.monotonic() - self._read < fresh:
                return
            self._read = time.monotonic()
            query: dict[str, object] = {
                "pageSize": 1_000,
                "fields": _LOG_FIELDS,
                "supportsAllDrives": "true",
                **of_drive(self._drive),
            }
            while True:
                query["pageToken"] = self._place
                page = self.api.ask("GET", "changes", about="the log of changes", query=query)
                for change in page.get("changes", ()):
                    self._take(change)
                self._place = str(page.get("nextPageToken") or page["newStartPageToken"])
                if "nextPageToken" not in page:
                    return

    def _take(self, change: dict[str, object]) -> None:
        file_id = str(change.get("fileId", ""))
        resource = change.get("file")
        with self.tree.mutex:
            known = self.tree.knows(file_id) or self.tree.told_folder(file_id) is not None
            if isinstance(resource, dict) and not change.get("removed"):
                self.tree.put(item_of(resource))
            else:
                self.tree.remove(file_id, 0)
            if known or self.tree.knows(file_id) or not self.is_whole:
                self._touched.add(file_id)

    def take_touched(self) -> tuple[str, set[str]]:
        """Returns the place in the log up to which it was read, and the files that it has named since the last time."""
        with self._reading:
            touched, self._touched = self._touched, set()
            return self._place, touched

    def touch(self, file_id: str) -> None:
        """Has a file named once more."""
        with self._reading:
            self._touched.add(file_id)
