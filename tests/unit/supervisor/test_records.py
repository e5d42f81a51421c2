"""What is kept about a setup: how indexes stay true to it over starts and reloads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from onitu.config import Setup, load_setup
from onitu.core.capability import Capabilities, NameComparison
from onitu.referee import Referee
from onitu.store import Store, Transaction
from onitu.supervisor import records

SETUP = """
name: x
folders: {docs: }
services:
  a: {driver: local_storage, root: a, folders: {docs: }}
  b: {driver: local_storage, root: b, folders: {docs: }}
"""
FOLDED = Capabilities(watch=True, name_comparison=NameComparison.CASE_INSENSITIVE)


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
