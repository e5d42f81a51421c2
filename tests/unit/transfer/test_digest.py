"""Digests of files that are read to learn them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import pytest
from blake3 import blake3

from onitu.core.model import Kind, Observation, Present, Unknown
from onitu.transfer.digest import read_digests
from onitu.transfer.pace import Pace
from onitu.transfer.party import Party


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


def party(sent: bytes) -> Party:
    """Returns a service that sends some bytes, whatever it is asked for."""
    return cast("Party", SimpleNamespace(folder="docs", client=Service(sent), pace=Pace()))


@pytest.mark.parametrize("sent", [b"shor", b"too long"])
async def test_a_file_that_came_in_part_has_no_digest(sent: bytes) -> None:
    """P23: less or more bytes than the file has make no digest: it would look like an edit that nobody has made."""
    entry = Observation("f", Present(kind=Kind.FILE, revision="r", size=5), 1)

    (found,) = await read_digests(party(sent), [entry])

    assert isinstance(found.state, Unknown)


async def test_a_file_that_came_whole_has_one() -> None:
    """P23: what came whole is taken."""
    entry = Observation("f", Present(kind=Kind.FILE, revision="r", size=5, racy=True), 1)

    (found,) = await read_digests(party(b"whole"), [entry])

    assert found.state == Present(kind=Kind.FILE, revision="r", size=5, digests={"blake3": blake3(b"whole").digest()})
