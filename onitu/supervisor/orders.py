"""Has a running core do what a person has decided, over the private socket of the API; or keeps it for the next one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import attrs

from onitu.errors import ConfigError
from onitu.rest.client import PATIENCE, ask
from onitu.store import Store
from onitu.store.beside import read_beside
from onitu.supervisor.overlay import in_force
from onitu.supervisor.records import open_setup

if TYPE_CHECKING:
    from onitu.config.values import Setup
    from onitu.core.scope import Scope
    from onitu.rest.client import Reply
    from onitu.store import Transaction

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Request:
    """What a core is asked, as the API has it.

    Attributes:
        method: PUT or POST.
        path: Behind the prefix.
        body: What is sent, as JSON.
        patience: Seconds that it may take.
        reasons: What is said instead of the answer's reason, by its code.
    """

    method: str
    path: str
    body: object = None
    patience: float = PATIENCE
    reasons: dict[int, str] = attrs.field(factory=dict)


def have_done(directory: Path, request: Request, alone: Callable[[Store], object]) -> Reply | None:
    """Has a request carried out by the running core, or noted in the records where none runs.

    Args:
        directory: The data directory.
        request: What is to be done.
        alone: Notes it in the records, for the next core to carry out.

    Returns:
        The answer of the running core; None where none runs.

    Raises:
        ConfigError: It cannot be done.
        StoreError: The core does not answer, or the records cannot be used.
    """
    reply = ask(directory, request.method, request.path, request.body, patience=request.patience)
    if reply is not None:
        if reply.reason:
            raise ConfigError(request.reasons.get(reply.code, reply.reason))
        return reply
    with read_beside(directory):
        pass  # A data directory without records is not made one.
    store = Store(directory)
    try:
        alone(store)
    finally:
        store.close()
    return None


def note(store: Store, setup: Setup, take: Callable[[Transaction, Mapping[str, Scope]], T]) -> T:
    """Notes in the records what a person has decided, while no core runs, and returns what came of it.

    Args:
        store: The records.
        setup: The setup, by its file.
        take: Notes it, with the folders of the setup in force.
    """
    _, scopes, _ = open_setup(store, store.read(lambda transaction: in_force(transaction, setup)))
    return store.write(lambda transaction: take(transaction, scopes))
