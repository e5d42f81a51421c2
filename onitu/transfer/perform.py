"""Does tasks on one service: chooses how the bytes travel, and answers what became of each task.

This module does not know why a task is to be done, and records nothing.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeAlias, assert_never

import attrs
import msgspec
import trio
from blake3 import blake3

from onitu.core.model import (
    DIGEST,
    Attributes,
    Copy,
    Delete,
    LocalFile,
    MakeDirectory,
    Move,
    Observation,
    Operation,
    SetAttributes,
    Write,
    WriteSymlink,
)
from onitu.core.node import Action, NodeId
from onitu.core.plan import Source, Task
from onitu.errors import DriverError, OutcomeUnknown, SourceChanged, Unavailable
from onitu.rpc.convert import identity_from_revision
from onitu.transfer.party import Outcome, Parties, Party, attributes_of, compared, not_active, read_failed, upload_of

#: Files up to this size travel whole inside messages; a message holds at least three of them.
INLINE_BYTES = 1024 * 1024

#: Seconds in which a small file has to come before the others go on without it.
PATIENCE = 10.0

#: Files of one batch that may fail to come before the rest of them are left for later.
STALLS = 3

#: Files that one batch moves as streams at once.
STREAMS_AT_ONCE = 3

#: What may take the place away that something planned before it is written to.
_RENAMES = frozenset({Action.MOVE, Action.DELETE})

#: Inline bytes that are in memory at once for one batch.
INLINE_BYTES_AT_ONCE = 4 * 1024 * 1024


#: Digests of bytes by the node that they are to be the content of.
Sent: TypeAlias = dict[NodeId, dict[str, bytes]]


@attrs.define
class _Group:
    """Tasks that are done in one call, and the bytes they carry."""

    indexes: list[int] = attrs.Factory(list)
    inline: dict[str, list[int]] = attrs.Factory(dict)
    size: int = 0


class Performer:
    """Does the tasks of one batch.

    Args:
        target: The service that is changed.
        party: Gives the services that are read, or None for one that is not active now.
        passed: Called with a task and the number of its bytes that have passed through here.
        announce: Records what is about to be there; awaited before it is. For a target that gives what is written times
            of its own: should no answer come, nothing but its digest tells it from an edit.
    """

    def __init__(
        self,
        target: Party,
        party: Parties,
        passed: Callable[[Task, int], None] = lambda _task, _count: None,
        announce: Callable[[Sent], Awaitable[None]] | None = None,
    ) -> None:
        self._target = target
        self._party = party
        self._passed = passed
        self._announce = announce
        self._tasks: Sequence[Task] = ()
        self._outcomes: list[Outcome | None] = []
        #: Sources that were found changed: (service, path).
        self.changed_sources: list[tuple[str, str]] = []
        #: Digests of the bytes that were sent, by node: what tells them from an edit if no answer comes.
        self.sent: Sent = {}

    async def perform(self, tasks: Sequence[Task]) -> list[Outcome]:
        """Does tasks in their order.

        Args:
            tasks: What to do.

        Returns:
            For each, what is there now, or why it was not done. An error whose `outcome_unknown` is true says that
            nobody knows.

        Cancellation:
            The outcome of all of them is unknown then.
        """
        self._tasks, self._outcomes = tasks, [None] * len(tasks)
        group, streams = _Group(), list[int]()
        for index, task in enumerate(tasks):
            source = task.source
            through_here = source is not None and not self._handed_off(source)
            if through_here and task.version.size > INLINE_BYTES:
                streams.append(index)
                continue
            if streams and task.action in _RENAMES:
                # Only these can take away the directory that a file before them is written to.
                await self._call(group)
                group = _Group()
                await self._stream_all(streams)
                streams = []
            group.indexes.append(index)
            if source is not None and through_here:
                group.inline.setdefault(source.service, []).append(index)
                group.size += task.version.size
            if group.size >= INLINE_BYTES_AT_ONCE:
                await self._call(group)
                group = _Group()
        await self._call(group)
        await self._stream_all(streams)
        return [outcome or Unavailable("not done") for outcome in self._outcomes]

    def _handed_off(self, source: Source) -> bool:
        """Returns whether the destination reads a source by itself.

        Not one that is elsewhere and has a limit: only what goes through here can be slowed down. Nor is it known what
        does not.
        """
        if self._announce is not None:
            return False
        party, target = self._party(source.service), self._target
        if party is None or party.local_root is None or not target.client.capabilities.local_files:
            return False
        return target.local_root is not None or not target.pace.up.is_limited

    async def _call(self, group: _Group) -> None:
        """Does a group in one call."""
        if not group.indexes:
            return
        contents: dict[int, bytes] = {}
        for service, indexes in group.inline.items():
            await self._fetch(service, indexes, contents)
        operations: list[Operation] = []
        sent: list[int] = []
        for index in group.indexes:
            if self._outcomes[index] is not None:
                continue
            try:
                operation = self._operation(self._tasks[index], contents.get(index))
                self._note_whole(self._tasks[index], operation)
                operations.append(operation)
                sent.append(index)
            except DriverError as error:
                self._outcomes[index] = error
        await self._target.pace.up.pay(sum(map(len, contents.values())))
        if not operations or not await self._is_announced(sent):
            return
        answers = await self._target.client.apply(self._target.folder, operations)
        for index, operation, answer in zip(sent, operations, answers, strict=True):
            self._outcomes[index] = answer
            if isinstance(operation, Write) and isinstance(answer, Observation):
                self._outcomes[index] = compared(operation.upload, answer)
            self._learn(self._tasks[index], answer)

    def _learn(self, task: Task, answer: Outcome) -> None:
        """Notes what an answer tells beside the outcome."""
        if isinstance(answer, OutcomeUnknown) and answer.sent:
            self.sent[task.node] = answer.sent
        if isinstance(answer, SourceChanged) and task.source is not None:
            self.changed_sources.append((task.source.service, task.source.path))

    async def _fetch(self, service: str, indexes: list[int], contents: dict[int, bytes]) -> None:
        """Reads the content of small files from one source."""
        party = self._party(service)
        if party is None:
            for index in indexes:
                self._outcomes[index] = not_active(service)
            return
        stalls = 0
        while indexes and stalls < STALLS:
            came = await self._fetch_until_stalled(party, indexes, contents)
            if came < len(indexes):
                stalls += 1
                stalled = f"{self._tasks[indexes[came]].path!r} did not come from {service} within {PATIENCE:.0f} s"
                self._outcomes[indexes[came]] = Unavailable(stalled)
            indexes = indexes[came + 1 :]
        for index in indexes:
            self._outcomes[index] = Unavailable(f"{service} did not send other files, so this one was not asked for")

    async def _fetch_until_stalled(self, party: Party, indexes: list[int], contents: dict[int, bytes]) -> int:
        """Reads small files in their order until one does not come. Returns how many came, well or not."""
        wanted = [source for index in indexes if (source := self._tasks[index].source) is not None]
        pinned = [(source.path, source.revision) for source in wanted]
        position = 0
        with trio.move_on_after(PATIENCE) as patience:
            async with party.client.get_files(party.folder, pinned) as files:
                async for content in files:
                    if isinstance(content, bytes):
                        if party.pace.down.is_limited:
                            patience.deadline = math.inf
                            await party.pace.down.pay(len(content))
                        contents[indexes[position]] = content
                    else:
                        self._outcomes[indexes[position]] = self._source_failed(wanted[position], content)
                    position += 1
                    patience.deadline = trio.current_time() + PATIENCE
        return position

    async def _stream_all(self, indexes: Sequence[int]) -> None:
        """Moves files in pieces, some at once: while one is verified the next one travels."""
        places = trio.CapacityLimiter(min(STREAMS_AT_ONCE, self._target.client.limits.max_concurrency))

        async def stream(index: int, source: Source) -> None:
            async with places:
                self._outcomes[index] = await self._stream(self._tasks[index], source)

        async with trio.open_nursery() as nursery:
            for index in indexes:
                source = self._tasks[index].source
                if source is not None:
                    nursery.start_soon(stream, index, source)

    async def _stream(self, task: Task, source: Source) -> Outcome:
        """Moves one file in pieces; what is in memory is what is in flight."""
        party = self._party(source.service)
        if party is None:
            return not_active(source.service)
        upload, hasher, length = upload_of(task), blake3(), 0
        reading: list[DriverError] = []

        async def pieces() -> AsyncIterator[bytes]:
            nonlocal length
            try:
                async with party.client.get_file(
                    party.folder, source.path, source.revision, size=task.version.size
                ) as stream:
                    async for piece in stream:
                        await party.pace.down.pay(len(piece))
                        await self._target.pace.up.pay(len(piece))
                        if upload.digest is None:
                            hasher.update(piece)
                        length += len(piece)
                        yield piece
                        self._passed(task, len(piece))
                if upload.digest is None:
                    self._note_sent(task, length, hasher.digest())
            except DriverError as error:
                reading.append(error)
                raise
            await self._tell([task])

        try:
            async with party.reading:
                answer = await self._target.client.upload(self._target.folder, upload, pieces())
        except DriverError as error:
            if reading:
                return self._source_failed(source, reading[0])
            if isinstance(error, SourceChanged):
                self.changed_sources.append((source.service, source.path))
            return error
        sent = upload.digest or (DIGEST, hasher.digest())
        return compared(msgspec.structs.replace(upload, digest=sent), answer)

    def _note_whole(self, task: Task, operation: Operation) -> None:
        """Notes what is sent in one piece."""
        if (
            isinstance(operation, Write)
            and isinstance(operation.content, bytes)
            and operation.upload.digest is not None
        ):
            self._note_sent(task, len(operation.content), operation.upload.digest[1])

    def _note_sent(self, task: Task, length: int, digest: bytes) -> None:
        """Notes the digest of the bytes that were sent; what came in part is no content."""
        if length == task.version.size:
            self.sent[task.node] = {DIGEST: digest}

    async def _is_announced(self, indexes: Sequence[int]) -> bool:
        """Announces what some tasks are about to write. Returns whether they may; otherwise it is noted why not."""
        try:
            await self._tell([self._tasks[index] for index in indexes])
        except DriverError as error:
            for index in indexes:
                self._outcomes[index] = error
            return False
        return True

    async def _tell(self, tasks: Sequence[Task]) -> None:
        """Announces what is not on record yet of what tasks are about to write.

        Raises:
            DriverError: It cannot be recorded, so it must not be written.
        """
        if self._announce is None:
            return
        news = {
            task.node: self.sent[task.node]
            for task in tasks
            if task.node in self.sent and DIGEST not in task.version.digests
        }
        if news:
            await self._announce(news)

    def _source_failed(self, source: Source, error: DriverError) -> DriverError:
        """Notes that a source could not be read, and returns what that means for the task."""
        self.changed_sources.append((source.service, source.path))
        return read_failed(source, error)

    def _operation(self, task: Task, content: bytes | None) -> Operation:
        """Returns a task as the operation that a driver is asked for."""
        match task.action:
            case Action.WRITE:
                source = task.source
                if content is not None:
                    digest = task.version.digests.get(DIGEST) or blake3(content).digest()
                    return Write(msgspec.structs.replace(upload_of(task), digest=(DIGEST, digest)), content)
                party = self._party(source.service) if source is not None else None
                if source is None or party is None or party.local_root is None:
                    raise not_active(source.service if source is not None else "")
                local = LocalFile(party.local_root, source.path, identity_from_revision(source.revision))
                return Write(upload_of(task), local)
            case Action.MAKE_DIRECTORY:
                return MakeDirectory(task.path)
            case Action.MOVE:
                return Move(task.path, task.expected or "", task.destination)
            case Action.DELETE:
                return Delete(task.path, task.expected or "")
            case Action.SET_ATTRIBUTES:
                return SetAttributes(task.path, task.expected or "", attributes_of(task))
            case Action.COPY:
                return Copy(task.path, task.expected or "", task.destination)
            case Action.WRITE_SYMLINK:
                attributes = Attributes(task.version.mtime_ns)
                return WriteSymlink(task.path, task.expected, task.version.target or "", attributes)
            case _:  # pragma: no cover
                assert_never(task.action)
