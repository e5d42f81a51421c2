"""What is certainly gone from a service: deleted, or deleted in vain because it lives on elsewhere."""

from __future__ import annotations

from onitu.core.atomic import spares, spares_whole
from onitu.core.lifecycle import is_head_elsewhere, is_loser_shown, retire, revive
from onitu.core.model import Kind
from onitu.core.moves import is_leaving, merge
from onitu.core.node import Action, Base, Gone, Node, NodeId, Phase, Place, ServiceName, ServiceState
from onitu.core.outcome import landed
from onitu.core.tree import NeedDigest, Work


def settle_absence(work: Work, service: ServiceName, node: Node) -> None:
    """Decides about an entry that is certainly gone from a service, with everything below it. Puts the nodes.

    Args:
        work: The unit of work.
        service: Where it is gone.
        node: What is gone.
    """
    work.tree.actor = service
    if work.acting != service:
        work.acting = None  # What is noted of another service may not hold after this.
    if not spares(work, service, node):
        _settle(work, service, node.id, passed=set())
    work.moved()


def _settle(work: Work, service: ServiceName, top: NodeId, *, passed: set[NodeId]) -> None:
    """Decides about an entry and everything below it, but never about those that were passed before."""
    # Children first: a directory is only deleted when nothing in it lives on. The stack keeps deep trees possible.
    stack: list[tuple[NodeId, bool]] = [(top, False)]
    while stack:
        current, children_done = stack.pop()
        gone = work.tree.find(current)
        if gone is None or (service, current) in work.in_flight:
            continue
        if children_done:
            _settle_directory(work, service, gone, passed=passed)
            continue
        if current in passed:
            continue
        passed.add(current)
        if not gone.versions or gone.version.kind is not Kind.DIRECTORY:
            _settle_one(work, service, gone)
            continue
        if current != top and spares_whole(work, service, gone):
            continue
        stack.append((current, True))
        stack.extend((child, False) for child in work.held_children(service, current))


def _settle_directory(work: Work, service: ServiceName, directory: Node, *, passed: set[NodeId]) -> None:
    """Decides about a directory that is certainly gone, once everything the service held in it is decided."""
    leaving: list[NodeId] = []
    for child_id in list(work.tree.children(directory.id)):
        child = work.tree.node(child_id)
        state = child.services.get(service)
        if state is None:
            continue
        if state.gone is Gone.DISPLACED:
            _settle(work, service, child_id, passed=passed)  # Something else had its place, and went with it.
        elif not state.gone and is_leaving(child, state):
            leaving.append(child_id)
    _settle_one(work, service, directory, leaving=frozenset(leaving))
    for child_id in leaving:
        _let_go(work, service, directory, work.tree.node(child_id))


def _let_go(work: Work, service: ServiceName, directory: Node, child: Node) -> None:
    """Takes what a service has moved out of a directory that is gone there out of it in the head tree too."""
    state = child.state(service)
    clear_way(work, service, state)
    if state.seen is not None:
        merge(work, service, child, state, state.seen)
    if directory.deleted and child.place is not None and child.place.parent == directory.id:
        revive(work, directory)  # It could not be moved after all.
        work.tree.put(directory)
    work.tree.put(child)


def _settle_one(work: Work, service: ServiceName, node: Node, *, leaving: frozenset[NodeId] = frozenset()) -> None:
    """Decides about one entry that is certainly gone; a directory may still hold what is leaving it."""
    state = node.state(service)
    known = state.known
    if not work.member(service).readable:
        _settle_drift(work, service, node, state)
        return
    ours = not node.deleted and (service in node.outside or _is_being_deleted(state))
    state.seen, state.gone = None, Gone.NO
    if _is_being_deleted(state):
        landed(work, service, state, None)
    else:
        state.base = state.intent = None
    if known is not None and ours:
        # It did not belong there, or did not when we deleted it: nobody has deleted what everybody should have.
        retire(state, known.revision)
    elif known is not None:
        retire(state, known.revision)
        work.departed.note(service, known.place, state.seq)
        if node.deleted:
            state.retired = ()  # Deleted here and there: nothing is left to remember.
        elif _dies_with(work, service, node, known) and not _has_children(work, node, leaving):
            node.deleted = True
            state.retired = ()
            _wake_others(work, node)
        elif not _fall_back(work, service, node):
            node.deleted = True
        else:
            # It was edited or moved elsewhere meanwhile: that wins, and this service gets it back.
            work.notice("deletion_overruled", service, node)
    work.tree.put(node)


