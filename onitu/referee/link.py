"""One folder on one active service: what its tasks share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import trio

from onitu.core.node import NodeId, ServiceName
from onitu.errors import DriverError
from onitu.referee.failures import FIRST_DELAY, LONGEST_DELAY, PATIENCE
from onitu.transfer.retain import Retainer

if TYPE_CHECKING:
    from onitu.core.capability import Capabilities
    from onitu.core.retention import Keep
    from onitu.host.client import DriverClient
    from onitu.host.stream import WatchStream
    from onitu.referee.holding import Hold
    from onitu.referee.hours import Hours
    from onitu.referee.referee import Referee
    from onitu.transfer.pace import Pace


#: Live absences, and what else is counted before it is believed, wait this many seconds for a move to show itself
#: (DESIGN §3); edits and creations do not wait.
SETTLE_DELAY = 1.0


#: Mutations of unknown outcome that are remembered; the oldest is forgotten first.
DOUBTS_KEPT = 10_000


class Wakeup:
    """A bell that is rung for one task. Ringing it while the task is busy is not forgotten."""

    def __init__(self) -> None:
        self._event = trio.Event()

    def ring(self) -> None:
        """Wakes the task, now or when it next waits."""
        self._event.set()

    @property
    def rung(self) -> bool:
        """Whether the task will wake without another ring."""
        return self._event.is_set()

    async def wait(self, *, until: float | None = None) -> None:
        """Waits to be woken, at the latest at a time of Trio's clock."""
        with trio.move_on_at(until if until is not None else float("inf")):
            await self._event.wait()
        self._event = trio.Event()

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """Waits until a condition holds after a ring."""
        while not condition():
            await self.wait()


