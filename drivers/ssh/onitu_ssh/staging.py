"""A file that is written out of sight on the server, and how it becomes visible.

It lies in `.onitu/tmp` at the folder's root, so that a rename makes it visible. What it replaces gets a second name in
the trash first, where the server's files can have several: the rename then replaces it in one step, and it is kept.

Layout::

    .onitu/root                    which root this is (see `root`)
    .onitu/tmp/<random>            staged files
    .onitu/tmp/upload-<session>    an upload in chunks, which the next process may go on with
    .onitu/trash/<second>/<path>   what was replaced or deleted in that second (UTC, the server's clock)
"""

from __future__ import annotations

import asyncio
import secrets
import stat as mode_of
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from onitu.plug import Corrupted, QuotaExceeded, RevisionMismatch, Unavailable

from . import protocol as p
from .channel import Lost, Refused
from .observe import SECOND, is_file, present, require, revision_of
from .protocol import Change
from .root import make_directory

if TYPE_CHECKING:
    from collections.abc import Callable

    from onitu.plug import Attributes, Present, Upload

    from .channel import Answer
    from .client import Sftp
    from .observe import Approach
    from .protocol import Status
    from .root import Root

UPLOAD_PREFIX: Final = b"upload-"
"""What the names of staged uploads in chunks begin with."""

SECOND_FORMAT: Final = "%Y-%m-%dT%H-%M-%S"
"""How a second is spelled in the trash."""

_ANYBODY: Final = 0o666
_ANYBODY_EXECUTES: Final = 0o777
_PERMISSIONS: Final = 0o777  # Set-user-id and the like are not kept: they were given to other bytes.
WINDOW: Final = 8 * 1024 * 1024
"""Bytes that are on their way and not confirmed: enough for 100 ms at 80 MB/s."""
_UPLOAD_KEPT: Final = 7 * 86_400  # What the contract promises of an upload that is neither ended nor aborted.
_STAGED_KEPT: Final = 86_400  # Another Onitu, of another setup, may be writing here.
_SAME_SECOND: Final = 1_000
_A_MOMENT: Final = 3  # Seconds; after them a file does not count as just modified any more.


def with_executable(mode: int, executable: bool) -> int:  # noqa: FBT001  It is the attribute's value.
    """Returns permissions with the executable bit for those who may read, or without any."""
    return mode | (mode & 0o444) >> 2 if executable else mode & ~0o111


