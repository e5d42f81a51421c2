"""One large file, in an upload that outlives whoever dies in the middle of it.

The target keeps what is staged and knows how much that is; the id of the upload is all that has to be remembered here,
and is, by whoever made this, before the first byte is sent. So the next attempt asks the target and goes on where it
says, whichever side had died, and whichever service the bytes come from then. The digest that the target verifies is
that of the whole file, as the source of the last attempt has it.

This module records nothing itself and retries nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import trio
from blake3 import blake3

from onitu.core.model import DIGEST, LocalFile, Present, Upload
from onitu.core.node import Version
from onitu.core.plan import Source, Task
from onitu.errors import (
    Corrupted,
    DriverError,
    NotFound,
    QuotaExceeded,
    RevisionMismatch,
    SourceChanged,
    Unavailable,
    Unsupported,
)
from onitu.rpc.convert import identity_from_revision
from onitu.transfer.careful import CarefulPerformer
from onitu.transfer.party import Outcome, Parties, Party, compared, not_active, read_failed, upload_of

#: From this size on a file goes in chunks where the target can take an upload up again: the stream costs less, but what
#: is lost with it grows with the file (measured in docs/design.md).
RESUMABLE_BYTES = 16 * 1024 * 1024

#: Seconds to remove what was staged when an upload is given up.
_SHIELDED = 5.0


class Session(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An upload that can be taken up again. Stored.

    Attributes:
        id: The driver's id of it.
        content: Number of the version whose bytes are uploaded.
        offset: The end of what was confirmed when this was recorded; the service may know of more.
    """

    id: str
    content: int
    offset: int = 0


def content_of(version: Version) -> int:
    """Returns the number of the version whose bytes a version has."""
    return version.bytes_of or version.number


def is_resumable(target: Party, source: Party | None, size: int) -> bool:
    """Returns whether a file goes to a target in an upload that can be taken up again.

    Args:
        target: Where to.
        source: Where from, if it is active. Between two services with files on this host it is handed over instead.
        size: Bytes of the file.
    """
    can = target.client.capabilities
    if size < RESUMABLE_BYTES or not (can.chunks and can.restart_upload) or CarefulPerformer.is_needed(can):
        return False
    both_local = source is not None and source.local_root is not None and target.local_root is not None
    return not (both_local and can.local_files)


