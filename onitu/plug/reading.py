"""Reads files through whichever reading handlers a driver has: in parts, whole, or from this host's disk.

Every read is pinned to a revision. Where the driver does not look at it itself, the Plug does, right before and right
after; a file that changed in between is a `RevisionMismatch`, and what was read of it is thrown away.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from onitu.core.capability import MAX_CHUNK
from onitu.core.model import Absent, Inadmissible, Kind, Observation, Present, Unknown
from onitu.errors import DriverError, NotFound, RevisionMismatch, ServiceError, SourceChanged, TooLarge, Unsupported
from onitu.plug.local import read_at
from onitu.plug.values import Metadata, RootState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onitu.core.model import State
    from onitu.plug.plug import Plug
    from onitu.plug.values import Folder


class Reader:
    """The reading half of a driver.

    Args:
        plug: The driver.
    """

    def __init__(self, plug: Plug) -> None:
        self._plug = plug

    def observe(self, folder: Folder, path: str, *, algorithm: str | None = None) -> Observation:
        """Returns what is at a path now. A failure is `Unknown`.

        Args:
            folder: Where.
            path: Relative to the folder; "" is the folder itself.
            algorithm: Digest to compute for a file by reading it.
        """
        seq = self._plug.tick()
        try:
            # The folder itself may be looked at, though no other call may name it.
            metadata = self._plug.metadata(folder, path) if path else Metadata("", folder.name, path=folder.path)
            state = self.state_of(metadata)
            if algorithm is not None and isinstance(state, Present) and algorithm not in state.digests:
                state = self._with_digest(metadata, state, algorithm)
        except DriverError as error:
            state = Unknown(str(error) or type(error).__name__)
        return Observation(path, state, seq)

    def without_root(self, folder: Folder, observed: list[Observation]) -> list[Observation]:
        """Returns observations; where the root is not what it was, nothing that was not found counts as absent.

        Args:
            folder: Where.
            observed: What was just seen. The root is looked at after it, so it was there until then.
        """
        if "look_at_root" not in self._plug.handlers or not any(isinstance(one.state, Absent) for one in observed):
            return observed
        try:
            state, reason = self._plug.call("look_at_root", folder)
        except DriverError as error:
            state, reason = RootState.MISSING, str(error)
        if state is RootState.OK:
            return observed
        unknown = Unknown(reason or "the root is not there")
        return [
            msgspec.structs.replace(one, state=unknown) if isinstance(one.state, Absent) else one for one in observed
        ]

    def state_of(self, metadata: Metadata) -> State:
        """Returns what `stat_file` sees; for `NotFound` nothing is there.

        Raises:
            DriverError: It could not be seen.
        """
        if "stat_file" not in self._plug.handlers and "list_directory" in self._plug.handlers:
            return self._listed(metadata)
        try:
            state = self._plug.call("stat_file", metadata)
        except NotFound:
            return Absent()
        if isinstance(state, Present | Absent | Inadmissible | Unknown):
            return state
        message = f"stat_file answered a {type(state).__name__}"
        raise DriverError(message)

    def _listed(self, metadata: Metadata) -> State:
        """Returns what the listing of a directory shows of an entry in it."""
        above, _, name = metadata.filename.rpartition("/")
        try:
            listing = self._plug.call("list_directory", self._plug.folders[metadata.folder], above)
            found: State = next((state for entry, state in listing if entry == name), Absent())
        except NotFound:
            found = Absent()
        except DriverError:
            raise
        except Exception as error:  # A supervised border, as in `Plug.call`: a generator raises only now.
            raise self._plug.wrapped("list_directory", error) from error
        return found if metadata.filename else Present(kind=Kind.DIRECTORY, revision="directory")

    def chunk(self, folder: Folder, path: str, *, revision: str, offset: int, size: int) -> bytes:
        """Returns up to `size` bytes from `offset` of a file at a revision.

        Raises:
            RevisionMismatch: Another revision is there.
            DriverError: It could not be read.
        """
        metadata = self._plug.metadata(folder, path, revision=revision)
        self._check(metadata)
        data = self._part(metadata, offset, min(size, MAX_CHUNK))
        self._check(metadata)
        return data

    def chunks(self, folder: Folder, path: str, *, revision: str, offset: int = 0) -> Iterator[bytes]:
        """Yields a file at a revision, in chunks.

        Raises:
            RevisionMismatch: Another revision is there, before or after.
            DriverError: It could not be read.
        """
        metadata = self._plug.metadata(folder, path, revision=revision)
        self._check(metadata)
        if self._in_parts():
            while data := self._part(metadata, offset, MAX_CHUNK):
                offset += len(data)
                yield data
                if len(data) < MAX_CHUNK:
                    break
        else:
            content = memoryview(self._whole(metadata))
            for begin in range(offset, len(content), MAX_CHUNK):
                yield bytes(content[begin : begin + MAX_CHUNK])
        self._check(metadata)

    def file(self, folder: Folder, path: str, *, revision: str, limit: int) -> bytes:
        """Returns the whole of a small file at a revision.

        Raises:
            TooLarge: It has more than `limit` bytes.
            RevisionMismatch: Another revision is there, before or after.
            DriverError: It could not be read.
        """
        metadata = self._plug.metadata(folder, path, revision=revision)
        self._check(metadata)
        content = self._whole(metadata) if "get_file" in self._plug.handlers else self._joined(metadata, limit)
        if len(content) > limit:
            message = f"{path}: is larger than the {limit} bytes a message holds; read it in chunks"
            raise TooLarge(message)
        self._check(metadata)
        return content

    def _joined(self, metadata: Metadata, limit: int) -> bytes:
        parts = [self._part(metadata, 0, MAX_CHUNK)]
        total = len(parts[0])
        while len(parts[-1]) == MAX_CHUNK and total <= limit:
            parts.append(self._part(metadata, total, MAX_CHUNK))
            total += len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _in_parts(self) -> bool:
        return "get_chunk" in self._plug.handlers or "get_file" not in self._plug.handlers

    def _whole(self, metadata: Metadata) -> bytes:
        content: bytes = self._plug.call("get_file", metadata)
        return content

    def _part(self, metadata: Metadata, offset: int, size: int) -> bytes:
        handlers = self._plug.handlers
        if "get_chunk" in handlers:
            data: bytes = self._plug.call("get_chunk", metadata, offset, size)
        elif "local_path" in handlers:
            data = _read_path(self._plug.call("local_path", metadata), offset, size)
        elif "get_file" in handlers:
            data = self._whole(metadata)[offset : offset + size]
        else:
            message = "this driver cannot read files"
            raise Unsupported(message)
        if len(data) > size:
            message = f"{metadata.filename}: get_chunk answered {len(data)} bytes, {size} were asked for"
            raise DriverError(message)
        return data

    def _check(self, metadata: Metadata) -> None:
        """Looks whether the revision that is to be read is there, unless the driver does that itself."""
        if self._plug.declared.get("pinned", False) or "stat_file" not in self._plug.handlers:
            return
        state = self.state_of(metadata)
        if isinstance(state, Absent):
            message = f"{metadata.filename}: is not there any more"
            raise NotFound(message)
        if isinstance(state, Unknown):
            raise ServiceError(state.reason)
        if state.revision != metadata.revision:
            message = f"{metadata.filename}: has another revision than the one to be read"
            raise RevisionMismatch(message)

    def _with_digest(self, metadata: Metadata, state: Present, algorithm: str) -> State:
        if state.kind is not Kind.FILE:
            return state
        metadata.revision = state.revision
        metadata.size = state.size
        try:
            digest: bytes = self._plug.call("get_digest", metadata, algorithm)
        except (RevisionMismatch, SourceChanged, NotFound):
            return Unknown("changed while it was read")
        return msgspec.structs.replace(state, digests={**state.digests, algorithm: digest})


def _read_path(path: str, offset: int, size: int) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return read_at(descriptor, offset, size)
        finally:
            os.close(descriptor)
    except FileNotFoundError as error:
        message = f"{path}: is not there"
        raise NotFound(message) from error
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise ServiceError(message) from error
