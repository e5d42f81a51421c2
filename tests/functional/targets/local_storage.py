"""A directory on this host, and the people who work in it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from onitu import conformance
from tests.functional.harness import STAGING
from tests.functional.targets.on_disk import OnDisk
from tests.functional.targets.target import Ability
from tests.functional.trees import snapshot


class LocalStorage(OnDisk):
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
        return self.onitu[self.name]

    def make_executable(self, path: str) -> None:
        (self.root / path).chmod(0o755)

    def staged(self) -> list[str]:
        return [path for path in snapshot(self.root, hidden=True) if STAGING in path]


TARGET = LocalStorage
