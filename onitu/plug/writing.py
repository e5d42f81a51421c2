"""Changes a service through whichever writing handlers a driver has.

An operation is checked against its expectation here where the driver does not do it itself; content is verified here
unless the driver declares that it does. What a handler answers becomes the observation that the core records: where it
answers nothing, the Plug looks.
"""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, assert_never

import msgspec
from blake3 import blake3

from onitu.core.capability import DEFAULT_MAX_WHOLE_FILE, MAX_CHUNK
from onitu.core.model import (
    Absent,
    Copy,
    Delete,
    MakeDirectory,
    Move,
    Observation,
    Present,
    SetAttributes,
    Unknown,
    Write,
    WriteSymlink,
)
from onitu.core.paths import link_fault
from onitu.errors import (
    Corrupted,
    DriverError,
    InvalidPath,
    NotFound,
    OutcomeUnknown,
    RevisionMismatch,
    ServiceError,
    SourceChanged,
    TooLarge,
    Unsupported,
)
from onitu.plug.digests import OURS, Verifier
from onitu.plug.handlers import looks, writes_chunks, writes_whole
from onitu.plug.local import open_local_file, read_at
from onitu.plug.plug import present_of
from onitu.plug.revisions import UNSET
from onitu.plug.sessions import Session
from onitu.plug.values import Metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from onitu.core.model import LocalFile, Operation, Upload
    from onitu.plug.plug import Plug
    from onitu.plug.reading import Reader
    from onitu.plug.values import Folder

SMALL: Final = MAX_CHUNK
"""Up to this size a file goes whole where both ways are open (CONTRACT D9)."""


