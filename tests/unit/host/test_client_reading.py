"""Reads through `DriverClient`: observations, many small files, one large one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, cast

import pytest
import trio

from onitu.core.capability import Capabilities, Limits
from onitu.core.model import Absent, Observation
from onitu.errors import (
    Corrupted,
    DriverError,
    NotFound,
    OutcomeUnknown,
    RevisionMismatch,
    TooLarge,
    Unavailable,
    Unsupported,
)
from onitu.host import reading
from onitu.host.client import DriverClient
from onitu.rpc import convert, status
from onitu.rpc.gen import driver_pb2 as wire
from tests.unit.host.fake_connection import Answers, FakeConnection, Requests, Streaming, client_of

if TYPE_CHECKING:
    from google.protobuf.message import Message

WHOLE = Capabilities(whole_files=True)
CHUNKS = Capabilities(chunks=True)
BOTH = Capabilities(whole_files=True, chunks=True)
FILES = Capabilities(get_files=True, whole_files=True)
MIB = 1024 * 1024


def raising(error: DriverError) -> Callable[[Message], Message]:
    """Returns what fails a call."""

    def fail(_request: Message) -> Message:
        raise error

    return fail


def absent(request: Message) -> Message:
    """Answers StatFiles: nothing is there."""
    answer = wire.StatFilesResponse()
    for path in cast("wire.StatFilesRequest", request).paths:
        convert.observation_to_wire(Observation(path, Absent(), 1), answer.observations.add())
    return answer


class TestStat:
    """`DriverClient.stat`."""

    async def test_observes_each_path_in_order(self) -> None:
        """Any number of paths is one list of observations, cut into calls of 1,000."""
        connection = FakeConnection()
        connection.unary["StatFiles"] = absent
        paths = [f"file-{number}" for number in range(2001)]

        observations = await client_of(connection, WHOLE).stat("f", paths)

        assert [observation.path for observation in observations] == paths
        assert len(connection.calls) == 3

    async def test_cuts_long_paths_by_bytes(self) -> None:
        """1,000 paths beyond 4,096 bytes do not fit into one message."""
        connection = FakeConnection()
        connection.unary["StatFiles"] = absent
        paths = [f"{number:05}" + "é" * 5000 for number in range(1000)]

        observations = await client_of(connection, WHOLE).stat("f", paths)

        assert [observation.path for observation in observations] == paths
        assert all(request.ByteSize() <= 3 * MIB for _, request in connection.calls)

    async def test_asks_for_a_digest(self) -> None:
        """The algorithm travels; without one the field is absent."""
        connection = FakeConnection()
        connection.unary["StatFiles"] = absent
        client = client_of(connection, WHOLE)

        await client.stat("f", ["a"], digest="blake3")
        await client.stat("f", ["a"])

        asked = [cast("wire.StatFilesRequest", request) for request in connection.requests("StatFiles")]
        assert [request.HasField("digest_algorithm") for request in asked] == [True, False]
        assert asked[0].digest_algorithm == "blake3"

    async def test_splits_when_the_answer_is_too_large(self) -> None:
        """Observations with much `extra` may not fit; fewer do."""
        connection = FakeConnection()

        def serve(request: Message) -> Message:
            if len(cast("wire.StatFilesRequest", request).paths) > 3:
                message = "too large"
                raise TooLarge(message)
            return absent(request)

        connection.unary["StatFiles"] = serve
        paths = [str(number) for number in range(10)]

        observations = await client_of(connection, WHOLE).stat("f", paths)

        assert [observation.path for observation in observations] == paths

    async def test_never_has_an_unknown_outcome(self) -> None:
        """A read that timed out changed nothing."""
        connection = FakeConnection()
        connection.unary["StatFiles"] = raising(OutcomeUnknown("deadline"))

        with pytest.raises(Unavailable, match="deadline") as caught:
            await client_of(connection, WHOLE).stat("f", ["a"])

        assert not caught.value.outcome_unknown

    async def test_refuses_an_answer_of_another_length(self) -> None:
        """Observations that cannot be told apart are worth nothing."""
        connection = FakeConnection()
        connection.unary["StatFiles"] = lambda _request: wire.StatFilesResponse()

        with pytest.raises(DriverError, match="0 observations to 1 paths"):
            await client_of(connection, WHOLE).stat("f", ["a"])


async def contents(client: DriverClient, files: list[tuple[str, str]]) -> list[bytes | DriverError]:
    """Reads files to the end."""
    async with client.get_files("f", files) as fetched:
        return [content async for content in fetched]


async def write_somewhere(source: AbstractAsyncContextManager[AsyncIterator[object]]) -> None:
    """Reads a little, and fails for a reason that is not the source's."""
    async with source as contents:
        async for _ in contents:
            message = "the destination's"
            raise OutcomeUnknown(message)


