"""People who give a service time, where it cannot tell of everything that happens within a second."""

from __future__ import annotations

import time

from onitu.conformance.backstage import OnThisHost


class Unhurried(OnThisHost):
    """People on this host who change no file twice in one second: SFTP, and some servers, tell of no more than that."""

    def write(self, path: str, content: bytes) -> None:
        place = self._root / path
        while place.exists() and int(place.stat().st_mtime) == int(time.time()):
            time.sleep(0.01)
        super().write(path, content)
