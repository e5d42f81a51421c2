"""Ignore files are read when they can be, and not given up because they cannot be read just now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio
import trio.testing

from onitu.core.capability import Mode
from onitu.core.model import Kind, Observation, Present
from onitu.core.reconcile import observe
from onitu.core.scope import Member, Scope
from onitu.errors import DriverError, Unavailable
from onitu.referee import Link, Referee
from onitu.referee.hours import Hours
from onitu.store import Store, Transaction
from onitu.transfer.pace import Pace

FOLDER = "docs"


class Client:
    """A service with an ignore file, which can be read or not."""

    limits = SimpleNamespace(max_concurrency=4)
    capabilities = SimpleNamespace(local_files=False, sync=False)

    def __init__(self) -> None:
        self.content = b"*.log\n"
        self.error: DriverError | None = None

    @asynccontextmanager
    async def get_file(self, *_: object, **__: object) -> AsyncIterator[AsyncIterator[bytes]]:
        """Reads it."""
        if self.error is not None:
            raise self.error

        async def pieces() -> AsyncIterator[bytes]:
            yield self.content

        yield pieces()


@pytest.fixture
async def referee(tmp_path: Path, nursery: trio.Nursery) -> AsyncIterator[Referee]:
    """A folder of one service that has shown an ignore file."""
    store = Store(tmp_path / "data")

    def root(transaction: Transaction) -> int:
        node = transaction.create(FOLDER, None)
        transaction.put(node)
        return node.id

    members = {"a": Member(mode=Mode.READ_WRITE)}
    scopes = {FOLDER: Scope(folder=FOLDER, root=store.write(root), members=members)}
    store.scopes = scopes
    referee = Referee(store, scopes)
    shown = Observation(".onituignore", Present(kind=Kind.FILE, revision="1", size=6), 1)
    store.write(lambda transaction: observe(referee.work(transaction, FOLDER), "a", shown))
    nursery.start_soon(referee.writer.run)
    nursery.start_soon(referee.ignore_files.run)
    yield referee
    nursery.cancel_scope.cancel()
    store.close()


def arrive(referee: Referee) -> Client:
    """Has the service be there."""
    client = Client()
    link = Link(
        referee,
        service="a",
        folder=FOLDER,
        client=cast("Any", client),
        generation=1,
        local_root=None,
        velocity=1.0,
        pace=Pace(),
        hours=Hours(),
    )
    referee.links[link.key] = link
    return client


async def looked(referee: Referee) -> None:
    """Has the ignore files looked at again, as after a listing, and waits until that is done."""
    referee.ignore_files.ring(again=True)
    while referee.ignore_files.busy:
        await referee.wait_change()


def in_force(referee: Referee) -> tuple[str, ...]:
    """Returns the folder's own patterns that are in force."""
    return tuple(pattern for ignore in referee.scopes[FOLDER].ignores[1:] for pattern in ignore.patterns)


async def test_what_could_not_be_read_is_read_later(referee: Referee) -> None:
    """B17, P25: a driver that is gone for a moment is no reason to sync what should be ignored for ever."""
    client = arrive(referee)
    client.error = Unavailable("gone for a moment")
    await looked(referee)
    assert in_force(referee) == ()

    client.error = None
    await looked(referee)
    assert in_force(referee) == ("*.log",)


async def test_it_is_read_once_its_service_is_there(referee: Referee) -> None:
    """B17: whoever has it may come later than everybody else."""
    await looked(referee)
    assert in_force(referee) == ()

    arrive(referee)
    await looked(referee)
    assert in_force(referee) == ("*.log",)


async def test_what_is_no_text_is_not_tried_again(referee: Referee) -> None:
    """B17: a file that cannot be an ignore file is told once, until it changes."""
    client = arrive(referee)
    client.content = b"\xff\xfe"
    await looked(referee)
    client.content = b"*.log\n"
    await looked(referee)

    assert in_force(referee) == ()
