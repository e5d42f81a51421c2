"""One folder of the service under test, and what can be asked of it: each call of the contract in its plainest form.

What is written here goes the way the driver has: whole where it takes whole files, else in chunks. Nothing is expected
here; a call that is refused raises `Refusal`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import attrs
from blake3 import blake3

from onitu.conformance.check import NotVisible
from onitu.conformance.stream import Stream
from onitu.conformance.wire import UNIT, Wire, chunked
from onitu.core.capability import MAX_CHUNK, Capabilities, Limits
from onitu.rpc.gen import driver_pb2, observation_pb2, operation_pb2

HASHERS: Final = {
    "blake3": lambda content: blake3(content).digest(),
    "md5": lambda content: hashlib.md5(content, usedforsecurity=False).digest(),
    "sha1": lambda content: hashlib.sha1(content, usedforsecurity=False).digest(),
    "sha256": lambda content: hashlib.sha256(content).digest(),
    "sha512": lambda content: hashlib.sha512(content).digest(),
}
"""The digests that the kit can compute itself."""

ABSENT: Final = None
"""Expects that nothing is there."""

CALM: Final = 10.0
"""Units of time after which an entry that is still racy stays so: services count in seconds, or in two of them."""


@attrs.frozen
class Folder:
    """A configured folder.

    Attributes:
        wire: The connection.
        name: Its name.
        able: What the service can do.
        limits: The numbers to keep to.
        chunk_size: Bytes of a chunk.
        local_root: Where its files lie on this host, or None.
        root_id: Which root it has.
    """

    wire: Wire
    name: str
    able: Capabilities
    limits: Limits
    chunk_size: int = MAX_CHUNK
    local_root: str | None = None
    root_id: str = ""

    # Looking.

    def stat(self, *paths: str, digest: str | None = None) -> list[observation_pb2.Observation]:
        """Asks for some paths."""
        request = driver_pb2.StatFilesRequest(folder=self.name, paths=paths, digest_algorithm=digest)
        return list(self.wire.call("StatFiles", request).observations)

    def look(self, path: str) -> observation_pb2.Observation:
        """Looks at one path, by a snapshot where the driver cannot look at single ones."""
        if self.able.stat_files:
            return self.stat(path)[0]
        found = self.snapshot().get(path)
        if found is None:
            return observation_pb2.Observation(path=path, absent=observation_pb2.Absent())
        return observation_pb2.Observation(path=path, present=found)

    def present(self, path: str) -> observation_pb2.Present:
        """Looks at a path where something must be."""
        found = self.look(path)
        assert found.WhichOneof("state") == "present", f"{path!r} is {said(found)}, and something is there"
        return found.present

    def wait_calm(self, path: str) -> observation_pb2.Present:
        """Waits until an entry is not racy any more: what is written from then on has another revision.

        Raises:
            NotVisible: It stays racy, as on a service that knows no times.
        """
        due = time.monotonic() + CALM * UNIT
        while (found := self.present(path)).racy:
            if time.monotonic() > due:
                message = f"{path!r} stays racy"
                raise NotVisible(message)
            time.sleep(0.1)
        return found

    def holds(self, path: str) -> bool:
        """Whether something is at a path; only where the driver answers so or so."""
        found = self.look(path)
        assert found.WhichOneof("state") in {"present", "absent"}, f"{path!r} is {said(found)}"
        return bool(found.WhichOneof("state") == "present")

    def watch(self, *, live: bool = True, cursor: bytes | None = None) -> Stream:
        """Opens the change stream; a context manager."""
        return Stream(self.wire, self.name, live=live, cursor=cursor)

    def snapshot(self) -> dict[str, observation_pb2.Present]:
        """Takes a snapshot and returns what is in it."""
        with self.watch(live=False) as stream:
            stream.wait_snapshot()
            return dict(stream.entries)

    # Reading.

    def get_file(self, path: str, revision: str, *, offset: int = 0) -> bytes:
        """Reads by GetFile."""
        request = driver_pb2.GetFileRequest(folder=self.name, path=path, revision=revision, offset=offset)
        return b"".join(message.data for message in self.wire.messages("GetFile", request))

    def get_chunk(self, path: str, revision: str, offset: int, size: int) -> bytes:
        """Reads by GetChunk."""
        request = driver_pb2.GetChunkRequest(folder=self.name, path=path, revision=revision, offset=offset, size=size)
        return bytes(self.wire.call("GetChunk", request).data)

    def get_files(self, files: Sequence[tuple[str, str]]) -> list[driver_pb2.FetchedFile]:
        """Reads by GetFiles: paths with their revisions."""
        pinned = [driver_pb2.PinnedFile(path=path, revision=revision) for path, revision in files]
        request = driver_pb2.GetFilesRequest(folder=self.name, files=pinned)
        return [file for message in self.wire.messages("GetFiles", request) for file in message.files]

    def read(self, path: str, revision: str | None = None) -> bytes:
        """Reads a whole file, by default at the revision that is there."""
        revision = self.present(path).revision if revision is None else revision
        if self.able.whole_files:
            return self.get_file(path, revision)
        content = bytearray()
        while chunk := self.get_chunk(path, revision, len(content), MAX_CHUNK):
            content += chunk
        return bytes(content)

    # Writing.

    def write(
        self,
        path: str,
        content: bytes = b"",
        *,
        over: str | None = ABSENT,
        attributes: operation_pb2.Attributes | None = None,
    ) -> observation_pb2.Present:
        """Writes a file and returns it as it is then.

        Args:
            path: Where.
            content: What.
            over: The revision that must be there; nothing by default.
            attributes: What travels with it.
        """
        upload = upload_of(path, content, over=over, attributes=attributes)
        return self.upload_whole(upload, content) if self.able.whole_files else self.upload_chunks(upload, content)

    def upload_whole(self, upload: operation_pb2.Upload, content: bytes) -> observation_pb2.Present:
        """Writes by UploadFile."""
        parts = self.parts(upload, (chunk for _, chunk in chunked(content, MAX_CHUNK)))
        return self._present("UploadFile", parts)

    def parts(self, upload: operation_pb2.Upload, chunks: Iterable[bytes]) -> Iterator[driver_pb2.UploadFileRequest]:
        """Yields the messages of UploadFile."""
        yield driver_pb2.UploadFileRequest(start=driver_pb2.UploadFileStart(folder=self.name, upload=upload))
        for chunk in chunks:
            yield driver_pb2.UploadFileRequest(data=chunk)

    def upload_chunks(
        self, upload: operation_pb2.Upload, content: bytes, *, size: int | None = None
    ) -> observation_pb2.Present:
        """Writes by StartUpload, UploadChunk and EndUpload."""
        session = self.start(upload)
        for offset, chunk in chunked(content, size or self.chunk_size):
            self.chunk(session, offset, chunk)
        return self.end(session, upload)

    def start(self, upload: operation_pb2.Upload) -> str:
        """Begins a resumable upload."""
        request = driver_pb2.StartUploadRequest(folder=self.name, upload=upload)
        return str(self.wire.call("StartUpload", request).session)

    def chunk(self, session: str, offset: int, data: bytes) -> None:
        """Stages a chunk."""
        request = driver_pb2.UploadChunkRequest(folder=self.name, session=session, offset=offset, data=data)
        self.wire.call("UploadChunk", request)

    def local_chunks(self, session: str, offset: int, file: operation_pb2.LocalFile, size: int) -> None:
        """Has a part of a file of this host staged."""
        request = driver_pb2.UploadChunkRequest(folder=self.name, session=session, offset=offset, size=size)
        request.local_file.CopyFrom(file)
        self.wire.call("UploadChunk", request)

    def restart(self, session: str, upload: operation_pb2.Upload, offset: int) -> int:
        """Takes an upload up again; returns where to go on."""
        request = driver_pb2.RestartUploadRequest(folder=self.name, session=session, upload=upload, offset=offset)
        return int(self.wire.call("RestartUpload", request).offset)

    def end(self, session: str, upload: operation_pb2.Upload) -> observation_pb2.Present:
        """Ends an upload."""
        request = driver_pb2.EndUploadRequest(folder=self.name, session=session, upload=upload)
        return self._present("EndUpload", request)

    def abort(self, session: str) -> None:
        """Gives an upload up."""
        self.wire.call("AbortUpload", driver_pb2.AbortUploadRequest(folder=self.name, session=session))

    # Other changes.

    def make_directory(self, path: str) -> observation_pb2.Present:
        """Makes a directory."""
        creation = operation_pb2.DirectoryCreation(path=path)
        request = driver_pb2.MakeDirectoryRequest(folder=self.name, directory_creation=creation)
        return self._present("MakeDirectory", request)

    def make_above(self, path: str) -> None:
        """Makes the directories above a path, where the driver does not make them with the file."""
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            if self.able.make_directory and not self.holds("/".join(parts[:depth])):
                self.make_directory("/".join(parts[:depth]))

    def delete(self, path: str, revision: str) -> observation_pb2.Observation:
        """Deletes an entry."""
        deletion = operation_pb2.Deletion(path=path, expectation=expectation(revision))
        request = driver_pb2.DeleteFileRequest(folder=self.name, deletion=deletion)
        return self._observation("DeleteFile", request)

    def move(self, path: str, revision: str, destination: str) -> observation_pb2.Observation:
        """Renames an entry."""
        move = operation_pb2.Move(path=path, expectation=expectation(revision), destination=destination)
        return self._observation("MoveFile", driver_pb2.MoveFileRequest(folder=self.name, move=move))

    def copy(self, path: str, revision: str, destination: str) -> observation_pb2.Present:
        """Copies a file."""
        copy = operation_pb2.Copy(path=path, expectation=expectation(revision), destination=destination)
        return self._present("CopyFile", driver_pb2.CopyFileRequest(folder=self.name, copy=copy))

    def set_attributes(self, path: str, revision: str, attributes: operation_pb2.Attributes) -> observation_pb2.Present:
        """Changes attributes."""
        change = operation_pb2.AttributeChange(path=path, expectation=expectation(revision), attributes=attributes)
        request = driver_pb2.SetAttributesRequest(folder=self.name, attribute_change=change)
        return self._present("SetAttributes", request)

    def link(self, path: str, target: str, *, over: str | None = ABSENT) -> observation_pb2.Present:
        """Writes a symbolic link."""
        write = operation_pb2.SymlinkWrite(path=path, expectation=expectation(over), target=target)
        request = driver_pb2.WriteSymlinkRequest(folder=self.name, symlink_write=write)
        return self._present("WriteSymlink", request)

    def sync(self) -> None:
        """Makes everything durable."""
        self.wire.call("Sync", driver_pb2.SyncRequest(folder=self.name))

    def batch(self, operations: Sequence[operation_pb2.Operation]) -> list[operation_pb2.OperationResult]:
        """Does many operations in one call."""
        request = driver_pb2.ApplyBatchRequest(folder=self.name, operations=operations)
        return list(self.wire.call("ApplyBatch", request, timeout=60).results)

    def _observation(self, method: str, request: object) -> observation_pb2.Observation:
        observation: observation_pb2.Observation = self.wire.call(method, request).observation
        return observation

    def _present(self, method: str, request: object) -> observation_pb2.Present:
        return self._observation(method, request).present


def expectation(revision: str | None) -> operation_pb2.Expectation:
    """Returns the expectation of a revision, or of nothing."""
    if revision is None:
        return operation_pb2.Expectation(absent=observation_pb2.Absent())
    return operation_pb2.Expectation(revision=revision)


def upload_of(
    path: str,
    content: bytes,
    *,
    over: str | None = ABSENT,
    attributes: operation_pb2.Attributes | None = None,
    size: int | None = None,
    digest: bytes | None = None,
) -> operation_pb2.Upload:
    """Returns the upload of a content; size and digest are its own, unless a check wants them wrong."""
    value = blake3(content).digest() if digest is None else digest
    return operation_pb2.Upload(
        path=path,
        expectation=expectation(over),
        size=len(content) if size is None else size,
        digest=observation_pb2.Digest(algorithm="blake3", value=value),
        attributes=attributes or operation_pb2.Attributes(),
    )


def write_of(path: str, content: bytes, *, over: str | None = ABSENT) -> operation_pb2.Operation:
    """Returns a write as an operation of a batch."""
    write = operation_pb2.Write(upload=upload_of(path, content, over=over), content=operation_pb2.Content(data=content))
    return operation_pb2.Operation(write=write)


def delete_of(path: str, revision: str) -> operation_pb2.Operation:
    """Returns a deletion as an operation of a batch."""
    return operation_pb2.Operation(deletion=operation_pb2.Deletion(path=path, expectation=expectation(revision)))


def directory_of(path: str) -> operation_pb2.Operation:
    """Returns the making of a directory as an operation of a batch."""
    return operation_pb2.Operation(directory_creation=operation_pb2.DirectoryCreation(path=path))


def said(found: observation_pb2.Observation) -> str:
    """Returns in words what an observation says."""
    match found.WhichOneof("state"):
        case "unknown":
            return f"unknown ({found.unknown.reason})"
        case "inadmissible":
            return f"inadmissible ({found.inadmissible.reason})"
        case state:
            return str(state)
