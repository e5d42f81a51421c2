"""Services behind a network: what people do there and here meets, though the server dies on the way."""

from __future__ import annotations

import os
import random
from typing import Protocol, cast

import pytest

from tests.functional.harness import FOLDER, Setups
from tests.functional.processes import EVERYTHING, START
from tests.functional.servers.program import Server
from tests.functional.targets import Target, target_class
from tests.functional.targets.local_storage import LocalStorage
from tests.functional.trees import digest_of

FAR = ("s3", "webdav", "ftp") if EVERYTHING else ("webdav",)
ROUNDS = 4
LARGE = 20 * 1024 * 1024


class FarTarget(Protocol):
    """A target whose server a test may kill."""

    @property
    def server(self) -> Server:
        """The server."""


class People:
    """Somebody who works in a directory of his own, and knows what must be there in the end.

    Args:
        target: Where.
        place: The directory.
        seed: What he does.
    """

    def __init__(self, target: Target, place: str, seed: int) -> None:
        self.expected: dict[str, str] = {}
        self._target = target
        self._place = place
        self._random = random.Random(seed)
        self._count = 0

    def work(self, *, files: int) -> None:
        """Makes files, changes, renames and deletes some."""
        for _ in range(files):
            self._write(f"{self._place}/{self._random.randrange(4)}/{self._count} é.txt")
        for path in self._random.sample(sorted(self.expected), files // 3):
            self._write(path)
        for path in self._random.sample(sorted(self.expected), files // 4):
            self._target.move(path, f"{self._place}/moved/{self._count}.txt")
            self.expected[f"{self._place}/moved/{self._count}.txt"] = self.expected.pop(path)
            self._count += 1
        for path in self._random.sample(sorted(self.expected), files // 5):
            self._target.delete(path)
            del self.expected[path]

    def write_large(self) -> None:
        """Makes a file that is on its way for a while."""
        content = os.urandom(LARGE)
        self._target.write(f"{self._place}/large.bin", content)
        self.expected[f"{self._place}/large.bin"] = digest_of(content)

    def _write(self, path: str) -> None:
        self._count += 1
        content = f"{self._place} {self._count} ".encode() * self._random.randrange(1, 500)
        self._target.write(path, content)
        self.expected[path] = digest_of(content)


@pytest.mark.slow
@pytest.mark.parametrize("driver", FAR)
def test_nothing_is_lost_when_the_server_dies_on_the_way(new_setup: Setups, driver: str) -> None:
    """F6, P9: a mixed workload on both sides, the server killed and started again: both hold all of it, and no more."""
    onitu = new_setup()
    disk, far = LocalStorage(onitu, "disk"), target_class(driver)(onitu, "far")
    server = cast("FarTarget", far).server
    onitu.folders[FOLDER] = {"max-delete": {"percent": 100}}  # Just as many are deleted as may be.
    here, there = People(disk, "here", 1), People(far, "there", 2)
    core = onitu.start()
    core.wait_for("settled", units=START + far.reaction)
    for number in range(ROUNDS):
        here.work(files=20)
        there.work(files=20)
        if number == 1:
            here.write_large()
            # All of it is on its way, or about to be.
            server.kill()
            here.work(files=20)
            server.start()
    expected = {**here.expected, **there.expected}

    def held(target: Target) -> dict[str, str]:
        return {path: entry.digest for path, entry in target.tree().items() if entry.kind == "file"}

    core.wait_until(lambda: held(disk) == expected == held(far), "both hold everything", units=4 * far.reaction)
    assert not core.log.named("conflict_found")
