"""Disks that are full, read-only, or fail: of one service, of one file (P1, P12, P25)."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.processes import Core
from tests.functional.shim import READS, SYNCS, WRITES, Shim
from tests.functional.trees import fill, snapshot, write

FULL = 60  # Units within which a service must notice that there is room again: its back-off may have grown.


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mounts a file system of four mebibytes; needs the right to mount."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_a_state_that_clears_by_itself(small_disk: Path, new_setup: Setups) -> None:
    """Bullet 7: one service without room is shown, the others get everything; when there is room, it catches up."""
    (small_disk / "root").mkdir()
    filler = write(small_disk / "filler", bytes(3 * 1024 * 1024))
    onitu = new_setup("a", "c", b={"root": str(small_disk / "root")})
    write(onitu["a"] / "small.txt", "fits")
    core = onitu.serve()
    write(onitu["a"] / "large.bin", b"0123456789abcdef" * 130_000)
    core.wait_until((onitu["c"] / "large.bin").exists, "the other service gets it")
    core.wait_until(lambda: full(core), "it is said that b is full")

    assert not (small_disk / "root/large.bin").exists()
    assert (small_disk / "root/small.txt").exists()
    filler.unlink()
    core.wait_until((small_disk / "root/large.bin").exists, "b catches up", units=FULL)
    assert (small_disk / "root/large.bin").read_bytes() == (onitu["a"] / "large.bin").read_bytes()


def full(core: Core) -> bool:
    """Whether some event says that service b has no room."""
    words = ("full", "space", "quota", "room")
    about_b = [event for event in core.log.events if "b" in (event.get("service"), event.get("target"))]
    texts = [f"{event.get('reason')} {event.get('error')}".lower() for event in about_b]
    return any(word in text for text in texts for word in words)


def test_a_read_only_file_system_catches_up_once_it_can_be_written(small_disk: Path, new_setup: Setups) -> None:
    """P1, P14, P25: a destination that is mounted read-only is told, harmed by nothing, and still a source."""
    (small_disk / "root").mkdir()
    onitu = new_setup("a", "c", b={"root": str(small_disk / "root")})
    fill(onitu["a"], 1, files=20)
    onitu.once()
    before = onitu.tree("a")
    write(small_disk / "root/from b.txt", "made on b before")
    remount(small_disk, "ro")
    core = onitu.start()
    write(onitu["a"] / "new.txt", "cannot be written on b")
    (onitu["c"] / next(path for path, entry in before.items() if entry.kind == "file")).unlink()
    core.wait_until((onitu["c"] / "new.txt").exists, "the others go on")
    core.wait_until(lambda: about(core, "b", "read-only"), "it is said that b is read-only")
    assert not (small_disk / "root/new.txt").exists()
    remount(small_disk, "rw")
    core.wait_until((small_disk / "root/new.txt").exists, "b catches up", units=FULL)
    core.wait_until((onitu["a"] / "from b.txt").exists, "b is a source", units=FULL)
    core.wait_until(lambda: trees_equal(onitu, small_disk / "root"), "all hold the same", units=FULL)

    assert len(onitu.tree("a")) == len(before) + 1
    assert core.stop() == 0


def remount(place: Path, how: str) -> None:
    """Makes a file system read-only, or not."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(place)], check=True)


def trees_equal(onitu: Onitu, root: Path) -> bool:
    """Whether a root elsewhere holds what the services a and c hold."""
    return snapshot(root) == onitu.tree("a") == onitu.tree("c")


@pytest.fixture
def shim(tmp_path: Path, shim_library: Path) -> Shim:
    """Makes what lets disks fail."""
    return Shim(tmp_path / "shim", shim_library)


@pytest.fixture
def failing(new_setup: Setups, shim: Shim) -> tuple[Onitu, Shim]:
    """Makes three services that hold the same, and whose disks may fail."""
    onitu = new_setup("a", "b", "c")
    onitu.environment |= shim.environment
    fill(onitu["a"], 1, files=40)
    onitu.once()
    return onitu, shim


def test_a_file_that_cannot_be_read_from_the_disk_stops_nothing_else(failing: tuple[Onitu, Shim]) -> None:
    """P14, P25: EIO is an error of that path: no deletion, no edit; it is copied when the disk can be read again."""
    onitu, shim = failing
    write(onitu["a"] / "bad.bin", "before")
    core = onitu.serve()
    onitu.converge(core)
    shim.fail("/a/bad.bin", READS, errno.EIO)
    write(onitu["a"] / "bad.bin", "changed on a sector that cannot be read")
    write(onitu["a"] / "good.bin", "can be read")
    onitu.converge_but(core, {"bad.bin"})
    core.wait_until(lambda: "bad.bin" in core.log.failed_paths, "it is said of bad.bin")
    assert (onitu["b"] / "bad.bin").read_text() == (onitu["c"] / "bad.bin").read_text() == "before"
    assert (onitu["a"] / "bad.bin").exists()
    shim.mend()
    onitu.converge(core, units=FULL)

    assert (onitu["b"] / "bad.bin").read_text() == "changed on a sector that cannot be read"
    assert core.stop() == 0


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EDQUOT], ids=errno.errorcode.get)
def test_a_disk_that_cannot_be_written_keeps_only_its_service_waiting(failing: tuple[Onitu, Shim], error: int) -> None:
    """P1, P12, P25: nothing is torn, nothing staged is left, and it catches up when the disk is well."""
    onitu, shim = failing
    before = onitu.tree("b")
    edited = next(path for path, entry in before.items() if entry.kind == "file")
    core = onitu.serve()
    shim.fail("/roots/b/", WRITES, error)
    write(onitu["a"] / "small.txt", "small")
    write(onitu["a"] / "large.bin", b"0123456789abcdef" * 200_000)
    write(onitu["a"] / edited, "edited")
    core.wait_until(lambda: not onitu.apart("a", "c"), "the others go on")
    core.wait_until(lambda: {"small.txt", "large.bin", edited} <= core.log.failed_paths, "it is said of b")
    assert onitu.tree("b") == before
    shim.mend()
    onitu.converge(core, units=FULL)

    assert onitu.staged() == []
    assert core.stop() == 0


def test_a_disk_that_cannot_be_synced_holds_nothing(failing: tuple[Onitu, Shim]) -> None:
    """P1, P25: what could not be made durable is not counted as held: its service fails, the others go on."""
    onitu, shim = failing
    core = onitu.serve()
    shim.fail("/roots/b", SYNCS, errno.EIO)
    write(onitu["a"] / "new.txt", "new")
    core.wait_for("service_failed", service="b")
    core.wait_until((onitu["c"] / "new.txt").exists, "the others go on")
    shim.mend()
    onitu.converge(core, units=FULL)

    assert core.stop() == 0
    assert onitu.once().log.transfers == []


def about(core: Core, service: str, word: str) -> bool:
    """Whether some event of a service has a word in its reason."""
    events = [event for event in core.log.events if service in (event.get("service"), event.get("target"))]
    return any(word in f"{event.get('reason')} {event.get('error')}".lower() for event in events)
