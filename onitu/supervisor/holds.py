"""What is held, for a person to see and to decide about (`onitu holds`), whether a core runs or not."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import attrs

from onitu.config.values import Setup
from onitu.core.safety import losses, rollbacks
from onitu.core.tree import Work
from onitu.errors import ConfigError
from onitu.referee.holding import Hold, Order, all_holds, set_order
from onitu.store import Store, Transaction
from onitu.store.beside import read_beside
from onitu.supervisor.orders import DecideHold, send
from onitu.supervisor.records import known_scopes


@attrs.frozen(kw_only=True)
class Held:
    """A folder on a service of which something is held.

    Attributes:
        service: The service.
        folder: The folder.
        hold: What is held.
        order: What a person has decided, until it is carried out.
        paths: The files, sorted.
    """

    service: str
    folder: str
    hold: Hold
    order: Order | None
    paths: tuple[str, ...]


def list_holds(directory: Path, setup: Setup) -> list[Held]:
    """Returns everything that is held.

    Args:
        directory: The data directory, whoever owns it.
        setup: The setup.

    Raises:
        StoreError: There are no records, or they cannot be read.
    """
    with read_beside(directory) as transaction:
        scopes = known_scopes(transaction, setup)
        held: list[Held] = []
        for service, folder, hold, order in all_holds(transaction):
            scope = scopes.get(folder)
            paths: list[str] = []
            if scope is not None and service in scope.members:
                work = Work(transaction, scope, now_ns=time.time_ns())
                waiting = list(transaction.awaiting(service, folder))
                nodes = losses(work, service, waiting) | rollbacks(work, service, waiting)
                paths = sorted(work.head_path(work.tree.node(node)) for node in nodes)
            held.append(Held(service=service, folder=folder, hold=hold, order=order, paths=tuple(paths)))
        return held


def decide(directory: Path, request: DecideHold) -> bool:
    """Keeps what a person has decided, and returns whether a running core carries it out at once.

    Args:
        directory: The data directory, whoever owns it.
        request: What is decided.

    Raises:
        ConfigError: Nothing is held there.
        StoreError: The records cannot be used.
    """
    answer = send(directory, request)
    if answer is not None:
        if answer.error:
            raise ConfigError(answer.error)
        return True
    with read_beside(directory):
        pass  # A data directory without records is not made one.
    store = Store(directory)
    try:
        if not store.write(partial(_order, request=request)):
            raise ConfigError(nothing_held(request))
    finally:
        store.close()
    return False


def nothing_held(request: DecideHold) -> str:
    """Returns what to say where there is nothing to be decided."""
    return f"nothing is held of folder '{request.folder}' on service '{request.service}'; `onitu holds` lists what is"


def _order(transaction: Transaction, request: DecideHold) -> bool:
    return set_order(transaction, request.service, request.folder, request.order)
