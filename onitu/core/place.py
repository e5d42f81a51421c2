"""Where new entries find their place in the head tree."""

from __future__ import annotations

from onitu.core.absence import clear_way, settle_absence
from onitu.core.lifecycle import free_place, mark_of
from onitu.core.model import Kind, Present
from onitu.core.moves import is_leaving, merge, revive_directory
from onitu.core.names import content_mark
from onitu.core.node import Node, Place, ServiceName
from onitu.core.tree import Work


def create(work: Work, service: ServiceName, there: Place, entry: Present) -> Node:
    """Returns a new node for an entry that nobody knows, placed in the head tree. It has no version yet.

    Args:
        work: The unit of work.
        service: Who shows it.
        there: Where.
        entry: What.
    """
    revive_directory(work, there)
    occupant = _live_occupant(work, service, there)
    if occupant is None:
        return work.tree.create(work.scope.folder, there)
    if entry.kind is Kind.DIRECTORY and occupant.version.kind is not Kind.DIRECTORY:
        # The directory keeps the name, the file's content goes to a conflict name.
        occupant.place = free_place(work, there, service=occupant.version.origin, mark=mark_of(occupant))
        work.notice("conflict_found", service, occupant, copy=work.head_path(occupant))
        work.tree.put(occupant)
        return work.tree.create(work.scope.folder, there)
    beside = free_place(work, there, service=service, mark=_mark(entry))
    node = work.tree.create(work.scope.folder, beside)
    work.notice("conflict_found", service, occupant, copy=work.head_path(node))
    return node


def _live_occupant(work: Work, service: ServiceName, where: Place) -> Node | None:
    """Returns the live node at a place of the head tree, once a deletion that a newcomer proves has been decided."""
    found = work.tree.child(where.parent, where.name)
    if found is None:
        return None
    node = work.tree.node(found)
    state = node.services.get(service)
    if state is None:
        return node
    if state.gone:
        # The service shows something else in its place, so it is gone for certain.
        settle_absence(work, service, node)
        return None if node.deleted else node
    if state.seen is not None and is_leaving(node, state):
        # It was moved away, and waits for a name that a missed entry has: now that has to be decided.
        clear_way(work, service, state)
        merge(work, service, node, state, state.seen)
        work.tree.put(node)
        return _live_at(work, where)
    return node


def _live_at(work: Work, where: Place) -> Node | None:
    """Returns the live node at a place of the head tree."""
    found = work.tree.child(where.parent, where.name)
    return work.tree.node(found) if found is not None else None


def _mark(entry: Present) -> str:
    """Returns eight characters that stay the same while an entry does."""
    known = content_mark(entry.digests, entry.target)
    return known or (entry.native_id or entry.revision).encode().hex()[-8:]
