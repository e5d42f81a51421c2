"""What was looked at a moment ago, for when a directory above it was being renamed just then.

A look goes by a path, and a rename is known of only when its event has been read: what was found meanwhile was found
in another directory, or not at all. So when a rename is read, what was looked at below that directory shortly before
is looked at again. This module looks at nothing itself.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from onitu.plug import Absent, Inadmissible, Present, Unknown

    from .tree import Node

MOMENT: Final = 1.0
"""Seconds for which a look is remembered: far more than from a rename to its event, on a busy machine as well."""

LISTING: Final = 60.0
"""The same for directories that were to be listed, which is done later and takes its time."""

Place: TypeAlias = "tuple[Node, str]"
State: TypeAlias = "Present | Absent | Inadmissible | Unknown"


class Recall:
    """Looks of the last moment, the oldest first."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, Mapping[Place, State]]] = deque()
        self._listings: deque[tuple[float, Node]] = deque()

    def note(self, looks: Mapping[Place, State], listings: Collection[Node], now: float) -> None:
        """Remembers what was found, and which directories are being listed.

        Args:
            looks: What was found at each place.
            listings: Directories whose listing was asked for.
            now: Monotonic time at which the last look was over.
        """
        if looks:
            self._looks.append((now, looks))
        self._listings.extend((now, node) for node in listings)
        while self._looks and self._looks[0][0] < now - MOMENT:
            self._looks.popleft()
        while self._listings and self._listings[0][0] < now - LISTING:
            self._listings.popleft()

    def looks_below(self, moved: Collection[Node]) -> dict[Place, State]:
        """Returns what was found last at each place below directories that were renamed."""
        found: dict[Place, State] = {}
        if moved:
            for _, looks in self._looks:
                found.update({place: state for place, state in looks.items() if _is_below(place[0], moved)})
        return found

    def listings_below(self, moved: Collection[Node]) -> list[Node]:
        """Returns the directories that were to be listed and are, or lie below, those that were renamed."""
        if not moved:
            return []
        return list(dict.fromkeys(node for _, node in self._listings if _is_below(node, moved)))


def _is_below(node: Node | None, directories: Collection[Node]) -> bool:
    while node is not None:
        if node in directories:
            return True
        node = node.parent
    return False
