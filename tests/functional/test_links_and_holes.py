"""Files with several names, and files with holes: what a disk can hold beyond plain bytes under one name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.functional.harness import Setups
from tests.functional.memory import Memory
from tests.functional.trees import write

MEBIBYTE = 1024 * 1024


def make_sparse(path: Path) -> Path:
    """Makes a file of 100 MiB of which next to nothing takes room."""
    with path.open("wb") as stream:
        stream.write(b"begin")
        stream.seek(50 * MEBIBYTE)
        stream.write(b"middle")
        stream.truncate(100 * MEBIBYTE)
    return path


def room(path: Path) -> int:
    """Returns how many bytes a file takes on its disk."""
    return path.stat().st_blocks * 512


def test_a_sparse_file_stays_sparse(new_setup: Setups) -> None:
    """D9: from disk to disk the bytes are copied and the holes are not."""
    onitu = new_setup("a", "b")
    source = make_sparse(onitu["a"] / "sparse.bin")
    onitu.once()

    copy = onitu["b"] / "sparse.bin"
    assert onitu.apart() == []
    assert copy.stat().st_size == 100 * MEBIBYTE
    assert room(copy) <= room(source) + MEBIBYTE


def test_a_sparse_file_stays_sparse_over_the_wire(new_setup: Setups) -> None:
    """D9: what comes as a stream has holes where it is all zeros."""
    onitu = new_setup("a")
    memory = Memory(onitu, "m", persist=str(onitu.directory / "memory.db"))
    (onitu["a"] / "sparse.bin").write_bytes(b"begin" + bytes(20 * MEBIBYTE) + b"end")
    onitu.once()
    del onitu.services["a"]
    onitu.add("b")
    core = onitu.serve()

    assert (onitu["b"] / "sparse.bin").stat().st_size == 20 * MEBIBYTE + 8
    assert room(onitu["b"] / "sparse.bin") <= 2 * MEBIBYTE
    assert memory.tree()["sparse.bin"].digest == onitu.tree("b")["sparse.bin"].digest
    assert core.stop() == 0


@pytest.mark.parametrize("live", [False, True], ids=["offline", "live"])
def test_hard_links_are_two_files(new_setup: Setups, *, live: bool) -> None:
    """F6: two names of one file are two files; what is written through one is seen at both, and all agree."""
    onitu = new_setup("a", "b")
    one, two = write(onitu["a"] / "one.txt", "content"), onitu["a"] / "d/two.txt"
    two.parent.mkdir()
    two.hardlink_to(one)
    core = onitu.serve()
    if not live:
        assert core.stop() == 0
    with one.open("a") as stream:
        stream.write(", written in place")
    if live:
        onitu.converge(core)
    else:
        onitu.once()

    assert (onitu["b"] / "d/two.txt").read_text() == "content, written in place"
    assert onitu.apart() == []
    assert one.stat().st_ino == two.stat().st_ino
    assert (onitu["b"] / "one.txt").stat().st_ino != (onitu["b"] / "d/two.txt").stat().st_ino
    if live:
        assert core.stop() == 0


@pytest.mark.parametrize("live", [False, True], ids=["offline", "live"])
def test_a_renamed_hard_link_moves_alone(new_setup: Setups, *, live: bool) -> None:
    """P18: of two names of one file only the one that was renamed is renamed elsewhere, and nothing is copied."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "one.txt", "content")
    for name in ("two", "three"):
        os.link(onitu["a"] / "one.txt", onitu["a"] / f"{name}.txt")
    core = onitu.serve()
    before = onitu.tree("b")
    if not live:
        assert core.stop() == 0
    (onitu["a"] / "two.txt").rename(onitu["a"] / "moved.txt")
    if live:
        onitu.converge(core)
        assert core.stop() == 0
    else:
        onitu.once()

    after = onitu.tree("b")
    assert sorted(after) == ["moved.txt", "one.txt", "three.txt"]
    assert after["moved.txt"].inode == before["two.txt"].inode
    assert after["one.txt"].inode == before["one.txt"].inode
    assert onitu.apart() == []


def test_what_is_written_elsewhere_parts_two_names(new_setup: Setups) -> None:
    """F6, P1: a new content for one of two names leaves the other one as it was, on every service."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "one.txt", "content")
    os.link(onitu["a"] / "one.txt", onitu["a"] / "two.txt")
    onitu.once()
    write(onitu["b"] / "one.txt", "other content")
    onitu.once()

    assert onitu.apart() == []
    assert (onitu["a"] / "one.txt").read_text() == "other content"
    assert (onitu["a"] / "two.txt").read_text() == "content"
