"""Which node an entry is: the one that was there, one that was moved, one that we brought there, or a new one."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from onitu.core.absence import settle_absence
from onitu.core.model import Absent, Kind, Observation, Present, State, Unknown
from onitu.core.node import Action, Gone, Node, NodeId, Phase, Place, ServiceName, ServiceState
from onitu.core.outcome import could_be
from onitu.core.tree import Relist, Work

#: What gives an entry another id where it is.
_WRITES = frozenset({Action.WRITE, Action.COPY, Action.WRITE_SYMLINK})


class Probe(msgspec.Struct, frozen=True):
    """An observation cannot be taken in before it is known what is at another path now.

    Attributes:
        path: The path to look at.
    """

    path: str


def is_known(work: Work, service: ServiceName, node_id: NodeId, there: Place, entry: Present, seq: int) -> bool:
    """Returns whether an observation is old, or says nothing new about an entry that is decided."""
    state = work.tree.node(node_id).services[service]
    if seq < state.seq:
        return True
    seen = state.seen
    return (
        seen is not None
        and not entry.racy
        and not seen.entry.racy
        and seen.entry.revision == entry.revision
        and seen.place == there
        and seen.entry.target == entry.target
        and state.decided
        and not seen.reason
        and (state.intent is None or state.intent.phase is Phase.VISIBLE)
        and seen.entry.extra == entry.extra
        and entry.digests.keys() <= seen.entry.digests.keys()
    )


def node_at(work: Work, service: ServiceName, there: Place, entry: Present, occupant: NodeId | None) -> Node | None:
    """Returns the node that an entry at a place is, or None if it is a new one."""
    if occupant is not None:
        node = work.tree.node(occupant)
        if node.version.kind is entry.kind:
            return node
        # Another kind of thing has taken its place, so it is gone for certain.
        displace(work, service, occupant)
        settle_absence(work, service, node)
    head = work.tree.child(there.parent, there.name)
    if head is None:
        return None
    node = work.tree.node(head)
    state = node.services.get(service)
    elsewhere = state is not None and (state.known is not None or state.seen is not None)
    return None if elsewhere or node.version.kind is not entry.kind else node


def mover(
    work: Work,
    service: ServiceName,
    there: Place,
    observation: Observation,
    entry: Present,
    occupant: NodeId | None,
    probed: Mapping[str, State],
) -> NodeId | Probe | None:
    """Returns the known node an entry is under a new name, or None; a probe if its old place must be seen first.

    Never a directory that the entry lies in: its id was given out again, and nobody has looked at it since; or it was
    turned inside out. What is there is listed.
    """
    if observation.moved_from is not None:
        known = work.at(service, observation.moved_from)
        if known is not None and work.tree.node(known).version.kind is entry.kind:
            return None if _is_around(work, service, there, known) else known
    if not entry.native_id:
        return None
    candidates = list(work.tree.by_native_id(service, entry.native_id))
    if occupant in candidates or (occupant is not None and _is_being_written(work, service, occupant, entry)):
        return None  # It is what it was, whatever became of its other names; or what we are writing in its place.
    for candidate in candidates:
        node = work.tree.node(candidate)
        state = node.services[service]
        seen = state.seen
        if node.folder != work.scope.folder or seen is None or not could_be(seen.entry, entry):
            continue
        if _is_around(work, service, there, candidate):
            continue
        if state.gone:
            return candidate
        path = work.path_on(service, seen.place)
        if path is None:
            return candidate  # The directory it was in is gone.
        if path not in probed:
            return Probe(path)
        now = probed[path]
        # The same id still at the old place is a hard link: two files.
        if isinstance(now, Absent) or (isinstance(now, Present) and now.native_id != entry.native_id):
            return candidate
    return None


def _is_around(work: Work, service: ServiceName, there: Place, node_id: NodeId) -> bool:
    """Returns whether a place lies in a directory that would be brought there; then that is to be listed."""
    if work.tree.node(node_id).version.kind is not Kind.DIRECTORY or not work.lies_in(service, there, node_id):
        return False
    where = work.tree.node(node_id).services[service].place
    path = work.path_on(service, where) if where is not None else None
    if path is not None:
        work.effects.append(Relist(service, path))
    return True


def bound(
    work: Work,
    service: ServiceName,
    there: Place,
    entry: Present,
    occupant: NodeId | None,
    probed: Mapping[str, State],
) -> Node | Probe | Unknown | None:
    """Returns the node that a mutation of unknown outcome has brought to a place, or None if none has.

    Unknown where the service does not tell whether that is still where it was.
    """
    node = _likeliest(work, service, there, entry)
    if node is None or (entry.kind is Kind.DIRECTORY and work.lies_in(service, there, node.id)):
        return None  # Or it would have been brought into itself.
    number, state = node.id, node.services[service]
    left = work.tree.node(occupant).services[service] if occupant is not None else None
    if occupant is not None and left is not None and (_is_back(left, entry) or not _may_have_left(left, there, entry)):
        if _is_vacated(work, service, occupant, there, entry):
            return Unknown(f"{there.name!r}: one directory leaves it and another one comes")
        return None
    where = state.place
    path = work.path_on(service, where) if where is not None and not state.gone else None
    if path is None or state.seen is None:
        return node
    if path not in probed:
        return Probe(path)
    now = probed[path]
    if isinstance(now, Unknown):
        # One that cannot be asked is never going to tell.
        return now if work.member(service).capabilities.stat_files else None
    if isinstance(now, Present) and now.revision == state.seen.entry.revision:
        # What is still at its old place as it was has not been moved.
        return node if where is not None and _may_be_another(work, service, number, where, entry) else None
    return node


def _likeliest(work: Work, service: ServiceName, there: Place, entry: Present) -> Node | None:
    """Returns which of those that mutations of unknown outcome may have brought to a place, or left there, an entry is.

    There are several only after a power cut, which may have taken back any of them. Their revisions tell.
    """
    numbers = [work.tree.bound(service, there.parent, work.member(service).key(there.name))]
    numbers += left_in_doubt(work, service, there)
    nodes = [work.tree.node(number) for number in numbers if number is not None]
    nodes = [node for node in nodes if node.version.kind is entry.kind]
    for node in nodes:
        state = node.services[service]
        known, after = state.known, state.intent.after if state.intent is not None else None
        if any(held is not None and held.revision == entry.revision for held in (known, after)):
            return node
    return nodes[0] if nodes else None


def left_in_doubt(work: Work, service: ServiceName, there: Place) -> list[NodeId]:
    """Returns the nodes that may be at a place again, where we had them, since a power cut took something back.

    The newest is the first: it was brought there last.
    """
    return sorted(work.tree.doubted(service, there.parent, work.member(service).key(there.name)), reverse=True)


def _is_vacated(work: Work, service: ServiceName, node_id: NodeId, there: Place, entry: Present) -> bool:
    """Returns whether a directory is being moved away from a place, and nothing tells it from what comes there.

    The answers, which are still to come, tell what is there.
    """
    if entry.kind is not Kind.DIRECTORY or entry.native_id or (service, node_id) not in work.in_flight:
        return False
    intent = work.tree.node(node_id).services[service].intent
    return intent is not None and intent.place is not None and intent.place != there


def _may_be_another(work: Work, service: ServiceName, node_id: NodeId, where: Place, entry: Present) -> bool:
    """Returns whether what is at the old place of a directory may be one that we have made there since.

    Where directories have no ids, nothing tells one from another.
    """
    if entry.kind is not Kind.DIRECTORY or entry.native_id:
        return False
    coming = work.tree.bound(service, where.parent, work.member(service).key(where.name))
    return not {coming, *left_in_doubt(work, service, where)} <= {None, node_id}


def _is_being_written(work: Work, service: ServiceName, node_id: NodeId, entry: Present) -> bool:
    """Returns whether a mutation of unknown outcome writes a node anew where it is: the id of that says nothing yet."""
    state = work.tree.node(node_id).services[service]
    intent = state.intent
    if intent is None or intent.phase is not Phase.SENT or intent.action not in _WRITES:
        return False
    return intent.place == state.place and entry.kind is not Kind.DIRECTORY


def _is_back(state: ServiceState, entry: Present) -> bool:
    """Returns whether a file that was missed is there again as it was: its deletion was taken back by a power cut.

    An id is given out again, but not with the revision of whom it had.
    """
    seen = state.seen
    if state.gone is not Gone.MISSED or seen is None or not entry.native_id or entry.kind is not Kind.FILE:
        return False
    return seen.entry.native_id == entry.native_id and seen.entry.revision == entry.revision


def _may_have_left(state: ServiceState, there: Place, entry: Present) -> bool:
    """Returns whether an entry is missed at a place, or may have been taken away by a mutation of unknown outcome."""
    if state.gone:
        return True
    intent, seen, known = state.intent, state.seen, state.known
    if intent is None or intent.phase is not Phase.SENT or intent.place == there:
        return False
    if seen is not None:
        return seen.entry.revision != entry.revision
    return known is None or known.revision != entry.revision  # A power cut has what was seen forgotten.


def displace(work: Work, service: ServiceName, node_id: NodeId) -> None:
    """Notes that another entry has taken a node's place on a service."""
    node = work.tree.node(node_id)
    node.state(service).gone = Gone.DISPLACED
    work.tree.put(node)
    work.moved()
