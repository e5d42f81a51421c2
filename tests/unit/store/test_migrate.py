"""Records of an older Onitu."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onitu.errors import StoreError
from onitu.store import Store, env, migrate
from onitu.store.beside import read_beside
from onitu.store.transaction import SCHEMA

NEWER = SCHEMA + 1


def rename(txn: Any, tables: Any) -> None:  # noqa: ANN401 - LMDB's
    """A step: what was kept under one name is kept under another."""
    txn.put(b"new", txn.get(b"old", db=tables.meta), db=tables.meta)
    txn.delete(b"old", db=tables.meta)


def fail(txn: Any, tables: Any) -> None:  # noqa: ANN401 - LMDB's
    """A step that fails half way."""
    rename(txn, tables)
    raise KeyError("unforeseen")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A data directory as this Onitu writes it."""
    store = Store(tmp_path / "data")
    store.write(lambda transaction: transaction.set_meta("old", b"value"))
    store.write(lambda transaction: transaction.set_meta("shape", b"derived"))
    store.close()
    return store.directory


@pytest.fixture
def upgrade(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Makes this Onitu a newer one, with a step to its schema."""

    def to(step: object) -> None:
        monkeypatch.setattr(env, "SCHEMA", NEWER)
        monkeypatch.setattr(migrate, "STEPS", {NEWER - 1: step})

    return to


def kept(store: Store, name: str) -> bytes | None:
    """Returns what is kept under a name."""
    return store.read(lambda transaction: transaction.meta(name))


def test_every_older_schema_has_its_step() -> None:
    """F10: from the first schema on, each has a step to the next."""
    assert sorted(migrate.STEPS) == list(range(1, SCHEMA))


def test_a_newer_onitu_migrates_and_keeps_a_copy(directory: Path, upgrade: Callable[[Any], None]) -> None:
    """F10: the records are brought up to date, what is derived is made anew, and the old ones are kept whole."""
    upgrade(rename)
    store = Store(directory)

    assert kept(store, "new") == b"value"
    assert kept(store, "old") is None
    assert kept(store, "shape") is None
    assert kept(store, "schema") == str(NEWER).encode()
    store.close()
    copy = directory / f"store-schema-{NEWER - 1}"
    assert copy.stat().st_mode & 0o777 == 0o700
    old = directory.with_name("old")
    old.mkdir()
    copy.rename(old / "store")
    with read_beside(old) as transaction:
        assert transaction.meta("old") == b"value"


def test_it_happens_once(directory: Path, upgrade: Callable[[Any], None]) -> None:
    """F10: the next start finds records of its own schema."""
    upgrade(rename)
    Store(directory).close()
    before = sorted(directory.iterdir())

    Store(directory).close()

    assert sorted(directory.iterdir()) == before


def test_a_step_that_fails_changes_nothing(directory: Path, upgrade: Callable[[Any], None]) -> None:
    """F10: the records are as they were, also for the older Onitu; the next try keeps another copy."""
    upgrade(fail)
    for _ in range(2):
        with pytest.raises(StoreError, match=r"unforeseen.*nothing was changed"):
            Store(directory)
    upgrade(rename)

    store = Store(directory)

    assert kept(store, "new") == b"value"
    store.close()
    assert len(list(directory.glob("store-schema-*"))) == 3


def test_no_copy_no_migration(directory: Path, upgrade: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """F10: where no copy can be kept nothing is changed, and what to do is said."""
    upgrade(rename)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
        with pytest.raises(StoreError, match=r"no copy of them could be kept \(no space left\): make room"):
            Store(directory)

    assert [path.name for path in directory.iterdir() if "schema" in path.name] == []
    Store(directory).close()


def test_an_older_onitu_refuses_it(
    directory: Path, upgrade: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """F10: what a newer Onitu has written is left alone, by `serve` and by those who only read."""
    upgrade(rename)
    Store(directory).close()
    monkeypatch.undo()

    with pytest.raises(StoreError, match="written by a newer Onitu"):
        Store(directory)
    with pytest.raises(StoreError, match="written by a newer Onitu"), read_beside(directory):
        pass


def test_reading_does_not_migrate(
    directory: Path, upgrade: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """F10: who only reads says who can bring the records up to date."""
    upgrade(rename)
    monkeypatch.setattr("onitu.store.beside.SCHEMA", NEWER)

    with pytest.raises(StoreError, match=r"an older Onitu.*`onitu serve` brings it up to date"), read_beside(directory):
        pass
