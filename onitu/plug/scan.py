"""Snapshots: lists a folder, or parts of it, depth first, and says what is there.

A directory whose fingerprint is the one the core decided on is only named: its entries are not sent, but its
sub-directories are still listed, since a fingerprint says nothing of what lies deeper. A listing that breaks off is
said to be incomplete, so nothing that is missing in it is ever taken for absent.

Memory: the names of the sub-directories on the way down, one directory's entries where its fingerprint has to be
compared first, and one batch.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import wait
from typing import TYPE_CHECKING, Final, TypeAlias

from onitu.core.capability import MAX_BATCH
from onitu.core.fingerprint import MODULUS, entry_fingerprint
from onitu.core.model import Inadmissible, Kind, Observation, Present
from onitu.plug.outbox import HEARTBEAT, SAFE_BYTES, heartbeat
from onitu.rpc.convert import observation_to_wire
from onitu.rpc.gen import watch_pb2
from onitu.rpc.status import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from concurrent.futures import Future

    from onitu.plug.outbox import Outbox
    from onitu.plug.plug import Plug
    from onitu.plug.values import Folder

Entry: TypeAlias = tuple[str, Present | Inadmissible]
Listed: TypeAlias = tuple[str, int, list[Entry]]

FLUSH_AFTER: Final = 0.05
"""Seconds after which a batch goes out though it is not full: a slow service shows what it has."""

HIDDEN: Final = ".onitu"
"""The name, at a folder's root, of what Onitu keeps there for itself."""

NOT_UTF8: Final = "the name is not UTF-8, so it cannot be written on other services: rename it"

_BAD_NAME: Final = "a service may not name an entry like that: rename it"