def _is_being_deleted(state: ServiceState) -> bool:
    """Returns whether we have asked for a deletion, and do not know what became of it."""
    intent = state.intent
    return intent is not None and intent.phase is Phase.SENT and intent.action is Action.DELETE


def clear_way(work: Work, service: ServiceName, state: ServiceState) -> None:
    """Decides about the missed entries whose names are wanted by one that was moved, and by those it waits for.

    Args:
        work: The unit of work.
        service: Where it was moved.
        state: What that service holds of it.
    """
    passed: set[NodeId] = set()
    while state.seen is not None:
        found = work.tree.child(state.seen.place.parent, state.seen.place.name)
        if found is None or found in passed:
            return
        passed.add(found)
        occupant = work.tree.node(found)
        held = occupant.services.get(service)
        if held is None:
            return
        if held.gone:
            settle_absence(work, service, occupant)
            return
        if not is_leaving(occupant, held):
            return
        state = held


def _wake_others(work: Work, node: Node) -> None:
    """Has the services looked at again that waited for a digest of what is gone now."""
    for name, other in work.states(node):
        if other.present and not other.decided:
            work.effects.append(NeedDigest(name, node.id))


def _fall_back(work: Work, service: ServiceName, node: Node) -> bool:
    """Has an entry that lives on live on as a version that is to be had. Returns False where there is none."""
    if node.version.kind is not Kind.FILE or is_head_elsewhere(work, service, node):
        return True  # A directory and a link are on record whole.
    held = [
        other
        for name, other in work.states(node)
        if name != service and other.known is not None and not other.gone and work.member(name).readable
    ]
    held.sort(key=lambda other: not _is_at_head(node, other))
    known = held[0].known if held else None
    if known is None:
        return False
    node.head = known.version
    return True


def _dies_with(work: Work, service: ServiceName, node: Node, known: Base) -> bool:
    """Returns whether deleting what a service held deletes the entry: nobody has edited it or moved it elsewhere.

    A move made elsewhere does not save content that this service alone had: nobody could write it anywhere.
    """
    if not node.same_bytes(known.version) or _went_with_moved(work, service, known.place):
        return False
    if is_loser_shown(work, node):
        return False  # A copy that was made of what is about to be replaced, and perhaps was moved over it just now.
    if known.place == node.place or node.version.kind is not Kind.FILE:
        return known.place == node.place
    if is_head_elsewhere(work, service, node):
        return False
    # Whoever has moved it there wants it, if only as it was before.
    return all(other is node.services[service] or not _is_at_head(node, other) for _, other in work.states(node))


def _is_at_head(node: Node, state: ServiceState) -> bool:
    """Returns whether a service shows an entry at its place in the head tree."""
    return state.present and state.known is not None and state.known.place == node.place


def _went_with_moved(work: Work, service: ServiceName, place: Place) -> bool:
    """Returns whether a place went with a directory above it that somebody has moved: that lives on with all in it."""
    passed: set[NodeId] = set()
    while place.parent != work.scope.root and place.parent not in passed:
        passed.add(place.parent)
        above = work.tree.find(place.parent)
        state = above.services.get(service) if above is not None else None
        known = state.known if state is not None else None
        if above is None or state is None or known is None:
            return False
        if state.gone and not above.deleted and known.place != above.place:
            return True
        place = known.place
    return False


def _settle_drift(work: Work, service: ServiceName, node: Node, state: ServiceState) -> None:
    """Notes that an entry is gone from a place that is only written: shown, and left alone until a new head."""
    state.seen = None
    if node.deleted or state.known is None:
        state.base = state.intent = None
        state.gone = Gone.NO
    elif state.drift != state.known.version:
        state.drift = state.known.version
        work.notice("drift_found", service, node)
    work.tree.put(node)


def _has_children(work: Work, node: Node, leaving: frozenset[NodeId]) -> bool:
    """Returns whether anything lives in a directory in the head tree and stays there."""
    return any(child not in leaving for child in work.tree.children(node.id))
