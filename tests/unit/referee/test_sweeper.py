"""What need not be kept any longer is removed, once a day, by time that was counted (B11 `keep`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import pytest
import trio

from onitu.core.capability import Capabilities, Limits, Mode
from onitu.core.model import Kept, Kind
from onitu.core.past import Departure
from onitu.core.retention import DAY, Counter, Keep
from onitu.core.scope import Member, Scope
from onitu.errors import Unavailable, Unsupported
from onitu.host.client import DriverClient
from onitu.referee import Link, Referee
from onitu.referee.hours import Hours
from onitu.referee.sweeper import CountedTime, Sweeper
from onitu.store import Store
from onitu.store.trash import Origin
from onitu.transfer.pace import Pace


class Trashed:
    """A driver whose trash is a list."""

    limits = Limits()
    capabilities = Capabilities(trash=True)

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.failure: Exception | None = None
        self.has_rules = False

    def keep(self, name: str, at: float) -> None:
        """Keeps something."""
        self.kept.append(Kept(id=name, path=name, kind=Kind.FILE, size=3, kept_at_ns=int(at * 1e9)))

    async def list_trash(self, _folder: str) -> AsyncIterator[Kept]:
        """Lists."""
        if self.failure is not None:
            raise self.failure
        for kept in list(self.kept):
            yield kept

    async def empty_trash(self, _folder: str, ids: Sequence[str]) -> None:
        """Removes, unless rules of its own say what goes."""
        if self.has_rules:
            raise Unsupported("the lifecycle of the bucket decides")
        self.kept = [kept for kept in self.kept if kept.id not in ids]


@pytest.fixture
def driver() -> Trashed:
    """The driver."""
    return Trashed()


@pytest.fixture
async def link(tmp_path: Path, nursery: trio.Nursery, driver: Trashed) -> AsyncIterator[Link]:
    """A folder on a service that keeps things for ten days; another one does for five."""
    store = Store(tmp_path / "data")
    root = store.write(lambda transaction: transaction.create("docs", None).id)
    members = {
        "disk": Member(mode=Mode.READ_WRITE, keep=Keep(days=10)),
        "other": Member(mode=Mode.READ_WRITE, keep=Keep(days=5)),
    }
    referee = Referee(store, {"docs": Scope(folder="docs", root=root, members=members)})
    link = Link(
        referee,
        service="disk",
        folder="docs",
        client=cast("DriverClient", driver),
        generation=1,
        local_root=None,
        velocity=1.0,
        pace=Pace(),
        hours=Hours(),
    )
    nursery.start_soon(referee.writer.run)
    yield link
    nursery.cancel_scope.cancel()
    store.close()


def after(days: float) -> Counter:
    """Returns the counter after so many days of counting, from day 0 on."""
    counter = Counter().begin(0)
    for half in range(int(days * 2)):
        counter = counter.count(DAY / 2, (half + 1) * DAY / 2)
    return counter


async def test_what_is_too_old_goes_and_nothing_else(link: Link, driver: Trashed) -> None:
    """B11 `keep`: on the service, and in the data directory what lay on it or on a service that is no more."""
    for day in (1, 5, 9):
        driver.keep(f"day {day}", day * DAY)
    trash = link.referee.trash
    for service in ("disk", "other", "gone"):
        keeping = trash.open(Origin(service=service, folder="docs", path="a", kept_at=0))
        trash.keep([keeping])
        said = keeping.path.with_suffix(".json")
        said.write_text(f'{{"service":"{service}","folder":"docs","path":"a","kept_at":{DAY}}}')

    await Sweeper(link).sweep(after(13))

    assert [kept.id for kept in driver.kept] == ["day 5", "day 9"]
    assert [origin.service for origin, _ in trash.listed()] == ["other"]


async def test_it_is_done_once_a_day(link: Link, driver: Trashed) -> None:
    """Looking costs a listing of all that is kept; and the last look outlives the process."""
    await Sweeper(link).sweep(after(12))
    driver.keep("old", DAY)
    await Sweeper(link).sweep(after(12.5))
    assert len(driver.kept) == 1
    await Sweeper(link).sweep(after(13))
    assert driver.kept == []


async def test_what_cannot_be_looked_at_is_looked_at_again(link: Link, driver: Trashed) -> None:
    """P25: a service that fails is asked again soon; one whose trash cannot be listed is left alone."""
    driver.keep("old", DAY)
    driver.failure = Unavailable("away")
    await Sweeper(link).sweep(after(12))
    driver.failure = None
    await Sweeper(link).sweep(after(12))
    assert driver.kept == []

    driver.keep("old", DAY)
    driver.failure = Unsupported("no")
    await Sweeper(link).sweep(after(14))
    assert len(driver.kept) == 1


async def test_a_service_with_rules_of_its_own_is_left_to_them(link: Link, driver: Trashed) -> None:
    """B11 `keep`: what it does not let go of stays; that is no failure, and all else is swept."""
    driver.keep("old", DAY)
    driver.has_rules = True
    trash = link.referee.trash
    keeping = trash.open(Origin(service="disk", folder="docs", path="a", kept_at=0))
    trash.keep([keeping])
    said = keeping.path.with_suffix(".json")
    said.write_text(f'{{"service":"disk","folder":"docs","path":"a","kept_at":{DAY}}}')

    await Sweeper(link).sweep(after(12))
    assert list(trash.listed()) == []
    assert [kept.id for kept in driver.kept] == ["old"]

    driver.has_rules = False
    await Sweeper(link).sweep(after(12.5))
    assert [kept.id for kept in driver.kept] == ["old"], "it was swept half a day ago, whatever came of it"


async def test_the_past_of_what_is_gone_is_forgotten(link: Link) -> None:
    """What is gone everywhere is remembered as long as a copy of it may be kept on any service of the folder."""

    def gone(at: float, folder: str) -> Departure:
        return Departure(at=at, folder=folder, path="a", deleted=True, version=1)

    writer = link.referee.writer
    departures = {101: gone(DAY, "docs"), 102: gone(5 * DAY, "docs"), 103: gone(DAY, "other")}
    for node, departure in departures.items():
        await writer.write(lambda transaction, n=node, d=departure: transaction.past.depart(n, d))  # type: ignore[misc]

    await Sweeper(link).sweep(after(13))

    left = await writer.read(lambda transaction: [node for _, node, _ in transaction.past.all_departures()])
    assert left == [102, 103]


async def test_time_is_counted_over_processes(link: Link, autojump_clock: object) -> None:
    """What one process has counted the next one goes on from."""
    del autojump_clock
    writer = link.referee.writer
    counted = CountedTime(writer)
    first = await counted.look()
    await trio.sleep(100)
    second = await counted.look()
    third = await CountedTime(writer).look()

    assert 100 <= second.counted - first.counted < 200
    assert second.counted <= third.counted < second.counted + 100
