"""The handlers of `google_drive`.

Nothing is done here but to find the folder's root and hand over. The handlers are called from several threads; what
they share is the table of roots, which changes only when the service is configured.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from onitu.plug import (
    Conditional,
    DriverError,
    FolderReport,
    InvalidPath,
    Metadata,
    Mode,
    Plug,
    RootState,
)
from onitu.plug.digests import COMPUTED, read_digest
from onitu.plug.roots import Roots

from . import reading, signin, uploads, writing
from .api import CONNECTIONS, URL, Api
from .exports import Exports
from .place import find_root
from .root import Root
from .tokens import Tokens
from .watch import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onitu.plug import Absent, Attributes, Changes, Folder, Inadmissible, Present

MOST_AT_ONCE: Final = 200
"""Operations in one call: each is several requests, and a call is to be answered within seconds."""

EVERY: Final = 5.0
"""Seconds between two readings of the log of changes, unless the setup has `changes-timer`."""

plug = Plug()
plug.declare(
    staging=True,
    trash=True,
    native_ids=True,
    move_directory=True,
    mtime_precision_ns=1_000_000,
    conditional=Conditional.BEST_EFFORT,
    free_digests=("md5",),
    computed_digests=COMPUTED,
    max_concurrency=CONNECTIONS,
    max_batch_items=MOST_AT_ONCE,
    parallel=CONNECTIONS,
    pinned=True,
    cursors=True,
    changes_timer=EVERY,
)

_roots = Roots[Root]()
_apis: dict[tuple[object, ...], Api] = {}
_uploads = uploads.Uploads()


def start() -> None:
    """Serves until Onitu closes."""
    plug.listen()


@plug.handler()
def begin_authorization(options: Mapping[str, object], redirect_uri: str | None) -> tuple[str, bytes]:
    """Begins a sign-in."""
    return signin.begin(options, redirect_uri)


@plug.handler()
def finish_authorization(session: bytes, answer: str) -> tuple[dict[str, str], str]:
    """Ends a sign-in."""
    return signin.finish(session, answer)


@plug.handler()
def open_folder(folder: Folder) -> FolderReport:
    """Finds the root of a folder; makes one that is new where it may."""
    _roots.pop(folder.name, None)
    options = plug.options
    parts = [*str(options["root"]).strip("/").split("/"), *folder.path.split("/")]
    if ".." in parts:
        raise InvalidPath(f"{folder.path!r} below {options['root']!r} is no place for the folder {folder.name!r}")
    option = options["export"]
    exports = Exports(None if option is None else str(option), _known)
    drive = None if options["drive"] is None else str(options["drive"])
    path = [part for part in parts if part not in {"", "."}]
    new = Mode.WRITE in folder.mode and folder.root_id is None
    report, root_id = find_root(_api(), drive, path, known=folder.root_id, make=new)
    if root_id is not None:
        _roots[folder.name] = Root(_api(), root_id, drive, exports, folder.name)
    return report


def _api() -> Api:
    identity = tuple(sorted((key, str(value)) for key, value in plug.options.items()))
    if identity not in _apis:
        for api in _apis.values():
            api.close()
        _apis.clear()
        url = plug.options["api_url"]
        _apis[identity] = Api(Tokens(plug.options), URL if url is None else str(url))
    return _apis[identity]


def _known(root: Root, path: str) -> Metadata | None:
    try:
        return plug.get_metadata(path, root.folder)
    except DriverError:
        return None


@plug.handler()
def watch(folder: Folder, changes: Changes) -> None:
    """Reports changes."""
    Watcher(_roots[folder.name], changes, plug).run()


@plug.handler()
def look_at_root(folder: Folder) -> tuple[RootState, str]:
    """Looks whether the root is there."""
    return _roots[folder.name].state()


@plug.handler()
def list_directory(folder: Folder, path: str) -> Iterator[tuple[str, Present | Inadmissible]]:
    """Lists a directory."""
    return _roots[folder.name].entries(path)


@plug.handler()
def stat_file(metadata: Metadata) -> Present | Absent | Inadmissible:
    """Observes one entry."""
    return _roots[metadata.folder].observe(metadata.filename)


@plug.handler()
def get_file(metadata: Metadata) -> bytes:
    """Reads a whole file."""
    return reading.read_whole(_roots[metadata.folder], metadata.filename, str(metadata.revision))


@plug.handler()
def get_chunk(metadata: Metadata, offset: int, size: int) -> bytes:
    """Reads a part of a file."""
    return reading.read_part(_roots[metadata.folder], metadata.filename, str(metadata.revision), offset, size)


@plug.handler()
def get_digest(metadata: Metadata, algorithm: str) -> bytes:
    """Computes a digest by reading the file."""
    return read_digest(algorithm, partial(get_chunk, metadata))


@plug.handler()
def upload_file(metadata: Metadata, content: bytes) -> Present:
    """Writes a whole file."""
    return writing.upload(_roots[metadata.folder], metadata, content)


@plug.handler()
def start_upload(metadata: Metadata) -> None:
    """Begins to take a file in chunks."""
    root = _roots[metadata.folder]
    root.folder_above(metadata.filename)
    _uploads.start(root, metadata)


@plug.handler()
def upload_chunk(metadata: Metadata, offset: int, chunk: bytes) -> None:
    """Takes one chunk."""
    _uploads.write(metadata, offset, chunk)


@plug.handler()
def restart_upload(metadata: Metadata, _offset: int) -> int:
    """Returns how many bytes of an upload are here."""
    return _uploads.restart(metadata)


@plug.handler()
def end_upload(metadata: Metadata) -> Present:
    """Makes an upload visible."""
    return _uploads.end(metadata)


@plug.handler()
def abort_upload(metadata: Metadata) -> None:
    """Gives an upload up."""
    _uploads.abort(metadata.session)


@plug.handler()
def delete_file(metadata: Metadata) -> None:
    """Moves a file or an empty directory to the trash."""
    writing.delete(_roots[metadata.folder], metadata.filename, metadata.required)


@plug.handler()
def move_file(old: Metadata, new: Metadata) -> Present:
    """Renames an entry."""
    return writing.move(_roots[old.folder], old.filename, old.required, new.filename)


@plug.handler()
def copy_file(old: Metadata, new: Metadata) -> Present:
    """Copies a file within Drive."""
    return writing.copy(_roots[old.folder], old.filename, old.required, new)


@plug.handler()
def make_directory(metadata: Metadata) -> Present:
    """Makes one directory."""
    return writing.make_directory(_roots[metadata.folder], metadata.filename)


@plug.handler()
def set_attributes(metadata: Metadata, attributes: Attributes) -> Present:
    """Sets the modification time."""
    return writing.set_attributes(_roots[metadata.folder], metadata.filename, metadata.required, attributes)


@plug.handler()
def close() -> None:
    """Lets go of the connections."""
    _roots.clear()
    for api in _apis.values():
        api.close()
    _apis.clear()
