"""What tests of Google Drive need: a fake of their own, and a setup with it and a local disk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.processes import START, Core
from tests.functional.servers.google_drive.server import FakeDrive, serving
from tests.functional.servers.proxy import Proxy
from tests.functional.targets.google_drive import GoogleDrive, Served, Visitor
from tests.functional.targets.local_storage import LocalStorage
from tests.functional.trees import Entry


class Pair(NamedTuple):
    """A setup of a local disk and Drive.

    Attributes:
        onitu: The setup.
        disk: The disk.
        far: Drive.
        fake: The fake of it.
    """

    onitu: Onitu
    disk: LocalStorage
    far: GoogleDrive
    fake: FakeDrive

    @property
    def people(self) -> Visitor:
        """Who work in Drive."""
        return self.far.visitor

    def begin(self) -> Core:
        """Starts Onitu, and waits until it has nothing to do."""
        core = self.onitu.start()
        core.wait_for("settled", units=START + self.far.reaction)
        return core

    def meet(self, core: Core, expected: dict[str, bytes] | None = None) -> None:
        """Waits until both hold the same files, and no other than are expected."""

        def held(tree: dict[str, Entry]) -> dict[str, str]:
            return {path: entry.digest for path, entry in tree.items() if entry.kind == "file"}

        def met() -> bool:
            here, there = held(self.disk.tree()), held(self.far.tree())
            return here == there and (expected is None or set(here) == set(expected))

        core.wait_until(met, "both hold the same", units=2 * self.far.reaction)
        for path, content in (expected or {}).items():
            assert self.people.read(path) == content, path


@pytest.fixture
def served() -> Iterator[Served]:
    """A fake of its own, and the way to it."""
    with serving() as fake:
        proxy = Proxy(fake.port)
        yield Served(fake, proxy)
        proxy.cut()


@pytest.fixture
def pair(new_setup: Setups, served: Served) -> Pair:
    """A setup of a local disk and Drive."""
    onitu = new_setup()
    onitu.folders[FOLDER] = {"max-delete": {"percent": 100}}
    return Pair(onitu, LocalStorage(onitu, "disk"), GoogleDrive(onitu, "far", at=served), served.drive)
