"""Clocks that jump (P1, P2, P22): nothing is decided by what time it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.harness import Setups
from tests.functional.shim import Shim
from tests.functional.trees import fill, write

YEAR = 365 * 24 * 3600.0
JUMPS = {"a year ahead": YEAR, "a year back": -YEAR, "to 1970": -56 * YEAR, "beyond 2038": 30 * YEAR}


@pytest.fixture
def shim(tmp_path: Path, shim_library: Path) -> Shim:
    """Makes what sets clocks."""
    return Shim(tmp_path / "shim", shim_library)


@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)
def test_a_clock_that_jumps_changes_nothing(new_setup: Setups, shim: Shim, jump: float) -> None:
    """P1, P2, P3, P5, P22: while running, back, and over a restart: edits arrive, nothing conflicts or comes back."""
    onitu = new_setup("a", "b")
    onitu.environment |= shim.environment
    fill(onitu["a"], 1, files=40)
    core = onitu.serve()
    onitu.converge(core)
    before = set(onitu.tree("a"))
    for turn, seconds in enumerate((jump, 0.0, jump)):
        shim.shift_clock(seconds)
        here, there = onitu["ab"[turn % 2]], onitu["ba"[turn % 2]]
        write(here / f"new {turn}.txt", f"new in turn {turn}")
        write(there / "edited.txt", f"edited in turn {turn}")
        (here / f"deleted {turn}.txt").unlink(missing_ok=True)
        write(there / f"deleted {turn + 1}.txt", "deleted in the next turn")
        onitu.converge(core)
    stamps = [str(event["time"]) for event in core.log.named("transfer_finished")]
    assert stamps != sorted(stamps), "the clock of the core has jumped"
    assert core.stop() == 0
    run = onitu.once()

    names = {*(f"new {turn}.txt" for turn in range(3)), "edited.txt", "deleted 3.txt"}
    assert set(onitu.tree("a")) == before | names
    assert (onitu["a"] / "edited.txt").read_text() == "edited in turn 2"
    assert run.log.transfers == []
    shim.shift_clock(0)
    assert onitu.once().log.transfers == []


def test_what_waits_for_a_while_does_not_wait_for_a_clock_that_went_back(new_setup: Setups, shim: Shim) -> None:
    """P25: back-off, health and settling count seconds that pass, and a clock set back by years stops none of them."""
    onitu = new_setup("a", "b")
    onitu.environment |= shim.environment
    fill(onitu["a"], 1, files=20)
    core = onitu.serve()
    onitu.converge(core)
    shim.shift_clock(-10 * YEAR)
    core.process_of("b").kill()
    core.wait_for("service_failed", service="b")
    write(onitu["a"] / "new.txt", "made while b was dead and the clock wrong")
    next(path for path in sorted(onitu["a"].glob("*.bin"))).unlink()
    onitu.converge(core)

    assert core.stop() == 0
