"""A whole driver for a service of files: all handlers, from what `onitu.plug.files.Files` says it can do.

A driver of such a service connects, and says what is different with it; the rest is here.
"""

from __future__ import annotations

from functools import partial
from typing import IO, TYPE_CHECKING, Final, Protocol, cast

from onitu.core.capability import Conditional, Mode
from onitu.errors import InvalidPath
from onitu.plug import renames
from onitu.plug.digests import COMPUTED, read_digest
from onitu.plug.files import Files, FilesPlace, FilesRoot
from onitu.plug.parallel import Parallel
from onitu.plug.roots import Roots, open_root
from onitu.plug.several import Several
from onitu.plug.streamed import Streamed
from onitu.plug.trash import STAGING, TRASH
from onitu.plug.values import FolderReport, RootState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from onitu.core.model import Absent, Kept, Present
    from onitu.plug.handlers import Declaration
    from onitu.plug.plug import Plug
    from onitu.plug.streamed import Pipe
    from onitu.plug.values import Folder, Metadata


MOST_AT_ONCE: Final = 200
"""Operations in one call: each is several requests, and a call is to be answered within seconds."""


class FilesService(Files, Protocol):
    """A service of files, as a driver connects to it."""

    def prepare(self, staging: str) -> Declaration:
        """Finds out what it can do, in a directory that is ours, and returns what is to be declared of it."""

    def close(self) -> None:
        """Lets go of its connections."""