class Link:
    """One folder on one active service.

    Args:
        referee: What all links share.
        service: Name of the service.
        folder: Name of the folder.
        client: The driver.
        generation: The generation the driver was configured with.
        local_root: Absolute path of the root on this host, where other drivers may read it.
        velocity: Speed hint of the service, 0 to 1.
        pace: How fast bytes may go there and come from there.
        hours: When they may.

    Attributes:
        snapshot_over: The first snapshot has been taken in.
        heard: When its stream was opened, or has brought something, on Trio's clock.
        listed: What was missed in it has been decided about too, so writing may begin.
        waits_for_paths: Paths to look at again.
        waits_for_answers: Paths to look at again when missed entries are decided about.
        waits_for_digests: Nodes whose digest is wanted, each with the algorithm.
        waits_for_listings: Directories to list again, with all below them.
        stream: The live stream, while there is one.
        hold: What is held here until a person has decided, if anything is.
        mark: The number the next new node would have had when something was first missed; None: nothing is missed.
        settle_at: When missed entries are decided about, on Trio's clock; None: nothing is missed.
        reading: Held by whoever reads a file here as a stream: as many as the driver wants at once.
        doubtful: Paths that were asked for and not answered.
        unread: Nodes whose digest was asked for and not answered.
        doubts: How many mutations have ended here so far, and nobody knows how.
        retry_at: When what got no answer is looked at again, on Trio's clock; None: nothing waits for one.
        retries: How often that was done in a row.
        untouched: Nothing is ever changed here: there is no mover.
        at_rest: The mover has found nothing to do since it was last woken.
        asking: The asker is at work.
        restoring: What was asked of the trash while no core ran is being done.
        epoch: Which flush makes durable what is answered now.
        unflushed: Something was answered since the last flush began.
        sync_now: Something waits for them to become so.
        flushing: What waited for that is being flushed.
    """

    def __init__(  # noqa: PLR0913 - what its service is, and what it is spared.
        self,
        referee: Referee,
        *,
        service: ServiceName,
        folder: str,
        client: DriverClient,
        generation: int,
        local_root: str | None,
        velocity: float,
        pace: Pace,
        hours: Hours,
    ) -> None:
        self.referee = referee
        self.service = service
        self.folder = folder
        self.client = client
        self.generation = generation
        self.local_root = local_root
        self.velocity = velocity
        self.pace = pace
        self.hours = hours
        self.snapshot_over = False
        self.listed = False
        self.heard = trio.current_time()
        self.waits_for_paths: dict[str, None] = {}
        self.waits_for_answers: dict[str, None] = {}
        self.waits_for_digests: dict[tuple[NodeId, str], None] = {}
        self.waits_for_listings: dict[str, None] = {}
        self.stream: WatchStream | None = None
        self.again = trio.Event()
        self._looking = trio.CancelScope()
        self.hold: Hold | None = None
        self.mark: NodeId | None = None
        self.settle_at: float | None = None
        self.reading = trio.CapacityLimiter(client.limits.max_concurrency)
        self.doubtful: dict[str, None] = {}
        self.unread: dict[tuple[NodeId, str], None] = {}
        self.doubts = 0
        self._doubts: dict[NodeId, int] = {}
        self.retry_at: float | None = None
        self.retries = 0
        self.untouched = False
        self.at_rest = False
        self.asking = False
        self.restoring = False
        self.epoch = 1
        self.unflushed = False
        self.sync_now = False
        self.flushing = False
        self.to_ask = Wakeup()
        self.to_move = Wakeup()
        self.to_sync = Wakeup()

    @property
    def capabilities(self) -> Capabilities:
        """What the service can do."""
        return self.client.capabilities

    @property
    def keep(self) -> Keep:
        """How long what is replaced or deleted here is kept."""
        return self.referee.scopes[self.folder].members[self.service].keep

    @property
    def retainer(self) -> Retainer | None:
        """Who keeps what is replaced or deleted here, if the service does not."""
        if not Retainer.is_needed(self.capabilities, self.keep):
            return None
        readable = self.referee.scopes[self.folder].members[self.service].readable
        return Retainer(self, self.referee.trash, self.keep, readable=readable)

    @property
    def key(self) -> tuple[ServiceName, str]:
        """(service, folder)."""
        return (self.service, self.folder)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way or waiting here."""
        return (
            self.listed
            and not self.waits_for_paths
            and not self.waits_for_digests
            and not self.waits_for_listings
            and self.settle_at is None
            and (self.retry_at is None or self.retries >= PATIENCE)
            and not self.sync_now
            and not self.flushing
            and not self.asking
            and not self.restoring
            and not self.to_ask.rung
            and (self.untouched or (self.at_rest and not self.to_move.rung))
        )

    def ask_path(self, path: str) -> None:
        """Has a path looked at again soon."""
        self.waits_for_paths[path] = None
        self.to_ask.ring()

    def ask_path_later(self, path: str) -> None:
        """Has a path looked at again once what is under way has had time to end."""
        self.waits_for_answers[path] = None
        if self.listed:  # Otherwise that comes at the end of the snapshot.
            self.settle_after(SETTLE_DELAY)

    def ask_digest(self, node: NodeId, algorithm: str) -> None:
        """Has a digest of what lies here for a node computed soon."""
        self.waits_for_digests[node, algorithm] = None
        self.to_ask.ring()

    def ask_listing(self, path: str) -> None:
        """Has a directory listed again soon, with all below it. A snapshot lists everything anyway."""
        if self.stream is not None:
            self.waits_for_listings[path] = None
            self.to_ask.ring()

    def look_again(self) -> None:
        """Has the whole folder observed anew: what was left alone so far may belong to it now."""
        self.snapshot_over = self.listed = False
        self.again.set()
        self._looking.cancel()

    def flush_soon(self) -> None:
        """Has made durable what was just answered, or found to have been done."""
        self.unflushed = True
        self.to_sync.ring()

    @property
    def asks_at(self) -> float:
        """When there is something to ask without a ring, on Trio's clock."""
        return min((at for at in (self.settle_at, self.retry_at) if at is not None), default=math.inf)

    def retry(self) -> None:
        """Has what got no answer looked at again, in a while that grows: nobody else is going to tell."""
        if self.retry_at is None:
            self.retry_at = trio.current_time() + min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(self.retries, 16))

    def note_doubts(self, answers: Iterable[tuple[NodeId, object]]) -> None:
        """Notes of which entries a mutation has ended just now, and nobody knows how.

        Args:
            answers: What came of which. They are recorded only after this.
        """
        for node, answer in answers:
            if not (isinstance(answer, DriverError) and answer.outcome_unknown):
                continue
            self.doubts += 1
            self._doubts.pop(node, None)
            self._doubts[node] = self.doubts
            if len(self._doubts) > DOUBTS_KEPT:
                del self._doubts[next(iter(self._doubts))]

    def overtaken(self, asked: int) -> frozenset[NodeId]:
        """Returns the entries of which a mutation of unknown outcome has ended since a question: `Work.overtaken`.

        The answer to it may have been on its way since before the mutation. May be called from any thread.

        Args:
            asked: `doubts` when it was asked.
        """
        return frozenset(node for node, number in tuple(self._doubts.items()) if number > asked)

    @contextmanager
    def looking(self) -> Iterator[bool]:
        """Keeps a stream for the time of a block, until it is to begin anew. Yields whether this one does."""
        anew, self.again = self.again.is_set(), trio.Event()
        with trio.CancelScope() as self._looking:
            try:
                yield anew
            finally:
                self.stream = None

    def settle_after(self, delay: float) -> None:
        """Has missed entries decided about after some seconds, unless that is due earlier anyway."""
        due = trio.current_time() + delay
        if self.settle_at is None or due < self.settle_at:
            self.settle_at = due
            self.to_ask.ring()
