"""Which root a folder has on the server: opening it, telling whether it is the one the core knows, and still is.

A root that Onitu may write to is known by the marker in it, another one by file system and path. It is looked at again
with every listing and before every mutation, in the same breath. This module does not know what is done to entries.
"""

from __future__ import annotations

import asyncio
import posixpath
import secrets
import time
import uuid
from typing import TYPE_CHECKING, Final

from onitu.plug import FolderReport, InvalidPath, Mode, RootState, Unavailable, Unsupported
from onitu.plug.marker import (
    AREA,
    LONGEST,
    NAME,
    Marker,
    Owner,
    UnreadableError,
    copied,
    decode,
    empty,
    encode,
    gone,
    nested,
    stranger,
    unknown,
)

from . import protocol as p
from .channel import Refused
from .observe import is_directory
from .own import Own

if TYPE_CHECKING:
    from onitu.plug import Folder

    from .channel import Answer
    from .client import Sftp
    from .connection import Connection
    from .protocol import Status
    from .shell import Shell

_PRIVATE: Final = 0o700  # Staged and deleted files are not for other users, whatever their directories allowed.
_AREA: Final = AREA.encode()
_PATH_ID: Final = "path:"


class Refusal(Exception):
    """The root cannot be used; the report says why."""

    def __init__(self, state: RootState, reason: str) -> None:
        super().__init__(reason)
        self.report = FolderReport(state, reason=reason)


