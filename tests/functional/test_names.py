"""Names in any script and of any length, and entries that Onitu does not carry (issue, bullet 1; CONTRACT G16).

One setup holds them all; it is synced once while down and once more while running, and judged name by name.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.processes import Core
from tests.functional.trees import digest_of, snapshot, write, write_far

NAMES = (
    "plain.txt",
    "with space .txt",
    " leading space",
    "-rf",
    "--help",
    "~",
    "*?[a-z].txt",
    "back\\slash",
    "quo\"te's",
    "$HOME `id` ${x};&|",
    "new\nline",
    "tab\tand\rreturn",
    "bell\x07",
    "trailing dot.",
    "CON",
    "aux.txt",
    "...",
    ".hidden",
    "%2e%2e%2f",
    "c:colon",
    "日本語のファイル",
    "файл по-русски",
    "קובץ בעברית",
    "ملف عربي",
    "ไฟล์",
    "हिन्दी",
    "emoji 👩‍👩‍👧‍👦 🎵",
    "mathe𝔪atical",
    "caf\u00e9 one code point",
    "cafe\u0301 two code points",
    "\u202eright to left",
    "\ufeffbyte order mark",
    "\u200bzero width",
    "n" * 255,
    "é" * 127,
    "🎵" * 63,
)
FAR = [f"{number:02}" + "d" * 248 for number in range(20)]  # 5,000 bytes of directories: beyond 4,096.
#: Name to the kind of thing a local disk has and Onitu does not carry.
SPECIAL = ("link", "dangling", "linked directory", "fifo", "socket")


@attrs.frozen
class Outcome:
    """What came of it.

    Attributes:
        onitu: The setup.
        core: The run.
        where: Directory of the folder in which the names were made.
    """

    onitu: Onitu
    core: Core
    where: str


def make(place: Path) -> None:
    """Makes every name, as file and as directory, and everything that is not carried."""
    for name in NAMES:
        write(place / "files" / name, f"content of {name}")
        write(place / "directories" / name / "inside.txt", f"inside {name}")
    (place / "far").mkdir()
    write_far(place / "far", [*FAR, "f" * 250], b"far below")
    write(place / "special/plain.txt", "beside the others")
    for name, target in (("link", "plain.txt"), ("dangling", "nowhere"), ("linked directory", "/etc")):
        (place / "special" / name).symlink_to(target)
    os.mkfifo(place / "special/fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        # Bound by a short relative path: socket paths end at 107 bytes.
        before = Path.cwd()
        os.chdir(place / "special")
        listener.bind("socket")
        os.chdir(before)
    (place / "special" / os.fsdecode(b"not utf-8 \xff\xfe.txt")).write_bytes(b"cannot be named")


@pytest.fixture(scope="module", params=["offline", "live"])
def outcome(request: pytest.FixtureRequest, new_shared_setup: Setups) -> Iterator[Outcome]:
    """Syncs all of it, once by a run that finds it and once by a running core."""
    onitu = new_shared_setup("a", "b")
    if request.param == "offline":
        make(onitu["a"] / "place")
        yield Outcome(onitu, onitu.once(expect=None), "place")
    else:
        core = onitu.serve()
        make(onitu["a"] / "place")
        try:
            core.wait_until(lambda: carried(onitu["a"]) == carried(onitu["b"]), "everything that can be carried is")
        except AssertionError:
            pass  # Which name it was is for the tests to say.
        yield Outcome(onitu, core, "place")
        assert core.stop() == 0


def carried(root: Path) -> dict[str, str]:
    """Maps path to digest for everything but the entries that are not carried."""
    tree = snapshot(root)
    return {path: e.digest for path, e in tree.items() if e.kind != "other" and "not utf-8" not in path}


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:40])
def test_any_name_is_carried(outcome: Outcome, name: str) -> None:
    """Bullet 1: a name in any script, with any character and of up to 255 bytes arrives as it is spelled."""
    place = outcome.onitu["b"] / outcome.where

    assert (place / "files" / name).read_bytes() == f"content of {name}".encode()
    assert (place / "directories" / name / "inside.txt").read_bytes() == f"inside {name}".encode()


def test_paths_beyond_4096_bytes_are_carried(outcome: Outcome) -> None:
    """Bullet 1: a path longer than the kernel takes in one piece arrives."""
    tree = outcome.onitu.tree("b")
    path = "/".join([outcome.where, "far", *FAR, "f" * 250])

    assert len(path) > 5_000
    assert path in tree
    assert tree[path].digest == digest_of("far below")


@pytest.mark.parametrize("name", SPECIAL)
def test_special_entries_are_reported_and_left_alone(outcome: Outcome, name: str) -> None:
    """Issue "drivers": symbolic links, sockets and pipes are not synced; that is said with a reason."""
    path = f"{outcome.where}/special/{name}"

    assert not os.path.lexists(outcome.onitu["b"] / path)
    (event, *again) = outcome.core.log.about("file_ignored", path)
    assert event["reason"]
    assert again == []


def test_a_name_that_is_not_utf8_is_reported(outcome: Outcome) -> None:
    """Bullet 1: a name that is not UTF-8 crashes nothing, and is reported with what to do."""
    reports = [
        event
        for name in ("path_failed", "file_ignored")
        for event in outcome.core.log.named(name)
        if "not utf-8" in str(event.get("path"))
    ]

    assert reports
    assert "UTF-8" in str(reports[0].get("reason") or reports[0].get("error"))
    assert (outcome.onitu["b"] / outcome.where / "special/plain.txt").exists()


def test_no_link_is_followed(outcome: Outcome) -> None:
    """G16: nothing of what a link points at is on the other side."""
    names = {path.rsplit("/", 1)[-1] for path in outcome.onitu.tree("b")}

    assert "hostname" not in names
    assert "passwd" not in names


def test_a_link_in_the_destination_does_not_lead_out_of_the_root(new_setup: Setups) -> None:
    """G16: where a directory of the folder is a symbolic link in the destination, nothing is written through it."""
    onitu = new_setup("a", "b")
    outside = onitu.directory / "outside"
    outside.mkdir()
    (onitu["b"] / "directory").symlink_to(outside)
    write(onitu["a"] / "directory/file.txt", "must not get out")
    write(onitu["a"] / "other.txt", "goes on")
    onitu.once(expect=None)

    assert list(outside.iterdir()) == []
    assert (onitu["b"] / "directory").is_symlink()
    assert (onitu["b"] / "other.txt").read_text() == "goes on"


def test_the_hidden_directory_is_never_carried(new_setup: Setups) -> None:
    """DESIGN §3 "names": `.onitu` at the root belongs to each place and is not part of the folder."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "file.txt", "content")
    onitu.once()
    write(onitu["a"] / ".onitu/foreign.txt", "put there by somebody")
    run = onitu.once()

    assert not (onitu["b"] / ".onitu/foreign.txt").exists()
    assert run.log.transfers == []
