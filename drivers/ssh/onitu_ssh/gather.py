"""From what is told of changes to paths to look at.

What is told only says where something happened. Here is kept, until it is due, which paths are to be looked at, which
directories are to be listed, and which files somebody is still writing. This module looks at nothing itself.
"""

from __future__ import annotations

from typing import Final, NamedTuple

QUIET: Final = 1.0
"""Seconds without a write after which a file that is still open is looked at all the same."""

CALM: Final = 0.05
"""Seconds that a change waits for others to be looked at with it."""

GAP: Final = 2.0
"""Seconds after which a new directory is listed once more, where what told of it was not watching it yet."""

_WRITTEN: Final = frozenset({"MODIFY", "CLOSE_WRITE"})
_GONE: Final = frozenset({"DELETE", "MOVED_FROM"})
_COME: Final = frozenset({"CREATE", "MOVED_TO"})


class Touched(NamedTuple):
    """What has happened at a path.

    Attributes:
        written: Whether a file was written in place.
        arrivals: How often something was renamed to it.
    """

    written: bool = False
    arrivals: int = 0


class Gatherer:
    """What has happened below a root since it was last asked.

    Args:
        gaps: Whether a new directory is told of before it is watched.
    """

    def __init__(self, *, gaps: bool = False) -> None:
        self._gaps = gaps
        self._touched: dict[bytes, Touched] = {}
        self._due: dict[bytes, float] = {}
        self._writing: dict[bytes, float] = {}
        self._listings: dict[bytes, float] = {}
        self._again: dict[bytes, float] = {}

    def take(self, path: bytes, events: frozenset[str], now: float) -> None:
        """Takes note of events.

        Args:
            path: Where, below the root.
            events: Their names, as the kernel has them; "ISDIR" among them for a directory.
            now: Monotonic time.
        """
        before = self._touched.get(path, Touched())
        written = before.written or not events.isdisjoint(_WRITTEN)
        self._touched[path] = Touched(written, before.arrivals + ("MOVED_TO" in events))
        if "ISDIR" in events:
            self._due.setdefault(path, now + CALM)
            if events & _COME:
                self._listings.setdefault(path, now + CALM)
                if self._gaps:
                    self._again[path] = now + GAP
            elif events & _GONE:
                self._listings.pop(path, None)
                self._again.pop(path, None)
        elif events & {"CLOSE_WRITE", "MOVED_TO", *_GONE}:
            self._writing.pop(path, None)
            self._due.setdefault(path, now + CALM)
        elif events & {"MODIFY", "CREATE"}:
            self._due.pop(path, None)
            self._writing[path] = now + QUIET
        elif path not in self._writing:
            self._due.setdefault(path, now + CALM)

    def list_later(self, path: bytes, due: float) -> None:
        """Has a directory listed at a time."""
        self._again[path] = due

    def due(self) -> float | None:
        """Returns when there is something to do."""
        times = (self._due, self._writing, self._listings, self._again)
        return min((min(each.values()) for each in times if each), default=None)

    def ripe(self, now: float, *, at_once: bool = False) -> tuple[dict[bytes, Touched], list[bytes]]:
        """Returns the paths to look at, those above before those below, and the directories to list.

        Args:
            now: Monotonic time.
            at_once: What only waits for others is not left to wait.
        """
        soon = now + CALM if at_once else now
        paths = sorted({*_take(self._due, soon), *_take(self._writing, now)})
        listings = sorted({*_take(self._listings, soon), *_take(self._again, now)})
        return {path: self._touched.pop(path, Touched()) for path in paths}, listings


def _take(times: dict[bytes, float], now: float) -> list[bytes]:
    found = [path for path, due in times.items() if due <= now]
    for path in found:
        del times[path]
    return found
