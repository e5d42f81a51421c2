"""A large file on its way from one service to another, a chunk at a time."""

from __future__ import annotations

import json
import random

import psutil
from blake3 import blake3

from tests.functional.harness import Onitu
from tests.functional.memory import Memory
from tests.functional.processes import EVERYTHING, START, Core

MEBIBYTE = 1024 * 1024
#: Chunks of the file. The smallest file that goes in chunks has 16.
CHUNKS = 64 if EVERYTHING else 20
NAME = "large.bin"
CONTENT = random.Random(4).randbytes(CHUNKS * MEBIBYTE)


class Transfer:
    """A large file that travels from one memory service to another, held wherever a test wants.

    Args:
        onitu: The setup.
        source: The option `content` of the source.
        target: That of the target.
    """

    def __init__(self, onitu: Onitu, source: str, target: str) -> None:
        self.onitu = onitu
        self._journal = onitu.directory / "journal"
        self._faults = onitu.directory / "faults"
        self._faults.touch()
        self.source = Memory(onitu, "source", content=source, persist=str(onitu.directory / "source.kept"))
        self.target = Memory(
            onitu,
            "target",
            content=target,
            persist=str(onitu.directory / "target.kept"),
            staging=str(onitu.directory / "staging"),
            journal=str(self._journal),
            faults=str(self._faults),
        )
        # Each is itself again at every start: the target, still without the file, and then the source with it.
        core = onitu.serve()
        self.target.ask("save")
        assert core.stop() == 0
        block = onitu.services.pop("target")
        keep(onitu, self.source, CONTENT)
        onitu.services["target"] = block

    def staged(self) -> list[int]:
        """Returns the numbers of the chunks that the target has staged, in the order in which they came."""
        lines = self._journal.read_text("utf-8").splitlines() if self._journal.exists() else []
        chunks = [entry for entry in map(json.loads, lines) if entry["task"] == "upload_chunk"]
        assert all(entry["size"] == MEBIBYTE for entry in chunks)
        return [entry["offset"] // MEBIBYTE for entry in chunks]

    def hold_from_start(self, skip: int | None) -> None:
        """Has the next process of the target hold a chunk, after it has staged some."""
        fault = {"task": "upload_chunk", "skip": skip, "hold": True}
        self._faults.write_text("" if skip is None else json.dumps(fault) + "\n", "utf-8")

    def wait_held(self, core: Core, chunk: int) -> None:
        """Waits until the target holds a chunk."""

        def is_held() -> bool:
            try:
                return bool(self.target.ask("holding")["count"]) and len(self.staged()) == chunk
            except OSError:
                return False  # It is about to start.

        core.wait_until(is_held, f"chunk {chunk} is held", units=START)

    def kill(self, core: Core, service: str) -> None:
        """Kills the driver of a service and waits until another one has come."""
        before = core.log.named("service_started", service=service)
        psutil.Process(int(before[-1]["pid"])).kill()
        core.wait_until(
            lambda: len(core.log.named("service_started", service=service)) > len(before),
            f"{service} is started again",
            units=START,
        )

    def arrive(self, core: Core) -> None:
        """Waits until the file is there, and asserts that it is whole."""
        core.wait_for("transfer_finished", service="target", path=NAME, units=START)
        assert self.target.tree()[NAME].digest == blake3(CONTENT).hexdigest()


def keep(onitu: Onitu, service: Memory, content: bytes) -> None:
    """Lets a memory service have the file from now on, whatever happens to its process."""
    core = onitu.serve()
    service.write(NAME, content)
    service.ask("save")
    assert core.stop() == 0
