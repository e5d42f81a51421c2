"""Mutations through `DriverClient`: how they are cut, what a failure means, what replaces what is not offered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, cast

import pytest
import trio

from onitu.core.capability import Capabilities, Limits
from onitu.core.model import (
    Absent,
    Attributes,
    Copy,
    Delete,
    FileIdentity,
    Kind,
    LocalFile,
    MakeDirectory,
    Move,
    Observation,
    Operation,
    Present,
    SetAttributes,
    Upload,
    Write,
    WriteSymlink,
)
from onitu.errors import (
    DriverError,
    OutcomeUnknown,
    QuotaExceeded,
    RevisionMismatch,
    SourceChanged,
    TooLarge,
    Unavailable,
    Unsupported,
)
from onitu.rpc import convert
from onitu.rpc.gen import driver_pb2 as wire
from tests.unit.host.fake_connection import Answers, FakeConnection, Requests, client_of

if TYPE_CHECKING:
    from google.protobuf.message import Message

BATCH = Capabilities(apply_batch=True, whole_files=True, chunks=True)
SINGLE = Capabilities(whole_files=True, chunks=True)
GONE = Observation("gone", Absent(), 7)
THERE = Observation("there", Present(kind=Kind.FILE, revision="r1", size=3), 8)
KIB = 1024
MIB = 1024 * KIB


def all_done(request: Message) -> wire.ApplyBatchResponse:
    """Answers a batch: everything was done."""
    answer = wire.ApplyBatchResponse()
    for _ in cast("wire.ApplyBatchRequest", request).operations:
        convert.observation_to_wire(GONE, answer.results.add().done)
    return answer


def sizes(connection: FakeConnection) -> list[int]:
    """Returns how many operations each batch had."""
    return [len(cast("wire.ApplyBatchRequest", request).operations) for request in connection.requests("ApplyBatch")]


def deletions(count: int) -> list[Operation]:
    """Returns that many operations."""
    return [Delete(f"file-{number}", "r") for number in range(count)]


class TestApply:
    """`DriverClient.apply`."""

    async def test_answers_each_operation_in_order(self) -> None:
        """Done ones are answered with what is there now, failed ones with their error."""
        connection = FakeConnection()

        def serve(_request: Message) -> Message:
            answer = wire.ApplyBatchResponse()
            convert.result_to_wire(THERE, answer.results.add())
            convert.result_to_wire(RevisionMismatch("another one"), answer.results.add())
            return answer

        connection.unary["ApplyBatch"] = serve

        results = await client_of(connection, BATCH).apply("f", deletions(2))

        assert results[0] == THERE
        assert isinstance(results[1], RevisionMismatch)

    async def test_does_nothing_for_nothing(self) -> None:
        """Without operations there is no call."""
        connection = FakeConnection()

        assert await client_of(connection, BATCH).apply("f", []) == []
        assert connection.calls == []

    async def test_cuts_by_count(self) -> None:
        """No call has more items than the contract allows."""
        connection = FakeConnection()
        connection.unary["ApplyBatch"] = all_done

        results = await client_of(connection, BATCH).apply("f", deletions(2500))

        assert results == [GONE] * 2500
        assert sizes(connection) == [1000, 1000, 500]

    async def test_keeps_to_the_drivers_own_count(self) -> None:
        """A driver may want smaller batches."""
        connection = FakeConnection()
        connection.unary["ApplyBatch"] = all_done

        await client_of(connection, BATCH, Limits(max_batch_items=2)).apply("f", deletions(5))

        assert sizes(connection) == [2, 2, 1]

    async def test_cuts_by_bytes(self) -> None:
        """No message exceeds 3 MiB, and one operation alone is sent whatever its size."""
        connection = FakeConnection()
        connection.unary["ApplyBatch"] = all_done
        lengths = [MIB, MIB, MIB, 2 * MIB, 4 * MIB, 10]
        operations = [Write(Upload(path="p", expected=None, size=size), bytes(size)) for size in lengths]

        results = await client_of(connection, BATCH).apply("f", operations)

        assert len(results) == len(operations)
        assert sum(sizes(connection)) == len(operations)
        for request in connection.requests("ApplyBatch"):
            alone = len(cast("wire.ApplyBatchRequest", request).operations) == 1
            assert alone or request.ByteSize() <= 3 * MIB

    async def test_splits_what_is_too_large_all_the_same(self) -> None:
        """TooLarge halves the batch until it fits; what does not fit alone is answered with it."""
        connection = FakeConnection()

        def serve(request: Message) -> Message:
            paths = [operation.deletion.path for operation in cast("wire.ApplyBatchRequest", request).operations]
            if len(paths) > 2 or "file-3" in paths:
                raise TooLarge("too large")
            return all_done(request)

        connection.unary["ApplyBatch"] = serve

        results = await client_of(connection, BATCH).apply("f", deletions(8))

        assert [isinstance(result, TooLarge) for result in results] == [number == 3 for number in range(8)]

    async def test_answers_every_item_of_a_failed_call(self) -> None:
        """A call that fails fails for each of its items; what comes after it was not sent, and says so."""
        connection = FakeConnection()

        def serve(request: Message) -> Message:
            if len(connection.calls) == 2:
                raise OutcomeUnknown("torn")
            return all_done(request)

        connection.unary["ApplyBatch"] = serve

        results = await client_of(connection, BATCH).apply("f", deletions(4000))

        assert results[:1000] == [GONE] * 1000
        assert all(isinstance(result, DriverError) and result.outcome_unknown for result in results[1000:2000])
        assert all(isinstance(result, Unavailable) and not result.outcome_unknown for result in results[2000:])
        assert len(results) == 4000
        assert len(connection.calls) == 2

    async def test_goes_on_after_a_call_the_driver_refused(self) -> None:
        """A refusal that trying again cannot mend concerns only the items of its call."""
        connection = FakeConnection()

        def serve(request: Message) -> Message:
            if len(connection.calls) == 1:
                raise Unsupported("no")
            return all_done(request)

        connection.unary["ApplyBatch"] = serve

        results = await client_of(connection, BATCH).apply("f", deletions(2000))

        assert all(isinstance(result, Unsupported) for result in results[:1000])
        assert results[1000:] == [GONE] * 1000

    async def test_holds_an_unexplained_failure_for_an_unknown_outcome(self) -> None:
        """A bug in a driver may strike after the deed: the failure is final, and the outcome unknown."""
        connection = FakeConnection()

        def serve(_request: Message) -> Message:
            raise DriverError("a traceback")

        connection.unary["ApplyBatch"] = serve

        results = await client_of(connection, BATCH).apply("f", deletions(1))

        assert isinstance(results[0], DriverError)
        assert results[0].outcome_unknown
        assert not results[0].retryable

    async def test_distrusts_an_answer_of_another_length(self) -> None:
        """Results that cannot be told apart say nothing about any operation."""
        connection = FakeConnection()
        connection.unary["ApplyBatch"] = lambda _request: wire.ApplyBatchResponse()

        results = await client_of(connection, BATCH).apply("f", deletions(3))

        assert all(isinstance(result, OutcomeUnknown) for result in results)

    async def test_uses_single_calls_where_there_is_no_batch(self) -> None:
        """Each operation goes to the RPC of its name, and each fails for itself."""
        connection = FakeConnection()
        received: list[bytes] = []

        async def take_file(requests: Requests, answers: Answers) -> None:
            received.extend([cast("wire.UploadFileRequest", request).data async for request in requests])
            answer = wire.UploadFileResponse()
            convert.observation_to_wire(THERE, answer.observation)
            await answers.send(answer)

        def done(answer: Message) -> Message:
            convert.observation_to_wire(THERE, cast("wire.MoveFileResponse", answer).observation)
            return answer

        def refuse(_request: Message) -> Message:
            raise RevisionMismatch("another one")

        connection.streaming["UploadFile"] = take_file
        connection.unary = {
            "DeleteFile": refuse,
            "MoveFile": lambda _request: done(wire.MoveFileResponse()),
            "MakeDirectory": lambda _request: done(wire.MakeDirectoryResponse()),
            "SetAttributes": lambda _request: done(wire.SetAttributesResponse()),
            "CopyFile": lambda _request: done(wire.CopyFileResponse()),
            "WriteSymlink": lambda _request: done(wire.WriteSymlinkResponse()),
        }
        operations: list[Operation] = [
            Delete("a", "r"),
            Move("a", "r", "b"),
            MakeDirectory("d"),
            SetAttributes("a", "r", Attributes(executable=True)),
            Copy("a", "r", "b"),
            WriteSymlink("a", None, "b"),
            Write(Upload(path="a", expected=None, size=3), b"abc"),
        ]

        results = await client_of(connection, SINGLE).apply("f", operations)

        assert isinstance(results[0], RevisionMismatch)
        assert results[1:] == [THERE] * 6
        assert [name for name, _ in connection.calls] == [
            "DeleteFile",
            "MoveFile",
            "MakeDirectory",
            "SetAttributes",
            "CopyFile",
            "WriteSymlink",
        ]
        assert cast("wire.MoveFileRequest", connection.requests("MoveFile")[0]).move.destination == "b"
        assert b"".join(received) == b"abc"

    async def test_refuses_a_handoff_without_a_batch(self) -> None:
        """A file of this host travels in batches only."""
        content = LocalFile("/root", "a", FileIdentity(1, 2, 3, 4, 5))
        write = Write(Upload(path="a", expected=None, size=3), content)

        results = await client_of(FakeConnection(), SINGLE).apply("f", [write])

        assert isinstance(results[0], Unsupported)

    async def test_makes_no_more_calls_at_once_than_the_driver_wants(self) -> None:
        """Those that are too many wait for their turn."""
        connection = FakeConnection()
        connection.unary["ApplyBatch"] = all_done
        client = client_of(connection, BATCH, Limits(max_concurrency=2))

        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(client.apply, "f", deletions(1))

        assert len(connection.calls) == 10
        assert connection.most_at_once == 2


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    """Yields them."""
    for chunk in chunks:
        await trio.lowlevel.checkpoint()
        yield chunk


class UploadFile:
    """Serves UploadFile and remembers what came."""

    def __init__(self) -> None:
        self.started: Upload | None = None
        self.data: list[bytes] = []
        self.whole = False

    async def serve(self, requests: Requests, answers: Answers) -> None:
        async for request in requests:
            part = cast("wire.UploadFileRequest", request)
            if part.HasField("start"):
                self.started = convert.upload_from_wire(part.start.upload)
            else:
                self.data.append(part.data)
        self.whole = True
        answer = wire.UploadFileResponse()
        convert.observation_to_wire(THERE, answer.observation)
        await answers.send(answer)


class TestUploadWhole:
    """`DriverClient.upload` where the driver streams files."""

    async def test_streams_the_bytes(self) -> None:
        """The upload goes first, its bytes follow in messages of at most 1 MiB, and the new entry is answered."""
        connection, driver = FakeConnection(), UploadFile()
        connection.streaming["UploadFile"] = driver.serve
        content = [bytes([number]) * (700 * KIB) for number in range(3)]
        upload = Upload(path="p", expected="r0", size=2100 * KIB, digest=("blake3", b"d" * 32))

        observation = await client_of(connection, BATCH).upload("f", upload, pieces(*content))

        assert observation == THERE
        assert driver.started == upload
        assert b"".join(driver.data) == b"".join(content)
        assert [len(data) for data in driver.data] == [MIB, MIB, 52 * KIB]

    async def test_writes_an_empty_file(self) -> None:
        """An empty file has no data message."""
        connection, driver = FakeConnection(), UploadFile()
        connection.streaming["UploadFile"] = driver.serve

        await client_of(connection, BATCH).upload("f", Upload(path="p", expected=None, size=0), pieces())

        assert driver.whole
        assert driver.data == []

    @pytest.mark.parametrize("content", [b"12", b"1234", b""])
    async def test_stops_when_the_source_has_another_size(self, content: bytes) -> None:
        """A source that has grown or shrunk writes nothing: the driver never sees the end of the stream."""
        connection, driver = FakeConnection(), UploadFile()
        connection.streaming["UploadFile"] = driver.serve

        with pytest.raises(SourceChanged, match="'p'"):
            await client_of(connection, BATCH).upload("f", Upload(path="p", expected=None, size=3), pieces(content))

        assert not driver.whole
        assert driver.data == []

    async def test_lets_the_errors_of_the_source_out(self) -> None:
        """What the source raises is not taken for the destination's."""
        connection, driver = FakeConnection(), UploadFile()
        connection.streaming["UploadFile"] = driver.serve

        async def broken() -> AsyncIterator[bytes]:
            yield b"1"
            await trio.lowlevel.checkpoint()
            message = "the source is gone"
            raise Unavailable(message)

        with pytest.raises(Unavailable, match="the source is gone"):
            await client_of(connection, BATCH).upload("f", Upload(path="p", expected=None, size=3), broken())

        assert not driver.whole

    async def test_says_why_the_driver_stopped_taking_bytes(self) -> None:
        """A driver that fails in the middle is not waited for."""
        connection = FakeConnection()

        async def full(requests: Requests, _answers: Answers) -> None:
            await requests.receive()
            message = "the disk is full"
            raise QuotaExceeded(message)

        connection.streaming["UploadFile"] = full
        upload = Upload(path="p", expected=None, size=32 * MIB)

        with pytest.raises(QuotaExceeded, match="the disk is full"):
            await client_of(connection, BATCH).upload("f", upload, pieces(*[bytes(MIB)] * 32))

    async def test_holds_silence_after_the_last_byte_for_an_unknown_outcome(
        self, autojump_clock: trio.testing.MockClock
    ) -> None:
        """A driver that has all bytes may have made the file visible, whether it says so or not."""
        connection = FakeConnection()

        async def silent(requests: Requests, _answers: Answers) -> None:
            async for _ in requests:
                pass
            await trio.sleep_forever()

        connection.streaming["UploadFile"] = silent

        with pytest.raises(OutcomeUnknown, match="no progress"):
            await client_of(connection, BATCH).upload("f", Upload(path="p", expected=None, size=1), pieces(b"1"))

        assert autojump_clock.current_time() >= 60

    async def test_does_not_take_an_ended_call_for_a_success(self) -> None:
        """No answer is no news, neither good nor bad."""
        connection = FakeConnection()

        async def mute(requests: Requests, _answers: Answers) -> None:
            async for _ in requests:
                pass

        connection.streaming["UploadFile"] = mute

        with pytest.raises(OutcomeUnknown):
            await client_of(connection, BATCH).upload("f", Upload(path="p", expected=None, size=1), pieces(b"1"))


