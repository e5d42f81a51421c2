"""How much waits for each service, and since when.

It is counted when somebody asks, entry by entry, and shown again until something is committed: however many look on,
and however long nothing can be done about it, nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from onitu.referee.tally import Spot
    from onitu.store import Transaction

#: Entries of a queue that are looked at for the oldest: of a queue of a million the others are left out.
LOOKED_AT = 1_000


@attrs.frozen
class Queue:
    """What waits for a folder on a service.

    Attributes:
        length: How many entries are still to be done there.
        since: When the oldest of them was changed, in seconds since 1970, as far as known.
    """

    length: int = 0
    since: float | None = None

    def lag(self, now: float) -> float:
        """Returns for how many seconds the oldest change has waited."""
        return max(0.0, now - self.since) if self.since is not None else 0.0


class Queues:
    """What waits for every folder on every service, counted when it is asked for and not known."""

    def __init__(self) -> None:
        self._state: tuple[int, frozenset[Spot]] | None = None
        self._queues: dict[Spot, Queue] = {}

    def count(self, transaction: Transaction, spots: Collection[Spot], commits: int) -> dict[Spot, Queue]:
        """Returns what waits. Called by one thread at a time.

        Args:
            transaction: The records.
            spots: Folders on services.
            commits: How often the records have been written, before the transaction began.
        """
        state = (commits, frozenset(spots))
        if state != self._state:
            self._queues = {spot: _queue(transaction, *spot) for spot in spots}
            self._state = state
        return self._queues


def _queue(transaction: Transaction, folder: str, service: str) -> Queue:
    """Counts what waits for a folder on a service."""
    length = transaction.count(("dirty", service, folder))
    changes = (_changed(transaction, number) for number in islice(transaction.dirty(service, folder), LOOKED_AT))
    return Queue(length, min((changed for changed in changes if changed is not None), default=None))


def _changed(transaction: Transaction, number: int) -> float | None:
    """Returns when an entry was changed last, if that is known."""
    node = transaction.load(number)
    return transaction.past.last_change(number, node.head) if node is not None else None
