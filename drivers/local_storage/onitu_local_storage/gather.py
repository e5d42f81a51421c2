"""From events to places to look at.

An event only says where something happened. This module keeps, until it is asked, which places are to be looked at,
which entries were renamed, and which files somebody is still writing. Places are a directory's node and a name, so
that they stay right when a directory above them is renamed. It looks at a file only to tell whether it is being
written, and reports nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeAlias

from . import beneath, inotify, observe
from .inotify import Node, WatchLimitError, WatchTree

if TYPE_CHECKING:
    from collections.abc import Callable

    from .inotify import Event

QUIET: Final = 1.0
"""Seconds without a write after which a file that is still open is reported all the same."""

LINKED: Final = 0.1
"""The same for a file that had content when it appeared and was not written since: it was linked, not written here."""

PLACE_NOT_UTF8: Final = "the name is not UTF-8, so it cannot be written on other services: rename it"

Place: TypeAlias = tuple[Node, str]
_Half: TypeAlias = tuple[Node, str, Node | None]  # Where a rename began, and the directory's node if it is one.


class Gatherer:
    """What has happened below a root since it was last asked.

    Args:
        tree: The watched directories.
        root: Descriptor of the root.
        problem: Called with the printable path of what cannot be observed, and why.
        limit: Called when there are too few watches.

    Attributes:
        dirty: Places to look at, in the order in which they were touched.
        file_moves: New place to old place.
        directory_moves: Old path, new path and node, in the order in which they happened.
        rescans: Directories with content that no event has told of.
        lost: Events were lost: everything must be looked at.
        root_touched: Something happened to the root itself or to `.onitu`.
    """

    def __init__(
        self,
        tree: WatchTree,
        root: int,
        *,
        problem: Callable[[str, str], None],
        limit: Callable[[WatchLimitError], None],
    ) -> None:
        self.dirty: dict[Place, None] = {}
        self.file_moves: dict[Place, Place] = {}
        self.directory_moves: list[tuple[str, str, Node]] = []
        self.rescans: list[Node] = []
        self.lost = False
        self.root_touched = False
        self._tree = tree
        self._root = root
        self._problem = problem
        self._limit = limit
        self._created: dict[Place, None] = {}
        self._writing: dict[Place, float] = {}
        self._halves: dict[int, _Half] = {}

    def clear(self) -> None:
        """Forgets what was to be looked at; what is being written is still waited for."""
        self.dirty.clear()
        self.file_moves.clear()
        self.directory_moves.clear()
        self.rescans.clear()

    def start_over(self) -> None:
        """Forgets everything and watches everything anew."""
        self.clear()
        self._created.clear()
        self._writing.clear()
        self._halves.clear()
        self.lost = False
        try:
            self._tree.renew()
        except WatchLimitError as error:
            self._limit(error)

    def take_all(self) -> bool:
        """Takes all events there are, and tells whether a rename is only half told."""
        for event in self._tree.read():
            self._take(event)
        return bool(self._halves)

    def settle_halves(self) -> None:
        """Gives up waiting: what was renamed went where nothing is watched, and so did everything below it."""
        for node, name, moved in self._halves.values():
            self.dirty[node, name] = None
            if moved is not None:
                self._tree.remove(moved)
        self._halves.clear()

    def ripen(self, now: float) -> None:
        """Adds the files to what is to be looked at that nobody has written to for long enough."""
        if self._created:
            self._judge_created(now)
        if self._writing:
            for place in [place for place, due in self._writing.items() if due <= now]:
                del self._writing[place]
                self.dirty[place] = None

    def due(self) -> float | None:
        """Returns when there is something to `ripen`."""
        return min(self._writing.values()) if self._writing else None

    def _take(self, event: Event) -> None:
        mask = event.mask
        if mask & inotify.OVERFLOW:
            self.lost = True
            return
        if mask & inotify.IGNORED:
            self._tree.forget(event.watch)
            return
        node = self._tree.node(event.watch)
        if node is None:
            return
        if not event.name:
            self.root_touched = True  # Moved, deleted, unmounted: only of the root the kernel tells that.
            return
        name = self._name_of(event, node)
        if name is None:
            return
        if mask & inotify.IS_DIRECTORY:
            self._take_directory(mask, event.cookie, node, name)
        else:
            self._take_file(mask, event.cookie, (node, name))

    def _name_of(self, event: Event, node: Node) -> str | None:
        try:
            name = event.name.decode()
        except UnicodeDecodeError:
            if event.mask & (inotify.CREATE | inotify.MOVED_TO):
                self._problem(node.join(event.name.decode("utf-8", "backslashreplace")), PLACE_NOT_UTF8)
            return None
        if name == beneath.HIDDEN and node.parent is None:
            self.root_touched = True  # Whoever removes it takes the marker away, or the whole root.
            return None
        return name

    def _take_file(self, mask: int, cookie: int, place: Place) -> None:
        if mask & inotify.MODIFY:
            self._created.pop(place, None)
            self._writing[place] = time.monotonic() + QUIET
        elif mask & inotify.CREATE:
            self._created[place] = None
            self.file_moves.pop(place, None)
        elif mask & inotify.MOVED_FROM:
            self._halves[cookie] = (*place, None)
        elif mask & inotify.MOVED_TO:
            self._take_file_move(place, self._halves.pop(cookie, None))
        elif mask & inotify.ATTRIB and (place in self._writing or place in self._created):
            pass  # It will be looked at anyway.
        else:  # CLOSE_WRITE, DELETE, ATTRIB.
            self._look_at(place)

    def _take_file_move(self, place: Place, half: _Half | None) -> None:
        if half is None:
            self._look_at(place)
            return
        old = half[:2]
        self.dirty[old] = None
        if old in self._writing:
            # Renamed while it is being written, as browsers do: still to be waited for.
            self._writing[place] = self._writing.pop(old)
            return
        self._created.pop(old, None)
        self._look_at(place)
        self.file_moves[place] = self.file_moves.pop(old, old)

    def _look_at(self, place: Place) -> None:
        self._writing.pop(place, None)
        self._created.pop(place, None)
        self.dirty[place] = None

    def _take_directory(self, mask: int, cookie: int, node: Node, name: str) -> None:
        if mask & inotify.MOVED_FROM:
            self._halves[cookie] = (node, name, node.children.get(name))
            return
        half = self._halves.pop(cookie, None) if mask & inotify.MOVED_TO else None
        if half is not None:
            self.dirty[half[:2]] = None
        if half is not None and half[2] is not None:
            old_path = half[0].join(half[1])
            moved = self._tree.move(half[2], node, name)
            self.directory_moves.append((old_path, node.join(name), moved))
            self.dirty.pop((node, name), None)  # The move tells of it.
            return
        self.dirty[node, name] = None
        if mask & inotify.DELETE:
            child = node.children.get(name)
            if child is not None:
                self._tree.remove(child)
        elif mask & (inotify.CREATE | inotify.MOVED_TO):
            self._add(self._tree.make(node, name))

    def _add(self, node: Node) -> None:
        """Watches a new directory. What is in it already has had no events: it is to be listed."""
        try:
            if self._tree.add(node):
                self.rescans.append(node)
        except WatchLimitError as error:
            self._limit(error)
            self.rescans.append(node)

    def _judge_created(self, now: float) -> None:
        """Decides what a new entry is that has not been closed yet: most are about to be written."""
        for place in self._created:
            try:
                status = observe.status_beneath(self._root, place[0].join(place[1]))
            except OSError:
                self.dirty[place] = None
                continue
            if not observe.is_file(status) or status.st_nlink > 1:
                self.dirty[place] = None  # Nobody writes it: it was linked, or is nothing that is written.
            else:
                self._writing[place] = now + (LINKED if status.st_size else QUIET)
        self._created.clear()
