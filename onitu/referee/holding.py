"""What is held of a folder on a service until a person has decided: kept in the store, so it survives a restart.

The entries themselves are not marked. While there is a hold, everything that is missed there, or has lost its content,
stays undecided; a person's order is kept beside it and carried out by whoever decides next.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from onitu.core.safety import Losses

if TYPE_CHECKING:
    from onitu.core.node import ServiceName
    from onitu.store import Transaction

_HOLD = "hold "
_ORDER = "order "
_LOSSES = "losses "
_OLDER = "older "


class Order(enum.Enum):
    """What a person has decided about a hold."""

    #: Everything is done as the service shows it.
    APPROVE = "approve"
    #: The service gets back what it has lost.
    RESTORE = "restore"


class Subject(enum.Enum):
    """What a person decides about."""

    #: Losses, or older content.
    HOLD = "hold"
    #: A root that is missing, or another one.
    ROOT = "root"


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Losses that wait for a person.

    Attributes:
        since_ns: When that began, nanoseconds since 1970.
        lost: How many files were missing or empty then, with what was lost within the hour before; 0 where that was
            not too much.
        files: Of how many; at least so many.
        older: How many files showed older content, within the hour; 0 where that was not too much.
    """

    since_ns: int
    lost: int = 0
    files: int = 0
    older: int = 0

    @property
    def reason(self) -> str:
        """What is held, for a person."""
        parts = [f"{self.lost:,} of {self.files:,} files are gone or empty"] if self.lost else []
        parts += [f"{self.older:,} files have older content, as after a backup was restored"] if self.older else []
        return ", ".join(parts)


_DECODE_HOLD = msgspec.json.Decoder(Hold).decode
_DECODE_LOSSES = msgspec.json.Decoder(Losses).decode


def load_hold(transaction: Transaction, service: ServiceName, folder: str) -> Hold | None:
    """Returns what is held of a folder on a service, if anything is."""
    raw = transaction.meta(_HOLD + _key(service, folder))
    return _DECODE_HOLD(raw) if raw is not None else None


def set_hold(transaction: Transaction, service: ServiceName, folder: str, hold: Hold | None) -> None:
    """Keeps what is held; None: nothing any more, and whatever was ordered is done."""
    transaction.set_meta(_HOLD + _key(service, folder), msgspec.json.encode(hold) if hold is not None else None)
    if hold is None:
        transaction.set_meta(_ORDER + _key(service, folder), None)


def load_order(transaction: Transaction, service: ServiceName, folder: str) -> Order | None:
    """Returns what a person has decided about a hold, until it is carried out."""
    raw = transaction.meta(_ORDER + _key(service, folder))
    return Order(raw.decode().partition(" ")[0]) if raw is not None else None


def load_agreed(transaction: Transaction, service: ServiceName, folder: str) -> int | None:
    """Returns of how many files a person has decided it, at most; None where they did not say."""
    raw = transaction.meta(_ORDER + _key(service, folder))
    agreed = raw.decode().partition(" ")[2] if raw is not None else ""
    return int(agreed) if agreed else None


def set_order(
    transaction: Transaction, service: ServiceName, folder: str, order: Order, agreed: int | None = None
) -> bool:
    """Keeps what a person has decided, and of how many files at most. Returns False where nothing is held."""
    if load_hold(transaction, service, folder) is None:
        return False
    said = order.value if agreed is None else f"{order.value} {agreed}"
    transaction.set_meta(_ORDER + _key(service, folder), said.encode())
    return True


def load_losses(transaction: Transaction, service: ServiceName, folder: str, *, older: bool = False) -> Losses:
    """Returns what a service has lost in a folder lately, or which older contents it has shown."""
    raw = transaction.meta((_OLDER if older else _LOSSES) + _key(service, folder))
    return _DECODE_LOSSES(raw) if raw is not None else Losses()


def set_losses(
    transaction: Transaction, service: ServiceName, folder: str, losses: Losses, *, older: bool = False
) -> None:
    """Keeps what a service has lost in a folder lately, or which older contents it has shown."""
    raw = msgspec.json.encode(losses) if losses.losses else None
    transaction.set_meta((_OLDER if older else _LOSSES) + _key(service, folder), raw)


def all_holds(transaction: Transaction) -> Iterator[tuple[ServiceName, str, Hold, Order | None]]:
    """Yields everything that is held: service, folder, what, and what a person has decided about it."""
    for name, raw in transaction.metas(_HOLD):
        service, _, folder = name.partition("\0")
        yield service, folder, _DECODE_HOLD(raw), load_order(transaction, service, folder)


def _key(service: ServiceName, folder: str) -> str:
    return f"{service}\0{folder}"
