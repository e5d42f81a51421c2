"""What tells of changes at the server: one program for each folder, as a stream of events.

There are two. Our own few lines of Python (`remote`) tell of a new directory when it is watched, and of lost events;
`inotifywait` does neither, and serves where there is no Python. Both end with the session, and so with the connection.
"""

from __future__ import annotations

import asyncio
import itertools
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

from .channel import Lost
from .session import Session, quoted
from .shell import PYTHON

if TYPE_CHECKING:
    from .shell import Shell

_NAMES: Final = {
    0x002: "MODIFY",
    0x004: "ATTRIB",
    0x008: "CLOSE_WRITE",
    0x040: "MOVED_FROM",
    0x080: "MOVED_TO",
    0x100: "CREATE",
    0x200: "DELETE",
    0x4000_0000: "ISDIR",
}

_FEW: Final = "there are too few inotify watches: raise fs.inotify.max_user_watches there with sysctl"

_LATE: Final = 0.2
"""Seconds that an event may be late where nothing tells."""

_INOTIFYWAIT: Final = b"""
exec 3<&0
inotifywait -m -r -P --no-newline --format '%%e %%w%%f%%0' \\
    -e modify -e close_write -e create -e delete -e move -e attrib -- %s @%s </dev/null 3<&- & watching=$!
{ cat <&3; kill $watching; } >/dev/null 2>&1 & listening=$!
wait $watching
kill $listening
exit
"""


class Event(NamedTuple):
    """Something that happened.

    Attributes:
        path: Where, below the root.
        names: What, in the kernel's words.
    """

    path: bytes
    names: frozenset[str]


class MissedError(Lost):
    """Events were lost."""


class Events:
    """The events of one root. `begin` first.

    Args:
        shell: At the server.
        place: Absolute path of the root.

    Attributes:
        gaps: Whether a new directory is told of before it is watched.
        ready: Set when everything is watched.
    """

    def __init__(self, shell: Shell, place: bytes) -> None:
        self.gaps = shell.watcher != PYTHON
        self.ready = asyncio.Event()
        self._shell = shell
        self._place = place
        self._session: Session | None = None
        self._numbers = itertools.count()
        self._asked: dict[bytes, asyncio.Future[None]] = {}
        self._few = False

    async def begin(self) -> None:
        """Begins to watch.

        Raises:
            Lost: There is no way to.
        """
        if self.gaps:
            script = _INOTIFYWAIT % (quoted(self._place), quoted(self._place + b"/.onitu"))
        else:
            program = resources.files(__package__).joinpath("remote.py").read_bytes()
            script = b"exec python3 -c %s %s" % (quoted(program), quoted(self._place))
        self._session = await Session.open(self._shell.control, script, self._hear)

    def _hear(self, line: bytes) -> None:
        if line.startswith(b"Watches established"):
            self.ready.set()
        elif b"max_user_watches" in line or b"upper limit on inotify watches" in line:
            self._few = True

    async def next(self) -> Event:
        """Returns the next event.

        Raises:
            MissedError: Events were lost; watch anew.
            Lost: The program has ended.
        """
        while self._session is not None:
            try:
                record = await self._session.record()
            except Lost as error:
                raise Lost(_FEW if self._few else self._session.words or "the program there has ended") from error
            event = self._read(record)
            if event is not None:
                return event
        raise Lost

    def _read(self, record: bytes) -> Event | None:
        what, _, path = record.partition(b" ")
        match what:
            case b"ready":
                self.ready.set()
            case b"overflow":
                raise MissedError("more changes at once than its kernel remembers")
            case b"limit":
                raise Lost(_FEW)
            case b"error":
                raise Lost(path.decode("utf-8", "replace"))
            case b"=":
                asked = self._asked.pop(path, None)
                if asked is not None and not asked.done():
                    asked.set_result(None)
            case _:
                return self._event(what, path)
        return None

    def _event(self, what: bytes, path: bytes) -> Event | None:
        if not self.gaps:
            try:
                mask = int(what, 16)  # It leaves out by itself what is Onitu's.
            except ValueError as error:
                raise Lost("the program there cannot be understood") from error
            return Event(path, frozenset(name for bit, name in _NAMES.items() if mask & bit))
        below = self._place.rstrip(b"/") + b"/"
        path = path.rstrip(b"/")
        if not path.startswith(below):
            return None  # Of the root itself, at which others look.
        path = path[len(below) :]
        if path == b".onitu" or path.startswith(b".onitu/"):
            return None  # Made since then: what there was is not watched.
        names = what.decode("ascii", "replace").replace("CLOSE_WRITE,CLOSE", "CLOSE_WRITE")
        return Event(path, frozenset(names.split(",")))

    def beat(self) -> None:
        """Says that somebody listens still."""
        if self._session is not None and not self.gaps:
            self._session.send(b"\n")

    async def caught_up(self) -> None:
        """Returns once every event up to now was told, where that can be known."""
        if self._session is None or self.gaps:
            await asyncio.sleep(_LATE)
            return
        number = b"%d" % next(self._numbers)
        asked = self._asked[number] = asyncio.get_running_loop().create_future()
        self._session.send(number + b"\n")
        await asked

    async def close(self) -> None:
        """Watches no more."""
        for asked in self._asked.values():
            asked.cancel()
        self._asked.clear()
        if self._session is not None:
            await self._session.close()
