"""The change stream of one folder: what a driver reports, as values, and what the core answers.

A stream begins with the core's start message and fingerprints, goes on with a snapshot and, if it is live, with changes
until it is closed. Items come in batches of up to 1,000, which the core acknowledges once it has committed them; a
driver stops at 16 unacknowledged ones, so memory is bounded by what is in flight.

A live stream is judged by its heartbeats: silence is an error here, whatever the driver's health says. This file
decides nothing about what was observed, and checks of it only what the stream itself rests on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

import msgspec
import trio

from onitu.core.capability import MAX_BATCH
from onitu.core.model import Observation, Present
from onitu.errors import DriverError, Unavailable
from onitu.host.calls import reading
from onitu.host.settings import RootState, root_state_from_wire
from onitu.rpc import convert
from onitu.rpc.gen import watch_pb2

if TYPE_CHECKING:
    from onitu.rpc.stream import Stream
    from onitu.rpc.transport import Connection

#: A live stream sends a sign of life at least every 30 s (the contract); three missing ones are no accident.
LIVE_SILENCE = 90.0

#: Without live changes nobody watches, so there are no heartbeats, only batches; a single slow listing may delay one.
SNAPSHOT_SILENCE = 600.0

#: A message the driver has not even taken off the wire by then: it is stuck.
SEND_DEADLINE = 60.0

#: Bytes of fingerprints in a page. A quarter of the smallest message limit is soon reached and never exceeded, since a
#: single path cannot come near the rest.
_PAGE_BYTES = 768 * 1024

_FINGERPRINT_BYTES = 32  # A fingerprint, its tags and lengths.


class SnapshotBegan(msgspec.Struct, frozen=True):
    """A snapshot begins.

    Attributes:
        number: Grows within the stream.
        ordered: Directories come depth first, each before its children.
        whole: The whole folder is going to be listed, not only some directories.
    """

    number: int
    ordered: bool
    whole: bool


class Listing(NamedTuple):
    """A directory that was listed in a snapshot; all of its entries were in this batch or before it.

    Attributes:
        path: The directory, "" for the folder itself.
        complete: Everything in it was seen. Only then a known entry that did not come may be absent.
        reason: Why it is not complete, for a person.
        seq: When it was listed, as in `Observation`.
    """

    path: str
    complete: bool
    reason: str
    seq: int = 0


class Problem(NamedTuple):
    """Something that has no place in an observation, a name that is not UTF-8 for example.

    Attributes:
        display_path: The path, made printable. Not a path to work with.
        reason: What is wrong and what to do, for a person.
    """

    display_path: str
    reason: str


class Batch(msgspec.Struct, frozen=True):
    """Items of the stream, in the order in which they are to be taken.

    Attributes:
        number: Counts from 1; handed to `WatchStream.acknowledge` once everything in it is committed.
        snapshot: The snapshot they belong to; 0 for live changes.
        observations: What was seen; a directory before its children.
        listings: Directories whose listing ended with this batch.
        unchanged: Directories whose fingerprint was equal: nothing of them is sent.
        problems: What cannot be said as an observation.
        cursor: The place in the stream after this batch, committed together with it; None: as before.
    """

    number: int
    snapshot: int
    observations: list[Observation]
    listings: list[Listing]
    unchanged: list[str]
    problems: list[Problem]
    cursor: bytes | None


class SnapshotEnded(msgspec.Struct, frozen=True):
    """A snapshot ends; what changed while it was taken has come before.

    Attributes:
        number: That of its `SnapshotBegan`.
    """

    number: int


class Heartbeat(msgspec.Struct, frozen=True):
    """The thread that watches is alive."""


class RootChanged(msgspec.Struct, frozen=True):
    """The root of the folder changed under the driver's hands: the service is to be halted.

    Attributes:
        state: What it is now.
        reason: What was looked for and where, for a person.
    """

    state: RootState
    reason: str


class LookupAsked(msgspec.Struct, frozen=True):
    """The driver asks what the core knows of some paths; it waits for `WatchStream.answer`.

    Attributes:
        number: Counts from 1 in the stream.
        paths: Which, in the order of the answer.
    """

    number: int
    paths: list[str]


class RevisionNoted(msgspec.Struct, frozen=True):
    """`extra` or the revision of an entry changed, its content did not.

    Attributes:
        observation: The entry as it is now.
    """

    observation: Observation


class Known(msgspec.Struct, frozen=True):
    """What the core knows of one path, for a driver that asked.

    Attributes:
        path: Which.
        present: The entry as last observed on this service, or None.
        owners: The services that should hold it, sorted.
        uptodate: Those that hold its current version, sorted.
    """

    path: str
    present: Present | None
    owners: tuple[str, ...] = ()
    uptodate: tuple[str, ...] = ()


Report: TypeAlias = SnapshotBegan | Batch | SnapshotEnded | Heartbeat | RootChanged | LookupAsked | RevisionNoted


class WatchStream:
    """The open change stream of one folder. Made by `DriverClient.watch`.

    One task receives; any task may send.
    """

    def __init__(self, stream: Stream, *, folder: str, live: bool, cursor: bytes | None = None) -> None:
        self._stream = stream
        self._folder = folder
        self._live = live
        self._cursor = cursor
        # Whether the driver may end the stream: one that is live never, another one after its snapshot.
        self._may_end = not live and cursor is not None
        self._silence = LIVE_SILENCE if live else SNAPSHOT_SILENCE
        self._last_batch = 0

    async def receive(self) -> Report:
        """Waits for the next report of the driver.

        Raises:
            trio.EndOfChannel: The snapshot is over, in a stream that is not live.
            CursorExpired: The cursor that the stream began with is no longer good: begin with a snapshot.
            Unavailable: The driver has fallen silent, or ended a live stream, or did so before the end of the snapshot.
            DriverError: The stream failed, or what came breaks the contract.

        Cancellation:
            Nothing is lost: the next call takes up where this one was cancelled.
        """
        try:
            with reading(), trio.fail_after(self._silence):
                message = await self._stream.receive()
        except trio.EndOfChannel as error:
            if self._may_end:
                raise
            raise Unavailable(self._ended()) from error
        except trio.TooSlowError as error:
            silent = f"the watcher of folder {self._folder!r} has given no sign of life for {self._silence:.0f} s"
            raise Unavailable(silent) from error
        return self._report(cast("watch_pb2.WatchChangesResponse", message))

    async def acknowledge(self, number: int) -> None:
        """Tells the driver that a batch, and all before it, are committed.

        Args:
            number: `Batch.number`.

        Raises:
            DriverError: The stream has failed.
        """
        request = watch_pb2.WatchChangesRequest()
        request.acknowledgement.batch = number
        await self._send(request)

    async def rescan(self, directories: Iterable[str], *, recursive: bool) -> None:
        """Asks for a partial snapshot now; it comes as reports, like any other.

        Args:
            directories: Which, "" for the whole folder.
            recursive: With everything below them.

        Raises:
            DriverError: The stream has failed.
        """
        request = watch_pb2.WatchChangesRequest()
        request.rescan.directories.extend(directories)
        request.rescan.recursive = recursive
        request.rescan.SetInParent()
        await self._send(request)

    async def answer(self, lookup: int, entries: Iterable[Known]) -> None:
        """Answers a `LookupAsked`.

        Args:
            lookup: Its number.
            entries: What is known, one per path, in the order asked for.

        Raises:
            DriverError: The stream has failed.
        """
        request = watch_pb2.WatchChangesRequest()
        request.lookup_answer.lookup = lookup
        for known in entries:
            entry = request.lookup_answer.entries.add(path=known.path, owners=known.owners, uptodate=known.uptodate)
            if known.present is not None:
                convert.present_to_wire(known.present, entry.present)
        await self._send(request)

    async def start(self, fingerprints: Iterable[tuple[str, bytes]]) -> None:
        """Sends what a stream begins with. Called once, by `open_watch`."""
        request = watch_pb2.WatchChangesRequest()
        request.start.folder = self._folder
        request.start.live = self._live
        if self._cursor is not None:
            request.start.cursor = self._cursor
        await self._send(request)
        for page in _pages(fingerprints):
            await self._send(page)

    async def _send(self, request: watch_pb2.WatchChangesRequest) -> None:
        try:
            with reading(), trio.fail_after(SEND_DEADLINE):
                await self._stream.send(request)
        except trio.TooSlowError as error:
            stuck = f"the driver takes nothing from the change stream of folder {self._folder!r}"
            raise Unavailable(stuck) from error
        except trio.BrokenResourceError as error:
            # A stream that is not live ends before its last batches are acknowledged; nobody waits for that then.
            if self._live:
                raise Unavailable(self._ended()) from error

    def _ended(self) -> str:
        return f"the driver ended the change stream of folder {self._folder!r}"

    def _report(self, message: watch_pb2.WatchChangesResponse) -> Report:
        match message.WhichOneof("message"):
            case "batch":
                return self._batch(message.batch)
            case "heartbeat":
                return Heartbeat()
            case "snapshot_begin":
                begin = message.snapshot_begin
                return SnapshotBegan(begin.snapshot, begin.ordered, begin.whole)
            case "snapshot_end":
                self._may_end = not self._live
                return SnapshotEnded(message.snapshot_end.snapshot)
            case "root":
                state = root_state_from_wire(message.root.state, folder=self._folder)
                return RootChanged(state, message.root.reason)
            case "lookup":
                return LookupAsked(message.lookup.lookup, list(message.lookup.paths))
            case "revision_note":
                return RevisionNoted(convert.observation_from_wire(message.revision_note.observation))
            case _:
                unknown = f"the driver sent an empty message in the change stream of folder {self._folder!r}"
                raise DriverError(unknown)

    def _batch(self, batch: watch_pb2.ChangeBatch) -> Batch:
        # A gap would be a lost batch, and its absent entries would be taken for deletions at the end of the snapshot.
        if batch.batch != self._last_batch + 1:
            gap = f"the driver sent batch {batch.batch} of folder {self._folder!r} after batch {self._last_batch}"
            raise DriverError(gap)
        self._last_batch += 1
        from_wire = convert.observation_from_wire
        return Batch(
            number=batch.batch,
            snapshot=batch.snapshot,
            observations=[from_wire(observation) for observation in batch.observations],
            listings=[
                Listing(listing.path, listing.complete, listing.reason, listing.observed_seq)
                for listing in batch.listings
            ],
            unchanged=list(batch.unchanged_directories),
            problems=[Problem(problem.display_path, problem.reason) for problem in batch.problems],
            cursor=batch.cursor if batch.HasField("cursor") else None,
        )


@asynccontextmanager
async def open_watch(
    connection: Connection, folder: str, *, cursor: bytes | None, live: bool, fingerprints: Iterable[tuple[str, bytes]]
) -> AsyncIterator[WatchStream]:
    """Opens the change stream of a folder, as `DriverClient.watch` documents it."""
    async with connection.stream("WatchChanges") as stream:
        watch = WatchStream(stream, folder=folder, live=live, cursor=cursor)
        await watch.start(fingerprints)
        yield watch


def _pages(fingerprints: Iterable[tuple[str, bytes]]) -> Iterator[watch_pb2.WatchChangesRequest]:
    """Cuts fingerprints into messages. The last one says so, and there is always one."""
    directories = iter(fingerprints)
    request, size = watch_pb2.WatchChangesRequest(), 0
    page = request.fingerprints.directories
    for path, fingerprint in directories:
        page.add(path=path, fingerprint=fingerprint)
        size += 4 * len(path) + _FINGERPRINT_BYTES
        if len(page) == MAX_BATCH or size >= _PAGE_BYTES:
            yield request
            request, size = watch_pb2.WatchChangesRequest(), 0
            page = request.fingerprints.directories
    request.fingerprints.last = True
    yield request
