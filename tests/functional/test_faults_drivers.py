"""Drivers that die, hang, and do not come back by themselves (P25, P1)."""

from __future__ import annotations

import random
import signal

from tests.functional.harness import Onitu, Setups
from tests.functional.processes import UNIT
from tests.functional.trees import fill, write

CHECK_INTERVAL = 0.3 * UNIT  # Seconds between two health checks: a driver that misses three is given up.


def synced(new_setup: Setups) -> Onitu:
    """Makes three services that hold the same tree."""
    onitu = new_setup("a", "b", "c")
    fill(onitu["a"], 1, files=60)
    onitu.once()
    return onitu


def test_a_driver_that_dies_is_started_again(new_setup: Setups) -> None:
    """Bullet 6, F1: a killed driver is a failed service for a moment; the others go on and it catches up."""
    onitu = synced(new_setup)
    core = onitu.serve()
    core.driver_of(onitu["b"]).kill()
    write(onitu["a"] / "new.txt", "made while b was dead")
    core.wait_for("service_failed", service="b")
    onitu.converge(core)

    assert len(core.drivers()) == 3


def test_a_driver_that_hangs_delays_nobody_else(new_setup: Setups) -> None:
    """P25, G13: a stopped driver keeps only its own service waiting; it catches up when it goes on."""
    onitu = synced(new_setup)
    core = onitu.serve()
    driver = core.driver_of(onitu["b"])
    driver.send_signal(signal.SIGSTOP)
    write(onitu["a"] / "new.txt", "made while b hung")
    core.wait_until((onitu["c"] / "new.txt").exists, "the others go on", units=5)
    assert not (onitu["b"] / "new.txt").exists()
    driver.send_signal(signal.SIGCONT)
    onitu.converge(core)

    assert core.stop() == 0


def test_a_driver_that_hangs_for_longer_than_every_deadline_is_replaced(new_setup: Setups) -> None:
    """P1, P2, P25: stopped in the middle of its work, by turns on both sides; the core goes on with another process."""
    onitu = synced(new_setup)
    onitu.environment["ONITU_CHECK_INTERVAL"] = str(CHECK_INTERVAL)
    core = onitu.serve()
    for turn, name in enumerate("bab"):
        before = len(core.log.named("service_started", service=name))
        hung = core.process_of(name)
        fill(onitu["a"] / f"made before {turn}", turn, files=60)
        core.wait_until((onitu["c"] / f"made before {turn}").exists, "work has begun")
        hung.send_signal(signal.SIGSTOP)
        fill(onitu["abc"[(turn + 1) % 3]] / f"made meanwhile {turn}", 100 + turn, files=20)
        core.wait_for_further("service_started", before, units=40, service=name)
        assert not hung.is_running()
        onitu.converge(core, units=40)

    failures = [event["reason"] for event in core.log.named("service_failed")]
    assert len(failures) == 3
    assert all("health checks" in str(reason) for reason in failures)
    assert len(onitu.tree("a")) == len(onitu.tree("c"))
    assert not [path for path in onitu.tree("a") if "conflict" in path]
    assert core.stop() == 0


def test_all_drivers_hang_at_once(new_setup: Setups) -> None:
    """P1, P25: nobody is left to go on, and Onitu still is; then everything is as if nothing had happened."""
    onitu = synced(new_setup)
    onitu.environment["ONITU_CHECK_INTERVAL"] = str(CHECK_INTERVAL)
    core = onitu.serve()
    chance = random.Random(1)
    for name in onitu.local:
        core.process_of(name).send_signal(signal.SIGSTOP)
        write(onitu[name] / f"made on {name}.bin", chance.randbytes(50_000))
    onitu.converge(core, units=60)

    assert {f"made on {name}.bin" for name in onitu.local} <= onitu.tree("b").keys()
    assert core.stop() == 0
