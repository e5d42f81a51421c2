"""How time and memory grow with the number of files: `python -m tests.benchmarks curves`."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from tests.benchmarks.daemons import ONITU as ONITU_SERVING
from tests.benchmarks.data import fingerprint
from tests.benchmarks.disk import fresh_disk
from tests.benchmarks.measure import Cost
from tests.benchmarks.model import MIB, Files
from tests.benchmarks.once import again
from tests.benchmarks.running import appearance
from tests.benchmarks.tools import ONITU, RCLONE, RSYNC, Tool, forget

SIZE = 100  # Bytes in a file: what a file costs is shown, and not what a byte does.
COUNTS = (1_000, 10_000, 100_000, 500_000)
CHANGES = 10  # Of which the latency is the median.
TOOLS = (ONITU, RSYNC, RCLONE)

MEMORY = 150 * MIB  # Most that the core may hold, however many files there are.


@attrs.frozen
class Point:
    """What a number of files took.

    Attributes:
        count: How many files.
        first: Tool to its first sync.
        nothing: Tool to its next run, which has nothing to do.
        change: Seconds until a new file appeared on the other side of a running Onitu, the median.
    """

    count: int
    first: Mapping[str, Cost]
    nothing: Mapping[str, Cost]
    change: float


def measure_curves(directory: Path, counts: Sequence[int] = COUNTS) -> list[Point]:
    """Measures trees of growing size, once each.

    Args:
        directory: Where the work lies.
        counts: Numbers of files.

    Returns:
        A point for each.

    Raises:
        RuntimeError: A copy is not equal.
    """
    return [_measure(directory, count) for count in counts]


def _measure(directory: Path, count: int) -> Point:
    first: dict[str, Cost] = {}
    nothing: dict[str, Cost] = {}
    with fresh_disk(directory) as disk:
        Files(count=count, size=SIZE).make(disk / "source")
        expected = fingerprint(disk / "source")
        for tool in reversed(TOOLS):
            (disk / "target").mkdir()
            (disk / "data").mkdir()
            first[tool.name], nothing[tool.name] = again(tool, disk), again(tool, disk)
            _assert_equal(tool, disk, expected)
            if tool is not ONITU:
                shutil.rmtree(disk / "target")
                shutil.rmtree(disk / "data")
        with ONITU_SERVING.serve(disk / "source", disk / "target", disk / "data"):
            times = [appearance(disk / "source", disk / "target", f"new {number}") for number in range(CHANGES)]
    return Point(count, first, nothing, statistics.median(times))


def _assert_equal(tool: Tool, disk: Path, expected: str) -> None:
    if tool is not ONITU:
        forget(disk / "source")
    if fingerprint(disk / "target") != expected:
        message = f"{tool.name} left the target unequal: its time counts for nothing"
        raise RuntimeError(message)


def curves_table(points: Sequence[Point]) -> Iterator[str]:
    """Writes the points down.

    Args:
        points: By number of files.

    Returns:
        Lines of Markdown.
    """
    names = [tool.name for tool in TOOLS]
    head = [
        "files",
        *(f"{name}, first sync" for name in names),
        *(f"{name}, nothing to do" for name in names),
        "core's memory",
        "a change appears",
    ]
    yield f"### from {points[0].count:,} to {points[-1].count:,} files of {SIZE} bytes"
    yield ""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---:|' * len(head)}"
    for point in points:
        memory = max(point.first["onitu"].memory, point.nothing["onitu"].memory)
        cells = (
            f"{point.count:,}",
            *(f"{point.first[name].seconds:.2f} s" for name in names),
            *(f"{point.nothing[name].seconds:.2f} s" for name in names),
            f"{memory / MIB:.0f} MiB",
            f"{point.change * 1000:.0f} ms",
        )
        yield f"| {' | '.join(cells)} |"
    yield ""
    most = max(cost.memory for point in points for cost in (point.first["onitu"], point.nothing["onitu"]))
    yield f"- goal ≤ {MEMORY // MIB} MiB in the core: {'reached' if most <= MEMORY else '**missed**'}"
    flat = points[-1].change <= 1.5 * points[0].change
    yield f"- goal a change among many appears as soon as among few: {'reached' if flat else '**missed**'}"
    yield ""


def draw(points: Sequence[Point], file: Path) -> None:
    """Draws the points: time of a first sync, of a run with nothing to do, and memory, over the number of files.

    Args:
        points: By number of files.
        file: The picture, SVG.
    """
    # It takes a second to import, and nothing else needs it.
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    panels: tuple[tuple[str, Callable[[Point, str], float]], ...] = (
        ("first sync, seconds", lambda point, name: point.first[name].seconds),
        ("nothing to do, seconds", lambda point, name: point.nothing[name].seconds),
        ("memory of the main process, MiB", lambda point, name: point.first[name].memory / MIB),
    )
    # The same points make the same file.
    with mpl.rc_context({"svg.hashsalt": "onitu", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(11, 3.4), layout="constrained")
        for axes, (title, value) in zip(figure.subplots(1, len(panels)), panels, strict=True):
            for tool in TOOLS:
                heights = [value(point, tool.name) for point in points]
                axes.plot([point.count for point in points], heights, marker="o", label=tool.name)
            axes.set(title=title, xlabel="files", xscale="log", yscale="log")
            axes.grid(visible=True, alpha=0.3)
            axes.legend()
        figure.savefig(file, format="svg", metadata={"Date": None})