class Writer:
    """The writing half of a driver.

    Args:
        plug: The driver.
        reader: Looks at what is there.

    Attributes:
        chunk_size: Bytes of a chunk, as settled.
    """

    def __init__(self, plug: Plug, reader: Reader) -> None:
        self._plug = plug
        self._reader = reader
        self._sessions: dict[str, Session] = {}
        self.chunk_size = MAX_CHUNK

    def apply(self, folder: Folder, operation: Operation) -> Observation:
        """Does one operation and returns what is there then.

        Raises:
            RevisionMismatch: Something else is there than was expected; nothing was changed.
            DriverError: It was not done.
        """
        match operation:
            case Write():
                return self._write(folder, operation)
            case Delete():
                return self._delete(folder, operation)
            case Move():
                return self._relocate("move_file", folder, operation)
            case MakeDirectory():
                return self._make_directory(folder, operation)
            case SetAttributes():
                return self._set_attributes(folder, operation)
            case Copy():
                return self._relocate("copy_file", folder, operation)
            case WriteSymlink():
                return self._write_symlink(folder, operation)
            case _:
                assert_never(operation)

    @property
    def takes_many(self) -> bool:
        """Whether small files are written many at once."""
        handlers = self._plug.handlers
        return "upload_files" in handlers and writes_whole(handlers) and "upload_local_file" not in handlers

    def write_many(self, folder: Folder, writes: Sequence[Write]) -> list[Observation | DriverError]:
        """Writes small files side by side, and returns what became of each. Only where `takes_many`.

        Raises:
            DriverError: Nobody knows of any of them.
        """
        outcomes: dict[int, Observation | DriverError] = {}
        ready: list[tuple[int, Metadata, bytes, dict[str, bytes]]] = []
        for number, operation in enumerate(writes):
            try:
                if not self._goes_whole(operation.upload.size):
                    outcomes[number] = self._write(folder, operation)
                    continue
                metadata = self._plug.upload_metadata(folder, operation.upload)
                self._expect(metadata)
                content = operation.content
                content = content if isinstance(content, bytes) else _read_whole(metadata, content)
                self._check_whole(metadata)
                ready.append((number, metadata, content, _verified(metadata, content) if self._verifies else {}))
            except DriverError as error:
                outcomes[number] = error
        answers = self._plug.call("upload_files", [(metadata, content) for _, metadata, content, _ in ready])
        if len(answers) != len(ready):
            message = f"upload_files answered {len(answers)} results to {len(ready)} files"
            raise OutcomeUnknown(message)
        for (number, metadata, _, digests), answer in zip(ready, answers, strict=True):
            outcomes[number] = self._written(metadata, answer, digests)
        return [outcomes[number] for number in range(len(writes))]

    def _written(self, metadata: Metadata, answer: object, digests: dict[str, bytes]) -> Observation | DriverError:
        """Returns what became of one of many files."""
        try:
            with _telling(digests or _announced(metadata)):
                if isinstance(answer, Exception):
                    raise self._plug.wrapped("upload_files", answer)
                return self._answer(metadata, answer, digests)
        except DriverError as error:
            return error

    def upload(self, folder: Folder, upload: Upload, chunks: Iterable[bytes]) -> Observation:
        """Writes a file from its bytes and returns what is there then.

        Raises:
            Corrupted: The bytes are not those that were announced.
            RevisionMismatch: Something else is there than was expected; nothing was changed.
            DriverError: It was not done.
        """
        metadata = self._plug.upload_metadata(folder, upload)
        self._expect(metadata)
        if self._goes_whole(upload.size):
            self._check_whole(metadata)
            return self._put(metadata, _collected(upload, chunks))
        return self._put_chunks(metadata, chunks)

    # Uploads in sessions.

    def start(self, folder: Folder, upload: Upload) -> str:
        """Begins a resumable upload and returns its id.

        Raises:
            RevisionMismatch: What is expected is not there even now.
        """
        session = uuid.uuid4().hex
        metadata = self._plug.upload_metadata(folder, upload, session=session)
        self._require_chunks()
        self._expect(metadata)
        self._begin(metadata)
        self._sessions[session] = Session(metadata, Verifier(upload) if self._verifies else None)
        return session

    def restart(self, folder: Folder, session: str, upload: Upload, *, offset: int) -> int:
        """Takes up an upload that this or an earlier process began, and returns where to go on.

        Raises:
            NotFound: There is no such upload, or what an earlier process staged of it could not be verified.
            RevisionMismatch: What is expected is not there.
        """
        metadata = self._plug.upload_metadata(folder, upload, session=session)
        self._plug.require("restart_upload")
        self._expect(metadata)
        known = self._sessions.get(session)
        if known is None and self._verifies and self._plug.declared.get("staging", False):
            # The bytes before were seen by a process that is gone: nobody could say whether the whole is right. What
            # is not staged is there to be read back.
            self._give_up(metadata)
            message = f"{upload.path}: an earlier process began this upload; what it staged cannot be verified here"
            raise NotFound(message)
        if known is None:
            known = Session(metadata, staged=offset)
        with known.lock:
            answer = self._plug.call("restart_upload", metadata, known.staged)
            begin = known.staged if answer is None else int(answer)
            if not 0 <= begin <= upload.size:
                message = f"{upload.path}: restart_upload answered {begin}, which is not within its {upload.size} bytes"
                raise DriverError(message)
            known.restart(metadata, begin)
        self._sessions[session] = known
        return known.staged

    def chunk(self, folder: Folder, session: str, offset: int, data: bytes) -> None:
        """Stages one chunk of an upload.

        Raises:
            NotFound: There is no such upload.
            InvalidPath: Bytes before it are missing.
            Corrupted: More bytes came than were announced.
        """
        under_way = self._session(folder, session)
        # A call that was given up may still be at work when the next one comes.
        with under_way.lock:
            under_way.admit(offset, len(data))
            self._plug.call("upload_chunk", under_way.metadata, offset, data)
            under_way.take(offset, data)

    def local_chunks(self, folder: Folder, session: str, offset: int, source: LocalFile, size: int) -> None:
        """Stages a part of a file of this host, chunk by chunk.

        Raises:
            NotFound: There is no such upload.
            InvalidPath: Bytes before it are missing.
            Corrupted: More bytes came than were announced.
            SourceChanged: The file is not the one that is meant, or not any more.
        """
        under_way = self._session(folder, session)
        with under_way.lock, open_local_file(source) as descriptor:
            under_way.admit(offset, size)
            if under_way.verifier is None and "upload_local_chunks" in self._plug.handlers:
                self._plug.call("upload_local_chunks", under_way.metadata, offset, size, descriptor)
                under_way.staged = max(under_way.staged, offset + size)
                return
            end = offset + size
            while offset < end:
                data = read_at(descriptor, offset, min(self.chunk_size, end - offset))
                if not data:
                    message = f"{source.path}: has become shorter at its source"
                    raise SourceChanged(message)
                self._plug.call("upload_chunk", under_way.metadata, offset, data)
                under_way.take(offset, data)
                offset += len(data)

    def end(self, folder: Folder, session: str, upload: Upload) -> Observation:
        """Makes an upload visible and returns what is there then.

        Raises:
            NotFound: There is no such upload.
            Corrupted: Bytes are missing, or are not those that were announced.
        """
        under_way = self._session(folder, session)
        with under_way.lock:
            if under_way.staged != upload.size:
                message = f"{upload.path}: {under_way.staged} bytes came, {upload.size} were announced"
                raise Corrupted(message)
            metadata = self._plug.upload_metadata(folder, upload, session=session)
            self._expect(metadata)
            digests = under_way.verifier.finish(upload) if under_way.verifier is not None else {}
            observation = self._answer(metadata, self._finish(metadata), digests)
        self._sessions.pop(session, None)
        return observation

    def abort(self, folder: Folder, session: str) -> None:
        """Removes what was staged of an upload, also of one that an earlier process began."""
        under_way = self._sessions.pop(session, None)
        # Of an earlier process's upload nothing is known here but its id, by which the driver finds what is staged.
        metadata = under_way.metadata if under_way else Metadata("", folder.name, path=folder.path, session=session)
        if "abort_upload" in self._plug.handlers:
            self._plug.call("abort_upload", metadata)

    def _session(self, folder: Folder, session: str) -> Session:
        under_way = self._sessions.get(session)
        if under_way is None or under_way.metadata.folder != folder.name:
            message = f"there is no upload {session!r} in the folder {folder.name}; it must be restarted"
            raise NotFound(message)
        return under_way

    @property
    def _verifies(self) -> bool:
        """Whether bytes have to be checked here, since the driver does not do it."""
        return not self._plug.declared.get("verified", False)

    # Operations.

    def _write(self, folder: Folder, operation: Write) -> Observation:
        metadata = self._plug.upload_metadata(folder, operation.upload)
        self._expect(metadata)
        if isinstance(operation.content, bytes):
            return self._put(metadata, operation.content)
        return self._put_local(metadata, operation.content)

    def _delete(self, folder: Folder, operation: Delete) -> Observation:
        metadata = self._plug.metadata(folder, operation.path, revision=operation.expected, expected=operation.expected)
        self._expect(metadata)
        self._plug.call("delete_file", metadata)
        return Observation(operation.path, Absent(), self._seq(metadata))

    def _relocate(self, task: str, folder: Folder, operation: Move | Copy) -> Observation:
        old = self._plug.metadata(folder, operation.path, revision=operation.expected, expected=operation.expected)
        new = self._plug.metadata(folder, operation.destination, revision=operation.expected)
        self._expect(old)
        self._expect(new)
        if not looks(self._plug.handlers.keys()):
            new.size = old.size  # Nobody will see it in its new place.
        return self._answer(new, self._plug.call(task, old, new), {})

    def _make_directory(self, folder: Folder, operation: MakeDirectory) -> Observation:
        metadata = self._plug.metadata(folder, operation.path)
        self._expect(metadata)
        return self._answer(metadata, self._plug.call("make_directory", metadata), {})

    def _set_attributes(self, folder: Folder, operation: SetAttributes) -> Observation:
        metadata = self._plug.metadata(folder, operation.path, revision=operation.expected, expected=operation.expected)
        self._expect(metadata)
        return self._answer(metadata, self._plug.call("set_attributes", metadata, operation.attributes), {})

    def _write_symlink(self, folder: Folder, operation: WriteSymlink) -> Observation:
        wrong = link_fault(operation.path, operation.target) if folder.symlinks else "symbolic links are skipped here"
        if wrong is not None:
            message = f"{operation.path} -> {operation.target}: {wrong}"
            raise InvalidPath(message)
        metadata = self._plug.metadata(
            folder, operation.path, revision=operation.expected or "", expected=operation.expected
        )
        self._expect(metadata)
        answer = self._plug.call("write_symlink", metadata, operation.target, operation.attributes)
        return self._answer(metadata, answer, {})

    # Content.

    def _goes_whole(self, size: int) -> bool:
        handlers = self._plug.handlers.keys()
        if not writes_chunks(handlers):
            return True
        return writes_whole(handlers) and size <= min(SMALL, self._max_whole_file())

    def _max_whole_file(self) -> int:
        return self._plug.declared.get("max_whole_file", DEFAULT_MAX_WHOLE_FILE)

    def _check_whole(self, metadata: Metadata) -> None:
        if metadata.size > self._max_whole_file():
            message = f"{metadata.filename}: is larger than the {self._max_whole_file()} bytes this driver takes whole"
            raise TooLarge(message)

    def _put(self, metadata: Metadata, content: bytes) -> Observation:
        """Writes content that is in memory."""
        if not self._goes_whole(len(content)):
            return self._put_chunks(metadata, _pieces(content))
        self._check_whole(metadata)
        digests: dict[str, bytes] = {}
        if self._verifies:
            digests = _verified(metadata, content)
        with _telling(digests or _announced(metadata)):
            return self._answer(metadata, self._plug.call("upload_file", metadata, content), digests)

    def _put_local(self, metadata: Metadata, source: LocalFile) -> Observation:
        """Writes content that lies in a file of this host."""
        if "upload_local_file" in self._plug.handlers:
            return self._answer(metadata, self._plug.call("upload_local_file", metadata, source), {})
        if self._goes_whole(metadata.size):
            self._check_whole(metadata)
            return self._put(metadata, _read_whole(metadata, source))
        return self._put_chunks(metadata, _pieces_of(source))

    def _put_chunks(self, metadata: Metadata, chunks: Iterable[bytes]) -> Observation:
        """Writes content through the chunk handlers; on any failure what was staged is removed."""
        self._require_chunks()
        metadata.session = uuid.uuid4().hex
        verifier = Verifier(metadata.upload) if metadata.upload is not None else None
        offset = 0
        self._begin(metadata)
        try:
            for chunk in chunks:
                if verifier is not None:
                    verifier.update(chunk)
                self._plug.call("upload_chunk", metadata, offset, chunk)
                offset += len(chunk)
            digests = verifier.finish() if verifier is not None else {}
            with _telling(digests):
                answer = self._finish(metadata)
        except BaseException:
            # Also when the caller hung up: what is staged must not stay.
            self._give_up(metadata)
            raise
        with _telling(digests):
            return self._answer(metadata, answer, digests)

    def _require_chunks(self) -> None:
        if not writes_chunks(self._plug.handlers.keys()):
            message = "this driver cannot write in chunks"
            raise Unsupported(message)

    def _begin(self, metadata: Metadata) -> None:
        if "start_upload" in self._plug.handlers:
            self._plug.call("start_upload", metadata)

    def _give_up(self, metadata: Metadata) -> None:
        if "abort_upload" not in self._plug.handlers:
            return
        try:
            self._plug.call("abort_upload", metadata)
        except DriverError as error:
            # What the upload failed of is what counts; the driver removes leftovers at its next start.
            reason = {"path": metadata.filename, "error": str(error)}
            self._plug.logger.warning("abort_failed", extra=reason)

    def _finish(self, metadata: Metadata) -> object:
        return self._plug.call("end_upload", metadata) if "end_upload" in self._plug.handlers else None

    # Expectations and answers.

    def _expect(self, metadata: Metadata) -> None:
        """Looks whether what is expected is there, unless the driver does that itself."""
        if "conditional" in self._plug.declared or "stat_file" not in self._plug.handlers:
            return
        state = self._reader.state_of(metadata)
        if isinstance(state, Unknown):
            raise ServiceError(state.reason)
        found = None if isinstance(state, Absent) else state.revision
        if found != metadata.expected:
            wanted = "nothing" if metadata.expected is None else "another revision"
            message = f"{metadata.filename}: {wanted} was expected there"
            raise RevisionMismatch(message)

    def _answer(self, metadata: Metadata, answer: object, digests: dict[str, bytes]) -> Observation:
        """Returns the observation of an entry that a handler has just made or changed."""
        if isinstance(answer, Present):
            state, seq = answer, self._seq(metadata)
        elif answer is not None:
            message = f"{metadata.filename}: the handler answered a {type(answer).__name__} where a Present belongs"
            raise DriverError(message)
        else:
            state, seq = self._looked_at(metadata)
        # A caller learns here what it did not know: the digests computed on the way, the driver's own bytes.
        if digests:
            state = msgspec.structs.replace(state, digests={**digests, **state.digests})
        if not state.extra and (extra := metadata.raw_extra):
            state = msgspec.structs.replace(state, extra=extra)
        return Observation(metadata.filename, state, seq)

    def _looked_at(self, metadata: Metadata) -> tuple[Present, int]:
        seq = self._plug.tick()
        handlers = self._plug.handlers.keys()
        if not looks(handlers) or ("stat_file" not in handlers and metadata.has_new_revision):
            if not metadata.has_new_revision and metadata.revision in {UNSET, metadata.expected_revision}:
                message = f"{metadata.filename}: the handler answered no revision and there is no stat_file"
                raise DriverError(message)
            return present_of(metadata), seq
        state = self._reader.state_of(metadata)
        if not isinstance(state, Present):
            message = f"{metadata.filename}: is not there right after it was written"
            raise OutcomeUnknown(message)
        return state, seq

    def _seq(self, metadata: Metadata) -> int:
        return self._plug.tick() if metadata.seq is None else metadata.seq


