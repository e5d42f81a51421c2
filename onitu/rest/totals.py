"""How many files a folder has, and how large they are together.

Nobody keeps count while files come and go, so that nothing can be miscounted: everything is counted when somebody asks,
a few microseconds a file, and what was counted is shown again for some times as long as counting took.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from onitu.core.model import Kind
from onitu.core.names import CONFLICT_MARK
from onitu.rest.listing import walk

if TYPE_CHECKING:
    from onitu.core.scope import Scope
    from onitu.store import Transaction

#: So many times as long as counting took, what was counted is shown again.
REST = 20.0


@attrs.frozen
class Total:
    """What a folder has.

    Attributes:
        files: How many files.
        bytes: Of all of them.
        copies: How many of them are conflict copies, by their names.
    """

    files: int = 0
    bytes: int = 0
    copies: int = 0


class Totals:
    """What every folder has, counted when it is asked for and not known.

    Args:
        rest: So many times as long as counting took, what was counted is shown again.
    """

    def __init__(self, rest: float = REST) -> None:
        self._rest = rest
        self._state: tuple[int, frozenset[str]] | None = None
        self._totals: dict[str, Total] = {}
        self._good_until = 0.0

    def count(self, transaction: Transaction, scopes: Mapping[str, Scope], commits: int) -> Mapping[str, Total]:
        """Returns what every folder has. Called by one thread at a time.

        Args:
            transaction: The records.
            scopes: The folders.
            commits: How often the records have been written, before the transaction began.
        """
        state = (commits, frozenset(scopes))
        began = time.monotonic()
        known = self._state is not None and self._state[1] == state[1]
        if state != self._state and not (known and began < self._good_until):
            self._totals = {folder: _total(transaction, scope) for folder, scope in scopes.items()}
            self._state = state
            ended = time.monotonic()
            self._good_until = ended + self._rest * (ended - began)
        return self._totals


def _total(transaction: Transaction, scope: Scope) -> Total:
    """Counts a folder."""
    files = size = copies = 0
    for path, number, kind in walk(transaction, scope.root):
        if kind is Kind.FILE:
            outline = transaction.outline(number)
            files += 1
            copies += CONFLICT_MARK in path.rpartition("/")[2]
            size += outline.size if outline is not None else 0
    return Total(files, size, copies)
