"""`onitu verify --repair`: has files written again that have changed without a trace, whether a core runs or not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path

import msgspec

from onitu.config.values import Setup
from onitu.core.node import NodeId, ServiceName
from onitu.core.rot import replace_rotten
from onitu.core.scope import Scope
from onitu.core.tree import Work
from onitu.core.wanted import RepairFile
from onitu.errors import ConfigError
from onitu.store import Store, Transaction
from onitu.supervisor.orders import Request, have_done, note


def repair(directory: Path, setup: Setup, request: RepairFile) -> bool:
    """Has a file written again, and returns whether a running core does so at once.

    Args:
        directory: The data directory, whoever owns it.
        setup: The setup.
        request: Which file.

    Raises:
        ConfigError: It cannot be done.
        StoreError: The records cannot be used.
    """

    def alone(store: Store) -> None:
        wrong = note(store, setup, partial(take_repair, request=request))
        if wrong:
            raise ConfigError(wrong)

    asked = Request(method="POST", path="/repair", body=msgspec.to_builtins(request))
    return have_done(directory, asked, alone) is not None


def take_repair(
    transaction: Transaction,
    scopes: Mapping[str, Scope],
    request: RepairFile,
    in_flight: AbstractSet[tuple[ServiceName, NodeId]] = frozenset(),
) -> str:
    """Notes that a file is to be written again; returns why it cannot be, or "".

    Args:
        transaction: A write transaction.
        scopes: The folders.
        request: Which file.
        in_flight: As in `Work`.
    """
    scope = scopes.get(request.folder)
    if scope is None:
        return f"there is no folder '{request.folder}'"
    work = Work(transaction, scope, now_ns=time.time_ns(), in_flight=in_flight)
    return replace_rotten(work, request.service, request.path, request.revision)
