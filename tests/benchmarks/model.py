"""What is measured, by which goals it is judged, and what comes of it."""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import attrs

from tests.benchmarks.data import make_files
from tests.benchmarks.measure import Cost

KIB = 1024
MIB = 1024 * KIB

#: Tool to what it took, round by round.
Results = dict[str, list[Cost]]


class Tree(Protocol):
    """Files that are made to be synced."""

    @property
    def size(self) -> int:
        """Bytes in the largest ones."""

    def make(self, root: Path) -> None:
        """Makes them.

        Args:
            root: Where; made if missing.
        """


@attrs.frozen
class StandardLibrary:
    """The standard library of this Python, without what was compiled and what was installed.

    Attributes:
        size: Bytes in a file, about.
    """

    size: int = 16 * KIB

    def make(self, root: Path) -> None:
        """Makes them."""
        ignore = shutil.ignore_patterns("__pycache__", "site-packages", "lib-dynload", "*.a")
        shutil.copytree(sysconfig.get_path("stdlib"), root, ignore=ignore)


@attrs.frozen(kw_only=True)
class Files:
    """Equal-sized files.

    Attributes:
        count: How many.
        size: Bytes in each.
        below: The directory they are in, as a path below the root.
    """

    count: int
    size: int
    below: str = "."

    def make(self, root: Path) -> None:
        """Makes them."""
        make_files(root / self.below, self.count, self.size)


@attrs.frozen
class Goal:
    """What a workload should reach.

    Attributes:
        text: As the issue has it.
        share: Most that Onitu may take of the time of `tool`.
        tool: Whose time it is weighed against; None: nobody's.
        seconds: Most that Onitu may take, beside that share; of many changes, half of them.
        slowest: Most seconds that 95 of 100 changes may take.
    """

    text: str
    share: float = 0.0
    tool: str | None = None
    seconds: float = 0.0
    slowest: float = 0.0


@attrs.frozen
class Workload:
    """A piece of work.

    Attributes:
        title: For the report.
        run: Does it: (directory, rounds) to results.
        goals: What it should reach.
    """

    title: str
    run: Callable[[Path, int], Results]
    goals: tuple[Goal, ...] = ()
