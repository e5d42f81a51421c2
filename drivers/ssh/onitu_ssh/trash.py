"""What was replaced or deleted there, as the core sees it: listed, read, and removed when the core says so.

How it comes there is `staging`'s affair. A kept file is named by its path below `.onitu/trash`, of which the first part
says when it was put there. How long it stays is not decided here: nothing goes but what the core names.
"""

from __future__ import annotations

import calendar
import time
from typing import TYPE_CHECKING, Final

from onitu.plug import InvalidPath, Kept, Kind

from . import protocol as p
from .channel import Refused
from .observe import SECOND, encode, is_directory, is_file, is_link
from .reading import contents
from .staging import SECOND_FORMAT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from .client import Sftp
    from .protocol import Status
    from .root import Root

_PAGE: Final = 1_000
_SECOND_LENGTH: Final = len("2026-01-01T00-00-00")


class Listing:
    """Lists the trash of one root, page by page. The page after the last one goes on where that ended.

    Args:
        root: Which.
    """

    def __init__(self, root: Root) -> None:
        self.root = root
        self._next: tuple[str, str] | None = None
        self._rest: AsyncIterator[Kept] | None = None

    async def page(self, path: str, after: str) -> list[Kept]:
        """Returns the next entries.

        Args:
            path: Only what had this path or lay below it; "" is everything.
            after: Id of the last entry of the page before, or "".
        """
        if not after or self._next != (path, after) or self._rest is None:
            self._rest = _kept(self.root, path, after)
        page: list[Kept] = []
        async for entry in self._rest:
            page.append(entry)
            if len(page) == _PAGE:
                break
        self._next = (path, page[-1].id) if page else None
        return page


async def _kept(root: Root, path: str, after: str) -> AsyncIterator[Kept]:
    """Yields what is kept, sorted by id; what nobody can name in UTF-8 is left out."""
    sftp = await root.connection.sftp()
    begin = tuple(encode(after).split(b"/")) if after else ()
    for slot, _ in await _entries(sftp, root.inside(b"trash")):
        if (slot,) < begin[:1] or _second_of(slot) is None:
            continue
        waiting = [slot + b"/" + encode(path) if path else slot]
        while waiting:
            name = waiting.pop()
            place = tuple(name.split(b"/"))
            if place < begin[: len(place)]:
                continue
            try:
                status = await sftp.lstat(root.inside(b"trash", name))
            except Refused:
                continue  # The user has emptied it meanwhile.
            if is_directory(status):
                below = await _entries(sftp, root.inside(b"trash", name))
                waiting += [name + b"/" + entry for entry, _ in reversed(below)]
            elif len(place) > 1 and place > begin:
                entry = await _entry(root, sftp, name, status)
                if entry is not None:
                    yield entry


async def _entries(sftp: Sftp, place: bytes) -> list[tuple[bytes, Status]]:
    try:
        return sorted(await sftp.entries(place))
    except Refused:
        return []  # Emptied meanwhile.


async def _entry(root: Root, sftp: Sftp, name: bytes, status: Status) -> Kept | None:
    second = _second_of(name)
    try:
        identity = name.decode()
        target = (await sftp.readlink(root.inside(b"trash", name))).decode() if is_link(status) else None
    except (UnicodeDecodeError, Refused):
        return None
    if second is None or not (is_file(status) or target is not None):
        return None
    return Kept(
        id=identity,
        path=identity.partition("/")[2],
        kind=Kind.FILE if target is None else Kind.SYMLINK,
        kept_at_ns=second * SECOND,
        size=status.size if target is None else 0,
        mtime_ns=status.mtime * SECOND,
        target=target,
        executable=status.mode & 0o100 != 0 if target is None else None,
    )


def _second_of(name: bytes) -> int | None:
    """Returns when something was kept; None: it was not put there by this driver."""
    try:
        return calendar.timegm(time.strptime(name[:_SECOND_LENGTH].decode(), SECOND_FORMAT))
    except ValueError:
        return None


async def read_kept(root: Root, name: str, offset: int, size: int) -> bytes:
    """Returns a part of a kept file."""
    sftp = await root.connection.sftp()
    handle = await sftp.open(root.inside(b"trash", _checked(name)), p.FOR_READING)
    try:
        return b"".join([data async for data in contents(sftp, handle, offset, offset + size)])
    finally:
        sftp.close_handle(handle)


async def remove_kept(root: Root, names: Sequence[str]) -> None:
    """Removes kept files, and directories of the trash that are empty then."""
    sftp = await root.connection.sftp()
    removing = [(path := _checked(name), sftp.remove(root.inside(b"trash", path))) for name in names]
    above: set[bytes] = set()
    for path, removed in removing:
        try:
            await removed
        except Refused as error:
            if error.code != p.NO_SUCH_FILE:
                raise
        while path := path.rpartition(b"/")[0]:
            above.add(path)
    for path in sorted(above, key=len, reverse=True):
        try:
            await sftp.rmdir(root.inside(b"trash", path))
        except Refused:
            continue  # Something is left in it, or it is gone.
        root.made.discard(path)


def _checked(name: str) -> bytes:
    """Returns the id of a kept file as a path that leads nowhere else."""
    path = encode(name)
    if not all(part not in (b"", b".", b"..") for part in path.split(b"/")):
        raise InvalidPath(f"{name!r} is nothing that is kept here")
    return path
