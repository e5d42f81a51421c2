"""One writer, one commit for many: whatever waits when a transaction begins is done in it.

A commit costs a flush of the disk, a thread hop fifty microseconds; so nobody gets one of their own. Live changes go
before what snapshots bring, and the work of snapshots is cut so that a live change never waits long.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, Generic, TypeVar, cast

import trio

from onitu.core.node import NodeId
from onitu.core.past import HeadChange
from onitu.store import Store, Transaction

T = TypeVar("T")

#: Snapshot work begun after this many seconds in one transaction is left for the next (DESIGN §3).
SNAPSHOT_SLICE = 0.02


class _Job(Generic[T]):
    """Something to be done in a transaction, and what came of it."""

    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Callable[[Transaction], T]) -> None:
        self.work = work
        self.done = trio.Event()
        self.result: T | None = None
        self.error: BaseException | None = None


class Writer:
    """Brings everything that is to be written into as few transactions as possible.

    Args:
        store: Where to.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._live: deque[_Job[Any]] = deque()
        self._later: deque[_Job[Any]] = deque()
        self._wake = trio.Event()
        self._limiter = trio.CapacityLimiter(1)
        #: Called in the writer's thread with the nodes that a transaction has put, once it is committed.
        self.watchers: set[Callable[[AbstractSet[NodeId]], None]] = set()
        #: Called in Trio's thread with what a transaction has changed in the head tree, as long as somebody looks on.
        self.tell_changes: Callable[[list[HeadChange]], None] | None = None
        self._head_changes: list[HeadChange] = []
        #: Transactions committed so far.
        self.commits = 0
        #: Rounds of the writer so far, whatever came of them.
        self.turns = 0
        self._at_work = False

    @property
    def busy(self) -> bool:
        """Whether something waits to be written, or is being written."""
        return self._at_work or bool(self._live or self._later)

    @property
    def size(self) -> int:
        """Bytes of the records on disk."""
        return self._store.size

    async def write(self, work: Callable[[Transaction], T], *, later: bool = False) -> T:
        """Does something in a transaction, in a worker thread, and returns what it returns once that is committed.

        Args:
            work: What; it may share its transaction with others, so it must leave nothing half done when it raises.
            later: Live changes go first.

        Cancellation:
            Waiting is given up; what was asked for is done all the same, or not.

        Raises:
            StoreError: It could not be committed.
        """
        job = _Job(work)
        (self._later if later else self._live).append(job)
        self._wake.set()
        await job.done.wait()
        if job.error is not None:
            raise job.error
        return cast("T", job.result)

    async def read(self, work: Callable[[Transaction], T], *, limiter: trio.CapacityLimiter | None = None) -> T:
        """Does something short in a read transaction, in a worker thread.

        Args:
            work: What.
            limiter: How many threads may do so for this caller.
        """
        return await trio.to_thread.run_sync(self._store.read, work, limiter=limiter)

    async def run(self) -> None:
        """Serves until it is cancelled. What was begun then is finished."""
        while True:
            if not self._live and not self._later:
                self._wake = trio.Event()
                await self._wake.wait()
            self._at_work = True
            jobs = await trio.to_thread.run_sync(self._commit, limiter=self._limiter)
            self._at_work = False
            self.turns += 1
            if self._head_changes:
                changes, self._head_changes = self._head_changes, []
                if self.tell_changes is not None:
                    self.tell_changes(changes)
            for job in jobs:
                job.done.set()

    def _commit(self) -> list[_Job[Any]]:
        """Does what waits in one transaction; where one of them fails, each in its own."""
        jobs: list[_Job[Any]] = []

        def together(transaction: Transaction) -> None:
            for job in self._taken(jobs):
                job.result = job.work(transaction)

        try:
            self._write(together)
        except Exception:  # noqa: BLE001 - a supervised border: whoever asked gets the error of their own work.
            for job in jobs:
                self._alone(job)
        return jobs

    def _taken(self, jobs: list[_Job[Any]]) -> Any:  # noqa: ANN401 - an iterator of jobs of any kind
        """Yields the jobs of one transaction, noting each before it is begun."""
        while self._live:
            jobs.append(self._live.popleft())
            yield jobs[-1]
        deadline = time.monotonic() + SNAPSHOT_SLICE
        while self._later:
            jobs.append(self._later.popleft())
            yield jobs[-1]
            if time.monotonic() > deadline or self._live:
                return

    def _alone(self, job: _Job[Any]) -> None:
        """Does one job in a transaction of its own."""
        try:
            job.result = self._write(job.work)
        except BaseException as error:  # noqa: BLE001 - it is raised where the job was asked for.
            job.error = error

    def _write(self, work: Callable[[Transaction], T]) -> T:
        """Commits a transaction and tells of it."""
        put: set[NodeId] = set()
        changes: list[HeadChange] = []
        is_watched = self.tell_changes is not None

        def noting(transaction: Transaction) -> T:
            transaction.head_changes = changes if is_watched else None
            result = work(transaction)
            transaction.flush()
            put.update(transaction.written)
            return result

        result = self._store.write(noting if self.watchers or is_watched else work)
        self.commits += 1
        self._head_changes += changes
        for watcher in tuple(self.watchers):
            watcher(put)
        return result
