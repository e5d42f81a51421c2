"""Measurements as tables a person can read, in Markdown."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from tests.benchmarks.disk import describe
from tests.benchmarks.measure import Cost
from tests.benchmarks.model import MIB, Goal, Results, Workload
from tests.benchmarks.workloads import WITH_FLOOR

#: What marks the place of a report in a document.
BEGIN = "<!-- measured -->"
END = "<!-- end -->"

MANY = 20  # Runs from which on it is said how long 95 of 100 took.

HEAD = ("tool", "median", "from", "95 of 100 up to", "to", "CPU", "memory", "onitu / tool", "in CPU")


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
            _seconds(slowest(costs)) if len(costs) >= MANY else "",
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


def slowest(costs: Sequence[Cost]) -> float:
    """Returns how long 95 of 100 runs took at most."""
    return statistics.quantiles((cost.seconds for cost in costs), n=20, method="inclusive")[-1]


def _cpu(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.cpu for cost in costs)


def reaches(goal: Goal, results: Results) -> bool:
    """Returns whether the results reach a goal, in whichever direction Onitu worked."""
    ours = [costs for name, costs in results.items() if name.startswith("onitu")]
    if goal.slowest:
        return all(slowest(costs) <= goal.slowest for costs in ours)
    theirs = goal.share * median(results[goal.tool]) if goal.tool is not None else 0.0
    return all(median(costs) <= theirs + goal.seconds for costs in ours)


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def as_json(results: Results) -> dict[str, list[dict[str, float]]]:
    """Turns what a workload took into what `json.dumps` takes.

    Args:
        results: What it took.

    Returns:
        Tool to a list of runs.
    """
    return {name: [attrs.asdict(cost) for cost in costs] for name, costs in results.items()}


def publish(lines: Sequence[str], document: Path) -> None:
    """Puts a report into a document, in place of the one before.

    Args:
        lines: The report.
        document: The document.

    Raises:
        ValueError: The document has no place for it.
    """
    before, after = around(document)
    document.write_text("\n".join([before, "", *lines, after]), "utf-8")


def around(document: Path) -> tuple[str, str]:
    """Returns what stands around the place of a report in a document, with the two lines that mark it.

    Args:
        document: The document.

    Raises:
        ValueError: The document has no such lines.
    """
    before, begin, rest = document.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"{document} has no place for a report: a line {BEGIN} and one {END}"
        raise ValueError(message)
    return before + begin, end + after
