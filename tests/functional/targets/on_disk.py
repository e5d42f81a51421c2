"""Services whose files lie in a directory of this host, in which people work."""

from __future__ import annotations

import abc
import shutil
from pathlib import Path

from tests.functional.targets.target import Target
from tests.functional.trees import HIDDEN, Entry, snapshot, write


class OnDisk(Target):
    """A service with its files on this host."""

    @property
    @abc.abstractmethod
    def root(self) -> Path:
        """The directory."""

    def write(self, path: str, content: bytes) -> None:
        write(self.root / path, content)

    def append(self, path: str, content: bytes) -> None:
        with (self.root / path).open("ab") as stream:
            stream.write(content)

    def make_directory(self, path: str) -> None:
        (self.root / path).mkdir(parents=True)

    def move(self, path: str, destination: str) -> None:
        (self.root / destination).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).rename(self.root / destination)

    def delete(self, path: str) -> None:
        place = self.root / path
        shutil.rmtree(place) if place.is_dir() else place.unlink()

    def tree(self) -> dict[str, Entry]:
        # A folder's root need not be the service's, and has a `.onitu` of its own.
        return {path: entry for path, entry in snapshot(self.root).items() if HIDDEN not in path.split("/")}

    def break_down(self) -> None:
        self.root.rename(self._unplugged)

    def mend(self) -> None:
        self._unplugged.rename(self.root)

    @property
    def _unplugged(self) -> Path:
        return self.onitu.directory / f"unplugged-{self.name}"
