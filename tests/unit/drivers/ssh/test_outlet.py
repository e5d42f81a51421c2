"""What is to be sent arrives as it is, in order, and not without bound."""

from __future__ import annotations

import asyncio
import random
import socket

import pytest
from onitu_ssh.channel import Channel, Lost
from onitu_ssh.client import Sftp
from onitu_ssh.outlet import Outlet

MEBIBYTE = 1024 * 1024


def test_everything_arrives_in_order_and_senders_wait_while_much_is_on_its_way() -> None:
    """D6: a slow server has whoever sends content wait, and gets every byte, in whatever parts they were given."""
    numbers = random.Random(7)
    parts = [numbers.randbytes(numbers.choice((1, 9, 4_096, 261_120, MEBIBYTE))) for _ in range(200)]

    async def run() -> bytes:
        ours, its = socket.socketpair()
        with its:
            its.setblocking(False)  # noqa: FBT003  It has no name for it.
            outlet = Outlet(ours, pytest.fail)
            waited = False
            received = bytearray()

            async def receive() -> None:
                while data := await asyncio.get_running_loop().sock_recv(its, MEBIBYTE):
                    received.extend(data)

            outlet.send(memoryview(part) for part in parts[:100])
            try:
                await asyncio.wait_for(outlet.room(), 0.01)
            except TimeoutError:
                waited = True
            receiving = asyncio.create_task(receive())
            await outlet.room()
            outlet.send(parts[100:])
            while len(received) < sum(map(len, parts)):
                await asyncio.sleep(0)
            outlet.close()
            await receiving
            assert waited
            return bytes(received)

    assert asyncio.run(run()) == b"".join(parts)


def test_nobody_waits_for_room_in_a_channel_that_is_gone() -> None:
    """D8: whoever waits to send more is let go when the other end hangs up, and what was asked is lost."""

    async def run() -> Channel:
        ours, its = socket.socketpair()
        _, sftp = await asyncio.get_running_loop().create_connection(Sftp, sock=ours)
        writing = [sftp.write(b"handle", 0, bytes(MEBIBYTE)) for _ in range(16)]
        await asyncio.sleep(0)
        waiting = asyncio.create_task(sftp.room())
        await asyncio.sleep(0)
        its.close()
        await waiting
        for answer in writing:
            with pytest.raises(Lost):
                await answer
        await sftp.lost
        await sftp.room()
        return sftp

    assert asyncio.run(run()).lost.done()
