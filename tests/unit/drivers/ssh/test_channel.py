"""Answers that end a channel."""

from __future__ import annotations

import asyncio
import socket

import pytest
from onitu_ssh import protocol as p
from onitu_ssh.channel import Lost
from onitu_ssh.client import Sftp


@pytest.mark.parametrize("code", [p.NO_CONNECTION, p.CONNECTION_LOST])
def test_a_server_that_has_lost_its_own_connection_is_lost(code: int) -> None:
    """D8: with these codes nobody knows what was done; another channel may do better."""

    async def run() -> None:
        ours, its = socket.socketpair()
        with its:
            _, sftp = await asyncio.get_running_loop().create_connection(Sftp, sock=ours)
            renaming = sftp.rename(b"a", b"b")
            its.sendall(p.request(p.STATUS, 1, p.u32(code)))
            with pytest.raises(Lost):
                await renaming
            await sftp.lost

    asyncio.run(run())
