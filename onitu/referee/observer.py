"""Takes in the stream of one folder on one service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from onitu.core.model import Inadmissible, Observation
from onitu.errors import CursorExpired, DriverError
from onitu.host.stream import (
    Batch,
    Known,
    Listing,
    LookupAsked,
    RevisionNoted,
    RootChanged,
    SnapshotBegan,
    SnapshotEnded,
)
from onitu.referee.ingest import Listed, take_listings
from onitu.referee.link import SETTLE_DELAY
from onitu.referee.lookup import known_entries
from onitu.referee.taking import take

if TYPE_CHECKING:
    from onitu.host.stream import WatchStream
    from onitu.referee.link import Link
    from onitu.store import Transaction


class RootLost(DriverError):
    """The root of a folder is missing or another one: the service is halted, nothing is deleted anywhere.

    Args:
        folder: The folder.
        reason: What is wrong with its root.
    """

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(f"folder {folder!r}: {reason}")
        self.folder = folder
        self.reason = reason


class Observer:
    """Takes in one stream.

    Args:
        link: The folder on its service.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._referee = link.referee
        self._names: dict[str, set[str]] = {}
        self._incomplete: dict[str, None] = {}
        self._last_seq = link.generation << 40

    async def run(self, *, live: bool) -> None:
        """Observes until the stream ends, which it does after the snapshot when it is not live, or is begun again.

        Args:
            live: Go on with changes after the snapshot.

        Raises:
            RootLost: The root is gone or another one.
            DriverError: The stream failed.
        """
        link = self._link
        with link.looking() as anew:
            cursor = await self._referee.writer.read(self._cursor) if not anew else None
            if link.mark is None:
                link.mark = await self._referee.writer.read(lambda transaction: transaction.next_number)
            try:
                await self._stream(cursor, live=live)
            except CursorExpired:
                await self._stream(None, live=live)

    async def _stream(self, cursor: bytes | None, *, live: bool) -> None:
        link = self._link
        self._incomplete.clear()
        fingerprints = await self._referee.writer.read(self._fingerprints) if cursor is None else []
        async with link.client.watch(link.folder, cursor=cursor, live=live, fingerprints=fingerprints) as stream:
            del fingerprints
            link.stream = stream if live else None
            if cursor is not None:
                link.snapshot_over = True
                link.settle_after(0)
            while True:
                try:
                    report = await stream.receive()
                except trio.EndOfChannel:
                    return
                link.heard = trio.current_time()
                match report:
                    case SnapshotBegan():
                        self._names.clear()
                    case Batch():
                        await self._batch(report)
                        await stream.acknowledge(report.number)
                    case SnapshotEnded():
                        self._snapshot_ended()
                    case RootChanged():
                        raise RootLost(link.folder, report.reason)
                    case RevisionNoted():
                        await take(link, [report.observation], asked=link.doubts)
                    case LookupAsked():
                        await self._answer(stream, report)
                    case _:
                        continue

    def _cursor(self, transaction: Transaction) -> bytes | None:
        return transaction.meta(f"cursor {self._link.service}\0{self._link.folder}")

    def _fingerprints(self, transaction: Transaction) -> list[tuple[str, bytes]]:
        """Returns what was last decided about each directory of the service."""
        link = self._link
        work = self._referee.work(transaction, link.folder)
        paths: dict[int, str | None] = {work.scope.root: ""}
        found: list[tuple[str, bytes]] = []
        for directory, fingerprint in transaction.fingerprints(link.service):
            node = transaction.find(directory)
            if node is None or node.folder != link.folder:
                continue
            state = node.services.get(link.service)
            if directory not in paths:
                place = state.place if state is not None else None
                paths[directory] = work.path_on(link.service, place) if place is not None else None
            path = paths[directory]
            if path is not None:
                found.append((path, fingerprint))
        return found

    async def _batch(self, batch: Batch) -> None:
        """Takes in one batch, looking at other paths first where that is needed."""
        link = self._link
        later = batch.snapshot != 0
        for problem in batch.problems:
            self._referee.log.warning(
                "file_ignored",
                service=link.service,
                folder=link.folder,
                path=problem.display_path,
                reason=problem.reason,
            )
        listings = self._listed(batch) if later else []
        self._tell_ignored(batch.observations)
        missed = await take(link, batch.observations, later=later)
        for listing in batch.listings:
            if listing.complete:
                self._incomplete.pop(listing.path, None)
            else:
                self._tell_incomplete(listing)
        # Going on from there would leave out for good what has not been listed.
        cursor = batch.cursor if not self._incomplete else None
        if listings or cursor is not None:
            await self._listings(listings, cursor)
        if missed and not later:
            link.settle_after(SETTLE_DELAY)

    def _tell_ignored(self, observations: list[Observation]) -> None:
        """Reports entries that cannot be synchronised."""
        link = self._link
        for observation in observations:
            if isinstance(observation.state, Inadmissible):
                self._referee.tell_ignored(
                    link.service, link.folder, observation.path, cause="entry", reason=observation.state.reason
                )

    def _listed(self, batch: Batch) -> list[Listed]:
        """Notes the names of a batch and returns the directories whose listing is complete with it."""
        names = self._names
        for observation in batch.observations:
            above, _, name = observation.path.rpartition("/")
            names.setdefault(above, set()).add(name)
            self._last_seq = max(self._last_seq, observation.seq)
        listed: list[Listed] = []
        for listing in batch.listings:
            there = names.pop(listing.path, set())
            if listing.complete:
                listed.append(Listed(listing.path, frozenset(there), listing.seq or self._last_seq))
        return listed

    def _tell_incomplete(self, listing: Listing) -> None:
        """Reports a directory that could not be listed. What is in it is unknown, which is never absent."""
        self._incomplete[listing.path] = None
        link = self._link
        self._referee.log.warning(
            "path_failed", service=link.service, folder=link.folder, path=listing.path or ".", error=listing.reason
        )
        self._referee.counts.unlisted += 1

    async def _listings(self, listings: list[Listed], cursor: bytes | None) -> None:
        """Misses what was not listed, and keeps the place in the stream with it."""
        link, referee = self._link, self._referee

        def work(transaction: Transaction) -> int:
            missed = take_listings(referee.work(transaction, link.folder), link.service, listings)
            if cursor is not None:
                transaction.set_meta(f"cursor {link.service}\0{link.folder}", cursor)
            return missed

        if await referee.writer.write(work, later=True) and link.listed:
            link.settle_after(SETTLE_DELAY)

    def _snapshot_ended(self) -> None:
        """Has everything that waits decided about: absence is only believed once the whole snapshot is over."""
        self._names.clear()
        self._link.snapshot_over = True
        self._link.settle_after(0)

    async def _answer(self, stream: WatchStream, asked: LookupAsked) -> None:
        """Answers what is known of some paths. A lookup never writes."""
        link, referee = self._link, self._referee

        def look(transaction: Transaction) -> list[Known]:
            return known_entries(referee.work(transaction, link.folder), link.service, asked.paths)

        await stream.answer(asked.number, await referee.writer.read(look))
