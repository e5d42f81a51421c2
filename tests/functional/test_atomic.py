"""Directories that conflict as one, with real repositories (CONTRACT B11 `atomic`, PROPERTIES §1 rule 6)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.trees import write

_GIT = shutil.which("git")

pytestmark = pytest.mark.skipif(_GIT is None, reason="git is not installed")


def _git(place: Path, *arguments: str) -> str:
    """Runs git in a place, with nobody's configuration, and returns what it says."""
    environment = {"HOME": str(place), "GIT_CONFIG_NOSYSTEM": "1", "GIT_OPTIONAL_LOCKS": "0", "PATH": "/usr/bin:/bin"}
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "gc.auto=0")
    assert _GIT is not None
    done = subprocess.run(
        [_GIT, *who, *arguments], cwd=place, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def _commit(place: Path, name: str, content: str) -> str:
    """Commits a file and returns the commit."""
    write(place / name, content)
    _git(place, "add", name)
    _git(place, "commit", "-q", "-m", name)
    return _git(place, "rev-parse", "HEAD").strip()


def _shared(onitu: Onitu) -> None:
    """Has both services hold a repository of one commit."""
    place = onitu["a"] / "code"
    place.mkdir()
    _git(place, "init", "-q", "-b", "main")
    _commit(place, "first.txt", "first")


def _whole(place: Path, directory: str) -> set[str]:
    """Returns the commits of a repository in which nothing is missing or broken."""
    at = f"--git-dir={directory}"
    broken = _git(place, at, "fsck", "--full", "--strict", "--no-dangling")
    assert broken == ""
    return set(_git(place, at, "log", "--format=%H").split())


def _copies(place: Path) -> list[str]:
    return [entry.name for entry in place.iterdir() if entry.name.startswith(".git (conflict ")]


def test_a_repository_follows(new_setup: Setups) -> None:
    """B11, P5: commits on one service at a time arrive on the other, in both directions, and nothing is a conflict."""
    onitu = new_setup("a", "b")
    _shared(onitu)
    core = onitu.serve()
    one = _commit(onitu["a"] / "code", "second.txt", "second")
    onitu.converge(core)
    two = _commit(onitu["b"] / "code", "third.txt", "third")
    onitu.converge(core)

    for name in ("a", "b"):
        assert {one, two} < _whole(onitu[name] / "code", ".git")
        assert _copies(onitu[name] / "code") == []
        assert _git(onitu[name] / "code", "status", "--porcelain") == ""


def test_two_commits_at_the_same_time(new_setup: Setups) -> None:
    """B11, P8: both services have committed since they met: each repository is kept whole, on both, never a mix."""
    onitu = new_setup("a", "b")
    _shared(onitu)
    onitu.once()
    ours = {name: _commit(onitu[name] / "code", f"{name}.txt", f"of {name}") for name in ("a", "b")}
    before = {name: _whole(onitu[name] / "code", ".git") for name in ("a", "b")}
    onitu.once()
    onitu.once()

    for name in ("a", "b"):
        place = onitu[name] / "code"
        copies = _copies(place)
        assert len(copies) == 1
        found = [_whole(place, ".git"), _whole(place, copies[0])]
        assert sorted(found, key=sorted) == sorted(before.values(), key=sorted)
        _git(place, "fetch", "-q", str(place / copies[0]))
        assert _git(place, "cat-file", "-t", ours["a"]) == _git(place, "cat-file", "-t", ours["b"]) == "commit\n"
    assert onitu.tree("a").keys() >= {"code/a.txt", "code/b.txt"}


def test_it_can_be_switched_off(new_setup: Setups) -> None:
    """B11: with an empty list every file is merged by itself."""
    onitu = new_setup("a", "b")
    onitu.folders["docs"] = {"atomic": []}
    write(onitu["a"] / ".git/one", "one")
    onitu.once()
    write(onitu["a"] / ".git/of a", "a")
    write(onitu["b"] / ".git/of b", "b")
    onitu.once()

    assert onitu.tree("a") == onitu.tree("b")
    assert onitu.tree("a").keys() == {".git", ".git/one", ".git/of a", ".git/of b"}
