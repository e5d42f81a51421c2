"""Watching a folder: what the kernel tells of it becomes observations.

What is reported is what is there when looked at, so a burst of events costs one report and an old event does no harm.
A file is reported when whoever wrote it closes it, or leaves it alone for a while: a half-written file is of no use to
anybody. Renames are reported as such when both halves have come; the one second the core lets an absence settle is not
needed for them.

One thread per folder runs `Watcher.run`. Where the kernel cannot watch (no inotify, too few watches), the folder is
listed every now and then instead, and the user is told which setting to raise.
"""

from __future__ import annotations

import os
import select
import threading
import time
from typing import TYPE_CHECKING, Final, TypeAlias

from onitu.plug import Absent, Changes, Inadmissible, Plug, Present, RootState, Unknown

from . import observe
from .failures import from_os_error, is_missing
from .gather import Gatherer
from .recall import Recall
from .tree import WatchLimitError, WatchTree

if TYPE_CHECKING:
    from .gather import Place
    from .root import Root

HEARTBEAT: Final = 5.0
"""Seconds between two signs of life; the core waits for 30 (DESIGN §4)."""

PAIR: Final = 0.002
"""Seconds to wait for the second half of a rename, which the kernel queues right after the first."""

POLL: Final = 30.0
"""Seconds between two listings where watching does not work."""

ROOT: Final = 1.0
"""Seconds between two looks at the root: a directory above it may be renamed, of which no event tells."""

_TURN: Final = 0.5  # Seconds the loop may sleep before it sees that it is to end, should nobody wake it.

State: TypeAlias = Present | Absent | Inadmissible | Unknown


