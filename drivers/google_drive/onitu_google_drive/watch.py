"""Watching a folder: reads the log of changes every now and then, and reports what it means for paths.

What is reported is what is known after the whole log was read, so a file that came and went meanwhile is nothing. A
file that the log names is reported though it is as the core was told: it does no harm, and nothing is missed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from onitu.plug import Absent, CursorExpired, DriverError, RootState, ServiceError

if TYPE_CHECKING:
    from onitu.plug import Changes, Plug

    from .root import Root

BEAT: Final = 5.0
"""Seconds between two signs of life."""

_EVERY: Final = 12
"""Readings of the log between two looks at the root."""


class Watcher:
    """Watches one folder.

    Args:
        root: Its root.
        changes: Where to report.
        plug: Counts observations, and keeps the log.
    """

    def __init__(self, root: Root, changes: Changes, plug: Plug) -> None:
        self._root = root
        self._changes = changes
        self._plug = plug
        self._is_there = True
        self._left = False
        self._beat = float("-inf")

    def run(self) -> None:
        """Watches until `changes.closed` is set.

        Raises:
            CursorExpired: The place to go on at is no longer good.
        """
        cursor = self._changes.cursor
        self._root.begin("" if cursor is None else cursor.decode(errors="replace"))
        if cursor is None:
            self._root.load_all()
            self._root.take_touched()
        else:
            self._root.follow(0.0)
        self._changes.ready()
        number = 0
        while not self._changes.closed.is_set():
            self._turn(look=number % _EVERY == _EVERY - 1, read=number > 0)
            number += 1
            self._rest(self._plug.changes_timer)

    def _rest(self, seconds: float) -> None:
        """Waits for the next reading, and gives signs of life meanwhile."""
        due = time.monotonic() + seconds
        while not self._changes.closed.is_set():
            if time.monotonic() - self._beat >= BEAT:
                self._beat = time.monotonic()
                self._changes.heartbeat()
            left = due - time.monotonic()
            if left <= 0:
                return
            self._changes.closed.wait(min(BEAT, left))

    def _turn(self, *, look: bool, read: bool) -> None:
        """Reads the log once, unless that was just done, and reports what is new in it."""
        try:
            if read:
                self._root.follow(0.0)
            place, touched = self._root.take_touched()
            if look or not self._is_there or self._root.tree.root in touched:
                self._check_root()
            if touched and not self._root.is_whole:
                # Only now is it worth it to know where everything lies.
                self._root.load_all()
                self._changes.rescan("", recursive=True)
            elif self._report(touched):
                self._changes.reached(place.encode())
        except CursorExpired:
            self._plug.logger.warning("watch_overflow", extra={"folder": self._changes.folder.name})
            self._root.begin()
            self._root.tree.unlist()
            self._root.load_all()
            self._changes.rescan("", recursive=True)
        except ServiceError as error:
            extra = {"folder": self._changes.folder.name, "error": str(error)}
            self._plug.logger.warning("watch_paused", extra=extra)

    def _check_root(self) -> None:
        state, reason = self._root.state()
        if (state is RootState.OK) is not self._is_there:
            self._is_there = state is RootState.OK
            self._changes.root(state, reason)
            if self._is_there:
                self._root.tree.unlist()
                self._changes.rescan("", recursive=True)

    def _report(self, touched: set[str]) -> bool:
        """Reports what the log has named, and what is shown under another name for that.

        Returns:
            Whether that was all.
        """
        tree = self._root.tree
        self._left = False
        for folder in {file_id for file_id in touched if self._is_unlisted(file_id)}:
            self._root.load(folder, deep=True)
        seq = self._plug.tick()
        with tree.mutex:
            concerned = set(touched)
            for file_id in touched:
                item = tree.get(file_id)
                for above in filter(None, (tree.told_folder(file_id), None if item is None else item.parent)):
                    concerned.update(tree.shown_otherwise(above))
            there = sorted((path.count("/"), path, one) for one in concerned if (path := tree.path_of(one)))
            gone = [one for one in concerned if one != tree.root and tree.get(one) is None]
        reported = [self._report_one(file_id, path, seq) for _, path, file_id in there]
        for file_id in gone:
            told = tree.told_path(file_id)
            tree.untell(file_id)
            if told is not None and tree.find(told) is None:
                self._changes.report(told, Absent(), seq=seq)
        for left in filter(None, reported):
            self._report_again(left)
        return not self._left

    def _is_unlisted(self, file_id: str) -> bool:
        item = self._root.tree.get(file_id)
        return item is not None and item.is_folder and not self._root.tree.is_listed(file_id)

    def _report_one(self, file_id: str, path: str, seq: int) -> str | None:
        """Reports one entry that is there, and returns the path that it had, where it had another one."""
        tree = self._root.tree
        item, before, same = tree.get(file_id), tree.told_path(file_id), tree.is_told(file_id)
        if item is None or (same and item.is_folder):
            return None
        try:
            state = self._root.exports.state_of(self._root, item, path)
        except ServiceError:
            self._root.touch(file_id)
            self._left = True
            return None
        except DriverError as error:
            self._plug.problem(self._changes.folder, path, str(error))
            return None
        if _is_unsayable(path):
            self._plug.problem(self._changes.folder, path, "a service may not name an entry like that: rename it")
            return None
        tree.tell(file_id)
        if before is not None and not same:
            self._changes.moved(before, path, state, seq=seq)
            return before
        self._changes.report(path, state, seq=seq)
        if item.is_folder:
            self._changes.rescan(path, recursive=True)
        return None

    def _report_again(self, path: str) -> None:
        """Reports what is at a path now that something else was moved away from."""
        seq = self._plug.tick()
        found = self._root.tree.find(path)
        item = None if found is None else self._root.tree.get(found)
        if item is not None:
            self._changes.report(path, self._root.exports.state_of(self._root, item, path), seq=seq)


def _is_unsayable(path: str) -> bool:
    return any(part in {"", ".", ".."} for part in path.split("/")) or "\0" in path