class Resumable:
    """One attempt at one large file.

    Args:
        target: Where to.
        task: What to write.
        source: Where the bytes are.
        parties: Gives the services.
        session: The upload that an earlier attempt has left, if it has the same bytes.
        keep: Records an upload that was begun; awaited before the first byte is sent.
        begun: Called with the offset at which bytes are to travel.
        announce: Records the digest of what is about to be there; as in `Performer`.

    Attributes:
        session: The upload that may still be taken up, with what is confirmed of it; None if there is none.
        superseded: Whether it was given up for something newer.
        source_changed: Whether the source was found changed, or could not be read.
        sent: Digests of the bytes once all of them are staged: what tells them from an edit if no answer comes.
    """

    def __init__(
        self,
        target: Party,
        task: Task,
        source: Source,
        parties: Parties,
        *,
        session: Session | None,
        keep: Callable[[Session], Awaitable[None]],
        begun: Callable[[int], None],
        announce: Callable[[dict[str, bytes]], Awaitable[None]] | None = None,
    ) -> None:
        self.session = session
        self.superseded = False
        self.source_changed = False
        self.sent: dict[str, bytes] = {}
        self._target = target
        self._task = task
        self._source = source
        self._parties = parties
        self._keep = keep
        self._begun = begun
        self._announce = announce
        self._staging = trio.CancelScope()

    @property
    def content(self) -> int:
        """Number of the version whose bytes travel."""
        return content_of(self._task.version)

    @property
    def confirmed(self) -> int:
        """Bytes that the target has confirmed."""
        return self.session.offset if self.session is not None else 0

    def supersede(self) -> None:
        """Gives it up, since something newer is to be there. Once everything is staged it is let finish."""
        self._staging.cancel()

    async def run(self) -> Outcome:
        """Does it.

        Returns:
            What is there now, or why it is not. Then `session` says whether there is something to take up.

        Cancellation:
            What is staged stays so; `session` has what is confirmed.
        """
        party = self._parties(self._source.service)
        if party is None:
            return not_active(self._source.service)
        try:
            answer = await self._upload(party)
        except DriverError as error:
            if not _worth_keeping(error):
                await self._give_up()
            return error
        self.session = None
        return answer

    async def _upload(self, party: Party) -> Outcome:
        client, folder = self._target.client, self._target.folder
        upload = upload_of(self._task)
        with self._staging:
            begin = await self._take_up(upload)
            async with party.reading:
                upload = await self._stage(party, upload, begin)
            self.sent = {} if upload.digest is None else dict((upload.digest,))
        if self._staging.cancelled_caught or self.session is None:
            self.superseded = True
            message = f"{self._task.path!r}: something newer is to be there"
            raise SourceChanged(message)
        if self._announce is not None and upload.digest is not None and DIGEST not in self._task.version.digests:
            await self._announce(dict([upload.digest]))
        return compared(upload, await client.end_upload(folder, self.session.id, upload))

    async def _take_up(self, upload: Upload) -> int:
        """Goes on with an earlier upload, or begins one. Returns where the next byte belongs."""
        client, folder, left = self._target.client, self._target.folder, self.session
        if left is not None:
            try:
                begin = await client.restart_upload(folder, left.id, upload, offset=left.offset)
            except (NotFound, Unsupported):
                await self._give_up()  # It is not there any more, or nobody can tell what is.
            else:
                self._begun(begin)
                self._confirm(begin)
                return begin
        self._begun(0)
        self.session = Session(await client.start_upload(folder, upload), self.content)
        await self._keep(self.session)
        return 0

    async def _stage(self, party: Party, upload: Upload, begin: int) -> Upload:
        """Sends the bytes from an offset on. Returns what is to be verified: the upload with its digest."""
        assert self.session is not None  # noqa: S101 - it was just taken up
        hasher = None
        failed: list[DriverError] = []
        # Of bytes that do not pass here nobody else could tell what they should be.
        told = upload.digest is not None or DIGEST in party.client.capabilities.computed_digests
        if party.local_root is not None and told and self._reads_itself():
            return await self._stage_there(party, party.local_root, upload, begin)
        if upload.digest is None and begin:
            upload = await self._with_digest_there(party, upload)
        if upload.digest is None:
            hasher = blake3()
        try:
            await self._target.client.stage(
                self._target.folder,
                self.session.id,
                upload,
                self._pieces(party, begin, hasher, failed),
                offset=begin,
                confirmed=self._confirm,
            )
        except DriverError as error:
            self.source_changed = bool(failed) or isinstance(error, SourceChanged)
            raise read_failed(self._source, error) if failed else error from error
        if hasher is not None:
            upload = msgspec.structs.replace(upload, digest=(DIGEST, hasher.digest()))
        return upload

    def _reads_itself(self) -> bool:
        """Returns whether the target reads a file of this host itself; its source says then what is sent.

        Not one that has a limit: only what goes through here can be slowed down.
        """
        can = self._target.client.capabilities
        return can.local_files and can.local_chunks and not self._target.pace.up.is_limited

    async def _stage_there(self, party: Party, root: str, upload: Upload, begin: int) -> Upload:
        """Has the target read the bytes, while the source computes what they should be: a disk is read once for both.

        Returns:
            What is to be verified: the upload with its digest.
        """
        failed: list[DriverError] = []
        async with trio.open_nursery() as nursery:

            async def compute() -> None:
                nonlocal upload
                try:
                    upload = await self._with_digest_there(party, upload)
                except DriverError as error:
                    failed.append(error)
                    nursery.cancel_scope.cancel()

            if upload.digest is None:
                nursery.start_soon(compute)
            try:
                await self._stage_local(root, begin)
            except DriverError as error:
                failed.append(error)
                nursery.cancel_scope.cancel()
        if failed:
            raise failed[0]
        return upload

    async def _stage_local(self, root: str, begin: int) -> None:
        """Has the target read the bytes from an offset on."""
        assert self.session is not None  # noqa: S101 - it was just taken up
        source = self._source
        file = LocalFile(root, source.path, identity_from_revision(source.revision))
        size = self._task.version.size

        def confirm(offset: int) -> None:
            self._confirm(offset)
            if not self._reads_itself():
                message = f"{self._task.path!r}: a limit has come into force, which only what goes through here keeps"
                raise Unavailable(message)

        try:
            await self._target.client.stage_local(
                self._target.folder, self.session.id, file, size, offset=begin, confirmed=confirm
            )
        except SourceChanged:
            self.source_changed = True
            raise

    async def _with_digest_there(self, party: Party, upload: Upload) -> Upload:
        """Returns an upload with the digest of what the source has, where that can compute it; nothing travels."""
        if DIGEST not in party.client.capabilities.computed_digests:
            return upload
        try:
            seen = (await party.client.stat(party.folder, [self._source.path], digest=DIGEST))[0].state
        except DriverError as error:
            raise read_failed(self._source, error) from error
        if not isinstance(seen, Present) or seen.revision != self._source.revision or DIGEST not in seen.digests:
            self.source_changed = True
            message = f"{self._source.path!r} is not on {self._source.service} any more as it was"
            raise SourceChanged(message)
        return msgspec.structs.replace(upload, digest=(DIGEST, seen.digests[DIGEST]))

    async def _pieces(
        self, party: Party, begin: int, hasher: blake3 | None, failed: list[DriverError]
    ) -> AsyncIterator[bytes]:
        """Yields the bytes from an offset on. What has to be hashed is read from the start."""
        source, size = self._source, self._task.version.size
        skip, offset = (begin, 0) if hasher is not None else (0, begin)
        reading = party.client.get_file(party.folder, source.path, source.revision, offset=offset, size=size)
        try:
            async with reading as stream:
                async for piece in stream:
                    await party.pace.down.pay(len(piece))
                    if hasher is not None:
                        hasher.update(piece)
                    if skip < len(piece):
                        await self._target.pace.up.pay(len(piece) - skip)
                        yield piece[skip:] if skip else piece
                    skip = max(0, skip - len(piece))
        except DriverError as error:
            failed.append(error)
            raise

    def _confirm(self, offset: int) -> None:
        """Notes what the target has confirmed."""
        if self.session is not None:
            self.session = msgspec.structs.replace(self.session, offset=offset)

    async def _give_up(self) -> None:
        """Has what was staged removed; what cannot be is the driver's to remove one day."""
        if self.session is not None:
            with trio.move_on_after(_SHIELDED, shield=True):
                await self._target.client.abort_upload(self._target.folder, self.session.id)
        self.session = None


def _worth_keeping(error: DriverError) -> bool:
    """Returns whether what is staged may still be wanted: the bytes are right, and something else went wrong."""
    if isinstance(error, SourceChanged | Corrupted | QuotaExceeded):
        return False
    return error.retryable or isinstance(error, NotFound | RevisionMismatch)
