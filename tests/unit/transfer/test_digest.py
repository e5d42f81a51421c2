"""Digests of files that are read to learn them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest
from blake3 import blake3

from onitu.core.capability import Capabilities
from onitu.core.model import Absent, Kind, Observation, Present, State, Unknown
from onitu.transfer.digest import read_digests
from onitu.transfer.pace import Pace
from onitu.transfer.party import Party

ENTRY = Present(kind=Kind.FILE, revision="r", size=5)


class Service:
    """A service that sends what it was given."""

    def __init__(self, sent: bytes, state: State) -> None:
        self._sent = sent
        self._state = state
        self.capabilities = Capabilities(stat_files=True)

    async def stat(self, _folder: str, paths: list[str]) -> list[Observation]:
        return [Observation(path, self._state, 2) for path in paths]

    @asynccontextmanager
    async def get_file(
        self, _folder: str, _path: str, _revision: str, **_: object
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        async def pieces() -> AsyncIterator[bytes]:
            yield self._sent

        yield pieces()


def party(sent: bytes, state: State = ENTRY) -> Party:
    """Returns a service that sends some bytes, whatever it is asked for, and shows something."""
    return cast("Party", SimpleNamespace(folder="docs", client=Service(sent, state), pace=Pace()))


@pytest.mark.parametrize("sent", [b"shor", b"too long"])
async def test_a_file_that_came_in_part_has_no_digest(sent: bytes) -> None:
    """P23: less or more bytes than the file has make no digest: it would look like an edit that nobody has made."""
    entry = Observation("f", ENTRY, 1)

    (found,) = await read_digests(party(sent), [entry])

    assert isinstance(found.state, Unknown)


async def test_a_file_that_came_whole_has_one() -> None:
    """P23: what came whole is taken."""
    entry = Observation("f", msgspec.structs.replace(ENTRY, racy=True), 1)

    (found,) = await read_digests(party(b"whole"), [entry])

    assert found.state == Present(kind=Kind.FILE, revision="r", size=5, digests={"blake3": blake3(b"whole").digest()})


@pytest.mark.parametrize(
    "now",
    [
        msgspec.structs.replace(ENTRY, racy=True),
        msgspec.structs.replace(ENTRY, revision="s"),
        Absent(),
        Unknown("no answer"),
    ],
    ids=["racy", "another", "gone", "unknown"],
)
async def test_a_racy_file_stays_racy_while_its_moment_lasts(now: State) -> None:
    """P4: it may be written again, after it was read, without a new revision: its digest is only that of now."""
    entry = Observation("f", msgspec.structs.replace(ENTRY, racy=True), 1)

    (found,) = await read_digests(party(b"whole", now), [entry])

    assert isinstance(found.state, Present)
    assert found.state.racy
    assert found.state.digests == {"blake3": blake3(b"whole").digest()}
