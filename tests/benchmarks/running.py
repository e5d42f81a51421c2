"""Work while a daemon runs: how long a change takes to arrive, as functions from (directory, rounds) to results."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.daemons import Daemon, names, wait
from tests.benchmarks.disk import fresh_disk
from tests.benchmarks.measure import Cost
from tests.benchmarks.model import KIB, Files, Results
from tests.benchmarks.once import again, rotated
from tests.benchmarks.tools import RSYNC

STEP = 0.0005  # Seconds between two looks for a file: the error of a latency.


@contextmanager
def kept(daemon: Daemon, files: Files, directory: Path) -> Iterator[tuple[Path, Path]]:
    """Has a daemon keep two directories the same.

    Args:
        daemon: Who does it.
        files: What is there already.
        directory: Where the work lies.

    Returns:
        Source and target.
    """
    with fresh_disk(directory) as disk:
        source, target, data = disk / "source", disk / "target", disk / "data"
        files.make(source)
        target.mkdir()
        data.mkdir()
        with daemon.serve(source, target, data):
            yield source, target


def latency(files: Files, daemons: Sequence[Daemon]) -> Callable[[Path, int], Results]:
    """Measures how long a new 4 KiB file takes to appear on the other side.

    Args:
        files: What is in sync already.
        daemons: Who does it.

    Returns:
        The workload, with a cost for each change; "onitu back" is from target to source.
    """

    def run(directory: Path, rounds: int) -> Results:
        results: Results = {}
        for turn in range(rounds):
            for daemon in rotated(daemons, turn):
                with kept(daemon, files, directory) as (source, target):
                    _change_often(daemon, source, target, results, f"of round {turn}")
        return {
            name: results[name]
            for daemon in daemons
            for name in (daemon.name, f"{daemon.name} back")
            if name in results
        }

    return run


def _change_often(daemon: Daemon, source: Path, target: Path, results: Results, suffix: str) -> None:
    ways = [(daemon.name, source, target)]
    if daemon.both_ways:
        ways.append((f"{daemon.name} back", target, source))
    for name, here, there in ways:
        times = [appearance(here, there, f"{name} {number} {suffix}") for number in range(daemon.changes)]
        results.setdefault(name, []).extend(Cost(seconds, 0, 0) for seconds in times)


def appearance(here: Path, there: Path, name: str) -> float:
    """Makes a file, and measures how long it takes to appear on the other side.

    Args:
        here: Where it is made.
        there: Where it is to appear.
        name: Its name.

    Returns:
        Seconds.

    Raises:
        RuntimeError: It does not appear, or is not equal.
    """
    content = name.encode().ljust(4 * KIB)
    begin = time.perf_counter()
    (here / name).write_bytes(content)
    # Who writes in place shows it before it is whole.
    wait(lambda: (there / name).exists() and (there / name).read_bytes() == content, f"{name} appears", STEP)
    seconds = time.perf_counter() - begin
    # Changes that come alone: what one costs must not be hidden in the next.
    time.sleep(0.05)
    return seconds


def rename_many(count: int, daemons: Sequence[Daemon]) -> Callable[[Path, int], Results]:
    """Measures how long a renamed directory takes to be renamed on the other side, and what `rsync` takes for it.

    Args:
        count: Files in the directory.
        daemons: Who does it.

    Returns:
        The workload.
    """
    files = Files(count=count, size=4 * KIB, below="before")

    def run(directory: Path, rounds: int) -> Results:
        results: Results = {name: [] for name in (*(daemon.name for daemon in daemons), RSYNC.name)}
        for turn in range(rounds):
            for daemon in rotated(daemons, turn):
                with kept(daemon, files, directory) as (source, target):
                    results[daemon.name].append(Cost(_renamed(source, target), 0, 0))
            results[RSYNC.name].append(_renamed_by_rsync(files, directory))
        return results

    return run


def _renamed(source: Path, target: Path) -> float:
    wanted = {name.replace("before", "after", 1) for name in names(source)}
    begin = time.perf_counter()
    (source / "before").rename(source / "after")
    # A look at everything takes longer than the rename may: it is done when the directory is there.
    wait((target / "after").exists, "the directory is renamed", STEP)
    wait(lambda: not (target / "before").exists() and names(target) == wanted, "all files are there", STEP)
    return time.perf_counter() - begin


def _renamed_by_rsync(files: Files, directory: Path) -> Cost:
    with fresh_disk(directory) as disk:
        files.make(disk / "source")
        (disk / "target").mkdir()
        again(RSYNC, disk)
        (disk / "source" / "before").rename(disk / "source" / "after")
        return again(RSYNC, disk)