class Staged:
    """A file that is not visible yet.

    Args:
        root: Of the folder.
        sftp: The channel it was opened on.
        name: In the staging directory.
        handle: Open for writing.

    Attributes:
        root: Of the folder.
        size: Bytes up to the end of what was sent.
        sent: Bytes that were sent in all, perhaps some of them twice.
        torn: Where what was sent did not arrive, or may not have; None: all that was answered so far has arrived. The
            file cannot be made visible then: what comes after may have been written, and leaves a hole before it.
    """

    def __init__(self, root: Root, sftp: Sftp, name: bytes, handle: bytes) -> None:
        self.sftp = sftp
        self.name = name
        self.size = 0
        self.sent = 0
        self.root = root
        self._handle: bytes | None = handle
        self.torn: int | None = None
        self._sent: deque[tuple[Answer[None], int, int]] = deque()
        self._unconfirmed = 0

    @property
    def place(self) -> bytes:
        """Where it lies."""
        return self.root.inside(b"tmp", self.name)

    @property
    def handle(self) -> bytes:
        """Of the open file."""
        if self._handle is None:
            raise Lost
        return self._handle

    async def write(self, offset: int, data: bytes | memoryview) -> None:
        """Sends bytes; waits for the server's confirmation only where too much is on its way.

        They must stay as they are until then; see `confirmed_to`.
        """
        view, piece = memoryview(data), self.sftp.piece
        for begin in range(0, len(data), piece):
            part = view[begin : begin + piece]
            self._sent.append((self.sftp.write(self.handle, offset + begin, part), offset + begin, len(part)))
            self._unconfirmed += len(part)
        self.sent += len(data)
        self.size = max(self.size, offset + len(data))
        while self._unconfirmed > WINDOW:
            await self._confirm()
        await self.sftp.room()

    async def confirmed_to(self, sent: int) -> None:
        """Waits until the server has confirmed what was sent first, so many bytes in all.

        Raises:
            QuotaExceeded: Its disk is full.
            Refused: It could not be written.
        """
        while self.sent - self._unconfirmed < sent:
            await self._confirm()

    async def confirmed(self) -> None:
        """Waits until the server has confirmed everything.

        Raises:
            QuotaExceeded: Its disk is full.
            Refused: It could not be written.
            Unavailable: Something before could not be written.
        """
        while self._sent:
            await self._confirm()
        if self.torn is not None:
            raise Unavailable("a part of the content did not arrive: it has to be sent again")

    async def settled(self) -> int:
        """Returns how many bytes from the beginning have arrived, when everything is answered or the channel lost."""
        while self._sent:
            try:
                await self._confirm()
            except (Refused, QuotaExceeded, Lost):
                pass  # Now it is torn, and it is known where.
        return self.size if self.torn is None else self.torn

    async def _confirm(self) -> None:
        answer, offset, size = self._sent.popleft()
        self._unconfirmed -= size
        try:
            await answer
        except BaseException as error:
            self.torn = offset if self.torn is None else min(self.torn, offset)
            if isinstance(error, Refused) and error.code == p.FAILURE and await is_full(self.root, self.sftp):
                raise QuotaExceeded("the server's disk is full") from error
            raise

    async def close(self) -> None:
        """Closes the file; what was sent is confirmed."""
        await self.confirmed()
        handle, self._handle = self._handle, None
        if handle is not None:
            await self.sftp.close_handle(handle)

    async def finish(self) -> Status:
        """Closes the file, and returns what it is then: a rename changes none of it.

        What it holds is on the server's disk by then: after a power cut the new name must not lead to nothing.
        """
        looking = self.sftp.fstat(self.handle)
        shell = await self.root.shell()
        flusher = shell.flusher if shell is not None else None
        flushing = self.sftp.fsync(self.handle) if flusher is None and self.sftp.can(p.FSYNC) else None
        await self.confirmed()
        status = await looking
        if flushing is None and flusher is not None and await flusher.flush([self.place]) != [True]:
            flushing = self.sftp.fsync(self.handle) if self.sftp.can(p.FSYNC) else None
        if flushing is not None:
            await flushing
        await self.close()
        return status

    def leave(self) -> None:
        """Closes the file and leaves it there."""
        if self._handle is not None:
            self.sftp.close_handle(self._handle)
            self._handle = None

    def discard(self) -> None:
        """Removes the file, which nobody waits for."""
        self.leave()
        self.sftp.remove(self.place)


async def create(root: Root, sftp: Sftp, name: bytes, opening: Answer[bytes], *, executable: bool) -> Staged:
    """Returns a staged file that is being opened.

    Args:
        root: Of the folder.
        sftp: The channel.
        name: In the staging directory.
        opening: What `begin` has returned.
        executable: Whether it is to be executable.
    """
    try:
        handle = await opening
    except Refused as error:
        if error.code != p.NO_SUCH_FILE:
            raise
        # The user has removed the staging directory.
        await make_directory(sftp, root.inside(b"tmp"))
        handle = await begin(root, sftp, name, executable=executable)
    return Staged(root, sftp, name, handle)


def begin(root: Root, sftp: Sftp, name: bytes, *, executable: bool) -> Answer[bytes]:
    """Begins to open a new staged file. Its permissions are those that any program's new file has there."""
    permissions = _ANYBODY_EXECUTES if executable else _ANYBODY
    return sftp.open(root.inside(b"tmp", name), p.FOR_WRITING | p.CREATE | p.EXCLUSIVE, permissions)


def drop(root: Root, sftp: Sftp, name: bytes, opening: Answer[bytes]) -> None:
    """Removes a staged file that is being opened, once it is. Nobody waits for it, whatever comes of it."""

    async def discard() -> None:
        try:
            Staged(root, sftp, name, await opening).discard()
        except (Refused, Lost):
            pass  # It was not opened, so nothing is to be removed.

    asyncio.ensure_future(discard())  # noqa: RUF006  The answer that it waits for keeps it.


def new_name() -> bytes:
    """Returns a name for a staged file that nobody has."""
    return secrets.token_hex(12).encode()


async def is_full(root: Root, sftp: Sftp) -> bool:
    """Tells whether a write may have failed because the disk is full."""
    if not sftp.can(p.STATVFS):
        return False
    _, free = await sftp.file_system(root.path)
    return free < sftp.piece


