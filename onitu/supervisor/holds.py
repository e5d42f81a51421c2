"""What is held, for a person to see and to decide about (`onitu holds`), whether a core runs or not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import attrs

from onitu.config.values import Setup
from onitu.core.scope import Scope
from onitu.core.tree import Work
from onitu.errors import ConfigError
from onitu.referee.guard import find_held
from onitu.referee.holding import Hold, Order, Subject, all_holds, load_hold, set_order
from onitu.rest.client import place
from onitu.store import Store, Transaction
from onitu.store.beside import read_beside
from onitu.supervisor.halts import all_halts, take_for_new
from onitu.supervisor.orders import Request, have_done, note
from onitu.supervisor.overlay import in_force
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


@attrs.frozen(kw_only=True)
class DecideHold:
    """What becomes of what is held.

    Attributes:
        service: Whose.
        folder: Of which folder.
        order: What is decided.
        what: About what. None: about what there is, if that is one thing.
        count: Of how many files it was decided to approve; None for any number.
    """

    service: str
    folder: str
    order: Order
    what: Subject | None = None
    count: int | None = None

    @property
    def query(self) -> str:
        """What the API is told of it beside the order."""
        said = {"what": self.what.value if self.what is not None else None, "count": self.count}
        query = urlencode({name: value for name, value in said.items() if value is not None})
        return f"?{query}" if query else ""


def list_holds(directory: Path, setup: Setup) -> list[Held]:
    """Returns everything that is held.

    Args:
        directory: The data directory, whoever owns it.
        setup: The setup.

    Raises:
        StoreError: There are no records, or they cannot be read.
    """
    with read_beside(directory) as transaction:
        return holds_in(transaction, known_scopes(transaction, in_force(transaction, setup)))


def holds_in(transaction: Transaction, scopes: Mapping[str, Scope]) -> list[Held]:
    """Returns everything that is held.

    Args:
        transaction: The records.
        scopes: The folders.
    """
    held: list[Held] = []
    for service, folder, hold, order in all_holds(transaction):
        paths = _paths(transaction, scopes.get(folder), service)
        held.append(Held(service=service, folder=folder, hold=hold, order=order, paths=paths))
    return held


def _paths(transaction: Transaction, scope: Scope | None, service: str) -> tuple[str, ...]:
    """Returns the files of a folder that wait for a decision on a service, sorted."""
    if scope is None or service not in scope.members:
        return ()
    work = Work(transaction, scope, now_ns=time.time_ns())
    waiting = list(transaction.awaiting(service, scope.folder))
    nodes = find_held(work, service, waiting)
    return tuple(sorted(work.head_path(work.tree.node(node)) for node in nodes))


@attrs.frozen(kw_only=True)
class Halted:
    """A folder on a service whose root is missing, or another one.

    Attributes:
        service: The service.
        folder: The folder.
        reason: What is wrong with the root.
    """

    service: str
    folder: str
    reason: str


def list_halts(directory: Path, setup: Setup) -> list[Halted]:
    """Returns the roots that were missing, or others, when they were last looked for.

    Args:
        directory: The data directory, whoever owns it.
        setup: The setup.

    Raises:
        StoreError: There are no records, or they cannot be read.
    """
    with read_beside(directory) as transaction:
        return halts_in(transaction, in_force(transaction, setup))


def halts_in(transaction: Transaction, setup: Setup) -> list[Halted]:
    """Returns the roots that were missing, or others, when they were last looked for.

    Args:
        transaction: The records.
        setup: The setup.
    """
    return [
        Halted(service=service, folder=folder, reason=reason)
        for service, folder, reason in all_halts(transaction)
        if service in setup.services and folder in setup.services[service].folders
    ]


def decide(directory: Path, setup: Setup, request: DecideHold) -> bool:
    """Keeps what a person has decided, and returns whether a running core carries it out at once.

    Args:
        directory: The data directory, whoever owns it.
        setup: The setup.
        request: What is decided.

    Raises:
        ConfigError: Nothing is held there.
        StoreError: The records cannot be used.
    """

    def alone(store: Store) -> None:
        wrong = note(store, setup, partial(take_order, request=request))
        if wrong:
            raise ConfigError(wrong)

    path = f"/holds{place(request.service, request.folder)}/{request.order.value}{request.query}"
    return have_done(directory, Request(method="PUT", path=path), alone) is not None


def take_order(transaction: Transaction, scopes: Mapping[str, Scope], request: DecideHold) -> str:
    """Keeps what a person has decided; returns why it cannot be, or "".

    Args:
        transaction: A write transaction.
        scopes: The folders.
        request: What is decided.
    """
    service, folder = request.service, request.folder
    if (service, folder) in {(one, other) for one, other, _ in all_halts(transaction)}:
        lost = f"the root of folder '{folder}' on service '{service}' is lost: bring it back, and it goes on by itself"
        if request.order is not Order.APPROVE:
            return lost
        is_held = request.count is not None or load_hold(transaction, service, folder) is not None
        if (request.what or (Subject.HOLD if is_held else Subject.ROOT)) is Subject.HOLD:
            return (
                f"{lost}, and what is held there can be decided; to go on with the root that is there now, as with a "
                f"new service: `onitu holds approve {service} {folder} --root`"
            )
        take_for_new(transaction, service, folder)
        return ""
    if request.what is Subject.ROOT:
        return f"the root of folder '{folder}' on service '{service}' is not lost; `onitu holds` lists what is"
    if request.order is Order.APPROVE and request.count is not None:
        count = len(_paths(transaction, scopes.get(folder), service))
        if count > request.count:
            return (
                f"{count:,} files are concerned by now in folder '{folder}' on service '{service}', more than the "
                f"{request.count:,} that were shown: look again with `onitu holds`, then decide"
            )
    if set_order(transaction, service, folder, request.order, request.count):
        return ""
    return f"nothing is held of folder '{folder}' on service '{service}'; `onitu holds` lists what is"
