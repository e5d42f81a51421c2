"""Serves the calls of `onitu.driver.v1.Driver` from the handlers of a `Plug`: one method for each RPC.

Here messages become values and values messages, and every call is held back until the driver has been configured and
has come to `plug.listen()`. What is done is decided in `settings`, `reading`, `writing` and `stream`; how a call
reaches these methods, and how the errors they raise travel, in `server`.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Final

import msgspec

from onitu.core.capability import MAX_BATCH, MAX_CHUNK, Mode
from onitu.core.model import Write
from onitu.errors import (
    DriverError,
    InvalidPath,
    NotFound,
    PermissionDenied,
    RevisionMismatch,
    Unavailable,
)
from onitu.plug.groups import groups
from onitu.plug.handlers import looks
from onitu.plug.reading import Reader
from onitu.plug.settings import folder_of, open_folder, options_of
from onitu.plug.stream import ChangeStream
from onitu.plug.writing import Writer
from onitu.rpc.convert import (
    capabilities_to_wire,
    kept_to_wire,
    limits_to_wire,
    local_file_from_wire,
    manifest_to_wire,
    observation_to_wire,
    operation_from_wire,
    options_from_wire,
    options_to_wire,
    result_to_wire,
    upload_from_wire,
)
from onitu.rpc.gen import driver_pb2, observation_pb2, operation_pb2, watch_pb2
from onitu.rpc.status import error_to_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from onitu.core.manifest import Manifest
    from onitu.core.model import Observation
    from onitu.plug.plug import Plug
    from onitu.plug.values import Folder

GRACE: Final = 0.5
"""Seconds that `Configure` waits for `start()` to reach `listen()` or to fail. Nearly every driver takes less, and then
what is wrong is the answer to `Configure`; otherwise it is the answer to the calls after it."""

PATIENCE: Final = 60.0
"""Seconds a call waits for `start()` to reach `listen()`; the caller's deadline is shorter."""

MESSAGE_ROOM: Final = 4096
"""Bytes of a message that are not content."""


