"""From events to places to look at.

An event only says where something happened. This module keeps, until it is asked, which places are to be looked at,
which entries were renamed, and which files somebody is still writing. Places are a directory's node and a name, so
that they stay right when a directory above them is renamed. It looks at a file only to tell whether it is being
written, and reports nothing.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, TypeAlias

from onitu.plug import Kind, Present

from . import beneath, inotify, observe, system
from .tree import ENOUGH, Node, WatchLimitError, WatchTree, is_utf8

if TYPE_CHECKING:
    from collections.abc import Callable

    from .inotify import Event

QUIET: Final = 1.0
"""Seconds without a write after which a file that is still open is reported all the same."""

LINKED: Final = 0.1
"""The same where it cannot be found out whether a file is open, and it had content when it was first looked at."""

FRESH: Final = 0.005
"""Seconds after which a new entry is looked at: a file's creation is told before its writer counts as one, and most
are closed by then."""

CALM: Final = 0.02
"""Seconds without an event after which the tree of directories is compared with the disk, where it is in doubt."""

NOT_UTF8: Final = "the name is not UTF-8, so it cannot be written on other services: rename it"

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
        rescans: Directories with something in them that no event has told of.
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
        self._fresh_until = 0.0
        self._writing: dict[Place, float] = {}
        self._halves: dict[int, _Half] = {}
        self._is_quiet = True

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
        self._is_quiet = True
        for event in inotify.read(self._tree.fd):
            self._is_quiet = False
            self._take(event)
        return bool(self._halves)

    def check_tree(self) -> None:
        """Compares doubtful directories with the disk, once no event comes; were one wrong, all might be missed."""
        if not self._tree.is_doubtful or not self._is_quiet:
            return
        unwatched = self._tree.check()
        if unwatched is None:
            self.lost = True
            return
        for node in unwatched:
            self._add(node)

    def settle_halves(self) -> None:
        """Gives up waiting: what was renamed went where nothing is watched, and so did everything below it."""
        for node, name, moved in self._halves.values():
            self.dirty[node, name] = None
            if moved is not None:
                self._tree.remove(moved)
        self._halves.clear()

    def ripen(self, now: float, *, at_once: bool = False) -> None:
        """Adds the files to what is to be looked at that nobody has written to for long enough.

        Args:
            now: Monotonic time.
            at_once: What is new is not left alone for a moment.
        """
        if self._created and (at_once or now >= self._fresh_until):
            self._judge_created(now)
        if self._writing:
            for place in [place for place, due in self._writing.items() if due <= now]:
                del self._writing[place]
                self.dirty[place] = None

    def due(self) -> float | None:
        """Returns when there is something to `ripen`."""
        dues = list(self._writing.values())
        if self._tree.is_doubtful:
            dues.append(time.monotonic() + CALM)
        if self._created:
            dues.append(self._fresh_until)
        return min(dues, default=None)

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
                self._tell_not_utf8(node, event.name)
            return None
        if name == beneath.HIDDEN and node.parent is None:
            self.root_touched = True  # Whoever removes it takes the marker away, or the whole root.
            return None
        return name

    def _tell_not_utf8(self, node: Node, name: bytes) -> None:
        self._problem(node.join(name.decode("utf-8", "backslashreplace")), NOT_UTF8)

    def _take_file(self, mask: int, cookie: int, place: Place) -> None:
        if mask & inotify.MODIFY:
            self._created.pop(place, None)
            self._writing[place] = time.monotonic() + QUIET
        elif mask & inotify.CREATE:
            self._is_new(place)
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
            self._take_directory_move(half, half[2], (node, name))
            return
        self.dirty[node, name] = None
        if mask & inotify.DELETE:
            child = node.children.get(name)
            if child is not None:
                self._tree.remove(child)
        elif mask & (inotify.CREATE | inotify.MOVED_TO):
            self._add(self._tree.make(node, name))
        elif mask & inotify.ATTRIB:
            child = node.children.get(name)
            if child is not None and self._tree.is_reopened(child):
                # While it could not be entered nothing was seen in it, and new directories in it are not watched.
                self._add(child)
                self.rescans.append(child)

    def _take_directory_move(self, half: _Half, node: Node, place: Place) -> None:
        old_path = half[0].join(half[1])
        moved = self._tree.move(node, *place)
        if moved is None:
            self.lost = True
            return
        self.directory_moves.append((old_path, place[0].join(place[1]), moved))
        self.dirty.pop(place, None)  # The move tells of it.
        if moved.watch < 0:
            self._add(moved)  # Renamed before it could be watched.

    def _add(self, node: Node) -> None:
        """Watches a new directory. What is in it already has had no events."""
        try:
            found = self._tree.add(node)
        except WatchLimitError as error:
            self._limit(error)
            self.rescans.append(node)
            return
        if len(found) > ENOUGH:
            self.rescans.append(node)
            return
        for place in found:
            if not is_utf8(place[1]):
                self._tell_not_utf8(place[0], os.fsencode(place[1]))
                continue
            self._is_new(place)

    def _is_new(self, place: Place) -> None:
        if not self._created:
            self._fresh_until = time.monotonic() + FRESH
        self._created[place] = None

    def _judge_created(self, now: float) -> None:
        """Decides what a new entry is that has not been closed yet: many are about to be written."""
        for place in self._created:
            due = self._wait_for_writer(place[0].join(place[1]))
            if due:
                self._writing[place] = now + due
            else:
                self.dirty[place] = None
        self._created.clear()

    def _wait_for_writer(self, path: str) -> float:
        """Returns the seconds to leave a new entry alone; 0: nobody is going to write it."""
        try:
            state = observe.look_beneath(self._root, path)
            if not isinstance(state, Present) or state.kind is not Kind.FILE:
                return 0  # Opening it might do something: of all that is not a file, only what it is matters.
            descriptor = beneath.open_beneath(self._root, path.encode(), os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return 0  # Gone again, or not ours to read.
        try:
            written = system.is_written(descriptor)
        finally:
            os.close(descriptor)
        if written is None:
            return LINKED if state.size else QUIET
        return QUIET if written else 0
