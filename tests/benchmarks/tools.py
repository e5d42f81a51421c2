"""The programs that are compared: each brings a target directory to what a source directory holds."""

from __future__ import annotations

import os
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs
import yaml

from tests.benchmarks.data import HIDDEN
from tests.benchmarks.measure import Cost, measure


@attrs.frozen
class Tool(ABC):
    """What is compared.

    Attributes:
        name: In the report.
        flushes: What it has flushed to the disk when it ends.
        needs: The program it is, which may be missing.
    """

    name: str
    flushes: str = attrs.field(default="nothing", kw_only=True)
    needs: str = attrs.field(default="", kw_only=True)

    @property
    def is_there(self) -> bool:
        """Whether it can be run."""
        return not self.needs or shutil.which(self.needs) is not None

    @abstractmethod
    def run(self, source: Path, targets: Sequence[Path], data: Path) -> Cost:
        """Brings the targets to what the source holds.

        Args:
            source: Where from.
            targets: Where to; they exist.
            data: A directory that the tool keeps from run to run.

        Returns:
            What it took.
        """


@attrs.frozen
class Program(Tool):
    """A program that works on directories of this host.

    Attributes:
        command: Builds its command line from source, targets and a directory for its own data.
        many: Whether one run serves several targets; if not, it is run once for each and the costs add up.
    """

    command: Callable[[Path, Sequence[Path], Path], list[str]]
    many: bool = attrs.field(default=False, kw_only=True)

    def run(self, source: Path, targets: Sequence[Path], data: Path) -> Cost:
        """Brings the targets to what the source holds."""
        costs = []
        for number, group in enumerate([targets] if self.many else [[target] for target in targets]):
            its_data = data if number == 0 else data.with_name(f"{data.name}-{number}")
            its_data.mkdir(exist_ok=True)
            costs.append(measure(self.command(source, group, its_data), environment(its_data), its_data / "log"))
        return Cost(
            seconds=sum(cost.seconds for cost in costs),
            cpu=sum(cost.cpu for cost in costs),
            memory=max(cost.memory for cost in costs),
        )


def environment(data: Path) -> Mapping[str, str]:
    """Builds the environment of a tool: nothing of the user's settings.

    Args:
        data: Its home.

    Returns:
        The environment.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("ONITU_", "RCLONE_", "XDG_"))}
    return {**inherited, "HOME": str(data), "RCLONE_CONFIG": "", "UNISON": str(data / "unison")}


def write_setup(source: Path, targets: Sequence[Path], data: Path) -> Path:
    """Writes the setup for Onitu: one folder on local services, all of them read and written.

    Args:
        source: Root of the first service.
        targets: Roots of the others.
        data: Where the file goes.

    Returns:
        The file.
    """
    roots = {"source": source, **{f"target{number}": target for number, target in enumerate(targets, 1)}}
    services = {
        name: {"driver": "local_storage", "root": str(root), "folders": {"docs": {"path": "."}}}
        for name, root in roots.items()
    }
    file = data / "onitu.yaml"
    file.write_text(yaml.safe_dump({"name": "benchmark", "folders": {"docs": None}, "services": services}), "utf-8")
    return file


def serve_command(setup: Path, *arguments: str) -> list[str]:
    """Builds the command line of `onitu serve`.

    Args:
        setup: The setup file; the data directory lies beside it.
        arguments: Further arguments.

    Returns:
        The command line.
    """
    place = ["-c", str(setup), "--data-dir", str(setup.parent / "data"), "--log-format", "json"]
    return [sys.executable, "-m", "onitu", "serve", *place, *arguments]


def forget(root: Path) -> None:
    """Takes away what Onitu keeps in a root, so that the next tool copies the user's files alone.

    Args:
        root: The root.
    """
    shutil.rmtree(root / HIDDEN, ignore_errors=True)


def rclone() -> str:
    """Returns the program `rclone`: the one beside this Python, or any."""
    beside = Path(sys.executable).with_name("rclone")
    return str(beside if beside.exists() else "rclone")


def _bisync(source: Path, targets: Sequence[Path], data: Path) -> list[str]:
    """Returns how rclone syncs both ways: what it knows of the last time has to be made first."""
    begun = data / "bisync"
    known = begun.is_dir() and any(begun.iterdir())
    both = ["bisync", str(source), str(targets[0]), "--workdir", str(begun)]
    return [rclone(), *both, *(["--force"] if known else ["--resync"])]


def _unison(source: Path, targets: Sequence[Path], _: Path) -> list[str]:
    """Returns how unison syncs without asking, and compares by time and size, as its manual has it for speed."""
    quick = ["-batch", "-silent", "-times", "-fastcheck", "true", "-confirmbigdel=false"]
    return ["unison", str(source), str(targets[0]), *quick]


ONITU = Program(
    "onitu",
    lambda source, targets, data: serve_command(write_setup(source, targets, data), "--once"),
    many=True,
    flushes="its records, with every commit; files not (`--once`; while it runs on, once a second)",
)
RSYNC = Program("rsync", lambda source, targets, _: ["rsync", "-a", "--delete", f"{source}/", f"{targets[0]}/"])
RSYNC_DELTA = Program(
    "rsync-delta",
    lambda source, targets, _: ["rsync", "-a", "--delete", "--no-whole-file", f"{source}/", f"{targets[0]}/"],
)
RCLONE = Program("rclone", lambda source, targets, _: [rclone(), "sync", str(source), str(targets[0])])
BISYNC = Program("bisync", _bisync)
UNISON = Program("unison", _unison, needs="unison")
CP = Program("cp", lambda source, targets, _: ["cp", "-a", f"{source}/.", str(targets[0])])
