"""What happens, for who looks on: the last events in their order, each with an id.

Nothing depends on it. As long as nobody follows, what happens to files is not even noted: whoever comes has to look at
everything anyway, once. From then on events are kept, so that who was cut off goes on where they were.

This file knows no clock, no thread and no connection: who follows is somebody else's to serve, in one thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec

#: Events that are kept for those who were cut off, at some three hundred bytes each.
KEPT = 20_000

#: What somebody is told who has missed events that are not kept any more: everything may be another.
RESET = "reset"

Watcher: TypeAlias = Callable[[str, dict[str, Any]], None]
"""Called with the type and the data of an event."""

_ID = re.compile(r"([0-9a-z]{1,40})-([0-9]{1,18})\Z")

_encode = msgspec.json.Encoder(enc_hook=str).encode


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What outlives the end of a core, so that ids stay good.

    Attributes:
        line: As in `Events`.
        newest: The number of the newest event.
        frames: The last events, as they are sent.
    """

    line: str
    newest: int
    frames: list[bytes]


class Piece(NamedTuple):
    """Some events, one behind the other.

    Attributes:
        data: As they are sent.
        position: The number of the last of them.
        lost: Whether events before them are not kept any more: they do not follow on what was asked for.
    """

    data: bytes
    position: int
    lost: bool


class Events:
    """The last events.

    Args:
        line: A word for an unbroken line of events. Ids of another one are not understood.
        kept: What another core has left, to go on from; its line counts then.
        most: Events that are kept.

    Attributes:
        watchers: Called with every event of the types that are always noted, whoever follows.
        wanted: Whether somebody follows, or did a moment ago. Where it is false, who would tell of a file need not.
        rung: Called when there is something new.
    """

    def __init__(self, line: str, *, kept: Kept | None = None, most: int = KEPT) -> None:
        self._line = kept.line if kept is not None else line
        self._frames: list[bytes] = list(kept.frames) if kept is not None else []
        self._newest = kept.newest if kept is not None else 0
        self._most = most
        self.watchers: list[Watcher] = []
        self.wanted = kept is not None
        self.rung: Callable[[], None] = _nobody

    @property
    def newest(self) -> int:
        """The number of the newest event."""
        return self._newest

    def emit(self, kind: str, /, **data: Any) -> None:  # noqa: ANN401 - whatever JSON can have
        """Notes an event.

        Args:
            kind: Its type.
            data: What there is to know.
        """
        for watcher in self.watchers:
            watcher(kind, data)
        if not self.wanted:
            return
        self._newest += 1
        self._frames.append(self._frame(kind, data))
        # One in two steps is cut, so that it costs nothing per event.
        if len(self._frames) > 2 * self._most:
            del self._frames[: -self._most]
        self.rung()

    def forget(self) -> None:
        """Stops keeping events: nobody has followed for long. Who comes back has lost some."""
        self._frames.clear()
        # So that an id from before is told from one of what comes now.
        self._newest += 1
        self.wanted = False

    def keep(self) -> Kept | None:
        """Returns what the next core goes on from, or None if there is nothing that anybody would miss."""
        if not self.wanted:
            return None
        return Kept(line=self._line, newest=self._newest, frames=self._frames[-self._most :])

    def position(self, last: str) -> int | None:
        """Returns the number of an id, or None if what follows on it is not known.

        Args:
            last: What a client says it was told last.
        """
        match = _ID.match(last)
        if match is None or match[1] != self._line:
            return None
        number = int(match[2])
        return number if self._oldest - 1 <= number <= self._newest else None

    def after(self, position: int, *, most_bytes: int) -> Piece:
        """Returns the events behind a number, as many as fit; always at least one where there is one.

        Args:
            position: The number.
            most_bytes: How long they may be.
        """
        lost = position < self._oldest - 1
        begin = max(0, position + 1 - self._oldest)
        end, size = begin, 0
        while end < len(self._frames) and (end == begin or size + len(self._frames[end]) <= most_bytes):
            size += len(self._frames[end])
            end += 1
        return Piece(b"".join(self._frames[begin:end]), self._oldest + end - 1, lost)

    def mark(self) -> bytes:
        """Returns what tells a client its place, without an event."""
        return self._id(self._newest)

    def reset(self) -> bytes:
        """Returns what is told to who has lost events: the next one is the one behind the newest."""
        return self._id(self._newest, kind=RESET, data={})

    @property
    def _oldest(self) -> int:
        """The number of the oldest event that is kept."""
        return self._newest - len(self._frames) + 1

    def _frame(self, kind: str, data: dict[str, Any]) -> bytes:
        return self._id(self._newest, kind=kind, data=data)

    def _id(self, number: int, *, kind: str = "", data: dict[str, Any] | None = None) -> bytes:
        lines: Sequence[bytes] = (f"id: {self._line}-{number}".encode(),)
        if data is not None:
            lines = (*lines, f"event: {kind}".encode(), b"data: " + _encoded(data))
        return b"\n".join(lines) + b"\n\n"


def _encoded(data: dict[str, Any]) -> bytes:
    try:
        return _encode(data)
    except UnicodeEncodeError:
        # A name that is not UTF-8 reaches Python with lone surrogates.
        return _encode({key: _clean(value) for key, value in data.items()})


def _clean(value: object) -> object:
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


def _nobody() -> None:
    """Nobody waits for events."""
