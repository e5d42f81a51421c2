"""What was replaced or deleted here, as the core sees it: listed, read, and removed when the core says so.

How it comes there is `area`'s affair. A kept file is named by its path below `.onitu/trash`. How long it stays is not
decided here: nothing goes but what the core names.
"""

from __future__ import annotations

import errno
import os
import stat
from itertools import islice
from typing import TYPE_CHECKING

from onitu.plug import InvalidPath, Kept, Kind

from . import beneath, content

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .root import Root

_PAGE = 1_000
_PLACE = f"{beneath.HIDDEN}/trash".encode()


class Listing:
    """Lists the trash of one root, page by page. The page after the last one goes on where that ended.

    Args:
        root: Which.
    """

    def __init__(self, root: Root) -> None:
        self.root = root
        self._next: tuple[str, str] | None = None
        self._rest: Iterator[Kept] = iter(())

    def page(self, path: str, after: str) -> list[Kept]:
        """Returns the next entries.

        Args:
            path: Only what had this path or lay below it; "" is everything.
            after: Id of the last entry of the page before, or "".
        """
        if not after or self._next != (path, after):
            self._rest = list_kept(self.root.fd, path, after)
        page = list(islice(self._rest, _PAGE))
        self._next = (path, page[-1].id) if page else None
        return page


def list_kept(root: int, path: str, after: str) -> Iterator[Kept]:
    """Yields what is kept, sorted by id; what nobody can name in UTF-8 is left out.

    Args:
        root: Descriptor of the root.
        path: Only what had this path or lay below it; "" is everything.
        after: Only what comes after this id; "" is all.
    """
    begin = tuple(os.fsencode(after).split(b"/")) if after else ()
    try:
        trash = beneath.open_directory(root, _PLACE)
    except FileNotFoundError:
        return
    try:
        for slot in _names(trash, b""):
            if (slot,) >= begin[:1]:
                start = slot + b"/" + beneath.encode(path) if path else slot
                yield from _below(trash, start, begin)
    finally:
        os.close(trash)


def _below(trash: int, start: bytes, begin: tuple[bytes, ...]) -> Iterator[Kept]:
    """Yields what is kept at a path of the trash or below it, after a place in the order."""
    waiting = [start]
    while waiting:
        path = waiting.pop()
        place = tuple(path.split(b"/"))
        if place < begin[: len(place)]:
            continue
        try:
            status = _status(trash, path)
            if stat.S_ISDIR(status.st_mode):
                waiting += [path + b"/" + name for name in reversed(_names(trash, path))]
                continue
            kept = _kept(trash, path, status) if len(place) > 1 and place > begin else None
        except (FileNotFoundError, NotADirectoryError):
            continue  # The user has emptied it meanwhile.
        if kept is not None:
            yield kept


def _kept(trash: int, path: bytes, status: os.stat_result) -> Kept | None:
    try:
        name = path.decode()
    except UnicodeDecodeError:
        return None
    target = None
    if stat.S_ISLNK(status.st_mode):
        above, _, last = path.rpartition(b"/")
        directory = beneath.open_directory(trash, above)
        try:
            target = os.fsdecode(os.readlink(last, dir_fd=directory))
        finally:
            os.close(directory)
    elif not stat.S_ISREG(status.st_mode):
        return None
    return Kept(
        id=name,
        path=name.partition("/")[2],
        kind=Kind.SYMLINK if target is not None else Kind.FILE,
        # A rename sets it: it is when the file came here.
        kept_at_ns=status.st_ctime_ns,
        size=status.st_size if target is None else 0,
        mtime_ns=status.st_mtime_ns,
        target=target,
        executable=bool(status.st_mode & stat.S_IXUSR) if target is None else None,
    )


def read_kept(root: int, name: str, offset: int, size: int) -> bytes:
    """Returns a part of a kept file."""
    trash = beneath.open_directory(root, _PLACE)
    try:
        descriptor = beneath.open_beneath(trash, _checked(name), os.O_RDONLY | os.O_NONBLOCK)
        try:
            return content.read_at(descriptor, offset, size)
        finally:
            os.close(descriptor)
    finally:
        os.close(trash)


def remove_kept(root: int, names: Sequence[str]) -> None:
    """Removes kept files, and directories of the trash that are empty then."""
    try:
        trash = beneath.open_directory(root, _PLACE)
    except FileNotFoundError:
        return
    try:
        for name in names:
            path = _checked(name)
            try:
                _remove(trash, path, directory=False)
                while path := path.rpartition(b"/")[0]:
                    _remove(trash, path, directory=True)
            except (FileNotFoundError, NotADirectoryError):
                pass  # It is gone already.
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
    finally:
        os.close(trash)


def _remove(trash: int, path: bytes, *, directory: bool) -> None:
    above, _, name = path.rpartition(b"/")
    parent = beneath.open_directory(trash, above)
    try:
        if directory:
            os.rmdir(name, dir_fd=parent)
        else:
            os.unlink(name, dir_fd=parent)
    finally:
        os.close(parent)


def _checked(name: str) -> bytes:
    """Returns the id of a kept file as a path that leads nowhere else."""
    path = os.fsencode(name)
    if not all(part not in (b"", b".", b"..") for part in path.split(b"/")):
        raise InvalidPath(f"{name!r} is nothing that is kept here")
    return path


def _names(trash: int, path: bytes) -> list[bytes]:
    directory = beneath.open_beneath(trash, path or b".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        return sorted(map(os.fsencode, os.listdir(directory)))
    finally:
        os.close(directory)


def _status(trash: int, path: bytes) -> os.stat_result:
    above, _, name = path.rpartition(b"/")
    directory = beneath.open_directory(trash, above)
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    finally:
        os.close(directory)
