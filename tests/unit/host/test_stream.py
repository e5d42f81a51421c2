"""The change stream of a folder, as the core sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest
import trio

from onitu.core.capability import Capabilities
from onitu.core.model import Absent, Kind, Observation, Present
from onitu.errors import CursorExpired, DriverError, OutcomeUnknown, Unavailable
from onitu.host.settings import RootState
from onitu.host.stream import (
    LIVE_SILENCE,
    Batch,
    Heartbeat,
    Known,
    Listing,
    LookupAsked,
    Problem,
    RevisionNoted,
    RootChanged,
    SnapshotBegan,
    SnapshotEnded,
    WatchStream,
)
from onitu.rpc import convert
from onitu.rpc.gen import watch_pb2 as wire
from tests.unit.host.fake_connection import Answers, FakeConnection, Requests, client_of

MIB = 1024 * 1024
PRESENT = Present(kind=Kind.FILE, revision="r1", size=3, native_id="7")
SEEN = Observation("a/b", PRESENT, 12, "a/c")


class FakeDriver:
    """Serves WatchChanges: answers `reports`, and then does `last`."""

    def __init__(self, *reports: wire.WatchChangesResponse, last: Callable[[], object] = lambda: None) -> None:
        self.reports = reports
        self.last = last
        self.requests: list[wire.WatchChangesRequest] = []
        self.acknowledged = trio.Event()
        self.stays = False

    async def serve(self, requests: Requests, answers: Answers) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.take, requests)
            for report in self.reports:
                await answers.send(report)
            if not self.stays:
                nursery.cancel_scope.cancel()
        self.last()

    async def take(self, requests: Requests) -> None:
        async for request in requests:
            self.requests.append(cast("wire.WatchChangesRequest", request))


@asynccontextmanager
async def watching(
    driver: FakeDriver,
    *,
    live: bool = False,
    cursor: bytes | None = None,
    fingerprints: list[tuple[str, bytes]] | None = None,
) -> AsyncIterator[WatchStream]:
    """Opens a stream to this driver."""
    connection = FakeConnection()
    connection.streaming["WatchChanges"] = driver.serve
    client = client_of(connection, Capabilities(watch=True))
    async with client.watch("docs", cursor=cursor, live=live, fingerprints=fingerprints or []) as stream:
        yield stream


def batch(number: int) -> wire.WatchChangesResponse:
    """Returns a batch without items."""
    report = wire.WatchChangesResponse()
    report.batch.batch = number
    return report


class TestStart:
    """What a stream begins with."""

    @pytest.mark.parametrize("cursor", [None, b"", b"place"])
    async def test_says_where_to_begin(self, cursor: bytes | None) -> None:
        """The folder, the cursor (an empty one is one) and whether to stay."""
        driver = FakeDriver()
        driver.stays = True

        async with watching(driver, live=True, cursor=cursor):
            await trio.testing.wait_all_tasks_blocked()

        start = driver.requests[0].start
        assert (start.folder, start.live) == ("docs", True)
        assert (start.cursor if start.HasField("cursor") else None) == cursor

    @pytest.mark.parametrize("count", [0, 1, 1000, 2500])
    async def test_sends_fingerprints_by_pages(self, count: int) -> None:
        """Every page has up to 1,000, there is always one, and only the last one says that it is."""
        fingerprints = [(f"directory-{number}", number.to_bytes(16, "big")) for number in range(count)]
        driver = FakeDriver()
        driver.stays = True

        async with watching(driver, fingerprints=fingerprints):
            await trio.testing.wait_all_tasks_blocked()

        pages = [request.fingerprints for request in driver.requests[1:]]
        sent = [(directory.path, directory.fingerprint) for page in pages for directory in page.directories]
        assert sent == fingerprints
        assert all(len(page.directories) <= 1000 for page in pages)
        assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]

    async def test_cuts_pages_of_long_paths_by_bytes(self) -> None:
        """1,000 paths beyond 4,096 bytes are several messages."""
        fingerprints = [(f"{number}/" + "é" * 5000, bytes(16)) for number in range(1000)]
        driver = FakeDriver()
        driver.stays = True

        async with watching(driver, fingerprints=fingerprints):
            await trio.testing.wait_all_tasks_blocked()

        assert sum(len(request.fingerprints.directories) for request in driver.requests) == 1000
        assert max(request.ByteSize() for request in driver.requests) < MIB


class TestReceive:
    """`WatchStream.receive`."""

    async def test_returns_each_report_as_a_value(self) -> None:
        """Every message of the contract has its value, in order; the end of a snapshot stream is the end."""
        full = batch(1)
        full.batch.snapshot = 4
        full.batch.cursor = b"c"
        convert.observation_to_wire(SEEN, full.batch.observations.add())
        convert.observation_to_wire(Observation("x", Absent(), 13), full.batch.observations.add())
        full.batch.listings.add(path="a", complete=True)
        full.batch.listings.add(path="b", complete=False, reason="torn")
        full.batch.unchanged_directories.append("u")
        full.batch.problems.add(display_path="\\xff", reason="not UTF-8")
        noted = wire.WatchChangesResponse()
        convert.observation_to_wire(SEEN, noted.revision_note.observation)
        reports = [
            wire.WatchChangesResponse(snapshot_begin=wire.SnapshotBegin(snapshot=4, ordered=True, whole=True)),
            full,
            batch(2),
            wire.WatchChangesResponse(heartbeat=wire.Heartbeat()),
            wire.WatchChangesResponse(root=wire.RootReport(state=wire.ROOT_STATE_MISSING, reason="unmounted")),
            wire.WatchChangesResponse(lookup=wire.Lookup(lookup=1, paths=["p"])),
            noted,
            wire.WatchChangesResponse(snapshot_end=wire.SnapshotEnd(snapshot=4)),
        ]
        expected = [
            SnapshotBegan(4, ordered=True, whole=True),
            Batch(
                number=1,
                snapshot=4,
                observations=[SEEN, Observation("x", Absent(), 13)],
                listings=[Listing("a", complete=True, reason=""), Listing("b", complete=False, reason="torn")],
                unchanged=["u"],
                problems=[Problem("\\xff", "not UTF-8")],
                cursor=b"c",
            ),
            Batch(number=2, snapshot=0, observations=[], listings=[], unchanged=[], problems=[], cursor=None),
            Heartbeat(),
            RootChanged(RootState.MISSING, "unmounted"),
            LookupAsked(1, ["p"]),
            RevisionNoted(SEEN),
            SnapshotEnded(4),
        ]

        async with watching(FakeDriver(*reports)) as stream:
            assert [await stream.receive() for _ in expected] == expected
            with pytest.raises(trio.EndOfChannel):
                await stream.receive()

    @pytest.mark.parametrize("numbers", [(2,), (1, 1), (1, 3)])
    async def test_refuses_a_gap(self, numbers: tuple[int, ...]) -> None:
        """A lost batch could be taken for deletions; it ends the stream instead."""
        async with watching(FakeDriver(*map(batch, numbers))) as stream:
            for _ in numbers[:-1]:
                await stream.receive()

            with pytest.raises(DriverError, match=f"batch {numbers[-1]}"):
                await stream.receive()

    @pytest.mark.parametrize(
        "nonsense", [wire.WatchChangesResponse(), wire.WatchChangesResponse(root=wire.RootReport(reason="?"))]
    )
    async def test_refuses_nonsense(self, nonsense: wire.WatchChangesResponse) -> None:
        """A report that says nothing is the driver's fault."""
        async with watching(FakeDriver(nonsense)) as stream:
            with pytest.raises(DriverError, match="docs"):
                await stream.receive()

    async def test_says_that_the_cursor_has_expired(self) -> None:
        """The error of the call is the error of the next report."""

        def expire() -> None:
            message = "too old"
            raise CursorExpired(message)

        async with watching(FakeDriver(last=expire)) as stream:
            with pytest.raises(CursorExpired):
                await stream.receive()

    async def test_leaves_nothing_unknown(self) -> None:
        """A torn stream has changed nothing."""

        def tear() -> None:
            message = "torn"
            raise OutcomeUnknown(message)

        async with watching(FakeDriver(last=tear)) as stream:
            with pytest.raises(Unavailable, match="torn"):
                await stream.receive()

    async def test_holds_a_live_stream_that_ended_for_a_failure(self) -> None:
        """A watcher that stops watching is not a folder at rest."""
        async with watching(FakeDriver(), live=True) as stream:
            with pytest.raises(Unavailable, match="ended the change stream"):
                await stream.receive()

    async def test_holds_a_torn_snapshot_for_a_failure(self) -> None:
        """What has not come in a snapshot that never ended is not absent."""
        begin = wire.WatchChangesResponse(snapshot_begin=wire.SnapshotBegin(snapshot=1, ordered=True, whole=True))
        async with watching(FakeDriver(begin, batch(1))) as stream:
            await stream.receive()
            await stream.receive()
            with pytest.raises(Unavailable, match="ended the change stream"):
                await stream.receive()

    async def test_judges_a_live_stream_by_its_heartbeats(self, autojump_clock: trio.testing.MockClock) -> None:
        """A watcher that says nothing for three beats is dead, whatever else its driver answers."""
        driver = FakeDriver(wire.WatchChangesResponse(heartbeat=wire.Heartbeat()))
        driver.stays = True

        async with watching(driver, live=True) as stream:
            assert await stream.receive() == Heartbeat()
            with pytest.raises(Unavailable, match="no sign of life"):
                await stream.receive()

        assert autojump_clock.current_time() == LIVE_SILENCE


