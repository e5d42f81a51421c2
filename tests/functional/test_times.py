"""Modification times at the ends of what can be said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.functional import foreign
from tests.functional.harness import Setups
from tests.functional.trees import write

YEAR = 365 * 24 * 3600


@pytest.mark.parametrize("years", [-60, 400])
def test_a_file_of_another_century_is_carried(new_setup: Setups, years: int) -> None:
    """D5: a time beyond 64 bits of nanoseconds (2262) holds nobody up, on disks and for bytes that travel."""
    onitu = new_setup("a", "b")
    path = write(onitu["a"] / "file.txt", "content")
    os.utime(path, (0, years * YEAR))
    onitu.once()

    assert (onitu["b"] / "file.txt").read_text() == "content"
    assert onitu.once().log.transfers == []


def test_a_driver_may_report_any_time(new_setup: Setups, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D5: the same for a driver whose revisions are times."""
    foreign.install(tmp_path, monkeypatch)
    onitu = new_setup("a")
    root = foreign.add(onitu, "o", "shape01")
    path = write(root / "file.txt", "content")
    os.utime(path, (0, 400 * YEAR))
    onitu.once()

    assert (onitu["a"] / "file.txt").read_text() == "content"
