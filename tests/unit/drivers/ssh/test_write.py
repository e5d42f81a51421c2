"""What mutations answer when somebody else works there, or the server refuses a part of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest
from onitu_ssh import protocol as p
from onitu_ssh import write
from onitu_ssh.channel import Lost
from onitu_ssh.observe import revision_of
from onitu_ssh.root import Root

from onitu.plug import Attributes, Corrupted, OutcomeUnknown, Present, Upload
from tests.unit.drivers.ssh.server import GARBLED, LOST, Request, Server, opened

OLD = 1_000_000_000


def _upload(content: bytes, expected: str | None = None) -> Upload:
    return Upload(path="a", expected=expected, size=len(content), attributes=Attributes(mtime_ns=OLD * 10**9))


async def _revision(root: Root, path: str) -> str:
    sftp = await root.connection.sftp()
    return revision_of(await sftp.lstat(root.place(path.encode())))


def _edit(place: Path, content: bytes, second: int) -> None:
    place.write_bytes(content)
    os.utime(place, (second, second))


def test_the_answer_is_of_what_was_written(tmp_path: Path) -> None:
    """P1, D4: who edits a file right after it was written is not taken for Onitu, whose digests these are."""
    place = tmp_path / "root/a"

    def decide(request: Request, path: str) -> None:
        if path == str(place) and request in {p.LSTAT, p.STAT} and place.exists():
            _edit(place, b"user", OLD + 1)

    async def run() -> None:
        root, _ = await opened(tmp_path / "root", Server(decide))
        answer = await write.upload(root, _upload(b"ours"), b"ours")
        assert isinstance(answer, Present)
        assert answer.mtime_ns == OLD * 10**9

    asyncio.run(run())


def test_what_is_shorter_than_was_sent_is_not_published(tmp_path: Path) -> None:
    """P1, D4: a staged file of another size does not become visible."""

    def decide(request: Request, path: str) -> None:
        if request == p.FSTAT and ".onitu/tmp" in path:
            os.truncate(path, 1)

    async def run() -> None:
        root, _ = await opened(tmp_path / "root", Server(decide))
        with pytest.raises(Corrupted):
            await write.upload(root, _upload(b"ours"), b"ours")

    asyncio.run(run())
    assert not (tmp_path / "root/a").exists()
    assert not list((tmp_path / "root/.onitu/tmp").iterdir())


class _RefusesAfter:
    """Refuses to look, or to rename, once something was done."""

    def __init__(self, deed: Request, refused: Request) -> None:
        self.deed = deed
        self.refused = refused
        self.armed = self.done = False

    def __call__(self, request: Request, _path: str) -> int | None:
        if self.done and request == self.refused:
            return p.PERMISSION_DENIED
        self.done = self.done or (self.armed and request == self.deed)
        return None


Mutation = Callable[[Root, str], Coroutine[None, None, object]]

MUTATIONS: dict[str, tuple[Request, Request, Mutation]] = {
    "make_directory": (p.MKDIR, p.LSTAT, lambda root, _: write.make_directory(root, "new")),
    "write_symlink": (p.SYMLINK, p.LSTAT, lambda root, _: write.write_symlink(root, "new", None, "a")),
    "move": (p.RENAME, p.LSTAT, lambda root, known: write.move(root, "a", known, "new")),
    "delete": (p.RENAME, p.LSTAT, lambda root, known: write.delete(root, "a", known)),
    "set_attributes": (
        p.SETSTAT,
        p.LSTAT,
        lambda root, known: write.set_attributes(root, "a", known, Attributes(mtime_ns=OLD)),
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_refusal_after_the_deed_leaves_it_unknown(tmp_path: Path, name: str) -> None:
    """D8: what was done already is not said to have been refused."""
    deed, refused, mutate = MUTATIONS[name]
    decide = _RefusesAfter(deed, refused)

    async def run() -> None:
        root, _ = await opened(tmp_path / "root", Server(decide))
        _edit(tmp_path / "root/a", b"a", OLD)
        known = await _revision(root, "a")
        decide.armed = True
        with pytest.raises(OutcomeUnknown):
            await mutate(root, known)
        assert decide.done

    asyncio.run(run())


def test_a_way_back_that_is_refused_leaves_it_unknown(tmp_path: Path) -> None:
    """D8: what was moved and could not be moved back is not said to have stayed."""
    place = tmp_path / "root/a"
    renamed: list[str] = []

    def decide(request: Request, path: str) -> int | None:
        if request != p.RENAME or not place.parent.joinpath("ready").exists():
            return None
        renamed.append(path)
        if len(renamed) > 1:
            return p.PERMISSION_DENIED
        _edit(place, b"user", OLD + 1)
        return None

    async def run() -> None:
        root, _ = await opened(tmp_path / "root", Server(decide))
        _edit(place, b"a", OLD)
        known = await _revision(root, "a")
        _edit(place.with_name("ready"), b"", OLD)
        with pytest.raises(OutcomeUnknown):
            await write.move(root, "a", known, "b")

    asyncio.run(run())
    assert len(renamed) > 1


@pytest.mark.parametrize("decided", [GARBLED, LOST], ids=["garbled", "lost"])
def test_an_answer_that_cannot_be_understood_is_none(tmp_path: Path, decided: int) -> None:
    """D8: a change whose answer is no answer may have been done, and the channel is of no use any more."""

    async def run() -> None:
        server = Server(lambda request, path: decided if request == p.MKDIR and path.endswith("new") else None)
        root, _ = await opened(tmp_path / "root", server)
        with pytest.raises(Lost):
            await write.make_directory(root, "new")
        assert server.closed

    asyncio.run(run())
    assert (tmp_path / "root/new").is_dir()
