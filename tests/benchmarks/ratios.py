"""`python -m tests.benchmarks.ratios`: nothing has become much slower, beside its peers, than what is recorded.

Machines are noisy, and ratios of one run less so than times: a ratio counts as worse only if it is in three runs of
three. `--record` writes down what one run of three rounds measures.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.benchmarks.model import KIB, Files, Results
from tests.benchmarks.once import first_copy, nothing_to_do
from tests.benchmarks.report import median
from tests.benchmarks.tools import ONITU, RCLONE, RSYNC

RECORDED = Path(__file__).with_name("ratios.json")
RUNS = 3
TOLD = 1.25  # From this multiple of what is recorded it is told,
WORSE = 2.0  # and from this one it is a failure.

#: Smaller than what `just bench` measures: start-up is a larger part of it.
WORK: Mapping[str, Callable[[Path, int], Results]] = {
    "2,000 x 4 KiB, first sync": first_copy(Files(count=2_000, size=4 * KIB), (ONITU, RSYNC, RCLONE)),
    "256 MiB, first sync": first_copy(Files(count=1, size=256 * 1024 * KIB), (ONITU, RSYNC, RCLONE)),
    "30,000 x 1 KiB, nothing to do": nothing_to_do(Files(count=30_000, size=KIB), (ONITU, RSYNC, RCLONE)),
}

#: "WORK / PEER" to Onitu's share of the peer's time.
Ratios = dict[str, float]


def main() -> int:
    """Measures and compares.

    Returns:
        The exit code: 1 if a ratio was worse than twice the recorded one each time.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ratios", description=__doc__)
    parser.add_argument("--record", action="store_true", help=f"write what is measured to {RECORDED.name}")
    parser.add_argument("--directory", type=Path, default=Path(tempfile.gettempdir()), help="where the work lies")
    arguments = parser.parse_args()
    if arguments.record:
        RECORDED.write_text(json.dumps(measure_ratios(arguments.directory, 3), indent=2) + "\n")
        return 0
    worse = compare(json.loads(RECORDED.read_text()), lambda: measure_ratios(arguments.directory, 1))
    for name in worse:
        print(f"worse than twice the recorded ratio in {RUNS} runs of {RUNS}: {name}", file=sys.stderr)
    return 1 if worse else 0


def measure_ratios(directory: Path, rounds: int) -> Ratios:
    """Measures all work once.

    Args:
        directory: Where it lies.
        rounds: Counted rounds of each.

    Returns:
        The ratios.
    """
    ratios: Ratios = {}
    for name, run in WORK.items():
        results = run(directory, rounds)
        ours = median(results[ONITU.name])
        for peer in (RSYNC.name, RCLONE.name):
            ratios[f"{name} / {peer}"] = round(ours / median(results[peer]), 2)
    return ratios


def compare(recorded: Ratios, measure: Callable[[], Ratios]) -> list[str]:
    """Measures until no ratio is worse than twice the recorded one, or three times.

    Args:
        recorded: What it was.
        measure: Measures all ratios.

    Returns:
        The names of those that were worse each time.

    Raises:
        KeyError: A ratio is not recorded.
    """
    worse = list(recorded)
    for turn in range(RUNS):
        measured = measure()
        for name, ratio in measured.items():
            share = ratio / recorded[name]
            mark = "  WORSE" if share > WORSE else "  slower" if share > TOLD else ""
            print(f"run {turn + 1}  {name}: {ratio:.2f}, recorded {recorded[name]:.2f}{mark}", flush=True)
        worse = [name for name in worse if measured[name] > WORSE * recorded[name]]
        if not worse:
            break
    return worse


if __name__ == "__main__":
    sys.exit(main())
