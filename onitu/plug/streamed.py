"""Uploads in chunks to services that take a file only as one stream: what comes in calls goes out in one request.

A thread of each upload sends what the calls bring; no more than a few chunks wait in between. An upload whose stream
breaks off cannot go on, and begins again.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from onitu.errors import DriverError, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

WAITING: Final = 4
"""Chunks, of 1 MiB at most, that have come and not been sent."""

PATIENCE: Final = 120.0
"""Seconds for the service to take a chunk, for the next one to come, and for the last bytes to arrive."""


class Pipe:
    """What the calls write and the thread reads, as a file."""

    def __init__(self) -> None:
        self._chunks: deque[memoryview] = deque()
        self._changed = threading.Condition()
        self._is_whole = False
        self._is_broken = False

    def write(self, chunk: bytes) -> None:
        """Hands a chunk over, once there is room.

        Raises:
            ConnectionAbortedError: Nobody reads any more.
            TimeoutError: There was no room for too long.
        """
        with self._changed:
            room = self._changed.wait_for(lambda: len(self._chunks) < WAITING or self._is_broken, PATIENCE)
            self._require_intact()
            if not room:
                raise TimeoutError
            self._chunks.append(memoryview(chunk))
            self._changed.notify_all()

    def end(self) -> None:
        """Says that this was all."""
        with self._changed:
            self._is_whole = True
            self._changed.notify_all()

    def read(self, size: int = -1) -> bytes:
        """Returns the next bytes, none at the end.

        Raises:
            ConnectionAbortedError: The upload was given up: what was sent must not be taken for the whole.
            TimeoutError: Nothing came for too long: the service is not kept waiting for ever.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._chunks or self._is_whole or self._is_broken, PATIENCE):
                raise TimeoutError("nothing came for too long")
            self._require_intact()
            if not self._chunks:
                return b""
            chunk = self._chunks.popleft()
            if 0 <= size < len(chunk):
                # What is left is looked at where it lies: whoever reads little by little has none of it copied.
                self._chunks.appendleft(chunk[size:])
                chunk = chunk[:size]
            else:
                self._changed.notify_all()
            return bytes(chunk)

    def tell(self) -> int:
        """It is always at its beginning: it can be sent once."""
        return 0

    def abort(self) -> None:
        """Lets both sides fail."""
        with self._changed:
            self._is_broken = True
            self._changed.notify_all()

    def _require_intact(self) -> None:
        if self._is_broken:
            # Not a BrokenPipeError: urllib3 waits for an answer after that, which never comes.
            raise ConnectionAbortedError("the upload was given up")


class Streamed(Generic[T]):
    """The uploads of a driver that are under way, by session. May be used from any thread."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._open: dict[str, _Upload[T]] = {}

    def start(self, session: str, send: Callable[[Pipe], T]) -> None:
        """Begins an upload.

        Args:
            session: Its id.
            send: Sends all of the file, and returns what it makes of the answer.
        """
        with self._mutex:
            self._open[session] = _Upload(send)

    def write(self, session: str, offset: int, chunk: bytes) -> None:
        """Takes a chunk, perhaps for the second time."""
        self._of(session).write(offset, chunk)

    def taken(self, session: str) -> int:
        """Returns how many bytes have come.

        Raises:
            NotFound: There is no such upload any more.
        """
        upload = self._of(session)
        if upload.has_ended:
            self.abort(session)
            raise NotFound("the stream of this upload has broken off; it begins again")
        return upload.taken

    def finish(self, session: str) -> T:
        """Waits for the last bytes to arrive, and returns what `send` did. It may be asked for again."""
        return self._of(session).finish()

    def forget(self, session: str) -> None:
        """Forgets an upload that has ended."""
        with self._mutex:
            self._open.pop(session, None)

    def abort(self, session: str) -> bool:
        """Breaks an upload off and waits for its thread. Returns whether there was one."""
        with self._mutex:
            upload = self._open.pop(session, None)
        if upload is not None:
            upload.abort()
        return upload is not None

    def _of(self, session: str) -> _Upload[T]:
        with self._mutex:
            upload = self._open.get(session)
        if upload is None:
            raise NotFound(f"there is no upload {session!r} in this process")
        return upload


class _Upload(Generic[T]):
    """One upload; whoever calls it holds the session's lock."""

    def __init__(self, send: Callable[[Pipe], T]) -> None:
        self.taken = 0
        self._pipe = Pipe()
        self._send = send
        self._answer: list[T] = []
        self._failure: DriverError | None = None
        self._thread = threading.Thread(target=self._run, name="upload", daemon=True)
        self._thread.start()

    @property
    def has_ended(self) -> bool:
        """Whether its stream has broken off, or been sent."""
        return not self._thread.is_alive()

    def write(self, offset: int, chunk: bytes) -> None:
        """Takes a chunk."""
        rest = chunk[self.taken - offset :]
        if offset > self.taken or not rest:
            return
        self._hand_over(rest)
        self.taken += len(rest)

    def finish(self) -> T:
        """Waits for the answer."""
        self._pipe.end()
        self._thread.join(PATIENCE)
        if self._failure is not None:
            raise self._failure
        if not self._answer:
            raise Unavailable("the service did not take the end of the file in time")
        return self._answer[0]

    def abort(self) -> None:
        """Breaks it off."""
        self._pipe.abort()
        self._thread.join(PATIENCE)

    def _hand_over(self, chunk: bytes) -> None:
        try:
            self._pipe.write(chunk)
        except ConnectionAbortedError:
            self._thread.join(PATIENCE)
            raise self._failure or Unavailable("the service has ended the stream") from None
        except TimeoutError:
            raise Unavailable("the service does not take the file any more") from None

    def _run(self) -> None:
        try:
            self._answer.append(self._send(self._pipe))
        except DriverError as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001  It is raised where the upload goes on.
            self._failure = Unavailable(f"the stream broke off: {error}")
        finally:
            # Whoever waits for room is let go: nobody reads any more.
            self._pipe.abort()
