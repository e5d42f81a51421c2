"""Uploads in chunks: gathered to pieces, a few of which are on their way while the next one fills.

A file that fits into one piece goes as a whole when it ends. A larger one is a concurrent session of Dropbox's: its
pieces arrive in any order, and nothing of it is visible before the commit. A session that nobody goes on with is
forgotten there after seven days. Memory: a piece in the making and those on their way.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from onitu.plug import Corrupted, NotFound, Present, QuotaExceeded
from onitu.plug.digests import DropboxHash

from .writing import commit_of, entry_of, full, hash_of, start_session, upload, written

if TYPE_CHECKING:
    from onitu.plug import Metadata

    from .root import Root

PIECE: Final = 8 * 1024 * 1024
"""Bytes of a piece: a multiple of 4 MiB, as the documentation of `upload_session/start` asks for."""

UNDER_WAY: Final = 3
"""Pieces of one upload that are on their way at once."""


class Uploads:
    """The uploads in chunks that are under way in this process. May be used from any thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2 * UNDER_WAY, thread_name_prefix="piece")
        self._mutex = threading.Lock()
        self._open: dict[str, _Upload] = {}

    def start(self, root: Root, metadata: Metadata) -> None:
        """Begins one; nothing is asked of Dropbox yet but whether there is a place for it."""
        commit_of(root, metadata)
        with self._mutex:
            self._open[metadata.session] = _Upload(root, metadata, self._pool)

    def write(self, metadata: Metadata, offset: int, chunk: bytes) -> None:
        """Takes a chunk, perhaps for the second time."""
        self._of(metadata.session).write(offset, chunk)

    def restart(self, metadata: Metadata) -> int:
        """Returns how many bytes this process has of an upload."""
        under_way = self._of(metadata.session)
        under_way.metadata = metadata
        return under_way.taken

    def end(self, metadata: Metadata) -> Present:
        """Makes an upload visible."""
        under_way = self._of(metadata.session)
        under_way.metadata = metadata
        state = under_way.end()
        with self._mutex:
            self._open.pop(metadata.session, None)
        return state

    def abort(self, session: str) -> None:
        """Gives an upload up; of what an earlier process began nothing is here."""
        with self._mutex:
            under_way = self._open.pop(session, None)
        if under_way is not None:
            under_way.abort()

    def _of(self, session: str) -> _Upload:
        with self._mutex:
            under_way = self._open.get(session)
        if under_way is None:
            raise NotFound(f"there is no upload {session!r} in this process")
        return under_way

    def close(self) -> None:
        """Ends its threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Upload:
    """One upload; whoever calls it holds the session's lock.

    Attributes:
        metadata: What is uploaded, as it was said last.
        taken: Bytes that have come.
    """

    def __init__(self, root: Root, metadata: Metadata, pool: ThreadPoolExecutor) -> None:
        self.metadata = metadata
        self.taken = 0
        self._root = root
        self._pool = pool
        self._hash = DropboxHash()
        self._filling = bytearray()
        self._sent = 0
        self._session = ""
        self._slots = threading.Semaphore(UNDER_WAY)
        self._under_way: dict[int, tuple[bytes, bool, Future[None]]] = {}

    def write(self, offset: int, chunk: bytes) -> None:
        rest = memoryview(chunk)[self.taken - offset :]
        if offset > self.taken or not rest:
            return
        self._settle(wait=False)
        while rest:
            if len(self._filling) == PIECE:
                self._send(close=False)
            part, rest = rest[: PIECE - len(self._filling)], rest[PIECE - len(self._filling) :]
            self._filling += part
            self._hash.update(part)
            self.taken += len(part)

    def end(self) -> Present:
        root, metadata = self._root, self.metadata
        if self.taken != metadata.size:
            raise Corrupted(f"{metadata.filename}: {self.taken} of {metadata.size} bytes are here")
        if not self._sent:
            return upload(root, metadata, bytes(self._filling))
        with root.groups.commits.coming() as ticket:
            if self._filling:
                self._send(close=True)
            self._settle()
            try:
                found = ticket.put(entry_of(self._session, self.taken, commit_of(root, metadata)))
            except QuotaExceeded as error:
                raise full(root, error) from error
        return written(root, metadata.filename, found, self._hash.digest())

    def abort(self) -> None:
        for _, _, answer in list(self._under_way.values()):
            if not answer.cancel():
                answer.exception()
        self._filling.clear()

    def _send(self, *, close: bool) -> None:
        """Sends the piece that is full, or the last one, and begins another."""
        if not self._session:
            argument = {"session_type": {".tag": "concurrent"}}
            self._session = start_session(self._root, self.metadata.filename, argument, b"")
        self._slots.acquire()
        offset, piece = self._sent, bytes(self._filling)
        self._filling = bytearray()
        self._sent += len(piece)
        # Noted before it can have arrived: whoever delivers it takes the note away.
        answer: Future[None] = Future()
        self._under_way[offset] = (piece, close, answer)
        self._pool.submit(self._deliver_in_turn, offset, answer)

    def _deliver_in_turn(self, offset: int, answer: Future[None]) -> None:
        try:
            if answer.set_running_or_notify_cancel():
                self._deliver(offset)
                answer.set_result(None)
        except Exception as error:  # noqa: BLE001  It is raised where the upload goes on.
            answer.set_exception(error)
        finally:
            self._slots.release()

    def _deliver(self, offset: int) -> None:
        piece, close, _ = self._under_way[offset]
        argument = {
            "cursor": {"session_id": self._session, "offset": offset},
            "close": close,
            "content_hash": hash_of(piece).hex(),
        }
        name = self.metadata.filename
        self._root.api.put("files/upload_session/append_v2", argument, piece, about=name, repeat=True)
        del self._under_way[offset]

    def _settle(self, *, wait: bool = True) -> None:
        """Sends again what did not arrive, and raises what that fails of: it is tried once more at the next call.

        Args:
            wait: Whether to wait for all that are on their way.
        """
        for offset, (_, _, answer) in sorted(self._under_way.copy().items()):
            if (wait or answer.done()) and answer.exception() is not None:
                self._deliver(offset)
