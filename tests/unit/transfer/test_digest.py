"""Digests of files that are read to learn them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest
from blake3 import blake3

from onitu.core.model import Kind, Observation, Present, Unknown
from onitu.host.client import DriverClient
from onitu.transfer.digest import read_digests


class Service:
    """A service that sends what it was given."""

    def __init__(self, sent: bytes) -> None:
        self._sent = sent

    @asynccontextmanager
    async def get_file(
        self, _folder: str, _path: str, _revision: str, **_: object
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        async def pieces() -> AsyncIterator[bytes]:
            yield self._sent

        yield pieces()


@pytest.mark.parametrize("sent", [b"shor", b"too long"])
async def test_a_file_that_came_in_part_has_no_digest(sent: bytes) -> None:
    """P23: less or more bytes than the file has make no digest: it would look like an edit that nobody has made."""
    client = cast("DriverClient", Service(sent))
    entry = Observation("f", Present(kind=Kind.FILE, revision="r", size=5), 1)

    (found,) = await read_digests(client, "docs", [entry])

    assert isinstance(found.state, Unknown)


async def test_a_file_that_came_whole_has_one() -> None:
    """P23: what came whole is taken."""
    client = cast("DriverClient", Service(b"whole"))
    entry = Observation("f", Present(kind=Kind.FILE, revision="r", size=5, racy=True), 1)

    (found,) = await read_digests(client, "docs", [entry])

    assert found.state == Present(kind=Kind.FILE, revision="r", size=5, digests={"blake3": blake3(b"whole").digest()})
