"""Uploads that come in chunks. Each is a file in `.onitu/tmp` on the server that bears the name of its session.

Chunks are sent without waiting for each; those that the server has not confirmed are kept here, so that an upload goes
on after a lost connection without a byte being asked for again. A process that is started anew knows no upload but
those it finds there: it reads what is staged once more, to know the digest of the whole.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final

from onitu.plug import DriverError, InvalidPath, NotFound
from onitu.plug.digests import Verifier

from . import protocol as p
from . import staging, write
from .channel import Refused
from .observe import Approach, require
from .reading import contents
from .staging import Staged

if TYPE_CHECKING:
    from onitu.plug import Metadata, Present, Upload

    from .client import Sftp
    from .root import Root

_SESSION: Final = re.compile(r"[0-9A-Za-z_-]{1,100}")
_KEPT: Final = 16 * 1024 * 1024
"""Bytes of the last chunks that are kept: more than are ever unconfirmed."""


class Session:
    """An upload under way.

    Attributes:
        staged: Its file, open on some channel.
        verifier: Checks the bytes.
    """

    def __init__(self, staged: Staged, verifier: Verifier) -> None:
        self.staged = staged
        self.verifier = verifier
        self._last: deque[tuple[int, bytes]] = deque()
        self._bytes = 0

    def take(self, offset: int, chunk: bytes) -> None:
        """Notes a chunk, perhaps for the second time."""
        if offset + len(chunk) <= self.verifier.size:
            return
        self.verifier.update(chunk[self.verifier.size - offset :])
        self._last.append((offset, chunk))
        self._bytes += len(chunk)
        while self._bytes > _KEPT:
            self._bytes -= len(self._last.popleft()[1])

    def after(self, size: int) -> list[tuple[int, bytes]] | None:
        """Returns the chunks that a file of some size lacks; None: not all of them are kept."""
        if size < self.verifier.size and (not self._last or self._last[0][0] > size):
            return None
        return [(offset, chunk) for offset, chunk in self._last if offset + len(chunk) > size]


def of(metadata: Metadata) -> Upload:
    """Returns what is to be written."""
    if metadata.upload is None:
        raise DriverError(f"{metadata.filename!r}: it was not said what to write")
    return metadata.upload


class Uploads:
    """The uploads that this process knows, of all folders."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    async def start(self, root: Root, metadata: Metadata) -> None:
        """Stages an empty file.

        Raises:
            RevisionMismatch: Something else is there than is expected.
        """
        upload, name = of(metadata), _name(metadata)
        sftp = await write.channel(root)
        approach = Approach(root, sftp, upload.path)
        require(await approach.arrive(), upload.expected, upload.path)
        executable = upload.attributes.executable is True
        opening = staging.begin(root, sftp, name, executable=executable)
        staged = await staging.create(root, sftp, name, opening, executable=executable)
        self._sessions[metadata.session] = Session(staged, Verifier(upload))

    async def chunk(self, metadata: Metadata, offset: int, chunk: bytes) -> None:
        """Stages one chunk.

        Raises:
            NotFound: There is no such session.
            Corrupted: More bytes came than were announced.
        """
        session = self._known(metadata)
        session.take(offset, chunk)
        await session.staged.write(offset, chunk)

    async def restart(self, root: Root, metadata: Metadata) -> int:
        """Opens what is staged once more and returns where to go on.

        Raises:
            NotFound: There is no such session.
            RevisionMismatch: Something else is there than is expected.
        """
        upload, name = of(metadata), _name(metadata)
        sftp = await write.channel(root)
        approach = Approach(root, sftp, upload.path)
        staged = await self._reopen(root, sftp, name, metadata)
        require(await approach.arrive(), upload.expected, upload.path)
        known = self._sessions.get(metadata.session)
        lacking = None if known is None else known.after(staged.size)
        if known is None or lacking is None:
            known = self._sessions[metadata.session] = await _read_again(root, staged, upload)
            return known.verifier.size
        known.staged.leave()
        known.staged = staged
        for offset, chunk in lacking:
            await staged.write(offset, chunk)
        return known.verifier.size

    async def end(self, root: Root, metadata: Metadata) -> Present:
        """Verifies what was staged and makes it visible.

        Raises:
            NotFound: There is no such session.
            Corrupted: What was staged is not what was announced.
            RevisionMismatch: Something else is there than is expected; nothing has changed.
        """
        session, upload = self._known(metadata), of(metadata)
        staged = session.staged
        digests = session.verifier.finish(upload)
        await staged.confirmed()
        approach = Approach(root, staged.sftp, upload.path)
        there = await approach.arrive()
        require(there, upload.expected, upload.path)
        staging.require_size((await staged.sftp.fstat(staged.handle)).size, upload)
        state = await staging.publish(root, staged, approach, there, upload, digests)
        # What could not be published stays staged: the core tries again, or aborts.
        self._sessions.pop(metadata.session, None)
        return write.note(root, upload.path, state)

    async def abort(self, root: Root, metadata: Metadata) -> None:
        """Removes what was staged. That there is nothing is fine."""
        name = _name(metadata)
        session = self._sessions.pop(metadata.session, None)
        if session is not None:
            session.staged.leave()
        sftp = await write.channel(root)
        try:
            await sftp.remove(root.inside(b"tmp", name))
        except Refused as error:
            if error.code != p.NO_SUCH_FILE:
                raise

    def _known(self, metadata: Metadata) -> Session:
        session = self._sessions.get(metadata.session)
        if session is None:
            raise NotFound(f"{metadata.filename!r}: nothing is staged for {metadata.session!r}")
        return session

    async def _reopen(self, root: Root, sftp: Sftp, name: bytes, metadata: Metadata) -> Staged:
        try:
            handle = await sftp.open(root.inside(b"tmp", name), p.FOR_WRITING | p.FOR_READING)
        except Refused as error:
            if error.code == p.NO_SUCH_FILE:
                self._sessions.pop(metadata.session, None)
                raise NotFound(f"{metadata.filename!r}: nothing is staged for {metadata.session!r}") from error
            raise
        staged = Staged(root, sftp, name, handle)
        staged.size = (await sftp.fstat(handle)).size
        return staged


async def _read_again(root: Root, staged: Staged, upload: Upload) -> Session:
    """Takes up what an earlier process has staged: its digest has to be known."""
    del root
    verifier = Verifier(upload)
    if staged.size > upload.size:
        # Should it be longer than it can be, it begins again: what is written over it is as long as it will be.
        raise NotFound(f"{upload.path!r}: more is staged than was announced")
    async for piece in contents(staged.sftp, staged.handle, 0, staged.size):
        verifier.update(piece)
    staged.size = verifier.size
    return Session(staged, verifier)


def _name(metadata: Metadata) -> bytes:
    if not _SESSION.fullmatch(metadata.session):
        raise InvalidPath(f"{metadata.session!r} is no session of this driver")
    return staging.UPLOAD_PREFIX + metadata.session.encode()
