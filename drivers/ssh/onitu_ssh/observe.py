"""What an entry of the server is to Onitu: revisions, and observations made of what SFTP says.

SFTP tells size, permissions and the time in whole seconds, and knows no inodes. A file's revision is
"size:mtime:permissions", and one that was modified within the last seconds counts as racy: a second write could leave
the same revision. This module looks at the server and never changes it.
"""

from __future__ import annotations

import stat as mode_of
import time
from typing import TYPE_CHECKING, Final, TypeAlias

from onitu.plug import Absent, Inadmissible, InvalidPath, Kind, Present, RevisionMismatch, link_fault

from . import protocol as p
from .channel import Refused

if TYPE_CHECKING:
    from .channel import Answer
    from .client import Sftp
    from .protocol import Status
    from .root import Root

Entries: TypeAlias = list[tuple[str, Present | Inadmissible]]

ABSENT: Final = Absent()

SECOND: Final = 1_000_000_000

DIRECTORY: Final = "directory"
"""The revision of every directory: its content is that it exists."""

_RACY: Final = 2.5
"""Seconds within which a file counts as just modified: the protocol's second, and how far clocks are known."""

_OTHERS: Final = {
    mode_of.S_IFLNK: "is a symbolic link, and symbolic links are skipped",
    mode_of.S_IFSOCK: "is a socket",
    mode_of.S_IFIFO: "is a named pipe",
    mode_of.S_IFBLK: "is a block device",
    mode_of.S_IFCHR: "is a character device",
}
_NOT_READABLE: Final = "cannot be read: permission denied"
_EVERYBODY: Final = 0o444
_OWN: Final = 0o400


def encode(path: str) -> bytes:
    """Returns a path as the server knows it.

    Raises:
        InvalidPath: There can be no such path.
    """
    try:
        return path.encode()
    except UnicodeEncodeError as error:
        raise InvalidPath(f"{path!r} is not valid Unicode") from error


def is_directory(status: Status) -> bool:
    """Tells whether it is a directory."""
    return mode_of.S_ISDIR(status.mode)


def is_file(status: Status) -> bool:
    """Tells whether it is a regular file."""
    return mode_of.S_ISREG(status.mode)


def is_link(status: Status) -> bool:
    """Tells whether it is a symbolic link."""
    return mode_of.S_ISLNK(status.mode)


def revision_of(status: Status) -> str:
    """Returns the revision of an entry."""
    if is_directory(status):
        return DIRECTORY
    if is_link(status):
        return f"link:{status.mtime}:{status.size}"
    return f"{status.size}:{status.mtime}:{mode_of.S_IMODE(status.mode):o}"


def present(status: Status, lag: float, digests: dict[str, bytes] | None = None) -> Present:
    """Returns the observation of a file or directory.

    Args:
        status: What the server says of it.
        lag: Seconds that the server's clock is ahead of ours.
        digests: Those that are known of the content.
    """
    if is_directory(status):
        return Present(kind=Kind.DIRECTORY, revision=DIRECTORY, mtime_ns=status.mtime * SECOND)
    return Present(
        kind=Kind.FILE,
        revision=revision_of(status),
        size=status.size,
        mtime_ns=status.mtime * SECOND,
        executable=status.mode & 0o100 != 0,
        digests=digests or {},
        racy=_is_racy(status, lag),
    )


def symlink(status: Status, target: str, lag: float) -> Present:
    """Returns the observation of a symbolic link."""
    return Present(
        kind=Kind.SYMLINK,
        revision=f"{revision_of(status)}:{target}",
        mtime_ns=status.mtime * SECOND,
        target=target,
        racy=_is_racy(status, lag),
    )


def _is_racy(status: Status, lag: float) -> bool:
    # One that lies in the future was set by somebody, and the next write will change it.
    return -1.0 < time.time() + lag - status.mtime < _RACY


class Approach:
    """The way to an entry: everything on it is asked for at once when this is made.

    Looked at are the root's marker, the directories on the way, none of which may be a symbolic link, and the entry.

    Args:
        root: Of the folder.
        sftp: The channel.
        path: Of the entry, relative to the folder.
    """

    def __init__(self, root: Root, sftp: Sftp, path: str) -> None:
        self._root = root
        self.path = path
        self.encoded = encode(path)
        self.place = root.place(self.encoded)
        self._guard = root.ask(sftp)
        self._above: list[Answer[Status]] = []
        cut = self.encoded.find(b"/")
        while cut >= 0:
            self._above.append(sftp.lstat(root.place(self.encoded[:cut])))
            cut = self.encoded.find(b"/", cut + 1)
        self._entry = sftp.lstat(self.place)
        self.parent: Status | None = None

    async def arrive(self) -> Status | None:
        """Returns what the server says of the entry; None: it is not there.

        Raises:
            Unavailable: The root is not what it was.
            Below: A symbolic link is on the way.
            RevisionMismatch: A file is on the way.
            Refused: A directory on the way is missing, or may not be looked into.
        """
        await self._root.require(self._guard)
        for asked in self._above:
            above = self.parent = await asked
            if is_link(above):
                raise BelowLinkError("lies below a symbolic link, and none is followed")
            if not is_directory(above):
                raise RevisionMismatch(f"{self.path!r}: a directory on the way is no directory")
        try:
            return await self._entry
        except Refused as error:
            if error.code == p.NO_SUCH_FILE:
                return None
            raise


class BelowLinkError(RevisionMismatch):
    """A symbolic link is on the way, and none is followed."""


