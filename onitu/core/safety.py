"""What is too much to lose at once: counted before it is decided about, and held for a person where it is too much.

A loss is a file that a service held and does not have any more, or has without any content, and that nobody has edited
elsewhere: deciding about it would take it away from everybody. Directories are not counted, what lies in them is. This
module does not know when it is asked, nor where the answers are kept.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from onitu.core.lifecycle import retire
from onitu.core.model import Kind
from onitu.core.node import TORN, Base, Gone, Node, NodeId, ServiceName, ServiceState
from onitu.core.rollback import give_back, is_older
from onitu.core.scope import MaxDelete
from onitu.core.tree import Work

#: Losses count for so long.
WINDOW_NS = 3600 * 1_000_000_000

#: Losses within this time of each other are noted together.
TOGETHER_NS = 60 * 1_000_000_000


class Loss(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Files whose loss was decided.

    Attributes:
        at_ns: When, nanoseconds since 1970.
        mark: The number the next new node would have had when they were first missed: what is younger came later.
        files: How many.
    """

    at_ns: int
    mark: NodeId
    files: int


class Losses(msgspec.Struct, frozen=True, array_like=True):
    """What one service has lost in one folder within the last hour, oldest first."""

    losses: tuple[Loss, ...] = ()

    def within(self, now_ns: int) -> Losses:
        """Returns those that still count."""
        return Losses(tuple(loss for loss in self.losses if loss.at_ns > now_ns - WINDOW_NS))

    def plus(self, loss: Loss) -> Losses:
        """Returns these and another one."""
        last = self.losses[-1] if self.losses else None
        if last is None or loss.at_ns - last.at_ns > TOGETHER_NS:
            return Losses((*self.losses, loss))
        return Losses((*self.losses[:-1], msgspec.structs.replace(last, files=last.files + loss.files)))

    def counts(self, lost: Iterable[NodeId], *, mark: NodeId) -> int:
        """Returns how many of some files count as lost: those that were there when the first of the hour was missed.

        A program that makes files and deletes them again takes nothing from anybody.

        Args:
            lost: The files.
            mark: The number the next new node would have had when the first of them was missed.
        """
        began = self.losses[0].mark if self.losses else mark
        return sum(1 for node in lost if node < began)

    @property
    def files(self) -> int:
        """How many files that were."""
        return sum(loss.files for loss in self.losses)


class Excess(msgspec.Struct, frozen=True, gc=False):
    """Losses that are too many.

    Attributes:
        lost: How many files.
        files: Of how many; at least so many, where counting on would not have changed anything.
    """

    lost: int
    files: int


def is_emptied(node: Node, state: ServiceState) -> bool:
    """Returns whether a service shows a file without content that had some, which is not decided about yet."""
    seen, known = state.seen, state.known
    if seen is None or seen.reason or state.gone or known is None or node.deleted:
        return False
    entry = seen.entry
    if entry.size or entry.kind is not Kind.FILE or entry.revision == known.revision:
        return False
    base = node.versions.get(known.version)
    return base is not None and base.kind is Kind.FILE and base.size > 0 and node.same_bytes(known.version)


def is_doubtful(work: Work, service: ServiceName, node: Node, state: ServiceState) -> bool:
    """Returns whether what a service shows of a file is believed only once it was counted: no content, or older one."""
    return is_emptied(node, state) or is_older(work, service, node, state)


def is_held_back(work: Work, service: ServiceName, node: Node, state: ServiceState) -> bool:
    """Returns whether an entry waits as long as there is a hold; what was never held there cannot be lost there."""
    return (bool(state.gone) and state.known is not None) or is_doubtful(work, service, node, state)


def rollbacks(work: Work, service: ServiceName, waiting: Iterable[NodeId]) -> set[NodeId]:
    """Returns those of some entries that show older content."""
    found: set[NodeId] = set()
    for node_id in waiting:
        node = work.tree.find(node_id)
        state = node.services.get(service) if node is not None else None
        if node is not None and state is not None and is_older(work, service, node, state):
            found.add(node_id)
    return found


