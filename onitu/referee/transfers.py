"""The large files that are on their way to one service, beside the batches of its mover.

Each has its own time: it is begun when there is a place for it, recorded when it is answered, given up as soon as
something newer is to be there, and taken up again where the service says. Planning and small files go on meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import attrs
import trio

from onitu.core.answers import answered
from onitu.referee import sessions
from onitu.referee.announcing import announcer
from onitu.transfer.resume import Resumable, Session, content_of, is_resumable

if TYPE_CHECKING:
    from onitu.core.model import Observation
    from onitu.core.node import Node, NodeId
    from onitu.core.task import Source, Task
    from onitu.core.tree import Effect
    from onitu.errors import DriverError
    from onitu.referee.link import Link
    from onitu.store import Transaction
    from onitu.transfer.party import Party

#: Large files that travel to one folder of one service at once, at most.
LARGE_AT_ONCE = 4

#: Seconds to note how far a transfer has come when Onitu, or the service, ends.
_PARKING = 2.0


@attrs.define
class Large:
    """The large files of one plan, and what was noticed beside it.

    Attributes:
        free: Places that are left.
        left: Of those that were planned, by node, the upload that an earlier attempt has left.
        superseded: Transfers under way that nobody wants any more.
        forsaken: Uploads that nobody will take up again.
    """

    free: int
    left: dict[NodeId, Session | None] = attrs.Factory(dict)
    superseded: list[NodeId] = attrs.Factory(list)
    forsaken: list[tuple[NodeId, Session]] = attrs.Factory(list)


class Transfers:
    """The large files under way to one folder on one service.

    Args:
        link: The folder on its service.
        tell_begun: Called with a task and the offset its bytes begin at.
        tell: Called with a task, what came of it, whether it was given up for something newer, and its seconds.
    """

    def __init__(
        self,
        link: Link,
        *,
        tell_begun: Callable[[Task, int], None],
        tell: Callable[[Task, Observation | DriverError, bool, float], None],
    ) -> None:
        self._link = link
        self._referee = link.referee
        self._tell_begun = tell_begun
        self._tell = tell
        self._under_way: dict[NodeId, Resumable] = {}

    # What the planner asks, inside its transaction.

    def places(self) -> Large:
        """Returns the places there are for large files, for one plan."""
        most = min(LARGE_AT_ONCE, self._link.client.limits.max_concurrency)
        return Large(free=max(0, most - len(self._under_way)))

    def defer(self, transaction: Transaction, large: Large, node: Node, source: Source) -> bool:
        """Returns whether a write has to wait for a place. One that gets it is noted."""
        if not is_resumable(self._link, self._party(source.service), node.version.size):
            return False
        if not large.free:
            return True
        large.free -= 1
        large.left[node.id] = sessions.find(transaction, self._link.key, node.id)
        return False

    def look_around(self, transaction: Transaction, large: Large) -> None:
        """Finds transfers and uploads that nobody wants any more."""
        service = self._link.service
        for node_id, transfer in tuple(self._under_way.items()):  # They arrive in Trio's thread meanwhile.
            node = transaction.find(node_id)
            if node is None or node.deleted or content_of(node.version) != transfer.content:
                large.superseded.append(node_id)
        for node_id, session in sessions.left(transaction, self._link.key):
            if node_id not in self._under_way:
                node = transaction.find(node_id)
                if not sessions.is_wanted(node, service, session.content):
                    large.forsaken.append((node_id, session))
                    large.left.pop(node_id, None)

    # What the mover does with it.

    def begin(self, tasks: Sequence[Task], large: Large) -> list[Resumable]:
        """Takes the places of the large files of a plan; `run` does each."""
        for node in large.superseded:
            if node in self._under_way:
                self._under_way[node].supersede()
        return [self._begin(task, task.source, large.left.get(task.node)) for task in tasks if task.source is not None]

    async def forsake(self, large: Large) -> None:
        """Has the uploads removed that nobody will take up again."""
        link = self._link
        if not large.forsaken:
            return
        for _, session in large.forsaken:
            await link.client.abort_upload(link.folder, session.id)

        def forget(transaction: Transaction) -> None:
            for node, session in large.forsaken:
                if sessions.find(transaction, link.key, node) == session:
                    sessions.keep(transaction, link.key, node, None)

        await self._referee.writer.write(forget, later=True)

    async def run(self, task: Task, transfer: Resumable) -> None:
        """Does one transfer and records what came of it.

        Cancellation:
            What the service has confirmed is recorded, and waits there.
        """
        link, referee = self._link, self._referee
        began = trio.current_time()
        batch = referee.traffic.begin(link.service, link.folder, [task], lambda: transfer.confirmed)
        try:
            retainer = link.retainer
            refused = await retainer.retain([task]) if retainer is not None else {}
            outcome = refused[0] if refused else await transfer.run()
        except trio.Cancelled:
            with trio.move_on_after(_PARKING, shield=True):
                await self._keep(task.node, transfer.session)
            raise
        finally:
            referee.traffic.end(batch)
        if transfer.source_changed and task.source is not None:
            source = referee.links.get((task.source.service, link.folder))
            if source is not None:
                source.ask_path(task.source.path)
        self._tell(task, outcome, transfer.superseded, trio.current_time() - began)
        durable, epoch = not link.capabilities.sync, link.epoch
        link.note_doubts([(task.node, outcome)])

        def record(transaction: Transaction) -> list[Effect]:
            work = referee.work(transaction, link.folder)
            key = (link.service, task.node)
            if key in referee.in_flight:
                referee.in_flight.discard(key)
                transaction.when_given_up(lambda: referee.in_flight.add(key))
            sessions.keep(transaction, link.key, task.node, transfer.session)
            answered(work, link.service, task.node, outcome, durable=durable, epoch=epoch, sent=transfer.sent)
            return work.effects

        effects = await referee.writer.write(record)
        del self._under_way[task.node]
        if not durable:
            link.flush_soon()
        referee.release(link.folder, effects)

    def _begin(self, task: Task, source: Source, left: Session | None) -> Resumable:
        async def keep(session: Session) -> None:
            await self._keep(task.node, session)

        record = announcer(self._link)

        async def announce(digests: dict[str, bytes]) -> None:
            if record is not None:
                await record({task.node: digests})

        transfer = self._under_way[task.node] = Resumable(
            self._link,
            task,
            source,
            self._party,
            session=left,
            keep=keep,
            begun=lambda offset: self._tell_begun(task, offset),
            announce=announce if record is not None else None,
        )
        return transfer

    async def _keep(self, node: NodeId, session: Session | None) -> None:
        key = self._link.key
        await self._referee.writer.write(lambda transaction: sessions.keep(transaction, key, node, session))

    def _party(self, service: str) -> Party | None:
        return self._referee.links.get((service, self._link.folder))
