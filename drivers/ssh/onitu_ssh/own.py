"""What Onitu itself has written at the server: being told of it is no news.

A revision has whole seconds, so somebody else's edit may leave the very one that was written. It is told apart by how
it came: what Onitu writes arrives by one rename, and is never written in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .gather import Touched

_MOST: Final = 20_000
"""Writes that are remembered: where nobody is told of them they would pile up."""


class Own:
    """The last writes of one folder, each until it was told of."""

    def __init__(self) -> None:
        self._revisions: dict[str, str] = {}

    def note(self, path: str, revision: str) -> None:
        """Remembers a write."""
        self._revisions.pop(path, None)
        self._revisions[path] = revision
        if len(self._revisions) > _MOST:
            del self._revisions[next(iter(self._revisions))]

    def take(self, path: str, revision: str, touched: Touched) -> bool:
        """Tells whether what was seen is a write that nobody was told of yet, and of which this tells."""
        own = self._revisions.pop(path, None)
        return own == revision and not touched.written and touched.arrivals <= 1
