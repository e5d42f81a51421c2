"""CONTRACT E1: how much is looked at for a page of many files. Counted, not timed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from onitu.core.capability import Capabilities, Mode
from onitu.core.model import Kind, Observation, Present
from onitu.core.reconcile import observe
from onitu.core.scope import Member, Scope
from onitu.core.tree import Work
from onitu.rest.listing import STRIDE, Counted, Spot, Wanted, following, page
from onitu.store import Store, Transaction

#: Directories, and files in each.
WIDE, LONG = 15, 200
COUNT = WIDE * LONG

ALL = Wanted()


def fill(directory: Path, *, wide: int, long: int) -> tuple[Store, dict[str, Scope]]:
    """Returns a store with many files, known of one service of two."""
    store = Store(directory)

    def make_root(transaction: Transaction) -> int:
        node = transaction.create("docs", None)
        transaction.put(node)
        return node.id

    members = {name: Member(mode=Mode.READ_WRITE, capabilities=Capabilities()) for name in ("a", "b")}
    scope = Scope(folder="docs", root=store.write(make_root), members=members)

    def show(transaction: Transaction) -> None:
        work = Work(transaction, scope, now_ns=0)
        for above in range(wide):
            place = f"d{above:04}"
            shown = Present(kind=Kind.DIRECTORY, size=0, revision="d")
            observe(work, "a", Observation(place, shown, 1))
            for number in range(long):
                shown = Present(kind=Kind.FILE, size=3, revision=f"r{number}")
                observe(work, "a", Observation(f"{place}/f{number:05}.txt", shown, 1))

    store.write(show)
    return store, {"docs": scope}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, dict[str, Scope]]]:
    """A store with three thousand files."""
    store, scopes = fill(tmp_path_factory.mktemp("many") / "data", wide=WIDE, long=LONG)
    yield store, scopes
    store.close()


class Looks:
    """Counts the records that are read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.outlines = self.whole = 0
        outline, load = Transaction.outline, Transaction.load

        def counted_outline(transaction: Transaction, node: int) -> object:
            self.outlines += 1
            return outline(transaction, node)

        def counted_load(transaction: Transaction, node: int) -> object:
            self.whole += 1
            return load(transaction, node)

        monkeypatch.setattr(Transaction, "outline", counted_outline)
        monkeypatch.setattr(Transaction, "load", counted_load)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    """Counts what is read from now on."""
    return Looks(monkeypatch)


def names(spots: list[tuple[Spot, int]]) -> list[str]:
    """Returns the paths of a page."""
    return [path for (_, path), _ in spots]


def test_a_page_behind_a_place_costs_what_it_shows(many: tuple[Store, dict[str, Scope]], looks: Looks) -> None:
    """E1, E15: `after` leads to the end of many files by a few looks; every file is shown once, in order."""
    store, scopes = many
    place: Spot = ("docs", f"d{WIDE - 1:04}/f{LONG - 6:05}.txt")

    last = store.read(lambda transaction: following(transaction, scopes, ALL, after=place, limit=20))

    assert names(last) == [f"d{WIDE - 1:04}/f{number:05}.txt" for number in range(LONG - 5, LONG)]
    assert looks.outlines < 20
    assert looks.whole == 0

    seen: list[str] = []
    after: Spot = ("docs", "")
    while found := store.read(partial(following, scopes=scopes, wanted=ALL, after=after, limit=700)):
        seen += names(found)
        after = found[-1][0]
    assert len(seen) == len(set(seen)) == COUNT
    assert seen == sorted(seen)


def test_what_was_counted_is_not_counted_again(many: tuple[Store, dict[str, Scope]], looks: Looks) -> None:
    """E1: an offset is counted once; later pages of the same state begin near where they are."""
    store, scopes = many
    counted = Counted()

    def show(offset: int, commits: int = 1) -> list[str]:
        def work(transaction: Transaction) -> list[tuple[Spot, int]]:
            counted.take(commits, ALL)
            return page(transaction, scopes, ALL, counted, offset=offset, limit=20)

        looks.outlines = 0
        return names(store.read(work))

    first = show(COUNT - 100)
    assert looks.outlines >= COUNT - 100
    following_page = show(COUNT - 80)
    assert looks.outlines < 40
    assert show(COUNT - 100) == first
    assert looks.outlines < STRIDE + 200
    assert not set(first) & set(following_page)
    assert show(0)[0] == "d0000/f00000.txt"
    assert looks.outlines < 40
    show(COUNT - 80, commits=2)
    assert looks.outlines >= COUNT - 100


def test_only_what_a_service_lacks_needs_whole_records(many: tuple[Store, dict[str, Scope]], looks: Looks) -> None:
    """E15: `q` reads names alone, `service` the record of each file with such a name, and no more."""
    store, scopes = many

    def show(wanted: Wanted) -> list[str]:
        return names(
            store.read(lambda transaction: following(transaction, scopes, wanted, after=("docs", ""), limit=20))
        )

    assert len(show(Wanted(part="F00007"))) == WIDE
    assert looks.whole == 0
    assert len(show(Wanted(service="b"))) == 20
    assert looks.whole == 20
    assert show(Wanted(service="a")) == []
    assert show(Wanted(folder="none")) == []
