"""Conflicts that nobody has settled yet, and settling them: one content keeps the name, or both stay.

A conflict copy is an ordinary file; what tells it from others is its name, and the first version it ever had. Settling
one changes the head tree and nothing else, so every service is asked for it under the conditions that always hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from onitu.core.model import Kind
from onitu.core.names import CONFLICT_MARK, plain_name, service_in
from onitu.core.node import Node, NodeId, ServiceName
from onitu.core.tree import Work


@attrs.frozen(kw_only=True)
class Conflict:
    """Two contents of one file, or of one atomic directory, both kept.

    Attributes:
        original: The node that has the name.
        copy: The node that has the other content.
        path: The path of the one.
        copy_path: The path of the other.
        kept: Where the content under the name is from.
        lost: Where the other content is from.
    """

    original: NodeId
    copy: NodeId
    path: str
    copy_path: str
    kept: ServiceName
    lost: ServiceName


def conflict_of(work: Work, copy: Node) -> Conflict | None:
    """Returns the conflict that a node is the copy of, or None where it is none, or its file is gone."""
    if copy.deleted or copy.place is None or CONFLICT_MARK not in copy.place.name or not copy.versions:
        return None
    if copy.version.kind is Kind.DIRECTORY:
        return _conflict_of_directory(work, copy)
    first = next(iter(work.tree.history(copy.id)), None)
    original = work.tree.find(first.kept_from) if first is not None and first.kept_from is not None else None
    if first is None or original is None or original.deleted or original.version.kind is not Kind.FILE:
        return None
    return Conflict(
        original=original.id,
        copy=copy.id,
        path=work.head_path(original),
        copy_path=work.head_path(copy),
        kept=original.version.origin,
        lost=first.origin,
    )


def _conflict_of_directory(work: Work, copy: Node) -> Conflict | None:
    """Returns the conflict that an atomic directory is the copy of: the name is all that two of them share."""
    assert copy.place is not None  # noqa: S101 - the caller's case
    found = work.tree.child(copy.place.parent, plain_name(copy.place.name))
    original = work.tree.node(found) if found is not None else None
    if original is None or original.version.kind is not Kind.DIRECTORY:
        return None
    lost = service_in(copy.place.name)
    origins = (node.version.origin for node in _below(work, original) if node.version.origin != lost)
    return Conflict(
        original=original.id,
        copy=copy.id,
        path=work.head_path(original),
        copy_path=work.head_path(copy),
        kept=next(origins, original.version.origin),
        lost=lost,
    )


def _below(work: Work, top: Node) -> Iterator[Node]:
    """Yields a node and everything live below it, a directory before what lies in it."""
    waiting = [top.id]
    while waiting:
        node = work.tree.node(waiting.pop())
        yield node
        if node.version.kind is Kind.DIRECTORY:
            waiting.extend(work.tree.children(node.id))


def _delete(work: Work, top: Node) -> None:
    """Deletes a node everywhere, with everything below it."""
    for node in reversed(list(_below(work, top))):
        node.deleted = True
        work.tree.put(node)


def conflicts(work: Work, nodes: Iterable[Node]) -> Iterator[Conflict]:
    """Yields the conflicts among some nodes."""
    for node in nodes:
        if node.folder == work.scope.folder:
            found = conflict_of(work, node)
            if found is not None:
                yield found


def keep_original(work: Work, conflict: Conflict) -> None:
    """Deletes the copy everywhere. An edit of it that is not known yet beats that."""
    _delete(work, work.tree.node(conflict.copy))


def keep_copy(work: Work, conflict: Conflict) -> None:
    """Gives the copy the name, and deletes what has it everywhere. An edit of that, not known yet, beats that."""
    original, copy = work.tree.node(conflict.original), work.tree.node(conflict.copy)
    place = original.place
    _delete(work, original)
    copy.place = place
    work.tree.put(copy)
    work.moved()
