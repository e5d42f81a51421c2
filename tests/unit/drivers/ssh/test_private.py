"""Directories that only one process uses, and what is left of those of dead ones."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from onitu_ssh import private
from onitu_ssh.private import PrivateDirectory, remove_leftovers

_LEAVES_ONE = """
import os
from onitu_ssh.private import PrivateDirectory

place = PrivateDirectory()
(place.path / "password").write_text("secret")
print(place.path, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(private, "_SHORT", tmp_path / "short")
    yield
    tempfile.tempdir = None


def _aged(path: Path) -> Path:
    os.utime(path, (0, 0))
    return path


def test_what_a_killed_process_has_left_is_removed(tmp_path: Path) -> None:
    """F4: and what a living one uses stays, whatever its age."""
    left = Path(subprocess.run([sys.executable, "-c", _LEAVES_ONE], stdout=-1, text=True, check=False).stdout.strip())
    mine = PrivateDirectory()
    fresh = Path(tempfile.mkdtemp(prefix="onitu-ssh-"))
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "onitu-ssh-link").symlink_to(other)
    for path in (left, mine.path, other):
        _aged(path)

    remove_leftovers()

    assert {path.name for path in tmp_path.iterdir()} == {mine.path.name, fresh.name, "other", "onitu-ssh-link"}
    mine.remove()
    assert not mine.path.exists()


def test_a_path_that_is_too_long_for_a_socket_is_not_used(tmp_path: Path) -> None:
    """F3: where the usual place has a long name, the short one serves."""
    short = tmp_path / "short"
    short.mkdir()

    assert PrivateDirectory(longest=1).path.parent == short
    assert PrivateDirectory(longest=1000).path.parent == tmp_path
