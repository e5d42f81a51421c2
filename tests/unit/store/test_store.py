"""The data directory: what is written is there, and nobody else writes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from onitu.core.capability import Capabilities, Mode
from onitu.core.model import Absent, Kind, Observation, Present
from onitu.core.node import Node, Place
from onitu.core.reconcile import observe
from onitu.core.scope import Member, Scope
from onitu.core.tree import Work
from onitu.errors import StoreError
from onitu.store import Store, Transaction
from onitu.store.keys import encode
from onitu.store.transaction import SCHEMA

FOLDER = "docs"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with one folder on the services A and B."""
    store = Store(tmp_path / "data")

    def make_root(transaction: Transaction) -> int:
        node = transaction.create(FOLDER, None)
        transaction.put(node)
        return node.id

    root = store.write(make_root)
    members = {name: Member(mode=Mode.READ_WRITE, capabilities=Capabilities(native_ids=True)) for name in ("A", "B")}
    store.scopes = {FOLDER: Scope(folder=FOLDER, root=root, members=members)}
    return store


def show(store: Store, path: str, *, seq: int = 1, kind: Kind = Kind.FILE, revision: str = "r1") -> None:
    """Has service A show an entry."""
    entry = Present(kind=kind, size=3, revision=revision, native_id=f"id {path}")

    def work(transaction: Transaction) -> None:
        observe(Work(transaction, store.scopes[FOLDER], now_ns=0), "A", Observation(path, entry, seq))

    store.write(work)


def tables(store: Store) -> dict[str, list[tuple[bytes, bytes]]]:
    """Returns everything that is derived, as it lies on disk."""

    def read(transaction: Transaction) -> dict[str, list[tuple[bytes, bytes]]]:
        return {
            name: [(bytes(key), bytes(value)) for key, value in transaction.raw(name)] for name in ("index", "sums")
        }

    return store.read(read)


class TestStore:
    """The data directory as a whole."""

    def test_survives_reopening(self, store: Store) -> None:
        """What was committed is there after the store was closed and opened again."""
        show(store, "a.txt")
        store.close()

        again = Store(store.directory)
        again.scopes = store.scopes
        found = again.read(lambda transaction: transaction.child(store.scopes[FOLDER].root, "a.txt"))

        assert found is not None
        again.close()

    def test_a_second_core_is_refused(self, store: Store) -> None:
        """The data directory has one owner; the message says who and what to do."""
        with pytest.raises(StoreError, match=r"in use by another onitu \(process \d+\); stop that one"):
            Store(store.directory)

    def test_a_newer_schema_is_refused(self, store: Store) -> None:
        """A data directory of a newer Onitu is left alone."""
        store.write(lambda transaction: transaction.set_meta("schema", str(SCHEMA + 1).encode()))
        store.close()

        with pytest.raises(StoreError, match="newer Onitu"):
            Store(store.directory)

    def test_a_foreign_file_is_left_as_it_is(self, tmp_path: Path) -> None:
        """A file that is no database of ours gives a clear error and keeps its bytes."""
        folder = tmp_path / "data" / "store"
        folder.mkdir(parents=True)
        (folder / "data.mdb").write_bytes(b"something else" * 1000)

        with pytest.raises(StoreError, match="left as it is"):
            Store(tmp_path / "data")

        assert (folder / "data.mdb").read_bytes().startswith(b"something else")

    def test_what_raises_changes_nothing(self, store: Store) -> None:
        """A transaction that raises leaves no trace, in the records or in what the writer remembers."""
        show(store, "a.txt")
        before = tables(store)

        def work(transaction: Transaction) -> None:
            found = transaction.child(store.scopes[FOLDER].root, "a.txt")
            assert found is not None
            node = transaction.node(found)
            node.deleted = True
            transaction.put(node)
            raise ValueError

        with pytest.raises(ValueError, match=r"^$"):
            store.write(work)

        assert tables(store) == before
        show(store, "a.txt", seq=2, revision="r2")
        assert store.read(lambda transaction: transaction.child(store.scopes[FOLDER].root, "a.txt")) is not None

    def test_a_lookup_never_writes(self, store: Store) -> None:
        """G5: looking up what nobody knows makes nothing, not even a name's number."""
        before = tables(store)

        found = store.read(
            lambda transaction: Work(transaction, store.scopes[FOLDER], now_ns=0).at("A", "no/such/thing")
        )

        assert found is None
        assert tables(store) == before

    def test_history_keeps_every_version(self, store: Store) -> None:
        """Every version is remembered, also once nobody holds it any more."""
        show(store, "a.txt")
        show(store, "a.txt", seq=2, revision="r2")

        def read(transaction: Transaction) -> list[str]:
            found = transaction.child(store.scopes[FOLDER].root, "a.txt")
            assert found is not None
            return [version.revision for version in transaction.history(found)]

        assert store.read(read) == ["r1", "r2"]


