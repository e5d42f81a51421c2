"""Work that a tool does once and ends: each as a function from (directory, rounds) to results."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from tests.benchmarks.data import HIDDEN, fingerprint
from tests.benchmarks.disk import fresh_disk
from tests.benchmarks.measure import Cost
from tests.benchmarks.model import MIB, Results, Tree
from tests.benchmarks.tools import Tool, forget

#: Seconds between one run and the next: what was written within the clock's last tick is looked at twice, a file of the
#: same second and size counts as the same for some, and nobody syncs as fast as that.
PAUSE = 2.0

Each = TypeVar("Each")


def rotated(tools: Sequence[Each], turn: int) -> list[Each]:
    """Orders the tools so that none always comes first."""
    first = turn % len(tools)
    return [*tools[first:], *tools[:first]]


def first_copy(files: Tree, tools: Sequence[Tool], *, targets: int = 1) -> Callable[[Path, int], Results]:
    """Measures bringing a tree to empty targets, start-up and shut-down included.

    Args:
        files: The tree.
        tools: Who does it.
        targets: How many targets.

    Returns:
        The workload. Its first round is not counted: memory that was never touched is slow on virtual machines.
    """

    def run(directory: Path, rounds: int) -> Results:
        results: Results = {tool.name: [] for tool in tools}
        for turn in range(rounds + 1):
            with fresh_disk(directory, image=files.size < MIB) as disk:
                files.make(disk / "source")
                expected = fingerprint(disk / "source")
                for tool in rotated(tools, turn):
                    cost = _copy(tool, disk, expected, targets)
                    if turn:
                        results[tool.name].append(cost)
                    if files.size >= MIB:
                        # The next tool then writes to memory that has been touched, as this one did.
                        _remove_targets(disk, tool)
        return results

    return run


def _remove_targets(disk: Path, tool: Tool) -> None:
    for place in disk.glob(f"{tool.name}-*"):
        shutil.rmtree(place)


def _copy(tool: Tool, disk: Path, expected: str, targets: int) -> Cost:
    places = [disk / f"{tool.name}-target{number}" for number in range(targets)]
    for place in places:
        place.mkdir()
    cost = tool.run(disk / "source", places, disk / f"{tool.name}-data")
    forget(disk / "source")
    for place in (disk / "source", *places):
        _assert_equal(tool, expected, place)
    return cost


def _assert_equal(tool: Tool, expected: str, place: Path) -> None:
    if fingerprint(place) != expected:
        message = f"{tool.name} left {place} unequal: its time counts for nothing"
        raise RuntimeError(message)


def nothing_to_do(files: Tree, tools: Sequence[Tool]) -> Callable[[Path, int], Results]:
    """Measures a run over a tree that is in sync already.

    Args:
        files: The tree.
        tools: Who does it.

    Returns:
        The workload.
    """

    def run(directory: Path, rounds: int) -> Results:
        results: Results = {tool.name: [] for tool in tools}
        with fresh_disk(directory) as disk:
            for tool in tools:
                files.make(disk / tool.name / "source")
                (disk / tool.name / "target").mkdir()
                again(tool, disk / tool.name)
            time.sleep(PAUSE)
            for turn in range(rounds + 1):
                for tool in rotated(tools, turn):
                    cost = again(tool, disk / tool.name)
                    if turn:
                        results[tool.name].append(cost)
            for tool in tools:
                _assert_equal(tool, fingerprint(disk / tool.name / "source"), disk / tool.name / "target")
        return results

    return run


def after(files: Tree, tools: Sequence[Tool], change: Callable[[Path], None]) -> Callable[[Path, int], Results]:
    """Measures a run over a tree that was in sync before something in it was changed.

    Args:
        files: The tree.
        tools: Who does it.
        change: Changes the source.

    Returns:
        The workload. Every round is counted: of three, the median leaves out a first one that is slow.
    """

    def run(directory: Path, rounds: int) -> Results:
        results: Results = {tool.name: [] for tool in tools}
        for turn in range(rounds):
            with fresh_disk(directory, image=files.size < MIB) as disk:
                for tool in rotated(tools, turn):
                    place = disk / tool.name
                    files.make(place / "source")
                    (place / "target").mkdir()
                    again(tool, place)
                    time.sleep(PAUSE)
                    change(place / "source")
                    cost = again(tool, place)
                    _assert_equal(tool, fingerprint(place / "source"), place / "target")
                    results[tool.name].append(cost)
                    shutil.rmtree(place)
        return results

    return run


def rename_directory(root: Path) -> None:
    """Renames the first directory."""
    first = min(path for path in root.iterdir() if path.name != HIDDEN)
    first.rename(root / "renamed")


def delete_some(root: Path) -> None:
    """Deletes the first fifty directories: fewer than half of the files, which would be held for a person to decide."""
    for path in sorted(path for path in root.iterdir() if path.name != HIDDEN)[:50]:
        shutil.rmtree(path)


def append(root: Path) -> None:
    """Appends a mebibyte to the first file."""
    with _first_file(root).open("ab") as stream:
        stream.write(b"appended" * (MIB // 8))


def overwrite(root: Path) -> None:
    """Overwrites a mebibyte in the middle of the first file."""
    file = _first_file(root)
    with file.open("r+b") as stream:
        stream.seek(file.stat().st_size // 2)
        stream.write(b"in place" * (MIB // 8))


def _first_file(root: Path) -> Path:
    return min(path for path in root.rglob("*.bin") if HIDDEN not in path.parts)


def again(tool: Tool, place: Path) -> Cost:
    """Runs a tool from `source` to `target` in a place, where it keeps its data from run to run."""
    return tool.run(place / "source", [place / "target"], place / "data")
