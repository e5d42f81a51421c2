"""What an answered mutation means: visible, then held; or not done; or nobody knows."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from onitu.core.absence import settle_absence
from onitu.core.lifecycle import learn, retire
from onitu.core.model import Kind, Observation, Present
from onitu.core.node import (
    TORN,
    Action,
    Base,
    Gone,
    Intent,
    Node,
    NodeId,
    Phase,
    Place,
    Seen,
    ServiceName,
    ServiceState,
)
from onitu.core.outcome import seen_before, shown
from onitu.core.reconcile import decide, from_the_top
from onitu.core.safety import forget_below
from onitu.core.tree import Recheck, Relist, Settle, Work
from onitu.errors import Corrupted, DriverError, NotFound, RevisionMismatch


class Mangled(Corrupted):
    """What was written lies there with other bytes than those that were sent.

    Args:
        message: What was found, for a person.
        there: What lies there now.
    """

    def __init__(self, message: str, there: Observation) -> None:
        super().__init__(message)
        self.there = there


def sending(work: Work, service: ServiceName, node_id: NodeId, digests: Mapping[str, bytes]) -> None:
    """Records what a mutation that is under way is about to write, where nothing else would tell that from an edit.

    Args:
        work: The unit of work.
        service: Where it is written.
        node_id: What the mutation is about.
        digests: Digests of the bytes.
    """
    node = work.tree.find(node_id)
    intent = node.state(service).intent if node is not None else None
    if node is None or intent is None or intent.phase is not Phase.SENT or intent.version not in node.versions:
        return
    version = node.versions[intent.version]
    learned = learn(node, intent.version, {**digests, **version.digests})
    if learned is not version:
        decide(work, service, node, learned=True)


def answered(
    work: Work,
    service: ServiceName,
    node_id: NodeId,
    outcome: Observation | DriverError,
    *,
    durable: bool,
    epoch: int = 0,
    sent: Mapping[str, bytes] | None = None,
) -> None:
    """Records the answer to a mutation of ours. It must no longer be among `work.in_flight`.

    Args:
        work: The unit of work.
        service: Who answered.
        node_id: What the mutation was about.
        outcome: What is there now, or why it was not done.
        durable: Whether the service keeps what it answered even through a power cut.
        epoch: Otherwise, which flush of the service is going to make it so.
        sent: Digests of the bytes that were sent, if known.
    """
    node = work.tree.find(node_id)
    if node is None:
        return
    state = node.state(service)
    intent = state.intent
    if intent is None or intent.phase is not Phase.SENT:
        return
    version = node.versions.get(intent.version)
    if sent and version is not None and not _is_refused(outcome):
        # The source may have changed before anybody asks what these bytes were.
        learn(node, intent.version, {**sent, **version.digests})
    if isinstance(outcome, Mangled):
        after = _done(work, service, node, intent, outcome.there, mangled=True)
    elif isinstance(outcome, DriverError):
        _failed(work, service, node, state, outcome, learned=node.versions.get(intent.version) is not version)
        return
    else:
        after = _done(work, service, node, intent, outcome, mangled=False)
    if after is _DISOWNED:
        return
    state.drift = 0
    if durable:
        state.base, state.intent = after, None
    else:
        left = intent.before is not None and (after is None or after.place != intent.before.place)
        before, entry = (intent.before, intent.shown) if left else (None, None)
        state.intent = msgspec.structs.replace(
            intent, phase=Phase.VISIBLE, after=after, before=before, epoch=epoch, shown=entry
        )
    _decide(work, service, node, learned=node.versions.get(intent.version) is not version)


def _is_refused(outcome: Observation | DriverError) -> bool:
    """Returns whether nothing of what was sent can be there."""
    return isinstance(outcome, DriverError) and not outcome.outcome_unknown


def _decide(work: Work, service: ServiceName, node: Node, before: Seen | None = None, *, learned: bool = False) -> None:
    """Decides about what was seen while the mutation was under way; what was missed then was set aside as well."""
    decide(work, service, node, before, learned=learned)
    state = node.services.get(service)
    if state is not None and state.gone:
        work.effects.append(Settle(service))


def _done(
    work: Work, service: ServiceName, node: Node, intent: Intent, outcome: Observation, *, mangled: bool
) -> Base | None:
    """Records what was done and returns what the service holds since; `_DISOWNED` where that is nobody's."""
    state = node.state(service)
    replaced = state.known
    if replaced is not None and intent.expected is not None:
        retire(state, intent.expected)
    if replaced is not None and replaced.place != intent.place:
        work.departed.note(service, replaced.place, outcome.seq)
    if intent.place is None:
        _deleted(work, service, node, state, outcome.seq)
        return None
    lost = False
    if replaced is None or replaced.place != intent.place:
        inside_out = node.version.kind is Kind.DIRECTORY and work.lies_in(service, intent.place, node.id)
        if inside_out or not _is_held(work, service, intent.place.parent):
            _disown(work, service, node, state, outcome)
            return _DISOWNED
        lost = _take_over(work, service, node, intent.place, outcome.seq)
    elif _is_lost(work, service, intent.place.parent):
        _disown(work, service, node, state, outcome)  # It went with its directory since.
        return _DISOWNED
    elsewhere = (replaced is None or state.place != replaced.place) and state.place != intent.place
    if (outcome.seq >= state.seq and elsewhere) or _is_overwritten(state, replaced, outcome):
        _look_beside(work, service, state)
    if state.gone is Gone.MISSED and outcome.seq >= state.seq:
        path = work.path_on(service, intent.place)
        work.effects.extend([Recheck(service, path)] if path is not None else [])  # Too early, or deleted after it.
    torn = intent.action is Action.MOVE and replaced is not None and replaced.version == TORN  # It still is.
    after = _written(node, state, intent, intent.place, outcome, mangled=mangled or torn)
    if lost:
        state.gone = Gone.DISPLACED
    return after


