"""What mutations answer when somebody else works there, or the server refuses a part of them."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest
from onitu_ssh import protocol as p
from onitu_ssh import write
from onitu_ssh.channel import Lost, Refused
from onitu_ssh.observe import revision_of
from onitu_ssh.root import Root

from onitu.plug import Attributes, Corrupted, OutcomeUnknown, Present, RevisionMismatch, Unavailable, Upload
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


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_edit_beside_new_attributes_is_not_taken_for_ours(tmp_path: Path, moment: str) -> None:
    """P1, D8: the time that Onitu sets must not make a user's edit what Onitu has written."""
    place = tmp_path / "root/a"
    asked: list[Request] = []

    def decide(request: Request, path: str) -> None:
        if path != str(place):
            return
        asked.append(request)
        if moment == "before" and len(asked) == 3:  # After the look at what is expected, and one more.
            _edit(place, b"user", OLD + 1)
        if moment == "after" and asked[-2:] == [p.SETSTAT, p.LSTAT]:
            _edit(place, b"the user", OLD + 1)

    async def run() -> None:
        root, _ = await opened(tmp_path / "root", Server(decide))
        _edit(place, b"ours", OLD)
        known = await _revision(root, "a")
        with pytest.raises(OutcomeUnknown):
            await write.set_attributes(root, "a", known, Attributes(mtime_ns=(OLD + 9) * 10**9))
        assert p.SETSTAT in asked

    asyncio.run(run())


@pytest.mark.parametrize(("torn", "error"), [(False, Refused), (True, OutcomeUnknown)], ids=["whole", "torn"])
def test_attributes_that_are_refused(tmp_path: Path, torn: bool, error: type[Exception]) -> None:
    """D8: a refusal is one only if nothing was set."""
    place = tmp_path / "root/a"

    def decide(request: Request, _path: str) -> int | None:
        if request != p.SETSTAT:
            return None
        if torn:
            place.chmod(0o700)
        return p.FAILURE

    async def run() -> None:
        root, _ = await opened(tmp_path / "root", Server(decide))
        _edit(place, b"ours", OLD)
        known = await _revision(root, "a")
        with pytest.raises(error):
            await write.set_attributes(root, "a", known, Attributes(mtime_ns=OLD, executable=True))

    asyncio.run(run())


def test_attributes_are_set(tmp_path: Path) -> None:
    """F11: what was asked for is set, of files and of directories."""

    async def run() -> None:
        root, _ = await opened(tmp_path / "root", Server())
        _edit(tmp_path / "root/a", b"ours", OLD)
        await write.make_directory(root, "d")
        answer = await write.set_attributes(
            root, "a", await _revision(root, "a"), Attributes(mtime_ns=OLD * 10**9 + 10**9, executable=True)
        )
        assert (answer.mtime_ns, answer.executable) == (OLD * 10**9 + 10**9, True)
        answer = await write.set_attributes(root, "d", "directory", Attributes(mtime_ns=OLD * 10**9))
        assert answer.mtime_ns == OLD * 10**9

    asyncio.run(run())


def test_the_error_of_an_upload_is_not_hidden(tmp_path: Path) -> None:
    """D8: that a root is another one is said, whatever comes of the staged file, and nothing is made there."""

    async def run() -> None:
        root, _ = await opened(tmp_path / "root", Server())
        shutil.rmtree(tmp_path / "root/.onitu")
        (tmp_path / "root/strange").mkdir()
        with pytest.raises(Unavailable):
            await write.upload(root, _upload(b"ours"), b"ours")
        await asyncio.sleep(0)

    asyncio.run(run())
    assert [found.name for found in (tmp_path / "root").iterdir()] == ["strange"]


def test_a_staged_file_of_no_use_is_removed(tmp_path: Path) -> None:
    """D8: where something is that was not expected, nothing stays staged."""

    async def run() -> None:
        server = Server()
        root, _ = await opened(tmp_path / "root", server)
        _edit(tmp_path / "root/a", b"user", OLD)
        with pytest.raises(RevisionMismatch):
            await write.upload(root, _upload(b"ours"), b"ours")
        await asyncio.sleep(0)
        assert not server.opened

    asyncio.run(run())
    assert not list((tmp_path / "root/.onitu/tmp").iterdir())