class ChunkedUpload:
    """Serves the chunk calls and remembers what came."""

    def __init__(self, connection: FakeConnection) -> None:
        self.staged = bytearray()
        self.ended: bytes | None = None
        self.aborted: list[str] = []
        connection.unary |= {
            "StartUpload": lambda _request: wire.StartUploadResponse(session="s1"),
            "UploadChunk": self.chunk,
            "EndUpload": self.end,
            "AbortUpload": self.abort,
        }

    def chunk(self, request: Message) -> Message:
        chunk = cast("wire.UploadChunkRequest", request)
        assert chunk.session == "s1"
        assert chunk.offset == len(self.staged)
        self.staged += chunk.data
        return wire.UploadChunkResponse()

    def end(self, _request: Message) -> Message:
        self.ended = bytes(self.staged)
        answer = wire.EndUploadResponse()
        convert.observation_to_wire(THERE, answer.observation)
        return answer

    def abort(self, request: Message) -> Message:
        self.aborted.append(cast("wire.AbortUploadRequest", request).session)
        return wire.AbortUploadResponse()


class TestUploadInChunks:
    """`DriverClient.upload` where it does not, or not that large ones."""

    LARGE = 65 * MIB

    async def test_is_used_for_what_is_too_large_for_whole_files(self) -> None:
        """Above `max_whole_file` chunks go one after the other, each of the settled size (CONTRACT D9)."""
        connection = FakeConnection()
        driver = ChunkedUpload(connection)
        limits = Limits(max_whole_file=MIB)
        upload = Upload(path="p", expected=None, size=5 * MIB // 2)

        observation = await client_of(connection, BATCH, limits).upload("f", upload, pieces(bytes(5 * MIB // 2)))

        assert observation == THERE
        assert driver.ended == bytes(5 * MIB // 2)
        assert len(connection.requests("UploadChunk")) == 3
        assert driver.aborted == []

    async def test_is_aborted_when_a_chunk_fails(self) -> None:
        """What was staged is removed, and the error is the one that counts."""
        connection = FakeConnection()
        driver = ChunkedUpload(connection)

        def full(_request: Message) -> Message:
            message = "full"
            raise QuotaExceeded(message)

        connection.unary["UploadChunk"] = full

        with pytest.raises(QuotaExceeded):
            await client_of(connection, Capabilities(chunks=True)).upload(
                "f", Upload(path="p", expected=None, size=1), pieces(b"1")
            )

        assert driver.aborted == ["s1"]

    async def test_leaves_nothing_unknown_before_its_end(self) -> None:
        """A torn chunk is no torn mutation: nothing can be seen of it."""
        connection = FakeConnection()
        driver = ChunkedUpload(connection)

        def torn(_request: Message) -> Message:
            message = "torn"
            raise OutcomeUnknown(message)

        connection.unary["UploadChunk"] = torn

        with pytest.raises(Unavailable, match="torn"):
            await client_of(connection, Capabilities(chunks=True)).upload(
                "f", Upload(path="p", expected=None, size=1), pieces(b"1")
            )

        assert driver.aborted == ["s1"]

    async def test_has_an_unknown_outcome_when_its_end_is_torn(self) -> None:
        """The file may be visible; what is still staged is removed all the same."""
        connection = FakeConnection()
        driver = ChunkedUpload(connection)

        def torn(_request: Message) -> Message:
            message = "torn"
            raise OutcomeUnknown(message)

        connection.unary["EndUpload"] = torn

        with pytest.raises(OutcomeUnknown):
            await client_of(connection, Capabilities(chunks=True)).upload(
                "f", Upload(path="p", expected=None, size=1), pieces(b"1")
            )

        assert driver.aborted == ["s1"]

    async def test_is_aborted_when_it_is_cancelled(self) -> None:
        """Even a cancelled task removes what it staged."""
        connection = FakeConnection()
        driver = ChunkedUpload(connection)
        waiting = trio.Event()

        async def stuck() -> AsyncIterator[bytes]:
            yield b"1"
            waiting.set()
            await trio.sleep_forever()

        client = client_of(connection, Capabilities(chunks=True))
        client._calls.chunk_size = 1
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.upload, "f", Upload(path="p", expected=None, size=3), stuck())
            await waiting.wait()
            nursery.cancel_scope.cancel()

        assert driver.aborted == ["s1"]
        assert driver.ended is None

    async def test_is_refused_where_nothing_fits(self) -> None:
        """A driver of whole files only is never given more than its limit."""
        upload = Upload(path="p", expected=None, size=self.LARGE)

        with pytest.raises(Unsupported, match="'p'"):
            await client_of(FakeConnection(), Capabilities(whole_files=True)).upload("f", upload, pieces())