def _is_overwritten(state: ServiceState, replaced: Base | None, outcome: Observation) -> bool:
    """Returns whether something else was seen during a mutation than what was there, and than what it has left.

    An answer takes longer than what it tells of: somebody may have changed that already, and been heard first.
    """
    if state.seen is None or state.gone or state.seq > outcome.seq or not isinstance(outcome.state, Present):
        return False
    revision = state.seen.entry.revision
    return revision != outcome.state.revision and (replaced is None or revision != replaced.revision)


#: What was put into another directory than was meant.
_DISOWNED = Base(TORN, Place(0, ""), "")


def durable(work: Work, service: ServiceName, node_id: NodeId, *, flushed: int | None = None) -> None:
    """Records that what a service has answered about a node will survive a power cut.

    Args:
        work: The unit of work.
        service: The service; a `Sync` that began after the answer has been answered.
        node_id: The node.
        flushed: The last epoch whose flush was answered; what is of a later one stays visible. None: all is durable.
    """
    node = work.tree.find(node_id)
    if node is None:
        return
    state = node.services.get(service)
    if state is None or state.intent is None or state.intent.phase is not Phase.VISIBLE:
        return
    if flushed is not None and state.intent.epoch > flushed:
        return
    _believe(state, state.intent)
    work.tree.put(node)


def distrust(work: Work, service: ServiceName, node_id: NodeId, *, flushed: int) -> None:
    """Settles what was only visible, or never answered, when this host went down: it may have been taken back, or not.

    Args:
        work: The unit of work.
        service: The service.
        node_id: What was written.
        flushed: The last epoch whose flush was answered; what is of a later one is in doubt.
    """
    node = work.tree.node(node_id)
    state = node.state(service)
    intent = state.intent
    if intent is None:
        return
    if intent.phase is Phase.SENT and intent.before is None:
        _doubt_unanswered(work, service, state, intent, flushed=flushed)
    elif intent.epoch <= flushed:
        _believe(state, intent)
    else:
        visible, entry = intent.before, intent.shown
        if intent.phase is Phase.VISIBLE and intent.after is not None:
            visible, entry = intent.after, shown(state)
        state.intent = intent = msgspec.structs.replace(intent, phase=Phase.SENT, after=visible, shown=entry)
        _forget_seen(state, intent)
    work.tree.put(node)


def _doubt_unanswered(work: Work, service: ServiceName, state: ServiceState, intent: Intent, *, flushed: int) -> None:
    """Has what was seen of a mutation that was never answered decide nothing: nobody has said that it would last."""
    known = state.known
    if known is None or not _is_seen_as(state, known):
        _forget_seen(state, intent)
        return
    if state.gone is not Gone.DISPLACED:
        return
    other = work.locate(service, known.place.parent, known.place.name)
    if other is not None:
        # Where that is one that we were bringing, its being there is no more certain.
        distrust(work, service, other, flushed=flushed)
        other = work.locate(service, known.place.parent, known.place.name)
    if other is None:
        state.gone = Gone.MISSED


def _is_seen_as(state: ServiceState, known: Base) -> bool:
    """Returns whether what was last seen of an entry is what was known of it."""
    seen = state.seen
    return seen is not None and seen.place == known.place and seen.entry.revision == known.revision


def _believe(state: ServiceState, intent: Intent) -> None:
    """Records that what was visible is durable; what was sent since remains in doubt."""
    if intent.phase is Phase.VISIBLE:
        state.base, state.intent = intent.after, None
    else:
        state.base, state.intent = intent.before, msgspec.structs.replace(intent, before=None)


def _forget_seen(state: ServiceState, intent: Intent) -> None:
    """Has what was seen before a power cut decide nothing; where the entry was, and where it was brought, are asked."""
    known, seen = state.known, state.seen
    if state.doubted is not None:
        # What was at that place before it may be there again, and one place has one entry.
        state.seen, state.gone = None, Gone.DISPLACED
        return
    if seen is None:
        return
    if intent.action is not Action.WRITE or (known is not None and known.place != intent.place):
        state.seen, state.gone = None, Gone.NO
        return
    # A torn write is recognised by what it was; but the digest is that of the bytes we sent, not of those on the disk.
    state.seen = msgspec.structs.replace(seen, entry=msgspec.structs.replace(seen.entry, digests={}))
    state.gone = Gone.MISSED if known is not None else Gone.DISPLACED


