"""What runs at the server, run here: a program of its own that is told a directory (CONTRACT D10)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

PROGRAM = resources.files("onitu_ssh").joinpath("remote.py").read_text("utf-8")

Program = subprocess.Popen[bytes]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """Watches the test's directory, in which there is one directory already."""
    (tmp_path / "old").mkdir()
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert _record(running) == b"ready"
        yield running
        running.kill()


def _record(program: Program) -> bytes:
    assert program.stdout is not None
    record = b""
    while (byte := program.stdout.read(1)) not in {b"\0", b""}:
        record += byte
    return record


def _told(program: Program) -> list[tuple[int, bytes]]:
    """Returns everything it tells of what has happened."""
    assert program.stdin is not None
    program.stdin.write(b"mark\n")
    program.stdin.flush()
    told = []
    while (record := _record(program)) != b"= mark":
        assert record
        mask, _, path = record.partition(b" ")
        told.append((int(mask, 16), path))
    return told


def test_any_name_is_told_and_what_is_onitus_is_not(program: Program, tmp_path: Path) -> None:
    """D10: bytes are told as they are; `.onitu` is nobody's business."""
    name = os.fsdecode(b"-a '\n\xff\"")
    (tmp_path / name).touch()
    (tmp_path / ".onitu").mkdir()
    (tmp_path / ".onitu/staged").touch()
    assert {path for _, path in _told(program)} == {os.fsencode(name)}


def test_new_and_renamed_directories_are_watched_under_their_names(program: Program, tmp_path: Path) -> None:
    """D10: what happens in a directory is told under the name it has by then, and after the directory itself."""
    (tmp_path / "new/below").mkdir(parents=True)
    assert (0x4000_0100, b"new") in _told(program)
    (tmp_path / "new/below/file").touch()
    assert {path for _, path in _told(program)} == {b"new/below/file"}
    (tmp_path / "new").rename(tmp_path / "old/moved")
    assert [path for _, path in _told(program)] == [b"new", b"old/moved"]
    (tmp_path / "old/moved/below/file").unlink()
    assert {path for _, path in _told(program)} == {b"old/moved/below/file"}


def test_a_directory_that_was_removed_and_made_again_is_watched(program: Program, tmp_path: Path) -> None:
    """D10: a name that comes back is watched as any new one."""
    for _ in range(3):
        (tmp_path / "old").rmdir()
        (tmp_path / "old").mkdir()
    _told(program)
    (tmp_path / "old/file").touch()
    assert {path for _, path in _told(program)} == {b"old/file"}


def test_what_leaves_is_watched_no_longer(program: Program, tmp_path: Path) -> None:
    """D10: a directory that was renamed to elsewhere is somebody else's; links are never followed."""
    outside = tmp_path.with_name(f"{tmp_path.name}-outside")
    (tmp_path / "old").rename(outside)
    (tmp_path / "link").symlink_to(outside)
    _told(program)
    (outside / "file").touch()
    assert _told(program) == []


def test_it_ends_with_its_input(program: Program) -> None:
    """F1: nobody who listens, nobody who tells."""
    assert program.stdin is not None
    program.stdin.close()
    assert program.wait(10) == 0


def test_it_ends_with_its_root(program: Program, tmp_path: Path) -> None:
    """D10: a root that is gone is not watched, and whoever asked for it finds out."""
    (tmp_path / "old").rmdir()
    tmp_path.rmdir()
    assert program.wait(10) == 1
