"""What a service cannot rename: it is made at its new place, and then deleted at the old one.

What the service holds at the old place is left to a tombstone of its own, so it is deleted like anything else: an edit
there beats the deletion, and nothing is deleted before the entry is held at its new place (`Version.moved_to`). Until
then the bytes can be had from there. A directory leaves its children behind, and they move one by one.
"""

from __future__ import annotations

import msgspec

from onitu.core.model import Kind
from onitu.core.node import Base, Node, NodeId, Phase, Place, ServiceName, ServiceState
from onitu.core.tree import Work


def part(work: Work, service: ServiceName, node: Node) -> Node | None:
    """Leaves what a service holds of a node to a tombstone; the service does not hold the node then. Puts both.

    Args:
        work: The unit of work.
        service: The service, which cannot rename.
        node: An entry that it holds elsewhere than where it is to be.

    Returns:
        The tombstone, or None where the children of a directory are under way: then it is to be tried again.
    """
    state = node.state(service)
    held = state.base
    if held is None or state.intent is not None:
        return None
    children = list(work.held_children(service, node.id)) if node.version.kind is Kind.DIRECTORY else []
    if node.version.kind is Kind.DIRECTORY and _is_busy(work, service, [*children, *work.tree.children(node.id)]):
        return None
    old = node.versions.get(held.version, node.version)
    copy = work.tree.find(old.kept_as) if old.kept_as is not None else None
    left = work.tree.create(node.folder, held.place)
    if copy is not None and not copy.deleted:
        # It lost a conflict, so the entry has other content at its new place: what waits for these bytes is their copy.
        kept = msgspec.structs.replace(old, parent=None, kept_from=None, bytes_of=0, moved_to=None)
    else:
        copy = None
        kept = msgspec.structs.replace(old, parent=None, kept_as=None, kept_from=None, bytes_of=0, moved_to=node.id)
    left.head = left.add_version(kept)
    left.deleted = True
    base = Base(left.head, held.place, held.revision)
    left.services[service] = ServiceState(base=base, seen=state.seen, seq=state.seq, retired=state.retired)
    node.services[service] = ServiceState(brought=state.brought)
    if node.same_bytes(held.version) and work.tree.find(node.version.kept_from or 0) is None:
        node.versions[node.head] = msgspec.structs.replace(node.version, kept_from=left.id)
    work.tree.put(left)
    work.tree.put(node)
    if copy is not None and copy.version.kept_from == node.id and not _shows_loser(node, copy):
        copy.versions[copy.head] = msgspec.structs.replace(copy.version, kept_from=left.id)
        work.tree.put(copy)
    for child_id in children:
        child = work.tree.node(child_id)
        _rehome(child.state(service), node.id, left.id)
        work.tree.put(child)
    work.moved()
    return left


def _shows_loser(node: Node, copy: Node) -> bool:
    """Returns whether another service still holds what is kept in a copy under the name where it lost."""
    return any(version.kept_as == copy.id for version in node.versions.values())


def _is_busy(work: Work, service: ServiceName, nodes: list[NodeId]) -> bool:
    """Returns whether a mutation of unknown outcome is under way for one of some nodes."""
    for node_id in nodes:
        state = work.tree.node(node_id).services.get(service)
        if state is not None and state.intent is not None and state.intent.phase is Phase.SENT:
            return True
    return False


def _rehome(state: ServiceState, old: NodeId, new: NodeId) -> None:
    """Records that an entry lies in another directory than was believed, which is the same one under another number."""

    def moved(place: Place) -> Place:
        return Place(new, place.name) if place.parent == old else place

    def rebased(base: Base | None) -> Base | None:
        return msgspec.structs.replace(base, place=moved(base.place)) if base is not None else None

    state.base = rebased(state.base)
    if state.seen is not None:
        state.seen = msgspec.structs.replace(state.seen, place=moved(state.seen.place))
    intent = state.intent
    if intent is not None:
        place = moved(intent.place) if intent.place is not None else None
        state.intent = msgspec.structs.replace(
            intent, place=place, after=rebased(intent.after), before=rebased(intent.before)
        )
