"""How far everything has been read again: one record for each folder on a service."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from onitu.core.node import ServiceName
    from onitu.store import Transaction

#: Seconds of a day.
DAY = 24 * 60 * 60


class Round(msgspec.Struct, frozen=True):
    """How far a folder on a service has been read again.

    Attributes:
        at_ns: When the last round ended, or the service was first met; nanoseconds since 1970.
        after: Where the round that is under way goes on; 0 where none is.
    """

    at_ns: int
    after: int = 0

    def is_due(self, days: float, now_ns: int) -> bool:
        """Returns whether there is something to read now. A clock that was set back makes nobody wait longer."""
        waited = now_ns - self.at_ns
        return self.after > 0 or waited < 0 or waited >= days * DAY * 1_000_000_000


def begin_rounds(transaction: Transaction, service: ServiceName, folder: str) -> None:
    """Notes when a folder was first met on a service, where that is not known."""
    if transaction.meta(_name(service, folder)) is None:
        save_round(transaction, service, folder, Round(time.time_ns()))


def load_round(transaction: Transaction, service: ServiceName, folder: str) -> Round | None:
    """Returns how far a folder has been read, or None where it was never met."""
    raw = transaction.meta(_name(service, folder))
    return msgspec.json.decode(raw, type=Round) if raw is not None else None


def save_round(transaction: Transaction, service: ServiceName, folder: str, done: Round | None) -> None:
    """Keeps how far a folder has been read; None: what is there is met as a new one."""
    transaction.set_meta(_name(service, folder), msgspec.json.encode(done) if done is not None else None)


def _name(service: ServiceName, folder: str) -> str:
    return f"verified {service}\0{folder}"
