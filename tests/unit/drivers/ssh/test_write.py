"""What mutations answer when somebody else works there, or the server refuses a part of them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from onitu_ssh import protocol as p
from onitu_ssh import write
from onitu_ssh.observe import revision_of
from onitu_ssh.root import Root

from onitu.plug import Attributes, Corrupted, Present, Upload
from tests.unit.drivers.ssh.server import Request, Server, opened

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