def serving_files(*pages: Sequence[bytes | DriverError], then: DriverError | None = None) -> Streaming:
    """Returns what serves GetFiles with these pages."""

    async def serve(requests: Requests, answers: Answers) -> None:
        await requests.receive()
        for page in pages:
            answer = wire.GetFilesResponse()
            for content in page:
                if isinstance(content, bytes):
                    answer.files.add(data=content)
                else:
                    answer.files.add().error.CopyFrom(status.error_to_wire(content))
            await answers.send(answer)
        if then is not None:
            raise then

    return serve


class TestGetFiles:
    """`DriverClient.get_files`."""

    async def test_answers_each_file_in_order(self) -> None:
        """Bytes, or why they could not be had."""
        connection = FakeConnection()
        connection.streaming["GetFiles"] = serving_files([b"1", RevisionMismatch("moved")], [b""])

        first, second, third = await contents(client_of(connection, FILES), [("a", "r"), ("b", "r"), ("c", "r")])

        assert first == b"1"
        assert isinstance(second, RevisionMismatch)
        assert third == b""

    async def test_answers_the_rest_with_what_ended_the_call(self) -> None:
        """A call that fails in the middle fails for all that has not come."""
        connection = FakeConnection()
        connection.streaming["GetFiles"] = serving_files([b"1"], then=OutcomeUnknown("torn"))

        results = await contents(client_of(connection, FILES), [("a", "r")] * 3)

        assert results[0] == b"1"
        assert [type(result) for result in results[1:]] == [Unavailable, Unavailable]

    async def test_notices_what_was_left_out(self) -> None:
        """A driver that ends early answers nothing about the rest, and that is its fault."""
        connection = FakeConnection()
        connection.streaming["GetFiles"] = serving_files([b"1"])

        results = await contents(client_of(connection, FILES), [("a", "r")] * 2)

        assert results[0] == b"1"
        assert isinstance(results[1], DriverError)

    async def test_ignores_what_nobody_asked_for(self) -> None:
        """More files than were asked for end with those that were."""
        connection = FakeConnection()
        connection.streaming["GetFiles"] = serving_files([b"1", b"2"])

        assert await contents(client_of(connection, FILES), [("a", "r")]) == [b"1"]

    async def test_reads_one_by_one_where_there_is_no_batch(self) -> None:
        """A file that fails is its own error and stops no other."""
        connection = FakeConnection()

        async def serve(requests: Requests, answers: Answers) -> None:
            request = cast("wire.GetFileRequest", await requests.receive())
            if request.path == "b":
                message = "no such file"
                raise NotFound(message)
            await answers.send(wire.GetFileResponse(data=request.path.encode()))
            await answers.send(wire.GetFileResponse(data=b"!"))

        connection.streaming["GetFile"] = serve

        first, second, third = await contents(client_of(connection, WHOLE), [("a", "r"), ("b", "r"), ("c", "r")])

        assert (first, third) == (b"a!", b"c!")
        assert isinstance(second, NotFound)

    async def test_lets_the_callers_own_error_out_as_it_is(self) -> None:
        """Leaving in the middle closes the call, and no group wraps what was raised."""
        connection = FakeConnection()
        connection.streaming["GetFiles"] = serving_files(*[[b"1"]] * 10)

        with pytest.raises(OutcomeUnknown, match="the destination's"):
            await write_somewhere(client_of(connection, FILES).get_files("f", [("a", "r")] * 10))


