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


@pytest.mark.parametrize("seconds", [0, -1, -1.5, 2**31, 200 * YEAR], ids=["0", "-1", "-1.5", "2038", "far future"])
def test_a_time_is_carried_and_never_conflicts(new_setup: Setups, seconds: float) -> None:
    """P22, P3: 0, before 1970, beyond 2038 and far ahead are times like any other; a touch moves nothing."""
    onitu = new_setup("a", "b")
    time_ns = int(seconds * 1e9)
    for name in ("file.txt", "touched.txt"):
        path = write(onitu["a"] / name, f"content of {name}")
        os.utime(path, ns=(0, time_ns))
    onitu.once()
    assert (onitu["b"] / "file.txt").stat().st_mtime_ns == time_ns
    os.utime(onitu["b"] / "touched.txt", ns=(0, 5 * 10**17))
    os.utime(onitu["a"] / "touched.txt", ns=(0, -time_ns))
    write(onitu["b"] / "file.txt", "edited, which makes its time another one")
    os.utime(onitu["b"] / "file.txt", ns=(0, time_ns))
    run = onitu.once()

    assert [event["path"] for event in run.log.transfers] == ["file.txt"]
    assert (onitu["a"] / "file.txt").read_text() == "edited, which makes its time another one"
    assert onitu.tree("a").keys() == {"file.txt", "touched.txt"}
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
