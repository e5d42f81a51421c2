"""What is kept beside the records so that they can be found.

It is derived from a record alone, so it can be dropped and rebuilt at any time (P28).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from onitu.core.fingerprint import entry_fingerprint
from onitu.core.node import Node, NodeId, Phase, ServiceName, ServiceState
from onitu.core.scope import Member, Scope

#: ("child", parent, name), ("view", service, parent, key), ("bound", service, parent, key),
#: ("doubted", service, parent, key, node), ("native", service, id, node),
#: ("dirty", service, folder, node), ("awaiting", service, folder, node), ("visible", service, folder, node).
IndexKey: TypeAlias = tuple[str | int, ...]


#: Changes whenever something else is derived from the same records: then all is derived anew at the next start.
DERIVATION = 4

_NOBODY: Mapping[ServiceName, Member] = {}

#: Stands for the kind of an entry that is not decided; no driver knows it.
UNSETTLED = 255


def index_keys(node: Node, scope: Scope | None) -> set[IndexKey]:  # noqa: C901 - one pass, for what a call costs
    """Returns the index entries of a node.

    Args:
        node: The node.
        scope: The folder as the setup has it now, or None where the folder is no longer in the setup.
    """
    # Called four times per file, and written for speed: what a state tells is asked for once.
    place = node.place
    if place is None:
        return set()
    deleted, folder, number = node.deleted, node.folder, node.id
    keys: set[IndexKey] = set() if deleted else {("child", place.parent, place.name)}
    members = scope.members if scope is not None else _NOBODY
    for service, state in node.services.items():
        member = members.get(service)
        there, seen, intent = state.place, state.seen, state.intent
        if there is not None:
            key = member.key(there.name) if member is not None else there.name
            if deleted or key != there.name or there != place:
                keys.add(("view", service, there.parent, key))
        if seen is not None and seen.entry.native_id:
            keys.add(("native", service, seen.entry.native_id, number))
        if intent is not None and intent.phase is Phase.SENT:
            keys.update(_bound(service, state, member, number))
            keys.add(("awaiting", service, folder, number))
            continue
        if intent is not None:
            keys.add(("visible", service, folder, number))
        if not state.decided and (member is None or member.readable):
            keys.add(("awaiting", service, folder, number))
    if node.versions:
        kind = node.version.kind
        for service, member in members.items():
            if member.writable and member.wants(kind) and is_dirty(node, service, readable=member.readable):
                keys.add(("dirty", service, folder, number))
    return keys


def _bound(service: ServiceName, state: ServiceState, member: Member | None, number: NodeId) -> Iterator[IndexKey]:
    """Yields the entries of the places where a mutation of unknown outcome may have brought or left a node."""
    bound, doubted = state.bound, state.doubted
    if bound is not None:
        yield ("bound", service, bound.parent, member.key(bound.name) if member is not None else bound.name)
    if doubted is not None:
        key = member.key(doubted.name) if member is not None else doubted.name
        yield ("doubted", service, doubted.parent, key, number)


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
