"""For how long the oldest change waits for a service."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onitu.store import Transaction

#: Entries of a queue that are looked at for the oldest: of a queue of a million the others are left out.
LOOKED_AT = 1_000


def lag(transaction: Transaction, folder: str, service: str, now: float) -> float:
    """Returns for how many seconds the oldest change has waited for a service.

    Args:
        transaction: The records.
        folder: Of which folder.
        service: Which service.
        now: Seconds since 1970.
    """
    oldest = now
    for number in islice(transaction.dirty(service, folder), LOOKED_AT):
        node = transaction.load(number)
        changed = transaction.past.last_change(number, node.head) if node is not None else None
        if changed is not None:
            oldest = min(oldest, changed)
    return max(0.0, now - oldest)
