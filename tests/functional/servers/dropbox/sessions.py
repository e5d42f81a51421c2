"""Uploads in pieces, and jobs that are done by and by."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import attrs
from dropbox import files

BLOCK = 4 * 1024 * 1024
"""What the pieces of a concurrent session are multiples of."""


class SessionRefused(Exception):
    """A session does not take what comes.

    Args:
        tag: Of an `UploadSessionAppendError` or a `UploadSessionLookupError`.
        offset: The right one, where the tag is `incorrect_offset`.
    """

    def __init__(self, tag: str, offset: int = 0) -> None:
        super().__init__(tag)
        self.tag = tag
        self.offset = offset

    def of(self, union: Any) -> Any:  # noqa: ANN401  The SDK has no types.
        """Returns it as a value of one of the API's types."""
        if self.tag == "incorrect_offset":
            return union.incorrect_offset(files.UploadSessionOffsetError(correct_offset=self.offset))
        return getattr(union, self.tag)


@attrs.define
class Session:
    """An upload in pieces."""

    concurrent: bool
    closed: bool = False
    size: int | None = None
    pieces: dict[int, bytes] = attrs.field(factory=dict)

    @property
    def content(self) -> bytes:
        """All that came, in order."""
        return b"".join(piece for _, piece in sorted(self.pieces.items()))

    @property
    def length(self) -> int:
        """Bytes that came."""
        return sum(map(len, self.pieces.values()))


class Sessions:
    """The sessions of an account. May be used from any thread."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._open: dict[str, Session] = {}
        self._numbers = itertools.count(1)

    def start(self, content: bytes, *, close: bool, concurrent: bool) -> str:
        """Begins a session and returns its id."""
        with self._mutex:
            name = f"session-{next(self._numbers)}"
            self._open[name] = Session(concurrent, close, pieces={0: content} if content or not concurrent else {})
            return name

    def append(self, name: str, offset: int, content: bytes, *, close: bool) -> None:
        """Takes a piece.

        Raises:
            SessionRefused: It is not the right one.
        """
        with self._mutex:
            session = self._of(name)
            if session.concurrent:
                self._append_anywhere(session, offset, content, close=close)
                return
            if session.closed:
                raise SessionRefused("closed")
            if offset != session.length:
                raise SessionRefused("incorrect_offset", session.length)
            if content:
                session.pieces[offset] = content
            session.closed = close

    def _append_anywhere(self, session: Session, offset: int, content: bytes, *, close: bool) -> None:
        if offset % BLOCK:
            raise SessionRefused("concurrent_session_invalid_offset")
        if not close and len(content) % BLOCK:
            raise SessionRefused("concurrent_session_invalid_data_size")
        if session.pieces.get(offset, content) != content:
            raise SessionRefused("incorrect_offset", session.length)
        if content:
            session.pieces[offset] = content
        if close:
            session.closed, session.size = True, offset + len(content)

    def content(self, name: str, offset: int, more: bytes = b"", *, closed: bool = False) -> bytes:
        """Returns what a session has, to be committed.

        Args:
            name: Its id.
            offset: Where whoever commits it believes to be.
            more: A last piece.
            closed: Whether it must have been closed, as for a batch.

        Raises:
            SessionRefused: It is not whole, or there is none.
        """
        with self._mutex:
            session = self._of(name)
            if session.concurrent and not session.closed:
                raise SessionRefused("concurrent_session_not_closed")
            if session.concurrent and session.length != session.size:
                raise SessionRefused("concurrent_session_missing_data")
            if session.concurrent and more:
                raise SessionRefused("concurrent_session_data_not_allowed")
            if closed and not session.closed:
                raise SessionRefused("not_closed")
            if offset != session.length:
                raise SessionRefused("incorrect_offset", session.length)
            return session.content + more

    def end(self, name: str) -> None:
        """Forgets a session that was committed."""
        with self._mutex:
            self._open.pop(name, None)

    def expire(self) -> None:
        """Forgets them all, as Dropbox does after seven days."""
        with self._mutex:
            self._open.clear()

    def _of(self, name: str) -> Session:
        if name not in self._open:
            raise SessionRefused("not_found")
        return self._open[name]
