"""Asks a service again: about paths, about digests, and about what was missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from onitu.core.model import Kind, Observation, Unknown
from onitu.core.safety import is_held_back
from onitu.referee.guard import Concern, Guard, Review
from onitu.referee.ingest import Waiting, find_above, find_overtaken, find_sought, find_waiting, give_up_doubts, settle
from onitu.referee.link import SETTLE_DELAY
from onitu.referee.looking import look
from onitu.referee.taking import take
from onitu.transfer.digest import read_digests

if TYPE_CHECKING:
    from onitu.core.node import NodeId
    from onitu.core.tree import Effect
    from onitu.referee.link import Link
    from onitu.store import Transaction

#: Paths in one question: a call's limit.
PATHS_AT_ONCE = 1_000

#: Bytes to be read for digests in one call, so that an answer never takes long.
DIGEST_BYTES_AT_ONCE = 64 * 1024 * 1024


class Asker:
    """Asks one service about one folder.

    Args:
        link: The folder on its service.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._referee = link.referee
        self._guard = Guard(link)

    async def run(self) -> None:
        """Asks whenever there is something to ask, until it is cancelled.

        Raises:
            DriverError: The service cannot be asked.
        """
        link = self._link
        while True:
            await link.to_ask.wait(until=link.asks_at)
            link.asking = True
            again = self._ask_again()
            # Nothing is taken for gone while it may be what another question will find.
            while link.waits_for_paths or link.waits_for_digests:
                while link.waits_for_paths:
                    await self._paths()
                if link.waits_for_digests:
                    await self._digests()
            await self._listings()
            if again or (link.settle_at is not None and link.settle_at <= trio.current_time()):
                link.settle_at = None
                news = await self._settle()
                await self._retry_what_is_left()
                if link.snapshot_over and not link.listed:
                    link.listed = news = True
                    self._referee.log.info("snapshot_finished", service=link.service, folder=link.folder)
                    await self._decide_elsewhere()
                self._referee.ignore_files.ring(again=True)
                if news:
                    self._referee.wake(link.folder)
            link.asking = False
            self._referee.came_to_rest()

    def _ask_again(self) -> bool:
        """Asks again for what got no answer, once it is time. Returns whether it is."""
        link = self._link
        if link.retry_at is None or link.retry_at > trio.current_time():
            return False
        link.retry_at = None
        link.retries += 1
        link.waits_for_paths.update(link.doubtful)
        link.doubtful.clear()
        link.waits_for_digests.update(link.unread)
        link.unread.clear()
        return True

    async def _retry_what_is_left(self) -> None:
        """Has what could not be decided looked at again later: a service did not answer, or was not there to be asked.

        A service that never says more than its driver has said is not asked again.
        """
        link = self._link
        if link.unread or (link.capabilities.stat_files and (link.doubtful or await self._is_waiting(link))):
            link.retry()
        else:
            link.retries = 0

    async def _is_waiting(self, link: Link) -> bool:
        """Returns whether something of a service could not be decided, other than what waits for a person."""
        referee = self._referee

        def is_waiting(transaction: Transaction) -> bool:
            work = referee.work(transaction, link.folder)
            for node_id in transaction.scan(("awaiting", link.service, link.folder)):
                node = transaction.find(node_id)
                state = node.services.get(link.service) if node is not None else None
                if node is None or state is None or (link.service, node_id) in referee.in_flight:
                    continue
                if link.hold is None or not is_held_back(work, link.service, node, state):
                    return True
            return False

        return await referee.writer.read(is_waiting)

    async def _decide_elsewhere(self) -> None:
        """Has the other services decide what waited for this one, which was away and can be asked now."""
        for (_, folder), link in tuple(self._referee.links.items()):
            if folder == self._link.folder and link is not self._link and await self._is_waiting(link):
                link.settle_after(SETTLE_DELAY)

    async def _paths(self) -> None:
        """Looks at paths again."""
        link = self._link
        paths = list(link.waits_for_paths)[:PATHS_AT_ONCE]
        for path in paths:
            del link.waits_for_paths[path]
        asked = link.doubts
        observations = await look(link, paths)
        unanswered = [o.path for o in observations if isinstance(o.state, Unknown)]
        can_answer = link.capabilities.stat_files
        if await take(link, observations, asked=asked) or (unanswered and not can_answer):
            link.settle_after(SETTLE_DELAY)
        if unanswered and can_answer:
            link.doubtful.update(dict.fromkeys(unanswered))
            link.retry()

    async def _listings(self) -> None:
        """Has directories listed again; what is in them comes in the stream."""
        link = self._link
        paths = list(link.waits_for_listings)
        link.waits_for_listings.clear()
        if paths and link.stream is not None:
            await link.stream.rescan(paths, recursive=True)

    async def _digests(self) -> None:
        """Learns digests, and has decided what waited for them."""
        link = self._link
        algorithm = next(iter(link.waits_for_digests))[1]
        asked = [node for node, wanted in link.waits_for_digests if wanted == algorithm][:PATHS_AT_ONCE]

        def choose(transaction: Transaction) -> tuple[dict[NodeId, Observation], list[NodeId]]:
            return self._choose(transaction, asked)

        chosen, taken = await self._referee.writer.read(choose)
        entries = list(chosen.values())
        for node in taken:
            link.waits_for_digests.pop((node, algorithm), None)
        began = link.doubts
        if algorithm in link.capabilities.computed_digests:
            observations = await link.client.stat(link.folder, [entry.path for entry in entries], digest=algorithm)
        else:
            observations = await read_digests(link, entries)
        if await take(link, observations, asked=began):
            link.settle_after(SETTLE_DELAY)  # What is read may have been moved meanwhile, by ourselves too.
        unread = {o.path for o in observations if isinstance(o.state, Unknown)}
        if unread:
            # Another service may wait for them: nothing of this one is undecided then.
            link.unread.update({(node, algorithm): None for node, entry in chosen.items() if entry.path in unread})
            link.retry()

    def _choose(self, transaction: Transaction, asked: list[NodeId]) -> tuple[dict[NodeId, Observation], list[NodeId]]:
        """Returns what is known at the paths of some nodes, up to an amount of bytes, and which nodes that were."""
        work = self._referee.work(transaction, self._link.folder)
        entries: dict[NodeId, Observation] = {}
        taken: list[NodeId] = []
        size = 0
        for node_id in asked:
            taken.append(node_id)
            node = transaction.find(node_id)
            state = node.services.get(self._link.service) if node is not None else None
            if state is None or not state.present or state.seen is None or state.seen.entry.kind is not Kind.FILE:
                continue
            path = work.path_on(self._link.service, state.seen.place)
            if path is not None:
                entries[node_id] = Observation(path, state.seen.entry, state.seq)
                size += state.seen.entry.size
            if size >= DIGEST_BYTES_AT_ONCE:
                break
        return entries, taken

    async def _settle(self) -> bool:
        """Looks at everything that waits, and decides what can be decided. Returns whether anything did."""
        link, referee = self._link, self._referee
        for path in link.waits_for_answers:
            link.ask_path(path)
        link.waits_for_answers.clear()
        held = {held for held in referee.standstill if held[0] == link.service}
        referee.standstill -= held
        concern, position = await referee.writer.read(self._guard.concern), 0
        if concern is Concern.GRAVE:
            # All of it is looked at: what has been moved is found before anything is counted.
            while page := await self._page(position, None):
                position = page[0].nodes[-1]
        review = Review()
        if concern is not Concern.NONE:
            review = await referee.writer.write(self._guard.review, later=True)
        self._tell(review)
        news, position = bool(review.ended or held), 0
        while page := await self._page(position, review.allowed):
            position = page[0].nodes[-1]
            await self._decide(*page, counts=not review.ended)
            news = True
        if review.hold is None and link.settle_at is None:
            link.mark = None
        return news

    async def _page(self, after: NodeId, allowed: frozenset[NodeId] | None) -> tuple[Waiting, set[NodeId]] | None:
        """Looks at what waits, from a number on. Returns what was looked at, and what of it nothing can be said of.

        Args:
            after: The number.
            allowed: What is looked at though it is missed or empty; None for everything.
        """
        link, referee = self._link, self._referee

        def find(transaction: Transaction) -> Waiting:
            work = referee.work(transaction, link.folder)
            nodes = transaction.scan(("awaiting", link.service, link.folder), after=after)
            return find_waiting(work, link.service, nodes, most=PATHS_AT_ONCE, allowed=allowed)

        waiting = await referee.writer.read(find)
        if not waiting.nodes:
            return None
        unknown = {waiting.paths[path] for path in await self._look(list(waiting.paths))}
        if waiting.gone and link.capabilities.stat_files and link.capabilities.move_directory:
            # What is missed may have gone with a directory above it, of which a watcher tells once for all that lies in
            # it: so that is looked at, and later. Where no directory can be renamed, one is there by what is in it.
            above = await referee.writer.read(
                lambda tree: find_above(referee.work(tree, link.folder), link.service, waiting)
            )
            unknown.update(node for path in await self._look(list(above)) for node in above[path])
        return waiting, unknown

    async def _look(self, paths: list[str]) -> list[str]:
        """Looks at paths and takes in what is there. Returns those of which nothing is said."""
        link = self._link
        silent: list[str] = []
        for start in range(0, len(paths), PATHS_AT_ONCE):
            asked = link.doubts
            observations = await look(link, paths[start : start + PATHS_AT_ONCE])
            silent += [o.path for o in observations if isinstance(o.state, Unknown)]
            await take(link, [o for o in observations if not isinstance(o.state, Unknown)], asked=asked)
        return silent

    def _tell(self, review: Review) -> None:
        """Makes known what is held, and what no longer is."""
        link, log = self._link, self._referee.log
        if review.began and review.hold is not None:
            log.warning(
                "service_held",
                service=link.service,
                folder=link.folder,
                files=review.hold.lost,
                of=review.hold.files,
                older=review.hold.older,
                reason=f"{review.hold.reason}: run `onitu holds`",
            )
            self._referee.telling.hold(link.service, link.folder, state="held", reason=review.hold.reason)
        if review.ended:
            log.info("hold_ended", service=link.service, folder=link.folder, by=review.ended)
            self._referee.telling.hold(link.service, link.folder, state="ended")
            self._referee.release(link.folder, review.effects)
        link.hold = review.hold

    async def _decide(self, waiting: Waiting, unknown: set[NodeId], *, counts: bool) -> None:
        link, referee = self._link, self._referee
        late: set[NodeId] = set()
        unread = [node for node, _ in (*link.waits_for_digests, *link.unread)]

        def work(transaction: Transaction) -> list[Effect]:
            unit = referee.work(transaction, link.folder)
            # What was found to be missing only by this look has not been counted; what has moved, not looked for.
            late.update(find_overtaken(unit, link.service, waiting))
            left = late | find_sought(unit, link.service, waiting, unread)
            if counts:
                self._guard.note(transaction, unit, [node for node in waiting.nodes if node not in unknown | left])
            if link.capabilities.stat_files:
                settle(unit, link.service, waiting, unknown=unknown | left)
            else:
                # Nobody can say more than the driver has said.
                give_up_doubts(unit, link.service, unknown)
                settle(unit, link.service, waiting, unknown=(unknown - waiting.gone.keys()) | left)
            return unit.effects

        referee.release(link.folder, await referee.writer.write(work, later=True))
        if late:
            link.settle_after(SETTLE_DELAY)
