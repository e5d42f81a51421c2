"""Missing roots, unreadable files, full disks, dead and hanging drivers: states, never losses (issue, bullet 7)."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.harness import UNPRIVILEGED, Onitu, Setups
from tests.functional.processes import Core
from tests.functional.trees import differences, fill, write

FULL = 60  # Units within which a service must notice that there is room again: its back-off may have grown.


def synced(new_setup: Setups) -> Onitu:
    """Makes three services that hold the same tree."""
    onitu = new_setup("a", "b", "c")
    fill(onitu["a"], 1, files=60)
    onitu.once()
    return onitu


@pytest.mark.parametrize("mount_point", [False, True], ids=["missing", "empty mount point"])
def test_a_missing_root_halts_its_service_and_deletes_nothing(new_setup: Setups, *, mount_point: bool) -> None:
    """Bullet 7, P15: with b's disk gone, a and c go on and lose nothing; when it is back, it catches up."""
    onitu = synced(new_setup)
    before = onitu.tree("a")
    onitu["b"].rename(onitu.directory / "unplugged")
    if mount_point:
        onitu["b"].mkdir()
    write(onitu["a"] / "new.txt", "made while b was away")
    run = onitu.once(expect=1)

    (halted,) = run.log.named("service_halted")
    assert halted["service"] == "b"
    assert str(onitu["b"]) in str(halted["reason"])
    assert onitu.tree("c").keys() == before.keys() | {"new.txt"}
    assert onitu.apart("a", "c") == []
    assert onitu.tree("b") == {}
    if mount_point:
        onitu["b"].rmdir()
    (onitu.directory / "unplugged").rename(onitu["b"])
    onitu.once()
    assert onitu.apart() == []


def test_a_root_that_vanishes_while_running_halts_its_service(new_setup: Setups) -> None:
    """Bullet 7, G9, P15: noticed at once; nothing is taken for deleted, and the others go on."""
    onitu = synced(new_setup)
    before = onitu.tree("a")
    core = onitu.serve()
    onitu["b"].rename(onitu.directory / "unplugged")
    core.wait_for("service_halted", service="b")
    write(onitu["a"] / "new.txt", "made while b was away")
    core.wait_until((onitu["c"] / "new.txt").exists, "the others go on")

    assert onitu.tree("c").keys() == before.keys() | {"new.txt"}
    assert not onitu["b"].exists()
    assert core.stop() == 0


def test_exchanged_roots_halt_both_services(new_setup: Setups) -> None:
    """DESIGN §3 "root identity": the root of another service is refused, and nothing is done there."""
    onitu = synced(new_setup)
    onitu["a"].rename(onitu.directory / "aside")
    onitu["b"].rename(onitu["a"])
    (onitu.directory / "aside").rename(onitu["b"])
    write(onitu["a"] / "in the wrong place.txt", "must not travel")
    before = {name: onitu.tree(name) for name in onitu.local}
    run = onitu.once(expect=1)

    assert {event["service"] for event in run.log.named("service_halted")} == {"a", "b"}
    assert {name: onitu.tree(name) for name in onitu.local} == before


def test_an_unreadable_file_is_a_reported_error_of_that_path(new_setup: Setups) -> None:
    """Bullet 7, P25: it stops nothing else, is no deletion, and is copied once it can be read."""
    onitu = new_setup("a", "b")
    fill(onitu["a"] / "others", 1, files=40)
    write(onitu["a"] / "known.txt", "read before")
    onitu.once(wrapper=UNPRIVILEGED)
    write(onitu["a"] / "secret.txt", "cannot be read").chmod(0)
    write(onitu["a"] / "known.txt", "changed, and cannot be read").chmod(0)
    write(onitu["a"] / "new.txt", "can be read")
    run = onitu.once(expect=None, wrapper=UNPRIVILEGED)

    ignored = {event["path"] for event in run.log.named("file_ignored")}
    assert run.log.failed_paths | ignored == {"secret.txt", "known.txt"}
    assert (onitu["b"] / "new.txt").exists()
    assert (onitu["b"] / "known.txt").read_text() == "read before"
    for name in ("secret.txt", "known.txt"):
        (onitu["a"] / name).chmod(0o644)
    onitu.once(wrapper=UNPRIVILEGED)
    assert onitu.apart() == []


def test_an_unreadable_directory_is_no_deletion_of_what_is_in_it(new_setup: Setups) -> None:
    """P14, G9: a directory that cannot be listed is unknown; what was known in it stays everywhere."""
    onitu = new_setup("a", "b")
    fill(onitu["a"] / "closed", 1, files=40)
    fill(onitu["a"] / "open", 2, files=40)
    onitu.once(wrapper=UNPRIVILEGED)
    before = onitu.tree("b")
    (onitu["a"] / "closed").chmod(0)
    write(onitu["a"] / "open/new.txt", "goes on")
    onitu.once(expect=None, wrapper=UNPRIVILEGED)

    assert onitu.tree("b").keys() == before.keys() | {"open/new.txt"}
    (onitu["a"] / "closed").chmod(0o755)
    onitu.once(wrapper=UNPRIVILEGED)
    assert onitu.apart() == []


def test_a_directory_that_cannot_be_written_is_an_error_of_its_paths(new_setup: Setups) -> None:
    """P25: what cannot be written there is reported; the rest goes on, and it is written when it may be."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "closed/file.txt", "before")
    onitu.once(wrapper=UNPRIVILEGED)
    (onitu["b"] / "closed").chmod(0o555)
    write(onitu["a"] / "closed/new.txt", "cannot be written")
    write(onitu["a"] / "open.txt", "can be written")
    run = onitu.once(expect=1, wrapper=UNPRIVILEGED)

    assert run.log.failed_paths == {"closed/new.txt"}
    assert (onitu["b"] / "open.txt").exists()
    (onitu["b"] / "closed").chmod(0o755)
    onitu.once(wrapper=UNPRIVILEGED)
    assert onitu.apart() == []


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


def test_nothing_is_lost_when_a_root_is_emptied_by_hand(new_setup: Setups) -> None:
    """P1: everything deleted on one side is retained on the other; content is never gone."""
    onitu = new_setup("a", "b")
    expected = fill(onitu["a"], 1, files=15)
    onitu.once()
    for path in sorted(expected, reverse=True):
        (onitu["a"] / path).rmdir() if expected[path].kind == "directory" else (onitu["a"] / path).unlink()
    onitu.once(expect=None)

    kept = {entry.digest for entry in (*onitu.tree("b").values(), *onitu.retained("b").values())}
    assert {entry.digest for entry in expected.values()} <= kept | {""}
    assert differences({}, onitu.tree("a")) == [] or onitu.apart() == []
