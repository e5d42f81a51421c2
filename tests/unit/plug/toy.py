"""A service in a dictionary, and a driver for it with as many handlers as a test wants."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from onitu.core.model import (
    Absent,
    Attributes,
    FileIdentity,
    Inadmissible,
    Kind,
    LocalFile,
    Observation,
    Present,
    Upload,
)
from onitu.errors import NotFound
from onitu.plug import Folder, Metadata, Plug

FOLDER = Folder(name="photos", path="base/photos")
READING = ("list_directory", "stat_file", "get_file", "get_chunk")
WHOLE = ("upload_file", "delete_file", "move_file", "copy_file", "make_directory")
CHUNKS = ("start_upload", "upload_chunk", "restart_upload", "end_upload", "abort_upload")


class Toy:
    """Files by their path below the service's root; a revision is the count of writes."""

    def __init__(self, *tasks: str) -> None:
        self.files: dict[str, tuple[bytes, str]] = {}
        self.directories: set[str] = {"base/photos"}
        self.staged: dict[str, bytearray] = {}
        self.calls: list[str] = []
        self.writes = 0
        self.plug = Plug()
        for task in tasks:
            self.plug.handler(task)(getattr(self, task))
        self.plug.configure(service="toy", setup_id="setup", generation=1, options={})
        self.plug.folders = {FOLDER.name: FOLDER}

    def put(self, path: str, content: bytes) -> Present:
        """Writes a file, as a user of the service would."""
        self.writes += 1
        self.files[path] = (content, str(self.writes))
        return self.present(path)

    def present(self, path: str) -> Present:
        """Returns a file as observed."""
        content, revision = self.files[path]
        return Present(kind=Kind.FILE, size=len(content), revision=revision)

    def list_directory(self, folder: Folder, path: str) -> Iterator[tuple[str, Present | Inadmissible]]:
        """Handler."""
        prefix = folder.join(path) + "/"
        for directory in sorted(self.directories):
            if directory.startswith(prefix) and "/" not in directory[len(prefix) :]:
                yield directory[len(prefix) :], Present(kind=Kind.DIRECTORY, revision="d")
        for file in sorted(self.files):
            if file.startswith(prefix) and "/" not in file[len(prefix) :]:
                yield file[len(prefix) :], self.present(file)

    def stat_file(self, metadata: Metadata) -> Present | Absent:
        """Handler."""
        if metadata.path in self.directories:
            return Present(kind=Kind.DIRECTORY, revision="d")
        return self.present(metadata.path) if metadata.path in self.files else Absent()

    def get_digest(self, metadata: Metadata, algorithm: str) -> bytes:
        """Handler."""
        return f"{algorithm} of {metadata.revision}".encode()

    def get_file(self, metadata: Metadata) -> bytes:
        """Handler."""
        self.calls.append("get_file")
        if metadata.path not in self.files:
            raise NotFound(metadata.filename)
        return self.files[metadata.path][0]

    def get_chunk(self, metadata: Metadata, offset: int, size: int) -> bytes:
        """Handler."""
        self.calls.append("get_chunk")
        return self.files[metadata.path][0][offset : offset + size]

    def upload_file(self, metadata: Metadata, content: bytes) -> None:
        """Handler."""
        self.calls.append("upload_file")
        self.put(metadata.path, content)

    def start_upload(self, metadata: Metadata) -> None:
        """Handler."""
        self.calls.append("start_upload")
        self.staged[metadata.session] = bytearray()

    def upload_chunk(self, metadata: Metadata, offset: int, chunk: bytes) -> None:
        """Handler."""
        self.calls.append("upload_chunk")
        self.staged[metadata.session][offset : offset + len(chunk)] = chunk

    def restart_upload(self, metadata: Metadata, offset: int) -> int:
        """Handler."""
        return min(offset, len(self.staged.setdefault(metadata.session, bytearray())))

    def end_upload(self, metadata: Metadata) -> Present:
        """Handler."""
        self.calls.append("end_upload")
        return self.put(metadata.path, bytes(self.staged.pop(metadata.session)))

    def abort_upload(self, metadata: Metadata) -> None:
        """Handler."""
        self.calls.append("abort_upload")
        self.staged.pop(metadata.session, None)

    def delete_file(self, metadata: Metadata) -> None:
        """Handler."""
        del self.files[metadata.path]

    def move_file(self, old: Metadata, new: Metadata) -> None:
        """Handler."""
        self.files[new.path] = self.files.pop(old.path)

    def copy_file(self, old: Metadata, new: Metadata) -> Present:
        """Handler."""
        return self.put(new.path, self.files[old.path][0])

    def make_directory(self, metadata: Metadata) -> None:
        """Handler."""
        self.directories.add(metadata.path)

    def set_attributes(self, metadata: Metadata, _attributes: Attributes) -> None:
        """Handler."""
        self.put(metadata.path, self.files[metadata.path][0])


def upload(
    path: str, content: bytes, *, expected: str | None = None, digest: tuple[str, bytes] | None = None
) -> Upload:
    """Returns the upload of a content."""
    return Upload(path=path, expected=expected, size=len(content), digest=digest)


def local_file(root: str, path: str) -> LocalFile:
    """Returns a file of this host as it is now."""
    found = (Path(root) / path).stat()
    identity = FileIdentity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return LocalFile(root, path, identity)


def present(observation: Observation) -> Present:
    """Returns what is there, which must be something."""
    assert isinstance(observation.state, Present)
    return observation.state
