"""The tasks of one batch: in which order their bytes travel."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import msgspec
import pytest
import trio
from blake3 import blake3

from onitu.core.capability import Capabilities, Limits
from onitu.core.model import Kind, Observation, Operation, Present, Upload
from onitu.core.node import Action, Version
from onitu.core.task import Source, Task
from onitu.errors import DriverError, OutcomeUnknown, Unavailable
from onitu.host.client import DriverClient
from onitu.transfer.pace import Pace
from onitu.transfer.perform import INLINE_BYTES, Performer, Sent

LARGE = INLINE_BYTES + 1


class Service:
    """A service that notes what it is asked for, and does it."""

    folder = "docs"

    def __init__(self) -> None:
        self.local_root: str | None = None
        self.done: list[str] = []
        self.error: DriverError | None = None
        self.capabilities = Capabilities()
        self.limits = Limits()
        self.reading = trio.CapacityLimiter(1)
        self.pace = Pace()

    @property
    def client(self) -> DriverClient:
        return cast("DriverClient", self)

    @asynccontextmanager
    async def get_file(
        self, _folder: str, _path: str, _revision: str, **_: object
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"-" * LARGE

        yield pieces()

    @asynccontextmanager
    async def get_files(self, _folder: str, files: Sequence[tuple[str, str]]) -> AsyncIterator[AsyncIterator[bytes]]:
        async def contents() -> AsyncIterator[bytes]:
            for _ in files:
                yield b"-" * 5

        yield contents()

    async def upload(self, _folder: str, upload: Upload, pieces: AsyncIterable[bytes]) -> Observation:
        async for _ in pieces:
            await trio.lowlevel.checkpoint()
        self.done.append(f"write {upload.path}")
        return Observation(upload.path, Present(kind=Kind.FILE, revision="r"), 1)

    async def apply(self, _folder: str, operations: Sequence[Operation]) -> list[Observation | DriverError]:
        await trio.lowlevel.checkpoint()
        if self.error is not None:
            return [self.error for _ in operations]
        self.done += [f"{type(operation).__name__} {getattr(operation, 'path', '')}" for operation in operations]
        return [Observation("", Present(kind=Kind.DIRECTORY, revision="r"), 1) for _ in operations]


def _task(action: Action, path: str, *, size: int = 0, destination: str = "") -> Task:
    kind = Kind.FILE if size else Kind.DIRECTORY
    version = Version(number=1, kind=kind, size=size, mtime_ns=None, origin="source", revision="r")
    source = Source("source", 1, path, "r") if size else None
    return Task(node=1, action=action, path=path, expected="r", destination=destination, version=version, source=source)


@pytest.mark.parametrize("action", [Action.MOVE, Action.DELETE])
async def test_what_is_streamed_comes_before_its_place_is_taken_away(action: Action) -> None:
    """P11, P18: a large file is written before a later task moves or deletes the directory that it was planned into."""
    service = Service()
    tasks = [_task(Action.WRITE, "d/f", size=LARGE), _task(action, "d", destination="e")]

    outcomes = await Performer(service, lambda _: service).perform(tasks)

    assert service.done == ["write d/f", f"{action.name.title()} d"]
    assert all(isinstance(outcome, Observation) for outcome in outcomes)


async def test_a_directory_is_made_before_what_is_streamed_into_it() -> None:
    """P18: what travels in pieces comes after what was planned before it."""
    service = Service()
    tasks = [_task(Action.MAKE_DIRECTORY, "d"), _task(Action.WRITE, "d/f", size=LARGE)]

    await Performer(service, lambda _: service).perform(tasks)

    assert service.done == ["MakeDirectory d", "write d/f"]


@pytest.mark.parametrize("size", [5, LARGE])
async def test_what_no_time_tells_is_announced_before_it_is_there(size: int) -> None:
    """P13: the digest of what is written is given away before it is visible, and nothing is written without that."""
    service = Service()
    announced: list[tuple[list[str], object]] = []

    async def announce(sent: Sent) -> None:
        await trio.lowlevel.checkpoint()
        announced.append((list(service.done), sent))
        if len(announced) > 1:
            message = "not recorded"
            raise Unavailable(message)

    task = _task(Action.WRITE, "f", size=size)
    performer = Performer(service, lambda _: service, announce=announce)

    (done,) = await performer.perform([task])
    (refused,) = await performer.perform([task])

    written = list(service.done)
    assert announced[0] == ([], {1: {"blake3": blake3(b"-" * size).digest()}})
    assert isinstance(done, Observation)
    assert len(written) == 1
    assert isinstance(refused, Unavailable)


async def test_what_is_on_record_is_not_announced() -> None:
    """P13: a version whose digest is known costs nothing more."""
    service = Service()
    task = _task(Action.WRITE, "f", size=5)
    known = msgspec.structs.replace(task.version, digests={"blake3": blake3(b"-" * 5).digest()})

    async def announce(sent: Sent) -> None:
        raise AssertionError(sent)

    performer = Performer(service, lambda _: service, announce=announce)

    (done,) = await performer.perform([msgspec.structs.replace(task, version=known)])

    assert isinstance(done, Observation)


async def test_what_no_time_tells_passes_through_here() -> None:
    """P13: a file that its destination would read by itself is read here, so that its digest is known before."""
    source, target = Service(), Service()
    source.local_root = "/source"
    target.capabilities = Capabilities(local_files=True)
    announced: list[Sent] = []

    async def announce(sent: Sent) -> None:
        await trio.lowlevel.checkpoint()
        announced.append(sent)

    performer = Performer(target, lambda _: source, announce=announce)

    await performer.perform([_task(Action.WRITE, "f", size=5)])

    assert announced == [{1: {"blake3": blake3(b"-" * 5).digest()}}]


async def test_what_a_driver_has_read_itself_is_known_by_the_digest_that_it_tells() -> None:
    """P13: the source of a file that was handed over may be edited while nobody knows whether it arrived."""
    service = Service()
    service.local_root, service.capabilities = "/there", Capabilities(local_files=True)
    service.error = OutcomeUnknown("the server did not answer", {"blake3": b"digest"})
    performer = Performer(service, lambda _: service)
    task = _task(Action.WRITE, "f", size=4)
    there = Source("source", 1, "f", "1:2:4:3:3")

    outcomes = await performer.perform([msgspec.structs.replace(task, source=there)])

    assert outcomes == [service.error]
    assert performer.sent == {1: {"blake3": b"digest"}}
