"""What is kept about a setup: how indexes stay true to it over starts and reloads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from onitu.config import Setup, load_setup
from onitu.core.capability import Capabilities, NameComparison
from onitu.core.model import Kind, Present
from onitu.core.node import Base, Place, Seen, ServiceState, Version
from onitu.core.safety import Loss, Losses
from onitu.referee import Referee
from onitu.referee.holding import load_losses, set_losses
from onitu.store import Store, Transaction
from onitu.store.examine import examine_derived, examine_tree
from onitu.supervisor import leaving, records

SETUP = """
name: x
folders: {docs: }
services:
  a: {driver: local_storage, root: a, folders: {docs: }}
  b: {driver: local_storage, root: b, folders: {docs: }}
"""
FOLDED = Capabilities(watch=True, name_comparison=NameComparison.CASE_INSENSITIVE)
B_GONE = ("  b: {driver: local_storage, root: b, folders: {docs: }}\n", "")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Store, Referee]]:
    """The records of a setup whose service `a` has said that it folds case."""
    store = Store(tmp_path / "data")
    _id, scopes, _unmanaged = records.open_setup(store, setup(tmp_path))
    referee = Referee(store, scopes)
    store.write(partial(records.adopt, referee, "a", FOLDED))
    yield store, referee
    store.close()


def setup(directory: Path, *replaced: tuple[str, str]) -> Setup:
    """Returns the setup above with something replaced."""
    text = SETUP
    for old, new in replaced:
        text = text.replace(old, new)
    path = directory / "onitu.yaml"
    path.write_text(text)
    return load_setup(path)


def known(store: Store, *services: str) -> int:
    """Makes a file that services hold, which were met, and returns its node."""

    def work(transaction: Transaction) -> int:
        for service in services:
            records.set_root_id(transaction, service, "docs", f"root of {service}")
            transaction.set_meta(f"cursor {service}\0docs", b"here")
        root = int(transaction.meta("root docs") or b"0")
        place = Place(root, "-".join(services))
        node = transaction.create("docs", place)
        version = Version(number=0, kind=Kind.FILE, size=3, mtime_ns=5, origin=services[0], revision="r")
        node.head = node.add_version(version)
        for service in services:
            seen = Seen(place, Present(kind=Kind.FILE, revision="r", size=3))
            node.services[service] = ServiceState(base=Base(node.head, place, "r"), seen=seen)
        transaction.put(node)
        return node.id

    return store.write(work)


def faults(store: Store) -> list[str]:
    """Returns what does not fit together."""

    def work(transaction: Transaction) -> list[str]:
        report = examine_tree(transaction)
        examine_derived(transaction, store.scopes, report)
        return report.faults

    return store.read(work)


@pytest.fixture
def reindexed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Counts how often everything is derived anew."""
    calls: list[object] = []
    derive: Callable[..., None] = Transaction.reindex

    def count(transaction: Transaction, *scopes: object) -> None:
        calls.append(transaction)
        derive(transaction, *scopes)

    monkeypatch.setattr(Transaction, "reindex", count)
    return calls


def test_how_names_are_compared_is_known_before_the_driver_runs(
    opened: tuple[Store, Referee], tmp_path: Path, reindexed: list[object]
) -> None:
    """P28: a start uses the comparison by which the indexes were made, so they fit from the first moment on."""
    store, _ = opened
    _id, scopes, _unmanaged = records.open_setup(store, setup(tmp_path))

    members = scopes["docs"].members
    assert members["a"].capabilities.name_comparison is NameComparison.CASE_INSENSITIVE
    assert members["b"].capabilities.name_comparison is NameComparison.EXACT
    assert reindexed == []


def test_another_comparison_derives_anew(opened: tuple[Store, Referee], reindexed: list[object]) -> None:
    """P28: a service that compares names otherwise than before gets other indexes; one that does not, keeps them."""
    store, referee = opened
    store.write(partial(records.adopt, referee, "a", FOLDED))
    assert reindexed == []

    store.write(partial(records.adopt, referee, "b", FOLDED))

    assert len(reindexed) == 1


def test_a_reload_keeps_what_is_known_of_services(
    opened: tuple[Store, Referee], tmp_path: Path, reindexed: list[object]
) -> None:
    """F1: everything a running driver has said holds on; without a change nothing is derived anew."""
    store, referee = opened
    store.write(partial(records.put_in_force, referee, setup(tmp_path)))
    assert reindexed == []
    changed = setup(tmp_path, ("{docs: }\nservices", "{docs: {conflict: newest}, more: }\nservices"))

    store.write(partial(records.put_in_force, referee, changed))

    assert set(referee.scopes) == set(store.scopes) == {"docs", "more"}
    assert referee.scopes["docs"].members["a"].capabilities == FOLDED
    assert store.read(lambda transaction: transaction.meta("root more")) is not None


def test_reading_makes_nothing(opened: tuple[Store, Referee], tmp_path: Path) -> None:
    """G5: who only looks gets the folders that have records."""
    store, referee = opened
    more = setup(tmp_path, ("{docs: }\nservices", "{docs: , more: }\nservices"))

    scopes = store.read(lambda transaction: records.known_scopes(transaction, more))

    assert set(scopes) == {"docs"}
    assert records.shape_of(scopes) == records.shape_of(referee.scopes)


def test_what_has_left_the_setup_is_forgotten(opened: tuple[Store, Referee], tmp_path: Path) -> None:
    """F1, P28: of a service that is gone nothing is known any more; what nobody else had is forgotten with it."""
    store, referee = opened
    shared, alone = known(store, "a", "b"), known(store, "b")
    for prefix in (leaving.STOPPED, leaving.PAUSED):
        store.write(partial(records.set_wish, wish=prefix, service="b", holds=True))
    lost = Losses((Loss(time.time_ns(), 1, 5),))
    for older in (False, True):
        store.write(partial(set_losses, service="b", folder="docs", losses=lost, older=older))

    store.write(partial(records.put_in_force, referee, setup(tmp_path, B_GONE)))

    assert store.read(lambda transaction: transaction.node(shared).services.keys()) == {"a"}
    assert store.read(lambda transaction: transaction.find(alone)) is None
    assert records.wished(store, leaving.STOPPED) == records.wished(store, leaving.PAUSED) == set()
    assert store.read(partial(records.root_id, service="a", folder="docs")) == "root of a"
    assert store.read(partial(records.root_id, service="b", folder="docs")) is None
    assert store.read(lambda transaction: transaction.meta("cursor b\0docs")) is None
    for older in (False, True):
        assert store.read(partial(load_losses, service="b", folder="docs", older=older)) == Losses()
    assert faults(store) == []


def test_what_was_taken_out_between_two_starts_is_forgotten(opened: tuple[Store, Referee], tmp_path: Path) -> None:
    """F1: a service that an edited file has no more is met as new once it is there again; others stay known."""
    store, _ = opened
    shared = known(store, "a", "b")

    records.open_setup(store, setup(tmp_path, ("{docs: }}\n  b:", "{docs: }, velocity: 0.5}\n  b:")))
    assert store.read(lambda transaction: transaction.node(shared).services.keys()) == {"a", "b"}
    records.open_setup(store, setup(tmp_path, ("root: b, folders: {docs: }", "root: b, folders: {docs: {mode: none}}")))
    assert store.read(lambda transaction: transaction.node(shared).services.keys()) == {"a"}
    assert faults(store) == []