class Watcher:
    """Watches one folder.

    Args:
        root: Its root.
        changes: Where to report.
        plug: Counts observations.
        rescan_interval: Seconds between two listings of everything; 0: never.
    """

    def __init__(self, root: Root, changes: Changes, plug: Plug, *, rescan_interval: float) -> None:
        self._root = root
        self._changes = changes
        self._tick = plug.tick
        self._interval = rescan_interval
        self._tree: WatchTree | None = None
        self._gathered: Gatherer | None = None
        self._recall = Recall()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._drains: list[threading.Event] = []
        self._mutex = threading.Lock()
        self._ended = False
        self._stopped = False
        self._root_ok = True
        self._limited = False

    def run(self) -> None:
        """Watches until `changes.closed` is set, or `stop` is called."""
        try:
            self._start()
            self._changes.drain = self.drain
            self._changes.ready()
            self._loop()
        finally:
            self._changes.drain = None
            with self._mutex:
                self._ended = True
                os.close(self._wake_read)
                os.close(self._wake_write)
            self._answer(self._drains)
            if self._tree is not None:
                self._tree.close()

    def drain(self) -> None:
        """Returns once everything that happened before the call has been reported. For any other thread."""
        done = threading.Event()
        with self._mutex:
            if self._ended:
                return
            self._drains.append(done)
        self._wake()
        while not done.wait(_TURN) and not self._changes.closed.is_set():
            pass

    def stop(self) -> None:
        """Ends the watching soon, whoever still listens. For any other thread."""
        self._stopped = True
        self._wake()

    def _wake(self) -> None:
        with self._mutex:
            if self._ended:
                return
            try:
                os.write(self._wake_write, b"\0")
            except BlockingIOError:
                pass  # It has been woken often enough.

    def _start(self) -> None:
        try:
            tree = self._tree = WatchTree(self._root.fd)
            self._gathered = Gatherer(tree, self._root.fd, problem=self._changes.problem, limit=self._report_limit)
            tree.add(tree.top)
        except WatchLimitError as error:
            self._report_limit(error)
        except OSError as error:
            self._limited = True
            reason = f"changes cannot be watched here ({error.strerror}); everything is listed every {POLL:.0f} seconds"
            self._changes.problem(".", reason)

    def _report_limit(self, error: WatchLimitError) -> None:
        if not self._limited:
            self._limited = True
            reason = (
                f"there are too few inotify watches: raise {error} with sysctl and restart;"
                f" until then everything is listed every {POLL:.0f} seconds"
            )
            self._changes.problem(".", reason)

    def _loop(self) -> None:
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        if self._tree is not None:
            poll.register(self._tree.fd, select.POLLIN)
        beat = listed = looked = time.monotonic()
        while not self._stopped and not self._changes.closed.is_set():
            poll.poll(self._patience() * 1000)
            # Drains asked for before the queue is read are answered after all of it was reported.
            drains = self._take_drains()
            self._gather(poll, at_once=bool(drains))
            now = time.monotonic()
            if now - looked >= ROOT or self._has_news():
                looked = now
                self._check_root()
            self._flush()
            self._answer(drains)
            if now - beat >= HEARTBEAT:
                beat = now
                self._changes.heartbeat()
            interval = self._listing_interval()
            if interval and now - listed >= interval:
                listed = now
                self._changes.rescan("", recursive=True)

    def _patience(self) -> float:
        """Returns the seconds until there is something to do even if nothing happens."""
        due = self._gathered.due() if self._gathered is not None else None
        return _TURN if due is None else min(_TURN, max(0.0, due - time.monotonic()))

    def _listing_interval(self) -> float:
        return min(POLL, self._interval or POLL) if self._limited else self._interval

    def _take_drains(self) -> list[threading.Event]:
        with self._mutex:
            drains, self._drains = self._drains, []
        try:
            os.read(self._wake_read, 4096)
        except BlockingIOError:
            pass  # It was not woken.
        return drains

    @staticmethod
    def _answer(drains: list[threading.Event]) -> None:
        for done in drains:
            done.set()

    def _gather(self, poll: select.poll, *, at_once: bool) -> None:
        gathered = self._gathered
        if gathered is None:
            return
        if gathered.take_all():
            poll.poll(PAIR * 1000)
            gathered.take_all()
            gathered.settle_halves()
        if at_once:
            gathered.take_all()
        gathered.check_tree()
        gathered.ripen(time.monotonic(), at_once=at_once)

    def _has_news(self) -> bool:
        gathered = self._gathered
        return gathered is not None and bool(
            gathered.root_touched or gathered.lost or gathered.dirty or gathered.directory_moves
        )

    def _check_root(self) -> None:
        """Looks at the root before anything is said to be gone: what is gone may be the root."""
        if self._gathered is not None:
            self._gathered.root_touched = False
        state, reason = self._root.state()
        if (state is RootState.OK) is self._root_ok:
            return
        self._root_ok = state is RootState.OK
        self._changes.root(state, reason)
        if self._root_ok:
            # Nobody knows what happened meanwhile.
            if self._gathered is not None:
                self._gathered.lost = True
            else:
                self._changes.rescan("", recursive=True)

    def _flush(self) -> None:
        gathered = self._gathered
        if gathered is None:
            return
        if not self._root_ok:
            gathered.clear()
            return
        if gathered.lost:
            gathered.start_over()
            self._changes.rescan("", recursive=True)
            return
        self._flush_directory_moves(gathered)
        looks: dict[Place, State] = {}
        for place, old in gathered.file_moves.items():
            looks[place] = self._report(place, moved_from=old[0].join(old[1]))
            gathered.dirty.pop(place, None)
        for place in gathered.dirty:
            looks[place] = self._report(place)
        renamed = {node for _, _, node in gathered.directory_moves}
        for place, before in self._recall.looks_below(renamed).items():
            if place not in looks:
                looks[place] = self._report(place, unless=before)
        listings = [*gathered.rescans, *self._recall.listings_below(renamed)]
        for node in listings:
            if not node.gone:
                self._changes.rescan(node.path(), recursive=True)
        self._recall.note(looks, listings, time.monotonic())
        gathered.clear()

    def _flush_directory_moves(self, gathered: Gatherer) -> None:
        # In the order in which they happened, each with what the directory is now.
        for old, new, node in gathered.directory_moves:
            if node.gone:
                continue  # It went on to where nothing is watched, and its places are looked at like any other.
            seq, state = self._look(node.path())
            if isinstance(state, Present) and not self._root.is_own(new, state.revision):
                self._changes.moved(old, new, state, seq=seq)

    def _report(self, place: Place, *, moved_from: str | None = None, unless: State | None = None) -> State:
        """Reports and returns what is at a place, unless that is what was reported of it under another path."""
        path = place[0].join(place[1])
        seq, state = self._look(path)
        if unless is not None and _is_same(state, unless):
            pass  # The rename of the directory tells of it.
        elif isinstance(state, Present) and self._root.is_own(path, state.revision):
            pass  # Our own write: the core was answered this very revision.
        elif isinstance(state, Present) and moved_from is not None:
            self._changes.moved(moved_from, path, state, seq=seq)
        else:
            self._changes.report(path, state, seq=seq)
        return state

    def _look(self, path: str) -> tuple[int, State]:
        seq = self._tick()
        try:
            return seq, observe.look_beneath(self._root.fd, path, symlinks=self._root.symlinks)
        except OSError as error:
            if is_missing(error):
                return seq, observe.ABSENT
            return seq, Unknown(str(from_os_error(error, path)))


def _is_same(state: State, other: State) -> bool:
    """Tells whether two looks, one a moment after the other, show the same."""
    if isinstance(state, Present) and isinstance(other, Present):
        return state.revision == other.revision
    return state == other
