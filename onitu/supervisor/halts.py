"""Roots that are missing, or others than before: what a person is told of them, and taking another one for a new one.

Nothing is kept but the reason, so that `onitu holds` can say it whether a core runs or not. A halted service has no
links, so what is known of it may be forgotten at any time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from onitu.supervisor.leaving import forget_members

if TYPE_CHECKING:
    from onitu.core.node import ServiceName
    from onitu.store import Transaction

_HALT = "halt "


def note_halt(transaction: Transaction, service: ServiceName, folder: str, reason: str) -> None:
    """Keeps why a folder cannot be served on a service; "": it can again."""
    name = _HALT + _key(service, folder)
    before = transaction.meta(name)
    if before != (reason.encode() or None):
        transaction.set_meta(name, reason.encode() or None)


def all_halts(transaction: Transaction) -> Iterator[tuple[ServiceName, str, str]]:
    """Yields what is halted: service, folder, and why."""
    for name, reason in transaction.metas(_HALT):
        service, _, folder = name.partition("\0")
        yield service, folder, reason.decode()


def take_for_new(transaction: Transaction, service: ServiceName, folder: str) -> bool:
    """Forgets everything that is known of a folder on a halted service: the root there is met as a new one.

    Args:
        transaction: A write transaction.
        service: The service.
        folder: The folder.

    Returns:
        False where nothing is halted.
    """
    if transaction.meta(_HALT + _key(service, folder)) is None:
        return False
    forget_members(transaction, {(service, folder)})
    return True


def _key(service: ServiceName, folder: str) -> str:
    return f"{service}\0{folder}"
