"""Uploads in chunks of which a part does not arrive."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from blake3 import blake3
from onitu_ssh import protocol as p
from onitu_ssh.channel import Refused
from onitu_ssh.uploads import Uploads

from onitu.plug import Corrupted, Metadata, SourceChanged, Unavailable, Upload
from tests.unit.drivers.ssh.server import Request, Server, opened

PIECE = 32 * 1024
CONTENT = bytes(range(1, 251)) * 5000
MEBIBYTE = 1024 * 1024
LONG = 21 * MEBIBYTE + 5  # More than is in memory at once.


def _metadata(content: bytes = CONTENT) -> Metadata:
    upload = Upload(path="a", expected=None, size=len(content), digest=("blake3", blake3(content).digest()))
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


@pytest.mark.parametrize("number", [2, 3 * MEBIBYTE // PIECE])
def test_a_file_of_this_host_is_read_and_sent_again_where_it_did_not_arrive(tmp_path: Path, number: int) -> None:
    """P1, D8: memory is read into again only when what it held has arrived; what was refused is sent once more."""

    async def run() -> None:
        content = random.Random(number).randbytes(LONG)
        (tmp_path / "source").write_bytes(content)
        server, uploads, metadata = Server(_RefusesOne(number)), Uploads(), _metadata(content)
        root, _ = await opened(tmp_path / "root", server)
        await uploads.start(root, metadata)
        with (tmp_path / "source").open("rb") as source:
            with pytest.raises(Refused):
                await _send_all(uploads, metadata, 0, source.fileno())
            at = await uploads.restart(root, metadata)
            assert at == (number - 1) * PIECE
            await _send_all(uploads, metadata, at, source.fileno())
            with pytest.raises(SourceChanged):
                await uploads.local(metadata, LONG, 1, source.fileno())
        await uploads.end(root, metadata)
        assert (tmp_path / "root/a").read_bytes() == content
        assert not server.opened

    asyncio.run(run())


async def _send_all(uploads: Uploads, metadata: Metadata, offset: int, descriptor: int) -> None:
    """Sends a file from an offset on, in parts that are no multiple of anything."""
    while offset < LONG:
        size = min(5_000_000, LONG - offset)
        await uploads.local(metadata, offset, size, descriptor)
        offset += size
