"""New and changed content reaches the other services, whole and once (CONTRACT F6, "copy")."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.functional.harness import Setups, in_mode
from tests.functional.processes import PAUSE
from tests.functional.trees import Tree, digest_of, fill, snapshot, write

MEBIBYTE = 1024 * 1024

#: Writes a file for two seconds without closing it, in the way of a download.
SLOW_WRITER = """
import sys, time
with open(sys.argv[1], "wb", buffering=0) as stream:
    for number in range(40):
        stream.write(b"%06d\\n" % number * 1000)
        time.sleep(0.05)
"""


def test_first_sync_copies_a_tree_with_its_attributes(new_setup: Setups) -> None:
    """Bullet 1, P22: content, executable bit and modification time are those of the source."""
    onitu = new_setup("a", "b", "c")
    expected = fill(onitu["a"], 11, files=300, largest=100_000)
    onitu.once()

    for name in ("b", "c"):
        assert onitu.tree(name) == expected
        assert mtimes(onitu.tree(name)) == mtimes(expected)


def mtimes(tree: Tree) -> dict[str, int]:
    """Maps path to modification time."""
    return {path: entry.mtime_ns for path, entry in tree.items()}


def test_a_large_file_arrives_whole(new_setup: Setups) -> None:
    """F6: a file of many chunks is equal on the other side, and its transfer is logged (F3)."""
    onitu = new_setup("a", "b")
    block = os.urandom(MEBIBYTE)
    path = onitu["a"] / "large.bin"
    with path.open("wb") as stream:
        for number in range(96):
            stream.write(number.to_bytes(4, "big") + block)
    run = onitu.once()

    assert onitu.apart() == []
    (transfer,) = run.log.transfers
    assert transfer["path"] == "large.bin"
    assert run.log.routes == [("a", "b")]


def test_transfers_are_logged_once_per_target(new_setup: Setups) -> None:
    """F3: a finished transfer names file, source and target, once for each service that got it."""
    onitu = new_setup("a", "b", "c")
    write(onitu["a"] / "some/file.txt", "content")
    run = onitu.once()

    assert {event["path"] for event in run.log.transfers} == {"some/file.txt"}
    assert sorted(run.log.routes) == [("a", "b"), ("a", "c")]


def test_a_file_still_being_written_is_not_copied_half(new_setup: Setups) -> None:
    """Bullet 1: while a program writes, the other side shows nothing; when it has closed the file, all of it."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    sizes = set()
    with subprocess.Popen([sys.executable, "-c", SLOW_WRITER, str(onitu["a"] / "growing.log")]) as writer:
        while writer.poll() is None:
            sizes |= {(onitu["b"] / "growing.log").stat().st_size} if (onitu["b"] / "growing.log").exists() else set()
            time.sleep(PAUSE)
    onitu.converge(core)

    assert sizes <= {280_000}
    assert (onitu["b"] / "growing.log").stat().st_size == 280_000


def test_content_is_always_some_whole_version(new_setup: Setups) -> None:
    """P12, G3: a file rewritten again and again while it is copied never shows a mixture on the other side."""
    onitu = new_setup("a", "b")
    versions = [bytes([number]) * (8 * MEBIBYTE) for number in range(12)]
    core = onitu.serve()
    shown = set()
    for version in versions:
        write(onitu["a"] / "aside.tmp", version)
        (onitu["a"] / "aside.tmp").replace(onitu["a"] / "busy.bin")
        shown |= {entry.digest for path, entry in snapshot(onitu["b"]).items() if path == "busy.bin"}
    onitu.converge(core)

    assert shown <= {digest_of(version) for version in versions}
    assert (onitu["b"] / "busy.bin").read_bytes() == versions[-1]


def test_a_file_overwritten_in_place_while_it_is_copied_ends_equal(new_setup: Setups) -> None:
    """DESIGN §5: a source that moves during the copy is tried again until both sides are equal."""
    onitu = new_setup("a", "b")
    path = write(onitu["a"] / "database.bin", os.urandom(64 * MEBIBYTE))
    core = onitu.start()
    with path.open("r+b") as stream:
        for number in range(60):
            stream.seek(number * MEBIBYTE)
            stream.write(number.to_bytes(8, "big"))
            stream.flush()
            time.sleep(PAUSE)

    onitu.converge(core, units=40)


def test_a_replaced_file_keeps_the_mode_of_its_place(new_setup: Setups) -> None:
    """F11: the permissions that a user gave a file on one side survive a change from the other."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "private.txt", "first")
    onitu.once()
    (onitu["b"] / "private.txt").chmod(0o600)
    onitu.once()
    write(onitu["a"] / "private.txt", "second")
    onitu.once()

    assert (onitu["b"] / "private.txt").read_text() == "second"
    assert (onitu["b"] / "private.txt").stat().st_mode & 0o777 == 0o600


def test_overwritten_content_is_retained(new_setup: Setups) -> None:
    """DESIGN §3 "retained copies": what a change from elsewhere replaces lies in the trash of that place."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "file.txt", "the old content")
    onitu.once()
    write(onitu["a"] / "file.txt", "the new content")
    onitu.once()

    kept = onitu.retained("b")
    assert digest_of("the old content") in {entry.digest for entry in kept.values()}


@pytest.mark.parametrize("size", [0, 1, 4096, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 3 * MEBIBYTE + 7])
def test_sizes_around_the_limits(size: int, sized: Path) -> None:
    """F6, P23: files around the sizes at which the way of copying changes are equal, byte for byte."""
    assert (sized / "b" / f"{size}.bin").read_bytes() == (sized / "a" / f"{size}.bin").read_bytes()


@pytest.fixture(scope="module")
def sized(new_shared_setup: Setups) -> Path:
    """Syncs one file of each size."""
    onitu = new_shared_setup(a=in_mode("r"), b=in_mode("w"))
    for size in (0, 1, 4096, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 3 * MEBIBYTE + 7):
        write(onitu["a"] / f"{size}.bin", os.urandom(size))
    onitu.once()
    return onitu["a"].parent
