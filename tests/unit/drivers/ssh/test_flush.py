"""Many files on the server's disk at once: what runs there, run here, and who asks it (CONTRACT F4)."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import cast

import pytest
from onitu_ssh import flush, write
from onitu_ssh import protocol as p
from onitu_ssh.channel import Lost
from onitu_ssh.flush import Flusher
from onitu_ssh.root import Root
from onitu_ssh.session import Control

from onitu.plug import Attributes, Upload
from tests.unit.drivers.ssh.server import Server, opened

PROGRAM = resources.files("onitu_ssh").joinpath("flusher.py").read_text("utf-8")


def test_every_file_is_answered_and_none_is_waited_for_in_vain(tmp_path: Path) -> None:
    """D8: what is gone or no file any more is told; a pipe is never opened to wait for somebody."""
    names = [os.fsdecode(b"a \xff\n"), "directory", "gone", "pipe", "link"]
    (tmp_path / names[0]).write_text("content")
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(names[0])
    asked = json.dumps([str(tmp_path / name) for name in names]).encode() + b"\n"

    command = [sys.executable, "-S", "-X", "utf8", "-c", PROGRAM]
    done = subprocess.run(command, input=asked * 2, capture_output=True, check=True, timeout=30)

    answers = [json.loads(record) for record in done.stdout.split(b"\0")[:-1]]
    assert answers == [[0, 0, errno.ENOENT, errno.EINVAL, errno.ELOOP]] * 2


class Disk:
    """A session that answers what it is told to, or ends.

    Attributes:
        batches: The paths it was asked for.
        failing: Names of files that it cannot say anything good of.
        ends: Whether it has ended.
    """

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.failing: set[str] = set()
        self.ends = False

    async def open(self, *_arguments: object, longest: int) -> Disk:
        """Begins."""
        assert longest
        return self

    def send(self, line: bytes) -> None:
        """Takes the paths."""
        self.batches.append(json.loads(line))

    async def record(self) -> bytes:
        """Answers the last."""
        await asyncio.sleep(0)
        if self.ends:
            raise Lost
        return json.dumps([5 if Path(path).name in self.failing else 0 for path in self.batches[-1]]).encode()

    async def close(self) -> None:
        """Ends."""


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """What every flusher asks."""
    disk = Disk()
    monkeypatch.setattr(flush, "Session", disk)
    return disk


def test_what_is_asked_for_meanwhile_goes_together(disk: Disk) -> None:
    """F7: a thousand files wait for the disk a few times, and each is told of itself."""
    disk.failing = {"13"}

    async def run() -> list[bool]:
        flusher = Flusher(cast("Control", None))
        return [
            held for (held,) in await asyncio.gather(*(flusher.flush([b"/%d" % number]) for number in range(1_000)))
        ]

    assert asyncio.run(run()) == [number != 13 for number in range(1_000)]
    assert max(map(len, disk.batches)) == 200
    assert len(disk.batches) <= 6


def test_a_program_that_has_ended_is_asked_no_more(disk: Disk) -> None:
    """D8: nobody waits for it, and nothing counts as held that it did not answer for."""
    disk.ends = True

    async def run() -> list[list[bool]]:
        flusher = Flusher(cast("Control", None))
        first = await asyncio.gather(*(flusher.flush([b"/a", b"/b"]) for _ in range(200)))
        disk.ends = False
        return [*first, await flusher.flush([b"/c"])]

    assert all(answer in ([False, False], [False]) for answer in asyncio.run(run()))
    assert len(disk.batches) == 1


def test_what_the_program_does_not_answer_for_is_waited_for_by_sftp(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F4: no name leads to a file that is not on the disk, and `sync` leaves none out."""

    async def run(ends: bool) -> list[str]:
        disk.ends = ends
        root, there = await opened(tmp_path / "there", server := Server())
        _give_shell(root, monkeypatch)
        for name in ("a", "b"):
            upload = Upload(path=name, expected=None, size=1, attributes=Attributes())
            (tmp_path / "there" / name).unlink(missing_ok=True)
            await write.upload(root, upload, b"x")
        await write.sync(root)
        assert there.server is server
        return [path for request, path in server.asked if request == p.FSYNC]

    assert asyncio.run(run(ends=False)) == []
    assert sum(map(len, disk.batches)) == 4
    by_sftp = asyncio.run(run(ends=True))
    assert len(by_sftp) == 4
    assert [Path(path).name for path in by_sftp[2:]] == ["a", "b"]


def _give_shell(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    class Shell:
        flusher = Flusher(cast("Control", None))

    async def shell() -> Shell:
        return Shell()

    monkeypatch.setattr(root, "shell", shell)
