"""Watching a folder: what the server tells of it becomes observations.

What is reported is what is there when looked at, so a burst of events costs one report and an old event does no harm.
Where the server stops telling, everything is listed every now and then instead, until it can be watched again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final, TypeAlias

from onitu.plug import Absent, DriverError, Inadmissible, Kind, Present, RootState, Unknown

from . import observe
from .channel import Lost, Refused
from .events import Events, MissedError
from .failures import from_refusal
from .gather import Gatherer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onitu.plug import Changes, Plug

    from .gather import Touched
    from .root import Root

HEARTBEAT: Final = 5.0
"""Seconds between two signs of life, and between two looks at the root; the core waits for 30 (DESIGN §4)."""

SELDOM: Final = 60
"""So much rarer than without a watcher everything is listed all the same: once an hour where nothing else is set."""

AGAIN: Final = 10
"""Listings after which it is tried to watch again."""

_SETTING_UP: Final = 600.0  # Seconds for the server to watch everything.
_DRAIN: Final = 10.0
_TURN: Final = 0.5  # Seconds until it is seen that the watching is to end.
_AT_ONCE: Final = 64
_OWN: Final = 3.0  # Seconds after which a directory that Onitu has made is listed, for what others put there meanwhile.

State: TypeAlias = Present | Absent | Inadmissible | Unknown
Seen: TypeAlias = tuple[str, State, int]


class Watcher:
    """Watches one folder.

    Args:
        root: Its root.
        changes: Where to report.
        plug: Counts observations, and keeps the log.
    """

    def __init__(self, root: Root, changes: Changes, plug: Plug) -> None:
        self._root = root
        self._changes = changes
        self._plug = plug
        self._events: Events | None = None
        self._gathered = Gatherer()
        self._news = asyncio.Event()
        self._reporting = asyncio.Lock()
        self._made: set[bytes] = set()
        self._begun = False
        self._root_ok = True
        self._stale = False

    async def run(self) -> None:
        """Watches until `changes.closed` is set."""
        loop = asyncio.get_running_loop()
        self._changes.drain = lambda: asyncio.run_coroutine_threadsafe(self._drain(), loop).result()
        try:
            while not self._changes.closed.is_set():
                number = self._root.connection.number
                reason = await self._watch()
                if reason and number == self._root.connection.number and not self._changes.closed.is_set():
                    await self._poll(number, reason)
        finally:
            self._changes.drain = None

    # While the server tells.

    async def _watch(self) -> str:
        """Watches as long as that works, and returns why it does not; "" if it is to be begun anew at once."""
        try:
            shell = await self._root.shell()
            if shell is None or not await shell.tells(self._root.path):
                return "no shell tells of changes any more"
            self._stale = False
            events = self._events = Events(shell, self._root.path)
            self._gathered = Gatherer(gaps=events.gaps)
            try:
                await events.begin()
                return await self._follow(events)
            finally:
                self._events = None
                await events.close()
        except (DriverError, Lost, Refused, OSError) as error:
            return str(error) or "the connection was lost"

    async def _follow(self, events: Events) -> str:
        reading, beating = asyncio.create_task(self._read(events)), asyncio.create_task(_beat(events))
        try:
            if not await self._set_up(events, reading):
                return "" if self._changes.closed.is_set() else self._ended(reading)
            self._begin()
            await self._loop(reading)
            return "" if self._changes.closed.is_set() or self._stale else self._ended(reading)
        finally:
            beating.cancel()
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError, Lost):
                await reading

    async def _read(self, events: Events) -> None:
        while True:
            event = await events.next()
            self._gathered.take(event.path, event.names, time.monotonic())
            self._news.set()

    def _ended(self, reading: asyncio.Task[None]) -> str:
        """Returns why nothing is told any more; "" if that was but once."""
        error = reading.exception() if reading.done() else None
        if isinstance(error, MissedError):
            self._plug.logger.warning("watch_overflow", extra={"folder": self._changes.folder.name})
            return ""
        return (str(error) if error is not None else "") or "the program there does not answer"

    async def _set_up(self, events: Events, reading: asyncio.Task[None]) -> bool:
        """Waits until everything there is watched, which takes its time with many directories."""
        ready = asyncio.create_task(events.ready.wait())
        deadline = time.monotonic() + _SETTING_UP
        try:
            while time.monotonic() < deadline and not (ready.done() or reading.done() or self._changes.closed.is_set()):
                await asyncio.wait((ready, reading), timeout=_TURN, return_when=asyncio.FIRST_COMPLETED)
                self._changes.heartbeat()
        finally:
            ready.cancel()
        return events.ready.is_set()

    def _begin(self) -> None:
        """Has everything listed: the first time the SDK does so by itself."""
        if self._begun and self._root_ok:
            self._changes.rescan("", recursive=True)
        self._begun = True
        self._changes.ready()

    async def _loop(self, reading: asyncio.Task[None]) -> None:
        beat = listed = time.monotonic()
        while not (reading.done() or self._stale or self._changes.closed.is_set()):
            due = self._gathered.due()
            patience = _TURN if due is None else min(_TURN, due - time.monotonic())
            self._news.clear()
            if patience > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), patience)
            await self._flush()
            now = time.monotonic()
            if now - beat >= HEARTBEAT:
                beat = now
                self._changes.heartbeat()
                await self._check_root()
            if now - listed >= SELDOM * self._plug.changes_timer:
                listed = now
                self._changes.rescan("", recursive=True)

    # What has changed.

    async def _flush(self, *, at_once: bool = False) -> None:
        async with self._reporting:
            touched, listings = self._gathered.ripe(time.monotonic(), at_once=at_once)
            if not touched and not listings:
                return
            # What is gone may be the root.
            if not await self._check_root():
                return
            for paths in _parts(list(touched)):
                seen = await asyncio.gather(*(self._look(path, touched[path]) for path in paths))
                # Whoever reports waits while the core is behind; nothing else here may.
                await asyncio.to_thread(self._report, [each for each in seen if each is not None])
            for listing in listings:
                self._list(listing, own=listing in self._made)
            self._made.clear()

    async def _look(self, encoded: bytes, touched: Touched) -> Seen | None:
        path = _decoded(encoded)
        if path is None:
            self._changes.rescan(_above(encoded), recursive=False)  # A listing says what is wrong with a name.
            return None
        seq = self._plug.tick()
        try:
            state: State = await observe.look(self._root, await self._root.connection.sftp(), path)
        except Refused as error:
            state = Unknown(str(from_refusal(error, path)))
        except DriverError as error:
            state = Unknown(str(error))  # Of the root, say, at which is looked as well.
        if isinstance(state, Present) and self._root.own.take(path, state.revision, touched):
            if state.kind is Kind.DIRECTORY:
                self._made.add(encoded)
            return None  # The core was answered this very revision.
        return path, state, seq

    def _report(self, seen: list[Seen]) -> None:
        for path, state, seq in seen:
            self._changes.report(path, state, seq=seq)

    def _list(self, encoded: bytes, *, own: bool) -> None:
        """Has a new directory listed; one that Onitu has made when what Onitu writes to it is no longer racy."""
        path = _decoded(encoded)
        if own:
            self._gathered.list_later(encoded, time.monotonic() + _OWN)
        elif path is not None:
            self._changes.rescan(path, recursive=True)

    async def _drain(self) -> None:
        """Returns once everything that happened before has been reported, as far as that can be known."""
        events = self._events
        if events is None:
            return
        try:
            async with asyncio.timeout(_DRAIN):
                await events.caught_up()
            await self._flush(at_once=True)
        except (TimeoutError, asyncio.CancelledError, DriverError, Lost):
            pass  # The watching has ended, and everything will be listed once more.

    async def _check_root(self) -> bool:
        """Looks at the root, and reports when it goes or comes back; tells whether it is there."""
        try:
            state, reason = await self._root.state()
        except Refused as error:
            state, reason = RootState.MISSING, str(error)
        if (state is RootState.OK) is not self._root_ok:
            self._root_ok = state is RootState.OK
            self._changes.root(state, reason)
            if self._root_ok:
                # Nobody knows what happened meanwhile, nor whether it is this very directory that is watched.
                self._changes.rescan("", recursive=True)
                self._stale = True
        return self._root_ok

    # While it does not.

    async def _poll(self, number: int, reason: str) -> None:
        """Lists everything every now and then, until watching is worth another trial."""
        every = self._plug.changes_timer
        self._plug.logger.warning(
            "watch_ended",
            extra={
                "folder": self._changes.folder.name,
                "reason": f"{reason}; everything is listed every {every:g} seconds until it is watched again",
            },
        )
        self._begin()
        self._stale = False
        begun = listed = time.monotonic()
        looked = 0.0
        while not self._changes.closed.is_set() and not self._stale:
            now = time.monotonic()
            if now - looked >= min(HEARTBEAT, every):
                looked = now
                self._changes.heartbeat()
                with contextlib.suppress(DriverError, Lost):
                    await self._root.connection.sftp()
                    if self._root.connection.number != number or now - begun >= AGAIN * every:
                        return
                    if await self._check_root() and now - listed >= every:
                        listed = now
                        self._changes.rescan("", recursive=True)
            await asyncio.sleep(min(_TURN, every))


async def _beat(events: Events) -> None:
    """Says to the other end that somebody listens, also while what it told waits for a core that is behind."""
    while True:
        events.beat()
        await asyncio.sleep(HEARTBEAT)


def _decoded(path: bytes) -> str | None:
    try:
        return path.decode()
    except UnicodeDecodeError:
        return None


def _above(path: bytes) -> str:
    """Returns the nearest directory above whose path can be said."""
    while (path := path.rpartition(b"/")[0]) and _decoded(path) is None:
        pass
    return path.decode()


def _parts(paths: list[bytes]) -> Iterator[list[bytes]]:
    for begin in range(0, len(paths), _AT_ONCE):
        yield paths[begin : begin + _AT_ONCE]
