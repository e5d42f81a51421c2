"""The records as they are at one moment, without owning them: a running core may go on writing meanwhile.

LMDB lets any number of processes read beside the one that writes, each its own moment. Nothing here changes anything.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from onitu.errors import StoreError
from onitu.store.env import TABLES
from onitu.store.mapped import is_whole, open_environment
from onitu.store.transaction import SCHEMA, Tables, Transaction


def owner(directory: Path) -> str | None:
    """Returns the process id of the core that has a data directory, or None if no core runs on it."""
    try:
        lock = os.open(directory / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
    finally:
        os.close(lock)
    return None


@contextmanager
def read_beside(directory: Path) -> Iterator[Transaction]:
    """Yields a read transaction on a data directory, whoever owns it.

    Raises:
        StoreError: There are no records, they are those of another Onitu, or they cannot be read.
    """
    with _opened(directory) as env:
        try:
            tables = Tables(*(env.open_db(name, create=False) for name in TABLES))
        except lmdb.Error as error:
            raise StoreError(f"{directory} holds no records of Onitu yet") from error
        with env.begin() as txn:
            transaction = Transaction(txn, tables, {}, {})
            found = int(transaction.meta("schema") or b"0")
            if found != SCHEMA:
                whose = "a newer" if found > SCHEMA else "an older"
                message = f"{directory} was written by {whose} Onitu (schema {found}, this one knows {SCHEMA})"
                raise StoreError(message if found > SCHEMA else f"{message}; `onitu serve` brings it up to date")
            yield Transaction(txn, tables, dict(transaction.names()), {})


def copy_beside(directory: Path, target: Path) -> None:
    """Copies the records of a data directory, as they are at one moment, to where another core may use them.

    Args:
        directory: The data directory, whoever owns it.
        target: Another one, which must not exist yet. Without records here it stays empty.

    Raises:
        StoreError: They cannot be read, or there is no room for a copy.
    """
    target.mkdir(mode=0o700)
    if not (directory / "store").is_dir():
        return
    (target / "store").mkdir(mode=0o700)
    with _opened(directory) as env:
        try:
            env.copy(str(target / "store"), compact=True)
        except (OSError, lmdb.Error) as error:
            raise StoreError(f"the records in {directory} cannot be copied to {target}: {error}") from error


@contextmanager
def _opened(directory: Path) -> Iterator[lmdb.Environment]:
    path = directory / "store"
    if not (path / "data.mdb").is_file():
        raise StoreError(f"{directory} holds no records of Onitu yet")
    try:
        env = open_environment(path, readonly=True)
    except (OSError, lmdb.Error) as error:
        raise StoreError(f"the records in {directory} cannot be read: {error}") from error
    try:
        if not is_whole(env, path):
            raise StoreError(f"the records in {directory} cannot be read: the end of {path / 'data.mdb'} is missing")
        yield env
    finally:
        env.close()
