"""Makes what was written on one service durable: one flush for many files, every second or so.

What is answered belongs to an epoch, and a flush that began after the answer ends it. That the flush was answered is
one number in the store; the records follow page by page, when there is time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import trio

from onitu.core.answers import distrust, durable

if TYPE_CHECKING:
    from onitu.core.node import NodeId
    from onitu.referee.link import Link
    from onitu.store import Transaction

#: Seconds between two flushes while files are being written (DESIGN §3, "Visible is not yet held").
FLUSH_INTERVAL = 1.0

#: Records that are brought up to date in one transaction.
NODES_AT_ONCE = 500


#: How often this host has been started anew, as far as known.
_POWER_CUTS = "power cuts"


def note_power_cut(transaction: Transaction) -> None:
    """Notes that the host was started anew: what no service has flushed since may have been taken back.

    Each service is asked about that once, whenever it is next there.
    """
    transaction.set_meta(_POWER_CUTS, str(_power_cuts(transaction) + 1).encode())


def _power_cuts(transaction: Transaction) -> int:
    return int(transaction.meta(_POWER_CUTS) or b"0")


class Keeper:
    """Makes what was written on one service durable.

    Args:
        link: The folder on its service.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._referee = link.referee

    async def begin(self) -> None:
        """Takes up what an earlier process left visible, before anything is observed.

        Where this host was started anew since, a power cut may have taken it back: its outcome counts as unknown until
        what is there has been read.
        """
        link, referee = self._link, self._referee
        flushed = await referee.writer.read(self._flushed)
        link.epoch = flushed + 1
        cuts = await referee.writer.read(_power_cuts)
        if cuts != await referee.writer.read(self._settled):
            # What was visible, and what had something visible below it and was changed again.
            for nodes in (self._visible, self._awaiting):
                await self._each_page(nodes, partial(self._distrust, flushed))
            name = f"{_POWER_CUTS} {self._key}"
            await referee.writer.write(lambda transaction: transaction.set_meta(name, str(cuts).encode()))
        elif await referee.writer.read(lambda transaction: next(self._visible(transaction, 0), None)) is not None:
            link.unflushed = True

    async def run(self, *, rest: bool) -> None:
        """Flushes until it is cancelled.

        Args:
            rest: Flush by itself, every second or so, and bring the records up to date. Otherwise only what an earlier
                process left, and when something waits for it: what remains is settled at a later start.

        Raises:
            DriverError: The service cannot be flushed.
        """
        link = self._link
        if link.unflushed:
            await self._flush()
        while True:
            await link.to_sync.wait()
            if not link.sync_now:
                if not rest or not link.unflushed:
                    continue
                with trio.move_on_after(FLUSH_INTERVAL):
                    await link.to_sync.wait_for(lambda: link.sync_now)
            # Before the flush: what begins to wait while it goes on waits for the next one.
            link.flushing, link.sync_now = link.sync_now, False
            flushed = await self._flush()
            await self._each_page(self._visible, partial(self._durable, flushed))
            self._referee.wake(link.folder)
            if link.flushing:
                link.flushing = False
                self._referee.came_to_rest()

    async def _flush(self) -> int:
        """Makes everything durable that was answered so far, and records that. Returns the epoch that ends with it."""
        link, referee = self._link, self._referee
        ended = link.epoch
        link.epoch, link.unflushed = ended + 1, False
        if link.capabilities.sync:
            await link.client.sync(link.folder)
        name = self._name
        await referee.writer.write(lambda transaction: transaction.set_meta(name, str(ended).encode()), later=True)
        return ended

    async def _each_page(
        self, nodes: Callable[[Transaction, NodeId], Iterator[NodeId]], settle: Callable[[Transaction, NodeId], None]
    ) -> None:
        """Settles nodes from a number on, a page in a transaction."""
        position = 0
        while True:

            def work(transaction: Transaction, after: int = position) -> int:
                page = list(islice(nodes(transaction, after), NODES_AT_ONCE))
                for node in page:
                    settle(transaction, node)
                return page[-1] if len(page) == NODES_AT_ONCE else 0

            position = await self._referee.writer.write(work, later=True)
            if not position:
                return

    @property
    def _key(self) -> str:
        return f"{self._link.service}\0{self._link.folder}"

    @property
    def _name(self) -> str:
        return f"flushed {self._key}"

    def _settled(self, transaction: Transaction) -> int:
        """Returns after how many power cuts this service was last asked what is there."""
        return int(transaction.meta(f"{_POWER_CUTS} {self._key}") or b"0")

    def _flushed(self, transaction: Transaction) -> int:
        return int(transaction.meta(self._name) or b"0")

    def _visible(self, transaction: Transaction, after: int) -> Iterator[NodeId]:
        return transaction.visible(self._link.service, self._link.folder, after=after)

    def _awaiting(self, transaction: Transaction, after: int) -> Iterator[NodeId]:
        return transaction.scan(("awaiting", self._link.service, self._link.folder), after=after)

    def _distrust(self, flushed: int, transaction: Transaction, node: NodeId) -> None:
        distrust(self._referee.work(transaction, self._link.folder), self._link.service, node, flushed=flushed)

    def _durable(self, flushed: int, transaction: Transaction, node: NodeId) -> None:
        durable(self._referee.work(transaction, self._link.folder), self._link.service, node, flushed=flushed)
