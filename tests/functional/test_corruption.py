"""A driver that lies, fails, hangs or tears its listings harms nothing but the paths concerned (P12, P14, P23).

The driver under test is `drivers/scripted.py`: a program of its own that knows the contract alone (CONTRACT W1).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functional.harness import Onitu, Setups, in_mode
from tests.functional.processes import Core
from tests.functional.trees import fill, snapshot, write

DRIVER = Path(__file__).parent / "drivers/scripted.py"
GOOD = {"good.txt": "good", "directory/good.txt": "good in a directory"}
#: Path to the content that is served instead of the announced one: other bytes, too few, too many, none.
CORRUPT = {
    "flipped.txt": ("0123456789", "012345678x"),
    "short.txt": ("0123456789" * 1000, "0123456789" * 999),
    "long.txt": ("0123456789", "0123456789 and more"),
    "empty.txt": ("0123456789", ""),
}
CODES = {
    "denied.txt": "PERMISSION_DENIED",
    "damaged.txt": "DATA_LOSS",
    "gone.txt": "NOT_FOUND",
    "moved.txt": "FAILED_PRECONDITION",
    "buggy.txt": "UNKNOWN",
    "away.txt": "UNAVAILABLE",
    "unheard of.txt": "ALREADY_EXISTS",
}
#: What no path of a folder is.
BAD_PATHS = (
    "../escape.txt",
    "/etc/onitu-escape.txt",
    "directory/../../escape.txt",
    "directory//double.txt",
    "./dot.txt",
    "..",
    ".onitu/tmp/escape.txt",
    "with\0nul.txt",
)
SAID = ("path_failed", "transfer_aborted", "transfer_restarted", "file_ignored")


def write_script(onitu: Onitu, **script: Any) -> Path:  # noqa: ANN401 - a piece of JSON.
    """Writes what the driver of service "odd" serves."""
    path = onitu.directory / "script.json"
    empty = {"files": GOOD, "served": {}, "codes": {}, "hang": [], "torn": []}
    path.write_text(json.dumps({**empty, **script}), "utf-8")
    return path


def scripted(onitu: Onitu, **script: Any) -> None:  # noqa: ANN401 - a piece of JSON.
    """Adds the service "odd", which is only read."""
    command = [sys.executable, str(DRIVER), str(write_script(onitu, **script))]
    onitu.add("odd", **in_mode("r", driver={"command": command}))


@pytest.fixture(scope="module")
def faulty(new_shared_setup: Setups) -> Iterator[tuple[Onitu, Core]]:
    """Serves good and bad files side by side to a running core."""
    onitu = new_shared_setup("b")
    corrupt = {path: announced for path, (announced, _) in CORRUPT.items()}
    failing = dict.fromkeys(CODES, "never seen")
    scripted(
        onitu,
        files={**corrupt, **failing, **dict.fromkeys(BAD_PATHS, "evil"), **GOOD},
        served={path: served for path, (_, served) in CORRUPT.items()},
        codes=CODES,
    )
    core = onitu.start()
    core.wait_until(lambda: GOOD.keys() <= onitu.tree("b").keys(), "the good files arrive")
    yield onitu, core
    assert core.stop() == 0


@pytest.mark.parametrize("path", CORRUPT)
def test_corrupted_content_never_becomes_visible(faulty: tuple[Onitu, Core], path: str) -> None:
    """F6, P23: bytes that are not those announced, too few or too many, are not committed, and that is said."""
    onitu, core = faulty
    core.wait_until(lambda: any(core.log.about(name, path) for name in SAID), f"{path} is reported")

    assert path not in onitu.tree("b")


@pytest.mark.parametrize("path", CODES)
def test_a_failing_path_is_reported_and_stops_nothing_else(faulty: tuple[Onitu, Core], path: str) -> None:
    """P25, bullet 7: whatever code the driver answers for one path, that path is reported and the good ones arrived."""
    onitu, core = faulty
    core.wait_until(lambda: any(core.log.about(name, path) for name in SAID), f"{path} is reported")

    assert path not in onitu.tree("b")


@pytest.mark.parametrize("path", ["buggy.txt", "unheard of.txt"])
def test_what_the_driver_calls_its_fault_is_told_once(faulty: tuple[Onitu, Core], path: str) -> None:
    """D8: a `DriverError` on a read is reported at the first attempt, and there is no second one."""
    _, core = faulty
    core.wait_until(lambda: core.log.about("transfer_aborted", path), f"{path} is reported")
    core.wait_until(lambda: core.log.about("transfer_restarted", "away.txt"), "another one is tried again")

    assert [event["attempt"] for event in core.log.about("transfer_aborted", path)] == [1]
    assert core.log.about("transfer_restarted", path) == []


@pytest.mark.parametrize("path", BAD_PATHS, ids=ascii)
def test_a_path_that_is_none_is_refused_where_it_enters(faulty: tuple[Onitu, Core], path: str) -> None:
    """G16, DESIGN §3 "names": nothing is written for it, inside the root or outside, and the error names the path."""
    onitu, core = faulty
    spelled = path.replace("\0", "")
    core.wait_until(lambda: spelled in reported(core), f"{path!r} is reported")

    names = {name.rsplit("/", 1)[-1] for name in snapshot(onitu["b"], hidden=True)}
    assert names.isdisjoint({"escape.txt", "double.txt", "dot.txt", "onitu-escape.txt"})
    assert not (onitu["b"].parent / "escape.txt").exists()
    assert not Path("/etc/onitu-escape.txt").exists()


def reported(core: Core) -> set[str]:
    """Collects the paths of which something was said, in a form without NUL."""
    paths = {str(event.get("path")) for name in SAID for event in core.log.named(name)}
    return {path.replace("\\x00", "").replace("\0", "") for path in paths}


def test_nothing_of_it_is_left_staged(faulty: tuple[Onitu, Core]) -> None:
    """P12: what was received in vain does not lie about."""
    onitu, core = faulty
    core.wait_until(lambda: not onitu.staged(), "staging is empty")


def test_a_read_that_hangs_delays_no_other(new_setup: Setups) -> None:
    """P25, G13: a file whose content never comes keeps nothing else waiting, and shows nothing under its name."""
    onitu = new_setup("b")
    scripted(onitu, files={**GOOD, "hanging.txt": "never seen"}, hang=["hanging.txt"])
    core = onitu.start()
    core.wait_until(lambda: GOOD.keys() <= onitu.tree("b").keys(), "the good files arrive")

    assert "hanging.txt" not in onitu.tree("b")
    assert core.stop() == 0


def test_a_torn_listing_deletes_nothing(new_setup: Setups) -> None:
    """P14, G9: a listing that was not complete derives no deletion; a complete one does."""
    files = {f"directory/{number}.txt": f"content {number}" for number in range(10)}
    onitu = new_setup("b")
    fill(onitu["b"] / "other", 1, files=40)
    scripted(onitu, files=files)
    onitu.once()
    assert files.keys() <= onitu.tree("b").keys()
    write_script(onitu, files={"directory/0.txt": "content 0"}, torn=["directory"])
    onitu.once(expect=None)
    assert files.keys() <= onitu.tree("b").keys()
    write_script(onitu, files={"directory/0.txt": "content 0"})
    onitu.once(expect=None)

    assert [path for path in onitu.tree("b") if path.startswith("directory/")] == ["directory/0.txt"]


def test_what_was_corrupt_arrives_when_it_is_right(new_setup: Setups) -> None:
    """P23, G7: a corrupted transfer is tried again, and arrives once the bytes are right."""
    onitu = new_setup("b")
    scripted(onitu, files={"file.txt": "0123456789"}, served={"file.txt": "012345678x"})
    core = onitu.start()
    core.wait_until(lambda: any(core.log.about(name, "file.txt") for name in SAID), "it is reported")
    write_script(onitu, files={"file.txt": "0123456789"})
    core.wait_until((onitu["b"] / "file.txt").exists, "it arrives", units=60)

    assert (onitu["b"] / "file.txt").read_text() == "0123456789"


def test_trash_in_the_staging_place_is_cleared(new_setup: Setups) -> None:
    """Bullet 6: what a dead driver left in its staging place is gone after the next start."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "file.txt", "content")
    onitu.once()
    write(onitu["b"] / ".onitu/tmp/left over", "half a file")
    onitu.once()

    assert onitu.staged() == []
