"""Writing to a service: batches of operations, and one file of any size from a stream of bytes.

Every mutation carries what the core believes is there, so a call that is made twice does harm to nothing. What happened
to each item is a value, the new observation or the error; whether an error may hide a success is in
`error.outcome_unknown`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias, assert_never

import trio

from onitu.core.model import (
    Copy,
    Delete,
    LocalFile,
    MakeDirectory,
    Move,
    Observation,
    Operation,
    SetAttributes,
    Upload,
    Write,
    WriteSymlink,
)
from onitu.errors import DriverError, OutcomeUnknown, ServiceError, SourceChanged, TooLarge, Unavailable, Unsupported
from onitu.host import uploads
from onitu.host.calls import MUTATION_DEADLINE, SLOWEST_RATE, cut, mutating, receive, send
from onitu.rpc import convert
from onitu.rpc.gen import driver_pb2 as wire

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from onitu.host.calls import Calls
    from onitu.rpc.gen import operation_pb2

Result: TypeAlias = Observation | DriverError

#: What each item of a batch adds to that: the driver may do them one after the other on a slow service.
ITEM_DEADLINE = 2.0

_ITEM_BYTES = 8  # Tag and length of an item in a message.

_Item: TypeAlias = "tuple[Operation, operation_pb2.Operation]"


async def apply(calls: Calls, folder: str, operations: Sequence[Operation]) -> list[Result]:
    """Does operations, as `DriverClient.apply` documents it."""
    if not calls.capabilities.apply_batch:
        return [await _apply_one(calls, folder, operation) for operation in operations]
    to_wire = convert.operation_to_wire
    items = [(operation, to_wire(operation)) for operation in operations]
    runs = deque(cut(items, _item_bytes, most=calls.batch_items, most_bytes=calls.batch_bytes))
    results: list[Result] = []
    while runs:
        run = runs.popleft()
        try:
            results += await _apply_run(calls, folder, run)
        except TooLarge as error:
            # Refused as a whole, by gRPC or by the driver: nothing of it was done. If it was the answer that was too
            # large, the second try finds other revisions than expected, and changes nothing.
            if len(run) == 1:
                results.append(error)
            else:
                half = len(run) // 2
                runs.extendleft((run[half:], run[:half]))
        except DriverError as error:
            results += [error] * len(run)
            if isinstance(error, ServiceError):
                # Those that follow would meet the same trouble, and may rest on what is now unknown.
                results += [Unavailable(f"not sent, since the call before it failed: {error}")] * _count(runs)
                break
    return results


async def upload(calls: Calls, folder: str, upload: Upload, chunks: AsyncIterable[bytes]) -> Observation:
    """Writes one file, as `DriverClient.upload` documents it."""
    if calls.capabilities.whole_files and upload.size <= calls.limits.max_whole_file:
        return await _upload_whole(calls, folder, upload, chunks)
    if calls.capabilities.chunks:
        return await _upload_in_chunks(calls, folder, upload, chunks)
    message = f"the driver cannot write {upload.path!r}: it takes no chunks, and whole files only up to a size"
    raise Unsupported(message)


# Batches.


async def _apply_run(calls: Calls, folder: str, run: Sequence[_Item]) -> list[Result]:
    """Does the operations of one call.

    Raises:
        DriverError: The call failed, and each of its operations with it.
    """
    request = wire.ApplyBatchRequest(folder=folder)
    request.operations.extend([message for _, message in run])
    size = sum([operation.upload.size for operation, _ in run if isinstance(operation, Write)])
    timeout = MUTATION_DEADLINE + ITEM_DEADLINE * len(run) + size / SLOWEST_RATE
    answer = await calls.mutate("ApplyBatch", request, wire.ApplyBatchResponse, timeout=timeout)
    if len(answer.results) != len(run):
        message = f"the driver answered {len(answer.results)} results to {len(run)} operations"
        raise OutcomeUnknown(message)
    from_wire = convert.result_from_wire
    return [from_wire(result) for result in answer.results]


def _item_bytes(item: _Item) -> int:
    return item[1].ByteSize() + _ITEM_BYTES


def _count(runs: deque[Sequence[_Item]]) -> int:
    return sum(len(run) for run in runs)


# Single operations, for drivers that take no batches.


async def _apply_one(calls: Calls, folder: str, operation: Operation) -> Result:
    try:
        if isinstance(operation, Write):
            return await _write(calls, folder, operation)
        method, request, answer_type = _single_request(folder, operation)
        answer = await calls.mutate(method, request, answer_type, timeout=MUTATION_DEADLINE)
    except DriverError as error:
        return error
    return convert.observation_from_wire(answer.observation)


async def _write(calls: Calls, folder: str, operation: Write) -> Observation:
    content = operation.content
    if isinstance(content, LocalFile):
        message = f"the driver takes no file of this host as content of {operation.upload.path!r}: it takes no batches"
        raise Unsupported(message)
    return await upload(calls, folder, operation.upload, _bytes_once(content))


async def _bytes_once(content: bytes) -> AsyncIterator[bytes]:
    yield content


_SingleAnswer: TypeAlias = (
    wire.DeleteFileResponse
    | wire.MoveFileResponse
    | wire.MakeDirectoryResponse
    | wire.SetAttributesResponse
    | wire.CopyFileResponse
    | wire.WriteSymlinkResponse
)


def _single_request(
    folder: str, operation: Delete | Move | MakeDirectory | SetAttributes | Copy | WriteSymlink
) -> tuple[str, Message, type[_SingleAnswer]]:
    """Returns the RPC of one operation, its request and the type of its answer."""
    item = convert.operation_to_wire(operation)
    match operation:
        case Delete():
            return "DeleteFile", wire.DeleteFileRequest(folder=folder, deletion=item.deletion), wire.DeleteFileResponse
        case Move():
            return "MoveFile", wire.MoveFileRequest(folder=folder, move=item.move), wire.MoveFileResponse
        case MakeDirectory():
            making = wire.MakeDirectoryRequest(folder=folder, directory_creation=item.directory_creation)
            return "MakeDirectory", making, wire.MakeDirectoryResponse
        case SetAttributes():
            setting = wire.SetAttributesRequest(folder=folder, attribute_change=item.attribute_change)
            return "SetAttributes", setting, wire.SetAttributesResponse
        case Copy():
            return "CopyFile", wire.CopyFileRequest(folder=folder, copy=item.copy), wire.CopyFileResponse
        case WriteSymlink():
            linking = wire.WriteSymlinkRequest(folder=folder, symlink_write=item.symlink_write)
            return "WriteSymlink", linking, wire.WriteSymlinkResponse
        case _:
            assert_never(operation)


# One file from a stream of bytes.


async def _upload_whole(calls: Calls, folder: str, upload: Upload, chunks: AsyncIterable[bytes]) -> Observation:
    start = wire.UploadFileRequest()
    start.start.folder = folder
    convert.upload_to_wire(upload, start.start.upload)
    what = f"writing {upload.path!r}"
    # Leaving the stream by an exception cancels the call before its end was sent, and the driver throws away what it
    # staged. The source has its own errors, which say nothing about the outcome here.
    async with calls.stream("UploadFile") as stream, aclosing(pieces_of(chunks, upload, calls.chunk_size)) as pieces:
        with mutating():
            await send(stream, start, what)
        async for piece in pieces:
            with mutating():
                await send(stream, wire.UploadFileRequest(data=piece), what)
        stream.close_sending()
        seconds = MUTATION_DEADLINE + upload.size / SLOWEST_RATE
        try:
            with mutating():
                answer = await receive(stream, wire.UploadFileResponse, what, seconds=seconds)
        except trio.EndOfChannel as error:
            message = f"the driver did not say what became of {upload.path!r}"
            raise OutcomeUnknown(message) from error
    return convert.observation_from_wire(answer.observation)


async def _upload_in_chunks(calls: Calls, folder: str, upload: Upload, chunks: AsyncIterable[bytes]) -> Observation:
    session = await uploads.start(calls, folder, upload)
    try:
        async with aclosing(pieces_of(chunks, upload, calls.chunk_size)) as pieces:
            await uploads.stage(calls, folder, session, pieces, offset=0)
        return await uploads.end(calls, folder, session, upload)
    except BaseException:
        with trio.CancelScope(shield=True):
            await uploads.abort(calls, folder, session)
        raise


async def pieces_of(
    chunks: AsyncIterable[bytes], upload: Upload, size: int, *, offset: int = 0
) -> AsyncGenerator[bytes, None]:
    """Cuts a stream of bytes anew, into pieces of `size` bytes and a last smaller one.

    Args:
        chunks: The bytes. A generator is closed at the end.
        upload: What was announced.
        size: Of a piece.
        offset: Where in the file the stream begins.

    Raises:
        SourceChanged: The stream has fewer or more bytes than were announced. The last piece is held back until that
            is known, so a driver never gets as many bytes as it waits for from a source that has more.
    """
    kept: list[bytes] = []
    length, total = 0, offset
    async with _closed_after(chunks):
        async for chunk in chunks:
            kept.append(chunk)
            length += len(chunk)
            total += len(chunk)
            if total > upload.size:
                break
            if length >= size and total < upload.size:
                joined = b"".join(kept)
                length %= size
                whole = len(joined) - length
                for begin in range(0, whole, size):
                    yield joined[begin : begin + size]
                kept = [joined[whole:]]
    if total != upload.size:
        more = "more than " if total > upload.size else ""
        message = f"the source of {upload.path!r} has {more}{min(total, upload.size)} bytes, not {upload.size}"
        raise SourceChanged(message)
    joined = b"".join(kept)
    for begin in range(0, length, size):
        yield joined[begin : begin + size]


@asynccontextmanager
async def _closed_after(chunks: AsyncIterable[bytes]) -> AsyncIterator[None]:
    """Closes a generator that may not have come to its end: left to the garbage collector it would hold its source."""
    try:
        yield
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
