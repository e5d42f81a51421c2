"""Uploads in chunks: gathered to parts, a few of which are on their way while the next one fills.

A file that fits into one part goes as a whole when it ends. An upload in parts is noted beside the folder's other
secrets (`.onitu/uploads/<session>`) before its first part: what a process that died has left is removed by the next
one, and only that. Memory: a part in the making and those on their way; large parts lie in files of the system's
temporary directory.
"""

from __future__ import annotations

import json
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Final, cast

from onitu.plug import Corrupted, DriverError, NotFound, Present

from .entries import present_of
from .parts import Parts
from .writing import headers_of, looked_at, upload

if TYPE_CHECKING:
    from onitu.plug import Metadata

    from .root import Root

MEBIBYTE: Final = 1024 * 1024

PART: Final = 8 * MEBIBYTE
"""Bytes of a part, as long as 10,000 of them hold the file: S3 takes no more of them."""

MOST_PARTS: Final = 10_000

UNDER_WAY: Final = 3
"""Parts of one upload that are on their way at once."""

IN_MEMORY: Final = 16 * MEBIBYTE
"""Bytes of a part that are kept in memory; a larger one lies in a file."""


def part_size(size: int) -> int:
    """Returns how large the parts of a file are: whole mebibytes, no more than 10,000 of them."""
    least = -(-size // MOST_PARTS)
    return max(PART, -(-least // MEBIBYTE) * MEBIBYTE)


class Uploads:
    """The uploads in chunks that are under way in this process. May be used from any thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2 * UNDER_WAY, thread_name_prefix="part")
        self._mutex = threading.Lock()
        self._open: dict[str, _Upload] = {}

    def start(self, root: Root, metadata: Metadata) -> None:
        """Begins one; nothing is asked of the store yet."""
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

    def abort(self, root: Root, session: str) -> None:
        """Removes what was sent of an upload, also of one that an earlier process began."""
        with self._mutex:
            under_way = self._open.pop(session, None)
        if under_way is not None:
            under_way.abort()
        else:
            remove_noted(root, session)

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
        self._size = part_size(metadata.size)
        self._slots = threading.Semaphore(UNDER_WAY)
        self._filling = _buffer()
        self._parts: Parts | None = None
        self._headers: dict[str, str] = {}
        self._under_way: dict[int, tuple[IO[bytes], Future[None]]] = {}
        self._number = 0

    def write(self, offset: int, chunk: bytes) -> None:
        rest = memoryview(chunk)[self.taken - offset :]
        if offset > self.taken or not rest:
            return
        self._settle(wait=False)
        while rest:
            room = self._size - self._filling.tell()
            if not room:
                self._send()
                room = self._size
            self._filling.write(rest[:room])
            self.taken += len(rest[:room])
            rest = rest[room:]

    def end(self) -> Present:
        if self.taken != self.metadata.size:
            raise Corrupted(f"{self.metadata.filename}: {self.taken} of {self.metadata.size} bytes are here")
        if self._parts is None:
            self._filling.seek(0)
            state = upload(self._root, self.metadata, self._filling.read())
            self._filling.close()
            return state
        if self._filling.tell():
            self._send()
        self._settle()
        conditions = self._root.conditions_for(self.metadata, in_parts=True)
        etag = self._parts.complete(conditions)
        self._filling.close()
        self._forget()
        if not self._root.conditions.tells:
            return looked_at(self._root, self.metadata.filename, self.taken)
        return present_of(self._headers, etag, self.taken, md5=False)

    def abort(self) -> None:
        for part, answer in self._under_way.copy().values():
            if not answer.cancel():
                answer.exception()
            part.close()
        if self._parts is not None:
            self._parts.abort()
            self._forget()
        self._filling.close()

    def _send(self) -> None:
        """Sends the part that is full, and begins another one."""
        if self._parts is None:
            self._headers = headers_of(self._root, self.metadata)
            parts = Parts.begin(self._root.bucket, self._root.key(self.metadata.filename), self._headers)
            note(self._root, self.metadata.session, parts)
            self._parts = parts
        self._slots.acquire()
        self._number += 1
        full, self._filling = self._filling, _buffer()
        # Noted before it can have arrived: whoever delivers it takes the note away.
        answer: Future[None] = Future()
        self._under_way[self._number] = (full, answer)
        self._pool.submit(self._deliver_in_turn, self._number, full, answer)

    def _deliver_in_turn(self, number: int, part: IO[bytes], answer: Future[None]) -> None:
        try:
            if answer.set_running_or_notify_cancel():
                self._deliver(number, part)
                answer.set_result(None)
        except Exception as error:  # noqa: BLE001  It is raised where the upload goes on.
            answer.set_exception(error)
        finally:
            self._slots.release()

    def _deliver(self, number: int, part: IO[bytes]) -> None:
        assert self._parts is not None  # noqa: S101  Here we know: it was begun before its first part.
        part.seek(0)
        self._parts.send(number, part)
        del self._under_way[number]
        part.close()

    def _settle(self, *, wait: bool = True) -> None:
        """Sends again what did not arrive, and raises what that fails of: it is tried once more at the next call.

        Args:
            wait: Whether to wait for all that are on their way.
        """
        for number, (part, answer) in sorted(self._under_way.copy().items()):
            if (wait or answer.done()) and answer.exception() is not None:
                self._deliver(number, part)

    def _forget(self) -> None:
        with suppress(DriverError):  # It names an upload that is gone: the next process removes it for nothing.
            self._root.bucket.ask("DELETE", _note_key(self._root, self.metadata.session), repeat=True)


def note(root: Root, session: str, parts: Parts) -> None:
    """Notes an upload in parts where the next process finds it."""
    content = json.dumps({"key": parts.key, "upload": parts.id}).encode()
    try:
        root.bucket.ask("PUT", _note_key(root, session), body=content, repeat=True)
    except BaseException:
        parts.abort()
        raise


def remove_noted(root: Root, session: str) -> None:
    """Removes what an earlier process has sent of an upload; that there is nothing is fine."""
    key = _note_key(root, session)
    try:
        found = json.loads(root.bucket.ask("GET", key).data)
    except (NotFound, ValueError):
        return
    Parts(root.bucket, str(found["key"]), str(found["upload"])).abort()
    root.bucket.ask("DELETE", key, repeat=True)


def remove_leftovers(root: Root) -> None:
    """Removes what earlier processes have sent of uploads that never ended."""
    prefix = _note_key(root, "")
    for key in list(root.bucket.list_all(prefix)):
        remove_noted(root, key[len(prefix) :])


def _note_key(root: Root, session: str) -> str:
    return f"{root.area}uploads/{session}"


def _buffer() -> IO[bytes]:
    return cast("IO[bytes]", SpooledTemporaryFile(max_size=IN_MEMORY))
