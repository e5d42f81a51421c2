"""Atomic directories (`.git`): what two services have changed in one at the same time is never mixed.

Of such a directory the head is always what some service holds whole. So a service that shows a change in one, and lacks
something of the head there, has changed it at the same time as another: a conflict of the whole directory. All that the
service shows in it becomes a directory of its own under a conflict name, its twin, and the service gets the other one
beside it. Nothing is moved for that but the name of the directory.

A deletion alone parts nothing: the other one's change beats it. What we are bringing to the service meanwhile is waited
for: until it is answered, nobody knows what lies there. Changes of attributes alone, and moves of the whole directory,
are merged as everywhere.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

from onitu.core.conflict import shown_wins
from onitu.core.derive import is_dirty
from onitu.core.model import Kind, Present
from onitu.core.names import content_mark, plain_name
from onitu.core.node import Node, NodeId, Phase, Place, Seen, ServiceName, ServiceState
from onitu.core.safety import forget_below
from onitu.core.tree import Later, Recheck, Settle, Work
from onitu.core.twin import let_go, part_from


class Standing(enum.Enum):
    """Whether a service may change an atomic directory as it is."""

    #: It holds all of the head: what it shows there is the next one.
    CURRENT = enum.auto()
    #: Something of ours is under way there.
    WAITS = enum.auto()
    #: It lacks what another one has changed.
    BEHIND = enum.auto()


def unit_of(work: Work, service: ServiceName, place: Place) -> NodeId | None:
    """Returns the topmost atomic directory in which a place lies, or None."""
    patterns = work.member(service).atomic
    if not patterns or place.parent == work.scope.root:
        return None
    key = (service, place.parent)
    if key not in work.units:
        names: list[tuple[NodeId, str]] = []
        above: NodeId = place.parent
        while above != work.scope.root:
            node = work.tree.find(above)
            if node is None or node.place is None:
                break
            names.append((above, plain_name(node.place.name)))
            above = node.place.parent
        path, found = "", None
        for number, name in reversed(names):
            path = f"{path}/{name}" if path else name
            if patterns.match(path, directory=True) is not None:
                found = number
                break
        work.units[key] = found
    return work.units[key]


def is_waited_for(work: Work, service: ServiceName, place: Place) -> bool:
    """Returns whether nothing is brought to a place now: a change in its atomic directory waits for what is under way.

    Args:
        work: The unit of work.
        service: Where.
        place: The place in the head tree, or where it is on the service.
    """
    if not work.standstill:
        return False
    unit = unit_of(work, service, place)
    return unit is not None and (service, unit) in work.standstill


def parts(
    work: Work, service: ServiceName, node: Node, state: ServiceState, seen: Seen, *, moved: bool = False
) -> bool:
    """Parts the atomic directory in which a change was made, where that has to be.

    Args:
        work: The unit of work.
        service: Who shows the change.
        node: What was changed there.
        state: What the service holds of it.
        seen: What it shows.
        moved: It is in another place than before: it may have left an atomic directory.

    Returns:
        Whether nothing more is to be done about the change: it is taken in with all the directory, or has to wait.
    """
    places = [seen.place]
    if moved and state.known is not None:
        places.append(state.known.place)
    units = [unit for place in places if (unit := unit_of(work, service, place)) is not None]
    if units:
        work.tree.put(node)  # Where it is now has to be found.
    done = False
    for unit in units:
        found = _settle(work, service, unit, seen.entry, node)
        done = done or found is not Standing.CURRENT
        if found is Standing.BEHIND and state.seen is seen:
            # It has left the directory, so it is an entry of its own now; what it was stays in there.
            path = work.path_on(service, seen.place)
            let_go(state)
            if path is not None:
                work.effects.append(Recheck(service, path))
    return done


def place_for_new(work: Work, service: ServiceName, there: Place, path: str, entry: Present) -> Place | None:
    """Returns where an entry that nobody knows is new: where it is, or in what has parted just now; None: later.

    Args:
        work: The unit of work.
        service: Who shows it.
        there: Where.
        path: The same, as a path.
        entry: What.
    """
    unit = unit_of(work, service, there)
    found = _settle(work, service, unit, entry, None) if unit is not None else Standing.CURRENT
    if found is Standing.CURRENT:
        return there
    if found is Standing.BEHIND:
        parent = work.directory(service, path.rpartition("/")[0])
        if parent is not None:
            return Place(parent, there.name)
    work.effects.append(Later(service, path))
    return None


def spares(work: Work, service: ServiceName, node: Node) -> bool:
    """Returns whether what is gone from an atomic directory, or that directory itself, is not taken for deleted now.

    Args:
        work: The unit of work.
        service: Where it is gone.
        node: What.
    """
    state = node.services.get(service)
    if state is None or not work.member(service).readable or _is_sent(state):
        return False  # The last: that may be what we did ourselves, and is settled for itself.
    there = state.place or (state.known.place if state.known is not None else None)
    unit = unit_of(work, service, there) if there is not None else None
    if unit is None:
        return spares_whole(work, service, node)
    if all(name == service or other.known is None for name, other in work.states(node)):
        return False  # Nobody else has ever had it: a lock, or what a program has written for a moment.
    found = standing(work, service, unit)
    if found is Standing.WAITS:
        _wait(work, service, unit)
    elif found is Standing.BEHIND:
        # The other one's change beats it, as an edit beats a deletion: had more been changed here, it had parted.
        _bring_back(work, service, node)
    return found is not Standing.CURRENT


def spares_whole(work: Work, service: ServiceName, directory: Node) -> bool:
    """Returns whether a directory that is gone is an atomic one that another service has changed: it comes back whole.

    Args:
        work: The unit of work.
        service: Where it is gone.
        directory: The directory, or anything else.
    """
    if not directory.versions or directory.version.kind is not Kind.DIRECTORY or directory.is_root:
        return False
    if unit_of(work, service, Place(directory.id, "")) != directory.id:
        return False
    if standing(work, service, directory.id) is Standing.CURRENT:
        return False
    _bring_back(work, service, directory)
    return True


def standing(work: Work, service: ServiceName, unit: NodeId) -> Standing:
    """Returns how a service stands to the head of an atomic directory."""
    if work.acting != service:
        work.acting = service
        work.current.clear()  # Others may have changed something meanwhile.
    if unit in work.current:
        return Standing.CURRENT
    for number in work.tree.awaiting(service, work.scope.folder):
        node = work.tree.node(number)
        if _is_sent(node.services[service]) and _is_within(work, service, node, unit):
            return Standing.WAITS
    if _lacking(work, service, unit) is not None:
        return Standing.BEHIND
    work.current.add(unit)
    return Standing.CURRENT


def _settle(work: Work, service: ServiceName, unit: NodeId, entry: Present, node: Node | None) -> Standing:
    """Parts a directory where a service is behind in it, or has the change wait. Returns how the service stood to it.

    Args:
        work: The unit of work.
        service: Who shows a change in the directory.
        unit: The directory.
        entry: What it shows.
        node: What was changed; None for what is new.
    """
    found = standing(work, service, unit)
    if found is Standing.WAITS:
        _wait(work, service, unit)
    elif found is Standing.BEHIND:
        work.standstill.discard((service, unit))
        top = work.tree.node(unit)
        state = top.services.get(service)
        if state is not None and state.present:
            lacking = _lacking(work, service, unit)
            against = node if node is not None and _lacks(work, service, node) else lacking
            wins = against is not None and shown_wins(work.scope, service, entry, against.version, now_ns=work.now_ns)
            mark = content_mark(entry.digests, entry.target)
            part_from(work, service, top, lacking=lacking, wins=wins, mark=mark)
        else:
            _bring_back(work, service, top)
    return found


def _wait(work: Work, service: ServiceName, unit: NodeId) -> None:
    """Has a change wait for what is under way in a directory, and brings nothing more there meanwhile."""
    work.standstill.add((service, unit))
    work.effects.append(Settle(service))


def _is_sent(state: ServiceState) -> bool:
    """Returns whether a mutation of ours is under way, or of unknown outcome."""
    return state.intent is not None and state.intent.phase is Phase.SENT


def _is_within(work: Work, service: ServiceName, node: Node, unit: NodeId) -> bool:
    """Returns whether a node lies in a directory, in the head tree or on a service."""
    state = node.services.get(service)
    places = [node.place, state.place if state is not None else None]
    return node.id != unit and any(place is not None and work.is_below(place.parent, unit) for place in places)


def _lacking(work: Work, service: ServiceName, unit: NodeId) -> Node | None:
    """Returns something in a directory of which a service does not hold the head, or None."""
    candidates = (
        work.tree.dirty(service, work.scope.folder)
        if work.member(service).writable
        else _all_below(work, service, unit)  # Nothing is ever to be done there.
    )
    for number in candidates:
        node = work.tree.node(number)
        if _lacks(work, service, node) and _is_within(work, service, node, unit):
            return node
    return None


def _all_below(work: Work, service: ServiceName, unit: NodeId) -> Iterator[NodeId]:
    """Yields everything in a directory, in the head tree and on a service."""
    waiting, passed = [unit], {unit}
    while waiting:
        directory = waiting.pop()
        for child in (*work.tree.children(directory), *work.held_children(service, directory)):
            if child not in passed:
                passed.add(child)
                waiting.append(child)
                yield child


def _lacks(work: Work, service: ServiceName, node: Node) -> bool:
    """Returns whether a service should hold the head of a node and does not; attributes do not count."""
    if not node.versions or not work.member(service).wants(node.version.kind):
        return False
    if not is_dirty(node, service, readable=True):
        return False
    state = node.services.get(service)
    if state is None:
        return _is_shown_elsewhere(work, service, node)
    if state.present and state.seen is not None and state.seen.reason:
        return False  # What lies there cannot be synchronised, and never will be the head.
    known = state.known
    if known is not None and known.place == node.place and node.same_bytes(known.version) and not node.deleted:
        return False
    return node.deleted or _is_shown_elsewhere(work, service, node)


def _is_shown_elsewhere(work: Work, service: ServiceName, node: Node) -> bool:
    """Returns whether another service shows the head of a node: a lock that was there for a moment is no change."""
    return any(
        other.present and other.known is not None and node.same_bytes(other.known.version)
        for name, other in work.states(node)
        if name != service
    )


def _bring_back(work: Work, service: ServiceName, node: Node) -> None:
    """Has a service get back what it has deleted, as another one has changed something there. Puts the nodes."""
    forget_below(work, service, node.id)
    work.notice("deletion_overruled", service, node)
