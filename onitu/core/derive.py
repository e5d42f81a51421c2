"""What is kept beside the records so that they can be found.

It is derived from a record alone, so it can be dropped and rebuilt at any time (P28).
"""

from __future__ import annotations

from typing import TypeAlias

from onitu.core.fingerprint import entry_fingerprint
from onitu.core.node import Node, NodeId, Phase, ServiceName, ServiceState
from onitu.core.scope import Member, Scope

#: ("child", parent, name), ("view", service, parent, key), ("bound", service, parent, key),
#: ("native", service, id, node),
#: ("dirty", service, folder, node), ("awaiting", service, folder, node), ("visible", service, folder, node).
IndexKey: TypeAlias = tuple[str | int, ...]


#: Changes whenever something else is derived from the same records: then all is derived anew at the next start.
DERIVATION = 2

#: Stands for the kind of an entry that is not decided; no driver knows it.
UNSETTLED = 255


def index_keys(node: Node, scope: Scope | None) -> set[IndexKey]:
    """Returns the index entries of a node.

    Args:
        node: The node.
        scope: The folder as the setup has it now, or None where the folder is no longer in the setup.
    """
    keys: set[IndexKey] = set()
    place = node.place
    if place is None:
        return keys
    if not node.deleted:
        keys.add(("child", place.parent, place.name))
    for service, state in node.services.items():
        member = scope.members.get(service) if scope is not None else None
        _add_service_keys(keys, node, service, state, member)
    if scope is not None and node.versions:
        for service, member in scope.members.items():
            if not member.writable or not member.wants(node.version.kind):
                continue
            if is_dirty(node, service, readable=member.readable):
                keys.add(("dirty", service, node.folder, node.id))
    return keys


def _add_service_keys(
    keys: set[IndexKey], node: Node, service: ServiceName, state: ServiceState, member: Member | None
) -> None:
    """Adds the index entries of what one service holds of a node."""
    there = state.place
    if there is not None:
        key = member.key(there.name) if member is not None else there.name
        if node.deleted or there != node.place or key != there.name:
            keys.add(("view", service, there.parent, key))
    bound = state.bound
    if bound is not None:
        keys.add(("bound", service, bound.parent, member.key(bound.name) if member is not None else bound.name))
    if state.seen is not None and state.seen.entry.native_id:
        keys.add(("native", service, state.seen.entry.native_id, node.id))
    phase = state.intent.phase if state.intent is not None else None
    if phase is Phase.VISIBLE:
        keys.add(("visible", service, node.folder, node.id))
    if phase is Phase.SENT or (not state.decided and (member is None or member.readable)):
        keys.add(("awaiting", service, node.folder, node.id))


def is_dirty(node: Node, service: ServiceName, *, readable: bool) -> bool:
    """Returns whether a service that should hold a node does not hold its head, and nothing is under way there.

    Args:
        node: The node.
        service: The service.
        readable: Whether changes there count; a place that is only written keeps its drift until a new head.
    """
    state = node.services.get(service)
    if state is None:
        return not node.deleted and service not in node.outside
    if state.intent is not None and state.intent.phase is Phase.SENT:
        return False
    known = state.known
    if node.deleted or service in node.outside:
        return known is not None  # What was moved out of a service's scope is deleted where it was.
    if state.filtered:
        return False  # What lies there is left alone.
    if not readable and state.drift == node.head:
        return False
    return known is None or known.version != node.head or known.place != node.place


def fingerprint_parts(node: Node) -> dict[tuple[ServiceName, NodeId], tuple[str, int, str]]:
    """Returns what a node adds to the fingerprints of directories: (service, directory) to (name, kind, revision).

    An entry that is there and not decided adds what no driver computes, so its directory never looks unchanged: neither
    while it is there nor once it is gone.
    """
    parts: dict[tuple[ServiceName, NodeId], tuple[str, int, str]] = {}
    for service, state in node.services.items():
        seen = state.seen
        if seen is None or state.gone:
            continue
        sent = state.intent is not None and state.intent.phase is Phase.SENT
        kind = 0 if seen.reason else int(seen.entry.kind)
        if sent or seen.entry.racy or not state.decided:
            kind = UNSETTLED
        parts[service, seen.place.parent] = (seen.place.name, kind, seen.entry.revision)
    return parts


def fingerprint(part: tuple[str, int, str]) -> int:
    """Returns the summand of one part."""
    return entry_fingerprint(*part)
