"""Removes from the trash of one folder on one service what need not be kept any longer (`keep`).

How long that is by the clock that counts is `core.retention`'s; here it is wound, and what it says is carried out: on
the service where that keeps things itself and lets them be listed, else in the data directory.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import trio

from onitu.core.retention import DAY, Counter, expired
from onitu.errors import DriverError, StoreError, Unsupported

if TYPE_CHECKING:
    from onitu.core.model import Kept
    from onitu.core.node import NodeId
    from onitu.referee.link import Link
    from onitu.referee.writer import Writer
    from onitu.store import Transaction

#: Seconds between two looks at the clock. One that is wrong in between, and right again, is not noticed.
INTERVAL = 600.0

#: Counted seconds between two looks at what is kept.
PAUSE = DAY

#: Copies that are removed at once.
_AT_ONCE = 1_000

_COUNTER = "counted time"
_SWEPT = "swept "


class CountedTime:
    """The clock that counts, kept in the store from one process to the next.

    Args:
        writer: The writer of the store.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._last: float | None = None

    async def look(self) -> Counter:
        """Counts what has passed since the last look, and returns the time."""
        now, last = trio.current_time(), self._last
        self._last = now

        def count(transaction: Transaction) -> Counter:
            raw = transaction.meta(_COUNTER)
            counter = msgspec.json.decode(raw, type=Counter) if raw is not None else Counter()
            wall = time.time()
            counter = counter.begin(wall) if last is None else counter.count(now - last, wall)
            transaction.set_meta(_COUNTER, msgspec.json.encode(counter))
            return counter

        return await self._writer.write(count, later=True)


class Sweeper:
    """Keeps the trash of one folder on one service within `keep`.

    Args:
        link: The folder on its service.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._referee = link.referee

    async def run(self) -> None:
        """Sweeps now and then until it is cancelled."""
        while True:
            await self.sweep(await self._referee.counted.look())
            await trio.sleep(INTERVAL)

    async def sweep(self, counter: Counter) -> None:
        """Removes what is too old, if nobody has looked for a day of counted time."""
        link, name = self._link, f"{_SWEPT}{self._link.service}\0{self._link.folder}"
        last = await self._referee.writer.read(lambda transaction: transaction.meta(name))
        if last is not None and counter.counted - float(last) < PAUSE:
            return
        try:
            gone = await self._sweep_service(counter) + await self._sweep_data(counter)
        except (DriverError, StoreError) as error:
            self._referee.log.warning("trash_failed", service=link.service, folder=link.folder, error=str(error))
            return
        if gone:
            self._referee.log.info(
                "trash_emptied",
                service=link.service,
                folder=link.folder,
                files=len(gone),
                bytes=sum(kept.size for kept in gone),
            )
        await self._forget_past(counter)
        swept = str(counter.counted).encode()
        await self._referee.writer.write(lambda transaction: transaction.set_meta(name, swept), later=True)

    async def _sweep_service(self, counter: Counter) -> list[Kept]:
        """Removes what the service itself keeps, page by page where age alone decides."""
        link = self._link
        if not link.capabilities.trash:
            return []
        waiting: list[Kept] = []
        gone: list[Kept] = []
        try:
            async for kept in link.client.list_trash(link.folder):
                waiting.append(kept)
                if len(waiting) >= _AT_ONCE and link.keep.size is None:
                    gone += await self._remove(expired(waiting, link.keep, counter))
                    waiting.clear()
            return gone + await self._remove(expired(waiting, link.keep, counter))
        except Unsupported:  # The service lists nothing, or has rules of its own for how long things stay.
            return gone

    async def _remove(self, copies: list[Kept]) -> list[Kept]:
        if copies:
            await self._link.client.empty_trash(self._link.folder, [kept.id for kept in copies])
        return copies

    async def _forget_past(self, counter: Counter) -> None:
        """Forgets what became of entries that are gone everywhere, once no copy of them need be kept on any service."""
        folder = self._link.folder
        days = [member.keep.days for member in self._referee.scopes[folder].members.values()]
        if None in days:
            return
        longest, position = max((day for day in days if day is not None), default=0.0) * DAY, b""

        def forget(transaction: Transaction, after: bytes) -> bytes:
            last = b""
            for looked, (key, node, departure) in enumerate(transaction.past.all_departures(after=after), 1):
                last = key
                if departure.folder == folder and departure.deleted and counter.age(departure.at) >= longest:
                    gone.append(node)
                if looked >= _AT_ONCE:
                    break
            else:
                last = b""
            for node in gone:
                if transaction.find(node) is None:
                    transaction.past.forget(node)
            gone.clear()
            return last

        gone: list[NodeId] = []
        while True:
            position = await self._referee.writer.write(partial(forget, after=position), later=True)
            if not position:
                return

    async def _sweep_data(self, counter: Counter) -> list[Kept]:
        """Removes what the data directory keeps of this service, and of services that the setup has no more."""
        link, trash = self._link, self._referee.trash
        others = self._referee.scopes[link.folder].members.keys() - {link.service}

        def sweep() -> list[Kept]:
            copies = [kept for origin, kept in trash.listed(link.folder) if origin.service not in others]
            gone = expired(copies, link.keep, counter)
            trash.remove(kept.id for kept in gone)
            return gone

        return await trio.to_thread.run_sync(sweep)