class Filing:
    """The handlers of a driver for a service of files.

    Args:
        plug: The driver's. Everything is hung on it.
        connect: Connects, with the options of the plug; called once after each configuration.
        parallel: How many requests the service takes at once.
    """

    def __init__(self, plug: Plug, connect: Callable[[], FilesService], *, parallel: int) -> None:
        self._plug = plug
        self._connect = connect
        self._roots = Roots[FilesRoot]()
        self._uploads: Streamed[None] = Streamed()
        self._threads = Parallel(parallel)
        self._service: FilesService | None = None
        self._generation = 0
        self._prepared = False
        plug.declare(
            staging=True,
            trash=True,
            move_directory=True,
            conditional=Conditional.BEST_EFFORT,
            computed_digests=COMPUTED,
            max_concurrency=parallel,
            max_batch_items=MOST_AT_ONCE,
            parallel=parallel,
        )
        for handler in (
            *(self.open_folder, self.close, self.list_directory, self.stat_file, self.get_file, self.get_chunk),
            *(
                self.upload_file,
                self.upload_files,
                self.start_upload,
                self.upload_chunk,
                self.restart_upload,
                self.end_upload,
            ),
            *(self.get_digest, self.abort_upload, self.delete_file, self.move_file, self.make_directory),
            *(self.list_trash, self.read_trash, self.empty_trash),
        ):
            plug.handler()(handler)

    def open_folder(self, folder: Folder) -> FolderReport:
        """Opens the root of a folder; the first that may be written to finds out what the service can do."""
        self._roots.pop(folder.name, None)
        if ".." in folder.path.split("/") or folder.path.startswith("/"):
            raise InvalidPath(f"{folder.path!r} is no place below the root of a service")
        service = self._connected()
        place = FilesPlace(service)
        identity = place.describe(folder.path)
        report = open_root(self._plug, folder, place, identity=identity)
        if report.root_state is not RootState.OK:
            return report
        root = FilesRoot(service, "" if folder.path == "." else folder.path, marked=report.root_id != identity)
        if Mode.WRITE in folder.mode:
            for directory in (STAGING, TRASH):
                if not place.is_there(root.at(directory)):
                    place.make(root.at(directory))
            renames.remove_staged(root)
            if not self._prepared:
                self._plug.declare(**service.prepare(root.staging))
                self._prepared = True
        self._roots[folder.name] = root
        return report

    def _connected(self) -> FilesService:
        """Returns the service; after another configuration it is connected to anew."""
        if self._service is None or self._generation != self._plug.generation:
            self.close()
            self._service = self._connect()
            self._generation = self._plug.generation
            self._prepared = False
        return self._service

    def close(self) -> None:
        """Lets go of the connections."""
        self._roots.clear()
        service, self._service = self._service, None
        if service is not None:
            service.close()

    # Observing and reading.

    def list_directory(self, folder: Folder, path: str) -> Iterator[tuple[str, Present]]:
        """Lists a directory."""
        return self._roots[folder.name].entries(path)

    def stat_file(self, metadata: Metadata) -> Present | Absent:
        """Observes one entry."""
        return self._roots[metadata.folder].observe(metadata.filename)

    def get_file(self, metadata: Metadata) -> bytes:
        """Reads a whole file."""
        root = self._roots[metadata.folder]
        return root.files.get(root.at(metadata.filename))

    def get_chunk(self, metadata: Metadata, offset: int, size: int) -> bytes:
        """Reads a part of a file."""
        root = self._roots[metadata.folder]
        return root.files.read(root.at(metadata.filename), str(metadata.revision), offset, size)

    def get_digest(self, metadata: Metadata, algorithm: str) -> bytes:
        """Computes a digest by reading the file."""
        digest = read_digest(algorithm, partial(self.get_chunk, metadata))
        self._roots[metadata.folder].require(metadata.filename, str(metadata.revision))
        return digest

    # Writing.

    def upload_file(self, metadata: Metadata, content: bytes) -> Present:
        """Writes a whole file."""
        return renames.upload(self._roots[metadata.folder], metadata, content)

    def upload_files(self, files: list[tuple[Metadata, bytes]]) -> list[Present | BaseException]:
        """Writes whole files of one folder, side by side."""
        return Several(self._roots[files[0][0].folder], self._threads).upload(files) if files else []

    def start_upload(self, metadata: Metadata) -> None:
        """Begins to stage a file: one request, which the chunks are sent with."""
        root = self._roots[metadata.folder]
        root.require_above(metadata.filename)
        self._uploads.start(metadata.session, partial(_send, root, metadata))

    def upload_chunk(self, metadata: Metadata, offset: int, chunk: bytes) -> None:
        """Sends one chunk."""
        self._uploads.write(metadata.session, offset, chunk)

    def restart_upload(self, metadata: Metadata, _offset: int) -> int:
        """Returns how many bytes of an upload were taken."""
        return self._uploads.taken(metadata.session)

    def end_upload(self, metadata: Metadata) -> Present:
        """Makes what was staged visible."""
        root = self._roots[metadata.folder]
        self._uploads.finish(metadata.session)
        state = renames.put_in_place(root, renames.staged_path(root, metadata.session), metadata)
        self._uploads.forget(metadata.session)
        return state

    def abort_upload(self, metadata: Metadata) -> None:
        """Breaks an upload off, and removes what was staged of it."""
        root = self._roots[metadata.folder]
        if self._uploads.abort(metadata.session):
            renames.remove_torn(root, renames.staged_path(root, metadata.session))

    def delete_file(self, metadata: Metadata) -> None:
        """Moves a file to the trash, or removes an empty directory."""
        renames.delete(self._roots[metadata.folder], metadata.filename, metadata.required)

    def move_file(self, old: Metadata, new: Metadata) -> Present:
        """Renames an entry."""
        return renames.move(self._roots[old.folder], old.filename, old.required, new.filename)

    def make_directory(self, metadata: Metadata) -> Present:
        """Makes one directory."""
        return renames.make_directory(self._roots[metadata.folder], metadata.filename)

    # What was replaced or deleted.

    def list_trash(self, folder: Folder, path: str, after: str) -> list[Kept]:
        """Lists what was replaced or deleted."""
        return renames.list_kept(self._roots[folder.name], path, after)

    def read_trash(self, folder: Folder, name: str, offset: int, size: int) -> bytes:
        """Reads a part of what was replaced or deleted."""
        return renames.read_kept(self._roots[folder.name], name, offset, size)

    def empty_trash(self, folder: Folder, names: list[str]) -> None:
        """Removes for good what was replaced or deleted."""
        renames.remove_kept(self._roots[folder.name], names)


def _send(root: FilesRoot, metadata: Metadata, pipe: Pipe) -> None:
    renames.stage(root, metadata, cast("IO[bytes]", pipe))
