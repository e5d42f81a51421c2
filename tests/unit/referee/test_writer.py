"""One commit for many, and nobody suffers for another's error."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import trio

from onitu.referee.writer import Writer
from onitu.store import Store, Transaction


@pytest.fixture
async def writer(tmp_path: Path, nursery: trio.Nursery) -> AsyncIterator[Writer]:
    """A writer that serves."""
    store = Store(tmp_path / "data")
    writer = Writer(store)
    nursery.start_soon(writer.run)
    yield writer
    nursery.cancel_scope.cancel()
    store.close()


async def test_many_share_one_commit(writer: Writer) -> None:
    """What waits when a transaction begins is done in it."""

    def put(name: str, transaction: Transaction) -> None:
        transaction.set_meta(name, b"x")

    async with trio.open_nursery() as nursery:
        for number in range(100):
            nursery.start_soon(writer.write, partial(put, f"n{number}"))

    assert writer.commits <= 3
    assert await writer.read(lambda transaction: transaction.meta("n99")) == b"x"


async def test_an_error_is_only_its_own(writer: Writer) -> None:
    """Work that raises gets its error; what shared its transaction is done all the same, once."""
    raised: list[str] = []
    counted: list[int] = []

    def fails(transaction: Transaction) -> None:
        transaction.set_meta("bad", b"x")
        message = "mine"
        raise ValueError(message)

    def counts(transaction: Transaction) -> None:
        before = int(transaction.meta("count") or b"0")
        transaction.set_meta("count", str(before + 1).encode())
        counted.append(before)

    async def try_it() -> None:
        try:
            await writer.write(fails)
        except ValueError as error:
            raised.append(str(error))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.write, counts)
        nursery.start_soon(try_it)
        nursery.start_soon(writer.write, counts)

    assert raised == ["mine"]
    assert await writer.read(lambda transaction: transaction.meta("count")) == b"2"
    assert await writer.read(lambda transaction: transaction.meta("bad")) is None


async def test_live_changes_go_first(writer: Writer) -> None:
    """Snapshot work that waits is overtaken by a live change."""
    order: list[str] = []

    def note(what: str, _: Transaction) -> None:
        order.append(what)

    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(partial(writer.write, partial(note, f"later {number}"), later=True))
        nursery.start_soon(writer.write, partial(note, "live"))

    assert order[0] == "live"


async def test_what_was_done_outside_a_transaction_that_is_given_up_is_taken_back(writer: Writer) -> None:
    """P13: whoever is tried again, since another one's work has failed, begins with what was there before."""
    under_way: set[str] = set()
    seen: list[set[str]] = []

    def fails(_transaction: Transaction) -> None:
        message = "not the other's fault"
        raise ValueError(message)

    def begins(transaction: Transaction) -> None:
        seen.append(set(under_way))
        under_way.add("file")
        transaction.when_given_up(lambda: under_way.discard("file"))

    async def failing() -> None:
        with pytest.raises(ValueError, match="fault"):
            await writer.write(fails)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.write, begins)
        nursery.start_soon(failing)

    assert seen[-1] == set()
    assert under_way == {"file"}
