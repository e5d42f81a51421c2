"""New content reaches the other service, whole and once."""

from __future__ import annotations

import os
import time

import pytest

from tests.functional.driver.pairs import Pair, Way, needs
from tests.functional.processes import PAUSE
from tests.functional.targets import Ability
from tests.functional.trees import digest_of

MEBIBYTE = 1024 * 1024
LARGE = -1  # As large as the target says.
SIZES = [0, 1, 4096, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, LARGE]
NAMES = (
    "été/Übung.txt",
    "写真/日本語.txt",
    "עברית/файл.txt",
    "emoji 🎵/👩‍👩‍👧.txt",
    "decomposed cafe\u0301.txt",
    "spaces  in   a row.txt",
    "quotes '\" and $signs & `ticks`.txt",
    "[brackets] {braces} (parentheses) #hash %percent +plus ;semicolon.txt",
    "-dash",
    "back\\slash.txt",
    ".hidden/.file",
    "n" * 120 + ".txt",
)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "large" if size == LARGE else str(size))
def test_a_file_of_any_size_arrives_whole(live: Pair, way: Way, place: str, size: int) -> None:
    """F6 (copy empty; copy small; copy large): byte for byte, with one transfer, which is logged (F3)."""
    here, there = way
    size = live.tested.large if size == LARGE else size
    block = os.urandom(min(size, MEBIBYTE))
    content = (block * (size // max(len(block), 1) + 1))[:size]
    here.write(f"{place}/file.bin", content)
    live.agree(place, expected={"file.bin": here.tree()[f"{place}/file.bin"]})

    assert there.tree()[f"{place}/file.bin"].digest == digest_of(content)
    live.wait(lambda: live.core.log.named("transfer_finished", path=f"{place}/file.bin"), "it is logged")
    (transfer,) = live.core.log.named("transfer_finished", path=f"{place}/file.bin")
    assert (transfer["source"], transfer["service"]) == (here.name, there.name)
    here.delete(f"{place}/file.bin")


def test_a_growing_file_ends_equal(live: Pair, way: Way, place: str) -> None:
    """F6 (copy growing): a file that grows while it is copied shows only what it was at some moment, and ends equal."""
    here, there = way
    here.write(f"{place}/growing.log", b"")
    whole = {digest_of(b"")}
    content = b""
    shown = set()
    for number in range(12):
        line = b"%06d\n" % number * 20_000
        here.append(f"{place}/growing.log", line)
        content += line
        whole.add(digest_of(content))
        shown |= {entry.digest for path, entry in there.tree().items() if path == f"{place}/growing.log"}
        time.sleep(PAUSE)
    live.agree(place)

    assert there.tree()[f"{place}/growing.log"].digest == digest_of(content)
    assert shown <= whole


def test_many_small_files(live: Pair, way: Way, place: str) -> None:
    """F6 (copy directory): a tree of directories with many small files arrives as it is."""
    here, _ = way
    for number in range(150):
        here.write(f"{place}/{number % 7}/{number % 3}/{number}.txt", b"content %d" % number)
    live.agree(place, services=[here])
    wanted = live.held(here, place)
    live.agree(place, expected=wanted)

    assert len([entry for entry in wanted.values() if entry.kind == "file"]) == 150


def test_an_empty_directory(live: Pair, way: Way, place: str) -> None:
    """F6 (copy directory): a directory is something by itself, also with nothing in it."""
    needs(live.tested, Ability.EMPTY_DIRECTORIES)
    here, _ = way
    here.make_directory(f"{place}/empty/within")
    live.agree(place, expected=live.held(here, place))


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name(live: Pair, way: Way, place: str, name: str) -> None:
    """F6 (unicode names): names travel as they were given, letter for letter."""
    if "\\" in name:
        needs(live.tested, Ability.BACKSLASH)
    here, there = way
    here.write(f"{place}/{name}", name.encode())
    live.agree(place, expected=live.held(here, place))

    assert there.tree()[f"{place}/{name}"].digest == digest_of(name)


def test_attributes_travel(live: Pair, way: Way, place: str) -> None:
    """F6 (copy small): the executable bit comes along, and the time of the last change."""
    needs(live.tested, Ability.EXECUTABLE)
    here, there = way
    here.write(f"{place}/run.sh", b"#!/bin/sh\n")
    live.agree(place, expected=live.held(here, place))
    here.make_executable(f"{place}/run.sh")
    live.agree(place, expected=live.held(here, place))

    assert there.tree()[f"{place}/run.sh"].executable
    # Services keep times more or less precisely; none of them is off by seconds.
    times = [service.tree()[f"{place}/run.sh"].mtime_ns for service in way]
    assert abs(times[0] - times[1]) < 2_000_000_000
