"""Makes what was written on one service durable: one flush for many files, every second or so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from onitu.core.answers import distrust, durable

if TYPE_CHECKING:
    from onitu.core.node import NodeId
    from onitu.referee.link import Link
    from onitu.store import Transaction

#: Seconds between two flushes while files are being written (DESIGN §3, "Visible is not yet held").
FLUSH_INTERVAL = 1.0

#: Nodes recorded as durable in one transaction.
NODES_AT_ONCE = 2_000


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

        What was written before this host was started anew may have been taken back by a power cut, so its outcome
        counts as unknown until its digest has been read.
        """
        link, referee = self._link, self._referee

        def work(transaction: Transaction) -> list[NodeId]:
            unit = referee.work(transaction, link.folder)
            nodes = list(transaction.visible(link.service, link.folder))
            return [node for node in nodes if not distrust(unit, link.service, node, boot=referee.boot)]

        link.visible = await referee.writer.write(work)

    async def run(self, *, rest: bool) -> None:
        """Flushes until it is cancelled.

        Args:
            rest: Flush by itself, every second or so. Otherwise only what an earlier process left, and when something
                waits for it: what remains is settled at the next start.

        Raises:
            DriverError: The service cannot be flushed.
        """
        link = self._link
        if link.visible:
            await self.flush()
        while True:
            await link.to_sync.wait()
            if not link.sync_now and not rest:
                continue
            if not link.sync_now:
                with trio.move_on_after(FLUSH_INTERVAL):
                    await link.to_sync.wait_for(lambda: link.sync_now)
            await self.flush()

    async def flush(self) -> None:
        """Makes everything durable that was answered so far, and records it."""
        link, referee = self._link, self._referee
        urgent = link.sync_now
        nodes, link.visible = link.visible, []
        if nodes and link.capabilities.sync:
            await link.client.sync(link.folder)
        for start in range(0, len(nodes), NODES_AT_ONCE):
            page = nodes[start : start + NODES_AT_ONCE]

            def work(transaction: Transaction, page: list[NodeId] = page) -> None:
                unit = referee.work(transaction, link.folder)
                for node in page:
                    durable(unit, link.service, node)

            await referee.writer.write(work, later=True)
        referee.wake(link.folder)
        if urgent:
            link.sync_now = False
            referee.came_to_rest()