class Root:
    """The root of one folder.

    Attributes:
        connection: To the server.
        path: Absolute path there.
        id: Identity, as the core keeps it.
        writable: Whether Onitu may write there.
        symlinks: Whether symbolic links take part.
        user: Number of the user there who is logged in, or -1 where that is not known.
        lag: Seconds that the server's clock is ahead of ours.
        links: Whether files can have several names there: what is replaced is kept then.
        keeps: Whether a rename never replaces what is there.
        made: Directories of the trash that were made.
        unsynced: Files that were written, or moved, since the last `sync`.
        own: What was written, until the server has told of it.
    """

    def __init__(self, connection: Connection, path: bytes, folder: Folder) -> None:
        self.connection = connection
        self.path = path
        self.id = ""
        self.writable = Mode.WRITE in folder.mode
        self.symlinks = folder.symlinks
        self.user = -1
        self.lag = 0.0
        self.links = False
        self.keeps = False
        self.made: set[bytes] = set()
        self.unsynced: set[str] = set()
        self.own = Own()
        self._seen: Status | None = None
        self._shown: Shell | None = None

    def __str__(self) -> str:
        return self.path.decode("utf-8", "replace")

    def place(self, path: bytes) -> bytes:
        """Returns where a path relative to the folder lies on the server."""
        return self.path + b"/" + path if self.path != b"/" else b"/" + path

    def inside(self, *parts: bytes) -> bytes:
        """Returns a place in the directory that belongs to Onitu."""
        return self.place(b"/".join((_AREA, *parts)))

    async def shell(self) -> Shell | None:
        """Returns the shell of the server, if there is one and it shows this root at the same path.

        Raises:
            DriverError: The server cannot be used.
            Lost: The connection was lost.
        """
        shell = await self.connection.shell()
        if shell is None or self._shown is not shell:
            self._shown = None
            if shell is not None and await self._is_seen_by(shell):
                self._shown = shell
        return self._shown

    async def _is_seen_by(self, shell: Shell) -> bool:
        sftp = await self.connection.sftp()
        place = self.inside(b"root") if self._seen is not None else self.path
        # Something may be written to a directory in the same moment.
        return await shell.sees(place, sftp.lstat(place)) or await shell.sees(place, sftp.lstat(place))

    # Whether it is the same root still.

    def ask(self, sftp: Sftp) -> Answer[Status]:
        """Asks for what tells whether it is the same root; `require` takes the answer."""
        return sftp.lstat(self.place(NAME.encode()) if self._seen is not None else self.path)

    async def require(self, asked: Answer[Status]) -> None:
        """Raises `Unavailable` unless the root is what it was."""
        state, reason = await self._judge(asked)
        if state is not RootState.OK:
            raise Unavailable(reason)

    async def state(self) -> tuple[RootState, str]:
        """Tells whether the root is still there and still the same, and why not."""
        return await self._judge(self.ask(await self.connection.sftp()))

    async def _judge(self, asked: Answer[Status]) -> tuple[RootState, str]:
        try:
            found = await asked
        except Refused:
            return await self._what_is_missing()
        if self._seen is None:
            return await self._judge_unmarked(found)
        if (found.size, found.mtime, found.mode) == (self._seen.size, self._seen.mtime, self._seen.mode):
            return RootState.OK, ""
        return await self._read_again(found)

    async def _judge_unmarked(self, found: Status) -> tuple[RootState, str]:
        if not is_directory(found):
            return RootState.MISSING, f"the root {str(self)!r} is not a directory"
        sftp = await self.connection.sftp()
        if self.id != await _identity(sftp, self.path):
            return RootState.DIFFERENT, f"{str(self)!r} is another directory than the root known so far"
        return RootState.OK, ""

    async def _read_again(self, found: Status) -> tuple[RootState, str]:
        """Somebody may have restored the marker from a backup: the same words are the same marker."""
        try:
            marker = await read_marker(await self.connection.sftp(), self.path)
        except UnreadableError as error:
            return RootState.DIFFERENT, str(error)
        if marker is None or marker.root != self.id:
            return RootState.DIFFERENT, stranger(str(self))
        self._seen = found
        return RootState.OK, ""

    async def _what_is_missing(self) -> tuple[RootState, str]:
        sftp = await self.connection.sftp()
        try:
            names = [name for name, _ in await sftp.entries(self.path)]
        except Refused:
            return RootState.MISSING, gone(str(self))
        if self._seen is None:
            return RootState.OK, ""
        if all(name == _AREA for name in names):
            return RootState.MISSING, empty(str(self))
        return RootState.DIFFERENT, stranger(str(self))

    # Opening it.

    async def identify(self, folder: Folder, owner: Owner) -> None:
        """Compares the root with what the core knows, and takes possession of it.

        Raises:
            Refusal: It is not the one.
        """
        sftp = await self.connection.sftp()
        marker, above = await asyncio.gather(self._marker(sftp, self.path), self._root_above(sftp, owner))
        if marker is not None and marker.is_anothers(owner, folder.name):
            raise Refusal(RootState.DIFFERENT, copied(str(self), marker))
        if above is not None:
            # What is `.onitu` here would be files of the user there.
            place, other = above
            raise Refusal(RootState.DIFFERENT, nested(str(self), place.decode("utf-8", "replace"), other))
        if folder.root_id is not None:
            await self._require_known(sftp, marker, folder.root_id)
        looking = sftp.lstat(place := self.place(NAME.encode()))
        if not self.writable:
            own = marker.root if marker is not None else await _identity(sftp, self.path)
            self.id = folder.root_id or own
        else:
            self.id = folder.root_id or (marker.root if marker is not None else uuid.uuid4().hex)
            mine = Marker(setup=owner.setup, service=owner.service, folder=folder.name, root=self.id)
            await self._take(sftp, marker, mine)
            if marker != mine:
                looking = sftp.lstat(place)
        if not self.id.startswith(_PATH_ID):
            self._seen = await looking

    async def _marker(self, sftp: Sftp, path: bytes) -> Marker | None:
        try:
            return await read_marker(sftp, path)
        except UnreadableError as error:
            raise Refusal(RootState.DIFFERENT, str(error)) from error

    async def _root_above(self, sftp: Sftp, owner: Owner) -> tuple[bytes, Marker] | None:
        """Returns the nearest root of this setup that this one lies in, if there is any."""
        places, above = [], posixpath.dirname(self.path)
        while above != posixpath.dirname(above):
            places.append(above)
            above = posixpath.dirname(above)
        markers = await asyncio.gather(*(_marker_or_none(sftp, place) for place in places))
        for place, marker in zip(places, markers, strict=True):
            if marker is not None and marker.setup == owner.setup:
                return place, marker
        return None

    async def _require_known(self, sftp: Sftp, marker: Marker | None, root_id: str) -> None:
        if root_id.startswith(_PATH_ID):
            if root_id != await _identity(sftp, self.path):
                raise Refusal(RootState.DIFFERENT, f"{str(self)!r} is another directory than the root known so far")
        elif marker is None:
            names = [name for name, _ in await sftp.entries(self.path)]
            if all(name == _AREA for name in names):
                raise Refusal(RootState.MISSING, empty(str(self)))
            raise Refusal(RootState.DIFFERENT, stranger(str(self)))
        elif marker.root != root_id:
            raise Refusal(RootState.DIFFERENT, unknown(str(self)))

    async def _take(self, sftp: Sftp, marker: Marker | None, mine: Marker) -> None:
        # They are asked for at once, and made one after the other.
        places = (self.inside(), self.inside(b"tmp"), self.inside(b"trash"))
        await asyncio.gather(*(make_directory(sftp, place) for place in places))
        await self._probe(sftp)
        if mine == marker:
            return
        staged = self.inside(b"root.new")
        handle = await sftp.open(staged, p.FOR_WRITING | p.CREATE | p.TRUNCATE, 0o644)
        writing = sftp.write(handle, 0, encode(mine))
        flushing = sftp.fsync(handle) if sftp.can(p.FSYNC) else None
        closing = sftp.close_handle(handle)
        await writing
        if flushing is not None:
            await flushing
        await closing
        await self.replace(sftp, staged, self.inside(b"root"))

    async def _probe(self, sftp: Sftp) -> None:
        """Finds out what servers do not say, or say without keeping it: clock, user, links, renames.

        Raises:
            Unsupported: Nothing can be replaced there in one step.
        """
        # Files of their own for each question: they are asked side by side, and a server may answer in any order.
        names = [self.inside(b"tmp", f"probe-{secrets.token_hex(8)}".encode()) for _ in range(5)]
        plain, onto, posix, over, linked = names
        before = time.time()
        openings = [sftp.open(name, p.FOR_WRITING | p.CREATE | p.EXCLUSIVE, 0o600) for name in names]
        looking = sftp.lstat(plain)
        try:
            for opening in openings:
                sftp.close_handle(await opening)
            self._learn_clock(await looking, before, time.time())
            renaming, replacing, linking = (
                sftp.rename(plain, onto),
                sftp.posix_rename(posix, over) if sftp.can(p.POSIX_RENAME) else None,
                sftp.hardlink(linked, linked + b"-link") if sftp.can(p.HARDLINK) else None,
            )
            self.keeps = not await _is_done(renaming)
            self.links = await _is_done(linking)
            if replacing is not None:
                await replacing
            elif self.keeps:
                raise Unsupported("the server cannot replace a file in one step (posix-rename@openssh.com)")
        finally:
            for name in (*names, linked + b"-link"):
                sftp.remove(name)

    def _learn_clock(self, status: Status, before: float, after: float) -> None:
        """Learns from a new file who is logged in, and how far the server's clock is ahead."""
        self.user = status.uid
        # Whole seconds are cut off: on average the file is half a second younger.
        lag = status.mtime + 0.5 - (before + after) / 2
        self.lag = lag if abs(lag) > 1.0 else 0.0

    async def replace(self, sftp: Sftp, old: bytes, new: bytes) -> None:
        """Renames, in place of what is there."""
        await (sftp.posix_rename(old, new) if sftp.can(p.POSIX_RENAME) else sftp.rename(old, new))


