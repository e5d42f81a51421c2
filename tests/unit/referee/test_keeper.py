"""When a service is flushed, and who waits for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
import trio
import trio.testing

from onitu.core.capability import Capabilities, Limits
from onitu.core.model import Kind
from onitu.core.node import Action, Base, Intent, Phase, Place, Version
from onitu.core.scope import Scope
from onitu.host.client import DriverClient
from onitu.referee import Link, Referee
from onitu.referee.hours import Hours
from onitu.referee.keeper import Keeper, note_power_cut
from onitu.store import Store, Transaction
from onitu.transfer.pace import Pace

VERSION = Version(number=0, kind=Kind.FILE, size=1, mtime_ns=None, origin="other", revision="o")


class Flushed:
    """A driver that is flushed as long as the test wants."""

    limits = Limits()
    capabilities = Capabilities(sync=True)

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = trio.Semaphore(0)

    async def sync(self, _: str) -> None:
        """Flushes."""
        self.begun += 1
        await self.may_end.acquire()


@pytest.fixture
async def link(tmp_path: Path, nursery: trio.Nursery) -> AsyncIterator[Link]:
    """A folder on a service, at rest."""
    store = Store(tmp_path / "data")
    root = store.write(lambda transaction: transaction.create("docs", None).id)
    referee = Referee(store, {"docs": Scope(folder="docs", root=root, members={})})
    link = Link(
        referee,
        service="disk",
        folder="docs",
        client=cast("DriverClient", Flushed()),
        generation=1,
        local_root=None,
        velocity=1.0,
        pace=Pace(),
        hours=Hours(),
    )
    link.listed = link.untouched = True
    nursery.start_soon(referee.writer.run)
    yield link
    nursery.cancel_scope.cancel()
    store.close()


def wait_for_flush(link: Link) -> None:
    """Has something wait for a flush, as a mover does."""
    link.sync_now = True
    link.to_sync.ring()


def is_idle(link: Link) -> bool:
    """Returns whether nothing is under way or waiting."""
    return link.idle


async def until(link: Link, flushes: int) -> None:
    """Waits until so many flushes have begun."""
    driver = cast("Flushed", link.client)
    while driver.begun < flushes:
        await trio.testing.wait_all_tasks_blocked(0.001)


@pytest.mark.parametrize("rest", [True, False], ids=["serve", "once"])
async def test_what_begins_to_wait_during_a_flush_waits_for_the_next(
    link: Link, nursery: trio.Nursery, *, rest: bool
) -> None:
    """P2: it was written after that flush began, so it is not durable yet; and nothing is at rest meanwhile."""
    driver = cast("Flushed", link.client)
    nursery.start_soon(lambda: Keeper(link).run(rest=rest))
    assert is_idle(link)
    wait_for_flush(link)
    await until(link, 1)
    assert not is_idle(link)
    wait_for_flush(link)

    driver.may_end.release()
    with trio.fail_after(10):
        await until(link, 2)

    assert not is_idle(link)
    driver.may_end.release()
    with trio.fail_after(10):
        while not is_idle(link):
            await link.referee.wait_change()
    assert driver.begun == 2


async def test_each_power_cut_is_asked_about_once(link: Link) -> None:
    """P13: also where Onitu was stopped again before the service was there; then what it wrote itself is trusted."""
    store, root = link.referee._store, link.referee.scopes["docs"].root

    def visible(transaction: Transaction) -> int:
        node = transaction.create("docs", Place(root, "f"))
        number = node.add_version(VERSION)
        node.head = number
        after = Base(number, Place(root, "f"), "r")
        intent = Intent(
            action=Action.WRITE,
            phase=Phase.VISIBLE,
            place=after.place,
            version=number,
            expected=None,
            epoch=1,
            after=after,
        )
        node.state("disk").intent = intent
        transaction.put(node)
        return node.id

    def phase(transaction: Transaction) -> Phase:
        intent = transaction.node(node).services["disk"].intent
        assert intent is not None
        return intent.phase

    store.write(note_power_cut)
    node = store.write(visible)

    await Keeper(link).begin()
    assert store.read(phase) is Phase.SENT

    node = store.write(visible)
    await Keeper(link).begin()
    assert store.read(phase) is Phase.VISIBLE


async def test_what_was_sent_on_something_visible_is_doubted_too(link: Link) -> None:
    """P13: another mutation was on its way where one was visible: a power cut may have taken back that one."""
    store, root = link.referee._store, link.referee.scopes["docs"].root

    def sent(transaction: Transaction) -> int:
        node = transaction.create("docs", Place(root, "f"))
        node.head = node.add_version(VERSION)
        before = Base(node.head, Place(root, "f"), "r")
        node.state("disk").intent = Intent(
            action=Action.DELETE,
            phase=Phase.SENT,
            place=None,
            version=node.head,
            expected="r",
            epoch=1,
            before=before,
        )
        transaction.put(node)
        return node.id

    store.write(note_power_cut)
    node = store.write(sent)

    await Keeper(link).begin()

    intent = store.read(lambda transaction: transaction.node(node).services["disk"].intent)
    assert intent is not None
    assert intent.after == intent.before
