"""Stands in for the watcher library of a driver of 0.1: looks at the working directory again and again."""

from __future__ import annotations

import logging
import os
import threading

PAUSE = 0.05  # Seconds between two looks.

stopped = threading.Event()
"""Ends the watching; a test that imports the driver sets it."""


class Watcher(threading.Thread):
    """Calls `on_update`, `on_delete` and `on_move` for what changes below the working directory."""

    def __init__(self) -> None:
        super().__init__(name="watcher", daemon=True)
        self._seen = look()

    def run(self) -> None:
        """Watches until it is stopped."""
        while not stopped.wait(PAUSE):
            before, self._seen = self._seen, look()
            gone = {path: before[path][0] for path in before.keys() - self._seen.keys()}
            for path, (inode, stamp) in self._seen.items():
                old = next((name for name, number in gone.items() if number == inode and path not in before), None)
                if old is not None:
                    del gone[old]
                    self._tell(self.on_move, old, path)
                elif before.get(path, (0, None))[1] != stamp:
                    self._tell(self.on_update, path)
            for path in gone:
                self._tell(self.on_delete, path)

    def _tell(self, event: object, *paths: str) -> None:
        assert callable(event)
        try:
            event(*paths)
        except FileNotFoundError:
            pass  # Gone again: the next look tells.
        except Exception:
            logging.getLogger("watcher").exception("a change could not be told")

    def on_update(self, filename: str) -> None:
        """A file is new or changed."""

    def on_delete(self, filename: str) -> None:
        """A file is gone."""

    def on_move(self, filename: str, new_filename: str) -> None:
        """A file has another name."""


def look() -> dict[str, tuple[int, tuple[int, int]]]:
    """Returns the files below the working directory, with inode, time and size."""
    found: dict[str, tuple[int, tuple[int, int]]] = {}
    for directory, _, names in os.walk("."):
        for name in names:
            path = os.path.relpath(os.path.join(directory, name), ".")
            try:
                status = os.stat(path)
            except FileNotFoundError:
                continue
            found[path] = (status.st_ino, (status.st_mtime_ns, status.st_size))
    return found
