"""People who work in a directory of their own, at any service, and what must be everywhere in the end."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence

from tests.functional.processes import Core
from tests.functional.targets import Target
from tests.functional.trees import digest_of

LARGE = 20 * 1024 * 1024


class People:
    """Somebody who works in a directory of his own, and knows what must be there in the end.

    Args:
        target: At which service.
        place: The directory.
        seed: What he does.

    Attributes:
        target: At which service he works now; he may go to another one that holds the same.
        expected: Path to digest of what must be everywhere.
    """

    def __init__(self, target: Target, place: str, seed: int) -> None:
        self.target = target
        self.expected: dict[str, str] = {}
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
            self.target.move(path, f"{self._place}/moved/{self._count}.txt")
            self.expected[f"{self._place}/moved/{self._count}.txt"] = self.expected.pop(path)
            self._count += 1
        for path in self._random.sample(sorted(self.expected), files // 5):
            self.target.delete(path)
            del self.expected[path]

    def write_large(self) -> None:
        """Makes a file that is on its way for a while."""
        content = os.urandom(LARGE)
        self.target.write(f"{self._place}/large.bin", content)
        self.expected[f"{self._place}/large.bin"] = digest_of(content)

    def _write(self, path: str) -> None:
        self._count += 1
        content = f"{self._place} {self._count} ".encode() * self._random.randrange(1, 500)
        self.target.write(path, content)
        self.expected[path] = digest_of(content)


def meet(core: Core, targets: Sequence[Target], people: Sequence[People], *, units: float) -> None:
    """Waits until every service holds what everybody has left there, and no more.

    Args:
        core: Onitu.
        targets: The services.
        people: Who works there.
        units: How long everything may take for each.
    """
    expected = {path: digest for one in people for path, digest in one.expected.items()}

    def held(target: Target) -> dict[str, str]:
        return {path: entry.digest for path, entry in target.tree().items() if entry.kind == "file"}

    for target in targets:
        core.wait_until(lambda target=target: held(target) == expected, f"{target.name} holds everything", units=units)  # type: ignore[misc]
    # None of them has lost anything of it while the others were waited for.
    assert all(held(target) == expected for target in targets)