class TestSend:
    """What goes to the driver while the stream is open."""

    async def test_sends_what_the_core_has_to_say(self) -> None:
        """Acknowledgements, rescans and answers to lookups."""
        driver = FakeDriver()
        driver.stays = True

        async with watching(driver, live=True) as stream:
            await stream.acknowledge(3)
            await stream.rescan(["a", ""], recursive=True)
            await stream.rescan([], recursive=False)
            await stream.answer(1, [Known("p", PRESENT, ("x", "y"), ("x",)), Known("q", None)])
            await trio.testing.wait_all_tasks_blocked()

        acknowledged, rescan, empty, answered = driver.requests[2:]
        assert acknowledged.acknowledgement.batch == 3
        assert (list(rescan.rescan.directories), rescan.rescan.recursive) == (["a", ""], True)
        assert empty.HasField("rescan")
        first, second = answered.lookup_answer.entries
        assert convert.present_from_wire(first.present) == PRESENT
        assert (list(first.owners), list(first.uptodate)) == (["x", "y"], ["x"])
        assert not second.HasField("present")

    async def test_may_acknowledge_after_the_end_of_a_snapshot(self) -> None:
        """The driver ends a stream that is not live without waiting for the last acknowledgements."""
        end = wire.WatchChangesResponse(snapshot_end=wire.SnapshotEnd(snapshot=1))
        async with watching(FakeDriver(batch(1), end)) as stream:
            assert isinstance(await stream.receive(), Batch)
            assert isinstance(await stream.receive(), SnapshotEnded)
            with pytest.raises(trio.EndOfChannel):
                await stream.receive()
            for _ in range(10):
                await stream.acknowledge(1)

    async def test_says_that_a_live_stream_has_ended(self) -> None:
        """Nobody can be told anything any more."""
        async with watching(FakeDriver(), live=True) as stream:
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(Unavailable, match="ended the change stream"):
                await stream.acknowledge(1)
