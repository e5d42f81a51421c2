"""The life of a node: new versions, what a service is known to hold, deletion and revival."""

from __future__ import annotations

import msgspec

from onitu.core.model import Kind, Present
from onitu.core.names import conflict_name, content_mark
from onitu.core.node import (
    RETIRED_KEPT,
    Base,
    Node,
    Phase,
    Place,
    ServiceName,
    ServiceState,
    Version,
)
from onitu.core.tree import Work


def version_of(
    entry: Present, service: ServiceName, *, parent: int | None, digests: dict[str, bytes] | None = None
) -> Version:
    """Returns what a service shows as a version without a number.

    Args:
        entry: What was seen.
        service: Where.
        parent: The version it replaces.
        digests: Its digests where they are known better than from the entry.
    """
    return Version(
        number=0,
        kind=entry.kind,
        size=entry.size,
        mtime_ns=entry.mtime_ns,
        origin=service,
        revision=entry.revision,
        parent=parent,
        digests=digests or entry.digests,
        executable=entry.executable,
        target=entry.target,
    )


def hold(state: ServiceState, base: Base) -> None:
    """Records what a service is known to hold. An answered mutation that is not yet durable stays so."""
    intent = state.intent
    if intent is not None and intent.phase is Phase.VISIBLE and intent.after is not None:
        if intent.after.version == base.version:
            state.intent = msgspec.structs.replace(intent, after=base)
            return
        retire(state, intent.after.revision)
    state.base, state.intent = base, None


def retire(state: ServiceState, revision: str) -> None:
    """Remembers a revision that is no longer there: a listing that lags behind may still show it."""
    if revision not in state.retired:
        state.retired = (*state.retired, revision)[-RETIRED_KEPT:]


def learn(node: Node, number: int, digests: dict[str, bytes]) -> Version:
    """Adds digests to a version and returns it."""
    version = node.versions[number]
    if any(version.digests.get(name) != value for name, value in digests.items()):
        version = msgspec.structs.replace(version, digests={**version.digests, **digests})
        node.versions[number] = version
        _join(node, version)
    return version


def learn_more(node: Node, number: int, digests: dict[str, bytes]) -> Version:
    """Adds digests of an entry that counts as a version, unless they are those of other bytes. Returns the version."""
    version = node.versions[number]
    if any(version.digests.get(name, value) != value for name, value in digests.items()):
        return version
    return learn(node, number, digests)


def _join(node: Node, version: Version) -> None:
    """Takes the head for the bytes it was made of, once they are known to be the same: it was read while that was sent.

    A file that was seen a moment after it was written may have been written again, so what is read of it later is an
    edit for as long as nothing else is known of what was sent.
    """
    head = node.version
    if head.parent != version.number or head.bytes_of or head.size != version.size or not head.digests:
        return
    if (head.origin, head.revision) != (version.origin, version.revision):
        return
    if all(version.digests.get(name) == value for name, value in head.digests.items()):
        node.versions[node.head] = msgspec.structs.replace(head, bytes_of=version.bytes_of or version.number)


def advance(
    node: Node,
    service: ServiceName,
    state: ServiceState,
    entry: Present,
    where: Place,
    *,
    digests: dict[str, bytes] | None = None,
    bytes_of: int = 0,
) -> None:
    """Makes what a service shows the new head, which that service holds.

    Args:
        node: The node.
        service: The service.
        state: What it holds.
        entry: What it shows.
        where: Where it shows it.
        digests: Digests of the content where known better than from the entry.
        bytes_of: The version whose bytes these are, if only attributes were changed.
    """
    known = state.known
    parent = node.head if node.versions else None
    version = version_of(entry, service, parent=parent, digests=digests)
    if bytes_of:
        version = msgspec.structs.replace(version, bytes_of=node.versions[bytes_of].bytes_of or bytes_of)
    node.head = node.add_version(version)
    if known is not None and known.revision != entry.revision:
        retire(state, known.revision)
    place = known.place if known is not None else where
    state.base, state.intent = Base(node.head, place, entry.revision), None
    state.drift, state.brought = 0, True


def revive(work: Work, node: Node) -> None:
    """Brings a deleted node back, and every directory above it. A name taken meanwhile is not taken away.

    Puts the directories; the node itself is the caller's to put.
    """
    current: Node | None = node
    while current is not None and current.place is not None:
        if current.deleted:
            current.deleted = False
            if work.tree.find(current.place.parent) is None:
                current.place = _held_place(work, current)
            occupant = work.tree.child(current.place.parent, current.place.name)
            if occupant is not None and occupant != current.id:
                _share_name(work, current, work.tree.node(occupant))
            if current is not node:
                work.tree.put(current)
        current = work.tree.find(current.place.parent)