async def open_root(
    connection: Connection, service_root: str, folder: Folder, owner: Owner
) -> tuple[Root | None, FolderReport]:
    """Opens the root of a folder.

    Args:
        connection: To the server.
        service_root: The option `root`.
        folder: Its mapping.
        owner: Who asks.

    Returns:
        The root, or None where it cannot be used, and what to tell the core.

    Raises:
        InvalidPath: The settings name no directory.
        Refused: The root is there and cannot be used all the same.
        Lost: The connection was lost.
        DriverError: The server cannot be used.
    """
    if ".." in folder.path.split("/") or folder.path.startswith("/"):
        raise InvalidPath(f"{folder.path!r} below {service_root!r} is no directory for the folder {folder.name!r}")
    sftp = await connection.sftp()
    home = await sftp.realpath(b".")
    given = service_root.removeprefix("~/") if service_root != "~" else "."
    path = posixpath.normpath(posixpath.join(home, given.encode() or b".", folder.path.encode()))
    root = Root(connection, path, folder)
    try:
        await _find(sftp, root, folder)
        await root.identify(folder, owner)
    except Refusal as refusal:
        return None, refusal.report
    return root, FolderReport(RootState.OK, root.id, path=posixpath.normpath(folder.path))


async def _find(sftp: Sftp, root: Root, folder: Folder) -> None:
    finding, looking = sftp.realpath(root.path), sftp.stat(root.path)
    try:
        root.path = await finding
        status = await looking
    except Refused as error:
        if error.code != p.NO_SUCH_FILE:
            raise
        if folder.root_id is not None:
            raise Refusal(RootState.MISSING, gone(str(root))) from error
        if not root.writable:
            raise Refusal(
                RootState.MISSING, f"the root {str(root)!r} is not there, and may not be made there"
            ) from error
        await make_directories(sftp, root.path)
        return
    if not is_directory(status):
        raise Refusal(RootState.MISSING, f"the root {str(root)!r} is not a directory")


