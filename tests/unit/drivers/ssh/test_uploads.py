"""Uploads in chunks of which a part does not arrive."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from blake3 import blake3
from onitu_ssh import protocol as p
from onitu_ssh.channel import Refused
from onitu_ssh.uploads import Uploads

from onitu.plug import Corrupted, Metadata, Unavailable, Upload
from tests.unit.drivers.ssh.server import Request, Server, opened

PIECE = 32 * 1024
CONTENT = bytes(range(1, 251)) * 5000


def _metadata() -> Metadata:
    upload = Upload(path="a", expected=None, size=len(CONTENT), digest=("blake3", blake3(CONTENT).digest()))
    return Metadata("a", "docs", upload=upload, session="s")


class _RefusesOne:
    """Refuses one piece of a staged file."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, request: Request, path: str) -> int | None:
        if request != p.WRITE or "upload-" not in path:
            return None
        self.left -= 1
        return p.FAILURE if self.left == 0 else None


@pytest.mark.parametrize("number", [1, 3, len(CONTENT) // PIECE])
def test_a_part_that_was_refused_is_sent_again(tmp_path: Path, number: int) -> None:
    """P1, D8: what did not arrive leaves no hole, whatever of the rest has arrived."""

    async def run() -> None:
        server, uploads, metadata = Server(_RefusesOne(number)), Uploads(), _metadata()
        root, _ = await opened(tmp_path / "root", server)
        await uploads.start(root, metadata)
        await uploads.chunk(metadata, 0, CONTENT)
        with pytest.raises(Refused):
            await uploads.end(root, metadata)
        with pytest.raises(Unavailable):
            await uploads.end(root, metadata)
        assert not (tmp_path / "root/a").exists()

        at = await uploads.restart(root, metadata)
        assert at == (number - 1) * PIECE
        await uploads.chunk(metadata, at, CONTENT[at:])
        await uploads.end(root, metadata)
        assert (tmp_path / "root/a").read_bytes() == CONTENT
        assert not server.opened

    asyncio.run(run())


def test_what_is_there_after_a_lost_connection_is_read(tmp_path: Path) -> None:
    """P1, D8: a server that came back with zeros is not believed to have what it has confirmed."""

    async def run() -> None:
        server, uploads, metadata = Server(), Uploads(), _metadata()
        root, there = await opened(tmp_path / "root", server)
        await uploads.start(root, metadata)
        await uploads.chunk(metadata, 0, CONTENT)
        server.close()
        (staged,) = (tmp_path / "root/.onitu/tmp").iterdir()
        staged.write_bytes(bytes(len(CONTENT)))
        there.server = Server()

        at = await uploads.restart(root, metadata)
        await uploads.chunk(metadata, at, CONTENT[at:])
        with pytest.raises(Corrupted):
            await uploads.end(root, metadata)
        assert not (tmp_path / "root/a").exists()

    asyncio.run(run())
