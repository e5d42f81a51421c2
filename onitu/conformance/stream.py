"""The change stream of one folder, followed as the core follows it, and held to the contract message by message.

What is known of the folder is kept as entries by path. Whatever breaks the contract is noted as it comes, and raised
when the stream is closed, so that every check that watches holds the driver to all of it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import grpc

from onitu.conformance.wire import UNIT, Refusal, Wire, refusal_of
from onitu.core import paths
from onitu.core.capability import DEFAULT_MAX_MESSAGE, MAX_BATCH
from onitu.rpc.gen import observation_pb2, watch_pb2

PATIENCE: Final = 20.0
"""Units of time until what must come has come."""

MAX_CURSOR: Final = 64 * 1024
MAX_EXTRA: Final = 4 * 1024
MAX_NATIVE_ID: Final = 400

T = TypeVar("T")


class Stream:
    """An open change stream; it is opened when it is entered.

    Args:
        wire: The connection.
        folder: Name of the folder.
        live: Whether changes are to follow the snapshot.
        cursor: Where to begin, or None for a snapshot.
        fingerprints: What the core last decided, by directory.

    Attributes:
        entries: What is known to be there.
        inadmissible: What is there and cannot be synchronised, with the reason.
        listings: Directories whose listing has come, and whether it was complete.
        unchanged: Directories that were named as equal to their fingerprint.
        moved: What was said to be renamed: from, to.
        sent: Paths of observations in the order they came.
        listed: Directories in the order their listings ended.
        ordered: Whether the last snapshot said that it is.
        heartbeats: How many signs of life came.
        cursor: The last cursor that came, or None.
        root: The last report of another root, or None.
    """

    def __init__(
        self,
        wire: Wire,
        folder: str,
        *,
        live: bool,
        cursor: bytes | None = None,
        fingerprints: dict[str, bytes] | None = None,
    ) -> None:
        self._wire = wire
        self._folder = folder
        self._start = watch_pb2.WatchStart(folder=folder, cursor=cursor, live=live)
        self._fingerprints = fingerprints or {}
        self._outgoing: queue.SimpleQueue[watch_pb2.WatchChangesRequest | None] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._faults: list[str] = []
        self._snapshots = 0
        self._snapshot: int | None = None
        self._whole = False
        self._batches = 0
        self._newest: dict[str, int] = {}
        self._seen: dict[str, set[str]] = {}
        self._ended: Refusal | bool = False
        self._closing = False
        self.entries: dict[str, observation_pb2.Present] = {}
        self.inadmissible: dict[str, str] = {}
        self.listings: dict[str, bool] = {}
        self.unchanged: list[str] = []
        self.moved: list[tuple[str, str]] = []
        self.sent: list[str] = []
        self.listed: list[str] = []
        self.ordered = False
        self.heartbeats = 0
        self.cursor: bytes | None = None
        self.root: watch_pb2.RootReport | None = None

    # Life.

    def __enter__(self) -> Self:
        self._call: Any = self._wire.stream("WatchChanges", self._requests(), timeout=None)
        self._thread = threading.Thread(target=self._follow, name=f"stream {self._folder}", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None:
            self.check()

    def close(self) -> None:
        """Hangs up."""
        self._closing = True
        self._outgoing.put(None)
        self._call.cancel()
        self._thread.join(PATIENCE * UNIT)

    def check(self) -> None:
        """Raises what broke the contract."""
        assert not self._faults, "\n".join(self._faults[:10])

    def _requests(self) -> Iterator[watch_pb2.WatchChangesRequest]:
        yield watch_pb2.WatchChangesRequest(start=self._start)
        page = watch_pb2.DirectoryFingerprints(last=True)
        for path, fingerprint in self._fingerprints.items():
            page.directories.add(path=path, fingerprint=fingerprint)
        yield watch_pb2.WatchChangesRequest(fingerprints=page)
        while (request := self._outgoing.get()) is not None:
            yield request

    # Waiting.

    def wait(self, found: Callable[[], T | None], what: str, *, patience: float | None = None) -> T:
        """Waits for something that is neither None nor false, and returns it.

        Args:
            found: Looks for it.
            what: What it is, in words.
            patience: Units of time; `PATIENCE` by default.

        Raises:
            Refusal: The stream ended with an error.
            AssertionError: It did not come, or cannot come any more.
        """
        patience = PATIENCE if patience is None else patience
        due = time.monotonic() + patience * UNIT
        with self._changed:
            while not (it := found()):
                if isinstance(self._ended, Refusal):
                    raise self._ended
                assert not self._ended, f"the change stream has ended, and never: {what}"
                left = due - time.monotonic()
                assert left > 0, (
                    f"within {patience * UNIT:g} s it did not come about that {what}; known: {self._known()}"
                )
                self._changed.wait(min(left, 1.0))
            return it

    def wait_snapshot(self) -> None:
        """Waits until the first snapshot has ended."""
        self.wait(lambda: self._snapshots > 0 and self._snapshot is None, "a snapshot has ended")

    def wait_end(self) -> None:
        """Waits until the driver has ended the stream with OK."""
        due = time.monotonic() + PATIENCE * UNIT
        with self._changed:
            while self._ended is False:
                assert time.monotonic() < due, "the change stream goes on, and should have ended"
                self._changed.wait(0.1)
            if isinstance(self._ended, Refusal):
                raise self._ended

    def wait_refused(self) -> Refusal:
        """Waits until the driver has ended the stream with an error, and returns it."""
        due = time.monotonic() + PATIENCE * UNIT
        with self._changed:
            while self._ended is False:
                assert time.monotonic() < due, "the change stream goes on, and should have been refused"
                self._changed.wait(0.1)
        assert isinstance(self._ended, Refusal), "the change stream ended with OK, and should have been refused"
        return self._ended

    def wait_for(self, path: str) -> observation_pb2.Present:
        """Waits until something is known at a path, and returns it."""
        return self.wait(lambda: self.entries.get(path), f"{path!r} is there")

    def wait_gone(self, path: str) -> None:
        """Waits until nothing is known at a path any more."""
        self.wait(lambda: path not in self.entries, f"{path!r} is gone")

    def rescan(self, *directories: str, recursive: bool = False) -> None:
        """Asks for a partial snapshot, and waits until it has come."""
        before = self._snapshots
        self.ask_for(*directories, recursive=recursive)
        self.wait(lambda: self._snapshots > before and self._snapshot is None, "the rescan has been answered")

    def ask_for(self, *directories: str, recursive: bool = False) -> None:
        """Asks for a partial snapshot."""
        rescan = watch_pb2.Rescan(directories=directories, recursive=recursive)
        self._outgoing.put(watch_pb2.WatchChangesRequest(rescan=rescan))

    def _known(self) -> str:
        known = sorted(self.entries)
        return ", ".join(known[:8]) + (f" and {len(known) - 8} more" if len(known) > 8 else "") or "nothing"

    # What comes.

    def _follow(self) -> None:
        end: Refusal | bool = True
        try:
            for message in self._call:
                with self._changed:
                    self._take(message)
                    self._changed.notify_all()
        except grpc.RpcError as error:
            end = True if self._closing else refusal_of("WatchChanges", error)
        with self._changed:
            self._ended = end
            if end is True and not self._closing and self._snapshot is not None:
                self._fault("the stream ended within a snapshot")
            self._changed.notify_all()

    def _fault(self, text: str) -> None:
        self._faults.append(f"WatchChanges of folder {self._folder!r}: {text}")

    def _take(self, message: watch_pb2.WatchChangesResponse) -> None:
        if message.ByteSize() > DEFAULT_MAX_MESSAGE:
            self._fault(f"a message of {message.ByteSize():,} bytes; none is larger than 3 MiB")
        match message.WhichOneof("message"):
            case "snapshot_begin":
                self._begin(message.snapshot_begin)
            case "batch":
                self._take_batch(message.batch)
            case "snapshot_end":
                self._end(message.snapshot_end)
            case "heartbeat":
                self.heartbeats += 1
            case "root":
                self._take_root(message.root)
            case "lookup":
                self._answer(message.lookup)
            case "revision_note" if message.revision_note.observation.HasField("present"):
                self.entries[message.revision_note.observation.path] = message.revision_note.observation.present
            case other:
                self._fault(f"a message with {other!r} in it, and in that nothing that is known")

    def _end(self, end: watch_pb2.SnapshotEnd) -> None:
        if end.snapshot != self._snapshot:
            self._fault(f"snapshot {end.snapshot} ends and never began")
        if self._whole and "" not in {*self.listings, *self.unchanged}:
            self._fault("a whole snapshot ended without a listing of the folder itself")
        self._snapshot = None

    def _take_root(self, root: watch_pb2.RootReport) -> None:
        self.root = root
        if root.state != watch_pb2.ROOT_STATE_OK and not root.reason:
            self._fault("a root report without a reason")

    def _begin(self, begin: watch_pb2.SnapshotBegin) -> None:
        if begin.snapshot <= self._snapshots:
            self._fault(f"snapshot {begin.snapshot} after {self._snapshots}: they count upwards from 1")
        self._snapshots = begin.snapshot
        self._snapshot = begin.snapshot
        self._whole = begin.whole
        self.ordered = begin.ordered
        self._seen = {}

    def _take_batch(self, batch: watch_pb2.ChangeBatch) -> None:
        self._batches += 1
        if batch.batch != self._batches:
            self._fault(f"batch {batch.batch} where {self._batches} is next")
        self._outgoing.put(watch_pb2.WatchChangesRequest(acknowledgement=watch_pb2.Acknowledgement(batch=batch.batch)))
        items = len(batch.observations) + len(batch.listings) + len(batch.unchanged_directories) + len(batch.problems)
        if items > MAX_BATCH:
            self._fault(f"batch {batch.batch} has {items:,} items; 1,000 is the most")
        if batch.snapshot and batch.snapshot != self._snapshot:
            self._fault(f"batch {batch.batch} belongs to snapshot {batch.snapshot}, which is not open")
        if batch.HasField("cursor"):
            self.cursor = batch.cursor
            if len(batch.cursor) > MAX_CURSOR:
                self._fault(f"a cursor of {len(batch.cursor):,} bytes")
        for observation in batch.observations:
            self._take_observation(observation, live=not batch.snapshot)
        self.unchanged.extend(batch.unchanged_directories)
        for listing in batch.listings:
            self._take_listing(listing)

    def _take_observation(self, observation: observation_pb2.Observation, *, live: bool) -> None:
        path, seq = observation.path, observation.observed_seq
        if (wrong := paths.fault(path)) is not None:
            self._fault(f"an observation of {path!r}: {wrong}")
        if not seq:
            self._fault(f"{path!r} without `observed_seq`")
        self.sent.append(path)
        if not live:
            self._seen.setdefault(path.rpartition("/")[0], set()).add(path)
        if seq < self._newest.get(path, 0):
            return  # The core knows something newer, and drops it.
        self._newest[path] = seq
        self._believe(observation, live=live)

    def _believe(self, observation: observation_pb2.Observation, *, live: bool) -> None:
        path = observation.path
        self.inadmissible.pop(path, None)
        match observation.WhichOneof("state"):
            case "present":
                self._faults += [f"{path!r}: {fault}" for fault in faults_of(observation.present)]
                if observation.HasField("moved_from"):
                    self._rename(observation.moved_from, path, live=live)
                self.entries[path] = observation.present
            case "absent":
                self._forget(path)
            case "inadmissible":
                self._forget(path)
                self.inadmissible[path] = observation.inadmissible.reason
            case "unknown":
                if not observation.unknown.reason:
                    self._fault(f"{path!r} is unknown for no reason")
            case _:
                self._fault(f"an observation of {path!r} that says nothing")

    def _rename(self, old: str, new: str, *, live: bool) -> None:
        if not live:
            self._fault(f"{new!r} was renamed, which only a live batch can say")
        self.moved.append((old, new))
        for known in [known for known in self.entries if known == old or known.startswith(f"{old}/")]:
            self.entries[new + known.removeprefix(old)] = self.entries.pop(known)

    def _forget(self, path: str) -> None:
        for known in [known for known in self.entries if known == path or known.startswith(f"{path}/")]:
            del self.entries[known]

    def _take_listing(self, listing: watch_pb2.DirectoryListing) -> None:
        if not listing.observed_seq:
            self._fault(f"the listing of {listing.path!r} has no `observed_seq`")
        if not listing.complete and not listing.reason:
            self._fault(f"the listing of {listing.path!r} is incomplete for no reason")
        self.listings[listing.path] = listing.complete
        self.listed.append(listing.path)
        if not listing.complete:
            return
        # What the listing does not have is gone, but for what was seen after it began.
        seen = self._seen.get(listing.path, set())
        for known in [known for known in self.entries if known.rpartition("/")[0] == listing.path]:
            if known not in seen and self._newest.get(known, 0) < listing.observed_seq:
                self._forget(known)

    def _answer(self, lookup: watch_pb2.Lookup) -> None:
        answer = watch_pb2.LookupAnswer(lookup=lookup.lookup)
        for path in lookup.paths:
            answer.entries.add(path=path, present=self.entries.get(path))
        self._outgoing.put(watch_pb2.WatchChangesRequest(lookup_answer=answer))


def faults_of(present: observation_pb2.Present) -> Iterator[str]:
    """Yields what is wrong with an entry as it was observed."""
    if present.kind == observation_pb2.FILE_KIND_UNSPECIFIED:
        yield "it has no kind"
    if not present.revision:
        yield "it has no revision"
    if present.kind != observation_pb2.FILE_KIND_FILE and present.size:
        yield f"it is no file, and has a size of {present.size}"
    if present.HasField("link_target") is not (present.kind == observation_pb2.FILE_KIND_SYMLINK):
        yield "a symbolic link has a target, and nothing else has one"
    if len(present.native_id.encode()) > MAX_NATIVE_ID:
        yield "its native id is longer than 400 bytes"
    if len(present.extra) > MAX_EXTRA:
        yield "its `extra` is longer than 4 KiB"
    algorithms = [digest.algorithm for digest in present.digests]
    if len(set(algorithms)) != len(algorithms):
        yield f"a digest algorithm stands there twice: {', '.join(algorithms)}"