def _failed(
    work: Work, service: ServiceName, node: Node, state: ServiceState, error: DriverError, *, learned: bool
) -> None:
    """Records that a mutation was not done, or that nobody knows."""
    place = state.place or (state.intent.place if state.intent is not None else None)
    before = seen_before(state, None)
    if not error.outcome_unknown:
        state.drop_intent()
    if state.place is not None and _is_lost(work, service, state.place.parent):
        # It went with its directory while this was under way; or it is where this was to bring it.
        if not error.outcome_unknown:
            settle_absence(work, service, node)
            return
        state.gone = Gone.MISSED
    elif place is not None and (error.outcome_unknown or isinstance(error, RevisionMismatch | NotFound)):
        path = work.path_on(service, place)
        if path is not None:
            work.effects.append(Recheck(service, path))
    _decide(work, service, node, before, learned=learned)


def _deleted(work: Work, service: ServiceName, node: Node, state: ServiceState, seq: int) -> None:
    """Records that an entry is gone, as asked."""
    if state.seq > seq:
        _look_beside(work, service, state)
    state.seen, state.gone = None, Gone.NO
    state.seq = max(state.seq, seq)
    if node.version.kind is Kind.DIRECTORY:
        # It was empty, so whatever was believed to lie in it is gone, too.
        for child in list(work.held_children(service, node.id)):
            settle_absence(work, service, work.tree.node(child))


def _look_beside(work: Work, service: ServiceName, state: ServiceState) -> None:
    """Has looked at what was taken for an entry while a mutation of it was under way, and is somebody else."""
    path = work.path_on(service, state.seen.place) if state.present and state.seen is not None else None
    if path is not None:
        work.effects.append(Recheck(service, path))


def _is_held(work: Work, service: ServiceName, directory: NodeId) -> bool:
    """Returns whether a service is known to hold a directory."""
    if directory == work.scope.root:
        return True
    node = work.tree.find(directory)
    state = node.services.get(service) if node is not None else None
    if state is None or state.gone is Gone.DISPLACED:
        return False
    # One that we may have made counts: that is found out by looking at it.
    return state.known is not None or (state.intent is not None and state.intent.phase is Phase.SENT)


def _is_lost(work: Work, service: ServiceName, directory: NodeId) -> bool:
    """Returns whether a directory is known to be gone: what was under way in it was not decided about with it."""
    if directory == work.scope.root:
        return False
    node = work.tree.find(directory)
    state = node.services.get(service) if node is not None else None
    return state is None or (state.known is None and state.seen is None and state.intent is None)


def _disown(work: Work, service: ServiceName, node: Node, state: ServiceState, outcome: Observation) -> None:
    """Lets go of what was put into another directory than was meant: somebody has made one of the same name.

    Or of what went with its directory while it was under way. What lies in it went along.
    """
    if node.version.kind is Kind.DIRECTORY:
        for child in list(work.held_children(service, node.id)):
            forget_below(work, service, child)
        work.effects.append(Relist(service, outcome.path))
    state.base = state.intent = state.seen = None
    state.gone = Gone.NO
    work.effects.extend(Recheck(service, path) for path in from_the_top(outcome.path))
    work.tree.put(node)


def _take_over(work: Work, service: ServiceName, node: Node, where: Place, seq: int) -> bool:
    """Notes that whoever was known to be at a place is gone from there: nothing was there when it was taken.

    Returns:
        Whether somebody was seen there since, and it is the node itself that is gone.
    """
    tree = work.tree
    if where == node.place and not node.deleted:
        # Nobody else's place in the head tree, so whoever is known to be there is among the views.
        found = tree.viewed(service, where.parent, work.member(service).key(where.name))
    else:
        found = work.locate(service, where.parent, where.name)
    if found is not None and found != node.id:
        other = tree.node(found)
        held = other.state(service)
        if held.present and held.seq > seq:
            return True
        held.gone = Gone.DISPLACED
        tree.put(other)
    return False


def _written(
    node: Node, state: ServiceState, intent: Intent, place: Place, outcome: Observation, *, mangled: bool
) -> Base:
    """Records what is there after a mutation and returns what the service is known to hold.

    Bytes that were mangled are nobody's content: they are written again, expecting just them.
    """
    entry = outcome.state
    revision = entry.revision if isinstance(entry, Present) else ""
    if isinstance(entry, Present):
        if intent.action in {Action.WRITE, Action.COPY} and not mangled:
            learn(node, intent.version, entry.digests)  # What was only moved may be a drifted content.
        if outcome.seq >= state.seq:
            state.seq, state.gone = outcome.seq, Gone.NO
            state.seen = Seen(place, entry)
        elif state.gone or state.seen is None:
            state.seen = Seen(place, entry)  # Missed since, perhaps where it was before: another look will tell.
    return Base(TORN if mangled else intent.version, place, revision)
