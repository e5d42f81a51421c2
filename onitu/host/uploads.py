"""Uploads in sessions: begun, taken up again, staged chunk by chunk, ended or given up.

Nothing can be seen of an upload until it is ended: up to there a failure leaves nothing unknown. Who keeps the id of a
session, and for how long, is the caller's affair.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable
from typing import TYPE_CHECKING

from onitu.core.capability import MAX_CHUNK
from onitu.errors import DriverError, InvalidPath, NotFound, Unavailable
from onitu.host.calls import MUTATION_DEADLINE
from onitu.rpc import convert
from onitu.rpc.gen import driver_pb2 as wire

if TYPE_CHECKING:
    from onitu.core.model import LocalFile, Observation, Upload
    from onitu.host.calls import Calls

#: Staging one chunk of up to 1 MiB.
CHUNK_DEADLINE = 120.0

#: Bytes that a driver reads itself for one call: what has to come again after a cut, and how often progress is told.
LOCAL_BYTES = 8 * 1024 * 1024

#: Reading back what was staged, in bytes a second at the slowest: it is done next to the data.
VERIFYING_RATE = 4 * 1024 * 1024

#: Removing what was staged. Whoever waits for it is usually being cancelled.
ABORT_DEADLINE = 5.0


async def start(calls: Calls, folder: str, upload: Upload) -> str:
    """Begins an upload and returns the driver's id of it."""
    request = wire.StartUploadRequest(folder=folder, upload=convert.upload_to_wire(upload))
    answer = await calls.read("StartUpload", request, wire.StartUploadResponse, timeout=MUTATION_DEADLINE)
    return answer.session


async def restart(calls: Calls, folder: str, session: str, upload: Upload, *, offset: int) -> int:
    """Takes an upload up again and returns where the next chunk begins.

    Args:
        calls: To the driver.
        folder: Name of the folder.
        session: Of an earlier `start`, perhaps of an earlier process of either side.
        upload: What is uploaded.
        offset: The end of what was confirmed, as far as known.

    Raises:
        NotFound: There is no such upload any more.
        DriverError: It cannot be taken up, or the driver's answer is none.
    """
    request = wire.RestartUploadRequest(
        folder=folder, session=session, upload=convert.upload_to_wire(upload), offset=offset
    )
    answer = await calls.read("RestartUpload", request, wire.RestartUploadResponse, timeout=MUTATION_DEADLINE)
    if answer.offset > upload.size:
        message = f"the driver says that {answer.offset} of the {upload.size} bytes of {upload.path!r} are staged"
        raise DriverError(message)
    return answer.offset


async def stage(
    calls: Calls,
    folder: str,
    session: str,
    pieces: AsyncIterable[bytes],
    *,
    offset: int,
    confirmed: Callable[[int], None] = lambda _: None,
) -> None:
    """Stages chunks, one after the other: many services take them in no other order.

    Args:
        calls: To the driver.
        folder: Name of the folder.
        session: Of the upload.
        pieces: The chunks.
        offset: Where the first one begins.
        confirmed: Called with the end of what is staged after each.

    Raises:
        Unavailable: The driver does not know the upload any more, or lacks a part of it: `restart` says what helps.
        DriverError: A chunk was not taken.
    """
    async for piece in pieces:
        request = wire.UploadChunkRequest(folder=folder, session=session, offset=offset, data=piece)
        await _stage(calls, request)
        offset += len(piece)
        confirmed(offset)


async def stage_local(
    calls: Calls,
    folder: str,
    session: str,
    source: LocalFile,
    size: int,
    *,
    offset: int,
    confirmed: Callable[[int], None],
) -> None:
    """Has the rest of an upload staged from a file of this host, which the driver reads itself.

    Args:
        calls: To the driver. Only where it has `local_chunks`.
        folder: Name of the folder.
        session: Of the upload.
        source: The file.
        size: Bytes of it.
        offset: Where to go on.
        confirmed: Called with the end of what is staged after each call.

    Raises:
        Unavailable: The driver does not know the upload any more, or lacks a part of it: `restart` says what helps.
        SourceChanged: The file is not the one that was meant.
        DriverError: A part was not taken.
    """
    most = max(LOCAL_BYTES // calls.chunk_size, 1) * calls.chunk_size
    while offset < size:
        request = wire.UploadChunkRequest(folder=folder, session=session, offset=offset, size=min(most, size - offset))
        convert.local_file_to_wire(source, request.local_file)
        await _stage(calls, request, chunks=most // MAX_CHUNK)
        offset += request.size
        confirmed(offset)


async def _stage(calls: Calls, request: wire.UploadChunkRequest, chunks: int = 1) -> None:
    try:
        await calls.read("UploadChunk", request, wire.UploadChunkResponse, timeout=CHUNK_DEADLINE * max(1, chunks))
    except (NotFound, InvalidPath) as error:
        message = f"the upload has to be taken up again: {error}"
        raise Unavailable(message) from error


async def end(calls: Calls, folder: str, session: str, upload: Upload) -> Observation:
    """Makes an upload visible and returns the entry as it is now.

    Raises:
        DriverError: It is not visible, or `outcome_unknown` says that nobody knows.
    """
    request = wire.EndUploadRequest(folder=folder, session=session, upload=convert.upload_to_wire(upload))
    timeout = MUTATION_DEADLINE + upload.size / VERIFYING_RATE
    answer = await calls.mutate("EndUpload", request, wire.EndUploadResponse, timeout=timeout)
    return convert.observation_from_wire(answer.observation)


async def abort(calls: Calls, folder: str, session: str) -> bool:
    """Has what was staged removed, as well as it can be done. Returns whether the driver did it."""
    try:
        request = wire.AbortUploadRequest(folder=folder, session=session)
        await calls.aside("AbortUpload", request, timeout=ABORT_DEADLINE)
    except DriverError:
        return False
    return True
