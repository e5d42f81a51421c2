"""The bytes that are on their way, for who looks on. Nothing depends on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
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


class Traffic:
    """Everything that is on its way."""

    def __init__(self) -> None:
        self._under_way: dict[tuple[ServiceName, NodeId], Travel] = {}
        self._arrived: dict[tuple[ServiceName, NodeId], int] = {}

    def __iter__(self) -> Iterator[Travel]:
        return iter(tuple(self._under_way.values()))

    def __len__(self) -> int:
        return len(self._under_way)

    def begin(self, target: ServiceName, folder: str, task: Task, done: Callable[[], int] | None = None) -> None:
        """Notes that a file is on its way; a task without a source is none.

        Args:
            target: Where to.
            folder: Its folder.
            task: What is done.
            done: Says how many bytes have arrived; without it they are counted by `arrive`.
        """
        if task.source is None:
            return
        key = (target, task.node)
        self._arrived[key] = 0
        self._under_way[key] = Travel(
            folder=folder,
            path=task.destination or task.path,
            source=task.source.service,
            target=target,
            size=task.version.size,
            since=time.time(),
            done=done or (lambda: self._arrived.get(key, 0)),
        )

    def arrive(self, target: ServiceName, task: Task, count: int) -> None:
        """Notes that bytes have arrived."""
        key = (target, task.node)
        if key in self._arrived:
            self._arrived[key] += count

    def end(self, target: ServiceName, task: Task) -> None:
        """Notes that a file is not on its way any more."""
        self._under_way.pop((target, task.node), None)
        self._arrived.pop((target, task.node), None)
