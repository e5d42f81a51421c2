"""Whom a change of the setup concerns."""

from __future__ import annotations

from pathlib import Path

import pytest

from onitu.config import Setup, load_setup
from onitu.supervisor.changes import Changes, changes_between

SETUP = """
name: x
folders:
  one:
  two:
services:
  a: {driver: local_storage, root: a, folders: {one: , two: }}
  b: {driver: local_storage, root: b, folders: {one: , two: {mode: r}}}
  c: {driver: local_storage, root: c, folders: {two: {mode: none}}}
"""


def setup(directory: Path, *replaced: tuple[str, str]) -> Setup:
    """Returns the setup above with something replaced."""
    text = SETUP
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    path = directory / "onitu.yaml"
    path.write_text(text)
    return load_setup(path)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: x", "name: x", Changes()),
        ("name: x", "# remark\nname:   x", Changes()),
        ("root: a", "root: d", Changes(restarted=("a",))),
        ("driver: local_storage, root: a", "driver: memory", Changes(restarted=("a",))),
        ("{mode: r}", "{mode: rw}", Changes(restarted=("b",), folders=("two",))),
        ("{mode: r}", "{path: other, mode: r}", Changes(restarted=("b",), folders=("two",))),
        ("root: a", "velocity: 1, root: a", Changes()),
        ("root: a", "bandwidth: {up: 1M}, schedule: sat, root: a", Changes()),
        ("  one:\n", "  one: {conflict: newest}\n", Changes(folders=("one",))),
        ("  one:\n", "  one: {mode: r}\n", Changes(restarted=("a", "b"), folders=("one",))),
        ("  two:\n", "  two:\n  three:\n", Changes(folders=("three",))),
        ("{mode: none}", "{mode: w}", Changes(started=("c",), folders=("two",))),
        ("root: c", "root: d", Changes()),
        ("{mode: none}", "{mode: none, path: other}", Changes(folders=("two",))),
        ("  a: {driver", "  d: {driver", Changes(started=("d",), stopped=("a",), folders=("one", "two"))),
    ],
)
def test_changes_between(tmp_path: Path, old: str, new: str, expected: Changes) -> None:
    """F1: only a service whose driver is told something else begins a new life; one that is off never does."""
    assert changes_between(setup(tmp_path), setup(tmp_path, (old, new))) == expected


def test_who_begins_and_who_ends() -> None:
    """A service that is restarted does both."""
    changes = Changes(started=("n",), stopped=("o",), restarted=("r",))

    assert (changes.beginning, changes.ending) == (("n", "r"), ("o", "r"))
