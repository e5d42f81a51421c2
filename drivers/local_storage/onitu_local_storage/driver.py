"""The handlers of `local_storage`: a directory of this machine as a service.

Nothing is done here but to find the folder's root, hand over, and say errors in the words of the contract. The
handlers are called from several threads; what they share is the table of roots, which changes only when the service
is configured.
"""

from __future__ import annotations

import functools
import os
import threading
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from onitu.plug import (
    Conditional,
    FolderReport,
    Inadmissible,
    Metadata,
    Plug,
    Present,
    RootState,
    Unavailable,
)
from onitu.plug.marker import Owner
from onitu.plug.roots import Roots

from . import content, observe, trash, uploads, write
from .area import Area, remove_staged
from .failures import from_os_error
from .root import Root, open_root
from .watch import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from onitu.plug import Absent, Attributes, Changes, Folder, Kept, LocalFile

P = ParamSpec("P")
R = TypeVar("R")

plug = Plug()
plug.declare(
    move_directory=True,
    staging=True,
    trash=True,
    native_ids=True,
    executable=True,
    mtime_precision_ns=1,
    conditional=Conditional.BEST_EFFORT,
    computed_digests=content.ALGORITHMS,
    verified=True,
    pinned=True,
)

_DAY = 86_400.0

_roots = Roots[Root]()
_watchers: dict[str, Watcher] = {}
_listings: dict[str, trash.Listing] = {}


def start() -> None:
    """Serves until Onitu closes."""
    plug.listen()