class Scanner:
    """Takes the snapshots of one change stream.

    Args:
        plug: The driver.
        folder: What is listed.
        outbox: Where the snapshots go.
    """

    def __init__(self, plug: Plug, folder: Folder, outbox: Outbox) -> None:
        self.decided: dict[str, bytes] = {}
        """Fingerprints the core decided on, by directory; each is used once."""
        self.remember: dict[str, bytes] | None = None
        """Where given, the fingerprints of what was sent are kept here, for the next listing of a polled service."""
        self._plug = plug
        self._folder = folder
        self._outbox = outbox
        self._snapshots = 0
        self._batch = watch_pb2.ChangeBatch()
        self._items = 0
        self._room = SAFE_BYTES
        self._begun = 0.0
        self._beat = time.monotonic()
        self._beats = False

    def snapshot(self, directories: Sequence[str], *, recursive: bool, beats: bool) -> int:
        """Lists directories and returns the number of the snapshot, which is still to be ended.

        Args:
            directories: Which; "" is the folder itself.
            recursive: Whether with everything below them.
            beats: Whether to send signs of life meanwhile, where nobody else does.
        """
        self._snapshots += 1
        self._beats = beats
        whole = recursive and "" in directories
        begin = watch_pb2.SnapshotBegin(snapshot=self._snapshots, ordered=True, whole=whole)
        # Not before the live reports that asked for it: a directory comes before what lies in it.
        self._outbox.put_page(watch_pb2.WatchChangesResponse(snapshot_begin=begin), after_live=True)
        self._new_batch()
        pending = sorted(directories, reverse=True)
        ahead = _Ahead(self._plug, self._folder, whole=whole)
        try:
            while pending and not self._outbox.closed.is_set():
                ahead.begin(pending)
                children = self._list(pending.pop(), ahead)
                if recursive:
                    pending.extend(sorted(children, reverse=True))
                self._between_directories()
        finally:
            ahead.close()
        self._flush()
        return self._snapshots

    def end(self, snapshot: int) -> None:
        """Ends a snapshot, after all live changes reported so far."""
        end = watch_pb2.SnapshotEnd(snapshot=snapshot)
        self._outbox.put_page(watch_pb2.WatchChangesResponse(snapshot_end=end), after_live=True)

    def _list(self, path: str, ahead: _Ahead) -> list[str]:
        """Lists one directory and returns the paths of its sub-directories."""
        children: list[str] = []
        decided = self.decided.pop(path, None)
        seq, entries_of = ahead.take(path)
        reason = ""
        try:
            entries = self._admissible(path, entries_of())
            if decided is None and self.remember is None:
                self._send(path, seq, entries, children)
            else:
                found = list(entries)
                self._compare(path, seq, found, children, decided, alone=ahead.was_alone(path))
                return children
        except Exception as error:  # noqa: BLE001  A supervised border: whatever a listing raises makes it incomplete, no more.
            reason = str(self._plug.wrapped("list_directory", error)) or type(error).__name__
        listing = self._batch.listings.add(path=path, complete=not reason, reason=printable(reason), observed_seq=seq)
        self._count(listing.ByteSize())
        return children

    def _compare(
        self, path: str, seq: int, entries: list[Entry], children: list[str], decided: bytes | None, *, alone: bool
    ) -> None:
        """Sends a directory that was listed whole, or only names it where it is as it was decided."""
        total = 0
        racy = False
        for name, state in entries:
            kind = state.kind if isinstance(state, Present) else 0
            racy = racy or (kind != 0 and state.racy)  # type: ignore[union-attr]  # Here we know: a kind, so Present.
            total += entry_fingerprint(name, kind, state.revision)
        fingerprint = (total % MODULUS).to_bytes(16, "big")
        if self.remember is not None:
            # An entry that was only just modified may change under the same revision: look at it again.
            self.remember[path] = b"" if racy else fingerprint
        if fingerprint != decided or racy:
            if self.remember is not None and not alone:
                # What was looked at meanwhile counts as seen later than all of this, which may be dropped: said again.
                self.remember[path] = b""
            self._send(path, seq, entries, children)
            listing = self._batch.listings.add(path=path, complete=True, observed_seq=seq)
            self._count(listing.ByteSize())
            return
        prefix = f"{path}/" if path else ""
        children.extend(
            prefix + name for name, state in entries if isinstance(state, Present) and state.kind is Kind.DIRECTORY
        )
        self._batch.unchanged_directories.append(path)
        self._count(len(path.encode()))

    def _send(self, path: str, seq: int, entries: Iterable[Entry], children: list[str]) -> None:
        prefix = f"{path}/" if path else ""
        for name, state in entries:
            wire = observation_to_wire(Observation(prefix + name, state, seq))
            size = wire.ByteSize()
            if size > self._room:
                self._flush()
            self._batch.observations.append(wire)
            self._count(size)
            if isinstance(state, Present) and state.kind is Kind.DIRECTORY:
                children.append(prefix + name)

    def _admissible(self, path: str, entries: Iterable[Entry]) -> Iterable[Entry]:
        """Yields the entries whose names can be said at all; reports the others."""
        for entry in entries:
            name = entry[0]
            if "/" in name or "\0" in name or name in {"", ".", ".."}:
                self._problem(path, name, _BAD_NAME)
            elif not (name.isascii() or _is_utf8(name)):
                self._problem(path, name, NOT_UTF8)
            elif path or name != HIDDEN:
                yield entry

    def _problem(self, path: str, name: str, reason: str) -> None:
        display_path = f"{path}/{name}" if path else name
        problem = self._batch.problems.add(display_path=printable(display_path), reason=reason)
        self._count(problem.ByteSize())

    def _count(self, size: int) -> None:
        self._items += 1
        self._room -= size + 8
        if self._items >= MAX_BATCH or self._room < 0:
            self._flush()

    def _between_directories(self) -> None:
        now = time.monotonic()
        if self._items and now - self._begun > FLUSH_AFTER:
            self._flush()
        if self._beats and now - self._beat > HEARTBEAT:
            self.heartbeat()

    def heartbeat(self) -> None:
        """Says that the service is still being looked at."""
        self._beat = time.monotonic()
        self._outbox.put_urgent(heartbeat())

    def _flush(self) -> None:
        if self._items:
            self._outbox.put_page(watch_pb2.WatchChangesResponse(batch=self._batch), beats=self._beats)
        self._new_batch()

    def _new_batch(self) -> None:
        self._batch = watch_pb2.ChangeBatch(snapshot=self._snapshots)
        self._items = 0
        self._room = SAFE_BYTES
        self._begun = time.monotonic()


