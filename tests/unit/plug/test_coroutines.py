"""Handlers that are coroutines (CONTRACT D4, D6, D8)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from onitu.errors import DriverError, ServiceError
from onitu.plug import Folder, Kind, Metadata, Plug, Present
from onitu.plug.coroutines import PAGE

FOLDER = Folder(name="f")


def test_coroutines_share_one_event_loop() -> None:
    """D6: calls on many threads run side by side in one loop, and each gets its own answer."""
    plug = Plug()
    loops: set[asyncio.AbstractEventLoop] = set()
    together = threading.Barrier(4)

    @plug.handler()
    async def get_file(metadata: Metadata) -> bytes:
        loops.add(asyncio.get_running_loop())
        await asyncio.to_thread(together.wait, 10)
        return metadata.filename.encode()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda name: plug.call("get_file", Metadata(name, "f")), "abcd"))
    assert answers == [b"a", b"b", b"c", b"d"]
    assert len(loops) == 1


def test_errors_of_a_coroutine_travel_as_any_other() -> None:
    """D8: `ServiceError` as it is, everything else as the driver's fault."""
    plug = Plug()

    @plug.handler()
    async def get_file(metadata: Metadata) -> bytes:
        if metadata.filename == "away":
            raise ServiceError("away")
        raise KeyError(metadata.filename)

    with pytest.raises(ServiceError, match="away"):
        plug.call("get_file", Metadata("away", "f"))
    with pytest.raises(DriverError, match="get_file: KeyError") as caught:
        plug.call("get_file", Metadata("other", "f"))
    assert not caught.value.retryable


def test_asynchronous_generator_lists() -> None:
    """D10: `async def list_directory` with `yield` is a listing, of any length, also when it is left early."""
    plug = Plug()
    ended: list[bool] = []

    @plug.handler()
    async def list_directory(_folder: Folder, _path: str) -> AsyncIterator[tuple[str, Present]]:
        try:
            for number in range(PAGE + 1):
                await asyncio.sleep(0)
                yield str(number), Present(kind=Kind.FILE, revision="1")
        finally:
            ended.append(True)

    assert len(list(plug.call("list_directory", FOLDER, ""))) == PAGE + 1
    listing = plug.call("list_directory", FOLDER, "")
    next(listing)
    listing.close()
    assert ended == [True, True]
