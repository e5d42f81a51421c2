"""From the records of an older Onitu to those of this one.

Each step brings a data directory from one schema to the next. All that are needed happen in one transaction, after a
copy of everything has been kept: so a step that fails, or a power cut, leaves what was there, and whoever wants the
older Onitu back has its records. Steps know nodes, history and meta; what is derived is made anew afterwards.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import lmdb

from onitu.errors import StoreError
from onitu.log import get_logger

if TYPE_CHECKING:
    from onitu.store.transaction import Tables

Step: TypeAlias = "Callable[[lmdb.Transaction, Tables], None]"

#: Schema to the step that brings it to the next one. There has been one schema so far.
STEPS: Mapping[int, Step] = {}


def migrate(env: lmdb.Environment, tables: Tables, directory: Path, *, found: int, wanted: int) -> None:
    """Brings the records of an older Onitu up to date, and keeps a copy of them as they were.

    Args:
        env: The open environment.
        tables: Its databases.
        directory: The data directory; the copy goes into it.
        found: The schema of the records.
        wanted: The schema they are to have.

    Raises:
        StoreError: No copy could be kept, or a step failed. Nothing has changed.
    """
    kept = _keep(env, directory, found)
    try:
        with env.begin(write=True) as txn:
            for schema in range(found, wanted):
                STEPS[schema](txn, tables)
            txn.put(b"schema", str(wanted).encode(), db=tables.meta)
            txn.delete(b"shape", db=tables.meta)  # Everything that is derived is made anew.
    except Exception as error:
        message = (
            f"the records in {directory} could not be brought from schema {found} to {wanted} ({error!r}); nothing was "
            f"changed. Please report this; the Onitu that wrote them can go on with them"
        )
        raise StoreError(message) from error
    get_logger().info("state_migrated", schema=wanted, before=found, copy=str(kept))


def _keep(env: lmdb.Environment, directory: Path, schema: int) -> Path:
    """Keeps a copy of an environment under a name that is free, and returns it once it is whole."""
    names = (f"store-schema-{schema}{suffix}" for suffix in ("", *(f"-{number}" for number in range(2, 1000))))
    kept = next(path for path in map(directory.joinpath, names) if not path.exists())
    part = kept.with_name(kept.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        env.copy(str(part), compact=True)
        part.rename(kept)
    except (OSError, lmdb.Error) as error:
        shutil.rmtree(part, ignore_errors=True)
        message = f"{directory} holds records of an older Onitu, and no copy of them could be kept ({error}): make room"
        raise StoreError(message) from error
    return kept