class _Ahead:
    """Directories that are listed before it is their turn, where the driver does several things at once.

    Each is observed as of the moment when its listing began. Where the driver lists everything at once, what it has not
    in its place, since it could not be listed, is asked for alone, and so is all the rest where it breaks off.

    Args:
        plug: The driver.
        folder: What is listed.
        whole: Whether everything is.
    """

    def __init__(self, plug: Plug, folder: Folder, *, whole: bool) -> None:
        self._plug = plug
        self._folder = folder
        self._listing: dict[str, Future[tuple[int, list[Entry]]]] = {}
        self._mutex = threading.Lock()
        self._own = 0
        self._began: dict[str, int] = {}
        self._ended: dict[str, int] = {}
        self._others: dict[int, int] = {}
        self._tree: Generator[Listed, None, None] | None = None
        self._next: Listed | None = None
        if whole and "list_tree" in plug.handlers:
            self._tree = self._listed()

    def close(self) -> None:
        """Ends what lists everything at once."""
        if self._tree is not None:
            self._tree.close()
            self._tree = None

    def begin(self, pending: Sequence[str]) -> None:
        """Begins to list those whose turn comes next: the last ones, in the order in which they are taken."""
        most = self._plug.parallel.most
        if most == 1 or self._tree is not None:
            return
        for path in pending[-most:]:
            if path not in self._listing:
                self._listing[path] = self._plug.parallel.submit(self._list, path)

    def take(self, path: str) -> tuple[int, Callable[[], Iterable[Entry]]]:
        """Returns when a directory was, or is to be, looked at, and what does that."""
        found = self._take_of_tree(path)
        if found is not None:
            self._began[path] = self._others[found[0]]
            self._ended[path] = self._now()[1]
            return found[0], lambda: found[1]
        listing = self._listing.pop(path, None)
        if listing is None:
            return self._begin(path), lambda: self._plug.call("list_directory", self._folder, path)
        wait((listing,))
        if listing.exception() is not None:
            return self._plug.tick(), lambda: listing.result()[1]
        seq, entries = listing.result()
        return seq, lambda: entries

    def was_alone(self, path: str) -> bool:
        """Returns whether nothing was looked at or changed, but for other listings, while a directory was listed."""
        ended = self._ended.pop(path, None)
        return self._began.pop(path) == (self._now()[1] if ended is None else ended)

    def _listed(self) -> Generator[Listed, None, None]:
        """Yields what the driver lists at once; that it cannot go on is the end of it."""
        try:
            yield from self._plug.call("list_tree", self._folder, self._tick)
        except Exception as error:  # noqa: BLE001  A supervised border: each directory that is left is listed alone.
            reason = str(self._plug.wrapped("list_tree", error)) or type(error).__name__
            self._plug.logger.debug("tree_incomplete", extra={"folder": self._folder.name, "reason": reason})

    def _tick(self) -> int:
        seq, others = self._now()
        self._others[seq] = others
        return seq

    def _take_of_tree(self, path: str) -> tuple[int, list[Entry]] | None:
        if self._tree is None:
            return None
        if self._next is None:
            self._next = next(self._tree, None)
        if self._next is None:
            self.close()
            return None
        at, seq, entries = self._next
        if at != path:
            return None
        self._next = None
        return seq, entries

    def _list(self, path: str) -> tuple[int, list[Entry]]:
        seq = self._begin(path)
        entries = list(self._plug.call("list_directory", self._folder, path))
        self._ended[path] = self._now()[1]
        return seq, entries

    def _begin(self, path: str) -> int:
        seq, self._began[path] = self._now()
        return seq

    def _now(self) -> tuple[int, int]:
        """Returns the next observation number, and a count of those before it that are of no listing here."""
        with self._mutex:
            self._own += 1
            seq = self._plug.tick()
            return seq, seq - self._own


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
