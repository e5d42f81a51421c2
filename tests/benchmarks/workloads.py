"""The work that is measured, each as a function from (directory, rounds) to results."""

from __future__ import annotations

import json
import shutil
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import attrs

from tests.benchmarks.data import HIDDEN, fingerprint, make_files
from tests.benchmarks.disk import fresh_disk
from tests.benchmarks.measure import Cost
from tests.benchmarks.tools import (
    BISYNC,
    CP,
    ONITU,
    RCLONE,
    RSYNC,
    UNISON,
    Tool,
    environment,
    forget,
    serve_command,
    write_setup,
)

KIB = 1024
MIB = 1024 * KIB
DEADLINE = 60.0  # Seconds for a daemon to come up, or for a change to arrive.
CHANGES = 30  # Changes of which the latency is the median.
STEP = 0.0005  # Seconds between two looks for a file: the error of a latency.

#: Seconds between one run and the next: what was written within the clock's last tick is looked at twice, a file of the
#: same second and size counts as the same for some, and nobody syncs as fast as that.
PAUSE = 2.0

#: Tool to what it took, round by round.
Results = dict[str, list[Cost]]


@attrs.frozen(kw_only=True)
class Files:
    """Equal-sized files.

    Attributes:
        count: How many.
        size: Bytes in each.
    """

    count: int
    size: int

    def make(self, root: Path) -> None:
        """Makes them."""
        make_files(root, self.count, self.size)


def rotated(tools: Sequence[Tool], turn: int) -> list[Tool]:
    """Orders the tools so that none always comes first."""
    first = turn % len(tools)
    return [*tools[first:], *tools[:first]]


def first_copy(files: Files, tools: Sequence[Tool], *, targets: int = 1) -> Callable[[Path, int], Results]:
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


def nothing_to_do(files: Files, tools: Sequence[Tool]) -> Callable[[Path, int], Results]:
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
                _again(tool, disk / tool.name)
            time.sleep(PAUSE)
            for turn in range(rounds + 1):
                for tool in rotated(tools, turn):
                    cost = _again(tool, disk / tool.name)
                    if turn:
                        results[tool.name].append(cost)
            for tool in tools:
                _assert_equal(tool, fingerprint(disk / tool.name / "source"), disk / tool.name / "target")
        return results

    return run


def after(files: Files, tools: Sequence[Tool], change: Callable[[Path], None]) -> Callable[[Path, int], Results]:
    """Measures a run over a tree that was in sync before something in it was changed.

    Args:
        files: The tree.
        tools: Who does it.
        change: Changes the source.

    Returns:
        The workload.
    """

    def run(directory: Path, rounds: int) -> Results:
        results: Results = {tool.name: [] for tool in tools}
        for turn in range(rounds + 1):
            with fresh_disk(directory, image=files.size < MIB) as disk:
                for tool in rotated(tools, turn):
                    place = disk / tool.name
                    files.make(place / "source")
                    (place / "target").mkdir()
                    _again(tool, place)
                    time.sleep(PAUSE)
                    change(place / "source")
                    cost = _again(tool, place)
                    _assert_equal(tool, fingerprint(place / "source"), place / "target")
                    if turn:
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


def _again(tool: Tool, place: Path) -> Cost:
    return tool.run(place / "source", [place / "target"], place / "data")


@contextmanager
def _serving(source: Path, target: Path, data: Path) -> Iterator[None]:
    data.mkdir()
    command = serve_command(write_setup(source, [target], data))
    with (data / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment(data), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait(lambda: settled(data / "log"), "the daemon settles")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE)


def latency(
    files: Files, serve: Callable[[Path, Path, Path], AbstractContextManager[None]] = _serving
) -> Callable[[Path, int], Results]:
    """Measures how long a new 4 KiB file takes to appear on the other side of a running `onitu serve`.

    Args:
        files: What is in sync already.
        serve: Has a daemon keep a source and a target the same, with a directory for its data.

    Returns:
        The workload; "onitu" is from source to target, "onitu back" the other way.
    """

    def run(directory: Path, rounds: int) -> Results:
        results: Results = {"onitu": [], "onitu back": []}
        with fresh_disk(directory) as disk:
            source, target = disk / "source", disk / "target"
            files.make(source)
            target.mkdir()
            with serve(source, target, disk / "data"):
                for turn in range(rounds):
                    for name, (here, there) in (("onitu", (source, target)), ("onitu back", (target, source))):
                        seconds = statistics.median(
                            _appearance(here, there, f"{name} {turn} {number}") for number in range(CHANGES)
                        )
                        results[name].append(Cost(seconds, 0, 0))
        return results

    return run


def settled(log: Path) -> bool:
    """Tells whether a daemon has nothing to do, by its log."""
    lines = log.read_bytes().splitlines()
    return any(json.loads(line).get("event") == "settled" for line in lines if line.startswith(b"{"))


def _appearance(here: Path, there: Path, name: str) -> float:
    content = name.encode().ljust(4 * KIB)
    begin = time.perf_counter()
    (here / name).write_bytes(content)
    wait((there / name).exists, f"{name} appears", STEP)
    seconds = time.perf_counter() - begin
    if (there / name).read_bytes() != content:
        message = f"{name} is not equal on the other side"
        raise RuntimeError(message)
    # Changes that come alone: what one costs must not be hidden in the next.
    time.sleep(0.05)
    return seconds


def wait(condition: Callable[[], bool], what: str, step: float = 0.05) -> None:
    """Waits until something holds.

    Raises:
        RuntimeError: It does not.
    """
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            message = f"not within {DEADLINE} seconds: {what}"
            raise RuntimeError(message)
        time.sleep(step)


