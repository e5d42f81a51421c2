"""A root that is not the one that is known halts its service (DESIGN §3 "root identity", P15, CONTRACT G9)."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.memory import Memory
from tests.functional.processes import RUN, Core
from tests.functional.trees import fill, write

_MARKER = ".onitu/root"

#: What is done to a root, and how that is undone.
Change = Callable[[Onitu], Callable[[], object]]


def _without_marker(onitu: Onitu) -> Callable[[], object]:
    """The marker is removed, and nothing else."""
    marker, kept = onitu["b"] / _MARKER, onitu.directory / "marker"
    shutil.move(marker, kept)
    return lambda: shutil.move(kept, marker)


def _replaced(onitu: Onitu) -> Callable[[], object]:
    """Another directory, with files of its own, has taken the root's place."""
    aside = onitu.directory / "aside"
    onitu["b"].rename(aside)
    write(onitu["b"] / "another.txt", "of another directory")

    def undo() -> None:
        onitu["b"].rename(onitu.directory / "other")
        aside.rename(onitu["b"])

    return undo


def _other_marker(onitu: Onitu) -> Callable[[], object]:
    """The marker is another one, as on a disk that belongs elsewhere."""
    marker = onitu["b"] / _MARKER
    kept = onitu.directory / "marker"
    shutil.move(marker, kept)
    marker.write_text(json.dumps({**json.loads(kept.read_text()), "root": "0" * 32}))
    return lambda: shutil.move(kept, marker)


def _mounted_over(onitu: Onitu) -> Callable[[], object]:
    """Another file system is mounted there."""
    place = str(onitu["b"])
    done = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.decode().strip()}")
    onitu.closing.callback(subprocess.run, ["umount", place], capture_output=True, check=False)
    return lambda: subprocess.run(["umount", place], check=True)


CHANGES = pytest.mark.parametrize("change", [_without_marker, _replaced, _other_marker, _mounted_over])


def _holds(onitu: Onitu, *arguments: str, expect: int = 0) -> str:
    run: Core = onitu.run("holds", *arguments, "-c", str(onitu.file), "--data-dir", str(onitu.data))
    assert run.wait(RUN) == expect
    return run.output + run.log.tail()


def _synced(new_setup: Setups) -> Onitu:
    onitu = new_setup("a", "b", "c")
    fill(onitu["a"], 3, files=40)
    onitu.once()
    return onitu


@CHANGES
def test_another_root_halts_and_nothing_is_deleted(new_setup: Setups, change: Change) -> None:
    """P15, G9: noticed while it runs; the others go on; when the root is back, so does the service, by itself."""
    onitu = _synced(new_setup)
    before = onitu.tree("a")
    core = onitu.serve()
    undo = change(onitu)
    if change is _mounted_over or change is _without_marker:
        write(onitu["b"] / "in the wrong place.txt", "must not travel yet")
    core.wait_for("service_halted", service="b")
    write(onitu["a"] / "new.txt", "made while b was away")
    core.wait_until((onitu["c"] / "new.txt").exists, "the others go on")

    assert onitu.tree("c").keys() == before.keys() | {"new.txt"}
    assert onitu.apart("a", "c") == []
    assert not (onitu["b"] / "new.txt").exists()
    said = _holds(onitu)
    assert str(onitu["b"]) in said
    assert "bring it back, and it goes on by itself" in said
    assert "bring it back" in _holds(onitu, "restore", "b", "docs", expect=1)
    undo()
    core.wait_until((onitu["b"] / "new.txt").exists, "it goes on by itself")
    onitu.converge(core)
    assert onitu.tree("a").keys() >= before.keys() | {"new.txt"}
    assert "nothing is held" in _holds(onitu)


@pytest.mark.parametrize("running", [True, False])
def test_a_new_disk_is_taken_for_the_old_one(new_setup: Setups, *, running: bool) -> None:
    """P15, P21: once a person says so, the other root is met as a new service: a union, and nothing is deleted."""
    onitu = _synced(new_setup)
    before = onitu.tree("a")
    onitu["b"].rename(onitu.directory / "broken")
    onitu["b"].mkdir()
    write(onitu["b"] / "of the new disk.txt", "was there before")
    if running:
        core = onitu.start()
        core.wait_for("service_halted", service="b")
        assert "it is being done" in _holds(onitu, "approve", "b", "docs")
        core.wait_until(lambda: len(onitu.tree("b")) > len(before), "the new disk is filled")
        onitu.converge(core)
    else:
        onitu.once(expect=1)
        assert "at the next `onitu serve`" in _holds(onitu, "approve", "b", "docs")
        onitu.once()

    assert onitu.apart() == []
    assert onitu.tree("a").keys() == before.keys() | {"of the new disk.txt"}


def test_another_account_halts(new_setup: Setups) -> None:
    """P15: where a service has no directory, the id of what is behind its address counts: here, of another content."""
    onitu = new_setup("a")
    kept = onitu.directory / "account.json"
    Memory(onitu, "m", persist=str(kept))
    fill(onitu["a"], 3, files=10)
    onitu.once()
    kept.rename(onitu.directory / "first.json")
    before = onitu.tree("a")
    run = onitu.once(expect=1)

    assert run.log.named("service_halted", service="m")
    assert onitu.tree("a") == before
    (onitu.directory / "first.json").replace(kept)
    onitu.once()
    assert "nothing is held" in _holds(onitu)
    assert onitu.tree("a") == before


def test_a_root_without_a_marker_is_known_by_its_inode(new_setup: Setups) -> None:
    """P15, B7: a place that is only read gets no marker; another directory in its place is noticed all the same."""
    onitu = new_setup("a", b={"mode": "r"})
    write(onitu["b"] / "file.txt", "read from b")
    onitu.once()
    assert not (onitu["b"] / ".onitu").exists()
    aside: Path = onitu.directory / "aside"
    onitu["b"].rename(aside)
    onitu["b"].mkdir()
    run = onitu.once(expect=1)

    assert run.log.named("service_halted", service="b")
    assert (onitu["a"] / "file.txt").read_text() == "read from b"
    onitu["b"].rmdir()
    aside.rename(onitu["b"])
    onitu.once()
