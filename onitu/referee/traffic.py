"""The bytes that are on their way, for who looks on. Nothing depends on it.

Most of the time nobody looks: so what is done is noted by the batch, and what is shown of a file is made when it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from onitu.core.node import NodeId, ServiceName
    from onitu.core.task import Task


@attrs.define(kw_only=True)
class Travel:
    """One file on its way to one service.

    Attributes:
        folder: The folder.
        path: The path it will have there.
        source: The service it comes from.
        target: The service it goes to.
        size: Its bytes.
        since: When it was begun, in seconds since 1970.
        done: How many bytes have arrived. What one driver takes over from another shows none before the end.
    """

    folder: str
    path: str
    source: ServiceName
    target: ServiceName
    size: int
    since: float
    done: Callable[[], int]


class Batch:
    """Files that are on their way to one service together.

    Args:
        target: Where to.
        folder: Their folder.
        tasks: What is done; a task without a source is no file on its way.
        done: Says how many bytes of the one file have arrived; without it they are counted by `arrive`.
    """

    def __init__(
        self, target: ServiceName, folder: str, tasks: Sequence[Task], done: Callable[[], int] | None = None
    ) -> None:
        self._target = target
        self._folder = folder
        self._tasks = tasks
        self._since = time.time()
        self._done = done
        self._arrived: dict[NodeId, int] = {}

    def __iter__(self) -> Iterator[Travel]:
        for task in self._tasks:
            if task.source is not None:
                yield Travel(
                    folder=self._folder,
                    path=task.destination or task.path,
                    source=task.source.service,
                    target=self._target,
                    size=task.version.size,
                    since=self._since,
                    done=self._done or partial(self._count, task.node),
                )

    def __len__(self) -> int:
        return sum(task.source is not None for task in self._tasks)

    def arrive(self, task: Task, count: int) -> None:
        """Notes that bytes have arrived."""
        self._arrived[task.node] = self._count(task.node) + count

    def _count(self, node: NodeId) -> int:
        """Returns how many bytes of a file have arrived."""
        return self._arrived.get(node, 0)


class Traffic:
    """Everything that is on its way."""

    def __init__(self) -> None:
        self._under_way: list[Batch] = []

    def __iter__(self) -> Iterator[Travel]:
        return chain.from_iterable(tuple(self._under_way))

    def __len__(self) -> int:
        return sum(map(len, self._under_way))

    def begin(
        self, target: ServiceName, folder: str, tasks: Sequence[Task], done: Callable[[], int] | None = None
    ) -> Batch:
        """Notes that files are on their way, and returns what is to be told of them; arguments as for `Batch`."""
        batch = Batch(target, folder, tasks, done)
        self._under_way.append(batch)
        return batch

    def end(self, batch: Batch) -> None:
        """Notes that files are not on their way any more."""
        self._under_way.remove(batch)
