"""Moves made on a service are merged with moves made elsewhere.

The first move taken in wins; whoever moved the same entry elsewhere follows. No subtree is ever dropped, and no name is
taken from a live entry: the newcomer gets a conflict name.
"""

from __future__ import annotations

import msgspec

from onitu.core.lifecycle import free_place, mark_of, restore_head, revive
from onitu.core.model import Kind
from onitu.core.node import Node, NodeId, Phase, Place, Seen, ServiceName, ServiceState
from onitu.core.tree import Work


def merge(work: Work, service: ServiceName, node: Node, state: ServiceState, seen: Seen) -> None:
    """Merges where a service shows an entry with where the head has it. The node is the caller's to put.

    Args:
        work: The unit of work.
        service: The service.
        node: The node; its content is already decided.
        state: What the service holds; it must be known.
        seen: What it shows.
    """
    known = state.known
    if known is None or known.place == seen.place:
        return
    if node.deleted:
        if not _revive_moved(work, service, node, seen.place):
            return
    elif node.place == known.place and not _take(work, service, node, seen.place):
        return  # Undecided until it is known what became of the entry that had the name.
    # Otherwise somebody moved it elsewhere first, or to the same place: this service follows the head.
    _rebase(state, seen.place)


def _rebase(state: ServiceState, where: Place) -> None:
    """Records where a service is known to hold an entry."""
    intent = state.intent
    if intent is not None and intent.phase is Phase.VISIBLE and intent.after is not None:
        after = msgspec.structs.replace(intent.after, place=where)
        state.intent = msgspec.structs.replace(intent, after=after)
    elif state.base is not None:
        state.base = msgspec.structs.replace(state.base, place=where)


def _take(work: Work, service: ServiceName, node: Node, where: Place) -> bool:
    """Moves a node in the head tree, if that neither makes a cycle nor takes a live entry's name.

    Whoever has the name and has left it on the service goes first, and whoever has that one's name before it: a swap,
    a rotation, or a chain of any length.

    Args:
        work: The unit of work.
        service: Who moved it.
        node: What is moved.
        where: Where to.

    Returns:
        False when a name belongs to an entry that is missed on the service, and may yet turn up elsewhere.
    """
    chain = _chain(work, service, node, where)
    inner = _leaving_above(work, service, where.parent, node)
    if inner is not None and chain is not None:
        # The directory it goes into still lies in it, and has left it on the service: turned inside out.
        beyond = _chain(work, service, *inner)
        chain = None if beyond is None else chain + [link for link in beyond if link[0].id not in _ids(chain)]
    if chain is None:
        return False
    if len(chain) == 1 or not _at_once(work, chain):
        leaving = _ids(chain)
        for mover, target in reversed(chain):
            _put_at(work, service, mover, target, leaving)
            leaving.discard(mover.id)
            if mover is not node:
                work.tree.put(mover)
    for mover, target in chain:
        if mover is not node:
            _rebase(mover.services[service], target)
            work.tree.put(mover)
    work.moved()
    return True


def _ids(chain: list[tuple[Node, Place]]) -> set[NodeId]:
    """Returns the nodes of a chain."""
    return {node.id for node, _ in chain}


def _chain(work: Work, service: ServiceName, node: Node, where: Place) -> list[tuple[Node, Place]] | None:
    """Returns a node and those that have to leave before it, with where each goes; None if one of them is missed."""
    chain = [(node, where)]
    members = {node.id}
    while True:
        found = work.tree.child(where.parent, where.name)
        if found is None or found in members:
            return chain
        occupant = work.tree.node(found)
        state = occupant.services.get(service)
        if state is None:
            return chain
        if state.gone:
            return None
        if state.seen is None or not is_leaving(occupant, state):
            return chain
        where = state.seen.place
        chain.append((occupant, where))
        members.add(found)