async def make_directory(sftp: Sftp, path: bytes) -> None:
    """Makes a private directory unless it is there."""
    making, looking = sftp.mkdir(path, _PRIVATE), sftp.lstat(path)
    try:
        await making
    except Refused:
        if not is_directory(await looking):
            raise


async def _is_done(asked: Answer[None] | None) -> bool:
    """Tells whether a server does what it was asked, if it was."""
    try:
        if asked is not None:
            await asked
    except Refused:
        return False
    return asked is not None


async def make_directories(sftp: Sftp, path: bytes) -> None:
    """Makes a directory, and those above it."""
    parts = path.strip(b"/").split(b"/")
    for depth in range(1, len(parts) + 1):
        above = b"/" + b"/".join(parts[:depth])
        try:
            await sftp.mkdir(above)
        except Refused:
            if not is_directory(await sftp.stat(above)):
                raise


async def read_marker(sftp: Sftp, root: bytes) -> Marker | None:
    """Returns the marker of a root, or None where there is none.

    Raises:
        UnreadableError: There is one that cannot be understood.
        Refused: There is one that cannot be read.
    """
    try:
        handle = await sftp.open(posixpath.join(root, NAME.encode()), p.FOR_READING)
    except Refused as error:
        if error.code == p.PERMISSION_DENIED:
            raise
        return None
    try:
        return decode(await sftp.read(handle, 0, min(LONGEST, sftp.piece)))
    finally:
        sftp.close_handle(handle)


async def _marker_or_none(sftp: Sftp, root: bytes) -> Marker | None:
    try:
        return await read_marker(sftp, root)
    except (Refused, UnreadableError):
        return None  # Not ours to judge.


async def _identity(sftp: Sftp, path: bytes) -> str:
    """Identifies a root that holds no marker: by its path, and its file system where the server tells it."""
    number = 0
    if sftp.can(p.STATVFS):
        number, _ = await sftp.file_system(path)
    return f"{_PATH_ID}{number:x}:{path.decode('utf-8', 'backslashreplace')}"
