"""One change stream: watches a folder, takes its snapshots, answers what the core asks meanwhile.

Threads: gRPC's own takes messages out of the outbox; `reader` takes what the core says; `scanner` takes snapshots, one
at a time; `watcher` runs the driver's `watch`. The first one to fail ends the stream with its error, and the core opens
it again. Nothing here outlives the stream but the thread of a handler that does not return.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from onitu.core.model import Kind, Observation, Present
from onitu.errors import CursorExpired, DriverError, InvalidPath, Unavailable
from onitu.plug.changes import Changes
from onitu.plug.handlers import looks
from onitu.plug.outbox import HEARTBEAT, Outbox, Problem
from onitu.plug.plug import present_of
from onitu.plug.scan import Scanner
from onitu.plug.values import Metadata, RootState
from onitu.rpc.convert import observation_to_wire, present_from_wire
from onitu.rpc.gen import watch_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from onitu.core.model import State
    from onitu.plug.plug import Plug
    from onitu.plug.values import Folder

LOOKUP_DEADLINE: Final = 30.0
"""Seconds the core has to answer a lookup."""

SETTLE: Final = 0.02
"""Seconds between the last listing and the end of a snapshot, where the watcher cannot say that it has caught up."""

_DIRECTORY: Final = Present(kind=Kind.DIRECTORY, revision="directory")

_EVERYTHING: Final = 1 << 62
"""Acknowledges all batches there will ever be."""

_POLL: Final = 0.5
"""Seconds between two looks at whether a thread that cannot be woken is to end."""


class ChangeStream:
    """The change stream of one folder.

    Args:
        plug: The driver.
        folder: The folder.
        start: What the core asked for.
    """

    def __init__(self, plug: Plug, folder: Folder, start: watch_pb2.WatchStart) -> None:
        self._plug = plug
        self._folder = folder
        self._live = start.live
        self._outbox = Outbox()
        self._scanner = Scanner(plug, folder, self._outbox)
        cursor = start.cursor if start.HasField("cursor") else None
        self._changes = Changes(folder, self._outbox, plug.tick, self._ask_for_scan, self._reached, cursor=cursor)
        self._begin = threading.Event()
        self._condition = threading.Condition()
        self._wanted: dict[str, bool] = {}
        # There is nothing to go on from before the first snapshot, unless there was one in an earlier life.
        self._listing = cursor is None
        self._place = cursor
        self._root_ok = True
        self._lookups = 0
        self._answers: dict[int, watch_pb2.LookupAnswer | None] = {}
        if cursor is not None and not (start.live and "watch" in plug.handlers and plug.declared.get("cursors", False)):
            message = f"folder {folder.name}: this driver keeps no place in a stream of changes"
            raise CursorExpired(message)

    def messages(self, requests: Iterable[watch_pb2.WatchChangesRequest]) -> Iterator[watch_pb2.WatchChangesResponse]:
        """Yields what is to be sent until the stream ends.

        Args:
            requests: What the core says after `start`.

        Raises:
            DriverError: The watcher failed, or the core broke the contract.
        """
        self._plug.attach(self._folder.name, self)
        try:
            self._thread("reader", lambda: self._read(requests))
            self._thread("scanner", self._scan)
            yield from self._outbox.messages()
        finally:
            self._plug.detach(self._folder.name, self)
            self.close()

    def close(self) -> None:
        """Ends the stream and everything that serves it."""
        self._outbox.close()
        self._begin.set()
        with self._condition:
            self._condition.notify_all()

    # What the Plug and its driver report.

    def report(self, path: str, state: State, moved_from: str | None = None) -> None:
        """Sends one live change."""
        seq = self._plug.tick()
        if not looks(self._plug.handlers.keys()) and isinstance(state, Present):
            # Nobody else would ever tell of the directories that a file lies in.
            for directory in _above(path):
                self._outbox.put_live(Observation(directory, _DIRECTORY, seq))
        self._outbox.put_live(Observation(path, state, seq, moved_from))

    def note(self, path: str, state: State) -> None:
        """Sends a new revision of content that is known."""
        wire = observation_to_wire(Observation(path, state, self._plug.tick()))
        note = watch_pb2.RevisionNote(observation=wire)
        self._outbox.put_urgent(watch_pb2.WatchChangesResponse(revision_note=note))

    def problem(self, display_path: str, reason: str) -> None:
        """Sends what has no place in an observation."""
        self._outbox.put_live(Problem(display_path, reason))

    def lookup(self, path: str) -> Metadata:
        """Returns what the core knows of a path.

        Raises:
            Unavailable: The core did not answer, or the stream ended.
        """
        with self._condition:
            self._lookups += 1
            number = self._lookups
            self._answers[number] = None
            question = watch_pb2.Lookup(lookup=number, paths=[path])
            self._outbox.put_urgent(watch_pb2.WatchChangesResponse(lookup=question))
            self._condition.wait_for(lambda: self._answers[number] or self._outbox.closed.is_set(), LOOKUP_DEADLINE)
            answer = self._answers.pop(number)
        if answer is None or len(answer.entries) != 1:
            message = f"{path}: Onitu did not say what it knows of it"
            raise Unavailable(message)
        return self._known(path, answer.entries[0])

    def _known(self, path: str, entry: watch_pb2.KnownEntry) -> Metadata:
        known = present_from_wire(entry.present) if entry.HasField("present") else None
        metadata = self._plug.metadata(self._folder, path)
        metadata.adopt_services(owners=tuple(entry.owners), uptodate=tuple(entry.uptodate))
        metadata.on_write_revision(self._write_revision)
        if isinstance(known, Present):
            metadata.adopt(known)
        return metadata

    def _write_revision(self, metadata: Metadata) -> None:
        self.note(metadata.filename, present_of(metadata))

    # Threads.

    def _thread(self, name: str, run: Callable[[], None]) -> None:
        def supervised() -> None:
            try:
                run()
            except Exception as error:  # noqa: BLE001  A supervised border: what a thread dies of ends the stream.
                self._outbox.fail(self._plug.wrapped(name, error))

        threading.Thread(target=supervised, name=f"{name} {self._folder.name}", daemon=True).start()

    def _read(self, requests: Iterable[watch_pb2.WatchChangesRequest]) -> None:
        for request in requests:
            self._take(request)
        # A core that says no more acknowledges no more either: it must not wait for a window that never opens.
        self._outbox.acknowledge(_EVERYTHING)

    def _take(self, request: watch_pb2.WatchChangesRequest) -> None:
        match request.WhichOneof("message"):
            case "acknowledgement":
                self._outbox.acknowledge(request.acknowledgement.batch)
            case "fingerprints":
                decided = self._scanner.decided
                for directory in request.fingerprints.directories:
                    decided[directory.path] = directory.fingerprint
                if request.fingerprints.last:
                    self._begin.set()
            case "rescan":
                for path in request.rescan.directories or ("",):
                    self._ask_for_scan(path, request.rescan.recursive)
            case "lookup_answer":
                with self._condition:
                    if request.lookup_answer.lookup in self._answers:
                        self._answers[request.lookup_answer.lookup] = request.lookup_answer
                    self._condition.notify_all()
            case other:
                message = f"the stream of folder {self._folder.name} cannot take {other!r} here"
                self._outbox.fail(InvalidPath(message))

    def _watch(self) -> None:
        self._plug.call("watch", self._folder, self._changes)
        if not self._outbox.closed.is_set():
            message = f"the watcher of folder {self._folder.name} ended by itself"
            raise DriverError(message)

    # Snapshots.

    def _scan(self) -> None:
        if self._changes.cursor is None:
            self._begin.wait()
        while not self._outbox.closed.is_set() and not self._plug.wait_started(_POLL):
            pass
        watched = self._live and "watch" in self._plug.handlers
        if watched:
            self._thread("watcher", self._watch)
            while not self._outbox.closed.is_set() and not self._changes.wait_ready(_POLL):
                pass
        polled = self._live and not watched and "list_directory" in self._plug.handlers
        if polled:
            self._scanner.remember = {}
        # A driver that cannot list shows an empty snapshot that is not whole, from which nothing can be derived.
        listable = "list_directory" in self._plug.handlers
        if self._changes.cursor is None:
            self._snapshot([""] if listable else [], recursive=True, watched=watched)
        self._listing = False
        self._scanner.decided.clear()
        if not self._live:
            self._outbox.finish()
            return
        while not self._outbox.closed.is_set():
            self._scan_on_request(watched=watched, polled=polled)

    def _snapshot(self, directories: Sequence[str], *, recursive: bool, watched: bool) -> None:
        number = self._scanner.snapshot(directories, recursive=recursive, beats=not watched)
        if watched:
            if self._changes.drain is not None:
                self._changes.drain()
            else:
                self._outbox.closed.wait(SETTLE)
        self._scanner.end(number)

    def _scan_on_request(self, *, watched: bool, polled: bool) -> None:
        """Waits for the next reason to take a snapshot, and takes it."""
        due = time.monotonic() + self._plug.changes_timer
        while not (wanted := self._take_wanted(due if polled else None, watched=watched)):
            if self._outbox.closed.is_set():
                return
            if polled and time.monotonic() >= due:
                if not self._root_is_there():
                    return
                wanted = {"": True}
                self._scanner.decided, self._scanner.remember = self._scanner.remember or {}, {}
                break
        for recursive in (True, False):
            directories = [path for path, deep in wanted.items() if deep is recursive]
            if directories:
                self._snapshot(directories, recursive=recursive, watched=watched)
        self._listing = False

    def _root_is_there(self) -> bool:
        """Looks at the root where nobody watches it, and reports when it goes or comes back."""
        if "look_at_root" not in self._plug.handlers:
            return True
        try:
            state, reason = self._plug.call("look_at_root", self._folder)
        except DriverError:
            return True  # The listing fails as well, and says of what.
        there = bool(state is RootState.OK)
        if there is not self._root_ok:
            self._root_ok = there
            self._changes.root(state, reason)
        return there

    def _take_wanted(self, due: float | None, *, watched: bool) -> dict[str, bool]:
        patience = HEARTBEAT if due is None else max(0.0, min(HEARTBEAT, due - time.monotonic()))
        with self._condition:
            self._condition.wait_for(lambda: self._wanted or self._outbox.closed.is_set(), patience)
            wanted, self._wanted = self._wanted, {}
            self._listing = bool(wanted)
        if not watched and not wanted:
            self._scanner.heartbeat()
        return _without_nested(wanted)

    def _reached(self, cursor: bytes) -> None:
        with self._condition:
            if self._listing or self._wanted or cursor == self._place:
                return
            self._place = cursor
        # After the last page of the snapshot before: whoever goes on here has all of that.
        batch = watch_pb2.ChangeBatch(cursor=cursor)
        self._outbox.put_page(watch_pb2.WatchChangesResponse(batch=batch), after_live=True, beats=True)

    def _ask_for_scan(self, path: str, recursive: bool) -> None:  # noqa: FBT001  It is the signature of a callback.
        with self._condition:
            self._wanted[path] = self._wanted.get(path, False) or recursive
            self._condition.notify_all()


def _above(path: str) -> list[str]:
    """Returns the directories that a path lies in, the topmost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _without_nested(wanted: dict[str, bool]) -> dict[str, bool]:
    """Returns the requests without those that another one, above and recursive, covers."""
    deep = {path for path, recursive in wanted.items() if recursive}
    return {path: recursive for path, recursive in wanted.items() if not _covered(path, deep)}


def _covered(path: str, deep: set[str]) -> bool:
    while path:
        path = path.rpartition("/")[0]
        if path in deep:
            return True
    return False
