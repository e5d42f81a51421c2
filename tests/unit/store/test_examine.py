"""Records that do not fit together are found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from onitu.core.capability import Capabilities, Mode
from onitu.core.model import Kind, Observation, Present
from onitu.core.node import Node, Place
from onitu.core.reconcile import observe
from onitu.core.scope import Member, Scope
from onitu.core.tree import Work
from onitu.store import Store, Transaction
from onitu.store.examine import examine_derived, examine_tree

FOLDER = "docs"
Damage: TypeAlias = Callable[[Transaction], None]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with a directory and some files, the same on two services as far as one has shown them."""
    store = Store(tmp_path / "data")
    members = {name: Member(mode=Mode.READ_WRITE, capabilities=Capabilities(native_ids=True)) for name in ("A", "B")}

    def make_root(transaction: Transaction) -> int:
        node = transaction.create(FOLDER, None)
        transaction.put(node)
        return node.id

    store.scopes = {FOLDER: Scope(folder=FOLDER, root=store.write(make_root), members=members)}

    def show(transaction: Transaction) -> None:
        work = Work(transaction, store.scopes[FOLDER], now_ns=0)
        for seq, path in enumerate(("d", "d/a", "d/b", "c"), 1):
            kind = Kind.DIRECTORY if path == "d" else Kind.FILE
            entry = Present(kind=kind, size=3, revision=f"r{seq}", native_id=f"id {path}")
            observe(work, "A", Observation(path, entry, seq))

    store.write(show)
    yield store
    store.close()


def faults(store: Store) -> list[str]:
    """Returns everything that is found."""

    def look(transaction: Transaction) -> list[str]:
        report = examine_tree(transaction)
        examine_derived(transaction, store.scopes, report)
        return report.faults

    return store.read(look)


def named(transaction: Transaction, name: str) -> Node:
    """Returns a node by its name."""
    return next(node for node in transaction.nodes() if node.place is not None and node.place.name == name)


def _change(name: str, **fields: Any) -> Damage:  # noqa: ANN401 - of a node
    def damage(transaction: Transaction) -> None:
        node = named(transaction, name)
        for field, value in fields.items():
            setattr(node, field, value(node) if callable(value) else value)
        transaction.restore(node)

    return damage


def _drop_index(transaction: Transaction) -> None:
    node = named(transaction, "c")
    transaction.remove(("dirty", "B", FOLDER, node.id), node.id)


def _extra_index(transaction: Transaction) -> None:
    transaction.add(("dirty", "A", FOLDER, named(transaction, "c").id), named(transaction, "c").id)


def _wrong_sum(transaction: Transaction) -> None:
    transaction.fingerprint_changes["A", named(transaction, "d").id] = 1


def _cycle(transaction: Transaction) -> None:
    directory = named(transaction, "d")
    file = named(transaction, "a")
    file.versions = {1: directory.version}
    transaction.restore(file)
    directory.place = Place(file.id, "d")
    transaction.restore(directory)


def test_good_records_have_no_faults(store: Store) -> None:
    """P27, P28: what Onitu has written itself is well-formed, and its indexes are those that are derived."""
    report = store.read(examine_tree)

    assert faults(store) == []
    assert (report.live, report.deleted, report.folders, report.services) == (4, 0, {FOLDER}, {"A"})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_change("a", place=Place(99, "a")), "its directory 99 is missing"),
        (_change("a", place=lambda node: Place(node.id, "a")), "which is no directory"),
        (_change("d", deleted=True), "is deleted"),
        (_change("b", place=lambda node: Place(node.place.parent, "a")), "have one place: 'a'"),
        (_change("a", folder="other"), "of another folder"),
        (_cycle, "lies in itself"),
        (_change("a", head=7), "its current version 7 is missing"),
        (_drop_index, "index dirty B docs .* is missing"),
        (_extra_index, "should not be there"),
        (_wrong_sum, "its fingerprint"),
    ],
)
def test_damage_is_found(store: Store, damage: Damage, message: str) -> None:
    """P27, P28: each way in which a tree or what is derived can be wrong is reported as what it is."""

    def work(transaction: Transaction) -> None:
        damage(transaction)
        transaction.flush()

    store.write(work)

    found = store.read(lambda transaction: examine_tree(transaction).faults)
    if not found:
        found = faults(store)
    assert any(re.search(message, fault) for fault in found), found
