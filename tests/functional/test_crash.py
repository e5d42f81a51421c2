"""kill -9 of the core, of a driver, of all, at any moment; then start again (issue, bullet 6; PROPERTIES P13, P5, P12).

One setup lives through all kills. Before each, both services are changed in every way behind Onitu's back; what must
come of it is computed by doing the same to a plain copy of the tree. `ONITU_TEST_EVERYTHING=1` takes many moments.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.processes import EVERYTHING, START, UNIT, Core, wait_until
from tests.functional.trees import HIDDEN, differences, fill, snapshot, write

#: Shares of the new files that are visible on b when the kill comes; -1: as soon as anything is staged.
SHARES = [number / 20 for number in range(21)] if EVERYTHING else [0.02, 0.7]
#: Seconds after the start at which the kill comes, whatever has happened until then.
DELAYS = [random.Random(seed).uniform(0.1, 2.5) for seed in range(40)] if EVERYTHING else [0.35, 0.8]
MOMENTS = [("share", share) for share in SHARES] + [("delay", delay) for delay in DELAYS]
FILES = 250
LARGE = 6
MEBIBYTE = 1024 * 1024


class Patient:
    """A setup that is killed again and again, and a plain tree that says what must come of it.

    Args:
        onitu: The setup.
    """

    def __init__(self, onitu: Onitu) -> None:
        self.onitu = onitu
        self.expected = onitu.directory / "expected"
        self._round = 0
        fill(onitu["a"] / "base", 1, files=200)
        onitu.once()
        shutil.copytree(onitu["a"], self.expected, ignore=shutil.ignore_patterns(HIDDEN))

    def change(self) -> None:
        """Changes both services, in places that do not meet, and the plain tree likewise."""
        self._round += 1
        for change, name in ((change_a, "a"), (change_b, "b")):
            for root in (self.onitu[name], self.expected):
                change(root, self._round)

    def progress(self) -> float:
        """Returns the share of this round's new files that b shows."""
        place = self.onitu["b"] / f"new of a {self._round}"
        return sum(len(files) for _, _, files in os.walk(place)) / (FILES + LARGE)

    def check(self) -> None:
        """Starts Onitu again, and asserts that everything is as if nothing had happened."""
        self.onitu.once()
        wanted = snapshot(self.expected)
        for name in self.onitu.local:
            assert differences(wanted, self.onitu.tree(name)) == [], name
        assert self.onitu.staged() == []


def change_a(root: Path, turn: int) -> None:
    """Makes, edits, renames and deletes in every way, as a person on service a does."""
    chance = random.Random(turn)
    fill(root / f"new of a {turn}", 1000 + turn, files=FILES)
    for number in range(LARGE):
        write(root / f"new of a {turn}" / f"large-{number}.bin", chance.randbytes(2 * MEBIBYTE))
    base = sorted(path for path in (root / "base").rglob("*") if path.is_file())
    for path in chance.sample(base, 12):
        write(path, chance.randbytes(3_000))
    old = root / f"new of a {turn - 1}"
    if old.exists():
        files = sorted(path for path in old.rglob("*-*.bin"))
        for path in files[:8]:
            path.unlink()
        files[8].rename(root / f"renamed {turn}.bin")
        old.rename(root / f"renamed directory {turn}")


def change_b(root: Path, turn: int) -> None:
    """Makes and edits elsewhere, as a person on service b does."""
    fill(root / f"new of b {turn}", 2000 + turn, files=40)
    write(root / f"new of b {turn - 1}" / "late addition.txt", f"in turn {turn}")


@pytest.fixture(scope="module")
def patient(new_shared_setup: Setups) -> Patient:
    """Brings two services in sync, to be killed by all tests of this module."""
    return Patient(new_shared_setup("a", "b"))


def wait_for_moment(patient: Patient, core: Core, moment: tuple[str, float]) -> None:
    """Waits until the kill is due; a run that ends before is killed too late, which must do no harm either."""
    how, when = moment
    if how == "delay":
        time.sleep(when * UNIT)
    else:
        wait_until(lambda: patient.progress() >= when or not core.running, "the moment of the kill", units=START)


def kill_core(core: Core, onitu: Onitu) -> None:
    """Kills the core; its drivers must die of it."""
    del onitu
    core.kill()


def kill_driver(core: Core, onitu: Onitu) -> None:
    """Kills the driver that is written to; the run must end by itself."""
    if driver := core.holder(onitu["b"]):
        driver.kill()
    assert core.wait() in {0, 1}


def kill_all(core: Core, onitu: Onitu) -> None:
    """Kills everything at once."""
    del onitu
    core.kill_all()


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: f"{moment[0]} {moment[1]:.2f}")
@pytest.mark.parametrize("kill", [kill_core, kill_driver, kill_all], ids=lambda kill: kill.__name__)
def test_a_kill_at_any_moment_does_no_harm(
    patient: Patient, kill: Callable[[Core, Onitu], None], moment: tuple[str, float]
) -> None:
    """Bullet 6, P13: the next start converges, with no conflict copy, no staging, and no old driver still writing."""
    patient.change()
    core = patient.onitu.start("--once")
    wait_for_moment(patient, core, moment)
    kill(core, patient.onitu)
    patient.check()


def test_a_kill_while_people_work_does_no_harm(new_setup: Setups) -> None:
    """Bullet 6, P13: a running core is killed while files are written; started again, it has all of them, once."""
    onitu = new_setup("a", "b", "c")
    core = onitu.serve()
    for turn in range(4):
        for number in range(60):
            write(onitu["abc"[number % 3]] / f"{turn}/{number}.txt", f"content {number} of turn {turn}")
        if turn < 3:
            core.kill()
            core = onitu.start()
    onitu.converge(core)

    assert len([path for path in onitu.tree("a") if path.endswith(".txt")]) == 240
    assert core.stop() == 0
    assert onitu.staged() == []


def test_a_large_transfer_that_was_killed_leaves_nothing_behind(new_setup: Setups) -> None:
    """F4, P12: a kill in the middle of a large file shows nothing of it; the next start brings all of it."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "large.bin", random.Random(1).randbytes(MEBIBYTE) * 400)
    core = onitu.start("--once")
    wait_until(lambda: onitu.staged() or not core.running, "the transfer is under way", units=START)
    core.kill()
    shown = onitu.tree("b")
    onitu.once()

    assert set(shown) <= {"large.bin"}
    assert shown.get("large.bin") in (None, onitu.tree("a")["large.bin"])
    assert onitu.apart() == []
    assert onitu.staged() == []
