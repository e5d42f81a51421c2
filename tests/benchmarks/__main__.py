"""`python -m tests.benchmarks [WORKLOAD...]`: measures, and prints tables with ratios."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.far import FAR
from tests.benchmarks.report import as_json, flushes, machine, table
from tests.benchmarks.ssh import SSH
from tests.benchmarks.workloads import DEFAULT, F7, WORKLOADS, Results, f7_workloads, missing_tools

ROUNDS = 3

#: Workloads that one word names.
GROUPS = {"f7": F7, "ssh": tuple(SSH), "far": tuple(FAR)}


def main() -> int:
    """Measures what the command line names.

    Returns:
        The exit code: 1 if a tool is missing. A missed goal is in the table, and no failure.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Onitu beside rsync and rclone.")
    names = (*WORKLOADS, *SSH, *FAR, *GROUPS)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"of {', '.join(names)}")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the files of f7 (default: all)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="counted rounds (default: %(default)s)")
    parser.add_argument("--directory", type=Path, default=Path(tempfile.gettempdir()), help="where the work lies")
    parser.add_argument("--json", action="store_true", help="print every run instead of tables")
    arguments = parser.parse_args()
    workloads = {**WORKLOADS, **f7_workloads(arguments.scale), **SSH, **FAR}
    wanted = [name for given in arguments.workloads or DEFAULT for name in GROUPS.get(given, (given,))]
    if unknown := set(wanted) - workloads.keys():
        parser.error(f"no such workload: {', '.join(sorted(unknown))}; there are {', '.join((*workloads, *GROUPS))}")
    if missing := missing_tools():
        print(f"install {', '.join(missing)} first", file=sys.stderr)
        return 1
    # So that what is mounted is unmounted, and what runs is ended.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    results: dict[str, Results] = {}
    if not arguments.json:
        print(machine(arguments.directory), "\n".join(flushes()), sep="\n\n", flush=True)
    for name in wanted:
        results[name] = workloads[name].run(arguments.directory, arguments.rounds)
        if not arguments.json:
            print("\n".join(table(workloads[name], results[name])), flush=True)
    if arguments.json:
        print(json.dumps(as_json(results), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
