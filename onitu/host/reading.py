"""Reading files of a service: many small ones at once, or one of any size as a stream of chunks.

A file is always read at a pinned revision. Where the driver streams files (`GetFile`, up to its `max_whole_file`) a
stream is used; otherwise chunks are asked for, several in flight, and handed out in order.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

import trio

from onitu.errors import DriverError, Unsupported
from onitu.host.calls import cut, path_bytes, reading, receive, send
from onitu.host.groups import collapsed
from onitu.rpc.gen import driver_pb2 as wire
from onitu.rpc.status import error_from_wire

if TYPE_CHECKING:
    from onitu.host.calls import Calls
    from onitu.rpc.stream import Stream

#: Reading one chunk; the service may have to find the file first.
CHUNK_DEADLINE = 120.0

#: Chunks asked for at once: enough to hide the way to the service and back, few enough to bound memory.
CHUNKS_IN_FLIGHT = 4

#: Pages of small files that wait for their taker. Each is up to a message, so one is enough to keep both sides busy.
_PAGES_WAITING = 1

#: A file to read: path and revision.
Pinned: TypeAlias = tuple[str, str]

Content: TypeAlias = bytes | DriverError


class Contents:
    """The files of one `get_files`, in the order asked for: bytes, or why they could not be had.

    Iterate over it. Files come from the driver many at a time, so most steps wait for nothing.
    """

    def __init__(self, pages: trio.MemoryReceiveChannel[list[Content]]) -> None:
        self._pages = pages
        self._page: Iterator[Content] = iter(())

    def __aiter__(self) -> Contents:
        return self

    async def __anext__(self) -> Content:
        while True:
            for content in self._page:
                return content
            try:
                self._page = iter(await self._pages.receive())
            except trio.EndOfChannel:
                raise StopAsyncIteration from None


@asynccontextmanager
async def get_files(calls: Calls, folder: str, files: Sequence[Pinned]) -> AsyncIterator[Contents]:
    """Reads small files, as `DriverClient.get_files` documents it."""
    send, receive = trio.open_memory_channel[list[Content]](_PAGES_WAITING)
    with collapsed():
        async with trio.open_nursery() as nursery:
            # The task owns the streams, of which there may be several: a context cannot be left open between two steps
            # of an iteration.
            nursery.start_soon(_fetch, calls, folder, files, send)
            yield Contents(receive)
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def get_file(
    calls: Calls, folder: str, pinned: Pinned, *, offset: int, size: int | None
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Reads one file, as `DriverClient.get_file` documents it."""
    can = calls.capabilities
    if can.whole_files and (size is None or size <= calls.limits.max_whole_file):
        async with (
            calls.stream("GetFile") as stream,
            aclosing(_streamed(stream, folder, pinned, offset=offset)) as streamed,
        ):
            yield streamed
    elif can.chunks:
        asked, ordered = trio.open_memory_channel[_Chunk](CHUNKS_IN_FLIGHT)
        with collapsed():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(
                    _ask_for_chunks, nursery, calls, _chunks_of(calls, folder, pinned, offset, size), asked
                )
                async with aclosing(_in_order(ordered)) as in_order:
                    yield in_order
                nursery.cancel_scope.cancel()
    else:
        message = f"the driver cannot read {pinned[0]!r}: it reads no chunks, and whole files only up to a size"
        raise Unsupported(message)


# Many small files.


async def _fetch(
    calls: Calls, folder: str, files: Sequence[Pinned], pages: trio.MemorySendChannel[list[Content]]
) -> None:
    """Sends all files in order, page by page; what failed is sent as its error."""
    async with pages:
        if not calls.capabilities.get_files:
            for pinned in files:
                await pages.send([await _whole(calls, folder, pinned)])
            return
        runs = cut(files, _pinned_bytes, most=calls.batch_items, most_bytes=calls.batch_bytes)
        for run in runs:
            await _fetch_run(calls, folder, run, pages)