def _read_whole(metadata: Metadata, source: LocalFile) -> bytes:
    """Reads a file of this host. Nobody else has seen its bytes: a driver that verifies is told what to find."""
    with open_local_file(source) as descriptor:
        content = read_at(descriptor, 0, metadata.size + 1)
    if metadata.upload is not None and metadata.upload.digest is None:
        metadata.upload = msgspec.structs.replace(metadata.upload, digest=(OURS, blake3(content).digest()))
    return content


def _collected(upload: Upload, chunks: Iterable[bytes]) -> bytes:
    """Returns all chunks as one, stopping at the first byte too many."""
    parts: list[bytes] = []
    room = upload.size
    for chunk in chunks:
        room -= len(chunk)
        if room < 0:
            message = f"{upload.path}: more than the {upload.size} bytes that were announced came"
            raise Corrupted(message)
        parts.append(chunk)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _verified(metadata: Metadata, content: bytes) -> dict[str, bytes]:
    if metadata.upload is None:
        return {}
    verifier = Verifier(metadata.upload)
    verifier.update(content)
    return verifier.finish()


def _announced(metadata: Metadata) -> dict[str, bytes]:
    announced = metadata.upload.digest if metadata.upload is not None else None
    return {} if announced is None else dict((announced,))


@contextmanager
def _telling(digests: dict[str, bytes]) -> Iterator[None]:
    """Has a failure that leaves open what was done tell the digests of what was sent.

    Of a file that was handed over nobody else has seen the bytes, and its source may have changed by the time when
    somebody asks what lies there.
    """
    try:
        yield
    except OutcomeUnknown as error:
        error.sent = error.sent or digests
        raise


def _pieces(content: bytes) -> Iterator[bytes]:
    for begin in range(0, len(content), MAX_CHUNK):
        yield content[begin : begin + MAX_CHUNK]


def _pieces_of(source: LocalFile) -> Iterator[bytes]:
    with open_local_file(source) as descriptor:
        offset = 0
        while chunk := read_at(descriptor, offset, MAX_CHUNK):
            yield chunk
            offset += len(chunk)
