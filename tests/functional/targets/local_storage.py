"""A directory on this host, and the people who work in it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import ClassVar

from onitu import conformance
from tests.functional.harness import STAGING
from tests.functional.targets.target import Ability, Target
from tests.functional.trees import HIDDEN, Entry, snapshot, write


class LocalStorage(Target):
    """A service of the driver `local_storage`."""

    driver = "local_storage"
    unable: ClassVar = {
        Ability.CORRUPT: "what a file system gives is what is there; tests/functional has a driver that lies"
    }

    @classmethod
    def conformance(cls, place: Path) -> conformance.Target:
        return conformance.Target.installed(cls.driver, options={"root": str(place)})

    @property
    def root(self) -> Path:
        """The directory."""
        return self.onitu[self.name]

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

    def make_executable(self, path: str) -> None:
        (self.root / path).chmod(0o755)

    def break_down(self) -> None:
        self.root.rename(self._unplugged)

    def mend(self) -> None:
        self._unplugged.rename(self.root)

    @property
    def _unplugged(self) -> Path:
        return self.onitu.directory / f"unplugged-{self.name}"

    def staged(self) -> list[str]:
        return [path for path in snapshot(self.root, hidden=True) if STAGING in path]


TARGET = LocalStorage
