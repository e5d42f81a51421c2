"""What lists everything at the server, run here, beside the same by SFTP (CONTRACT D10)."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path

import pytest
from onitu_ssh import observe, tree
from onitu_ssh.observe import Entries
from onitu_ssh.root import Root
from onitu_ssh.shell import PYTHON

from onitu.plug import Present, Unavailable
from tests.unit.drivers.ssh.server import Server, opened

PROGRAM = resources.files("onitu_ssh").joinpath("lister.py").read_text("utf-8")

Listed = list[tuple[str, int, Entries]]


class Shell:
    """A shell whose sessions have this said: what the program says of a directory of this host, if nothing else."""

    watcher = PYTHON
    control = None

    def __init__(self, place: Path) -> None:
        command = [sys.executable, "-S", "-X", "utf8", "-c", PROGRAM, str(place)]
        its, ours = os.pipe()  # It ends where nobody holds the other end any more.
        os.write(ours, b"1\n")
        done = subprocess.run(command, stdin=its, capture_output=True, check=True, env={"LC_ALL": "C"})
        os.close(its)
        os.close(ours)
        self.records = done.stdout.split(b"\0")[:-1]
        self.closed = 0

    async def open(self, *_arguments: object, longest: int) -> Shell:
        """Begins a session."""
        assert longest >= max(map(len, self.records))
        return self

    def send(self, data: bytes) -> None:
        """Takes a number."""
        assert data.endswith(b"\n")

    async def record(self) -> bytes:
        """Says the next one."""
        return self.records.pop(0)

    async def close(self) -> None:
        """Ends the session."""
        self.closed += 1


async def _list(root: Root, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Listed:
    async def shell_of_root() -> Shell:
        return shell

    monkeypatch.setattr(root, "shell", shell_of_root)
    monkeypatch.setattr(tree, "Session", shell)
    numbers = itertools.count(1)
    try:
        return [listed async for listed in tree.list_tree(root, lambda: next(numbers))]
    finally:
        assert shell.closed == 1


def _fill(place: Path) -> None:
    (place / "a/deep/er").mkdir(parents=True)
    (place / "a-b").mkdir()
    (place / ".onitu").mkdir()
    bad = place / os.fsdecode(b"bad\xff")
    bad.mkdir()
    (bad / "below").write_text("nobody can say where")
    (place / "a" / "quote\"\n'ü").write_text("x" * 12)
    (place / "a/deep/run").write_text("#!")
    (place / "a/deep/run").chmod(0o755)
    (place / "a-b/just now").write_text("")
    os.mkfifo(place / "a-b/pipe")
    (place / "a-b/link").symlink_to("../a")
    os.utime(place / "a/deep/run", (1_000_000_000.75, 1_000_000_000.75))


def test_both_ways_of_listing_find_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D10, P2: revisions are those of SFTP, whoever lists: else every file would look edited."""
    _fill(tmp_path)

    async def both() -> tuple[dict[str, Entries], dict[str, Entries]]:
        root, _ = await opened(tmp_path, server := Server())
        told = {path: entries for path, _, entries in await _list(root, Shell(tmp_path), monkeypatch)}
        return told, {path: await observe.list_directory(root, server, path) for path in told}

    told, alone = asyncio.run(both())

    assert list(told) == ["", "a", "a/deep", "a/deep/er", "a-b"]
    for path, entries in alone.items():
        assert sorted(told[path], key=lambda entry: entry[0]) == sorted(entries, key=lambda entry: entry[0])


def test_many_entries_come_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D10: a directory is whole, however many pages it takes."""
    for number in range(2_500):
        (tmp_path / f"{number}").touch()

    async def listed() -> Listed:
        root, _ = await opened(tmp_path, Server())
        return await _list(root, Shell(tmp_path), monkeypatch)

    ((path, seq, entries),) = asyncio.run(listed())
    assert (path, seq) == ("", 1)
    assert {name for name, _ in entries} >= {str(number) for number in range(2_500)}


def test_what_could_not_be_listed_to_its_end_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P2: half of a directory is none; whoever asks for it alone is told why."""
    (tmp_path / "a").mkdir()

    async def listed() -> Listed:
        root, _ = await opened(tmp_path, Server())
        shell = Shell(tmp_path)
        half = [1, time.time(), "a", True, [["one", 0o100644, 1, 1, 0]]]
        torn = [1, time.time(), "a", False, None]
        shell.records[2:3] = [json.dumps(half).encode(), json.dumps(torn).encode()]
        return await _list(root, shell, monkeypatch)

    assert [path for path, _, _ in asyncio.run(listed())] == [""]


def test_what_waited_on_the_way_is_racy_as_when_it_was_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P2: a file that had just been modified when it was seen may have been once more, under the same revision."""
    now = int(time.time())
    entries = [["fresh", 0o100644, 1, now - 100, 0], ["old", 0o100644, 1, now - 200, 0]]

    async def listed() -> Listed:
        root, _ = await opened(tmp_path, Server())
        shell = Shell(tmp_path)
        shell.records[1] = json.dumps([1, time.time() - 100, "", False, entries]).encode()
        return await _list(root, shell, monkeypatch)

    ((_, _, found),) = asyncio.run(listed())
    assert [(name, state.racy) for name, state in found if isinstance(state, Present)] == [
        ("fresh", True),
        ("old", False),
    ]


def test_a_root_that_went_meanwhile_is_not_shown_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F6: a disk that is gone leaves an empty directory behind, in which nothing was deleted."""

    async def listed() -> Listed:
        root, _ = await opened(tmp_path / "disk", Server())
        (tmp_path / "disk").rename(tmp_path / "unmounted")
        (tmp_path / "disk").mkdir()
        return await _list(root, Shell(tmp_path / "disk"), monkeypatch)

    with pytest.raises(Unavailable):
        asyncio.run(listed())
