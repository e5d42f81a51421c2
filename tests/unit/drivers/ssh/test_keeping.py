"""What goes to the trash while somebody else works there."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest
from onitu_ssh import protocol as p
from onitu_ssh import write
from onitu_ssh.observe import revision_of
from onitu_ssh.root import Root

from onitu.plug import Attributes, RevisionMismatch, Unavailable, Upload
from tests.unit.drivers.ssh.server import Request, Server, opened

OLD = 1_000_000_000


Mutation = Callable[[Root, str], Coroutine[None, None, object]]


def _edit(place: Path, content: bytes, second: int) -> None:
    place.write_bytes(content)
    os.utime(place, (second, second))


async def _replace(root: Root, known: str) -> object:
    return await write.upload(root, Upload(path="a", expected=known, size=4, attributes=Attributes()), b"ours")


async def _delete(root: Root, known: str) -> object:
    await write.delete(root, "a", known)
    return None


def _kept(place: Path) -> list[bytes]:
    return [found.read_bytes() for found in (place / ".onitu/trash").rglob("*") if found.is_file()]


@pytest.mark.parametrize(("mutate", "put"), [(_replace, p.HARDLINK), (_delete, p.RENAME)], ids=["replace", "delete"])
def test_what_goes_in_the_last_moment_is_looked_for_once(tmp_path: Path, mutate: Mutation, put: Request) -> None:
    """D8: who deletes a file right before it would be kept is not asked a thousand times where the trash has gone."""
    place = tmp_path / "root/a"

    def decide(request: Request, path: str) -> None:
        if request == put and path == str(place):
            place.unlink(missing_ok=True)

    async def run() -> None:
        server = Server(decide)
        root, _ = await opened(tmp_path / "root", server)
        _edit(place, b"a", OLD)
        with pytest.raises(RevisionMismatch):
            await mutate(root, revision_of(await server.lstat(os.fsencode(place))))
        assert server.asked.count((put, str(place))) <= 2

    asyncio.run(run())


def test_a_trash_that_was_emptied_is_made_again(tmp_path: Path) -> None:
    """P1: the user may remove the trash at any time, and what is deleted next is kept all the same."""
    place = tmp_path / "root/a"
    emptied: list[str] = []

    def decide(request: Request, path: str) -> None:
        if request == p.RENAME and path == str(place) and not emptied:
            emptied.append(path)
            shutil.rmtree(tmp_path / "root/.onitu/trash")

    async def run() -> None:
        server = Server(decide)
        root, _ = await opened(tmp_path / "root", server)
        _edit(place, b"a", OLD)
        await write.delete(root, "a", revision_of(await server.lstat(os.fsencode(place))))

    asyncio.run(run())
    assert emptied
    assert _kept(tmp_path / "root") == [b"a"]


def test_a_trash_that_cannot_be_made_is_no_edit(tmp_path: Path) -> None:
    """D8: what is still there is not said to have gone."""
    place = tmp_path / "root/a"

    def decide(request: Request, path: str) -> int | None:
        return p.FAILURE if request == p.MKDIR and "/trash/" in path else None

    async def run() -> None:
        server = Server(decide)
        root, _ = await opened(tmp_path / "root", server)
        _edit(place, b"a", OLD)
        with pytest.raises(Unavailable):
            await write.delete(root, "a", revision_of(await server.lstat(os.fsencode(place))))

    asyncio.run(run())
    assert place.read_bytes() == b"a"


def test_a_copy_is_of_what_is_expected(tmp_path: Path) -> None:
    """P1: where no second name can be given, the copy that is kept is not somebody else's bytes."""
    place = tmp_path / "root/a"

    def decide(request: Request, path: str) -> int | None:
        if path == str(place) and request == p.HARDLINK:
            return p.PERMISSION_DENIED
        if path == str(place) and request == p.OPEN:
            _edit(place, b"b", OLD + 1)
        if path == str(place) and request == p.CLOSE:
            _edit(place, b"a", OLD)
        return None

    async def run() -> None:
        server = Server(decide)
        root, _ = await opened(tmp_path / "root", server)
        _edit(place, b"a", OLD)
        with pytest.raises(RevisionMismatch):
            await _replace(root, revision_of(await server.lstat(os.fsencode(place))))

    asyncio.run(run())
    assert place.read_bytes() == b"a"
    assert _kept(tmp_path / "root") == []


@pytest.mark.parametrize("edit", ["file", "link", "gone"])
def test_a_link_that_changes_in_the_last_moment_stays(tmp_path: Path, edit: str) -> None:
    """P1: what comes to the place of a link right before it would be replaced is not replaced."""
    place = tmp_path / "root/a"

    def decide(request: Request, path: str) -> None:
        if request != p.SYMLINK or path != "new":
            return
        place.unlink()
        if edit == "file":
            _edit(place, b"user", OLD)
        elif edit == "link":
            place.symlink_to("two")
            os.utime(place, (OLD, OLD), follow_symlinks=False)

    async def run() -> None:
        server = Server(decide)
        root, _ = await opened(tmp_path / "root", server)
        place.symlink_to("one")
        os.utime(place, (OLD, OLD), follow_symlinks=False)
        found = revision_of(await server.lstat(os.fsencode(place)))
        with pytest.raises(RevisionMismatch):
            await write.write_symlink(root, "a", f"{found}:one", "new")

    asyncio.run(run())
    assert edit != "file" or place.read_bytes() == b"user"
    assert edit != "link" or place.readlink() == Path("two")
    assert edit != "gone" or not place.is_symlink()
    assert not [found for found in (tmp_path / "root/.onitu").rglob("*") if found.is_symlink()]


def test_a_link_is_replaced_and_kept(tmp_path: Path) -> None:
    """P1: the link that is replaced stays in the trash."""
    place = tmp_path / "root/a"

    async def run() -> None:
        server = Server()
        root, _ = await opened(tmp_path / "root", server)
        place.symlink_to("one")
        found = revision_of(await server.lstat(os.fsencode(place)))
        await write.write_symlink(root, "a", f"{found}:one", "new")

    asyncio.run(run())
    assert place.readlink() == Path("new")
    (kept,) = [found for found in (tmp_path / "root/.onitu").rglob("*") if found.is_symlink()]
    assert kept.readlink() == Path("one")
