"""The handlers of shelf: for a start a directory of this machine. Put your service in its place."""

import errno
import functools
import os
import stat
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ParamSpec, TypeVar

from onitu.plug import (
    Absent,
    DriverError,
    Folder,
    FolderReport,
    Inadmissible,
    InvalidPath,
    Kind,
    Metadata,
    NotFound,
    PermissionDenied,
    Plug,
    Present,
    QuotaExceeded,
    RevisionMismatch,
    RootState,
    Unavailable,
)

P = ParamSpec("P")
R = TypeVar("R")

plug = Plug()
# Declare only what is true: `onitu driver test shelf` holds the driver to it.
plug.declare(staging=True, move_directory=True, mtime_precision_ns=1_000)

STAGED = ".onitu-staged-"
"""How names begin that are not shown: files that are not whole yet."""

MEANINGS: dict[int, type[DriverError]] = {
    errno.ENOENT: NotFound,
    errno.ENOTDIR: NotFound,
    errno.EISDIR: NotFound,
    errno.EEXIST: RevisionMismatch,
    errno.ENOTEMPTY: RevisionMismatch,
    errno.EACCES: PermissionDenied,
    errno.EPERM: PermissionDenied,
    errno.EROFS: PermissionDenied,
    errno.EINVAL: InvalidPath,
    errno.ENAMETOOLONG: InvalidPath,
    errno.EILSEQ: InvalidPath,
    errno.ENOSPC: QuotaExceeded,
    errno.EDQUOT: QuotaExceeded,
}
"""What errors of the service mean to Onitu. Any other one is `Unavailable`: it is tried again."""


def says_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Makes errors of the service errors of Onitu: what a driver does not foresee counts as its own fault."""

    @functools.wraps(function)
    def handler(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except OSError as error:
            raise meaning(error) from error

    return handler


def meaning(error: OSError) -> DriverError:
    """Returns the error of Onitu for one of the service."""
    kind = MEANINGS.get(error.errno or 0, Unavailable)
    return kind(f"{error.filename}: {error.strerror}")


def place(below: str) -> Path:
    """Returns where a path below the service's root is."""
    return Path(str(plug.options["root"])) / below


def seen(path: Path) -> Present | Inadmissible:
    """Looks at an entry. Its revision is another one whenever its content may be."""
    found = path.lstat()
    if stat.S_ISDIR(found.st_mode):
        return Present(kind=Kind.DIRECTORY, revision=f"{found.st_dev}:{found.st_ino}")
    if not stat.S_ISREG(found.st_mode):
        return Inadmissible("is neither a file nor a directory")
    revision = f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"
    return Present(kind=Kind.FILE, revision=revision, size=found.st_size, mtime_ns=found.st_mtime_ns)


@plug.handler()
@says_errors
def open_folder(folder: Folder) -> FolderReport:
    """Makes a root where it is new; one that was there and is gone is not an empty one."""
    root = place(folder.path)
    if folder.root_id is None:
        root.mkdir(parents=True, exist_ok=True)
    if not root.is_dir():
        return FolderReport(RootState.MISSING, reason=f"{root} is not there: is the disk mounted?")
    found = root.stat()
    return FolderReport(RootState.OK, f"{found.st_dev}:{found.st_ino}")


@plug.handler()
@says_errors
def list_directory(folder: Folder, path: str) -> list[tuple[str, Present | Inadmissible]]:
    """Lists a directory."""
    return list(entries(place(folder.join(path))))


def entries(directory: Path) -> Iterator[tuple[str, Present | Inadmissible]]:
    """Yields what is in a directory; what goes meanwhile is left out."""
    for entry in directory.iterdir():
        try:
            if not entry.name.startswith(STAGED):
                yield entry.name, seen(entry)
        except FileNotFoundError:
            continue


@plug.handler()
@says_errors
def stat_file(metadata: Metadata) -> Present | Inadmissible | Absent:
    """Looks at one entry."""
    try:
        return seen(place(metadata.path))
    except (FileNotFoundError, NotADirectoryError):
        if place(plug.folders[metadata.folder].path).is_dir():
            return Absent()
        raise Unavailable("the root is not there") from None


@plug.handler()
@says_errors
def get_chunk(metadata: Metadata, offset: int, size: int) -> bytes:
    """Reads a part of a file."""
    with place(metadata.path).open("rb") as file:
        file.seek(offset)
        return file.read(size)


@plug.handler()
@says_errors
def upload_file(metadata: Metadata, content: bytes) -> Present | Inadmissible:
    """Writes a file: out of sight first, then at once under its name."""
    path = place(metadata.path)
    if path.is_dir():
        raise RevisionMismatch(f"{path}: is a directory")
    staged = path.with_name(f"{STAGED}{uuid.uuid4().hex}")
    try:
        with staged.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if metadata.attributes.mtime_ns is not None:
            os.utime(staged, ns=(metadata.attributes.mtime_ns, metadata.attributes.mtime_ns))
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
    return seen(path)


@plug.handler()
@says_errors
def make_directory(metadata: Metadata) -> Present | Inadmissible:
    """Makes a directory."""
    place(metadata.path).mkdir()
    return seen(place(metadata.path))


@plug.handler()
@says_errors
def delete_file(metadata: Metadata) -> None:
    """Deletes a file or an empty directory."""
    path = place(metadata.path)
    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


@plug.handler()
@says_errors
def move_file(old: Metadata, new: Metadata) -> Present | Inadmissible:
    """Renames an entry, a directory with everything below it."""
    place(old.path).rename(place(new.path))
    return seen(place(new.path))


def start() -> None:
    """Serves until Onitu closes."""
    if not place(".").is_dir():
        raise DriverError(f"{plug.options['root']} is no directory: make it, or name another root")
    plug.listen()
