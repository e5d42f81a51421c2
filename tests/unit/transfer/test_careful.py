"""Services that protect nothing: looked at first, kept, read back (CONTRACT D, the driver of 0.1)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
import trio
from blake3 import blake3

from onitu.core.answers import Mangled
from onitu.core.capability import Capabilities, Conditional
from onitu.core.model import Kind, Observation, Present
from onitu.core.node import Action, Version
from onitu.core.retention import Keep
from onitu.core.task import Source, Task
from onitu.errors import DriverError, NotFound, RevisionMismatch, ServiceError, Unavailable
from onitu.host.client import DriverClient
from onitu.store.trash import Trash
from onitu.transfer.careful import CarefulPerformer
from onitu.transfer.pace import Pace
from onitu.transfer.party import Outcome
from onitu.transfer.perform import Performer

SOURCE = Source("a", 1, "file", "r")


class Service:
    """A service in a dictionary, and the performer that writes there."""

    service, folder, local_root = "o", "docs", None

    def __init__(self, *, in_place: bool = False, trash: bool = False) -> None:
        self.files: dict[str, bytes] = {}
        self.capabilities = Capabilities(in_place=in_place, trash=trash)
        self.missing: type[DriverError] = ServiceError
        self.torn = b""
        self.performed: list[Task] = []
        self.reading = trio.CapacityLimiter(1)
        self.pace = Pace()

    @property
    def client(self) -> DriverClient:
        return cast("DriverClient", self)

    @asynccontextmanager
    async def get_file(
        self, _folder: str, path: str, _revision: str, **_: object
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        if path not in self.files:
            raise self.missing(f"Error reading '{path}'")

        async def pieces() -> AsyncIterator[bytes]:
            yield self.files[path]

        yield pieces()

    async def perform(self, tasks: Sequence[Task]) -> list[Outcome]:
        (task,) = tasks
        self.performed.append(task)
        if task.action is Action.DELETE:
            del self.files[task.path]
        else:
            self.files[task.path] = self.torn or b"new content"
        return [Observation(task.path, Present(kind=Kind.FILE, revision="2", size=11), 1)]


def version(content: bytes, *, known: bool = True) -> Version:
    """Returns a version of a content, with or without its digest."""
    digests = {"blake3": blake3(content).digest()} if known else {}
    return Version(number=1, kind=Kind.FILE, size=len(content), mtime_ns=0, origin="a", revision="r", digests=digests)


def write(expected: str | None = "1", held: bytes | None = b"old") -> Task:
    """Returns the task of writing "new content"."""
    return Task(
        node=1,
        action=Action.WRITE,
        path="file",
        expected=expected,
        version=version(b"new content"),
        source=SOURCE,
        held=None if held is None else version(held),
    )


async def outcome(service: Service, task: Task, data: Path, *, most_bytes: int = 100) -> Outcome:
    """Returns what becomes of a task."""
    careful = CarefulPerformer(cast("Performer", service), service, Trash(data), Keep(size=most_bytes))
    (answer,) = await careful.perform([task])
    return answer


def kept(data: Path) -> list[bytes]:
    """Returns what is in the trash."""
    directory = data / "trash"
    return [path.read_bytes() for path in directory.iterdir() if not path.suffix] if directory.exists() else []


async def test_what_is_replaced_or_deleted_is_kept_first(tmp_path: Path) -> None:
    """D, M: nothing of it is gone before it is in the trash."""
    service = Service()
    service.files["file"] = b"old"
    assert isinstance(await outcome(service, write(), tmp_path), Observation)
    assert kept(tmp_path) == [b"old"]
    service.files["file"] = b"old"
    task = Task(node=1, action=Action.DELETE, path="file", expected="1", version=version(b"old"), held=version(b"old"))
    assert isinstance(await outcome(service, task, tmp_path), Observation)
    assert kept(tmp_path) == [b"old", b"old"]


@pytest.mark.parametrize(
    ("task", "there"),
    [(write(), b"an edit that nobody has seen"), (write(expected=None, held=None), b"nobody knew of it")],
)
async def test_other_content_than_expected_is_not_replaced(tmp_path: Path, task: Task, there: bytes) -> None:
    """P1: the expectation is kept from outside where the driver keeps none."""
    service = Service()
    service.files["file"] = there
    assert isinstance(await outcome(service, task, tmp_path), RevisionMismatch)
    assert service.performed == []
    assert kept(tmp_path) == []


@pytest.mark.parametrize("missing", [ServiceError, NotFound])
async def test_what_is_not_there_is_made(tmp_path: Path, missing: type[DriverError]) -> None:
    """A driver says in its own way that there is nothing; what should be there must be readable."""
    service = Service()
    service.missing = missing
    refused = await outcome(service, write(), tmp_path)
    assert isinstance(refused, missing)
    assert service.performed == []
    assert isinstance(await outcome(service, write(expected=None, held=None), tmp_path), Observation)


async def test_what_cannot_be_kept_is_not_replaced(tmp_path: Path) -> None:
    """The mutation waits, and says what for."""
    service = Service()
    service.files["file"] = b"old"
    answer = await outcome(service, write(), tmp_path, most_bytes=2)
    assert isinstance(answer, Unavailable)
    assert "cannot be kept" in str(answer)
    assert service.files["file"] == b"old"


async def test_a_shorter_content_is_refused_where_files_are_written_over(tmp_path: Path) -> None:
    """D: it would leave the end of the old content behind the new one."""
    service = Service(in_place=True)
    service.files["file"] = b"much longer than the new content"
    answer = await outcome(service, write(held=service.files["file"]), tmp_path)
    assert type(answer) is DriverError
    assert "cannot become 11 bytes long" in str(answer)
    assert service.performed == []


async def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    """D, P23: without staging only reading shows that all bytes have arrived."""
    service = Service()
    service.torn = b"new con"
    answer = await outcome(service, write(expected=None, held=None), tmp_path)
    assert isinstance(answer, Mangled)


async def test_a_service_that_protects_its_content_is_left_alone(tmp_path: Path) -> None:
    """Nothing is read where the driver checks, stages and keeps."""
    able = Capabilities(staging=True, trash=True)
    assert not CarefulPerformer.is_needed(able)
    assert not CarefulPerformer.is_needed(Capabilities(staging=True, conditional=Conditional.ATOMIC))
    assert CarefulPerformer.is_needed(Capabilities(staging=True, conditional=Conditional.NONE))
    assert CarefulPerformer.is_needed(Capabilities(trash=True))
    service = Service(trash=True)
    service.files["file"] = b"old"
    assert isinstance(await outcome(service, write(), tmp_path), Observation)
    assert kept(tmp_path) == []