def _share_name(work: Work, node: Node, occupant: Node) -> None:
    """Finds a place for a node that comes back to a name taken meanwhile: a directory keeps it, else the newcomer goes.

    The node is the caller's to put.
    """
    wanted = node.place
    assert wanted is not None  # noqa: S101 - a root is never deleted
    if node.version.kind is Kind.DIRECTORY and occupant.version.kind is not Kind.DIRECTORY:
        occupant.place = free_place(work, wanted, service=occupant.version.origin, mark=mark_of(occupant))
        work.notice("conflict_found", occupant.version.origin, node, copy=work.head_path(occupant))
        work.tree.put(occupant)
        return
    node.place = free_place(work, wanted, service=node.version.origin, mark=mark_of(node))
    work.notice("conflict_found", node.version.origin, occupant, copy=work.head_path(node))


def is_head_elsewhere(work: Work, service: ServiceName, node: Node) -> bool:
    """Returns whether another service that can be read holds the current version.

    One where it is missed counts: it may yet turn up, and if not, that is decided there.
    """
    return any(
        other.known is not None and node.same_bytes(other.known.version)
        for name, other in work.states(node)
        if name != service and work.member(name).readable
    )


def mend(work: Work, node: Node) -> bool:
    """Gives a node another head whose content was given up everywhere before it could be had anywhere else.

    Args:
        work: The unit of work.
        node: A live file that somebody does not hold, and that cannot be read now.

    Returns:
        Whether that was so. Otherwise somebody holds it, and will be heard or read again.
    """
    held = None
    # All services count, also those that the setup has no more or that are not read now: what only they hold must
    # still be there when they come back, and must not meet a tombstone (P21).
    for name, state in sorted(node.services.items()):
        intent, known = state.intent, state.known
        if intent is not None and intent.phase is Phase.SENT and intent.version == node.head:
            return False
        if known is None:
            continue
        member = work.scope.members.get(name)
        if member is None or not member.readable or node.same_bytes(known.version):
            return False
        if held is None and state.present and known.version in node.versions:
            held = known
    if is_loser_shown(work, node) or is_left_behind(work, node):
        return False
    if held is not None:
        node.head = held.version
    else:
        node.deleted = True
    work.tree.put(node)
    return True


def is_loser_shown(work: Work, copy: Node) -> bool:
    """Returns whether a service still holds the content of a conflict copy in the place where it lost.

    Args:
        work: The unit of work.
        copy: A node; mostly none that keeps the loser of a conflict.
    """
    loser = work.tree.find(copy.version.kept_from) if copy.version.kept_from is not None else None
    if loser is None:
        return False
    for state in loser.services.values():
        known, intent = state.known, state.intent
        held = loser.versions.get(known.version) if known is not None else None
        if held is not None and held.moved_to is not None:
            continue  # It has lost nothing, and is only moved.
        if (held is not None and held.kept_as == copy.id) or (intent is not None and intent.phase is Phase.SENT):
            return True
    return False


def is_left_behind(work: Work, node: Node) -> bool:
    """Returns whether a service that cannot rename still holds the content of a node at the place it is moved from."""
    left = work.tree.find(node.version.kept_from) if node.version.kept_from is not None else None
    return left is not None and any(
        state.known is not None and state.known.version in left.versions
        and left.versions[state.known.version].moved_to == node.id
        for state in left.services.values()
    )  # fmt: skip


def _held_place(work: Work, node: Node) -> Place:
    """Returns where a service holds a node whose directory in the head tree was deleted and is forgotten."""
    for _, state in work.states(node):
        place = state.place
        if place is not None and work.tree.find(place.parent) is not None:
            return place
    assert node.place is not None  # noqa: S101 - a root is never deleted
    return Place(work.scope.root, node.place.name)


def restore_head(work: Work, service: ServiceName, node: Node) -> None:
    """Makes what a service holds of a tombstone its head, unless the last one is still to be had.

    Args:
        work: The unit of work.
        service: Who holds it.
        node: A tombstone; it is the caller's to put.
    """
    known = node.state(service).known
    if known is not None and not is_head_elsewhere(work, service, node):
        node.head = known.version


def mark_of(node: Node) -> str:
    """Returns the eight characters that tell a node's content from another of the same name."""
    return content_mark(node.version.digests, node.version.target) or f"{node.id:08x}"


def free_place(work: Work, wanted: Place, *, service: ServiceName, mark: str) -> Place:
    """Returns a place beside a wanted one, under a conflict name that no live entry has.

    Args:
        work: The unit of work.
        wanted: The place that is taken.
        service: The service the entry comes from.
        mark: What tells its content from another.
    """
    attempt = 1
    while True:
        name = conflict_name(wanted.name, service=service, now_ns=work.now_ns, mark=mark, attempt=attempt)
        if work.tree.child(wanted.parent, name) is None:
            return Place(wanted.parent, name)
        attempt += 1