def memory(counts: Sequence[int], size: int) -> Callable[[Path, int], Results]:
    """Measures the core's own memory while it syncs trees of growing size.

    Args:
        counts: Numbers of files.
        size: Bytes in each.

    Returns:
        The workload, one line for each count.
    """

    def run(directory: Path, rounds: int) -> Results:
        results: Results = {f"onitu {count:,}": [] for count in counts}
        for count in counts:
            for _ in range(min(rounds, 1)):
                with fresh_disk(directory) as disk:
                    make_files(disk / "source", count, size)
                    results[f"onitu {count:,}"].append(_copy(ONITU, disk, fingerprint(disk / "source"), 1))
        return results

    return run


@attrs.frozen
class Goal:
    """What a workload should reach.

    Attributes:
        text: As the issue has it.
        share: Most that Onitu may take of the time of `tool`.
        tool: Whose time it is weighed against; None: `limit` holds.
        limit: Most seconds, or bytes of memory in `memory` workloads.
        seconds: Most that Onitu may take, whatever the others do.
    """

    text: str
    share: float = 0.0
    tool: str | None = None
    limit: float = 0.0
    seconds: float = 0.0


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


PEERS = tuple(tool for tool in (ONITU, RSYNC, RCLONE, BISYNC, UNISON) if tool.is_there)
WITH_FLOOR = (*PEERS, CP)


#: Count and size of the files of CONTRACT F7, each for two and three services.
F7_SETS = ((1_000, MIB), (100, 10 * MIB), (10, 100 * MIB))


def f7_workloads(scale: float = 1.0) -> dict[str, Workload]:
    """Builds the workloads of CONTRACT F7; every copy is compared with its source by checksums.

    Args:
        scale: Share of the files that are made, at least one of each size.

    Returns:
        Name to workload. Names are those of the whole sets.
    """
    return {
        f"f7-{count}-{services}": _f7(max(1, round(count * scale)), size, services)
        for services in (2, 3)
        for count, size in F7_SETS
    }


def _f7(count: int, size: int, services: int) -> Workload:
    title = f"{count:,} x {size // MIB} MiB, {services} services, first sync"
    return Workload(title, first_copy(Files(count=count, size=size), PEERS, targets=services - 1))


WORKLOADS = {
    "small": Workload(
        "10,000 x 4 KiB, first sync",
        first_copy(Files(count=10_000, size=4 * KIB), WITH_FLOOR),
        (
            Goal("≤ 1.2 x rsync", 1.2, "rsync"),
            Goal("≤ 0.6 x rclone sync", 0.6, "rclone"),
            Goal("≤ 0.4 x rclone bisync", 0.4, "bisync"),
            Goal("≤ 0.4 x unison", 0.4, "unison"),
        ),
    ),
    "large": Workload(
        "1 x 1 GiB, first sync",
        first_copy(Files(count=1, size=1024 * MIB), WITH_FLOOR),
        (Goal("≤ 0.3 x rsync", 0.3, "rsync"), Goal("≤ 0.3 x unison", 0.3, "unison")),
    ),
    "quiet": Workload(
        "50,000 x 1 KiB, nothing to do",
        nothing_to_do(Files(count=50_000, size=KIB), PEERS),
        (Goal("≤ 1.0 x rclone sync", 1.0, "rclone"),),
    ),
    "tiny": Workload(
        "50,000 x 1 KiB, first sync",
        first_copy(Files(count=50_000, size=KIB), PEERS),
        (Goal("≤ 1.0 x rsync", 1.0, "rsync"), Goal("≤ 0.5 x rclone sync", 0.5, "rclone")),
    ),
    "rename": Workload(
        "a directory of 100 files renamed, among 10,000 x 4 KiB",
        after(Files(count=10_000, size=4 * KIB), PEERS, rename_directory),
    ),
    "delete": Workload(
        "5,000 of 12,000 x 4 KiB deleted",
        after(Files(count=12_000, size=4 * KIB), PEERS, delete_some),
        (Goal("≤ 1.0 x rsync --delete", 1.0, "rsync"),),
    ),
    "append": Workload(
        "1 MiB appended to 1 GiB",
        after(Files(count=1, size=1024 * MIB), PEERS, append),
        (Goal("≤ 0.5 x rsync", 0.5, "rsync"), Goal("≤ 0.5 x rclone sync", 0.5, "rclone")),
    ),
    "overwrite": Workload(
        "1 MiB overwritten in the middle of 1 GiB",
        after(Files(count=1, size=1024 * MIB), PEERS, overwrite),
        (Goal("≤ 0.5 x rsync", 0.5, "rsync"), Goal("≤ 0.5 x rclone sync", 0.5, "rclone")),
    ),
    "latency": Workload(
        "a new 4 KiB file appears, median of 30, 1,000 files in sync",
        latency(Files(count=1_000, size=4 * KIB)),
        (Goal("≤ 12 ms", limit=0.012),),
    ),
    "memory": Workload(
        "memory of the core, files of 100 bytes, first sync",
        memory((10_000, 100_000), 100),
        (Goal("≤ 150 MiB at 100,000 files", limit=150 * MIB),),
    ),
    **f7_workloads(),
}

#: Those of CONTRACT F7.
F7 = tuple(f7_workloads())

#: Those that the goals are about; the others are named on the command line.
DEFAULT = tuple(name for name, workload in WORKLOADS.items() if workload.goals)


def missing_tools() -> list[str]:
    """Lists what has to be installed first."""
    return [name for name in ("rsync",) if not shutil.which(name)]
