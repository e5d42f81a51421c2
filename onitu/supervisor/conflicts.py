"""Conflict copies, for a person to see and to settle (`onitu conflicts`), whether a core runs or not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from onitu.core.resolving import Conflict, conflicts, keep_copy, keep_original
from onitu.core.tree import Work
from onitu.errors import ConfigError
from onitu.store import Transaction
from onitu.store.beside import read_beside
from onitu.supervisor.orders import Request, have_done, note
from onitu.supervisor.overlay import in_force
from onitu.supervisor.records import known_scopes
from onitu.utils import get_fid

if TYPE_CHECKING:
    from onitu.config.values import Setup
    from onitu.core.scope import Scope
    from onitu.core.tree import Effect

#: Leaves both contents of a conflict where they are. The content of a service of this name cannot be asked for.
BOTH = "both"

_NOT_FOUND = 404

#: In front of the numbers of copies that were left beside their files on purpose.
_LEFT = "left "


@attrs.frozen(kw_only=True)
class ResolveConflict:
    """How a conflict is settled.

    Attributes:
        folder: The folder.
        path: The path of the conflict copy.
        keep: The service whose content keeps the name, or `BOTH`.
    """

    folder: str
    path: str
    keep: str


def list_conflicts(directory: Path, setup: Setup) -> list[tuple[str, Conflict]]:
    """Returns the conflicts that nobody has settled, with their folders, by path.

    Args:
        directory: The data directory, whoever owns it.
        setup: The setup.

    Raises:
        StoreError: There are no records, or they cannot be read.
    """
    with read_beside(directory) as transaction:
        return conflicts_in(transaction, known_scopes(transaction, in_force(transaction, setup)))


def conflicts_in(transaction: Transaction, scopes: Mapping[str, Scope]) -> list[tuple[str, Conflict]]:
    """Returns the conflicts that nobody has settled, with their folders, by path.

    Args:
        transaction: The records.
        scopes: The folders.
    """
    found = [(folder, conflict) for folder, scope in scopes.items() for conflict in _open(transaction, scope)]
    return sorted(found, key=lambda one: (one[0], one[1].path, one[1].copy_path))


def settle(directory: Path, setup: Setup, request: ResolveConflict) -> bool:
    """Settles a conflict, and returns whether a running core carries it out at once.

    Args:
        directory: The data directory, whoever owns it.
        setup: The setup.
        request: Which, and how.

    Raises:
        ConfigError: There is no such conflict, or neither content is from that service.
        StoreError: The records cannot be used.
    """
    name = request.path if setup.is_entries else f"{request.folder}/{request.path}"
    asked = Request(
        method="PUT",
        path=f"/conflicts/{get_fid(name)}/resolve",
        body={"keep": request.keep},
        reasons={_NOT_FOUND: _no_conflict(request)},
    )
    return have_done(directory, asked, partial(note, setup=setup, take=partial(resolve, request=request))) is not None


def resolve(transaction: Transaction, scopes: Mapping[str, Scope], request: ResolveConflict) -> list[Effect]:
    """Settles a conflict in the records, and returns what that asks for.

    Args:
        transaction: A write transaction.
        scopes: The folders.
        request: Which, and how.

    Raises:
        ConfigError: There is no such conflict, or neither content is from that service.
    """
    scope = scopes.get(request.folder)
    found = [one for one in _open(transaction, scope) if one.copy_path == request.path] if scope is not None else []
    if scope is None or not found:
        raise ConfigError(_no_conflict(request))
    conflict = found[0]
    work = Work(transaction, scope, now_ns=time.time_ns())
    if request.keep == BOTH:
        transaction.set_meta(f"{_LEFT}{conflict.copy}", b"1")
    elif conflict.kept == conflict.lost:
        raise ConfigError(
            f"both contents are from '{conflict.kept}': delete the one you do not want, or keep both (--keep {BOTH})"
        )
    elif request.keep == conflict.kept:
        keep_original(work, conflict)
    elif request.keep == conflict.lost:
        keep_copy(work, conflict)
    else:
        raise ConfigError(f"the contents are from '{conflict.kept}' and '{conflict.lost}', and not '{request.keep}'")
    return work.effects


def _no_conflict(request: ResolveConflict) -> str:
    """Returns what to say where there is nothing to be settled."""
    asked = f"{request.folder}/{request.path}"
    return f"'{asked}' is no conflict copy that waits for anybody; `onitu conflicts` lists them"


def _open(transaction: Transaction, scope: Scope) -> list[Conflict]:
    """Returns the conflicts of a folder that nobody has settled."""
    left = {int(number) for number, _ in transaction.metas(_LEFT)}
    work = Work(transaction, scope, now_ns=0)
    return [conflict for conflict in conflicts(work, transaction.nodes()) if conflict.copy not in left]