def losses(work: Work, service: ServiceName, waiting: Iterable[NodeId]) -> set[NodeId]:
    """Returns the files that would be lost if it were decided about some entries.

    Args:
        work: The unit of work; nothing is changed.
        service: Where they are missed, or empty.
        waiting: The entries; with a directory goes what lies in it.
    """
    found: set[NodeId] = set()
    passed: set[NodeId] = set()
    for top in waiting:
        node = work.tree.find(top)
        state = node.services.get(service) if node is not None else None
        if node is None or state is None or not (state.gone or is_emptied(node, state)):
            continue
        stack = [node]
        while stack:
            current = stack.pop()
            if current.id in passed:
                continue
            passed.add(current.id)
            if not current.versions:
                continue
            if current.version.kind is Kind.DIRECTORY:
                stack.extend(work.held(service, current.id))
            elif _is_loss(service, current):
                found.add(current.id)
    return found


def excess(
    work: Work, service: ServiceName, limit: MaxDelete, *, missing: set[NodeId], mark: NodeId, before: Losses
) -> Excess | None:
    """Returns what is too much to be decided about, or None where it is not.

    Both are too much: what is missing at once, against the files there were when the first of it was missed; and all of
    the last hour together, against those there were when that began. What came later does not count, so nothing is
    hidden by copies of it under other names.

    Args:
        work: The unit of work; nothing is changed.
        service: The service.
        limit: What is too much.
        missing: The files that are missing now.
        mark: The number the next new node would have had when the first of them was missed.
        before: What was lost within the last hour.
    """
    there = sum(1 for node in missing if node < mark)
    alone = _excess(work, service, limit, lost=there, before=0, mark=mark)
    if alone is not None or not before.losses:
        return alone
    began = before.losses[0].mark
    lost = before.files + sum(1 for node in missing if node < began)
    return _excess(work, service, limit, lost=lost, before=before.files, mark=began)


def restore(work: Work, service: ServiceName, top: NodeId) -> None:
    """Has a service get back what it has lost, or the newer content. Puts the nodes.

    Args:
        work: The unit of work.
        service: The service.
        top: An entry that is missed there, or a file that is empty or older there.
    """
    node = work.tree.node(top)
    state = node.state(service)
    known, seen = state.known, state.seen
    if is_emptied(node, state) and known is not None and seen is not None:
        # What lies there is nobody's version; it is expected there, and replaced.
        retire(state, known.revision)
        state.base, state.intent = Base(TORN, seen.place, seen.entry.revision), None
        work.tree.put(node)
    elif is_older(work, service, node, state):
        give_back(work, service, node, state)
    elif state.gone:
        forget_below(work, service, top)


def forget_below(work: Work, service: ServiceName, top: NodeId) -> None:
    """Has a service get back a missed entry with everything below it."""
    stack = [top]
    while stack:
        current = work.tree.find(stack.pop())
        if current is None or (service, current.id) in work.in_flight:
            continue
        if current.versions and current.version.kind is Kind.DIRECTORY:
            stack.extend(work.held_children(service, current.id))
        _forget(work, service, current)
    work.moved()


def _is_loss(service: ServiceName, node: Node) -> bool:
    state = node.services.get(service)
    known = state.known if state is not None else None
    return known is not None and not node.deleted and service not in node.outside and node.same_bytes(known.version)


def _excess(
    work: Work, service: ServiceName, limit: MaxDelete, *, lost: int, before: int, mark: NodeId
) -> Excess | None:
    enough = limit.enough(lost)
    if enough is not None and before >= enough:
        return None
    files = before + _count(work, service, mark, None if enough is None else enough - before)
    return Excess(lost, files) if limit.is_exceeded(lost, files) else None


def _count(work: Work, service: ServiceName, mark: NodeId, most: int | None) -> int:
    """Returns how many files a service holds that are older than a mark; no more are counted than are asked for."""
    count = 0
    stack = [work.scope.root]
    while stack and (most is None or count < most):
        for node in work.held(service, stack.pop()):
            if not node.versions or node.deleted:
                continue
            if node.version.kind is Kind.DIRECTORY:
                stack.append(node.id)
            elif node.id < mark and node.services[service].known is not None:
                count += 1
    return count


def _forget(work: Work, service: ServiceName, node: Node) -> None:
    """Forgets that a service ever held an entry, so that it is brought there as to a new place."""
    state = node.services.get(service)
    if state is None:
        return
    known = state.known
    if known is not None:
        retire(state, known.revision)
        work.departed.note(service, known.place, state.seq)
    state.seen, state.gone = None, Gone.NO
    state.base = state.intent = None
    work.tree.put(node)