async def publish(
    root: Root, staged: Staged, approach: Approach, there: Status | None, upload: Upload, digests: dict[str, bytes]
) -> Present:
    """Makes a staged file visible, if what is expected is there.

    Args:
        root: Of the folder.
        staged: With its content sent, and verified.
        approach: The way to its place.
        there: What was found there, right before: what is expected.
        upload: What was asked for.
        digests: Those of the content.

    Raises:
        RevisionMismatch: Something else is there than is expected; nothing has changed.
        Corrupted: What was staged has another size than was announced.
        Refused: It could not be done.
    """
    sftp = staged.sftp
    kept: bytes | None = None
    try:
        if there is None:
            change = await _change_of_new(staged, upload.attributes, approach.parent)
        else:
            kept = await _keep(root, sftp, approach, there, upload)
            change = await _change_of_replacing(staged, upload.attributes, there)
        if change != Change():
            sftp.fsetstat(staged.handle, change)
        made = await staged.finish()
        require_size(made.size, upload)
    except BaseException:
        if kept is not None:
            sftp.remove(kept)
        raise
    try:
        await _rename(root, sftp, staged.place, approach, there)
    except (Refused, RevisionMismatch):
        # Only now that the server has said no: with any other end the copy may be all there is of what was replaced.
        if kept is not None:
            sftp.remove(kept)
        raise
    # Not what lies there by now: that may be somebody else's, with other digests.
    return present(made, root.lag, digests)


async def _change_of_new(staged: Staged, attributes: Attributes, parent: Status | None) -> Change:
    if parent is not None and parent.mode & mode_of.S_ISGID:
        # A directory for a group: what is made in it belongs to the group, and so does what is moved in.
        own = await staged.sftp.fstat(staged.handle)
        if own.gid != parent.gid:
            staged.sftp.fsetstat(staged.handle, Change(owner=(own.uid, parent.gid)))
    return Change(mtime=_second(staged.root, attributes))


async def _change_of_replacing(staged: Staged, attributes: Attributes, there: Status) -> Change:
    """The new file keeps mode and owner of the old one, where they can be kept (CONTRACT F11)."""
    own = await staged.sftp.fstat(staged.handle)
    if (own.uid, own.gid) != (there.uid, there.gid) and there.uid >= 0:
        staged.sftp.fsetstat(staged.handle, Change(owner=(own.uid, there.gid)))
        if own.uid != there.uid:
            staged.sftp.fsetstat(staged.handle, Change(owner=(there.uid, there.gid)))
    mode = there.mode & _PERMISSIONS
    if attributes.executable is not None:
        mode = with_executable(mode, attributes.executable)
    return Change(permissions=mode, mtime=_second(staged.root, attributes))


def _second(root: Root, attributes: Attributes) -> int:
    """Returns the second to note as the time of a new file.

    One that comes without a time was written a moment ago, so that an edit within the same second leaves another time.
    """
    if attributes.mtime_ns is not None:
        return attributes.mtime_ns // SECOND
    return int(time.time() + root.lag) - _A_MOMENT


async def _keep(root: Root, sftp: Sftp, approach: Approach, there: Status, upload: Upload) -> bytes | None:
    """Gives what is replaced a name in the trash, and looks whether it is what is expected."""
    if not is_file(there):
        raise RevisionMismatch(f"{upload.path!r} is not a file")
    if not root.links:
        require(await sftp.lstat(approach.place), upload.expected, upload.path)
        return None
    try:
        kept = await to_trash(root, sftp, approach, lambda slot: sftp.hardlink(approach.place, slot))
    except Refused as error:
        # Linux lets nobody give another name to a file that is another user's.
        if error.code != p.PERMISSION_DENIED or not sftp.can(p.COPY_DATA):
            raise
        kept = await _keep_copy(root, sftp, approach, there, upload)
        found = await sftp.lstat(approach.place)
    else:
        found = await sftp.lstat(kept)
    if revision_of(found) != upload.expected:
        sftp.remove(kept)
        raise RevisionMismatch(f"{upload.path!r} changed in the last moment")
    return kept


async def _keep_copy(root: Root, sftp: Sftp, approach: Approach, there: Status, upload: Upload) -> bytes:
    """Copies what is replaced into the trash, at the server, and looks whether what it copies is what is expected."""
    staged = await create(root, sftp, name := new_name(), begin(root, sftp, name, executable=False), executable=False)
    try:
        handle = await sftp.open(approach.place, p.FOR_READING)
        try:
            if there.size:
                await sftp.copy_data(handle, staged.handle)
            require(await sftp.fstat(handle), upload.expected, upload.path)
        finally:
            sftp.close_handle(handle)
        require_copied(await sftp.fstat(staged.handle), there, approach.path)
        sftp.fsetstat(staged.handle, Change(permissions=there.mode & _PERMISSIONS, mtime=there.mtime))
        await staged.finish()
        return await to_trash(root, sftp, approach, lambda slot: sftp.rename(staged.place, slot))
    except BaseException:
        staged.discard()
        raise


