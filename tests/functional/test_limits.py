"""What a service is spared: how fast bytes may go to it and come from it, and when (B11)."""

from __future__ import annotations

import signal
import subprocess
import time
from datetime import datetime, timedelta

import pytest

from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.memory import Memory
from tests.functional.processes import RUN, Core
from tests.functional.test_reload import alive, pids, reload
from tests.functional.trees import write

MEBIBYTE = 1024 * 1024
#: What may go before anybody has to wait: a second's worth, and what is not paid when it is sent.
AHEAD = 1.0
NOW = datetime.now().astimezone()
#: A day that is neither today nor tomorrow, should a test run over midnight.
ANOTHER_DAY = f"{NOW + timedelta(days=3):%a}".lower()


def timed(onitu: Onitu) -> tuple[Core, float]:
    """Serves a setup until it is done, and says how many seconds lie between its first and its last transfer."""
    core = onitu.once("--debug")
    times = [
        datetime.fromisoformat(event["time"]).timestamp()
        for name in ("transfer_started", "transfer_finished")
        for event in core.log.named(name)
    ]
    return core, max(times) - min(times)


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize(
    ("sizes", "rate"),
    [([100_000] * 60, 1_000_000), ([3 * MEBIBYTE] * 2, 1_000_000), ([20 * MEBIBYTE], 5_000_000)],
    ids=["small files", "streams", "chunks"],
)
def test_bandwidth_is_kept(new_setup: Setups, direction: str, sizes: list[int], rate: int) -> None:
    """B11 `bandwidth`: whole small files, streams and chunks keep it, to a service and from it."""
    onitu = new_setup("disk")
    memory = Memory(onitu, "memory")
    onitu.services["memory"]["bandwidth"] = {direction: rate}
    contents = {f"{index}.bin": bytes([index]) * size for index, size in enumerate(sizes)}
    if direction == "up":
        for path, content in contents.items():
            write(onitu["disk"] / path, content)
        core, seconds = timed(onitu)
    else:
        onitu.services["memory"]["persist"] = str(onitu.directory / "kept")
        core = onitu.start("--debug")
        core.wait_for("settled")
        begin = time.monotonic()
        for path, content in contents.items():
            memory.write(path, content)
        paths = [onitu["disk"] / path for path in contents]
        core.wait_until(lambda: all(path.exists() for path in paths), "all arrive", units=RUN)
        seconds = time.monotonic() - begin

    # In its last call up to 4 MiB of small files are written at once, and of a large one the last piece.
    most_at_once = sum(sizes[-40:]) if sizes[0] < MEBIBYTE and direction == "up" else MEBIBYTE
    assert sum(sizes) - most_at_once <= rate * (seconds + AHEAD)
    assert seconds < 3 * sum(sizes) / rate + 10
    assert core.log.failed_paths == set()


def test_a_limit_is_changed_while_it_waits(new_setup: Setups) -> None:
    """B11, F1: what waits for a very slow service goes at once when the limit is lifted; no driver notices."""
    onitu = new_setup("disk")
    Memory(onitu, "memory")
    onitu.services["memory"]["bandwidth"] = {"up": 1000}
    core = onitu.serve("--debug")
    before = pids(core)
    write(onitu["disk"] / "large.bin", b"x" * 6 * MEBIBYTE)
    core.wait_for("transfer_started", path="large.bin")
    del onitu.services["memory"]["bandwidth"]

    assert reload(onitu, core)["restarted"] == []
    core.wait_for("transfer_finished", path="large.bin")
    assert pids(core) == before
    assert alive(core) == set(before.values())


def test_a_transfer_that_waits_does_not_keep_onitu_from_stopping(new_setup: Setups) -> None:
    """B11, F1: SIGTERM ends a transfer that would take an hour."""
    onitu = new_setup("disk")
    Memory(onitu, "memory")
    onitu.services["memory"]["bandwidth"] = {"up": 1000}
    core = onitu.serve("--debug")
    write(onitu["disk"] / "large.bin", b"x" * 6 * MEBIBYTE)
    core.wait_for("transfer_started", path="large.bin")

    assert core.stop(signal.SIGTERM) == 0


def test_a_service_waits_for_its_schedule(new_setup: Setups) -> None:
    """B11 `schedule`: nothing goes there or comes from there, and it is observed all the same; SIGHUP lets it go on."""
    onitu = new_setup("a", "b", "c")
    onitu.services["c"]["schedule"] = ANOTHER_DAY
    core = onitu.serve()
    before = pids(core)
    assert core.log.named("service_waiting", service="c")[0]["until"] == f"{ANOTHER_DAY} 00:00"
    write(onitu["a"] / "from a.txt", "a")
    write(onitu["c"] / "from c.txt", "c")
    core.wait_until((onitu["b"] / "from a.txt").exists, "the others go on")
    core.wait_until(lambda: "of 1 bytes" in why(onitu, "from c.txt"), "what is new there is noticed")
    assert not (onitu["c"] / "from a.txt").exists()
    assert not (onitu["a"] / "from c.txt").exists()
    assert f"c behind: to write when its turn comes; it waits for its schedule until {ANOTHER_DAY} 00:00" in why(
        onitu, "from a.txt"
    )
    del onitu.services["c"]["schedule"]

    assert reload(onitu, core)["restarted"] == []
    core.wait_for("service_resumed", service="c")
    onitu.converge(core)
    assert pids(core) == before


def test_once_does_not_stay_for_a_schedule(new_setup: Setups) -> None:
    """B11 `schedule`: `--once` does what it can, says who waits until when, and ends with 1 if something is left."""
    onitu = new_setup("a", "b", "c")
    onitu.services["c"]["schedule"] = [ANOTHER_DAY]
    core = onitu.once()
    assert core.log.named("sync_finished")[0]["waiting"] == ["c"]
    write(onitu["a"] / "file.txt", "a")

    plan = subprocess.run(
        onitu.command("plan", "-c", str(onitu.file), "--data-dir", str(onitu.data)),
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert f"c: 1 to do (waits for its schedule until {ANOTHER_DAY} 00:00)" in plan.stdout
    core = onitu.once(expect=1)
    assert f"1 entries are still to be done; c waits for its schedule until {ANOTHER_DAY} 00:00" in core.output
    assert (onitu["b"] / "file.txt").exists()
    assert not (onitu["c"] / "file.txt").exists()

    del onitu.services["c"]["schedule"]
    onitu.once()
    assert onitu.apart() == []


def why(onitu: Onitu, path: str) -> str:
    """Asks why a path is where it is."""
    command = onitu.command("why", "-c", str(onitu.file), "--data-dir", str(onitu.data), f"{FOLDER}/{path}")
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return " ".join(answer.stdout.split())
