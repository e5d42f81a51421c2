"""What was done since the start, by folder and service: plain numbers, for who measures. Nothing depends on it."""

from __future__ import annotations

from collections import defaultdict
from typing import TypeAlias

from onitu.core.node import ServiceName

#: A folder and a service.
Spot: TypeAlias = tuple[str, ServiceName]


class Tally:
    """What was done since the start.

    Attributes:
        finished: Files that have arrived.
        bytes: Their bytes.
        aborted: Transfers that failed.
        superseded: Transfers that were given up for something newer.
        changes: What was done beside transfers: moved, deleted, made.
        errors: What failed there, transfers among it.
        conflicts: Conflicts that were found, by folder.
    """

    def __init__(self) -> None:
        self.finished: dict[Spot, int] = defaultdict(int)
        self.bytes: dict[Spot, int] = defaultdict(int)
        self.aborted: dict[Spot, int] = defaultdict(int)
        self.superseded: dict[Spot, int] = defaultdict(int)
        self.changes: dict[Spot, int] = defaultdict(int)
        self.errors: dict[Spot, int] = defaultdict(int)
        self.conflicts: dict[str, int] = defaultdict(int)
