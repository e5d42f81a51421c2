"""Reading what is no longer a file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from onitu_ssh import protocol as p
from onitu_ssh.reading import Files

from onitu.plug import RevisionMismatch
from tests.unit.drivers.ssh.server import Server, opened


def test_a_pipe_in_the_place_of_a_file_is_not_opened(tmp_path: Path) -> None:
    """D8: opening a pipe would hold up everything else on the channel."""

    async def run() -> None:
        server = Server()
        root, _ = await opened(tmp_path / "root", server)
        server.decide = lambda request, _: p.FAILURE if request == p.OPEN else None
        os.mkfifo(tmp_path / "root/a")
        with pytest.raises(RevisionMismatch):
            await Files().chunk(root, "a", "1:1:644", 0, 1)
        assert p.OPEN not in [request for request, _ in server.asked]

    asyncio.run(run())
