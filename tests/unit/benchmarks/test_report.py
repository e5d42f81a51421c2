"""What is measured is written down as it was, and judged by its goals."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.__main__ import DOCUMENT, main
from tests.benchmarks.curves import Point, curves_table
from tests.benchmarks.measure import Cost
from tests.benchmarks.model import MIB, Goal, Results
from tests.benchmarks.report import around, publish, reaches


def costs(*seconds: float) -> list[Cost]:
    """Returns what took so long."""
    return [Cost(each, 0.0, 0) for each in seconds]


@pytest.mark.parametrize(
    ("goal", "reached"),
    [
        (Goal("≤ 1.2 x cp + 0.6 s", 1.2, "cp", seconds=0.6), True),
        (Goal("≤ 1.2 x cp", 1.2, "cp"), False),
        (Goal("half within a second", seconds=1.0), True),
        (Goal("95 of 100 within 1.5 s", slowest=1.5), False),
    ],
)
def test_a_goal_is_a_share_or_a_time_or_both(goal: Goal, *, reached: bool) -> None:
    """F2: beside a peer, by the clock, and for the slowest of many."""
    results: Results = {"onitu": costs(*[1.0] * 18, 2.0, 2.0), "cp": costs(0.4, 0.4)}

    assert reaches(goal, results) is reached


def test_a_goal_is_reached_both_ways_or_not() -> None:
    """F2: what is slow on its way back is slow."""
    assert not reaches(Goal("", seconds=1.0), {"onitu": costs(0.5), "onitu back": costs(1.5)})


def test_a_report_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    """F2: what stands around it stays, and a second one replaces the first."""
    document = tmp_path / "performance.md"
    document.write_text("head\n<!-- measured -->\nold\n<!-- end -->\ntail\n")

    publish(["new"], document)
    publish(["newer"], document)

    assert document.read_text() == "head\n<!-- measured -->\n\nnewer\n<!-- end -->\ntail\n"


def test_the_page_has_a_place_for_the_report() -> None:
    """F2: what `just bench --write` has measured for half an hour is not lost."""
    before, after = around(DOCUMENT)

    assert before.startswith("# Performance")
    assert after.endswith("\n")


@pytest.mark.parametrize("arguments", [["small", "--write"], ["--json", "--write"]])
def test_a_part_of_the_report_does_not_take_the_place_of_all(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """F2: it is refused before anything is measured."""
    monkeypatch.setattr("sys.argv", ["benchmarks", *arguments])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert "--write" in capsys.readouterr().err


def test_a_document_without_a_place_is_left_alone(tmp_path: Path) -> None:
    """F2: nothing is written where nobody expects it."""
    document = tmp_path / "performance.md"
    document.write_text("head\n")

    with pytest.raises(ValueError, match="no place"):
        publish(["new"], document)
    assert document.read_text() == "head\n"


def test_memory_that_grows_and_changes_that_take_longer_are_said() -> None:
    """F2: the goals of the curves can be missed."""

    def point(count: int, memory: int, change: float) -> Point:
        cost = {name: Cost(1.0, 1.0, memory) for name in ("onitu", "rsync", "rclone")}
        return Point(count, cost, cost, change)

    lines = list(curves_table([point(10, 10 * MIB, 0.01), point(100, 200 * MIB, 0.1)]))

    assert [line for line in lines if line.startswith("- goal")] == [
        "- goal ≤ 150 MiB in the core: **missed**",
        "- goal a change among many appears as soon as among few: **missed**",
    ]
