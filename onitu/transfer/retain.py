"""Keeps a copy of what is about to be replaced or deleted on a service that keeps none itself.

The service checks its expectations, so what is read at the expected revision is what will be replaced, or nothing is.
One that does not check them either is `careful`'s. The copy is on this host's disk before the mutation is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

import trio
from blake3 import blake3

from onitu.core.capability import Capabilities
from onitu.core.model import DIGEST, Kind
from onitu.core.node import Action, Version
from onitu.core.retention import Keep
from onitu.core.task import Task
from onitu.errors import DriverError, StoreError, Unavailable, Unsupported
from onitu.store.trash import MOST_BYTES, Keeping, Origin, Trash
from onitu.transfer.party import Outcome, Party
from onitu.transfer.perform import INLINE_BYTES

#: Files up to this size are read together, and kept with one flush.
SMALL_BYTES = INLINE_BYTES

_REPLACES = frozenset({Action.WRITE, Action.DELETE, Action.WRITE_SYMLINK})


class Target(Party, Protocol):
    """The service that is changed."""

    @property
    def service(self) -> str:
        """Its name."""


class Performs(Protocol):
    """Does tasks."""

    async def perform(self, tasks: Sequence[Task]) -> list[Outcome]:
        """Does tasks in their order."""


class Retainer:
    """Keeps what tasks replace or delete on one service.

    Args:
        target: The service that is changed.
        trash: Where to.
        keep: How much is kept.
        readable: Whether changes there count: only then what is known of a file is what lies there.
    """

    def __init__(self, target: Target, trash: Trash, keep: Keep, *, readable: bool) -> None:
        self._target = target
        self._trash = trash
        self._readable = readable
        self._most_bytes = keep.size if keep.size is not None else MOST_BYTES

    @staticmethod
    def is_needed(capabilities: Capabilities, keep: Keep) -> bool:
        """Returns whether nobody else keeps what is replaced on a service, and somebody is to."""
        return not capabilities.trash and not capabilities.exposed and keep.days != 0

    async def perform(self, tasks: Sequence[Task], performer: Performs) -> list[Outcome]:
        """Does tasks in their order, all but those that would cost something that cannot be kept."""
        refused = await self.retain(tasks)
        outcomes = iter(await performer.perform([task for index, task in enumerate(tasks) if index not in refused]))
        return [refused[index] if index in refused else next(outcomes) for index in range(len(tasks))]

    async def retain(self, tasks: Sequence[Task]) -> dict[int, DriverError]:
        """Keeps what tasks replace or delete.

        Returns:
            By their indexes, the tasks of which that could not be done, and why not.
        """
        refused: dict[int, DriverError] = {}
        small: list[int] = []
        for index, task in enumerate(tasks):
            held = _replaced(task)
            if held is None or await self._is_kept(task):
                continue
            if held.kind is Kind.FILE and held.size <= SMALL_BYTES and self._target.client.capabilities.get_files:
                small.append(index)
            elif (error := await self._retain_one(task)) is not None:
                refused[index] = error
        await self._retain_small(tasks, small, refused)
        return refused

    async def _is_kept(self, task: Task) -> bool:
        digest = task.held.digests.get(DIGEST) if task.held is not None and self._readable else None
        if digest is None:
            return False
        return await trio.to_thread.run_sync(self._trash.holds, self._target.folder, task.path, digest)

    async def _retain_small(self, tasks: Sequence[Task], indexes: list[int], refused: dict[int, DriverError]) -> None:
        """Keeps small files, all of them with one flush."""
        if not indexes:
            return
        target, contents = self._target, list[Keeping]()
        pinned = [(tasks[index].path, tasks[index].expected or "") for index in indexes]
        position = 0
        try:
            async with target.client.get_files(target.folder, pinned) as files:
                async for content in files:
                    task, index = tasks[indexes[position]], indexes[position]
                    position += 1
                    if isinstance(content, DriverError):
                        refused[index] = _unreadable(task, content)
                        continue
                    await target.pace.down.pay(len(content))
                    if len(content) > self._most_bytes:
                        refused[index] = _unkept(task, f"'keep' grants {self._most_bytes:,} bytes")
                        continue
                    keeping = await self._open(task)
                    contents.append(keeping)
                    await trio.to_thread.run_sync(keeping.write, content)
                    keeping.describe(blake3(content).digest())
            await self._keep(contents)
        except DriverError as error:
            refused.update({index: _unreadable(tasks[index], error) for index in indexes})
        except StoreError as error:
            refused.update({index: _unkept(tasks[index], error) for index in indexes})
        finally:
            await self._discard(contents)
        for index in indexes[position:]:
            refused.setdefault(index, Unavailable(f"{tasks[index].path!r} did not come, so no copy of it is kept"))

    async def _retain_one(self, task: Task) -> DriverError | None:
        """Keeps a large file, or a link."""
        target, contents = self._target, list[Keeping]()
        try:
            keeping = await self._open(task)
            contents.append(keeping)
            if keeping.origin.target is None:
                hasher = blake3()
                async with (
                    target.reading,
                    target.client.get_file(target.folder, task.path, task.expected or "") as pieces,
                ):
                    async for piece in pieces:
                        await target.pace.down.pay(len(piece))
                        hasher.update(piece)
                        await trio.to_thread.run_sync(keeping.write, piece)
                keeping.describe(hasher.digest())
            await self._keep(contents)
        except DriverError as error:
            return _unreadable(task, error)
        except StoreError as error:
            return _unkept(task, error)
        finally:
            await self._discard(contents)
        return None

    async def _open(self, task: Task) -> Keeping:
        held = _replaced(task)
        assert held is not None  # noqa: S101 - only such tasks come here
        origin = Origin.of(held, service=self._target.service, folder=self._target.folder, path=task.path)
        return await trio.to_thread.run_sync(self._trash.open, origin)

    async def _keep(self, contents: list[Keeping]) -> None:
        await trio.to_thread.run_sync(partial(self._trash.keep, contents, most_bytes=self._most_bytes))

    async def _discard(self, contents: list[Keeping]) -> None:
        for keeping in contents:
            keeping.discard()


def _replaced(task: Task) -> Version | None:
    """Returns what a task replaces or deletes, if that has a content to be kept."""
    if task.action not in _REPLACES or task.expected is None:
        return None
    held = task.held if task.held is not None else task.version
    if held.kind is Kind.DIRECTORY or (task.action is Action.DELETE and held.moved_to is not None):
        return None  # What was moved by a service that cannot rename is held there, at its new place.
    return held


def _unreadable(task: Task, error: DriverError) -> DriverError:
    if isinstance(error, Unsupported):
        return DriverError(
            f"{task.path!r} is not changed: its service neither keeps what is replaced nor lets it be read; "
            "'keep: {days: 0}' goes on without a copy"
        )
    return error


def _unkept(task: Task, error: object) -> DriverError:
    return Unavailable(f"{task.path!r} is not changed, since what is there cannot be kept: {error}")
