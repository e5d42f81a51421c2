"""The benchmarks measure what they say, and count nothing that is not equal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from tests.benchmarks.data import fingerprint
from tests.benchmarks.measure import Cost
from tests.benchmarks.model import KIB, Files, Goal, Workload
from tests.benchmarks.once import after, append, first_copy, rename_directory
from tests.benchmarks.report import table
from tests.benchmarks.tools import BISYNC, CP, ONITU, RSYNC
from tests.benchmarks.workloads import F7, WORKLOADS


def test_all_sets_are_there() -> None:
    """F7: three sets of files, with two and three services, each a workload of `just bench f7`."""
    titles = {WORKLOADS[name].title for name in F7}

    sets = ("1,000 x 1 MiB", "100 x 10 MiB", "10 x 100 MiB")
    assert titles == {f"{files}, {services} services, first sync" for files in sets for services in (2, 3)}


def test_a_small_run_measures_and_compares(tmp_path: Path) -> None:
    """F7: files are copied to two targets, and the time counts because all three trees have one checksum."""
    results = first_copy(Files(count=3, size=1024 * KIB), (ONITU,), targets=2)(tmp_path, 1)

    (cost,) = results["onitu"]
    assert cost.seconds > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", [rename_directory, append])
def test_a_change_is_measured_and_compared(
    tmp_path: Path, change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """F2: what was in sync is changed, and the time counts because the change has arrived."""
    monkeypatch.setattr("tests.benchmarks.once.PAUSE", 0)

    results = after(Files(count=2, size=1024 * KIB), (RSYNC, BISYNC), change)(tmp_path, 1)

    assert {name: len(costs) for name, costs in results.items()} == {"rsync": 1, "bisync": 1}
    assert list(tmp_path.iterdir()) == []


def test_a_goal_beside_a_tool_that_is_missing_is_neither_reached_nor_missed() -> None:
    """F2: a peer that is not installed is said to be missing."""
    workload = Workload("w", lambda *_: {}, (Goal("≤ 1 x it", 1.0, "it"),))

    lines = list(table(workload, {"onitu": [Cost(1.0, 2.0, 0)], "rsync": [Cost(2.0, 1.0, 0)]}))

    assert "- goal ≤ 1 x it: not measured, it is not installed" in lines
    assert any("| rsync |" in line and line.endswith("| 0.50 | 2.00 |") for line in lines)


def test_a_copy_that_is_not_equal_counts_for_nothing(tmp_path: Path) -> None:
    """F7: checksums find a tool that copies nothing."""
    idle = attrs.evolve(CP, name="idle", command=lambda *_: ["true"])

    with pytest.raises(RuntimeError, match="unequal"):
        first_copy(Files(count=2, size=1024 * KIB), (idle,))(tmp_path, 1)


def test_checksums_see_every_difference(tmp_path: Path) -> None:
    """F7: another byte, another name, a missing file: each is another checksum."""
    places = [tmp_path / name for name in ("a", "b", "c", "d")]
    for place, (name, content) in zip(places, (("f", b"1"), ("f", b"2"), ("g", b"1"), ("f", b"1")), strict=True):
        place.mkdir()
        (place / name).write_bytes(content)

    digests = [fingerprint(place) for place in places]
    assert digests[0] == digests[3]
    assert len(set(digests)) == 3
