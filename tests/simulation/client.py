"""What the core calls in place of `host.client.DriverClient`: the same methods, no process and no gRPC.

Here calls are delayed, refused, done without an answer, answered without being done, done twice or too late.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NoReturn

import msgspec
import trio
from blake3 import blake3

from onitu.core.capability import Limits
from onitu.core.manifest import Manifest
from onitu.core.model import Absent, Kind, Observation, Operation, Present, State, Unknown, Upload, Write
from onitu.errors import Corrupted, DriverError, NotFound, OutcomeUnknown, RevisionMismatch, SourceChanged, Unavailable
from onitu.host.settings import Configured, FolderReport, RootState, Settings
from tests.simulation.account import THEIRS, theirs
from tests.simulation.stream import Stream

if TYPE_CHECKING:
    from onitu.core.capability import Capabilities
    from tests.simulation.account import Account
    from tests.simulation.world import World

#: How a simulated driver calls itself.
MANIFEST = Manifest(name="simulated", description="A service in memory.")

#: Bytes of a piece of a stream.
PIECE = 4


class Client:
    """A driver, called.

    Args:
        world: What it is part of.
        account: The service.
    """

    def __init__(self, world: World, account: Account) -> None:
        self._world = world
        self._account = account
        self._chaos = world.chaos
        self.limits = Limits()

    @property
    def capabilities(self) -> Capabilities:
        """What the service can do."""
        return self._account.capabilities

    async def manifest(self) -> Manifest:
        """Tells what it is."""
        await self._begin()
        return MANIFEST

    async def configure(self, settings: Settings) -> Configured:
        """Tells how it found the folders."""
        await self._begin()
        account = self._account
        account.generation = settings.generation
        reports = {}
        for mapping in settings.folders:
            known = mapping.root_id in {None, f"root of {account.name}"}
            state = RootState.MISSING if not account.rooted else RootState.OK if known else RootState.DIFFERENT
            reports[mapping.name] = FolderReport(
                name=mapping.name,
                path=".",
                root_state=state,
                root_id=f"root of {account.name}" if state is RootState.OK else "",
                reason="" if state is RootState.OK else "the root is not there",
            )
        return Configured(capabilities=self.capabilities, limits=self.limits, folders=reports)

    async def stat(self, _folder: str, paths: Sequence[str], *, digest: str | None = None) -> list[Observation]:
        """Observes paths now."""
        await self._begin()
        account = self._account
        found = []
        for path in paths:
            seq = account.seq()
            state = (
                Unknown("no answer")
                if account.mute or self._chaos.happens()
                else observed(account, path, digest=digest)
            )
            found.append(Observation(path, state, seq))
        await self._chaos.pause()
        return found

    @asynccontextmanager
    async def watch(
        self, _folder: str, *, cursor: bytes | None, live: bool, fingerprints: Iterable[tuple[str, bytes]]
    ) -> AsyncIterator[Stream]:
        """Opens the change stream."""
        assert live
        await self._begin()
        stream = Stream(self._account, self._chaos, cursor=cursor, fingerprints=fingerprints)
        self._account.streams.append(stream)
        try:
            yield stream
        finally:
            self._account.streams.remove(stream)

    @asynccontextmanager
    async def get_files(self, _folder: str, files: Sequence[tuple[str, str]]) -> AsyncIterator[Contents]:
        """Reads small files."""
        await self._begin()
        yield Contents(self, list(files))

    @asynccontextmanager
    async def get_file(
        self, _folder: str, path: str, revision: str, *, offset: int = 0, size: int | None = None
    ) -> AsyncIterator[Pieces]:
        """Reads a file in pieces."""
        assert offset == 0
        del size
        await self._begin()
        yield Pieces(self, self.read(path, revision))

    async def apply(self, _folder: str, operations: Sequence[Operation]) -> list[Observation | DriverError]:
        """Does operations; those that have no path in common in any order."""
        try:
            await self._begin()
        except DriverError as error:
            return [error] * len(operations)
        answers: list[Observation | DriverError] = [Unavailable("not done")] * len(operations)
        for index in self._shuffled(operations):
            answers[index] = await self._one(operations[index])
        await self._chaos.pause()
        self._world.crash_point("answer")
        return answers

    async def upload(self, _folder: str, upload: Upload, chunks: AsyncIterable[bytes]) -> Observation:
        """Writes a file from pieces."""
        await self._begin()
        content = b"".join([piece async for piece in chunks])
        if len(content) != upload.size and self._world.verifying:
            raise SourceChanged(upload.path)
        answer = await self._one(Write(upload, content))
        self._world.crash_point("answer")
        if isinstance(answer, DriverError):
            raise answer
        return answer

    async def sync(self, _folder: str) -> None:
        """Makes what was answered durable."""
        await self._begin()
        self._account.sync()
        await self._chaos.pause()

    async def check(self) -> bool:
        """Says that it serves."""
        await trio.lowlevel.checkpoint()
        return True

    async def watch_health(self) -> NoReturn:
        """Finds nothing wrong: a service that goes away breaks its streams."""
        await trio.sleep_forever()
        raise AssertionError

    def read(self, path: str, revision: str) -> bytes:
        """Returns a content, now and then too short or too long.

        Raises:
            DriverError: It is not there, or is another one.
        """
        self._check()
        if self._account.mute:
            raise Unavailable(path)
        item = self._account.find(path)
        if item is None or item.kind is not Kind.FILE:
            raise NotFound(path)
        content = self._account.read(path, revision)
        if content is None:
            raise RevisionMismatch(path)
        if self._chaos.happens(0.5):
            return content[:-1] if self._chaos.rng.randrange(2) else content + b"!"
        return content

    async def pause(self) -> None:
        """Takes its time, and fails now and then."""
        await self._chaos.pause()
        if self._chaos.happens(0.5):
            raise Unavailable("broke off")

    async def _begin(self) -> None:
        """Begins a call.

        Raises:
            DriverError: It fails.
        """
        await self._chaos.pause()
        self._check()
        if self._chaos.happens():
            raise self._chaos.error()

    def _check(self) -> None:
        if not self._account.online:
            raise Unavailable(f"{self._account.name} is away")

    async def _one(self, operation: Operation) -> Observation | DriverError:
        fate = self._account.fates.pop(0) if self._account.fates else self._chaos.fate()
        if fate == "refused":
            return self._chaos.error()
        if fate == "lost":
            return OutcomeUnknown("no answer")
        if fate == "late":
            try:
                self._verify(operation)
            except DriverError as error:
                return error
            self._world.land_later(self._account, operation)
            return OutcomeUnknown("no answer yet")
        try:
            self._check()
            answer = self._do(operation)
            if fate == "twice":
                with contextlib.suppress(DriverError):
                    self._do(operation)
        except DriverError as error:
            return error
        self._world.crash_point("done")
        await trio.lowlevel.checkpoint()
        if self._account.traits.glances:
            await self._chaos.pause()
            answer = msgspec.structs.replace(
                answer, seq=self._account.seq()
            )  # It is numbered when the service has answered.
        return OutcomeUnknown("the answer was lost") if fate == "unheard" else answer

    def _do(self, operation: Operation) -> Observation:
        if not self._account.rooted:
            raise Unavailable("the root is not there")
        self._verify(operation)
        return self._world.perform(self._account, operation)

    def _verify(self, operation: Operation) -> None:
        """Raises where what is to be written is not what was announced."""
        if isinstance(operation, Write) and self._world.verifying:
            assert isinstance(operation.content, bytes)
            upload = operation.upload
            wanted = upload.digest
            if len(operation.content) != upload.size:
                raise Corrupted(upload.path)
            if wanted is not None and blake3(operation.content).digest() != wanted[1]:
                raise Corrupted(upload.path)

    def _shuffled(self, operations: Sequence[Operation]) -> list[int]:
        """Returns an order in which what concerns one path, or one above or below it, stays in its order (P10)."""
        left = list(range(len(operations)))
        touched = [_touched(operation) for operation in operations]
        order = []
        while left:
            free = [
                index
                for number, index in enumerate(left)
                if not any(_meet(touched[index], touched[before]) for before in left[:number])
            ]
            chosen = self._chaos.rng.choice(free) if self._chaos.active else free[0]
            left.remove(chosen)
            order.append(chosen)
        return order


def observed(account: Account, path: str, *, digest: str | None = None) -> State:
    """Returns what is at a path; as the SDK has it, nothing is absent where the root is not what it was."""
    state = account.stat(path, digest=digest is not None)
    item = account.find(path)
    if digest == THEIRS and isinstance(state, Present) and state.digests and item is not None:
        state = msgspec.structs.replace(state, digests={THEIRS: theirs(item.content)})
    return Unknown("the root is not there") if isinstance(state, Absent) and not account.rooted else state


class Contents:
    """The small files of one call, one after the other."""

    def __init__(self, client: Client, files: list[tuple[str, str]]) -> None:
        self._client = client
        self._files = files

    def __aiter__(self) -> Contents:
        return self

    async def __anext__(self) -> bytes | DriverError:
        if not self._files:
            raise StopAsyncIteration
        path, revision = self._files.pop(0)
        try:
            await self._client.pause()
            return self._client.read(path, revision)
        except DriverError as error:
            return error


class Pieces:
    """One file, piece by piece."""

    def __init__(self, client: Client, content: bytes) -> None:
        self._client = client
        self._left = content

    def __aiter__(self) -> Pieces:
        return self

    async def __anext__(self) -> bytes:
        if not self._left:
            raise StopAsyncIteration
        await self._client.pause()
        piece, self._left = self._left[:PIECE], self._left[PIECE:]
        return piece


def _touched(operation: Operation) -> list[str]:
    if isinstance(operation, Write):
        return [operation.upload.path]
    destination = getattr(operation, "destination", None)
    return [operation.path, destination] if destination is not None else [operation.path]


def _meet(one: list[str], other: list[str]) -> bool:
    return any(a == b or a.startswith(f"{b}/") or b.startswith(f"{a}/") for a in one for b in other)
