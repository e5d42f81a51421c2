"""Calls on a connection whose owner has closed it: another service's driver may have ended a moment ago."""

from __future__ import annotations

import pytest

from onitu.errors import Unavailable
from onitu.rpc.gen import driver_pb2
from onitu.rpc.transport import connect


async def test_a_call_fails_as_unavailable() -> None:
    """G13, P25: nothing was sent, and nobody takes it for a bug: the other service goes on."""
    async with connect("unix:/nowhere.sock", token=None) as connection:
        pass

    with pytest.raises(Unavailable):
        await connection.call("StatFiles", driver_pb2.StatFilesRequest(), timeout=1)


async def test_a_stream_fails_as_unavailable() -> None:
    """G13, P25: the same for what comes in a stream."""
    async with connect("unix:/nowhere.sock", token=None) as connection:
        pass

    async with connection.stream("GetFile", timeout=1) as stream:
        await stream.send(driver_pb2.GetFileRequest())
        with pytest.raises(Unavailable):
            await stream.receive()