class TestDerived:
    """What is derived from records."""

    def test_p28_rebuilding_changes_nothing(self, store: Store) -> None:
        """P28: dropping and deriving every index and fingerprint again changes nothing."""
        show(store, "d", kind=Kind.DIRECTORY, revision="1:1")
        for number in range(20):
            show(store, f"d/{number}", seq=2 + number)
        store.write(
            lambda transaction: observe(
                Work(transaction, store.scopes[FOLDER], now_ns=0), "A", Observation("d/3", Absent(), 99)
            )
        )
        before = tables(store)

        store.write(Transaction.reindex)

        assert before["index"]
        assert tables(store) == before

    def test_long_names_have_different_keys(self) -> None:
        """Names beyond what a key can hold differ in their digest."""
        one, other = "x" * 600 + "1", "x" * 600 + "2"

        keys = {encode(("child", 1, name), lambda _: 1) for name in (one, other)}
        keys |= {encode(("doubted", "A", 1, name, 7), lambda _: 1) for name in (one, other)}

        assert len(keys) == 4
        assert all(len(key) <= 511 for key in keys)

    def test_several_are_in_doubt_at_a_place(self, store: Store) -> None:
        """P13: all that a power cut may have brought back to a place are found, and none of a longer name's."""
        directory = 1

        def doubt(transaction: Transaction) -> None:
            for name, node in (("f", 5), ("f", 6), ("f.txt", 7)):
                transaction.add(("doubted", "A", directory, name, node), node)

        store.write(doubt)

        assert store.read(lambda transaction: list(transaction.doubted("A", directory, "f"))) == [5, 6]
        assert store.read(lambda transaction: list(transaction.doubted("B", directory, "f"))) == []


class TestRecords:
    """How records look on disk."""

    def test_the_format_of_a_node_is_what_it_was(self) -> None:
        """The stored form changes only together with the schema's number."""
        assert SCHEMA == 1
        fields = [field.name for field in msgspec.structs.fields(Node)]
        assert fields == ["id", "folder", "place", "head", "deleted", "versions", "services", "last", "outside"]
        assert msgspec.msgpack.encode(Node(id=1, folder="f", place=None)).hex() == "9901a166c000c280800090"


class TestRemembered:
    """What the writer remembers from one transaction to the next."""

    def test_too_many_are_forgotten_but_for_what_has_work(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """F2: what is planned next need not be read again, and memory stays bounded."""
        monkeypatch.setattr("onitu.store.transaction.REMEMBERED", 6)
        monkeypatch.setattr("onitu.store.transaction.KEPT", 3)
        for number in range(1, 7):
            show(store, f"{number}.txt", seq=number)
        held = store.write(lambda transaction: dict(transaction._nodes))

        assert held.keys() == {2, 3, 4}

    def test_what_is_remembered_is_what_is_stored(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """P28: however little is remembered, the same is stored, and found."""
        stored = []
        for most in (1, 4, 1_000):
            monkeypatch.setattr("onitu.store.transaction.REMEMBERED", most)
            monkeypatch.setattr("onitu.store.transaction.KEPT", most // 2)
            other = Store(store.directory.with_name(f"remembers {most}"))
            other.write(lambda transaction: transaction.put(transaction.create(FOLDER, None)))
            other.scopes = store.scopes
            show(other, "d", kind=Kind.DIRECTORY, revision="d")
            for number in range(12):
                show(other, f"d/{number % 5}", seq=number + 2, revision=f"r{number}")
            stored.append(tables(other))
            other.close()

        assert stored[0] == stored[1] == stored[2]

    def test_an_entry_that_another_node_has_taken_over_stays_found(self, store: Store) -> None:
        """P28: the node that had a name before lets go of it, and whoever has it now keeps it."""
        show(store, "a.txt")
        root = store.scopes[FOLDER].root

        def swap(transaction: Transaction) -> tuple[int | None, int | None, int]:
            first = transaction.node(transaction.child(root, "a.txt") or 0)
            second = transaction.create(FOLDER, first.place)
            transaction.put(second)
            first.place = Place(root, "b.txt")
            transaction.put(first)
            return transaction.child(root, "a.txt"), transaction.child(root, "b.txt"), second.id

        by_name, moved, second = store.write(swap)

        assert (by_name, moved) == (second, second - 1)
        assert store.read(lambda transaction: transaction.child(root, "a.txt")) == second
        assert store.write(lambda transaction: transaction.child(root, "c.txt")) is None
