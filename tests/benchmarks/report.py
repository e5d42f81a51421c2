"""Measurements as tables a person can read, in Markdown."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.disk import describe
from tests.benchmarks.measure import Cost
from tests.benchmarks.workloads import MIB, WITH_FLOOR, Goal, Results, Workload

HEAD = ("tool", "median", "from", "to", "CPU", "memory", "onitu / tool", "in CPU")


def machine(directory: Path) -> str:
    """Describes what is measured on.

    Args:
        directory: Where the work lies.

    Returns:
        A line.
    """
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "?"
    )
    total = next((int(line.split()[1]) // 1024**2 for line in _lines("/proc/meminfo") if "MemTotal" in line), 0)
    return (
        f"{os.cpu_count()} x {model}, {total} GiB, Linux {platform.release()}, Python {platform.python_version()}; "
        f"{describe(directory)}. Each tool reads a warm source."
    )


def flushes() -> Iterator[str]:
    """Writes down what each tool has flushed to the disk when it ends."""
    yield "| tool | has flushed at its end |"
    yield "|---|---|"
    for tool in WITH_FLOOR:
        yield f"| {tool.name} | {tool.flushes} |"
    yield ""


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def table(workload: Workload, results: Results) -> Iterator[str]:
    """Writes one workload down.

    Args:
        workload: What was done.
        results: What it took.

    Returns:
        Lines.
    """
    ours, our_cpu = median(next(iter(results.values()))), _cpu(next(iter(results.values())))
    yield f"### {workload.title}"
    yield ""
    yield f"| {' | '.join(HEAD)} |"
    yield f"|---|{'---:|' * (len(HEAD) - 1)}"
    for name, costs in results.items():
        seconds = [cost.seconds for cost in costs]
        memory = max(cost.memory for cost in costs)
        cells = (
            name,
            _seconds(median(costs)),
            _seconds(min(seconds)),
            _seconds(max(seconds)),
            _seconds(_cpu(costs)) if _cpu(costs) else "",
            f"{memory / MIB:.0f} MiB" if memory else "",
            "" if name.startswith("onitu") else f"{ours / median(costs):.2f}",
            "" if name.startswith("onitu") or not _cpu(costs) else f"{our_cpu / _cpu(costs):.2f}",
        )
        yield f"| {' | '.join(cells)} |"
    yield ""
    for goal in workload.goals:
        if goal.tool is not None and goal.tool not in results:
            yield f"- goal {goal.text}: not measured, {goal.tool} is not installed"
            continue
        reached = "reached" if reaches(goal, results) else "**missed**"
        yield f"- goal {goal.text}: {reached}"
    yield ""


def median(costs: Sequence[Cost]) -> float:
    """Returns the median time of some runs."""
    return statistics.median(cost.seconds for cost in costs)


def _cpu(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.cpu for cost in costs)


def reaches(goal: Goal, results: Results) -> bool:
    """Returns whether the results reach a goal."""
    if goal.tool is not None:
        return median(results["onitu"]) <= goal.share * median(results[goal.tool])
    if goal.seconds:
        return median(results["onitu"]) <= goal.seconds
    if goal.limit > 1:
        return max(cost.memory for costs in results.values() for cost in costs) <= goal.limit
    return all(median(costs) <= goal.limit for costs in results.values())


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def as_json(results: Mapping[str, Results]) -> dict[str, Any]:
    """Turns all results into what `json.dumps` takes.

    Args:
        results: Workload to results.

    Returns:
        Workload to tool to a list of runs.
    """
    return {
        workload: {
            name: [{"seconds": cost.seconds, "cpu": cost.cpu, "memory": cost.memory} for cost in costs]
            for name, costs in by_tool.items()
        }
        for workload, by_tool in results.items()
    }
