"""Watches a folder: waits for changes after a cursor, and tells of them in Dropbox's order.

A deletion tells of everything below it. What Onitu itself has written comes back as well, with the revision that was
answered then. A cursor that is no longer good ends the watching: everything is listed anew.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from onitu.plug import Absent, CursorExpired, DriverError, Kind, NotFound, Present, RateLimited, RootState, ServiceError
from onitu.plug.marker import AREA

from .entries import state_of, tag_of
from .root import look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from onitu.plug import Changes

    from .root import Root

_BEAT: Final = 10.0
"""Seconds between two signs of life."""

_LOOK: Final = 0.25
"""Seconds between two looks at whether the watching is over."""

_ATTEMPTS: Final = 5
_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 60.0


class Watcher:
    """Watches one folder until that is over.

    Args:
        root: The folder's root.
        changes: Where to report.
        tick: Returns the next observation number.
    """

    def __init__(self, root: Root, changes: Changes, tick: Callable[[], int]) -> None:
        self._root = root
        self._changes = changes
        self._tick = tick
        self._beat = time.monotonic()
        self._longpoll = root.api.longpoll()
        self._cursor = ""

    def run(self) -> None:
        """Watches.

        Raises:
            DriverError: It cannot go on.
        """
        self._cursor = self._begin()
        self._changes.ready()
        try:
            self._follow()
        finally:
            self._longpoll.close()

    def _follow(self) -> None:
        while not self._changes.closed.is_set():
            answer = self._wait(self._cursor)
            if answer is None:
                return
            if answer["changes"]:
                self._cursor = self._tell(self._cursor)
            self._pause(float(answer.get("backoff") or 0))

    def _begin(self) -> str:
        """Returns the place to go on at: that of an earlier life, else the one behind a listing."""
        tree = self._root.tree
        if self._changes.cursor is not None:
            return self._changes.cursor.decode(errors="replace")
        if not tree.is_fresh:
            self._root.begin()
        for _ in tree.complete():
            self._sign_of_life()
        return tree.cursor

    # Waiting.

    def _wait(self, cursor: str) -> dict[str, Any] | None:
        """Waits for changes, on another thread since the core is to hear of us meanwhile; None: it is over."""
        attempt = 1
        self._changes.reached(cursor.encode())
        while True:
            came: queue.SimpleQueue[dict[str, Any] | Exception] = queue.SimpleQueue()
            threading.Thread(target=self._ask, args=(cursor, came), name="longpoll", daemon=True).start()
            answer = self._first(came)
            if answer is None or isinstance(answer, dict):
                return answer
            if type(answer) is DriverError:
                raise CursorExpired(f"Dropbox does not know this place in its log any more: {answer}")
            if not isinstance(answer, ServiceError) or attempt == _ATTEMPTS:
                raise answer
            self._pause(_pause_after(answer, attempt))
            attempt += 1

    def _ask(self, cursor: str, came: queue.SimpleQueue[dict[str, Any] | Exception]) -> None:
        try:
            came.put(self._longpoll.wait(cursor))
        except Exception as error:  # noqa: BLE001  It is raised where the answer is waited for.
            came.put(error)

    def _first(self, came: queue.SimpleQueue[dict[str, Any] | Exception]) -> dict[str, Any] | Exception | None:
        while not self._changes.closed.is_set():
            try:
                return came.get(timeout=_LOOK)
            except queue.Empty:
                # Nothing of that counts before the snapshot is done, so it is said again and again.
                self._changes.reached(self._cursor.encode())
                self._sign_of_life()
        return None

    def _pause(self, seconds: float) -> None:
        due = time.monotonic() + seconds
        while (left := due - time.monotonic()) > 0 and not self._changes.closed.wait(min(left, _LOOK)):
            self._sign_of_life()

    def _sign_of_life(self) -> None:
        if time.monotonic() - self._beat >= _BEAT:
            self._beat = time.monotonic()
            self._changes.heartbeat()

    # Telling.

    def _tell(self, cursor: str) -> str:
        """Tells of what has changed after a cursor, and returns the one after that."""
        while True:
            seq = self._tick()
            page = self._page(cursor)
            for entry in page["entries"]:
                for path, state in self._seen(entry):
                    self._changes.report(path, state, seq=seq)
            cursor = str(page["cursor"])
            self._sign_of_life()
            if not page["has_more"] or self._changes.closed.is_set():
                return cursor

    def _page(self, cursor: str) -> dict[str, Any]:
        attempt = 1
        while True:
            try:
                return self._root.api.ask("files/list_folder/continue", {"cursor": cursor}, about=self._root.path)
            except NotFound:
                self._wait_for_root()
            except ServiceError as error:
                if attempt == _ATTEMPTS:
                    raise
                self._pause(_pause_after(error, attempt))
                attempt += 1

    def _seen(self, entry: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """Yields what is to be told of an entry: what it lies in where that is new, and the entry."""
        tree = self._root.tree
        key = tree.key(entry)
        deleted = tag_of(entry) == "deleted"
        if not key:
            if deleted or (key == "" and self._root.id not in {"", str(entry.get("id", ""))}):
                self._wait_for_root()
            return
        if key.partition("/")[0] == AREA:
            return
        yield from self._above(key, str(entry.get("path_display") or key))
        path = tree.path(key, str(entry["name"]))
        state = Absent() if deleted else state_of(entry)
        is_directory = isinstance(state, Present) and state.kind is Kind.DIRECTORY
        if not deleted and not is_directory and tree.knows(path):
            # Something else has taken the place of a directory, with everything below.
            yield path, Absent()
        tree.drop(path)
        tree.remember(path, there=is_directory)
        yield path, state

    def _above(self, key: str, shown: str) -> Iterator[tuple[str, Any]]:
        """Yields the directories that an entry lies in and that nobody knows here, spelled as they are there."""
        tree = self._root.tree
        above = key.rpartition("/")[0]
        if not above or tree.knows(above):
            return
        shown = shown.rpartition("/")[0]
        yield from self._above(above, shown)
        found = look(self._root.api, shown)
        if found is None or tag_of(found) != "folder":
            return
        path = tree.path(above, str(found["name"]))
        tree.remember(path, there=True)
        yield path, state_of(found)

    def _wait_for_root(self) -> None:
        """Reports that the root is gone, and waits until it is back; then everything is listed anew.

        Raises:
            ServiceError: It is back.
        """
        where = f"{self._root.path or '/'} in Dropbox"
        if not self._is_back():
            self._changes.root(RootState.MISSING, f"the folder {where} was deleted or renamed: restore it there")
            while not self._is_back():
                if self._changes.closed.is_set():
                    return
                self._pause(_BEAT)
            self._changes.root(RootState.OK)
        raise ServiceError(f"the folder {where} was away, and is looked at anew")

    def _is_back(self) -> bool:
        try:
            found = look(self._root.api, self._root.path) if self._root.path else {"id": ""}
        except ServiceError:
            return False
        return found is not None and str(found.get("id", "")) == self._root.id


def _pause_after(error: Exception, attempt: int) -> float:
    if isinstance(error, RateLimited) and error.retry_after is not None:
        return min(error.retry_after, _LONGEST_PAUSE)
    return float(_PAUSE * 2 ** (attempt - 1))
