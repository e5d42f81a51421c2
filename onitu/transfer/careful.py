"""Changes services that protect nothing themselves: look first, keep what is there, write, read back.

A driver may overwrite a file where it lies, check no expectation and keep no copy. Then this is done here, from outside
and as well as it can be: what is about to be replaced or deleted is read, compared with what is known to be there and
kept in the trash of the data directory; what was written is read again. Between looking and writing a moment remains in
which a change is overwritten without being kept: only the service could close it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

import trio
from blake3 import blake3

from onitu.core.answers import Mangled
from onitu.core.capability import Capabilities
from onitu.core.model import DIGEST, Kind, Observation, Present
from onitu.core.node import Action
from onitu.core.plan import Task
from onitu.core.retention import Keep
from onitu.errors import DriverError, NotFound, RevisionMismatch, StoreError, Unavailable, Unsupported
from onitu.store.trash import MOST_BYTES, Keeping, Origin, Trash
from onitu.transfer.digest import read_content
from onitu.transfer.party import Outcome, Party
from onitu.transfer.perform import Performer

_CHANGES_CONTENT = frozenset({Action.WRITE, Action.DELETE})


class Target(Party, Protocol):
    """The service that is changed."""

    @property
    def service(self) -> str:
        """Its name."""


class CarefulPerformer:
    """Does the tasks of one batch, one after the other.

    Args:
        performer: Does each of them.
        target: The service that is changed.
        trash: Where what is replaced is kept.
        keep: How much of it.
    """

    def __init__(self, performer: Performer, target: Target, trash: Trash, keep: Keep) -> None:
        self._performer = performer
        self._target = target
        self._trash = trash
        self._most_bytes = keep.size if keep.size is not None else MOST_BYTES

    @staticmethod
    def is_needed(capabilities: Capabilities) -> bool:
        """Returns whether a service needs all this."""
        return capabilities.exposed or not capabilities.staging

    async def perform(self, tasks: Sequence[Task]) -> list[Outcome]:
        """Does tasks in their order, as `Performer.perform` does."""
        return [await self._one(task) for task in tasks]

    async def _one(self, task: Task) -> Outcome:
        if task.action not in _CHANGES_CONTENT or task.version.kind is not Kind.FILE:
            return (await self._performer.perform([task]))[0]
        if self._target.client.capabilities.exposed:
            try:
                await self._before(task)
            except DriverError as error:
                return error
            except StoreError as error:
                return Unavailable(f"{task.path!r} is not changed, since what is there cannot be kept: {error}")
        outcome = (await self._performer.perform([task]))[0]
        if task.action is Action.WRITE and isinstance(outcome, Observation):
            return await self._read_back(task, outcome)
        return outcome

    async def _before(self, task: Task) -> None:
        """Looks at what is there, and keeps it.

        Raises:
            RevisionMismatch: Something else is there than is known.
            DriverError: It cannot be read, or cannot be replaced by this content.
        """
        held = task.held if task.held is not None else task.version
        origin = Origin.of(held, service=self._target.service, folder=self._target.folder, path=task.path)
        keeping = await trio.to_thread.run_sync(self._trash.open, origin)
        try:
            size, digest = await self._keep(task, keeping)
            if task.expected is None:
                message = f"{task.path!r} is there, where nothing was known to be"
                raise RevisionMismatch(message)
            known = task.held.digests.get(DIGEST) if task.held is not None else None
            if known not in {None, digest}:
                message = f"{task.path!r} has another content than the one that is known"
                raise RevisionMismatch(message)
            self._check_length(task, size)
            keeping.describe(digest)
            await trio.to_thread.run_sync(partial(self._trash.keep, [keeping], most_bytes=self._most_bytes))
        except (NotFound, Unsupported):
            if task.expected is not None:
                raise
        except DriverError as error:
            # Most services say that way that there is nothing; what a mutation expects to be there must be readable.
            if task.expected is not None or isinstance(error, RevisionMismatch):
                raise
        finally:
            await trio.to_thread.run_sync(keeping.discard)

    def _check_length(self, task: Task, size: int) -> None:
        if task.action is Action.WRITE and self._target.client.capabilities.in_place and task.version.size < size:
            message = (
                f"{task.path!r} has {size} bytes there, and the driver writes over what is there: "
                f"it cannot become {task.version.size} bytes long"
            )
            raise DriverError(message)

    async def _read_back(self, task: Task, answer: Observation) -> Outcome:
        """Reads what was written, and compares it with what was meant."""
        target = self._target
        if target.client.capabilities.staging or not isinstance(answer.state, Present):
            return answer
        meant = task.version.digests.get(DIGEST, answer.state.digests.get(DIGEST))
        try:
            _, found = await read_content(target, task.path, answer.state.revision)
        except Unsupported:
            return answer  # What cannot be read cannot be verified either.
        except DriverError as error:
            return Mangled(f"{task.path!r} cannot be read after it was written: {error}", answer)
        if meant not in {None, found}:
            return Mangled(f"{task.path!r} has another content than the one that was written there", answer)
        return answer

    async def _keep(self, task: Task, keeping: Keeping) -> tuple[int, bytes]:
        """Writes what is there into the trash, and returns its size and digest."""
        size, hasher = 0, blake3()
        target = self._target
        async with target.client.get_file(target.folder, task.path, task.expected or "") as pieces:
            async for piece in pieces:
                await target.pace.down.pay(len(piece))
                size += len(piece)
                hasher.update(piece)
                await trio.to_thread.run_sync(keeping.write, piece)
        return size, hasher.digest()
