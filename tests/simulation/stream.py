"""The change stream of one simulated service: snapshots listed one directory at a time, and live changes between.

One ordered stream, as the contract has it: what is queued when a directory is listed has come before it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

import trio

from onitu.core.model import Kind, Observation, Present, State, Unknown
from onitu.errors import CursorExpired, Unavailable
from onitu.host.settings import RootState
from onitu.host.stream import Batch, Known, Listing, Report, RootChanged, SnapshotBegan, SnapshotEnded

if TYPE_CHECKING:
    from tests.simulation.account import Account
    from tests.simulation.chaos import Chaos

#: Seconds between two listings of a service that is polled.
POLL = 20.0

#: Seconds after which a directory whose listing was torn is listed again.
AGAIN = 5.0


class Stream:
    """An open stream.

    Args:
        account: The service.
        chaos: What goes wrong.
        cursor: Where to go on, or None for a snapshot.
        fingerprints: What was last decided about directories.
    """

    def __init__(
        self, account: Account, chaos: Chaos, *, cursor: bytes | None, fingerprints: Iterable[tuple[str, bytes]]
    ) -> None:
        self._account = account
        self._chaos = chaos
        self._live: deque[Observation | str] = deque()
        self._lists: deque[str] = deque()
        self._fingerprints = dict(fingerprints)
        self._snapshot = 0
        self._whole = False
        self._began = False
        self._number = 0
        self._error: Exception | None = None
        self._root_lost = False
        self._asked = 0
        self._news = trio.Event()
        self._polled_at = trio.current_time()
        self._stale = False
        self._torn: dict[str, None] = {}
        self._torn_at = 0.0
        if not account.rooted:
            self.lose_root()
        if cursor is None:
            self._snapshots([""], whole=True)
        else:
            self._resume(int(cursor))

    @property
    def quiet(self) -> bool:
        """Whether everything has been told."""
        waiting = self._live or self._lists or self._began or self._torn or self._stale
        return not waiting and self._error is None and not self._root_lost

    # What happens on the service.

    def changed(self, path: str) -> None:
        """A path has changed."""
        if self._account.traits.polled:
            self._stale = True
            return
        self._live.extend([path] if self._account.traits.glances else self._look(path))
        self._news.set()

    def _look(self, path: str, seq: int | None = None) -> list[Observation]:
        """Returns what is at a path, and all below it."""
        account = self._account
        path = account.spelled(path)
        found = [Observation(path, account.stat(path), account.seq() if seq is None else seq)]
        item = account.find(path)
        if item is not None and item.kind is Kind.DIRECTORY and item.children:
            found += [
                Observation(below, account.state(child), account.seq() if seq is None else seq)
                for below, child in account.walk(item, path)
            ]
        return found

    def moved(self, old: str, new: str) -> None:
        """A path has a new name."""
        self._stale = self._account.traits.polled
        if not self._stale:
            self._live.append(Observation(new, self._account.stat(new), self._account.seq(), old))
            self._news.set()

    def shown(self, path: str, state: State) -> None:
        """A path is told as it was once."""
        self._live.append(Observation(path, state, self._account.seq()))
        self._news.set()

    def wake(self) -> None:
        """There may be something to tell again."""
        self._news.set()

    def fail(self) -> None:
        """The stream breaks."""
        self._error = Unavailable("the stream broke")
        self._news.set()

    def lose_root(self) -> None:
        """The root is gone."""
        self._root_lost = True
        self._news.set()

    # What the core does.

    async def receive(self) -> Report:
        """Waits for the next report."""
        await self._chaos.pause()
        while True:
            if self._account.traits.glances and self._live:
                self._asked = self._account.seq()
                await self._chaos.pause()
            report = self._next() if not self._account.lagging else None
            if report is not None:
                return report
            self._news = trio.Event()
            with trio.move_on_at(self._wakes_at()):
                await self._news.wait()
            now = trio.current_time()
            if self._account.traits.polled and now >= self._polled_at + POLL:
                self._polled_at = now
                self._snapshots([""], whole=True)
            if self._torn and now >= self._torn_at + AGAIN:
                self._snapshots(list(self._torn), whole=False)
                self._torn.clear()

    def _wakes_at(self) -> float:
        """Returns when something is listed by itself."""
        polled = self._polled_at + POLL if self._account.traits.polled else float("inf")
        return min(polled, self._torn_at + AGAIN if self._torn else float("inf"))

    async def acknowledge(self, _number: int) -> None:
        """The core has committed a batch."""
        await trio.lowlevel.checkpoint()

    async def rescan(self, directories: Iterable[str], *, recursive: bool) -> None:
        """The core wants directories listed."""
        assert recursive
        await trio.lowlevel.checkpoint()
        self._snapshots(list(directories), whole=False)

    async def answer(self, _lookup: int, _entries: Iterable[Known]) -> None:
        """Never asked for."""
        raise AssertionError

    def _snapshots(self, directories: list[str], *, whole: bool) -> None:
        self._lists.extend(path for path in directories if path not in self._lists)
        self._whole = self._whole or whole
        self._news.set()

    def _resume(self, position: int) -> None:
        """Tells what has changed since a place in the log, as it is now."""
        if self._chaos.expires():
            self._error = CursorExpired("too old")
            return
        for path in dict.fromkeys(self._account.log[position:]):
            self.changed(path)

    def _next(self) -> Report | None:
        if self._error is not None:
            raise self._error
        if self._root_lost:
            return RootChanged(RootState.MISSING, "the root is not there")
        if self._live and self._chaos.drops():
            # As a watcher whose queue has run over: what was lost is found by listing everything.
            self._live.clear()
            self._snapshots([""], whole=True)
        if self._live:
            return self._live_batch()
        if self._lists and not self._began:
            self._began, self._stale = True, self._stale and not self._whole
            self._snapshot += 1
            return SnapshotBegan(self._snapshot, ordered=True, whole=self._whole)
        if self._lists:
            return self._list(self._lists.popleft())
        if self._began:
            self._began = self._whole = False
            self._fingerprints.clear()
            return SnapshotEnded(self._snapshot)
        return None

    def _live_batch(self) -> Batch:
        count = self._chaos.rng.randrange(1, 4) if self._chaos.active else len(self._live)
        taken: list[Observation] = []
        for _ in range(min(count, len(self._live))):
            told = self._live.popleft()
            taken += self._look(told, self._asked) if isinstance(told, str) else [told]
        if self._chaos.happens():
            taken.append(taken[-1])
        return self._batch(taken, [], live=True)

    def _list(self, path: str) -> Batch:
        account = self._account
        item = account.find(path)
        seq = account.seq()
        if item is None or item.kind is not Kind.DIRECTORY:
            return self._batch([], [], live=False)
        observations = []
        below: list[str] = []
        for name, child in sorted(item.children.items()):
            there = f"{path}/{name}" if path else name
            observations.append(Observation(there, account.state(child), seq))
            if child.kind is Kind.DIRECTORY:
                below.append(there)
        self._lists.extendleft(reversed(below))
        if account.traits.computes and path in self._fingerprints:
            mine = account.fingerprint(item)
            if mine and self._fingerprints[path] == mine:
                return self._batch([], [], live=False)
        complete = True
        if observations and (account.torn or self._chaos.tears()):
            account.torn = max(0, account.torn - 1)
            torn = self._chaos.rng.randrange(len(observations))
            if self._chaos.rng.random() < 0.5:
                observations[torn] = Observation(observations[torn].path, Unknown("torn"), seq)
            else:
                del observations[torn:]
            complete = False
            self._torn[path] = None
            self._torn_at = trio.current_time()
        reason = "" if complete else "the listing was torn"
        return self._batch(observations, [Listing(path, complete, reason, seq)], live=False)

    def _batch(self, observations: list[Observation], listings: list[Listing], *, live: bool) -> Batch:
        self._number += 1
        cursors = self._account.traits.cursors and not self._live and not self._lists and not self._whole
        return Batch(
            number=self._number,
            snapshot=0 if live else self._snapshot,
            observations=observations,
            listings=listings,
            unchanged=[],
            problems=[],
            cursor=str(len(self._account.log)).encode() if cursors else None,
        )


__all__ = ["Present", "Stream"]
