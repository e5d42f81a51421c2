"""Directories with very many entries (P24): memory is bounded by what is in flight, never by how many there are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.processes import EVERYTHING, Core
from tests.functional.trees import opened

FEW = 15_000  # More than the store remembers.
MANY = 1_000_000 if EVERYTHING else 40_000
UNITS = 1_500 if EVERYTHING else 90
#: Bytes that the processes may have more at their peak for each further entry: its name and what it is known by stay
#: until its directory is whole, but no record of it.
FOR_ONE = 1_000


def make(root: Path, count: int) -> None:
    """Makes so many files in one directory: all empty, for it is their number that counts."""
    with opened(root) as directory:
        for number in range(count):
            os.close(os.open(f"entry {number:07}", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=directory))


def memory(core: Core) -> int:
    """Adds up the memory that a core and its drivers have now, in bytes, without what they have mapped."""
    total = 0
    for pid in (core.process.pid, *(driver.pid for driver in core.drivers())):
        try:
            lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
        except OSError:
            continue  # It has just ended.
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))
    return total


def most_memory(onitu: Onitu, count: int) -> int:
    """Has so many entries of one directory streamed and recorded, and returns what memory that took at most."""
    make(onitu["a"], count)
    core = onitu.start()
    most = 0

    def settled() -> bool:
        nonlocal most
        most = max(most, memory(core))
        return bool(core.log.named("settled"))

    core.wait_until(settled, "all are recorded", units=UNITS)
    assert core.stop() == 0
    return most


@pytest.mark.timeout(3600 if EVERYTHING else 240)
def test_memory_does_not_grow_with_the_entries_of_a_directory(new_setup: Setups) -> None:
    """P24: a directory of very many entries takes next to no more memory than one of many."""
    few, many = (most_memory(new_setup("a"), count) for count in (FEW, MANY))
    print(f"{FEW:,} entries: {few / 2**20:.0f} MiB at most; {MANY:,}: {many / 2**20:.0f} MiB")  # noqa: T201 - the measure.

    assert (many - few) / (MANY - FEW) < FOR_ONE
