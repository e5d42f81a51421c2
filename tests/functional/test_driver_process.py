"""The life of a real driver process, the memory driver's, from its start to its end or its core's."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog
import trio

from onitu.core.capability import Mode
from onitu.core.manifest import OptionValue
from onitu.core.model import Absent, Delete, MakeDirectory, Move, Observation, Operation, Present, Upload, Write
from onitu.errors import RevisionMismatch, Unauthenticated
from onitu.host.client import DriverClient
from onitu.host.process import DriverDied, DriverProcess, open_client, run_driver
from onitu.host.runtime import runtime_directory
from onitu.host.settings import Mapping, RootState, Settings
from onitu.host.spawn import driver_command
from onitu.host.stream import Batch, Report, SnapshotBegan, SnapshotEnded, WatchStream
from onitu.rpc.transport import connect
from tests.functional.processes import START, STOP, UNIT, wait_until

OPTIONS: dict[str, OptionValue] = {"persist": None, "native_ids": True, "control": None}
FOLDER = Mapping(name="docs", path=".", mode=Mode.READ_WRITE)
SETTINGS = Settings(service="mem", setup_id="test", generation=1, options=OPTIONS, folders=(FOLDER,))
KIB = 1024
MIB = 1024 * KIB

# A core in miniature: starts two drivers, says their pids, and never ends.
CORE = """
import sys, time
from pathlib import Path
from onitu.host.spawn import driver_command, spawn
started = [spawn(driver_command("memory"), Path(sys.argv[1])) for _ in range(2)]
print(*[spawned.process.pid for spawned in started], flush=True)
while True:
    time.sleep(60)
"""


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A directory for sockets."""
    with runtime_directory() as directory:
        yield directory


@asynccontextmanager
async def running(runtime: Path, *, driver: str = "memory") -> AsyncIterator[tuple[DriverProcess, DriverClient]]:
    """Runs a driver and connects to it, all within a deadline."""
    log = structlog.get_logger()
    with trio.fail_after((START + STOP) * UNIT):
        async with (
            run_driver(driver_command(driver), runtime_dir=runtime, service="mem", log=log) as process,
            open_client(process) as client,
        ):
            yield process, client


@asynccontextmanager
async def configured(runtime: Path) -> AsyncIterator[DriverClient]:
    """Runs the memory driver with one folder."""
    async with running(runtime) as (_, client):
        await client.configure(SETTINGS)
        yield client


def done(results: list[Observation | Exception]) -> list[Observation]:
    """Returns the results, all of which must be good."""
    assert [result for result in results if not isinstance(result, Observation)] == []
    return [result for result in results if isinstance(result, Observation)]


def write(path: str, content: bytes) -> Write:
    """Returns the operation that makes a new file."""
    return Write(Upload(path=path, expected=None, size=len(content)), content)


def revision_of(observation: Observation) -> str:
    """Returns what was seen there."""
    assert isinstance(observation.state, Present)
    return observation.state.revision


async def take_all(stream: WatchStream, reports: list[Report]) -> None:
    """Receives, and acknowledges, until the stream ends."""
    while True:
        report = await stream.receive()
        reports.append(report)
        if isinstance(report, Batch):
            await stream.acknowledge(report.number)


def names(directory: Path) -> list[str]:
    """Returns what is in a directory."""
    return [path.name for path in directory.iterdir()]


