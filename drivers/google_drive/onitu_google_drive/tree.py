"""What is known of a folder in Drive: what lies where, under which names, and what the core was last told of each.

Drive knows files by id and by the folder that they lie in; Onitu knows paths. Here one is made of the other. Nothing is
asked here: what was seen is put in, newest last by the file's own `version`, whatever the order in which it is seen.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from .names import shown_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .items import Item

_MOST_GONE: Final = 10_000
"""How many files that are gone are remembered, so that an old look at one does not bring it back."""


class Tree:
    """What is known of one folder. May be used from any thread.

    Args:
        root: Its id.
        name_of: Returns the name that an item would be shown under if it were the only one.

    Attributes:
        root: The same.
        mutex: Held for several looks that belong together.
    """

    def __init__(self, root: str, name_of: Callable[[Item], str]) -> None:
        self.root = root
        self.mutex = threading.RLock()
        self._name_of = name_of
        self._items: dict[str, Item] = {}
        self._children: dict[str, set[str]] = {root: set()}
        self._names: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
        self._listed: set[str] = set()
        self._gone: dict[str, int] = {}
        self._told: dict[str, tuple[str, str]] = {}
        self._stamps: dict[str, int] = {}
        self._stamp = 0

    # Looking.

    def get(self, file_id: str) -> Item | None:
        """Returns a file that lies here."""
        return self._items.get(file_id)

    def knows(self, file_id: str) -> bool:
        """Whether something lies here, or is the root."""
        return file_id == self.root or file_id in self._items

    def is_listed(self, folder: str) -> bool:
        """Whether all that lies in a folder is known."""
        return folder in self._listed

    def find(self, path: str) -> str | None:
        """Returns the id of what is at a path, as far as is known."""
        with self.mutex:
            place = self.root
            for name in path.split("/") if path else ():
                found = self._shown(place)[1].get(name)
                if found is None:
                    return None
                place = found
            return place

    def path_of(self, file_id: str) -> str | None:
        """Returns the path of something, or None where it does not lie here."""
        with self.mutex:
            parts: list[str] = []
            while file_id != self.root:
                item = self._items.get(file_id)
                if item is None:
                    return None
                parts.append(self._shown(item.parent)[0][file_id])
                file_id = item.parent
            return "/".join(reversed(parts))

    def children(self, folder: str) -> list[tuple[str, Item]]:
        """Returns what lies in a folder, with the names that it is shown under."""
        with self.mutex:
            return [(name, self._items[one]) for one, name in self._shown(folder)[0].items()]

    def shown_as(self, item: Item) -> str:
        """Returns the name that something here is shown under."""
        with self.mutex:
            return self._shown(item.parent)[0][item.id]

    def _shown(self, folder: str) -> tuple[dict[str, str], dict[str, str]]:
        """Returns the names of what lies in a folder by id, and the ids by name."""
        known = self._names.get(folder)
        if known is None:
            items = [self._items[one] for one in self._children.get(folder, ())]
            names = shown_names((item, self._name_of(item)) for item in items)
            known = self._names[folder] = (names, {name: one for one, name in names.items()})
        return known

    # Taking in what was seen.

    def put(self, item: Item) -> None:
        """Takes in what was seen of a file, unless something newer is known."""
        with self.mutex:
            before = self._items.get(item.id)
            if item.version < max(self._gone.get(item.id, 0), before.version if before is not None else 0):
                return
            if item.trashed or not self.knows(item.parent) or item.id == self.root:
                if before is not None or item.trashed:
                    self.remove(item.id, item.version)
                return
            if before is not None and before.parent != item.parent:
                self._children[before.parent].discard(item.id)
                self._names.pop(before.parent, None)
            self._gone.pop(item.id, None)
            self._items[item.id] = item
            self._children.setdefault(item.parent, set()).add(item.id)
            self._names.pop(item.parent, None)
            self._stamp += 1
            self._stamps[item.id] = self._stamp

    def remove(self, file_id: str, version: int) -> None:
        """Takes in that a file, with all below it, does not lie here any more.

        Args:
            file_id: Which.
            version: What was seen of it then.
        """
        with self.mutex:
            self._gone[file_id] = max(version, self._gone.pop(file_id, 0))
            if len(self._gone) > _MOST_GONE:
                del self._gone[next(iter(self._gone))]
            for inner in list(self._children.get(file_id, ())):
                self._forget(inner)
            self._forget(file_id)

    def _forget(self, file_id: str) -> None:
        for inner in self._children.pop(file_id, set()):
            self._forget(inner)
        item = self._items.pop(file_id, None)
        if item is not None:
            self._children.get(item.parent, set()).discard(file_id)
            self._names.pop(item.parent, None)
        self._names.pop(file_id, None)
        self._listed.discard(file_id)
        self._stamps.pop(file_id, None)

    @property
    def stamp(self) -> int:
        """Grows with everything that is taken in."""
        return self._stamp

    def note_listed(self, folder: str, found: Iterable[str], since: int) -> None:
        """Takes in that a folder was listed whole.

        Args:
            folder: Which.
            found: Ids of what lies in it.
            since: The `stamp` when the listing began: what has come in since then need not be in it.
        """
        with self.mutex:
            if not self.knows(folder):
                return
            for one in self._children.setdefault(folder, set()) - set(found):
                if self._stamps[one] <= since:
                    self.remove(one, 0)
            self._listed.add(folder)

    def unlist(self) -> None:
        """Forgets that folders were listed: changes were missed."""
        with self.mutex:
            self._listed.clear()

    # What the core knows.

    def tell(self, file_id: str) -> None:
        """Notes that the core is told where something lies."""
        with self.mutex:
            item = self._items.get(file_id)
            if item is not None:
                self._told[file_id] = (item.parent, self._shown(item.parent)[0][file_id])

    def untell(self, file_id: str) -> None:
        """Notes that the core is told that something is gone."""
        with self.mutex:
            self._told.pop(file_id, None)

    def is_told(self, file_id: str) -> bool:
        """Whether the core was told where something lies, and it lies there."""
        with self.mutex:
            item = self._items.get(file_id)
            return item is not None and self._told.get(file_id) == (
                item.parent,
                self._shown(item.parent)[0][file_id],
            )

    def told_path(self, file_id: str) -> str | None:
        """Returns where the core takes something to lie."""
        with self.mutex:
            parts: list[str] = []
            while file_id != self.root:
                told = self._told.get(file_id)
                if told is None:
                    return None
                file_id, name = told
                parts.append(name)
            return "/".join(reversed(parts))

    def told_folder(self, file_id: str) -> str | None:
        """Returns the id of the folder in which the core takes something to lie."""
        told = self._told.get(file_id)
        return None if told is None else told[0]

    def shown_otherwise(self, folder: str) -> list[str]:
        """Returns what lies in a folder under another name than the core was told."""
        with self.mutex:
            names = self._shown(folder)[0]
            return [one for one in names if one in self._told and self._told[one] != (folder, names[one])]