async def _fetch_run(
    calls: Calls, folder: str, run: Sequence[Pinned], pages: trio.MemorySendChannel[list[Content]]
) -> None:
    """Sends the files of one call. If it fails in the middle, each of the others is answered with that error."""
    left = len(run)
    failure: DriverError | None = None
    request = wire.GetFilesRequest(folder=folder)
    for path, revision in run:
        request.files.add(path=path, revision=revision)
    try:
        async with calls.stream("GetFiles") as stream:
            await _ask(stream, request)
            while left:
                with reading():
                    message = await receive(stream, wire.GetFilesResponse, "reading small files")
                page = [_content(file) for file in message.files[:left]]
                left -= len(page)
                await pages.send(page)
    except trio.EndOfChannel:
        failure = DriverError(f"the driver left out {left} of the {len(run)} files it was asked for")
    except DriverError as error:
        failure = error
    if failure is not None:
        await pages.send([failure] * left)


async def _whole(calls: Calls, folder: str, pinned: Pinned) -> Content:
    try:
        async with get_file(calls, folder, pinned, offset=0, size=None) as chunks:
            return b"".join([chunk async for chunk in chunks])
    except DriverError as error:
        return error


def _content(file: wire.FetchedFile) -> Content:
    match file.WhichOneof("outcome"):
        case "data":
            return file.data
        case "error":
            return error_from_wire(file.error)
        case _:
            return DriverError("the driver sent neither the file nor why it could not be had")


def _pinned_bytes(pinned: Pinned) -> int:
    path, revision = pinned
    return path_bytes(path) + path_bytes(revision)


# One file as a stream.


async def _streamed(stream: Stream, folder: str, pinned: Pinned, *, offset: int) -> AsyncGenerator[bytes, None]:
    path, revision = pinned
    await _ask(stream, wire.GetFileRequest(folder=folder, path=path, revision=revision, offset=offset))
    while True:
        try:
            with reading():
                message = await receive(stream, wire.GetFileResponse, f"reading {path!r}")
        except trio.EndOfChannel:
            return
        yield message.data


async def _ask(stream: Stream, request: wire.GetFileRequest | wire.GetFilesRequest) -> None:
    with reading():
        await send(stream, request, "asking for files")
        stream.close_sending()


# One file in chunks.


class _Chunk:
    """A chunk asked for: what came of it can be waited for."""

    def __init__(self, request: wire.GetChunkRequest) -> None:
        self.request = request
        self.came = trio.Event()
        self.outcome: Content = b""


def _chunks_of(calls: Calls, folder: str, pinned: Pinned, offset: int, size: int | None) -> Iterator[_Chunk]:
    """Lists the chunks of a file, without end where its size is not known.

    There is always one, so that the revision is compared.
    """
    path, revision = pinned
    length = calls.chunk_size
    offsets = count(offset, length) if size is None else range(offset, max(size, offset + 1), length)
    for begin in offsets:
        yield _Chunk(wire.GetChunkRequest(folder=folder, path=path, revision=revision, offset=begin, size=length))


async def _ask_for_chunks(
    nursery: trio.Nursery, calls: Calls, chunks: Iterator[_Chunk], asked: trio.MemorySendChannel[_Chunk]
) -> None:
    """Asks for chunks as long as not too many of them wait for their taker."""
    async with asked:
        for chunk in chunks:
            await asked.send(chunk)
            nursery.start_soon(_fetch_chunk, calls, chunk)


async def _fetch_chunk(calls: Calls, chunk: _Chunk) -> None:
    try:
        answer = await calls.read("GetChunk", chunk.request, wire.GetChunkResponse, timeout=CHUNK_DEADLINE)
        chunk.outcome = answer.data
    except DriverError as error:
        chunk.outcome = error
    chunk.came.set()


async def _in_order(ordered: trio.MemoryReceiveChannel[_Chunk]) -> AsyncGenerator[bytes, None]:
    async for chunk in ordered:
        await chunk.came.wait()
        request, data = chunk.request, chunk.outcome
        if isinstance(data, DriverError):
            raise data
        if len(data) > request.size:
            message = f"the driver sent {len(data)} bytes of {request.path!r} where {request.size} were asked for"
            raise DriverError(message)
        if data:
            yield data
        if len(data) < request.size:
            return  # The end of the file, by the contract.
