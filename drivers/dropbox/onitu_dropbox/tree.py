"""A folder in Dropbox as it was listed: everything below it in a few requests, and a cursor for what comes after.

What was listed is kept only until the snapshot has taken it, directory by directory; what changes meanwhile is dropped,
and that directory listed by itself. What stays in memory are the names of the directories: of a path that Dropbox shows
only the last part is sure to be spelled as it is there.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from onitu.plug import Inadmissible, Kind, Present

from .entries import DIRECTORY, key_of, state_of, tag_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .api import Api

State = Present | Inadmissible

_FRESH: Final = 10.0
"""Seconds that a listing is good to begin a snapshot with: it comes with the cursor for what changed since."""


class Tree:
    """What is known of a folder. May be used from any thread.

    Args:
        api: Where to ask.
        path: Of the folder, as Dropbox has it: "" or beginning with "/".
    """

    def __init__(self, api: Api, path: str) -> None:
        self._api = api
        self._path = path
        self._key = key_of(path)
        self._mutex = threading.Lock()
        self._names: dict[str, str] = {"": ""}
        self._listed: dict[str, dict[str, tuple[str, State]]] = {}
        self._cursor = ""
        self._has_more = False
        self._began = 0.0

    # Paths.

    def key(self, entry: dict[str, Any]) -> str | None:
        """Returns what the path of an entry is compared by, relative to the folder; None where it lies elsewhere."""
        key = key_of(str(entry.get("path_display") or entry.get("path_lower") or ""))
        if key == self._key:
            return ""
        return key[len(self._key) + 1 :] if key.startswith(f"{self._key}/") else None

    def path(self, key: str, name: str) -> str:
        """Returns the path of an entry in a directory, spelled as it is there as far as known."""
        above = self.name_of(key.rpartition("/")[0])
        return f"{above}/{name}" if above else name

    def name_of(self, key: str) -> str:
        """Returns the path of a directory as it is spelled; where it is not known, as it is compared."""
        with self._mutex:
            return self._names.get(key, key)

    def knows(self, path: str) -> bool:
        """Whether a directory is known to be at a path."""
        with self._mutex:
            return key_of(path) in self._names

    def remember(self, path: str, *, there: bool) -> None:
        """Notes whether a directory is at a path; where none is, there is none below it."""
        key = key_of(path)
        with self._mutex:
            if there:
                self._names[key] = path
                return
            if key in self._names:
                for one in [one for one in self._names if one == key or one.startswith(f"{key}/")]:
                    del self._names[one]

    # Listing.

    def begin(self) -> dict[str, Any] | None:
        """Begins to list everything, with the first page, and returns what is said of the folder itself.

        Raises:
            NotFound: There is no such folder.
        """
        argument = {"path": self._path, "recursive": True}
        began = time.monotonic()
        page = self._api.ask("files/list_folder", argument, about=self._path or "/")
        with self._mutex:
            self._listed, self._began = {"": {}}, began
        return self._take(page)

    def complete(self) -> Iterator[None]:
        """Lists what is left, a page at each step."""
        while self._has_more:
            self._take(self._api.ask("files/list_folder/continue", {"cursor": self._cursor}, about=self._path or "/"))
            yield

    @property
    def is_fresh(self) -> bool:
        """Whether a listing has begun that nobody has taken anything of."""
        with self._mutex:
            return bool(self._listed) and time.monotonic() - self._began < _FRESH

    @property
    def cursor(self) -> str:
        """Where the changes after the listing begin."""
        return self._cursor

    def take(self, path: str) -> list[tuple[str, State]] | None:
        """Returns the entries of a directory that was listed, once; None where it has to be listed by itself."""
        with self._mutex:
            found = self._listed.pop(key_of(path), None)
        if found is None:
            return None
        for name, state in found.values():
            if isinstance(state, Present) and state.kind is Kind.DIRECTORY:
                self.remember(f"{path}/{name}" if path else name, there=True)
        return list(found.values())

    def drop(self, path: str) -> None:
        """Forgets what was listed of the directory that something changes in, and of what lies below that."""
        key = key_of(path)
        with self._mutex:
            if not self._listed:
                return
            self._listed.pop(key.rpartition("/")[0], None)
            for one in [one for one in self._listed if one == key or one.startswith(f"{key}/")]:
                del self._listed[one]

    def _take(self, page: dict[str, Any]) -> dict[str, Any] | None:
        own = None
        with self._mutex:
            self._cursor, self._has_more = str(page["cursor"]), bool(page["has_more"])
            for entry in page["entries"]:
                key = self.key(entry)
                if key == "":
                    own = entry
                elif key is not None and tag_of(entry) != "deleted":
                    self._put(key, entry)
        return own

    def _put(self, key: str, entry: dict[str, Any]) -> None:
        above, _, last = key.rpartition("/")
        self._make(above, str(entry.get("path_display") or key))
        state = state_of(entry)
        self._listed[above][last] = (str(entry["name"]), state)
        if isinstance(state, Present) and state.kind is Kind.DIRECTORY:
            self._listed.setdefault(key, {})

    def _make(self, key: str, shown: str) -> None:
        """Adds the directories that an entry lies in, which may not have been listed before it."""
        while key and key not in self._listed:
            self._listed[key] = {}
            shown = shown.rpartition("/")[0]
            above, _, last = key.rpartition("/")
            name = shown.rpartition("/")[2] or last
            self._listed.setdefault(above, {}).setdefault(
                last, (name, Present(kind=Kind.DIRECTORY, revision=DIRECTORY))
            )
            key = above
