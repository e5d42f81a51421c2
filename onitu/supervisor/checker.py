"""Reads everything again while nothing else is to be done, a little at a time, and says what differs.

How far it has come is kept in the store, now and then, so a round goes on after a restart. That is done only where a
service computes digests where its files lie: what would have to be fetched for it is left to `onitu verify`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import trio

from onitu.core.model import DIGEST
from onitu.log import get_logger
from onitu.supervisor.rounds import Round, load_round, save_round
from onitu.supervisor.verify import Fault, Found, verify_some

if TYPE_CHECKING:
    from onitu.config.values import Check
    from onitu.core.node import NodeId, ServiceName
    from onitu.referee import Link, Referee

#: Seconds between two looks for something to read.
LOOK = 5.0

#: Seconds after which it is noted how far a round has come.
SAVE = 60.0

#: Files looked at in one go, and bytes after which that ends earlier: whatever comes meanwhile waits for no more.
FILES_AT_ONCE = 200
BYTES_AT_ONCE = 4 * 1024 * 1024


class Checker:
    """Checks all services, one folder after the other.

    Args:
        referee: What all links share.
        check: Says what the setup wants.
    """

    def __init__(self, referee: Referee, check: Callable[[], Check]) -> None:
        self._referee = referee
        self._check = check
        self._log = get_logger()
        self._found: dict[tuple[ServiceName, str], Found] = {}
        self._told: set[tuple[ServiceName, str, str, str]] = set()

    async def run(self) -> None:
        """Checks until it is cancelled."""
        while True:
            await trio.sleep(LOOK)
            for link in list(self._referee.links.values()):
                if DIGEST in link.capabilities.computed_digests and self._check().days:
                    await self._go_on(link)

    async def _go_on(self, link: Link) -> None:
        """Reads on in one folder as long as nothing else is to be done."""
        before = await self._referee.writer.read(partial(load_round, service=link.service, folder=link.folder))
        if before is None or not self._may(link) or not before.is_due(self._check().days, time.time_ns()):
            return
        after, saved = before.after, trio.current_time()
        while self._may(link):
            after = await self._some(link, after)
            if not after:
                await self._save(link, Round(time.time_ns()))
                self._end(link)
                return
            if trio.current_time() >= saved + SAVE:
                await self._save(link, Round(before.at_ns, after))
                saved = trio.current_time()
        if after != before.after:
            await self._save(link, Round(before.at_ns, after))

    def _may(self, link: Link) -> bool:
        """Returns whether nothing else is to be done, and the service is there."""
        referee = self._referee
        return referee.links.get(link.key) is link and referee.idle and not link.hours.waits

    async def _some(self, link: Link, after: NodeId) -> NodeId:
        """Reads a little, at the pace that is allowed. Returns where to go on."""
        found = self._found.setdefault(link.key, Found())
        size, faults = found.size, len(found.faults)
        rate = self._check().rate
        after = await verify_some(self._referee, link, found, after, files=FILES_AT_ONCE, size=min(BYTES_AT_ONCE, rate))
        if self._referee.links.get(link.key) is link:
            for fault in found.faults[faults:]:
                self._tell(link, fault)
        await trio.sleep((found.size - size) / rate)
        return after

    def _tell(self, link: Link, fault: Fault) -> None:
        """Says once what is wrong with a file."""
        key = (link.service, link.folder, fault.path, fault.revision)
        if key not in self._told:
            self._told.add(key)
            path, text = fault.path, fault.text
            self._log.warning("rot_found", service=link.service, folder=link.folder, path=path, reason=text)

    def _end(self, link: Link) -> None:
        """Says what came of a round."""
        found = self._found.pop(link.key, Found())
        self._log.info(
            "verified",
            service=link.service,
            folder=link.folder,
            files=found.files,
            bytes=found.size,
            faults=len(found.faults),
        )

    async def _save(self, link: Link, done: Round) -> None:
        """Notes how far a round has come."""
        save = partial(save_round, service=link.service, folder=link.folder, done=done)
        await self._referee.writer.write(save, later=True)