async def _rename(root: Root, sftp: Sftp, staged: bytes, approach: Approach, there: Status | None) -> None:
    if there is not None:
        await root.replace(sftp, staged, approach.place)
        return
    await rename_new(root, sftp, staged, approach.place, approach.path)


async def rename_new(root: Root, sftp: Sftp, old: bytes, new: bytes, path: str) -> None:
    """Renames to a name that nothing has.

    Raises:
        RevisionMismatch: Something has it.
        Refused: It could not be done.
    """
    if not root.keeps and await exists(sftp, new):
        raise RevisionMismatch(f"{path!r} is there, expected was nothing")
    try:
        await sftp.rename(old, new)
    except Refused as error:
        if error.code == p.FAILURE and await exists(sftp, new):
            raise RevisionMismatch(f"{path!r} is there, expected was nothing") from error
        raise


async def exists(sftp: Sftp, place: bytes) -> bool:
    """Tells whether anything has a name."""
    try:
        await sftp.lstat(place)
    except Refused as error:
        if error.code == p.NO_SUCH_FILE:
            return False
        raise
    return True


async def to_trash(root: Root, sftp: Sftp, approach: Approach, put: Callable[[bytes], Answer[None]]) -> bytes:
    """Has something put into the trash and returns its place there.

    Args:
        root: Of the folder.
        sftp: The channel.
        approach: The way to what is kept.
        put: Called with a place; refused where that is taken.

    Raises:
        RevisionMismatch: What is to be kept is gone.
        Unavailable: There is no place for it.
        Refused: It could not be put there.
    """
    emptied = False
    now = time.gmtime(time.time() + root.lag)
    slot = time.strftime(SECOND_FORMAT, now).encode()
    parent = approach.encoded.rpartition(b"/")[0]
    for attempt in range(_SAME_SECOND):
        base = slot if attempt == 0 else slot + f".{attempt:03}".encode()
        place = root.inside(b"trash", base, approach.encoded)
        await _make_in_trash(root, sftp, base, parent)
        if (attempt or not root.keeps) and await exists(sftp, place):
            continue
        try:
            await put(place)
        except Refused as error:
            if error.code == p.NO_SUCH_FILE:
                if emptied:
                    break
                emptied = True
                root.made.clear()  # The user may empty the trash at any time, the directory itself included.
                await make_directory(sftp, root.inside(b"trash"))
                continue
            if error.code != p.FAILURE or not await exists(sftp, place):
                raise
        else:
            return place
    if emptied and not await exists(sftp, approach.place):
        raise RevisionMismatch(f"{approach.path!r} is not there any more")
    raise Unavailable(f"{approach.path!r}: there is no place for it in the trash")


async def _make_in_trash(root: Root, sftp: Sftp, base: bytes, parent: bytes) -> None:
    path = base + b"/" + parent if parent else base
    if path in root.made:
        return
    if len(root.made) > _SAME_SECOND:
        root.made.clear()
    cut = -1
    while True:
        cut = path.find(b"/", cut + 1)
        above = path if cut < 0 else path[:cut]
        try:
            await sftp.mkdir(root.inside(b"trash", above), 0o700)
        except Refused:
            pass  # It is there; if it cannot be made the next step tells.
        if cut < 0:
            break
    root.made.add(path)


async def remove_leftovers(root: Root) -> None:
    """Removes what a process that is gone has staged, but for uploads that may be taken up again."""
    sftp = await root.connection.sftp()
    now = time.time() + root.lag
    for name, status in await sftp.entries(root.inside(b"tmp")):
        kept = _UPLOAD_KEPT if name.startswith(UPLOAD_PREFIX) else _STAGED_KEPT
        if status.mtime < now - kept:
            sftp.remove(root.inside(b"tmp", name))


def require_size(size: int, upload: Upload) -> None:
    """Raises `Corrupted` unless this is the size that was announced."""
    if size != upload.size:
        raise Corrupted(f"{upload.path!r}: {size} bytes came, {upload.size} were announced")


def require_copied(copy: Status, origin: Status, path: str) -> None:
    """Raises `RevisionMismatch` unless a copy has as many bytes as its origin."""
    if copy.size != origin.size:
        raise RevisionMismatch(f"{path!r} changed while it was copied")
