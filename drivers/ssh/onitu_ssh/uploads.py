"""Uploads that come in chunks. Each is a file in `.onitu/tmp` on the server that bears the name of its session.

Chunks are sent without waiting for each. A process that is started anew knows no upload but those it finds there: it
reads what is staged once more, to know the digest of the whole. So it does where the connection was lost or the server
has refused a part meanwhile: the digest is that of what lies there, and what is not known to have arrived comes again.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections import deque
from typing import TYPE_CHECKING, Final

from onitu.plug import DriverError, InvalidPath, NotFound, SourceChanged
from onitu.plug.digests import Verifier

from . import protocol as p
from . import staging, write
from .channel import Refused
from .observe import Approach, require
from .reading import contents
from .staging import WINDOW, Staged

if TYPE_CHECKING:
    from onitu.plug import Metadata, Present, Upload

    from .client import Sftp
    from .root import Root

_PIECE: Final = 1024 * 1024
"""Bytes of a file of this host that are read at once."""

_RING: Final = WINDOW // _PIECE + 1
"""Pieces in memory, which are read into again and again: memory that is new to a process costs as much as a hash."""

_SESSION: Final = re.compile(r"[0-9A-Za-z_-]{1,100}")


class Session:
    """An upload under way.

    Attributes:
        staged: Its file, open on some channel.
        verifier: Checks the bytes.
    """

    def __init__(self, staged: Staged, verifier: Verifier) -> None:
        self.staged = staged
        self.verifier = verifier
        self._ring: deque[tuple[memoryview, int]] = deque()

    def take(self, offset: int, chunk: bytes | memoryview) -> None:
        """Notes a chunk, perhaps for the second time."""
        if offset + len(chunk) > self.verifier.size:
            self.verifier.update(chunk[self.verifier.size - offset :])

    async def send(self, offset: int, size: int, descriptor: int) -> None:
        """Stages a part of a file of this host.

        Raises:
            SourceChanged: It has become shorter.
        """
        end = offset + size
        while offset < end:
            place = await self._place()
            piece = await asyncio.to_thread(self._read, descriptor, offset, place[: end - offset])
            await self.staged.write(offset, piece)
            self._ring.append((place, self.staged.sent))
            offset += len(piece)

    async def _place(self) -> memoryview:
        """Returns memory for a piece: that of the oldest, once the server has confirmed what lies there."""
        if len(self._ring) < _RING:
            return memoryview(bytearray(_PIECE))
        place, end = self._ring.popleft()
        await self.staged.confirmed_to(end)
        return place

    def _read(self, descriptor: int, offset: int, piece: memoryview) -> memoryview:
        """Reads a piece and notes it."""
        piece = piece[: os.preadv(descriptor, [piece], offset)]
        if not piece:
            raise SourceChanged("it has become shorter at its source")
        self.take(offset, piece)
        return piece


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

    async def local(self, metadata: Metadata, offset: int, size: int, descriptor: int) -> None:
        """Stages a part of a file of this host.

        Raises:
            NotFound: There is no such session.
            Corrupted: More bytes came than were announced.
            SourceChanged: The file has become shorter.
        """
        await self._known(metadata).send(offset, size, descriptor)

    async def restart(self, root: Root, metadata: Metadata) -> int:
        """Opens what is staged once more and returns where to go on.

        Raises:
            NotFound: There is no such session.
            RevisionMismatch: Something else is there than is expected.
        """
        upload, name = of(metadata), _name(metadata)
        sftp = await write.channel(root)
        approach = Approach(root, sftp, upload.path)
        known = self._sessions.get(metadata.session)
        arrived = None if known is None else await known.staged.settled()
        staged = await self._reopen(root, sftp, name, metadata)
        try:
            require(await approach.arrive(), upload.expected, upload.path)
            if known is None or known.staged.sftp is not sftp or not known.verifier.size == arrived == staged.size:
                # A server may have written what came later and not what came before: that leaves a hole.
                staged.size = staged.size if arrived is None else min(staged.size, arrived)
                session = await _read_again(staged, upload)
            else:
                session = Session(staged, known.verifier)
        except BaseException:
            staged.leave()
            raise
        if known is not None:
            known.staged.leave()
        self._sessions[metadata.session] = session
        return session.verifier.size

    async def end(self, root: Root, metadata: Metadata) -> Present:
        """Verifies what was staged and makes it visible.

        Raises:
            NotFound: There is no such session.
            Corrupted: What was staged is not what was announced.
            RevisionMismatch: Something else is there than is expected; nothing has changed.
            Unavailable: A part did not arrive: the upload has to be restarted.
        """
        session, upload = self._known(metadata), of(metadata)
        staged = session.staged
        digests = session.verifier.finish(upload)
        await staged.confirmed()
        approach = Approach(root, staged.sftp, upload.path)
        there = await approach.arrive()
        require(there, upload.expected, upload.path)
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


async def _read_again(staged: Staged, upload: Upload) -> Session:
    """Takes up what lies there: its digest has to be known."""
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
