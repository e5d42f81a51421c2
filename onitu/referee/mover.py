"""Brings one folder on one service up to date: plans, has it done, records what came of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import trio

from onitu.core.answers import answered
from onitu.core.node import Action
from onitu.core.plan import Obstacle, Plan, Planner, Task
from onitu.errors import DriverError
from onitu.transfer.careful import CarefulPerformer
from onitu.transfer.perform import Outcome, Performer

if TYPE_CHECKING:
    from onitu.core.node import NodeId
    from onitu.core.tree import Effect
    from onitu.referee.link import Link
    from onitu.store import Transaction

#: Tasks of one batch: enough that a call costs little per task, few enough that the next is planned meanwhile.
TASKS_AT_ONCE = 400

#: Bytes of one batch: a large file does not hold up the small ones for long.
BYTES_AT_ONCE = 64 * 1024 * 1024

#: Batches under way at once: one is planned and recorded while the other is done.
BATCHES = 2

#: The try at which a failure that was quiet so far is told.
LOUD_AT = 3

#: What is logged when a task is done, and whether a person following along wants to read it.
_DONE = {
    Action.WRITE: "transfer_finished",
    Action.COPY: "transfer_finished",
    Action.MOVE: "file_moved",
    Action.DELETE: "file_deleted",
    Action.MAKE_DIRECTORY: "directory_made",
    Action.SET_ATTRIBUTES: "attributes_set",
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

    async def run(self) -> None:
        """Works whenever there is something to do, until it is cancelled."""
        link, referee = self._link, self._referee
        while True:
            await link.to_move.wait(until=referee.failures.next_due(link.service))
            if not link.listed:
                continue
            link.at_rest = False
            due = referee.failures.due(link.service)
            await self._bring_up_to_date()
            referee.failures.expire(due)
            link.at_rest = True
            referee.came_to_rest()

    async def _bring_up_to_date(self) -> None:
        """Plans and performs everything that can be done now, from the first node to the last."""
        places = trio.Semaphore(BATCHES)
        begin = 0
        async with trio.open_nursery() as nursery:
            while True:
                await places.acquire()
                plan = await self._referee.writer.write(partial(self._plan, now=trio.current_time(), begin=begin))
                if plan is None:
                    places.release()
                    self._referee.ignore_files.ring()
                    return
                if plan.needs_sync:
                    self._link.sync_now = True
                    self._link.to_sync.ring()
                self._tell_obstacles(plan)
                if plan.tasks:
                    nursery.start_soon(self._perform, plan.tasks, places)
                else:
                    places.release()
                if plan.next is None:
                    return
                begin = plan.next

    def _plan(self, transaction: Transaction, *, now: float, begin: NodeId) -> Plan | None:
        """Plans one batch and records its intents; None while the folder's ignore file is not in force."""
        link, referee = self._link, self._referee
        if referee.ignore_files.is_stale(transaction, link.folder):
            return None
        planner = Planner(
            referee.work(transaction, link.folder),
            link.service,
            sources=referee.sources(link.folder),
            skip=lambda node: referee.failures.blocks(link.service, node, now),
        )
        candidates = transaction.dirty(link.service, link.folder, after=max(begin - 1, 0))
        plan = planner.plan(candidates, most_tasks=TASKS_AT_ONCE, most_bytes=BYTES_AT_ONCE)
        referee.in_flight.update((link.service, task.node) for task in plan.tasks)
        return plan

    async def _perform(self, tasks: list[Task], places: trio.Semaphore) -> None:
        """Has one batch done and records what came of it."""
        link, referee = self._link, self._referee
        self._tell_started(tasks)
        performer = Performer(link, lambda service: referee.links.get((service, link.folder)))
        if CarefulPerformer.is_needed(link.capabilities):
            outcomes = await CarefulPerformer(performer, link, referee.trash).perform(tasks)
        else:
            outcomes = await performer.perform(tasks)
        for service, path in performer.changed_sources:
            source = referee.links.get((service, link.folder))
            if source is not None:
                source.ask_path(path)
        self._tell(tasks, outcomes)
        durable, epoch = not link.capabilities.sync, link.epoch

        def record(transaction: Transaction) -> list[Effect]:
            work = referee.work(transaction, link.folder)
            for task, outcome in zip(tasks, outcomes, strict=True):
                referee.in_flight.discard((link.service, task.node))
                answered(work, link.service, task.node, outcome, durable=durable, epoch=epoch)
            return work.effects

        effects = await referee.writer.write(record)
        if not durable:
            link.unflushed = True
            link.to_sync.ring()
        places.release()
        referee.release(link.folder, effects)

    def _tell_started(self, tasks: list[Task]) -> None:
        """Logs the transfers that begin; aloud only those that failed before."""
        link, log = self._link, self._referee.log
        for task in tasks:
            if task.source is None:
                continue
            keys = {"service": link.service, "folder": link.folder, "path": task.path, "source": task.source.service}
            failure = self._referee.failures.get(link.service, task.node)
            if failure is not None:
                log.info("transfer_restarted", **keys, bytes=task.version.size, attempt=failure.attempts + 1)
            else:
                log.debug("transfer_started", **keys, bytes=task.version.size)

    def _tell(self, tasks: list[Task], outcomes: list[Outcome]) -> None:
        """Logs and counts what came of tasks, and notes what failed."""
        referee, link = self._referee, self._link
        info = referee.log.info
        for task, outcome in zip(tasks, outcomes, strict=True):
            if isinstance(outcome, DriverError):
                self._tell_failure(task, outcome)
                continue
            referee.failures.clear(link.service, task.node)
            path = task.destination or task.path
            if task.source is not None:
                referee.counts.files += 1
                referee.counts.bytes += task.version.size
                info(
                    "transfer_finished",
                    service=link.service,
                    folder=link.folder,
                    path=path,
                    source=task.source.service,
                    bytes=task.version.size,
                )
                continue
            referee.counts.other += 1
            info(_DONE[task.action], service=link.service, folder=link.folder, path=path)

    def _tell_failure(self, task: Task, error: DriverError) -> None:
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
        level(
            event,
            service=link.service,
            folder=link.folder,
            path=task.path,
            error=str(error),
            attempt=failure.attempts,
        )

    def _tell_obstacles(self, plan: Plan) -> None:
        """Logs, once each, why something cannot be done."""
        link = self._link
        for node, obstacle in plan.obstacles.items():
            if self._told.get(node) is not obstacle and obstacle is not Obstacle.NO_SOURCE:
                self._referee.log.warning(
                    "path_failed", service=link.service, folder=link.folder, path=plan.paths[node], error=obstacle.value
                )
            self._told[node] = obstacle
