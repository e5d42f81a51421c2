"""What each further file costs, in numbers that do not depend on the machine (F2, DESIGN §4).

A first sync is done with few files and with more; the difference, by file, must not have grown. Times are for the
benchmark: on a shared machine they say little, and a call for each file is seen here first.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.processes import RUN
from tests.functional.trees import write

COUNTED = Path(__file__).with_name("counted.py")
IN_EACH = 100  # Files in a directory.
FEW, MANY = 200, 1_200
FEW_TRACED, MANY_TRACED = 100, 300  # Each of the calls stops the process twice.

#: For each further file, what the core may do at most. The first three do not depend on how fast anybody is; what is
#: done for many files at once hangs on how many wait, so there is room.
FOR_ONE = {
    "puts": 16.5,  # Of LMDB: three records, two lines of the history, the moment of one, ten entries of indexes.
    "gets": 1.5,
    "cursors": 1.5,
    "commits": 0.04,
    "calls": 0.03,  # Of drivers.
    "messages": 0.03,  # Of streams.
    "hops": 0.08,  # Into other threads.
    "log writes": 0.05,
}

#: The same for calls of the system by the core and both drivers, as far as they are about files.
CALLS = {
    "openat+openat2": 5.3,
    "newfstatat+statx": 7.4,
    "pread64": 1.1,
    "pwrite64": 1.5,
    "linkat": 1.0,
    "utimensat": 1.0,
    "renameat2": 0.0,
    "fsync+fdatasync": 0.06,  # Those of the store: a commit each.
}


def fill(root: Path, count: int) -> None:
    """Makes so many small files, a hundred to a directory."""
    for number in range(count):
        write(root / f"{number // IN_EACH:03}" / f"{number:05}.txt", f"content {number}")


def sync(onitu: Onitu, count: int, *wrapper: str) -> None:
    """Syncs so many files once, from one place to another."""
    fill(onitu["a"], count)
    core = onitu.start("--once", wrapper=wrapper)
    assert core.process.wait(4 * RUN) == 0
    assert len(list(onitu["b"].iterdir())) == count // IN_EACH + 1, "and `.onitu`"


def counts(onitu: Onitu, count: int) -> dict[str, int]:
    """Syncs so many files, and returns what the core did."""
    counted = onitu.directory / "counts.json"
    sync(onitu, count, sys.executable, "-P", str(COUNTED), str(counted))
    found: dict[str, int] = json.loads(counted.read_text("utf-8"))
    return found


def calls(onitu: Onitu, count: int) -> dict[str, int]:
    """Syncs so many files, and returns what all processes asked of the system."""
    traced = onitu.directory / "calls.txt"
    sync(onitu, count, "strace", "-f", "-c", "-U", "name,calls", "-o", str(traced))
    found: dict[str, int] = {}
    for line in traced.read_text("utf-8").splitlines()[2:]:
        name, *numbers = line.split()
        if len(numbers) == 1 and numbers[0].isdecimal():
            found[name] = int(numbers[0])
    return found


def untraceable() -> str:
    """Returns why nobody can be watched here, or ""."""
    if shutil.which("strace") is None:
        return "there is no strace"
    tried = subprocess.run(["strace", "-o", os.devnull, "true"], check=False, capture_output=True, text=True)
    return f"strace may not watch here: {tried.stderr.strip()}" if tried.returncode else ""


def for_one(few: Mapping[str, int], many: Mapping[str, int], name: str, files: int) -> float:
    """Returns what each further file costs of something, or of several things together."""
    return sum(many.get(one, 0) - few.get(one, 0) for one in name.split("+")) / files


@pytest.mark.timeout(240)
def test_no_file_costs_more_than_it_did(new_setup: Setups) -> None:
    """F2: no call, no commit and no thread for a file of its own, and no more records and looks than there were."""
    few, many = counts(new_setup("a", "b"), FEW), counts(new_setup("a", "b"), MANY)

    found = {name: for_one(few, many, name, MANY - FEW) for name in FOR_ONE}

    assert all(few[name] for name in FOR_ONE), "everything is counted"
    assert {name: number for name, number in found.items() if number > FOR_ONE[name]} == {}


@pytest.mark.timeout(240)
def test_no_file_asks_more_of_the_system_than_it_did(new_setup: Setups) -> None:
    """F2: what is opened, looked at, written and flushed for a file, by the core and both drivers."""
    if reason := untraceable():
        pytest.skip(reason)
    few, many = calls(new_setup("a", "b"), FEW_TRACED), calls(new_setup("a", "b"), MANY_TRACED)

    found = {name: for_one(few, many, name, MANY_TRACED - FEW_TRACED) for name in CALLS}

    assert found["linkat"] == 1, "each file appears by one step"
    assert {name: number for name, number in found.items() if number > CALLS[name]} == {}