async def look(root: Root, sftp: Sftp, path: str) -> Present | Inadmissible | Absent:
    """Observes one entry.

    Raises:
        Unavailable: The root is not what it was.
        Refused: It could not be found out.
    """
    try:
        status = await Approach(root, sftp, path).arrive()
    except BelowLinkError as error:
        if root.symlinks:
            return ABSENT  # The link itself takes part, and nothing lies below it.
        return Inadmissible(str(error))
    except RevisionMismatch:
        return ABSENT
    except Refused as error:
        if error.code == p.NO_SUCH_FILE:
            return ABSENT
        raise
    return ABSENT if status is None else await judge(root, sftp, path, status, root.lag)


async def judge(root: Root, sftp: Sftp, path: str, status: Status, lag: float) -> Present | Inadmissible | Absent:
    """Returns the observation of what was found at a path, the server's clock being ahead of ours by `lag` seconds."""
    if is_directory(status):
        return present(status, lag)
    if is_link(status) and root.symlinks:
        return await _read_link(root, sftp, path, status, lag)
    if is_file(status) and (_is_open(root, status) or await _opens(sftp, root.place(encode(path)))):
        return present(status, lag)
    return _inadmissible(status)


async def _read_link(root: Root, sftp: Sftp, path: str, status: Status, lag: float) -> Present | Inadmissible | Absent:
    try:
        target = (await sftp.readlink(root.place(encode(path)))).decode()
    except UnicodeDecodeError:
        return Inadmissible("is a symbolic link: it points to what is not UTF-8", revision_of(status))
    except Refused as error:
        if error.code == p.NO_SUCH_FILE:
            return ABSENT
        return Inadmissible("is a symbolic link: it was replaced while it was looked at", revision_of(status))
    wrong = link_fault(path, target)
    if wrong is not None:
        return Inadmissible(f"is a symbolic link: {wrong}", revision_of(status))
    return symlink(status, target, lag)


async def list_directory(root: Root, sftp: Sftp, path: str) -> Entries:
    """Observes every entry of a directory.

    Raises:
        Unavailable: The root is not what it was.
        Refused: The listing is not complete.
    """
    place = root.place(encode(path)) if path else root.path
    if path:
        status = await Approach(root, sftp, path).arrive()
        if status is None or not is_directory(status):
            raise Refused(p.NO_SUCH_FILE, "")
    else:
        await root.require(root.ask(sftp))
    entries = await sftp.entries(place)
    # A disk that went while it was listed leaves an empty directory behind.
    guard = root.ask(sftp)
    named = [(name.decode("utf-8", "surrogateescape"), status) for name, status in entries]
    found = await judge_all(root, sftp, path, named, root.lag)
    await root.require(guard)
    return found


async def judge_all(root: Root, sftp: Sftp, path: str, entries: list[tuple[str, Status]], lag: float) -> Entries:
    """Returns the observations of the entries of a directory.

    Args:
        root: Of the folder.
        sftp: The channel.
        path: Of the directory.
        entries: What was found in it: names, with surrogates for what is not UTF-8.
        lag: Seconds that the server's clock was ahead of what ours is now, when they were seen.
    """
    now = time.time() + lag
    found: Entries = []
    doubtful: list[tuple[str, Status]] = []
    for name, status in entries:
        if is_file(status) and _is_open(root, status):
            found.append((name, _listed(status, now)))
        elif is_directory(status):
            found.append((name, present(status, lag)))
        else:
            doubtful.append((name, status))
    for name, status in doubtful:
        try:
            encode(name)
        except InvalidPath:
            found.append((name, _inadmissible(status)))  # It is told apart by its name.
            continue
        state = await judge(root, sftp, f"{path}/{name}" if path else name, status, lag)
        if not isinstance(state, Absent):
            found.append((name, state))
    return found


def _listed(status: Status, now: float) -> Present:
    mode, size, mtime = status.mode, status.size, status.mtime
    return Present(
        kind=Kind.FILE,
        revision=f"{size}:{mtime}:{mode & 0o7777:o}",
        size=size,
        mtime_ns=mtime * SECOND,
        executable=mode & 0o100 != 0,
        racy=-1.0 < now - mtime < _RACY,
    )


def _is_open(root: Root, status: Status) -> bool:
    """Tells whether a file is readable as far as that can be told without trying."""
    return (
        root.user == 0
        or status.mode & _EVERYBODY == _EVERYBODY
        or (status.uid == root.user and status.mode & _OWN != 0)
    )


async def _opens(sftp: Sftp, place: bytes) -> bool:
    try:
        handle = await sftp.open(place, p.FOR_READING)
    except Refused as error:
        if error.code == p.PERMISSION_DENIED:
            return False
        raise
    sftp.close_handle(handle)
    return True


def _inadmissible(status: Status) -> Inadmissible:
    return Inadmissible(_OTHERS.get(mode_of.S_IFMT(status.mode), _NOT_READABLE), revision_of(status))


def required(status: Status | None, expected: str, path: str) -> Status:
    """Returns what was found, which must be what is expected, as `require` looks at it."""
    require(status, expected, path)
    if status is None:
        raise RevisionMismatch(f"{path!r} is not there any more")
    return status


def require(status: Status | None, expected: str | None, path: str) -> None:
    """Raises `RevisionMismatch` unless what was found is what is expected.

    Args:
        status: What was found; None: nothing.
        expected: The revision; None: nothing may be there. That of a link holds its target too.
        path: For a person.
    """
    if status is None:
        if expected is not None:
            raise RevisionMismatch(f"{path!r} is not there any more")
        return
    if expected is None:
        raise RevisionMismatch(f"{path!r} is there, expected was nothing")
    found = revision_of(status)
    if found != expected and not (is_link(status) and expected.startswith(f"{found}:")):
        raise RevisionMismatch(f"{path!r} is not what was expected")
