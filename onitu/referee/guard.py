"""Stands between what is missing on a service and the decision about it: too much at once waits for a person.

Called in the store's writer thread with a transaction, like `ingest`. What is too much is `core.safety`'s to say.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import attrs

from onitu.core.rollback import MOST
from onitu.core.safety import Excess, Loss, Losses, excess, is_held_back, losses, restore, rollbacks
from onitu.referee.holding import Hold, Order, load_agreed, load_hold, load_losses, load_order, set_hold, set_losses

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from onitu.core.node import NodeId, ServiceName
    from onitu.core.tree import Effect, Work
    from onitu.referee.link import Link
    from onitu.store import Transaction


class Concern(enum.Enum):
    """How much is missing."""

    NONE = enum.auto()
    SOME = enum.auto()
    #: So much that it would be held; but some of it may have been moved, and be found at its new place.
    GRAVE = enum.auto()


@attrs.frozen(kw_only=True)
class Review:
    """What may be decided about now.

    Attributes:
        allowed: The entries that are missed or empty and may be decided about.
        hold: What is held, if anything is.
        began: The hold is new.
        ended: How the hold there was has ended, or ""; what is decided about then does not count.
        effects: What restoring asked for.
    """

    allowed: frozenset[NodeId] = frozenset()
    hold: Hold | None = None
    began: bool = False
    ended: str = ""
    effects: list[Effect] = attrs.Factory(list)


def find_held(work: Work, service: ServiceName, waiting: Collection[NodeId]) -> set[NodeId]:
    """Returns what a person is shown of what waits: the files that are lost, or show older content."""
    return losses(work, service, waiting) | rollbacks(work, service, waiting)


class Guard:
    """Guards one folder on one service.

    Args:
        link: The folder on its service.
    """

    def __init__(self, link: Link) -> None:
        self._link = link

    def concern(self, transaction: Transaction) -> Concern:
        """Returns how much there is to be decided about. Only reads."""
        link = self._link
        if load_hold(transaction, link.service, link.folder) is not None:
            return Concern.SOME
        work = link.referee.work(transaction, link.folder)
        waiting = self._waiting(transaction, work)
        if not waiting:
            return Concern.NONE
        return Concern.SOME if self._too_much(transaction, work, waiting) is None else Concern.GRAVE

    def review(self, transaction: Transaction) -> Review:
        """Decides what may be decided about, and keeps what is held."""
        link = self._link
        hold = load_hold(transaction, link.service, link.folder)
        work = link.referee.work(transaction, link.folder)
        waiting = self._waiting(transaction, work)
        if hold is not None:
            return self._held(transaction, work, hold, waiting)
        hold = self._too_much(transaction, work, waiting)
        if hold is None:
            return Review(allowed=frozenset(waiting))
        set_hold(transaction, link.service, link.folder, hold)
        return Review(hold=hold, began=True)

    def note(self, transaction: Transaction, work: Work, deciding: Iterable[NodeId]) -> None:
        """Notes what is about to be lost, or rolled back: it counts for an hour."""
        link, now = self._link, work.now_ns
        nodes = list(deciding)
        for older, find in ((False, losses), (True, rollbacks)):
            found = find(work, link.service, nodes)
            if not found:
                continue
            before = load_losses(transaction, link.service, link.folder, older=older).within(now)
            count = before.counts(found, mark=self._mark(transaction))
            if count:
                after = before.plus(Loss(now, self._mark(transaction), count))
                set_losses(transaction, link.service, link.folder, after, older=older)

    def _held(self, transaction: Transaction, work: Work, hold: Hold, waiting: list[NodeId]) -> Review:
        link = self._link
        order = load_order(transaction, link.service, link.folder)
        agreed = load_agreed(transaction, link.service, link.folder)
        if order is None and waiting:
            return Review(hold=hold)
        set_hold(transaction, link.service, link.folder, None)
        if order is Order.APPROVE and agreed is not None and len(find_held(work, link.service, waiting)) > agreed:
            # More has come to it since: that is not what was agreed to.
            hold = self._too_much(transaction, work, waiting) or hold
            set_hold(transaction, link.service, link.folder, hold)
            return Review(hold=hold, began=True)
        for older in (False, True):  # What was decided about is counted no more.
            set_losses(transaction, link.service, link.folder, Losses(), older=older)
        if order is None:
            return Review(ended="itself")
        if order is Order.APPROVE:
            return Review(allowed=frozenset(waiting), ended=order.value)
        for node in waiting:
            restore(work, link.service, node)
        return Review(ended=order.value, effects=work.effects)

    def _waiting(self, transaction: Transaction, work: Work) -> list[NodeId]:
        """Returns the entries that are missed, have lost their content, or show an older one."""
        service = self._link.service
        found: list[NodeId] = []
        for node_id in transaction.awaiting(service, self._link.folder):
            node = work.tree.node(node_id)
            state = node.services.get(service)
            if state is not None and is_held_back(work, service, node, state):
                found.append(node_id)
        return found

    def _too_much(self, transaction: Transaction, work: Work, waiting: list[NodeId]) -> Hold | None:
        """Returns what is to be held, or None where everything may be decided about."""
        link = self._link
        lost = self._excess(transaction, work, waiting)
        older = len(rollbacks(work, link.service, waiting))
        if older:
            before = load_losses(transaction, link.service, link.folder, older=True).within(work.now_ns)
            older += before.files
        if lost is None and older <= MOST:
            return None
        return Hold(
            since_ns=work.now_ns,
            lost=lost.lost if lost is not None else 0,
            files=lost.files if lost is not None else 0,
            older=older if older > MOST else 0,
        )

    def _excess(self, transaction: Transaction, work: Work, waiting: list[NodeId]) -> Excess | None:
        link = self._link
        missing = losses(work, link.service, waiting)
        if not missing:
            return None
        return excess(
            work,
            link.service,
            work.member(link.service).max_delete,
            missing=missing,
            mark=self._mark(transaction),
            before=load_losses(transaction, link.service, link.folder).within(work.now_ns),
        )

    def _mark(self, transaction: Transaction) -> NodeId:
        mark = self._link.mark
        return transaction.next_number if mark is None else mark