def alive(pid: int) -> bool:
    """Returns whether a process exists and is no zombie."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return False


class TestStart:
    """From the start of a process to a client that may call it."""

    async def test_serves_the_contract(self, runtime: Path) -> None:
        """A started driver says what it is, takes its settings and reports its root (CONTRACT W1)."""
        async with running(runtime) as (_, client):
            manifest = await client.manifest()
            answer = await client.configure(SETTINGS)
            healthy = await client.check()

        assert manifest.name == "memory"
        assert answer.folders["docs"].root_state is RootState.OK
        assert answer.capabilities.apply_batch
        assert healthy

    async def test_lets_nobody_else_in(self, runtime: Path) -> None:
        """A call without the token is refused, health included (CONTRACT G20)."""
        async with running(runtime) as (process, _):
            for token in (None, "0" * 64):
                async with connect(process.target, token=token) as connection:
                    with pytest.raises(Unauthenticated):
                        await connection.check(timeout=START * UNIT)
                    with pytest.raises(Unauthenticated):
                        await DriverClient(connection).manifest()

    async def test_says_why_a_driver_cannot_start(self, runtime: Path) -> None:
        """A driver that is not installed ends with a reason that names it."""
        with pytest.raises(DriverDied, match="no-such-driver"):
            async with running(runtime, driver="no-such-driver"):
                pass


class TestCalls:
    """Calls with the values of the core, over a real connection."""

    async def test_apply_operations(self, runtime: Path) -> None:
        """A thousand files in one call; then each kind of operation, done or refused."""
        async with configured(runtime) as client:
            files: list[Operation] = [write(f"{number:04}", b"%d" % number) for number in range(1000)]
            written = done([*await client.apply("docs", files)])
            operations: list[Operation] = [
                MakeDirectory("d"),
                Move("0000", revision_of(written[0]), "d/moved"),
                Delete("0001", revision_of(written[1])),
                Delete("0002", "another revision"),
            ]
            results = await client.apply("docs", operations)
            seen = await client.stat("docs", ["0000", "d/moved", "0001", "0002"])

        assert isinstance(results[3], RevisionMismatch)
        assert [type(observation.state) for observation in seen] == [Absent, Present, Absent, Present]

    async def test_read_and_write_files(self, runtime: Path) -> None:
        """What is uploaded is what is read, whole, from an offset, many at once and by wrong revision."""
        content = os.urandom(5 * MIB + 7)

        async def source() -> AsyncIterator[bytes]:
            for begin in range(0, len(content), 300 * KIB):
                await trio.lowlevel.checkpoint()
                yield content[begin : begin + 300 * KIB]

        async with configured(runtime) as client:
            uploaded = await client.upload("docs", Upload(path="big", expected=None, size=len(content)), source())
            revision = revision_of(uploaded)
            async with client.get_file("docs", "big", revision, size=len(content)) as chunks:
                whole = b"".join([chunk async for chunk in chunks])
            async with client.get_file("docs", "big", revision, offset=MIB) as chunks:
                rest = b"".join([chunk async for chunk in chunks])
            small = done([*await client.apply("docs", [write(str(number), b"%d" % number) for number in range(50)])])
            asked = [(observation.path, revision_of(observation)) for observation in small]
            async with client.get_files("docs", [*asked, ("big", "another revision")]) as fetched:
                contents = [item async for item in fetched]

        assert whole == content
        assert rest == content[MIB:]
        assert contents[:-1] == [b"%d" % number for number in range(50)]
        assert isinstance(contents[-1], RevisionMismatch)

    async def test_watch_a_folder(self, runtime: Path) -> None:
        """A snapshot lists everything, and then a change comes by itself."""
        async with configured(runtime) as client:
            done([*await client.apply("docs", [MakeDirectory("d"), write("d/a", b"1")])])
            seen: list[Observation] = []
            async with client.watch("docs", cursor=None, live=True, fingerprints=[]) as stream:
                kinds = []
                while SnapshotEnded not in kinds:
                    report = await stream.receive()
                    kinds.append(type(report))
                    if isinstance(report, Batch):
                        seen += report.observations
                        await stream.acknowledge(report.number)
                done([*await client.apply("docs", [write("d/b", b"2")])])
                live = ""
                while live != "d/b":
                    report = await stream.receive()
                    if isinstance(report, Batch) and report.observations:
                        live = report.observations[-1].path

        assert kinds.index(SnapshotBegan) < kinds.index(Batch) < kinds.index(SnapshotEnded)
        assert {observation.path for observation in seen} == {"d", "d/a"}

    async def test_end_a_snapshot_that_is_not_live(self, runtime: Path) -> None:
        """The stream ends after the snapshot, and what is equal by fingerprint is not sent."""
        async with configured(runtime) as client:
            done([*await client.apply("docs", [write(f"{number}", b"x") for number in range(2500)])])
            reports: list[Report] = []
            async with client.watch("docs", cursor=None, live=False, fingerprints=[("", bytes(16))]) as stream:
                with pytest.raises(trio.EndOfChannel):
                    await take_all(stream, reports)

        batches = [report for report in reports if isinstance(report, Batch)]
        assert sum(len(batch.observations) for batch in batches) == 2500
        assert [listing[:3] for batch in batches for listing in batch.listings] == [("", True, "")]
        assert isinstance(reports[-1], SnapshotEnded)


class TestEnd:
    """The end of a process, wanted or not."""

    async def test_leaves_nothing_behind(self, runtime: Path) -> None:
        """A driver that was closed is gone, and its socket with it."""
        async with running(runtime) as (process, client):
            await client.configure(SETTINGS)

        assert not alive(process.pid)
        assert names(runtime) == []

    async def test_is_noticed_when_nobody_wanted_it(self, runtime: Path) -> None:
        """Kill -9 of a driver ends what was waiting for it, at once and with the reason."""
        killed = 0.0

        async def watch() -> None:
            nonlocal killed
            async with running(runtime) as (process, client):
                await client.configure(SETTINGS)
                async with client.watch("docs", cursor=None, live=True, fingerprints=[]) as stream:
                    os.kill(process.pid, 9)
                    killed = time.monotonic()
                    await take_all(stream, [])

        with pytest.raises(DriverDied, match="SIGKILL") as caught:
            await watch()

        assert caught.value.returncode == -9
        assert time.monotonic() - killed < 2 * UNIT

    def test_comes_with_the_end_of_the_core(self, runtime: Path) -> None:
        """Kill -9 of the core ends all of its drivers: none holds another one's stdin open."""
        core = subprocess.Popen(
            [sys.executable, "-c", CORE, str(runtime)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        with core:
            assert core.stdout is not None
            pids = [int(pid) for pid in core.stdout.readline().split()]
            assert len(pids) == 2
            wait_until(lambda: len(list(runtime.iterdir())) == 2, "both drivers listen", units=START)

            core.kill()

        wait_until(lambda: not any(map(alive, pids)), "both drivers have ended", units=STOP)
