"""Brings one folder on one service up to date: plans, has it done, records what came of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import trio

from onitu.core.answers import answered
from onitu.core.node import Action
from onitu.core.plan import Obstacle, Plan, Planner, Task
from onitu.errors import DriverError
from onitu.log import is_debugging, log_all, written_together
from onitu.referee.announcing import announcer
from onitu.referee.transfers import Large, Transfers
from onitu.transfer.careful import CarefulPerformer
from onitu.transfer.perform import Performer

if TYPE_CHECKING:
    from onitu.core.node import NodeId
    from onitu.core.tree import Effect
    from onitu.referee.link import Link
    from onitu.store import Transaction
    from onitu.transfer.party import Outcome
    from onitu.transfer.resume import Resumable

#: Tasks of one batch: enough that a call costs little per task, few enough that the next is planned meanwhile.
TASKS_AT_ONCE = 400

#: Bytes of one batch: a large file does not hold up the small ones for long.
BYTES_AT_ONCE = 64 * 1024 * 1024

#: Batches under way at once: some are planned and recorded while others are done. With two, whoever does them waits for
#: the next as soon as something else is being taken in.
BATCHES = 4

#: The try at which a failure that was quiet so far is told.
LOUD_AT = 3

#: What is logged when a task is done, and whether a person following along wants to read it.
_DONE = {
    Action.COPY: "transfer_finished",
    Action.MOVE: "file_moved",
    Action.DELETE: "file_deleted",
    Action.MAKE_DIRECTORY: "directory_made",
    Action.SET_ATTRIBUTES: "attributes_set",
    Action.WRITE_SYMLINK: "symlink_written",
}


class Mover:
    """Brings one folder on one service up to date.

    Args:
        link: The folder on its service, which must be writable.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._referee = link.referee
        self._told: dict[NodeId, Obstacle] = {}
        self._transfers = Transfers(link, tell_begun=self._tell_begun, tell=self._tell_large)

    async def run(self) -> None:
        """Works whenever there is something to do, until it is cancelled."""
        link, referee = self._link, self._referee
        async with trio.open_nursery() as transfers:
            while True:
                # Outside the schedule nothing is tried again either; what opens it rings.
                await link.to_move.wait(until=None if link.hours.waits else referee.failures.next_due(link.service))
                if not link.listed:
                    continue
                if not link.hours.waits:
                    link.at_rest = False
                    due = referee.failures.due(link.service)
                    await self._bring_up_to_date(transfers)
                    referee.failures.expire(due, referee.in_flight)
                link.at_rest = True
                referee.came_to_rest()

    async def _bring_up_to_date(self, transfers: trio.Nursery) -> None:
        """Plans and performs everything that can be done now, from the first node to the last.

        Args:
            transfers: Where large files travel on when this has long returned.
        """
        places = trio.Semaphore(BATCHES)
        begin = 0
        async with trio.open_nursery() as nursery:
            while not self._link.hours.waits:
                await places.acquire()
                plan, large = await self._referee.writer.write(
                    partial(self._plan, now=trio.current_time(), begin=begin)
                )
                if plan is None:
                    places.release()
                    self._referee.ignore_files.ring()
                    return
                if plan.needs_sync:
                    self._link.sync_now = True
                    self._link.to_sync.ring()
                self._tell_obstacles(plan)
                small = [task for task in plan.tasks if task.node not in large.left]
                started = [task for task in plan.tasks if task.node in large.left]
                resumable = list(zip(started, self._transfers.begin(started, large), strict=True))
                await self._transfers.forsake(large)
                nursery.start_soon(self._do, small, resumable, places, transfers)
                if plan.next is None:
                    return
                begin = plan.next

    async def _do(
        self,
        small: list[Task],
        resumable: list[tuple[Task, Resumable]],
        places: trio.Semaphore,
        transfers: trio.Nursery,
    ) -> None:
        """Does what was planned: the large files last, for what they wait for is among the others."""
        if small:
            await self._perform(small)
        places.release()
        for task, transfer in resumable:
            transfers.start_soon(self._transfers.run, task, transfer)

    def _plan(self, transaction: Transaction, *, now: float, begin: NodeId) -> tuple[Plan | None, Large]:
        """Plans one batch and records its intents; None while the folder's ignore file is not in force."""
        link, referee = self._link, self._referee
        large = self._transfers.places()
        if referee.ignore_files.is_stale(transaction, link.folder):
            return None, large
        planner = Planner(
            referee.work(transaction, link.folder),
            link.service,
            sources=referee.sources(link.folder),
            skip=lambda node: referee.failures.blocks(link.service, node, now),
            defer=partial(self._transfers.defer, transaction, large),
        )
        candidates = transaction.dirty(link.service, link.folder, after=max(begin - 1, 0))
        plan = planner.plan(candidates, most_tasks=TASKS_AT_ONCE, most_bytes=BYTES_AT_ONCE)
        begun = [(link.service, task.node) for task in plan.tasks]
        referee.in_flight.update(begun)
        transaction.when_given_up(partial(referee.in_flight.difference_update, begun))
        self._transfers.look_around(transaction, large)
        return plan, large

    async def _perform(self, tasks: list[Task]) -> None:
        """Has one batch done and records what came of it."""
        link, referee = self._link, self._referee
        self._tell_started(tasks)
        began = trio.current_time()
        batch = referee.traffic.begin(link.service, link.folder, tasks)
        performer = Performer(
            link,
            lambda service: referee.links.get((service, link.folder)),
            passed=batch.arrive,
            announce=announcer(link),
        )
        try:
            if CarefulPerformer.is_needed(link.capabilities):
                outcomes = await CarefulPerformer(performer, link, referee.trash, link.keep).perform(tasks)
            elif (retainer := link.retainer) is not None:
                outcomes = await retainer.perform(tasks, performer)
            else:
                outcomes = await performer.perform(tasks)
        finally:
            referee.traffic.end(batch)
        for service, path in performer.changed_sources:
            source = referee.links.get((service, link.folder))
            if source is not None:
                source.ask_path(path)
        self._tell(tasks, outcomes, trio.current_time() - began)
        durable, epoch = not link.capabilities.sync, link.epoch
        link.note_doubts((task.node, outcome) for task, outcome in zip(tasks, outcomes, strict=True))

        def record(transaction: Transaction) -> list[Effect]:
            work = referee.work(transaction, link.folder)
            ended = {(link.service, task.node) for task in tasks} & referee.in_flight
            referee.in_flight.difference_update(ended)
            transaction.when_given_up(partial(referee.in_flight.update, ended))
            for task, outcome in zip(tasks, outcomes, strict=True):
                sent = performer.sent.get(task.node)
                answered(work, link.service, task.node, outcome, durable=durable, epoch=epoch, sent=sent)
            return work.effects

        effects = await referee.writer.write(record)
        if not durable:
            link.flush_soon()
        referee.release(link.folder, effects)

    def _tell_started(self, tasks: list[Task]) -> None:
        """Logs the transfers that begin; aloud only those that failed before."""
        if not self._referee.failures and not is_debugging(self._referee.log):
            return
        for task in tasks:
            if task.source is not None:
                self._tell_transfer(task)

    def _tell_transfer(self, task: Task, **keys: int) -> None:
        """Logs one transfer that begins, or begins again."""
        log, keys = self._referee.log, {"bytes": task.version.size, **keys}
        failure = self._referee.failures.get(self._link.service, task.node)
        if failure is not None:
            log.info("transfer_restarted", **self._ends(task), **keys, attempt=failure.attempts + 1)
        elif keys.get("offset"):
            log.info("transfer_restarted", **self._ends(task), **keys)
        else:
            log.debug("transfer_started", **self._ends(task), **keys)

    def _ends(self, task: Task) -> dict[str, str]:
        """Returns the keys of an event about a file that travels: which, from where, and where to."""
        link = self._link
        keys = {"service": link.service, "folder": link.folder, "path": task.destination or task.path}
        return keys if task.source is None else {**keys, "source": task.source.service, "target": link.service}

    def _tell_begun(self, task: Task, offset: int) -> None:
        """Logs a large file that begins to travel, or goes on."""
        self._tell_transfer(task, offset=offset)

    def _tell_large(
        self,
        task: Task,
        outcome: Outcome,
        superseded: bool,  # noqa: FBT001 - a callback's
        seconds: float,
    ) -> None:
        """Logs and counts what came of a large file; what something newer took the place of has not failed."""
        if superseded:
            reason = {"error": str(outcome)}
            self._referee.log.info("transfer_aborted", **self._ends(task), **reason)
            self._referee.telling.superseded(self._link.service, self._link.folder, task, str(outcome))
        else:
            self._tell([task], [outcome], seconds)

    def _tell(self, tasks: list[Task], outcomes: list[Outcome], seconds: float) -> None:
        """Logs and counts what came of tasks, and notes what failed."""
        link, failures = self._link, self._referee.failures
        arrived: list[Task] = []
        with written_together():
            for task, outcome in zip(tasks, outcomes, strict=True):
                if isinstance(outcome, DriverError):
                    self._tell_failure(task, outcome, seconds)
                    continue
                failures.clear(link.service, task.node)
                if task.source is not None:
                    arrived.append(task)
                else:
                    self._tell_changed(task, seconds)
            self._tell_arrived(arrived, seconds)

    def _tell_arrived(self, tasks: list[Task], seconds: float) -> None:
        """Logs and counts the files that have arrived."""
        referee, link = self._referee, self._link
        counts, telling = referee.counts, referee.telling
        log_all(referee.log, "transfer_finished", ({**self._ends(task), "bytes": task.version.size} for task in tasks))
        for task in tasks:
            counts.files += 1
            counts.bytes += task.version.size
            telling.arrived(link.service, link.folder, task, seconds)

    def _tell_changed(self, task: Task, seconds: float) -> None:
        """Logs and counts what was done beside transfers."""
        referee, link = self._referee, self._link
        referee.counts.other += 1
        referee.log.info(_DONE[task.action], **self._ends(task))
        referee.telling.changed(link.service, link.folder, task, seconds)

    def _tell_failure(self, task: Task, error: DriverError, seconds: float) -> None:
        """Logs a failure, aloud only when it is new or has become another one."""
        link, referee = self._link, self._referee
        before = referee.failures.get(link.service, task.node)
        failure = referee.failures.note(
            link.service, task.node, task.path, error, source=task.source.service if task.source is not None else None
        )
        changed = before is not None and type(before.error) is not type(error)
        loud = failure.hopeless or failure.attempts == LOUD_AT or (changed and failure.attempts > LOUD_AT)
        level = referee.log.warning if loud else referee.log.debug
        event = "transfer_aborted" if task.source is not None else "path_failed"
        level(event, **{**self._ends(task), "path": task.path}, error=str(error), attempt=failure.attempts)
        referee.telling.failed(link.service, link.folder, task, seconds, str(error))

    def _tell_obstacles(self, plan: Plan) -> None:
        """Logs, once each, why something cannot be done."""
        link = self._link
        for node, obstacle in plan.obstacles.items():
            if self._told.get(node) is not obstacle and obstacle is not Obstacle.NO_SOURCE:
                self._referee.log.warning(
                    "path_failed", service=link.service, folder=link.folder, path=plan.paths[node], error=obstacle.value
                )
            self._told[node] = obstacle
