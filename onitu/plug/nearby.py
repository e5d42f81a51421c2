"""Where no directory is, remembered for a moment.

Some services find a file by its path, but a directory only by listing. Before each of a hundred files that come into
one directory that would be a hundred listings; one of what is around them does as well. It only ever saves the listing
that finds nothing: a directory that was seen is looked for again.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MOMENT: Final = 5.0
"""Seconds that a listing counts. A directory that somebody else makes meanwhile stands beside a file of its name, or
the file is refused: neither is lost."""

_MOST: Final = 1_000


class Nearby:
    """Names of the directories in a directory. May be used from any thread.

    Args:
        listed: Asks for them; the path is the one above. None: there are too many to say.
        clock: Tells seconds.
    """

    def __init__(self, listed: Callable[[str], set[str] | None], clock: Callable[[], float] = time.monotonic) -> None:
        self._listed = listed
        self._clock = clock
        self._mutex = threading.Lock()
        self._known: dict[str, tuple[float, set[str] | None]] = {}
        self._changes = 0

    def is_none_at(self, path: str) -> bool:
        """Whether no directory was at a path a moment ago; False: there may be one."""
        above, _, name = path.rpartition("/")
        with self._mutex:
            known = self._known.get(above)
            changes = self._changes
        if known is None or known[0] < self._clock() - MOMENT:
            known = (self._clock(), self._listed(above))
            with self._mutex:
                if len(self._known) >= _MOST:
                    self._known.clear()
                # What was listed while one of ours came may be without it.
                if changes == self._changes:
                    self._known[above] = known
        return known[1] is not None and name not in known[1]

    def forget(self, path: str) -> None:
        """Notes that a directory of ours has come."""
        with self._mutex:
            self._changes += 1
            self._known.pop(path.rpartition("/")[0], None)