def _says_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Makes errors of the operating system errors of the contract; the first argument says what they are about."""

    @functools.wraps(function)
    def handler(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except OSError as error:
            about = args[0]
            path = about.filename if isinstance(about, Metadata) else ""
            raise from_os_error(error, path) from error

    return handler


def _looking(metadata: Metadata) -> Callable[[], None]:
    """Returns what notes the moment of a look: whatever is seen later, by the watcher too, is news to the core."""

    def note() -> None:
        metadata.seq = plug.tick()

    return note


def _own(root: Root, metadata: Metadata, state: Present) -> Present:
    root.remember_own(metadata.filename, state.revision)
    return state


@plug.handler()
def open_folder(folder: Folder) -> FolderReport:
    """Opens the root of a folder, takes its lock, and removes what a dead process has left behind."""
    _close_folder(folder.name)
    options = folder.options or plug.options
    service_root = str(options["root"])
    try:
        root, report = open_root(service_root, folder, Owner(setup=plug.setup_id, service=plug.service_name))
        if root is not None:
            _roots[folder.name] = root
            if root.area is not None:
                root.area.remove_leftovers()
                _keep_staging_small(root.area, root.closed)
    except OSError as error:
        raise from_os_error(error, os.path.join(service_root, folder.path)) from error
    return report


def _keep_staging_small(area: Area, closed: threading.Event) -> None:
    """Empties staging of what is too old every day, until the folder is closed."""
    staging = area.open_staging()

    def run() -> None:
        try:
            while not closed.wait(_DAY):
                remove_staged(staging, uploads_only=True)
        except OSError as error:
            plug.logger.warning("path_failed", extra={"path": ".onitu", "reason": str(error)})
        finally:
            os.close(staging)

    threading.Thread(target=run, name="sweeper", daemon=True).start()


@plug.handler()
@_says_errors
def list_directory(folder: Folder, path: str) -> Iterator[tuple[str, Present | Inadmissible]]:
    """Lists a directory. The root is looked at first: a disk that has gone is not an empty folder."""
    root = _roots[folder.name]
    state, reason = root.state()
    if state is not RootState.OK:
        raise Unavailable(reason)
    try:
        yield from observe.list_directory(root.fd, path, symlinks=folder.symlinks)
    except OSError as error:
        raise from_os_error(error, path) from error


@plug.handler()
@_says_errors
def stat_file(metadata: Metadata) -> Present | Absent | Inadmissible:
    """Observes one entry."""
    root = _roots[metadata.folder]
    state, reason = root.state()
    if state is not RootState.OK:
        raise Unavailable(reason)
    return observe.look_beneath(root.fd, metadata.filename, symlinks=root.symlinks)


@plug.handler()
@_says_errors
def get_digest(metadata: Metadata, algorithm: str) -> bytes:
    """Computes a digest where the file lies."""
    with content.pinned(_roots[metadata.folder].fd, metadata.filename, metadata.revision) as descriptor:
        return content.hash_file(descriptor, algorithm)


@plug.handler()
@_says_errors
def get_file(metadata: Metadata) -> bytes:
    """Reads a whole file."""
    with content.pinned(_roots[metadata.folder].fd, metadata.filename, metadata.revision) as descriptor:
        return content.read_at(descriptor, 0, os.fstat(descriptor).st_size)


@plug.handler()
@_says_errors
def get_chunk(metadata: Metadata, offset: int, size: int) -> bytes:
    """Reads a part of a file."""
    with content.pinned(_roots[metadata.folder].fd, metadata.filename, metadata.revision) as descriptor:
        return content.read_at(descriptor, offset, size)


@plug.handler()
@_says_errors
def upload_file(metadata: Metadata, data: bytes) -> Present:
    """Writes a whole file."""
    root = _roots[metadata.folder]
    return _own(root, metadata, write.upload_bytes(root, uploads.of(metadata), data, _looking(metadata)))


@plug.handler()
@_says_errors
def upload_local_file(metadata: Metadata, source: LocalFile) -> Present:
    """Writes a whole file that another driver holds on this host."""
    root = _roots[metadata.folder]
    return _own(root, metadata, write.upload_local(root, uploads.of(metadata), source, _looking(metadata)))


@plug.handler()
@_says_errors
def start_upload(metadata: Metadata) -> None:
    """Stages an empty file for chunks."""
    uploads.start(_roots[metadata.folder], metadata)


@plug.handler()
@_says_errors
def upload_chunk(metadata: Metadata, offset: int, chunk: bytes) -> None:
    """Stages one chunk."""
    uploads.write_chunk(_roots[metadata.folder], metadata, offset, chunk)


@plug.handler()
@_says_errors
def restart_upload(metadata: Metadata, _offset: int) -> int:
    """Returns how many bytes are staged, whatever the core remembers of it."""
    return uploads.restart(_roots[metadata.folder], metadata)


@plug.handler()
@_says_errors
def end_upload(metadata: Metadata) -> Present:
    """Verifies what was staged and makes it visible."""
    root = _roots[metadata.folder]
    return _own(root, metadata, uploads.end(root, metadata, _looking(metadata)))


@plug.handler()
@_says_errors
def abort_upload(metadata: Metadata) -> None:
    """Removes what was staged and nothing else."""
    uploads.abort(_roots[metadata.folder], metadata)


@plug.handler()
@_says_errors
def delete_file(metadata: Metadata) -> None:
    """Moves a file to the trash, or removes an empty directory."""
    write.delete(_roots[metadata.folder], metadata.filename, metadata.required)


@plug.handler()
@_says_errors
def move_file(old: Metadata, new: Metadata) -> Present:
    """Renames an entry."""
    root = _roots[old.folder]
    return _own(root, new, write.move(root, old.filename, old.required, new.filename))


@plug.handler()
@_says_errors
def copy_file(old: Metadata, new: Metadata) -> Present:
    """Copies a file within the folder."""
    root = _roots[old.folder]
    return _own(root, new, write.copy(root, old.filename, old.required, new.filename))


@plug.handler()
@_says_errors
def make_directory(metadata: Metadata) -> Present:
    """Makes one directory."""
    root = _roots[metadata.folder]
    return _own(root, metadata, write.make_directory(root, metadata.filename))


@plug.handler()
@_says_errors
def set_attributes(metadata: Metadata, attributes: Attributes) -> Present:
    """Sets the time and the executable bit."""
    root = _roots[metadata.folder]
    return _own(root, metadata, write.set_attributes(root, metadata.filename, metadata.required, attributes))


@plug.handler()
@_says_errors
def write_symlink(metadata: Metadata, target: str, attributes: Attributes) -> Present:
    """Writes a symbolic link, which nobody here ever follows."""
    root = _roots[metadata.folder]
    state = write.write_symlink(root, metadata.filename, metadata.expected, target, attributes)
    return _own(root, metadata, state)


@plug.handler()
@_says_errors
def sync(folder: Folder) -> None:
    """Waits for the disk, once for everything that was written."""
    write.sync(_roots[folder.name])


@plug.handler()
@_says_errors
def list_trash(folder: Folder, path: str, after: str) -> list[Kept]:
    """Lists what was replaced or deleted."""
    root = _roots[folder.name]
    listing = _listings.get(folder.name)
    if listing is None or listing.root is not root:
        listing = _listings[folder.name] = trash.Listing(root)
    return listing.page(path, after)


@plug.handler()
@_says_errors
def read_trash(folder: Folder, kept: str, offset: int, size: int) -> bytes:
    """Reads a part of what was replaced or deleted."""
    return trash.read_kept(_roots[folder.name].fd, kept, offset, size)


@plug.handler()
@_says_errors
def empty_trash(folder: Folder, kept: list[str]) -> None:
    """Removes for good what was replaced or deleted."""
    root = _roots[folder.name]
    root.writable()
    trash.remove_kept(root.fd, kept)


@plug.handler()
def local_path(metadata: Metadata) -> str:
    """Returns where the file lies on this host."""
    return os.path.join(_roots[metadata.folder].path, metadata.filename)


@plug.handler()
@_says_errors
def watch(folder: Folder, changes: Changes) -> None:
    """Watches a folder until the core does not listen any more."""
    options = folder.options or plug.options
    watcher = Watcher(_roots[folder.name], changes, plug, rescan_interval=float(options["rescan_interval"] or 0))
    _watchers[folder.name] = watcher
    try:
        watcher.run()
    finally:
        if _watchers.get(folder.name) is watcher:
            del _watchers[folder.name]


@plug.handler()
def close() -> None:
    """Lets go of the roots and their locks."""
    for name in list(_roots):
        _close_folder(name)


def _close_folder(name: str) -> None:
    watcher = _watchers.pop(name, None)
    if watcher is not None:
        watcher.stop()
    _listings.pop(name, None)
    root = _roots.pop(name, None)
    if root is not None:
        root.close()
