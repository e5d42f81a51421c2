"""What became of entries, in the store: versions with their times, renames, deletions (B11 `keep`, `onitu log`)."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from onitu.core.model import Kind
from onitu.core.node import NodeId, Place, Version
from onitu.core.past import Departure, Event, lines
from onitu.store import Store, Transaction
from onitu.store.dump import export_records, import_records
from onitu.store.past import MOST_VERSIONS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    store = Store(tmp_path / "data")
    yield store
    store.close()


def version(revision: str, *, parent: int | None = None) -> Version:
    """Returns a version without a number."""
    return Version(number=0, kind=Kind.FILE, size=1, mtime_ns=0, origin="a", revision=revision, parent=parent)


def make(store: Store, *names: str, actor: str = "a") -> list[NodeId]:
    """Makes directories one in the other, and a file in the last of them, and returns their nodes."""

    def work(transaction: Transaction) -> list[NodeId]:
        transaction.actor = actor
        root = transaction.create("docs", None)
        transaction.put(root)
        made = [root.id]
        for position, name in enumerate(names):
            node = transaction.create("docs", Place(made[-1], name))
            kind = Kind.FILE if position == len(names) - 1 else Kind.DIRECTORY
            node.head = node.add_version(msgspec.structs.replace(version("1"), kind=kind))
            transaction.put(node)
            made.append(node.id)
        return made[1:]

    return store.write(work)


def test_a_version_has_the_time_it_was_taken_in(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is noted once: what is learned of the version later changes nothing about when it came."""
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    (file,) = make(store, "a")

    def learn(transaction: Transaction) -> None:
        node = transaction.node(file)
        node.versions[1] = msgspec.structs.replace(node.versions[1], digests={"blake3": b"d"})
        transaction.put(node)

    monkeypatch.setattr(time, "time", lambda: 2_000.0)
    store.write(learn)

    taken = store.read(lambda transaction: transaction.past.taken(file))
    assert taken == {1: 1_000.0}
    assert [one.digests for one in store.read(lambda transaction: transaction.history(file))] == [{"blake3": b"d"}]


@pytest.mark.parametrize("seconds", [0.0, 60.0], ids=["at once", "later"])
def test_a_rename_and_a_deletion_are_told_by_path(
    store: Store, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """Both with where somebody did it, in the order it was done; a path finds every entry that has left it."""
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    directory, file = make(store, "d", "a")

    def rename(transaction: Transaction) -> None:
        transaction.actor = "b"
        node = transaction.node(file)
        node.place = Place(directory, "b")
        transaction.put(node)

    def delete(transaction: Transaction) -> None:
        transaction.actor = "c"
        for gone in (file, directory):
            node = transaction.node(gone)
            node.deleted = True
            transaction.put(node)

    store.write(rename)
    monkeypatch.setattr(time, "time", lambda: 1_000.0 + seconds)
    store.write(delete)

    def read(transaction: Transaction) -> None:
        assert transaction.find(file) is None
        assert [(one.path, one.deleted, one.service) for one in transaction.past.departures(file)] == [
            ("d/a", False, "b"),
            ("d/b", True, "c"),
        ]
        assert transaction.past.departed("docs", "d/a") == transaction.past.departed("docs", "d/b") == [file]
        assert transaction.past.departed("docs", "d") == [directory]
        assert transaction.past.departed("other", "d/a") == []
        assert [node for node, _ in transaction.histories()] == [directory, file]
        told = lines(file, transaction.history(file), transaction.past.taken(file), transaction.past.departures(file))
        assert [line.event for line in told] == [Event.CREATED, Event.MOVED, Event.DELETED]

    store.read(read)


def test_a_clock_that_was_put_back_changes_no_order(store: Store) -> None:
    """What left its place last is told last."""
    (file,) = make(store, "a")

    def leave(transaction: Transaction) -> None:
        for path, at in (("a", 1_000.0), ("b", 940.0)):
            gone = Departure(at=at, folder="docs", path=path, deleted=False, version=1, service="b")
            transaction.past.depart(file, gone)

    store.write(leave)

    found = store.read(lambda transaction: transaction.past.departures(file))
    assert [(one.path, one.at) for one in found] == [("a", 1_000.0), ("b", 940.0)]


def test_what_is_given_up_leaves_nothing(store: Store) -> None:
    """P13: a transaction that fails has noted nothing either."""
    (file,) = make(store, "a")

    def fail(transaction: Transaction) -> None:
        node = transaction.node(file)
        node.deleted = True
        transaction.put(node)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.write(fail)
    assert store.read(lambda transaction: transaction.past.departures(file)) == []


def test_versions_are_bounded(store: Store) -> None:
    """However often a file is edited, its first version and the last ones are remembered, and no others."""
    (file,) = make(store, "a")
    many = MOST_VERSIONS + 50

    def edit(transaction: Transaction) -> None:
        node = transaction.node(file)
        node.head = node.add_version(version(str(node.last), parent=node.head))
        transaction.put(node)

    for _ in range(many - 1):
        store.write(edit)

    def read(transaction: Transaction) -> None:
        numbers = [one.number for one in transaction.history(file)]
        assert numbers == [1, *range(many - MOST_VERSIONS + 1, many + 1)]
        assert list(transaction.past.taken(file)) == numbers

    store.read(read)


def test_a_node_that_is_forgotten_leaves_nothing(store: Store) -> None:
    """What is gone for longer than anything is kept takes no room."""
    first, second = make(store, "a")[0], make(store, "b")[0]
    departure = Departure(at=5.0, folder="docs", path="a", deleted=True, version=1)
    store.write(lambda transaction: transaction.past.depart(first, departure))
    store.write(lambda transaction: transaction.past.depart(second, departure))

    store.write(lambda transaction: transaction.past.forget(first))

    def read(transaction: Transaction) -> None:
        assert not transaction.history(first)
        assert not transaction.past.departures(first)
        assert transaction.past.taken(first) == {}
        assert transaction.past.departed("docs", "a") == [second]
        assert len(transaction.history(second)) == 1
        assert [(node, one) for _, node, one in transaction.past.all_departures()] == [(second, departure)]

    store.read(read)


def test_an_export_has_it_all(store: Store, tmp_path: Path) -> None:
    """`onitu state`: times, renames and deletions go into another data directory."""
    (file,) = make(store, "a")

    def delete(transaction: Transaction) -> None:
        node = transaction.node(file)
        node.deleted = True
        transaction.put(node)

    store.write(delete)
    lines_of = store.read(lambda transaction: list(export_records(transaction)))
    other = Store(tmp_path / "other")
    other.write(lambda transaction: import_records(transaction, io.BytesIO(b"".join(lines_of))))

    assert other.read(lambda transaction: list(export_records(transaction))) == lines_of
    assert other.read(lambda transaction: transaction.past.departed("docs", "a")) == [file]
    assert other.read(lambda transaction: transaction.past.taken(file)) == store.read(
        lambda transaction: transaction.past.taken(file)
    )
    other.close()
