"""`--dry-run`: says what would be done. The records are borrowed: nothing of it is kept."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from onitu.core.node import Action
from onitu.core.plan import Planner, Task
from onitu.store.beside import copy_beside
from onitu.supervisor.service import Service, Status

if TYPE_CHECKING:
    from onitu.referee import Referee
    from onitu.store import Transaction

_VERBS = {
    Action.WRITE: "write",
    Action.MAKE_DIRECTORY: "make directory",
    Action.MOVE: "move",
    Action.DELETE: "delete",
    Action.SET_ATTRIBUTES: "set attributes of",
    Action.COPY: "copy",
}


@contextlib.contextmanager
def borrowed_store(directory: Path) -> Iterator[Path]:
    """Yields a copy of a data directory that goes away with the block; an empty one where there is none yet."""
    with tempfile.TemporaryDirectory(prefix="onitu-plan-") as scratch:
        copy = Path(scratch) / "data"
        copy_beside(directory, copy)
        yield copy


async def tell_plan(referee: Referee, services: Iterable[Service]) -> int:
    """Prints what would be done on each service; returns the exit code."""
    code = 0
    for service in services:
        if service.status is not Status.ACTIVE:
            print(f"{service.name}: {service.status.value}: {service.reason}")  # noqa: T201 - this is the command's output
            code = 1
        if not service.is_active:
            continue
        tasks = await referee.writer.write(partial(_plan, referee=referee, service=service.name))
        waits = f" (waits for its schedule until {service.hours.until})" if service.hours.waits else ""
        print(f"{service.name}: {len(tasks)} to do{waits}" if tasks else f"{service.name}: nothing to do")  # noqa: T201
        for folder, task in tasks:
            print(f"  {folder}: {_describe(task)}")  # noqa: T201
    sys.stdout.flush()
    return code


def _plan(transaction: Transaction, referee: Referee, service: str) -> list[tuple[str, Task]]:
    """Plans everything for one service, as if whatever is planned were done."""
    tasks: list[tuple[str, Task]] = []
    for folder, scope in referee.scopes.items():
        member = scope.members.get(service)
        if member is None or not member.writable:
            continue
        planner = Planner(referee.work(transaction, folder), service, sources=referee.sources(folder, waiting=True))
        nodes = list(transaction.dirty(service, folder))
        plan = planner.plan(nodes, most_tasks=sys.maxsize, most_bytes=sys.maxsize)
        tasks += [(folder, task) for task in plan.tasks]
    return tasks


def _describe(task: Task) -> str:
    verb = _VERBS[task.action]
    if task.action is Action.MOVE:
        return f"{verb} {task.path} to {task.destination}"
    if task.source is not None:
        return f"{verb} {task.path} ({task.version.size:,} bytes from {task.source.service})"
    return f"{verb} {task.path}"