class Servicer:
    """One driver process, seen from the core. Each method is the RPC of the same name; errors are `DriverError`s.

    Args:
        plug: The driver's Plug.
        manifest: The driver's manifest.
        grace: As `GRACE`.
    """

    def __init__(self, plug: Plug, manifest: Manifest, *, grace: float = GRACE) -> None:
        self._grace = grace
        self.configured = threading.Event()
        """Set when `start()` is to be called."""
        self._plug = plug
        self._manifest = manifest
        self._reader = Reader(plug)
        self._writer = Writer(plug, self._reader)
        self._configuring = threading.Lock()
        self._streams: dict[str, ChangeStream] = {}

    # Identity.

    def get_manifest(self, _request: driver_pb2.GetManifestRequest) -> driver_pb2.GetManifestResponse:
        """Returns what the driver is."""
        manifest = msgspec.structs.replace(
            self._manifest, capabilities=self._plug.capabilities, limits=self._plug.limits
        )
        return driver_pb2.GetManifestResponse(manifest=manifest_to_wire(manifest))

    def configure(self, request: driver_pb2.ConfigureRequest) -> driver_pb2.ConfigureResponse:
        """Takes the settings, opens the folders and lets `start()` begin."""
        with self._configuring:
            if request.generation <= self._plug.generation:
                message = f"generation {request.generation} is not newer than {self._plug.generation}"
                raise RevisionMismatch(message)
            response = self._configured(request)
        self.configured.set()
        self._plug.wait_started(self._grace)
        return response

    def _configured(self, request: driver_pb2.ConfigureRequest) -> driver_pb2.ConfigureResponse:
        options = options_of(self._manifest, request)
        folders = {mapping.name: folder_of(self._manifest, mapping, options) for mapping in request.folders}
        self._close_streams()
        older = self._plug.generation
        self._plug.configure(
            service=request.service,
            setup_id=request.setup_id,
            generation=request.generation,
            options=options,
            changes_timer=request.changes_timer or None,
            implicit_folder=request.implicit_folder,
        )
        self._plug.folders = folders
        response = driver_pb2.ConfigureResponse()
        try:
            for folder in list(folders.values()):
                response.folders.append(open_folder(self._plug, folder))
        except BaseException:
            # Nothing was looked at under this generation: it may be tried again.
            self._plug.generation = older
            raise
        # Only now: opening may have shown what the service can do.
        response.capabilities.CopyFrom(capabilities_to_wire(self._plug.capabilities))
        response.limits.CopyFrom(limits_to_wire(self._plug.limits))
        return response

    def _close_streams(self) -> None:
        for stream in list(self._streams.values()):
            stream.close()

    def normalize_path(self, request: driver_pb2.NormalizePathRequest) -> driver_pb2.NormalizePathResponse:
        """Returns the comparison keys of paths."""
        self._folder(request.folder)
        if "normalize_path" not in self._plug.handlers:
            return driver_pb2.NormalizePathResponse(keys=request.paths)
        keys = [str(self._plug.call("normalize_path", path)) for path in request.paths]
        return driver_pb2.NormalizePathResponse(keys=keys)

    def set_chunk_size(self, request: driver_pb2.SetChunkSizeRequest) -> driver_pb2.SetChunkSizeResponse:
        """Settles the chunk size.

        Not held back: the core opens the change streams only after it, and a driver's `start()` may ask on them what
        the core knows before it comes to `listen()`.
        """
        self._require_configured()
        answer = None
        if "set_chunk_size" in self._plug.handlers:
            answer = self._plug.call("set_chunk_size", request.chunk_size)
        if answer is None and request.chunk_size > MAX_CHUNK:
            answer = MAX_CHUNK
        settled = None if answer is None else min(int(answer), MAX_CHUNK)
        self._writer.chunk_size = settled or request.chunk_size or MAX_CHUNK
        return driver_pb2.SetChunkSizeResponse(chunk_size=settled)

    def close(self, _request: driver_pb2.CloseRequest) -> driver_pb2.CloseResponse:
        """Frees what the driver holds."""
        self._close_streams()
        try:
            if "close" in self._plug.handlers and not self._plug.is_closed:
                self._plug.call("close")
        finally:
            self._plug.close()
        return driver_pb2.CloseResponse()

    def begin_authorization(
        self, request: driver_pb2.BeginAuthorizationRequest
    ) -> driver_pb2.BeginAuthorizationResponse:
        """Begins a sign-in."""
        redirect_uri = request.redirect_uri if request.HasField("redirect_uri") else None
        uri, session = self._plug.call("begin_authorization", options_from_wire(request.options), redirect_uri)
        return driver_pb2.BeginAuthorizationResponse(authorization_uri=uri, session=session)

    def finish_authorization(
        self, request: driver_pb2.FinishAuthorizationRequest
    ) -> driver_pb2.FinishAuthorizationResponse:
        """Ends a sign-in."""
        credentials, account = self._plug.call("finish_authorization", request.session, request.answer)
        return driver_pb2.FinishAuthorizationResponse(credentials=options_to_wire(credentials), account=account)

    # Observing.

    def watch_changes(
        self, requests: Iterator[watch_pb2.WatchChangesRequest], on_end: Callable[[Callable[[], None]], bool]
    ) -> Iterator[watch_pb2.WatchChangesResponse]:
        """Observes one folder until the stream ends.

        Args:
            requests: What the core says.
            on_end: Takes what is to be called when the call has ended; false: it has ended already.
        """
        first = next(requests, None)
        if first is None or first.WhichOneof("message") != "start":
            message = "the first message of a change stream must be its start"
            raise InvalidPath(message)
        folder = self._known_folder(first.start.folder)
        stream = ChangeStream(self._plug, folder, first.start)
        older = self._streams.get(folder.name)
        self._streams[folder.name] = stream
        if older is not None:
            # The core opens another one only after it has lost this one, which may not have been noticed here.
            older.close()
        if on_end(stream.close):
            yield from stream.messages(requests)

    def stat_files(self, request: driver_pb2.StatFilesRequest) -> driver_pb2.StatFilesResponse:
        """Observes some paths now."""
        folder = self._folder(request.folder)
        algorithm = request.digest_algorithm if request.HasField("digest_algorithm") else None
        if not looks(self._plug.handlers.keys()):
            self._plug.require("stat_file")
        if algorithm:
            self._plug.require("get_digest")
        response = driver_pb2.StatFilesResponse()
        observed = self._plug.parallel.each(
            lambda path: self._reader.observe(folder, path, algorithm=algorithm), request.paths
        )
        for observation in self._reader.without_root(folder, list(observed)):
            observation_to_wire(observation, response.observations.add())
        return response

    # Reading.

    def get_chunk(self, request: driver_pb2.GetChunkRequest) -> driver_pb2.GetChunkResponse:
        """Reads a part of a file."""
        folder = self._folder(request.folder)
        data = self._reader.chunk(
            folder, request.path, revision=request.revision, offset=request.offset, size=request.size
        )
        return driver_pb2.GetChunkResponse(data=data)

    def get_file(self, request: driver_pb2.GetFileRequest) -> Iterator[driver_pb2.GetFileResponse]:
        """Reads a file."""
        folder = self._folder(request.folder)
        for data in self._reader.chunks(folder, request.path, revision=request.revision, offset=request.offset):
            yield driver_pb2.GetFileResponse(data=data)

    def get_files(self, request: driver_pb2.GetFilesRequest) -> Iterator[driver_pb2.GetFilesResponse]:
        """Reads many small files. A message goes out when the next file would not fit into it."""
        folder = self._folder(request.folder)
        limit = self._plug.limits.max_message_bytes - MESSAGE_ROOM
        response, room = driver_pb2.GetFilesResponse(), limit
        for fetched in self._plug.parallel.each(lambda file: self._fetched(folder, file, limit), request.files):
            size = fetched.ByteSize() + 8
            if size > room and response.files:
                yield response
                response, room = driver_pb2.GetFilesResponse(), limit
            response.files.append(fetched)
            room -= size
        if response.files:
            yield response

    def _fetched(self, folder: Folder, pinned: driver_pb2.PinnedFile, limit: int) -> driver_pb2.FetchedFile:
        try:
            data = self._reader.file(folder, pinned.path, revision=pinned.revision, limit=limit)
        except DriverError as error:
            return driver_pb2.FetchedFile(error=error_to_wire(error))
        return driver_pb2.FetchedFile(data=data)

    # Writing.

    def start_upload(self, request: driver_pb2.StartUploadRequest) -> driver_pb2.StartUploadResponse:
        """Begins a resumable upload."""
        folder = self._writable(request.folder)
        return driver_pb2.StartUploadResponse(session=self._writer.start(folder, upload_from_wire(request.upload)))

    def upload_chunk(self, request: driver_pb2.UploadChunkRequest) -> driver_pb2.UploadChunkResponse:
        """Stages one chunk."""
        folder = self._writable(request.folder)
        if request.HasField("local_file"):
            source = local_file_from_wire(request.local_file)
            self._writer.local_chunks(folder, request.session, request.offset, source, request.size)
        else:
            self._writer.chunk(folder, request.session, request.offset, request.data)
        return driver_pb2.UploadChunkResponse()

    def restart_upload(self, request: driver_pb2.RestartUploadRequest) -> driver_pb2.RestartUploadResponse:
        """Takes an upload up again."""
        folder = self._writable(request.folder)
        upload = upload_from_wire(request.upload)
        offset = self._writer.restart(folder, request.session, upload, offset=request.offset)
        return driver_pb2.RestartUploadResponse(offset=offset)

    def end_upload(self, request: driver_pb2.EndUploadRequest) -> driver_pb2.EndUploadResponse:
        """Makes an upload visible."""
        folder = self._writable(request.folder)
        observation = self._writer.end(folder, request.session, upload_from_wire(request.upload))
        return driver_pb2.EndUploadResponse(observation=observation_to_wire(observation))

    def abort_upload(self, request: driver_pb2.AbortUploadRequest) -> driver_pb2.AbortUploadResponse:
        """Removes what was staged."""
        self._writer.abort(self._writable(request.folder), request.session)
        return driver_pb2.AbortUploadResponse()

    def upload_file(self, requests: Iterator[driver_pb2.UploadFileRequest]) -> driver_pb2.UploadFileResponse:
        """Writes a file from a stream."""
        first = next(requests, None)
        if first is None or first.WhichOneof("part") != "start":
            message = "the first message of an upload must be its start"
            raise InvalidPath(message)
        folder = self._writable(first.start.folder)
        upload = upload_from_wire(first.start.upload)
        observation = self._writer.upload(folder, upload, (request.data for request in requests if request.data))
        return driver_pb2.UploadFileResponse(observation=observation_to_wire(observation))

    def delete_file(self, request: driver_pb2.DeleteFileRequest) -> driver_pb2.DeleteFileResponse:
        """Removes an entry."""
        operation = operation_pb2.Operation(deletion=request.deletion)
        return driver_pb2.DeleteFileResponse(observation=self._apply(request.folder, operation))

    def move_file(self, request: driver_pb2.MoveFileRequest) -> driver_pb2.MoveFileResponse:
        """Renames an entry."""
        operation = operation_pb2.Operation(move=request.move)
        return driver_pb2.MoveFileResponse(observation=self._apply(request.folder, operation))

    def make_directory(self, request: driver_pb2.MakeDirectoryRequest) -> driver_pb2.MakeDirectoryResponse:
        """Makes a directory."""
        operation = operation_pb2.Operation(directory_creation=request.directory_creation)
        return driver_pb2.MakeDirectoryResponse(observation=self._apply(request.folder, operation))

    def set_attributes(self, request: driver_pb2.SetAttributesRequest) -> driver_pb2.SetAttributesResponse:
        """Changes attributes."""
        operation = operation_pb2.Operation(attribute_change=request.attribute_change)
        return driver_pb2.SetAttributesResponse(observation=self._apply(request.folder, operation))

    def copy_file(self, request: driver_pb2.CopyFileRequest) -> driver_pb2.CopyFileResponse:
        """Copies a file."""
        operation = operation_pb2.Operation(copy=request.copy)
        return driver_pb2.CopyFileResponse(observation=self._apply(request.folder, operation))

    def write_symlink(self, request: driver_pb2.WriteSymlinkRequest) -> driver_pb2.WriteSymlinkResponse:
        """Writes a symbolic link."""
        operation = operation_pb2.Operation(symlink_write=request.symlink_write)
        return driver_pb2.WriteSymlinkResponse(observation=self._apply(request.folder, operation))

    def sync(self, request: driver_pb2.SyncRequest) -> driver_pb2.SyncResponse:
        """Makes everything answered before durable."""
        folder = self._folder(request.folder)
        if "sync" in self._plug.handlers:
            self._plug.call("sync", folder)
        return driver_pb2.SyncResponse()

    def apply_batch(self, request: driver_pb2.ApplyBatchRequest) -> driver_pb2.ApplyBatchResponse:
        """Does many operations: those about the same path one after the other, the others as the driver likes."""
        folder = self._writable(request.folder)
        response = driver_pb2.ApplyBatchResponse()
        add = response.results.add
        together = groups(request.operations) if self._writer.takes_many else ([one] for one in request.operations)
        outcomes = self._plug.parallel.operations(lambda group: self._outcomes(folder, group), together, _paths_of_all)
        for outcome in itertools.chain.from_iterable(outcomes):
            result_to_wire(outcome, add())
        return response

    def _outcomes(
        self, folder: Folder, group: Sequence[operation_pb2.Operation]
    ) -> Sequence[Observation | DriverError]:
        if len(group) == 1:
            return [self._outcome(folder, group[0])]
        try:
            writes = [operation for wire in group if isinstance(operation := operation_from_wire(wire), Write)]
        except DriverError:
            return [self._outcome(folder, wire) for wire in group]  # One of them is nonsense, and the others are not.
        try:
            return self._writer.write_many(folder, writes)
        except Exception as error:  # noqa: BLE001  A supervised border, as below.
            return [self._plug.wrapped("apply_batch", error)] * len(group)

    def _outcome(self, folder: Folder, wire: operation_pb2.Operation) -> Observation | DriverError:
        try:
            return self._writer.apply(folder, operation_from_wire(wire))
        except DriverError as error:
            return error
        except Exception as error:  # noqa: BLE001  A supervised border: one operation's fault is not that of the others.
            return self._plug.wrapped("apply_batch", error)

    def _apply(self, folder: str, wire: operation_pb2.Operation) -> observation_pb2.Observation:
        return observation_to_wire(self._writer.apply(self._writable(folder), operation_from_wire(wire)))

    # What was replaced or deleted.

    def list_trash(self, request: driver_pb2.ListTrashRequest) -> driver_pb2.ListTrashResponse:
        """Returns a page of what is kept."""
        folder = self._folder(request.folder)
        kept = self._plug.call("list_trash", folder, request.path, request.after)
        response, room = driver_pb2.ListTrashResponse(), self._plug.limits.max_message_bytes - MESSAGE_ROOM
        for entry in itertools.islice(kept, MAX_BATCH):
            wire = kept_to_wire(entry)
            room -= wire.ByteSize() + 8
            if room < 0 and response.entries:
                break
            response.entries.append(wire)
        return response

    def read_trash(self, request: driver_pb2.ReadTrashRequest) -> driver_pb2.ReadTrashResponse:
        """Reads a part of a kept file."""
        folder, size = self._folder(request.folder), min(request.size, MAX_CHUNK)
        return driver_pb2.ReadTrashResponse(
            data=self._plug.call("read_trash", folder, request.id, request.offset, size)
        )

    def empty_trash(self, request: driver_pb2.EmptyTrashRequest) -> driver_pb2.EmptyTrashResponse:
        """Removes things from the trash."""
        self._plug.call("empty_trash", self._writable(request.folder), list(request.ids))
        return driver_pb2.EmptyTrashResponse()

    # Holding back.

    def _require_configured(self) -> None:
        if not self.configured.is_set():
            message = "the driver is not configured yet"
            raise Unavailable(message)

    def _ready(self) -> None:
        self._require_configured()
        if not self._plug.wait_started(PATIENCE):
            message = "the driver has not come to listen() yet"
            raise Unavailable(message)

    def _known_folder(self, name: str) -> Folder:
        folder = self._plug.folders.get(name)
        if folder is None or not self.configured.is_set():
            message = f"the folder {name!r} is not configured here"
            raise NotFound(message)
        return folder

    def _folder(self, name: str) -> Folder:
        self._ready()
        return self._known_folder(name)

    def _writable(self, name: str) -> Folder:
        folder = self._folder(name)
        if Mode.WRITE not in folder.mode:
            message = f"the folder {name!r} may not be written here"
            raise PermissionDenied(message)
        return folder


def _paths_of_all(group: Sequence[operation_pb2.Operation]) -> Sequence[str]:
    return [path for wire in group for path in _paths_of(wire)]


def _paths_of(wire: operation_pb2.Operation) -> Sequence[str]:
    """Returns the paths that an operation is about."""
    match wire.WhichOneof("action"):
        case "write":
            return (wire.write.upload.path,)
        case "move":
            return wire.move.path, wire.move.destination
        case "copy":
            return wire.copy.path, wire.copy.destination
        case None:
            return ()
        case kind:
            return (str(getattr(wire, kind).path),)
