"""The data directory: opened by one core at a time, written by one thread at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import TypeVar

import lmdb

from onitu.core.scope import Scope
from onitu.errors import StoreError
from onitu.store.mapped import is_whole, open_environment
from onitu.store.migrate import migrate
from onitu.store.transaction import SCHEMA, Remembered, Tables, Transaction

T = TypeVar("T")


#: What is said of records that are none. First contact merges what the services have, so nobody needs them.
NOT_OURS = (
    "{path} is not a database of Onitu, or is damaged ({why}); it was left as it is. Put a copy in its place, or move "
    "it away: everything is then compared anew, and nothing is deleted"
)

#: The databases of the environment, in the order of `Tables`.
TABLES = (b"nodes", b"index", b"sums", b"meta", b"history")


class Store:
    """The records of one setup.

    Args:
        directory: The data directory; made with mode 0700 where it is missing.

    Raises:
        StoreError: Another core has it, it cannot be read, or a newer Onitu wrote it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        #: Folder name to what the setup says; set by the shell before the first write.
        self.scopes: Mapping[str, Scope] = {}
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            msg = f"cannot make the data directory {directory}: {error.strerror}; choose another with --data-dir"
            raise StoreError(msg) from error
        self._lock = self._take_lock(directory / "lock")
        self._env = self._open(directory / "store")
        self._remembered = Remembered()
        self._numbers: dict[str, int] = {}
        try:
            self._tables = self._open_tables()
            self._numbers = self.read(self._load_numbers)
            self._bring_schema_up_to_date()
        except StoreError:
            self.close()
            raise

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Runs a function in a write transaction and commits it. Blocks; one caller at a time.

        Args:
            work: What is to be done. If it raises, nothing is changed.

        Durability: when this returns, what was written survives a power cut.

        Raises:
            StoreError: The disk is full or fails.
        """
        transaction: Transaction | None = None
        try:
            with self._env.begin(write=True) as txn:
                transaction = Transaction(txn, self._tables, self._numbers, self.scopes, self._remembered)
                result = work(transaction)
                transaction.flush()
        except BaseException as error:
            if transaction is not None:
                transaction.give_up()
            # What was met in a transaction that was given up.
            self._remembered.forget()
            self._numbers = self._numbers_on_disk()
            if isinstance(error, lmdb.Error):
                raise StoreError(self._cannot_write(error)) from error
            raise
        return result

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Runs a function in a read transaction. Blocks; it must be short and must not change anything.

        Raises:
            StoreError: The disk fails.
        """
        try:
            with self._env.begin() as txn:
                return work(Transaction(txn, self._tables, self._numbers, self.scopes))
        except lmdb.Error as error:
            raise StoreError(f"the data directory {self.directory} cannot be read: {error}") from error

    @property
    def last_transaction(self) -> int:
        """The number of the last transaction that was committed, by whomever."""
        return int(self._env.info()["last_txnid"])

    @property
    def size(self) -> int:
        """Bytes of the records on disk."""
        info = self._env.info()
        return int((info["last_pgno"] + 1) * self._env.stat()["psize"])

    def _cannot_write(self, error: lmdb.Error) -> str:
        """Returns what to do about records that cannot be written."""
        what = f"the data directory {self.directory} cannot be written: {error}"
        if isinstance(error, lmdb.MapFullError):
            mebibytes = self._env.info()["map_size"] // 1024**2
            return f"{what}; {mebibytes:,} MiB of addresses could be had: start onitu where there are more (ulimit -v)"
        if isinstance(error, lmdb.PanicError):
            return f"{what}; once its disk is well, start onitu again"
        return f"{what}; everything goes on by itself once it can be"

    def close(self) -> None:
        """Closes the store and lets go of the data directory."""
        self._env.close()
        os.close(self._lock)

    def _take_lock(self, path: Path) -> int:
        """Makes sure that no other core has the data directory."""
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(lock, 32, 0).decode(errors="replace").strip()
            os.close(lock)
            msg = (
                f"the data directory {self.directory} is in use by another onitu (process {owner or 'unknown'}); "
                "stop that one, or give this setup another --data-dir"
            )
            raise StoreError(msg) from error
        os.truncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        return lock

    def _open(self, path: Path) -> lmdb.Environment:
        """Opens the environment. A file that is no database of ours is left as it is."""
        try:
            path.mkdir(mode=0o700, exist_ok=True)  # LMDB would give it the mode of its files, which nobody can enter.
            env = open_environment(path, mode=0o600)
        except OSError as error:
            os.close(self._lock)
            msg = f"{path} cannot be opened: {error.strerror or error}; it must belong to the user who runs onitu"
            raise StoreError(msg) from error
        except lmdb.Error as error:
            os.close(self._lock)
            raise StoreError(NOT_OURS.format(path=path, why=error)) from error
        if not is_whole(env, path):
            env.close()
            os.close(self._lock)
            raise StoreError(NOT_OURS.format(path=path, why="the end of it is missing"))
        return env

    def _open_tables(self) -> Tables:
        """Opens the databases, making them where there is nothing at all: what another program keeps is its own.

        Raises:
            StoreError: These are no records of Onitu.
        """
        path = self.directory / "store"
        try:
            with self._env.begin() as txn:
                names = {bytes(name) for name in islice(txn.cursor().iternext(values=False), 2 * len(TABLES))}
            if names and not names & set(TABLES):
                raise StoreError(NOT_OURS.format(path=path, why="another program has made it"))
            return Tables(*(self._env.open_db(name) for name in TABLES))
        except lmdb.Error as error:
            raise StoreError(NOT_OURS.format(path=path, why=error)) from error

    def _numbers_on_disk(self) -> dict[str, int]:
        """Reads the numbers of names again; as long as the disk fails, nothing is written by any of them."""
        try:
            return self.read(self._load_numbers)
        except StoreError:
            return {}

    def _load_numbers(self, transaction: Transaction) -> dict[str, int]:
        """Reads the numbers of the names of services and folders."""
        return dict(transaction.names())

    def _bring_schema_up_to_date(self) -> None:
        """Refuses what a newer Onitu has written, and migrates what an older one has."""
        found = self.read(lambda transaction: int(transaction.meta("schema") or b"0"))
        if found > SCHEMA:
            msg = (
                f"{self.directory} was written by a newer Onitu (schema {found}, this one knows {SCHEMA}): use "
                "that one, or another --data-dir"
            )
            raise StoreError(msg)
        if found == 0:
            self.write(lambda transaction: transaction.set_meta("schema", str(SCHEMA).encode()))
        elif found < SCHEMA:
            migrate(self._env, self._tables, self.directory, found=found, wanted=SCHEMA)
