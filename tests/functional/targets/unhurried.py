"""People who give a service time, where it cannot tell of everything that happens within a second."""

from __future__ import annotations

import time

from onitu.conformance.backstage import OnThisHost

_BEHIND = 0.05
"""Seconds that the clock of a file system may be behind: it ticks, where the system's runs."""


class Unhurried(OnThisHost):
    """People on this host who change no file twice in one second: SFTP, and some servers, tell of no more than that."""

    def write(self, path: str, content: bytes) -> None:
        place = self._root / path
        while place.exists() and time.time() < int(place.stat().st_mtime) + 1 + _BEHIND:
            time.sleep(0.01)
        super().write(path, content)
