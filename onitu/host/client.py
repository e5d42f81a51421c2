"""Calls a driver with the values of the core. Every wait on it has a deadline with a name.

Calls are cut to the driver's limits, by count and by bytes, so that callers think in items: `apply`, `stat` and
`get_files` take any number of them. What a driver does not offer is done with what it does offer: single operations
where there is no batch, chunks where there are no whole files.

A call that reads never ends in `OutcomeUnknown`: nothing can have been done. This file retries nothing and does not
know which driver it talks to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import TYPE_CHECKING, NoReturn

import trio

from onitu.core.capability import MAX_CHUNK, Capabilities, Limits
from onitu.core.model import Kept, LocalFile, Observation, Operation, Upload
from onitu.errors import DriverError, RevisionMismatch, TooLarge, Unavailable
from onitu.host import reading, uploads, writing
from onitu.host.calls import ENVELOPE_BYTES, Calls, cut, path_bytes
from onitu.host.health import CHECK_DEADLINE, CHECK_INTERVAL, CHECKS_MISSED
from onitu.host.settings import (
    Configured,
    Settings,
    configured_from_wire,
    settings_to_wire,
    without_local_files,
)
from onitu.host.stream import WatchStream, open_watch
from onitu.rpc import convert
from onitu.rpc.gen import driver_pb2 as wire

if TYPE_CHECKING:
    from onitu.core.manifest import Manifest, OptionValue
    from onitu.host.latency import Latencies
    from onitu.rpc.transport import Connection

MANIFEST_DEADLINE = 10.0  # Nothing but the process itself is asked.
CONFIGURE_DEADLINE = 120.0  # Opens roots and signs in to services.
STAT_DEADLINE = 120.0  # Up to 1,000 paths of a slow service.
DIGEST_DEADLINE = 3600.0  # Reads whole files; whether the driver lives is judged by its health meanwhile.
NORMALIZE_DEADLINE = 30.0  # Computes, on up to 1,000 paths.
SYNC_DEADLINE = 600.0  # A slow disk with gigabytes of unwritten pages.
AUTHORIZATION_DEADLINE = 60.0  # The provider is asked.
CLOSE_DEADLINE = 5.0  # Onitu is closing, and the driver was told to be quick.


class DriverClient:
    """One driver, called over its connection.

    Every method may raise any `DriverError`; only `apply`, `upload` and `end_upload` raise or answer one whose
    `outcome_unknown` is true. Every method may be cancelled; a mutation cancelled on its way has an unknown outcome.

    Args:
        connection: To the driver; it outlives the client.
        limits: The numbers that calls keep to until the driver says its own at `manifest` and `configure`.
        latencies: Where it is noted how long calls take.
        elsewhere: Whether it was not started here. Then it shares no files with this host, whatever it says.

    Attributes:
        is_configured: Whether the driver serves settings that came from here.
    """

    def __init__(
        self,
        connection: Connection,
        limits: Limits | None = None,
        latencies: Latencies | None = None,
        *,
        elsewhere: bool = False,
    ) -> None:
        self.is_configured = False
        self._elsewhere = elsewhere
        self._connection = connection
        self._calls = Calls(connection, limits or Limits(), latencies)

    @property
    def capabilities(self) -> Capabilities:
        """What the service can do; nothing until it is configured."""
        return self._calls.capabilities

    @property
    def limits(self) -> Limits:
        """The numbers that calls keep to. Callers keep to `max_concurrency` for uploads and `get_file` themselves."""
        return self._calls.limits

    # Identity.

    async def manifest(self) -> Manifest:
        """Asks what the driver is; may be called before `configure`.

        Raises:
            DriverError: It does not answer, or its manifest is faulty.
        """
        request = wire.GetManifestRequest()
        answer = await self._calls.read("GetManifest", request, wire.GetManifestResponse, timeout=MANIFEST_DEADLINE)
        manifest = convert.manifest_from_wire(answer.manifest)
        self._calls.adopt(self.capabilities, manifest.limits)
        return manifest

    async def begin_authorization(
        self, options: Mapping[str, OptionValue], redirect_uri: str | None
    ) -> tuple[str, bytes]:
        """Begins a sign-in; may be called before `configure`.

        Args:
            options: Those of the service, as far as known.
            redirect_uri: Where the browser may come back to, or None.

        Returns:
            The address that a person must open, and what `finish_authorization` takes. Both are secret.

        Raises:
            DriverError: It cannot; `Unsupported` where there is no sign-in.
        """
        request = wire.BeginAuthorizationRequest(options=convert.options_to_wire(options), redirect_uri=redirect_uri)
        answer = await self._calls.read(
            "BeginAuthorization", request, wire.BeginAuthorizationResponse, timeout=AUTHORIZATION_DEADLINE
        )
        return answer.authorization_uri, answer.session

    async def finish_authorization(self, session: bytes, answer: str) -> tuple[dict[str, OptionValue], str]:
        """Ends a sign-in.

        Args:
            session: From `begin_authorization`.
            answer: What the person brought back. Secret.

        Returns:
            The options that sign in, secret, and whose account it is.

        Raises:
            DriverError: It is refused; `InvalidPath` where it is no answer at all and another one may be given.
        """
        request = wire.FinishAuthorizationRequest(session=session, answer=answer)
        given = await self._calls.read(
            "FinishAuthorization", request, wire.FinishAuthorizationResponse, timeout=AUTHORIZATION_DEADLINE
        )
        return convert.options_from_wire(given.credentials), given.account

    async def configure(self, settings: Settings) -> Configured:
        """Hands over the settings, once before everything but `manifest`, and settles the chunk size.

        Args:
            settings: All that the driver is told of its service.

        Raises:
            DriverError: The driver cannot work with them; the text says why.
        """
        try:
            answer = await self._calls.read(
                "Configure", settings_to_wire(settings), wire.ConfigureResponse, timeout=CONFIGURE_DEADLINE
            )
        except RevisionMismatch as error:
            if not self._elsewhere:
                raise
            message = f"the driver serves another Onitu, or a later start of this one: {error}"
            raise Unavailable(message) from error
        self.is_configured = True
        configured = configured_from_wire(answer, settings=settings, limits=self.limits)
        if self._elsewhere:
            configured = without_local_files(configured)
        self._calls.adopt(configured.capabilities, configured.limits)
        self._calls.chunk_size = await self._settle_chunk_size(settings.chunk_size)
        return configured

    async def normalize(self, folder: str, paths: Sequence[str]) -> list[str]:
        """Returns the comparison keys of paths, one each: paths with one key are one entry on the service."""
        keys: list[str] = []
        for run in self._cut_paths(paths):
            request = wire.NormalizePathRequest(folder=folder, paths=run)
            answer = await self._calls.read(
                "NormalizePath", request, wire.NormalizePathResponse, timeout=NORMALIZE_DEADLINE
            )
            _check_count("keys", len(answer.keys), len(run))
            keys += answer.keys
        return keys

    # Observing.

    async def stat(self, folder: str, paths: Sequence[str], *, digest: str | None = None) -> list[Observation]:
        """Observes paths now.

        Args:
            folder: Name of the folder.
            paths: Any number of them.
            digest: An algorithm of `capabilities.computed_digests` to compute for each file by reading it.

        Returns:
            One observation per path, in order. A path that could not be observed is `Unknown`.
        """
        timeout = STAT_DEADLINE if digest is None else DIGEST_DEADLINE
        runs = deque(self._cut_paths(paths))
        observations: list[Observation] = []
        while runs:
            run = runs.popleft()
            request = wire.StatFilesRequest(folder=folder, paths=run, digest_algorithm=digest)
            try:
                answer = await self._calls.read("StatFiles", request, wire.StatFilesResponse, timeout=timeout)
            except TooLarge:
                if len(run) == 1:
                    raise
                half = len(run) // 2
                runs.extendleft((run[half:], run[:half]))
                continue
            _check_count("observations", len(answer.observations), len(run))
            observations += map(convert.observation_from_wire, answer.observations)
        return observations

    def watch(
        self, folder: str, *, cursor: bytes | None, live: bool, fingerprints: Iterable[tuple[str, bytes]]
    ) -> AbstractAsyncContextManager[WatchStream]:
        """Opens the change stream of a folder; there is one at a time per folder.

        Args:
            folder: Name of the folder.
            cursor: That of the last committed batch, or None to begin with a snapshot.
            live: Go on with changes after the snapshot. Otherwise the stream ends there.
            fingerprints: (directory, 16 bytes) as last decided, "" for the folder itself. Taken while the stream is
                opened, as the driver takes them.

        Returns:
            A context manager; leaving it closes the stream, without waiting for what is under way.
        """
        return open_watch(self._connection, folder, cursor=cursor, live=live, fingerprints=fingerprints)

    # Reading.

    def get_files(
        self, folder: str, files: Sequence[tuple[str, str]]
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes | DriverError]]:
        """Reads small files, each whole.

        Args:
            folder: Name of the folder.
            files: Any number of (path, revision).

        Returns:
            A context manager with an iterator: for each file, in order, its bytes or why they could not be had. When a
            call fails every file of it that has not come yet is answered with its error.
        """
        return reading.get_files(self._calls, folder, files)

    def get_file(
        self, folder: str, path: str, revision: str, *, offset: int = 0, size: int | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Reads one file, or the rest of it.

        Args:
            folder: Name of the folder.
            path: Which file.
            revision: The one wanted; another one there is `RevisionMismatch`.
            offset: First byte.
            size: Size of the whole file, if known: a large one is read in chunks where the driver offers them.

        Returns:
            A context manager with an iterator over its bytes, in pieces of up to 1 MiB. The iterator raises what goes
            wrong, also after some pieces: nothing is good before it has ended.
        """
        return reading.get_file(self._calls, folder, (path, revision), offset=offset, size=size)

    # Writing.

    async def apply(self, folder: str, operations: Sequence[Operation]) -> list[Observation | DriverError]:
        """Does operations. Those that concern one path, or one above or below it, are done in their order.

        Args:
            folder: Name of the folder.
            operations: Any number of them; those beyond a call are sent when the call before is answered.

        Returns:
            For each, in order, the entry as it is now, or why it was not done. When a call fails each of its
            operations is answered with its error, and those of later calls, which are not sent then, with
            `Unavailable`, if trying again makes sense.

        Cancellation:
            The outcome of every operation is unknown then.
        """
        return await writing.apply(self._calls, folder, operations)

    async def upload(self, folder: str, upload: Upload, chunks: AsyncIterable[bytes]) -> Observation:
        """Writes one file of any size.

        Args:
            folder: Name of the folder.
            upload: What and where.
            chunks: Its bytes, in pieces of any size. What it raises comes out as it is. A generator is closed at the
                end.

        Returns:
            The entry as it is now, with the digests the driver computed.

        Raises:
            SourceChanged: `chunks` has fewer or more bytes than `upload.size`; nothing was written.

        Cancellation:
            What was staged is removed, within `ABORT_DEADLINE` seconds.
        """
        return await writing.upload(self._calls, folder, upload, chunks)

    async def start_upload(self, folder: str, upload: Upload) -> str:
        """Begins an upload that can be taken up again, and returns the driver's id of it."""
        return await uploads.start(self._calls, folder, upload)

    async def restart_upload(self, folder: str, session: str, upload: Upload, *, offset: int) -> int:
        """Takes an upload up again and returns where the next byte belongs. Only where `capabilities.restart_upload`.

        Args:
            folder: Name of the folder.
            session: From `start_upload`, perhaps of an earlier process of either side.
            upload: What is uploaded.
            offset: The end of what was confirmed, as far as known; the driver may know of more.

        Raises:
            NotFound: There is no such upload any more.
        """
        return await uploads.restart(self._calls, folder, session, upload, offset=offset)

    async def stage(
        self,
        folder: str,
        session: str,
        upload: Upload,
        chunks: AsyncIterable[bytes],
        *,
        offset: int,
        confirmed: Callable[[int], None],
    ) -> None:
        """Stages the rest of an upload; nothing of it can be seen yet.

        Args:
            folder: Name of the folder.
            session: From `start_upload`.
            upload: What is uploaded.
            chunks: Its bytes from `offset`, in pieces of any size. A generator is closed at the end.
            offset: Where they begin.
            confirmed: Called with the end of what the driver has confirmed, after each chunk.

        Raises:
            SourceChanged: `chunks` has fewer or more bytes than belong there.
        """
        async with aclosing(writing.pieces_of(chunks, upload, self._calls.chunk_size, offset=offset)) as pieces:
            await uploads.stage(self._calls, folder, session, pieces, offset=offset, confirmed=confirmed)

    async def stage_local(
        self,
        folder: str,
        session: str,
        source: LocalFile,
        size: int,
        *,
        offset: int,
        confirmed: Callable[[int], None],
    ) -> None:
        """Has the rest of an upload staged by the driver itself. Only where `capabilities.local_chunks` says so.

        Args:
            folder: Name of the folder.
            session: From `start_upload`.
            source: A file of this host.
            size: Bytes of it.
            offset: Where to go on.
            confirmed: Called with the end of what the driver has confirmed, again and again.

        Raises:
            SourceChanged: The file is not the one that was meant.
        """
        await uploads.stage_local(self._calls, folder, session, source, size, offset=offset, confirmed=confirmed)

    async def end_upload(self, folder: str, session: str, upload: Upload) -> Observation:
        """Makes an upload visible, if it has the digest of `upload`, and returns the entry as it is now."""
        return await uploads.end(self._calls, folder, session, upload)

    async def abort_upload(self, folder: str, session: str) -> bool:
        """Has what was staged removed. Returns whether that is done; an upload that is unknown is removed already."""
        return await uploads.abort(self._calls, folder, session)

    async def sync(self, folder: str) -> None:
        """Makes everything durable that was answered before this call. Only where `capabilities.sync` says so.

        Durability:
            What was answered while this call was under way may or may not be durable.
        """
        await self._calls.read("Sync", wire.SyncRequest(folder=folder), wire.SyncResponse, timeout=SYNC_DEADLINE)

    # What was replaced or deleted.

    async def list_trash(self, folder: str, path: str = "") -> AsyncIterator[Kept]:
        """Yields what the service has kept of a path and of what lay below it; "" is everything.

        Raises:
            Unsupported: What it keeps, if anything, cannot be listed.
        """
        after = ""
        while True:
            request = wire.ListTrashRequest(folder=folder, path=path, after=after)
            answer = await self._calls.read("ListTrash", request, wire.ListTrashResponse, timeout=STAT_DEADLINE)
            for entry in answer.entries:
                yield convert.kept_from_wire(entry)
            if not answer.entries:
                return
            after = answer.entries[-1].id

    async def read_trash(self, folder: str, kept: str) -> AsyncIterator[bytes]:
        """Yields the bytes of a retained file, in pieces of up to 1 MiB.

        Args:
            folder: Name of the folder.
            kept: Its id.

        Raises:
            NotFound: It is not kept any more.
        """
        offset, size = 0, self._calls.chunk_size
        while True:
            request = wire.ReadTrashRequest(folder=folder, id=kept, offset=offset, size=size)
            answer = await self._calls.read("ReadTrash", request, wire.ReadTrashResponse, timeout=STAT_DEADLINE)
            if not answer.data:
                return
            offset += len(answer.data)
            yield answer.data

    async def empty_trash(self, folder: str, kept: Sequence[str]) -> None:
        """Removes retained copies for good.

        Args:
            folder: Name of the folder.
            kept: Ids of any number of them.
        """
        for run in self._cut_paths(kept):
            request = wire.EmptyTrashRequest(folder=folder, ids=run)
            await self._calls.read("EmptyTrash", request, wire.EmptyTrashResponse, timeout=STAT_DEADLINE)

    # Life.

    async def check(self) -> bool:
        """Returns whether the driver says that it is serving. False also where it does not answer in time."""
        try:
            return await self._connection.check(timeout=CHECK_DEADLINE)
        except DriverError:
            return False

    async def watch_health(self) -> NoReturn:
        """Asks for the driver's health until it is bad.

        Raises:
            Unavailable: It was bad several times in a row.
        """
        missed = 0
        while missed < CHECKS_MISSED:
            await trio.sleep(CHECK_INTERVAL)
            missed = 0 if await self.check() else missed + 1
        message = f"the driver did not answer {missed} health checks in a row"
        raise Unavailable(message)

    async def close(self) -> None:
        """Tells the driver to free what it holds; no call is made after it.

        Raises:
            DriverError: It did not do so in time. Its process is ended all the same, by whoever runs it.
        """
        await self._calls.aside("Close", wire.CloseRequest(), timeout=CLOSE_DEADLINE)

    async def _settle_chunk_size(self, wanted: int) -> int:
        """Returns the chunk size that suits both sides."""
        limits = self.limits
        most = min(MAX_CHUNK, max(1, limits.max_message_bytes - ENVELOPE_BYTES))
        proposed = min(max(wanted, limits.min_chunk_bytes), most)
        if not self.capabilities.chunks:
            return proposed
        request = wire.SetChunkSizeRequest(chunk_size=proposed)
        answer = await self._calls.read("SetChunkSize", request, wire.SetChunkSizeResponse, timeout=NORMALIZE_DEADLINE)
        settled = answer.chunk_size if answer.HasField("chunk_size") else proposed
        least = min(limits.min_chunk_bytes, most)
        if not least <= settled <= most:
            message = f"the driver wants chunks of {settled} bytes; they have {max(1, least)} to {most}"
            raise DriverError(message)
        return settled

    def _cut_paths(self, paths: Sequence[str]) -> Iterable[Sequence[str]]:
        return cut(paths, path_bytes, most=self._calls.batch_items, most_bytes=self._calls.batch_bytes)


def _check_count(what: str, got: int, asked: int) -> None:
    if got != asked:
        message = f"the driver answered {got} {what} to {asked} paths"
        raise DriverError(message)
