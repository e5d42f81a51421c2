"""The tasks of one batch: in which order their bytes travel."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import pytest
import trio

from onitu.core.capability import Capabilities, Limits
from onitu.core.model import Kind, Observation, Operation, Present, Upload
from onitu.core.node import Action, Version
from onitu.core.task import Source, Task
from onitu.host.client import DriverClient
from onitu.transfer.pace import Pace
from onitu.transfer.perform import INLINE_BYTES, Performer

LARGE = INLINE_BYTES + 1


class Service:
    """A service that notes what it is asked for, and does it."""

    folder, local_root = "docs", None

    def __init__(self) -> None:
        self.done: list[str] = []
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

    async def upload(self, _folder: str, upload: Upload, pieces: AsyncIterable[bytes]) -> Observation:
        async for _ in pieces:
            await trio.lowlevel.checkpoint()
        self.done.append(f"write {upload.path}")
        return Observation(upload.path, Present(kind=Kind.FILE, revision="r"), 1)

    async def apply(self, _folder: str, operations: Sequence[Operation]) -> list[Observation]:
        await trio.lowlevel.checkpoint()
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