def _leaving_above(work: Work, service: ServiceName, directory: NodeId, node: Node) -> tuple[Node, Place] | None:
    """Returns a directory in a node, on the way to one, that has left the node on the service; with where it goes."""
    if not work.is_below(directory, node.id):
        return None
    while directory != node.id:
        current = work.tree.node(directory)
        state = current.services.get(service)
        if state is not None and state.seen is not None and not state.gone and is_leaving(current, state):
            return current, state.seen.place
        assert current.place is not None  # noqa: S101 - it lies in the node
        directory = current.place.parent
    return None


def _at_once(work: Work, chain: list[tuple[Node, Place]]) -> bool:
    """Moves all of a chain in one stroke, if every goal is free then and nothing comes to lie in itself."""
    members = _ids(chain)
    goals = {where for _, where in chain}
    if len(goals) < len(chain):
        return False
    if any(work.tree.child(goal.parent, goal.name) not in {None, *members} for goal in goals):
        return False
    before = [node.place for node, _ in chain]
    for node, where in chain:
        node.place = where
    if any(_is_in_itself(work, node) for node, _ in chain):
        for (node, _), place in zip(chain, before, strict=True):
            node.place = place
        return False
    for _, where in chain:
        revive_directory(work, where)
    return True


def _is_in_itself(work: Work, node: Node) -> bool:
    """Returns whether a node's way up comes back to where it was before."""
    passed: set[NodeId] = set()
    current: Node | None = node
    while current is not None and current.place is not None:
        if current.id in passed:
            return True
        passed.add(current.id)
        current = work.tree.find(current.place.parent)
    return False


def _put_at(work: Work, service: ServiceName, node: Node, where: Place, leaving: set[NodeId]) -> None:
    """Moves one node in the head tree, to a name beside the wanted one where that is taken for good.

    Args:
        work: The unit of work.
        service: Who moved it.
        node: What is moved.
        where: Where to.
        leaving: Nodes that leave their places in the same stroke.
    """
    if work.is_below(where.parent, node.id):
        # A move elsewhere came first and turned the order round: the service follows the head.
        assert node.place is not None  # noqa: S101 - a root is never moved
        if work.tree.child(node.place.parent, node.place.name) not in {None, node.id}:
            # Its name was given away in this same stroke, before that was known.
            node.place = free_place(work, node.place, service=service, mark=mark_of(node))
        return
    found = work.tree.child(where.parent, where.name)
    if found is not None and found not in leaving:
        node.place = free_place(work, where, service=service, mark=mark_of(node))
        work.notice("conflict_found", service, work.tree.node(found), copy=work.head_path(node))
        return
    revive_directory(work, where)
    node.place = where


def is_leaving(node: Node, state: ServiceState) -> bool:
    """Returns whether a service has moved an entry away from its place in the head tree."""
    seen, known = state.seen, state.known
    return seen is not None and known is not None and known.place == node.place and seen.place != known.place


def _revive_moved(work: Work, service: ServiceName, node: Node, where: Place) -> bool:
    """A move beats a delete: the entry lives on at its new place, a directory with all the service holds in it.

    Returns:
        False when the name belongs to an entry that is missed on the service, and may yet turn up elsewhere.
    """
    if not _take(work, service, node, where):
        return False
    restore_head(work, service, node)
    revive(work, node)
    work.tree.put(node)
    work.notice("deletion_overruled", service, node)
    waiting = [node.id]
    while waiting:
        for child_id in list(work.held_children(service, waiting.pop())):
            child = work.tree.node(child_id)
            if child.deleted and child.services[service].present:
                restore_head(work, service, child)
                revive(work, child)
                work.tree.put(child)
            if child.version.kind is Kind.DIRECTORY:
                waiting.append(child_id)
    return True


def revive_directory(work: Work, where: Place) -> None:
    """Brings back the directory of a place, if it was deleted elsewhere meanwhile."""
    parent = work.tree.node(where.parent)
    if parent.deleted:
        revive(work, parent)
        work.tree.put(parent)
