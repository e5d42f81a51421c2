"""`python -m tests.benchmarks [WORKLOAD...]`: measures, and prints tables with ratios."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs

from tests.benchmarks.curves import curves_table, draw, measure_curves
from tests.benchmarks.far import FAR
from tests.benchmarks.report import around, as_json, flushes, machine, publish, table
from tests.benchmarks.ssh import SSH
from tests.benchmarks.workloads import DEFAULT, F7, WORKLOADS, f7_workloads, missing_tools

ROUNDS = 3

#: Workloads that one word names.
GROUPS = {"f7": F7, "ssh": tuple(SSH), "far": tuple(FAR)}

#: Where `--write` puts the tables and the picture.
DOCUMENT = Path(__file__).parents[2] / "docs" / "performance.md"
PICTURE = DOCUMENT.parent / "images" / "performance.svg"


def main() -> int:
    """Measures what the command line names.

    Returns:
        The exit code: 1 if a tool is missing. A missed goal is in the table, and no failure.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Onitu beside its peers.")
    names = (*WORKLOADS, "curves", *SSH, *FAR, *GROUPS)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"of {', '.join(names)}")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the files of f7 (default: all)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="counted rounds (default: %(default)s)")
    parser.add_argument("--directory", type=Path, default=Path(tempfile.gettempdir()), help="where the work lies")
    parser.add_argument("--json", action="store_true", help="print every run instead of tables")
    parser.add_argument("--write", action="store_true", help=f"put all tables into docs/{DOCUMENT.name} as well")
    arguments = parser.parse_args()
    wanted = [name for given in arguments.workloads or (*DEFAULT, "curves") for name in GROUPS.get(given, (given,))]
    if unknown := set(wanted) - set(names):
        parser.error(f"no such workload: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if arguments.write and (arguments.workloads or arguments.json):
        parser.error("--write replaces the whole report: it takes no WORKLOAD and no --json")
    if arguments.write:
        around(DOCUMENT)  # Before half an hour of work, and not after it.
    if missing := missing_tools():
        print(f"install {', '.join(missing)} first", file=sys.stderr)
        return 1
    # So that what is mounted is unmounted, and what runs is ended.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    if arguments.json:
        print(json.dumps(dict(measured_as_json(wanted, arguments)), indent=2))
        return 0
    lines: list[str] = []
    for line in measured(wanted, arguments):
        print(line, flush=True)
        lines.append(line)
    if arguments.write:
        publish(lines, DOCUMENT)
    return 0


def measured(wanted: list[str], arguments: argparse.Namespace) -> Iterator[str]:
    """Measures, and writes it down as it comes.

    Args:
        wanted: Names of workloads.
        arguments: Of the command line.

    Returns:
        Lines of Markdown.
    """
    workloads = {**WORKLOADS, **f7_workloads(arguments.scale), **SSH, **FAR}
    yield machine(arguments.directory)
    yield ""
    yield from flushes()
    for name in wanted:
        if name == "curves":
            points = measure_curves(arguments.directory)
            yield from curves_table(points)
            if arguments.write:
                draw(points, PICTURE)
                yield f"![the same as curves](images/{PICTURE.name})"
                yield ""
        else:
            yield from table(workloads[name], workloads[name].run(arguments.directory, arguments.rounds))


def measured_as_json(wanted: list[str], arguments: argparse.Namespace) -> Iterator[tuple[str, object]]:
    """Measures, and makes values for JSON of it.

    Args:
        wanted: Names of workloads.
        arguments: Of the command line.

    Returns:
        Name of a workload, what it took.
    """
    workloads = {**WORKLOADS, **f7_workloads(arguments.scale), **SSH, **FAR}
    for name in wanted:
        if name == "curves":
            yield name, [attrs.asdict(point) for point in measure_curves(arguments.directory)]
        else:
            yield name, as_json(workloads[name].run(arguments.directory, arguments.rounds))


if __name__ == "__main__":
    sys.exit(main())
