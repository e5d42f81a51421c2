"""Whatever a service without a trash loses by Onitu's hand lies in the data directory (P1, P25)."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import attrs
import trio
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from onitu.core.capability import Capabilities, Conditional
from onitu.core.model import Kind, Observation, Present
from onitu.core.node import Action, Version
from onitu.core.retention import Keep
from onitu.core.task import Source, Task
from onitu.errors import DriverError, NotFound, RevisionMismatch, Unavailable
from onitu.host.client import DriverClient
from onitu.store.trash import Trash
from onitu.transfer import retain
from onitu.transfer.pace import Pace
from onitu.transfer.party import Outcome
from onitu.transfer.retain import Retainer

NAMES = ("a", "b", "d/c")
contents = st.binary(max_size=30)


@attrs.define
class Step:
    """What happens to one file in a batch.

    Attributes:
        name: Which.
        content: What is written; None deletes it.
        edited: A user has changed it since the core last looked.
        unreadable: It cannot be read now.
    """

    name: str
    content: bytes | None
    edited: bool
    unreadable: bool


steps = st.builds(Step, st.sampled_from(NAMES), st.none() | contents, st.booleans(), st.booleans())
batches = st.lists(st.lists(steps, max_size=4, unique_by=lambda step: step.name), max_size=5)


class Service:
    """A service that checks every expectation by a count of changes, and keeps nothing."""

    service, folder, local_root = "cloud", "docs", None

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, int]] = {}
        self.broken: set[str] = set()
        self.capabilities = Capabilities(get_files=True, staging=True, conditional=Conditional.ATOMIC)
        self.reading = trio.CapacityLimiter(1)
        self.pace = Pace()
        self.lost: list[bytes] = []
        self.changes = 0
        self.content: dict[str, bytes | None] = {}

    @property
    def client(self) -> DriverClient:
        return cast("DriverClient", self)

    def put(self, name: str, content: bytes) -> None:
        self.changes += 1
        self.files[name] = (content, self.changes)

    def _read(self, path: str, revision: str) -> bytes:
        if path in self.broken:
            raise Unavailable(path)
        if path not in self.files:
            raise NotFound(path)
        content, change = self.files[path]
        if str(change) != revision:
            raise RevisionMismatch(path)
        return content

    @asynccontextmanager
    async def get_files(
        self, _folder: str, files: Sequence[tuple[str, str]]
    ) -> AsyncIterator[AsyncIterator[bytes | DriverError]]:
        async def found() -> AsyncIterator[bytes | DriverError]:
            for path, revision in files:
                try:
                    yield self._read(path, revision)
                except DriverError as error:
                    yield error

        yield found()

    @asynccontextmanager
    async def get_file(self, _folder: str, path: str, revision: str) -> AsyncIterator[AsyncIterator[bytes]]:
        content = self._read(path, revision)

        async def pieces() -> AsyncIterator[bytes]:
            yield content

        yield pieces()

    async def perform(self, tasks: Sequence[Task]) -> list[Outcome]:
        return [self._do(task) for task in tasks]

    def _do(self, task: Task) -> Outcome:
        content, change = self.files.get(task.path, (b"", 0))
        if task.expected != (str(change) if change else None):
            return RevisionMismatch(task.path)
        if change:
            self.lost.append(content)
        written = self.content[task.path]
        if written is None:
            del self.files[task.path]
        else:
            self.put(task.path, written)
        return Observation(task.path, Present(kind=Kind.FILE, revision="x"), 1)


def task_of(step: Step, content: bytes, change: int, *, known: bool) -> Task:
    """Returns what the core asks for, by what it knows."""
    digests = {"blake3": blake3(content).digest()} if known else {}
    held = Version(number=1, kind=Kind.FILE, size=len(content), mtime_ns=0, origin="a", revision="r", digests=digests)
    action = Action.WRITE if step.content is not None else Action.DELETE
    expected = str(change) if change else None
    source = Source("a", 1, step.name, "r")
    return Task(
        node=1,
        action=action,
        path=step.name,
        expected=expected,
        version=held,
        source=source if step.content is not None else None,
        held=held if change else None,
    )


@given(batches, st.integers(0, 40), st.integers(0, 30), st.booleans())
def test_p1_what_is_lost_is_kept(history: list[list[Step]], room: int, inline: int, known: bool) -> None:
    """P1: every content that a mutation took away is kept, or made room for younger ones; P25: others go on."""

    async def play() -> None:
        with tempfile.TemporaryDirectory() as data:
            service, trash = Service(), Trash(Path(data))
            retainer = Retainer(service, trash, Keep(size=room), readable=True)
            for batch in history:
                asked = [
                    (step, *service.files.get(step.name, (b"", 0)))
                    for step in batch
                    if step.content is not None or step.name in service.files
                ]
                for step, content, change in asked:
                    if step.edited and change:
                        service.put(step.name, content + b"!")
                service.broken = {step.name for step, *_ in asked if step.unreadable}
                service.content = {step.name: step.content for step, *_ in asked}
                before = len(service.lost)
                tasks = [task_of(step, content, change, known=known) for step, content, change in asked]
                outcomes = await retainer.perform(tasks, service)
                # What is small is kept with one flush, after the others.
                lost = sorted(service.lost[before:], key=lambda content: len(content) <= inline)
                check(lost, trash, room=room)
                for (step, content, change), outcome in zip(asked, outcomes, strict=True):
                    kept_already = known and trash.holds("docs", step.name, blake3(content).digest())
                    hindered = change and (step.edited or len(content) > room)
                    hindered = hindered or (change and step.unreadable and not kept_already)
                    if not hindered:
                        assert isinstance(outcome, Observation)

    saved, retain.SMALL_BYTES = retain.SMALL_BYTES, inline
    try:
        trio.run(play)
    finally:
        retain.SMALL_BYTES = saved


def check(lost: list[bytes], trash: Trash, *, room: int) -> None:
    """Looks for everything that a batch lost, in the order in which it was kept; the oldest may have made room."""
    kept = [trash.read(one.id, 0, 1 << 20) for _, one in trash.listed()]
    assert sum(map(len, kept)) <= room
    left = room
    for content in reversed(lost):
        left -= len(content)
        if left >= 0:
            assert content in kept