class ChunkedFile:
    """Serves GetChunk; the first chunks come last."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.under_way = 0
        self.most = 0

    async def serve(self, request: Message) -> Message:
        chunk = cast("wire.GetChunkRequest", request)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await trio.sleep(1 / (1 + chunk.offset))
        self.under_way -= 1
        return wire.GetChunkResponse(data=self.content[chunk.offset : chunk.offset + chunk.size])


async def read(client: DriverClient, *, offset: int = 0, size: int | None = None) -> bytes:
    """Reads one file to the end."""
    async with client.get_file("f", "p", "r", offset=offset, size=size) as chunks:
        return b"".join([chunk async for chunk in chunks])


class TestGetFile:
    """`DriverClient.get_file`."""

    async def test_streams_where_the_driver_streams(self) -> None:
        """One call carries the whole file, from the offset."""
        connection = FakeConnection()
        asked: list[wire.GetFileRequest] = []

        async def serve(requests: Requests, answers: Answers) -> None:
            asked.append(cast("wire.GetFileRequest", await requests.receive()))
            for number in range(20):
                await answers.send(wire.GetFileResponse(data=bytes([number])))

        connection.streaming["GetFile"] = serve

        assert await read(client_of(connection, BOTH), offset=5) == bytes(range(20))
        assert (asked[0].path, asked[0].revision, asked[0].offset) == ("p", "r", 5)

    async def test_raises_what_went_wrong_in_the_middle(self) -> None:
        """What came before is no file."""
        connection = FakeConnection()

        async def serve(requests: Requests, answers: Answers) -> None:
            await requests.receive()
            await answers.send(wire.GetFileResponse(data=b"1"))
            message = "it moved"
            raise RevisionMismatch(message)

        connection.streaming["GetFile"] = serve

        with pytest.raises(RevisionMismatch):
            await read(client_of(connection, WHOLE))

    async def test_gives_a_stalled_stream_up(self, autojump_clock: trio.testing.MockClock) -> None:
        """A driver that sends nothing for a minute is not waited for."""
        connection = FakeConnection()

        async def serve(_requests: Requests, _answers: Answers) -> None:
            await trio.sleep_forever()

        connection.streaming["GetFile"] = serve

        with pytest.raises(Unavailable, match="no progress"):
            await read(client_of(connection, WHOLE))

        assert autojump_clock.current_time() >= 60

    @pytest.mark.parametrize("size", [0, 1, 10, 25, 40])
    @pytest.mark.parametrize("known", [True, False])
    async def test_reads_chunks_in_order(
        self, autojump_clock: trio.testing.MockClock, *, size: int, known: bool
    ) -> None:
        """Several are asked for at once and may come in any order."""
        connection = FakeConnection()
        driver = ChunkedFile(bytes(range(size)))
        connection.unary["GetChunk"] = driver.serve
        client = client_of(connection, CHUNKS)
        client._calls.chunk_size = 10

        assert await read(client, size=size if known else None) == bytes(range(size))
        assert driver.most <= reading.CHUNKS_IN_FLIGHT + 1
        assert autojump_clock.current_time() < 10

    async def test_asks_for_several_chunks_at_once(self, autojump_clock: trio.testing.MockClock) -> None:
        """The way to the service and back is paid once for several chunks, and memory stays bounded."""
        connection = FakeConnection()
        driver = ChunkedFile(bytes(100))
        connection.unary["GetChunk"] = driver.serve
        client = client_of(connection, CHUNKS)
        client._calls.chunk_size = 1

        async with client.get_file("f", "p", "r", size=100) as chunks:
            async for _ in chunks:
                await trio.sleep(10)

        assert 2 <= driver.most <= reading.CHUNKS_IN_FLIGHT + 2
        assert autojump_clock.current_time() > 999

    async def test_uses_chunks_for_what_is_too_large_for_a_stream(self, autojump_clock: trio.testing.MockClock) -> None:
        """Above `max_whole_file` the driver is asked for chunks (CONTRACT D9)."""
        connection = FakeConnection()
        connection.unary["GetChunk"] = ChunkedFile(bytes(MIB + 1)).serve
        client = client_of(connection, BOTH, Limits(max_whole_file=10))

        assert await read(client, size=MIB + 1) == bytes(MIB + 1)
        assert len(connection.requests("GetChunk")) == 2
        assert autojump_clock.current_time() < 2

    async def test_raises_what_a_chunk_raised(self) -> None:
        """The error comes out as it is, at its place."""
        connection = FakeConnection()

        def serve(request: Message) -> Message:
            if cast("wire.GetChunkRequest", request).offset >= 20:
                message = "bad sector"
                raise Corrupted(message)
            return wire.GetChunkResponse(data=bytes(10))

        connection.unary["GetChunk"] = serve
        client = client_of(connection, CHUNKS)
        client._calls.chunk_size = 10
        came: list[bytes] = []

        async def take(chunks: AsyncIterator[bytes]) -> None:
            async for chunk in chunks:
                came.append(chunk)  # noqa: PERF401  # What came before the error counts.

        async with client.get_file("f", "p", "r", size=100) as chunks:
            with pytest.raises(Corrupted):
                await take(chunks)

        assert came == [bytes(10)] * 2

    async def test_refuses_more_bytes_than_asked_for(self) -> None:
        """They would be taken for the next chunk's."""
        connection = FakeConnection()
        connection.unary["GetChunk"] = lambda _request: wire.GetChunkResponse(data=bytes(11))
        client = client_of(connection, CHUNKS)
        client._calls.chunk_size = 10

        with pytest.raises(DriverError, match="11 bytes"):
            await read(client, size=11)

    @pytest.mark.parametrize("capabilities", [WHOLE, CHUNKS])
    async def test_lets_the_callers_own_error_out_as_it_is(self, capabilities: Capabilities) -> None:
        """An unknown outcome at the destination stays one, and no group wraps it."""
        connection = FakeConnection()
        connection.unary["GetChunk"] = lambda _request: wire.GetChunkResponse(data=bytes(10))

        async def serve(requests: Requests, answers: Answers) -> None:
            await requests.receive()
            while True:
                await answers.send(wire.GetFileResponse(data=b"1"))

        connection.streaming["GetFile"] = serve
        client = client_of(connection, capabilities)
        client._calls.chunk_size = 10

        with pytest.raises(OutcomeUnknown, match="the destination's"):
            await write_somewhere(client.get_file("f", "p", "r"))

    async def test_is_refused_where_nothing_fits(self) -> None:
        """A driver of whole files only is never asked for more than its limit."""
        with pytest.raises(Unsupported, match="'p'"):
            await read(client_of(FakeConnection(), WHOLE), size=65 * MIB)
