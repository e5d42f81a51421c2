"""The catalogue: every piece of work that is measured on this host's disk, with its goals."""

from __future__ import annotations

import shutil

from tests.benchmarks.daemons import LSYNCD, SYNCTHING
from tests.benchmarks.daemons import ONITU as ONITU_SERVING
from tests.benchmarks.model import KIB, MIB, Files, Goal, StandardLibrary, Workload
from tests.benchmarks.once import after, append, delete_some, first_copy, nothing_to_do, overwrite, rename_directory
from tests.benchmarks.running import latency, rename_many
from tests.benchmarks.tools import BISYNC, CP, ONITU, RCLONE, RSYNC, RSYNC_DELTA, UNISON

PEERS = tuple(tool for tool in (ONITU, RSYNC, RCLONE, BISYNC, UNISON) if tool.is_there)
WITH_FLOOR = (*PEERS, CP)
WITH_DELTA = (*PEERS, RSYNC_DELTA)
DAEMONS = tuple(daemon for daemon in (ONITU_SERVING, LSYNCD, SYNCTHING) if daemon.is_there)


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


#: For a change in a large file.
HALF_OF_THE_BEST = tuple(Goal(f"≤ 0.5 x {name}", 0.5, name) for name in ("rsync", "rsync-delta", "rclone", "unison"))

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
        (
            Goal("≤ 1.2 x cp + 0.6 s", 1.2, "cp", seconds=0.6),
            Goal("≤ 0.3 x rsync", 0.3, "rsync"),
            Goal("≤ 0.3 x unison", 0.3, "unison"),
        ),
    ),
    "quiet": Workload(
        "50,000 x 1 KiB, nothing to do",
        nothing_to_do(Files(count=50_000, size=KIB), PEERS),
        (Goal("≤ 1.0 x rclone sync", 1.0, "rclone"),),
    ),
    "tiny": Workload(
        "50,000 x 1 KiB, first sync",
        first_copy(Files(count=50_000, size=KIB), PEERS),
        (
            Goal("≤ 1.0 x rsync", 1.0, "rsync"),
            Goal("≤ 0.5 x rclone sync", 0.5, "rclone"),
            Goal("≤ 0.3 x unison", 0.3, "unison"),
        ),
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
        after(Files(count=1, size=1024 * MIB), WITH_DELTA, append),
        HALF_OF_THE_BEST,
    ),
    "overwrite": Workload(
        "1 MiB overwritten in the middle of 1 GiB",
        after(Files(count=1, size=1024 * MIB), WITH_DELTA, overwrite),
        HALF_OF_THE_BEST,
    ),
    "python": Workload(
        "the standard library of CPython, first sync",
        first_copy(StandardLibrary(), WITH_FLOOR),
    ),
    "three": Workload(
        "5,000 x 4 KiB to two targets, first sync",
        first_copy(Files(count=5_000, size=4 * KIB), PEERS, targets=2),
    ),
    "latency": Workload(
        "a new 4 KiB file appears, 1,000 files in sync",
        latency(Files(count=1_000, size=4 * KIB), DAEMONS),
        (Goal("half within 12 ms", seconds=0.012), Goal("95 of 100 within 25 ms", slowest=0.025)),
    ),
    "rename-many": Workload(
        "a directory of 2,000 x 4 KiB renamed, while running",
        rename_many(2_000, DAEMONS),
        (Goal("≤ 0.1 x rsync", 0.1, "rsync"), Goal("≤ 50 ms", seconds=0.05)),
    ),
    **f7_workloads(),
}

#: Those of CONTRACT F7.
F7 = tuple(f7_workloads())

#: What is measured when nothing is named: all but the sets of F7, which take as long again.
DEFAULT = tuple(name for name in WORKLOADS if name not in F7)


def missing_tools() -> list[str]:
    """Lists what has to be installed first."""
    return [name for name in ("rsync",) if not shutil.which(name)]
