"""A workload of many files of mixed sizes, in turns, and what must come of it.

Everything depends on a seed. What is done to a service is done to a plain directory as well, so that what must be there
in the end is known without Onitu. Each service works in a directory of its own: nothing here conflicts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from tests.functional.trees import Entry, digest_of, snapshot, write

KIBIBYTE = 1024
#: Share of the files, and the largest of them in bytes.
SIZES = ((0.8, 8 * KIBIBYTE), (0.15, 64 * KIBIBYTE), (0.045, 512 * KIBIBYTE), (0.005, 8 * 1024 * KIBIBYTE))
EDITS, RENAMES, DELETIONS = 4, 3, 2  # Of each service, in each turn.

Change = Callable[[Path], object]


@attrs.define
class Workload:
    """Many files, made, edited, renamed and deleted by the users of several services.

    Args:
        roots: Those of the services.
        expected: A directory that shows what must come of it.
        files: How many files are made in all.
        turns: In how many turns.
        seed: What everything depends on.
    """

    roots: Sequence[Path]
    expected: Path
    files: int
    turns: int
    seed: int
    written: set[str] = attrs.field(factory=set, init=False)
    _turn: int = attrs.field(default=0, init=False)

    def turn(self) -> Iterator[None]:
        """Does the work of one turn, a change at a time."""
        self._turn += 1
        for number, root in enumerate(self.roots):
            chance = random.Random(f"{self.seed} {self._turn} {number}")
            for change in self._changes(root.name, chance):
                change(root / root.name)
                change(self.expected / root.name)
                yield

    def tree(self) -> dict[str, Entry]:
        """Looks at what must be there."""
        return snapshot(self.expected)

    def _changes(self, name: str, chance: random.Random) -> Iterator[Change]:
        """Yields what the user of a service does in this turn."""
        place = self.expected / name
        old = sorted(path for path in place.rglob("*") if path.is_file()) if place.exists() else []
        chance.shuffle(old)
        for number in range(self._share(len(self.roots))):
            yield self._write(f"{self._turn % 7}/turn {self._turn}/{number}.bin", chance)
        edited, renamed, deleted = (
            [str(path.relative_to(place)) for path in old[start : start + count]]
            for start, count in ((0, EDITS), (EDITS, RENAMES), (EDITS + RENAMES, DELETIONS))
        )
        for path in edited:
            yield self._write(path, chance)
        for path in renamed:
            yield _rename(path, f"renamed/{self._turn}/{path.rsplit('/', 1)[-1]} {chance.randrange(10**6)}")
        for path in deleted:
            yield _delete(path)
        if self._turn % 5 == 0:
            yield _rename(f"{(self._turn - 2) % 7}", f"directory renamed in turn {self._turn}")

    def _share(self, users: int) -> int:
        """Returns how many files a user makes in this turn."""
        share, rest = divmod(self.files, self.turns * users)
        return share + (rest if self._turn == self.turns else 0)

    def _write(self, path: str, chance: random.Random) -> Change:
        (largest,) = chance.choices([size for _, size in SIZES], [share for share, _ in SIZES])
        content = chance.randbytes(chance.randrange(largest))
        executable = chance.random() < 0.1
        self.written.add(digest_of(content))
        return lambda place: write(place / path, content, executable=executable)


def _rename(old: str, new: str) -> Change:
    def change(place: Path) -> None:
        if (place / old).exists():  # The directory of an earlier turn may be empty, or have another name by now.
            (place / new).parent.mkdir(parents=True, exist_ok=True)
            (place / old).rename(place / new)

    return change


def _delete(path: str) -> Change:
    return lambda place: (place / path).unlink()
