"""Services that check what they replace but keep nothing: a copy is on this host's disk first (B11 `keep`, P1)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
import trio
from blake3 import blake3

from onitu.core.capability import Capabilities, Conditional
from onitu.core.model import Kind, Observation, Present
from onitu.core.node import Action, Version
from onitu.core.retention import Keep
from onitu.core.task import Source, Task
from onitu.errors import DriverError, RevisionMismatch, Unavailable, Unsupported
from onitu.host.client import DriverClient
from onitu.store.trash import Trash
from onitu.transfer.pace import Pace
from onitu.transfer.party import Outcome
from onitu.transfer.retain import SMALL_BYTES, Retainer

ABLE = Capabilities(get_files=True, staging=True, conditional=Conditional.ATOMIC)
KEEP = Keep()
DONE = Observation("", Present(kind=Kind.FILE, revision="2"), 1)


class Service:
    """A service in a dictionary that notes what it was asked for, in its order."""

    service, folder, local_root = "cloud", "docs", None

    def __init__(self, **files: bytes) -> None:
        self.files = files
        self.capabilities = ABLE
        self.failure: DriverError | None = None
        self.asked: list[str] = []
        self.reading = trio.CapacityLimiter(1)
        self.pace = Pace()

    @property
    def client(self) -> DriverClient:
        return cast("DriverClient", self)

    @asynccontextmanager
    async def get_files(
        self, _folder: str, files: Sequence[tuple[str, str]]
    ) -> AsyncIterator[AsyncIterator[bytes | DriverError]]:
        async def contents() -> AsyncIterator[bytes | DriverError]:
            for path, revision in files:
                self.asked.append(f"read {path}")
                if self.failure is not None:
                    raise self.failure
                yield self.files[path] if revision == "1" else RevisionMismatch(path)

        yield contents()

    @asynccontextmanager
    async def get_file(self, _folder: str, path: str, _revision: str) -> AsyncIterator[AsyncIterator[bytes]]:
        self.asked.append(f"read {path}")
        if self.failure is not None:
            raise self.failure

        async def pieces() -> AsyncIterator[bytes]:
            yield self.files[path][:5]
            yield self.files[path][5:]

        yield pieces()

    async def perform(self, tasks: Sequence[Task]) -> list[Outcome]:
        self.asked += [f"{task.action.name} {task.path}" for task in tasks]
        return [DONE for _ in tasks]


def version(content: bytes, *, size: int | None = None, kind: Kind = Kind.FILE, target: str | None = None) -> Version:
    """Returns a version of a content."""
    return Version(
        number=1,
        kind=kind,
        size=len(content) if size is None else size,
        mtime_ns=7,
        origin="a",
        revision="r",
        digests={"blake3": blake3(content).digest()},
        target=target,
    )


def write(path: str, held: Version | None, expected: str | None = "1") -> Task:
    """Returns the task of writing something."""
    source = Source("a", 1, path, "r")
    return Task(
        node=1, action=Action.WRITE, path=path, expected=expected, version=version(b"new"), source=source, held=held
    )


def delete(path: str, held: Version) -> Task:
    """Returns the task of deleting something."""
    return Task(node=1, action=Action.DELETE, path=path, expected="1", version=held, held=held)


async def perform(
    service: Service, data: Path, *tasks: Task, keep: Keep = KEEP, readable: bool = True
) -> list[Outcome]:
    """Returns what becomes of tasks."""
    return await Retainer(service, Trash(data), keep, readable=readable).perform(tasks, service)


def kept(data: Path) -> dict[str, bytes]:
    """Returns what is in the trash, by path."""
    trash = Trash(data)
    return {origin.path: trash.read(found.id, 0, 1 << 30) for origin, found in trash.listed()}


def left_over(data: Path) -> list[Path]:
    """Returns everything that lies in the trash."""
    return list(data.glob("trash/*"))


async def test_what_is_replaced_or_deleted_is_kept_before(tmp_path: Path) -> None:
    """B11, P1: all copies are made before anything is changed; what is new costs nothing."""
    service = Service(a=b"old a", b=b"old b", c=b"x" * (SMALL_BYTES + 1))
    tasks = (
        write("a", version(b"old a")),
        write("new", None, expected=None),
        delete("b", version(b"old b")),
        delete("c", version(service.files["c"])),
        delete("d", version(b"", kind=Kind.DIRECTORY)),
    )

    assert await perform(service, tmp_path, *tasks) == [DONE] * 5

    assert service.asked == ["read c", "read a", "read b", "WRITE a", "WRITE new", "DELETE b", "DELETE c", "DELETE d"]
    assert kept(tmp_path) == service.files


async def test_a_link_is_kept_with_its_target(tmp_path: Path) -> None:
    """F6: a link has no bytes to be read."""
    service = Service()
    link = version(b"", kind=Kind.SYMLINK, target="../a")

    assert await perform(service, tmp_path, delete("l", link)) == [DONE]

    ((_, found),) = Trash(tmp_path).listed()
    assert (found.kind, found.target) == (Kind.SYMLINK, "../a")


async def test_what_is_kept_already_is_not_read_again(tmp_path: Path) -> None:
    """One copy of a content of a path is enough, unless nobody knows what really lies there (B7, drift)."""
    service = Service(a=b"old a")
    await perform(service, tmp_path, write("a", version(b"old a")))
    service.asked.clear()

    await perform(service, tmp_path, write("a", version(b"old a")))
    assert service.asked == ["WRITE a"]
    await perform(service, tmp_path, write("a", version(b"old a")), readable=False)
    assert service.asked == ["WRITE a", "read a", "WRITE a"]


@pytest.mark.parametrize("size", [1, SMALL_BYTES + 1])
async def test_what_cannot_be_kept_is_not_changed(tmp_path: Path, size: int) -> None:
    """P1: the mutation waits, and says what for; others go on (P25)."""
    service = Service(a=b"a" * size, b=b"")
    first, second = await perform(
        service,
        tmp_path,
        write("a", version(service.files["a"])),
        write("b", version(b"")),
        keep=Keep(size=0),
    )
    assert isinstance(first, Unavailable)
    assert "cannot be kept" in str(first)
    assert second is DONE
    assert service.asked[-1] == "WRITE b"
    assert "WRITE a" not in service.asked


async def test_another_revision_is_not_replaced(tmp_path: Path) -> None:
    """P11: what is not the content that was expected is looked at again."""
    service = Service(a=b"edited", b=b"old")
    task = Task(node=1, action=Action.DELETE, path="a", expected="0", version=version(b"old"), held=version(b"old"))
    first, second = await perform(service, tmp_path, task, write("b", version(b"old")))
    assert isinstance(first, RevisionMismatch)
    assert second is DONE
    assert kept(tmp_path) == {"b": b"old"}


@pytest.mark.parametrize("size", [3, SMALL_BYTES + 1])
@pytest.mark.parametrize(
    ("failure", "kind", "said"),
    [(Unavailable("gone"), Unavailable, "gone"), (Unsupported("no"), DriverError, "'keep: {days: 0}' goes on without")],
)
async def test_what_cannot_be_read_is_not_changed(
    tmp_path: Path, size: int, failure: DriverError, kind: type[DriverError], said: str
) -> None:
    """P1: without a copy nothing is replaced; where there can never be one a person is told what to do."""
    service = Service(a=b"a" * size)
    service.failure = failure
    (outcome,) = await perform(service, tmp_path, write("a", version(service.files["a"])))
    assert type(outcome) is kind
    assert said in str(outcome)
    assert service.asked == ["read a"]
    assert kept(tmp_path) == {}
    assert left_over(tmp_path) == []


def test_who_needs_it() -> None:
    """B11: services that keep nothing themselves, and are not looked after more closely, unless nothing is wanted."""
    assert Retainer.is_needed(ABLE, Keep())
    assert Retainer.is_needed(ABLE, Keep(days=None))
    assert not Retainer.is_needed(ABLE, Keep(days=0))
    assert not Retainer.is_needed(Capabilities(trash=True, staging=True), Keep())
    assert not Retainer.is_needed(Capabilities(staging=True), Keep())
