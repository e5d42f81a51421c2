"""What a `watch` handler is given to report with.

It turns what the driver says into items of the change stream and keeps no state of its own but that of the watch.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from onitu.core.model import Observation
from onitu.plug.outbox import Problem, heartbeat
from onitu.rpc.gen import watch_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from onitu.core.model import State
    from onitu.plug.outbox import Outbox
    from onitu.plug.values import Folder, RootState


class Changes:
    """Where the watcher of one folder reports. Every method may be called from any thread.

    Attributes:
        folder: The folder that is watched.
        closed: Set when the watching is over: the handler returns then, soon.
        cursor: The place in the service's log of changes to go on at, as `reached` said it in an earlier life; None:
            there is none, and a snapshot follows once the watcher is ready. One that is no longer good is a
            `CursorExpired`. Only where `cursors` is declared.
        drain: A watcher may set it to a function that returns once everything that happened before the call has been
            reported. It is called at the end of a snapshot, so that a file that was moved while its directories were
            listed is never taken for absent. Without it the Plug waits a moment.
    """

    def __init__(
        self,
        folder: Folder,
        outbox: Outbox,
        tick: Callable[[], int],
        rescan: Callable[[str, bool], None],
        reached: Callable[[bytes], None],
        *,
        cursor: bytes | None = None,
    ) -> None:
        self.folder = folder
        self.closed: threading.Event = outbox.closed
        self.cursor = cursor
        self.drain: Callable[[], None] | None = None
        self._outbox = outbox
        self._tick = tick
        self._rescan = rescan
        self._reached = reached
        self._ready = threading.Event()

    @property
    def is_ready(self) -> bool:
        """Whether the watcher has said that it watches."""
        return self._ready.is_set()

    def wait_ready(self, timeout: float) -> bool:
        """Waits until the watcher watches and returns whether it does."""
        return self._ready.wait(timeout)

    def ready(self) -> None:
        """Says that from now on no change is missed. The snapshot begins only then."""
        self._ready.set()

    def report(self, path: str, state: State, *, seq: int | None = None) -> None:
        """Reports what is at a path now.

        Waits while the core is far behind.

        Args:
            path: Relative to the folder.
            state: What was seen there.
            seq: `plug.tick()`, taken before looking. Without it the observation counts as one of this moment, which
                is right only where nothing can have changed since the driver looked.
        """
        self._outbox.put_live(Observation(path, state, self._tick() if seq is None else seq))

    def moved(self, old: str, new: str, state: State, *, seq: int | None = None) -> None:
        """Reports that an entry was renamed, everything below a directory with it.

        Args:
            old: The path it had.
            new: The path it has.
            state: What is at the new path.
            seq: As in `report`.
        """
        self._outbox.put_live(Observation(new, state, self._tick() if seq is None else seq, old))

    def rescan(self, path: str = "", *, recursive: bool = True) -> None:
        """Asks for a directory to be listed again: a new one, or one whose changes were lost.

        Args:
            path: The directory; "" is the whole folder.
            recursive: With everything below it.
        """
        self._rescan(path, recursive)

    def reached(self, cursor: bytes) -> None:
        """Says that everything up to a place in the service's log of changes has been reported.

        May be said again and again. Nothing is kept of it while a snapshot is taken, or is asked for: whoever went on
        there would miss what that had still to show.

        Args:
            cursor: The place.
        """
        self._reached(cursor)

    def heartbeat(self) -> None:
        """Says that the watcher is alive; at least every 30 seconds, by the thread that watches."""
        self._outbox.put_urgent(heartbeat())

    def root(self, state: RootState, reason: str = "") -> None:
        """Reports that the folder's root is no longer, or again, what it was.

        Args:
            state: What it is.
            reason: For a person; required unless `OK`.
        """
        report = watch_pb2.RootReport(state=state.value, reason=reason)  # type: ignore[arg-type]  # Same numbers.
        self._outbox.put_urgent(watch_pb2.WatchChangesResponse(root=report))

    def problem(self, display_path: str, reason: str) -> None:
        """Reports what has no place in an observation, such as a name that is not UTF-8.

        Args:
            display_path: The path, made printable.
            reason: What is wrong and what to do, for a person.
        """
        self._outbox.put_live(Problem(display_path, reason))
