"""Decides about content: an edit, a touch, equal content, or a conflict. Placement follows, in `moves`.

The order of the cases matters and is that of docs/design.md, "Ingest". Every function answers whether it could decide;
where it could not, it has asked for the digest that is missing.
"""

from __future__ import annotations

import msgspec

from onitu.core import atomic, conflict, lifecycle, moves
from onitu.core.asking import ask_digests
from onitu.core.compare import Equality, same_attributes, same_bytes
from onitu.core.model import Kind, Present
from onitu.core.node import Base, Node, Phase, Seen, ServiceName, ServiceState, Version
from onitu.core.safety import is_doubtful
from onitu.core.tree import NeedDigest, Settle, Work


def decide_content(
    work: Work,
    service: ServiceName,
    node: Node,
    state: ServiceState,
    seen: Seen,
    before: Seen | None,
    *,
    settled: bool,
) -> None:
    """Decides about content, then about placement. `settled` is that of `reconcile.decide`."""
    known = state.known
    if state.intent is not None and state.intent.phase is Phase.SENT:
        return  # Still waiting for a digest that tells what became of our own mutation.
    if known is None:
        if not _first_contact(work, service, node, state, seen):
            return
    elif (not settled and _waits(work, service, node, state, seen)) or not _changed(
        work, service, node, state, seen, before
    ):
        if not node.deleted:
            # Placement need not wait for the digest, and whoever takes the name it left must find that free.
            _merge_place(work, service, node, state, seen)
        return
    _merge_place(work, service, node, state, seen)


def _merge_place(work: Work, service: ServiceName, node: Node, state: ServiceState, seen: Seen) -> None:
    """Merges where an entry is, unless that takes apart what belongs together."""
    known = state.known
    if known is None or known.place == seen.place:
        return
    if not atomic.parts(work, service, node, state, seen, moved=True):
        moves.merge(work, service, node, state, seen)


def _waits(work: Work, service: ServiceName, node: Node, state: ServiceState, seen: Seen) -> bool:
    """Returns whether losses and older contents have to be counted before this one is believed."""
    if not is_doubtful(work, service, node, state):
        return False
    if seen.entry.size and not seen.entry.digests:
        work.effects.append(NeedDigest(service, node.id))  # It tells whether anybody knows this content.
    work.effects.append(Settle(service))
    return True


def _changed(
    work: Work, service: ServiceName, node: Node, state: ServiceState, seen: Seen, before: Seen | None
) -> bool:
    """Decides about the content of an entry that has a base. Returns whether that could be done."""
    known, entry = state.known, seen.entry
    assert known is not None  # noqa: S101 - the caller's case
    base = node.versions.get(known.version)
    if base is None:
        # A torn write of ours: the same revision is still that, another one is somebody's edit.
        return entry.revision == known.revision or _edited(work, service, node, state, seen)
    doubtful = entry.racy or (before is not None and before.entry.racy)
    if entry.revision == known.revision and not doubtful and entry.kind is not Kind.SYMLINK:
        same = Equality.SAME
    else:
        same = same_bytes(entry, service, base)
        if same is Equality.UNKNOWN and before is not None and _only_renamed(before, seen, known):
            same = Equality.SAME
        if same is Equality.UNKNOWN and _is_only_here(service, node, entry, base):
            same = Equality.SAME  # Written twice within one tick, or not: nobody has had anything else of it.
        if same is Equality.UNKNOWN:
            if ask_digests(work, service, node, entry, base):
                return False
            same = Equality.DIFFERENT  # Nobody holds the old content any more: it cannot be shown to be the same.
    if same is Equality.SAME:
        lifecycle.hold(state, Base(known.version, known.place, entry.revision))
        base = lifecycle.learn_more(node, known.version, entry.digests)
        if same_attributes(entry, base):
            return True
        if node.deleted and seen.place != known.place:
            # It lives on where it was moved to, with these.
            return _edited(work, service, node, state, seen, bytes_of=known.version)
        if known.version != node.head or node.deleted:
            _note_attributes(node, state, base, entry)
            _add_attributes(node, base, entry)
            return True
        lifecycle.advance(node, service, state, entry, seen.place, digests=base.digests, bytes_of=known.version)
        return True
    return _edited(work, service, node, state, seen)


def _is_only_here(service: ServiceName, node: Node, entry: Present, base: Version) -> bool:
    """Returns whether a version is whatever a service shows under its revision: nobody else holds or is sent it."""
    if not entry.digests or base.digests or base.origin != service or base.revision != entry.revision:
        return False
    numbers = {
        number
        for name, state in node.services.items()
        if name != service
        for number in (
            state.known.version if state.known is not None else None,
            state.intent.version if state.intent is not None else None,
        )
    }
    shared = base.bytes_of or base.number
    held = (node.versions[number] for number in numbers if number in node.versions)
    return all((version.bytes_of or version.number) != shared for version in held)


def _only_renamed(before: Seen, seen: Seen, known: Base) -> bool:
    """Returns whether an entry differs from its base by its place alone."""
    old, new = before.entry, seen.entry
    return (
        before.place != seen.place
        # What was seen before may itself be an edit that waits for its digest.
        and old.revision == known.revision
        and new.native_id != ""
        and old.native_id == new.native_id
        and old.size == new.size
        and old.mtime_ns == new.mtime_ns
    )


def _edited(
    work: Work, service: ServiceName, node: Node, state: ServiceState, seen: Seen, *, bytes_of: int = 0
) -> bool:
    """Decides about content that is not the base's, or has other attributes. Returns whether that could be done."""
    known, entry = state.known, seen.entry
    assert known is not None  # noqa: S101 - the caller's case
    if (node.deleted or node.same_bytes(known.version)) and atomic.parts(work, service, node, state, seen):
        return False
    if node.deleted:
        lifecycle.advance(node, service, state, entry, seen.place, bytes_of=bytes_of)
        lifecycle.revive(work, node)
        work.notice("deletion_overruled", service, node)
        return True
    if node.same_bytes(known.version):
        _fast_forward(node, service, state, seen)
        return True
    return _against_head(work, service, node, state, seen)


def _fast_forward(node: Node, service: ServiceName, state: ServiceState, seen: Seen) -> None:
    """Makes an edit the new head. Attributes changed elsewhere meanwhile are kept, where this one left them alone."""
    known, entry, old = state.known, seen.entry, node.version
    base = node.versions[known.version] if known is not None else old
    lifecycle.advance(node, service, state, entry, seen.place)
    if old.executable != base.executable and entry.executable == base.executable:
        merged = msgspec.structs.replace(node.version, executable=old.executable, parent=node.head, bytes_of=node.head)
        node.head = node.add_version(merged)


def _note_attributes(node: Node, state: ServiceState, base: Version, entry: Present) -> None:
    """Records attributes that a service shows as a version of its own, which is not the head."""
    known = state.known
    assert known is not None  # noqa: S101 - the caller's case
    shown = msgspec.structs.replace(
        base, executable=entry.executable, parent=base.number, bytes_of=base.bytes_of or base.number
    )
    lifecycle.hold(state, Base(node.add_version(shown), known.place, entry.revision))


def _add_attributes(node: Node, base: Version, entry: Present) -> None:
    """Adds attributes that were changed to a content that somebody else has changed meanwhile."""
    head = node.version
    if not node.deleted and head.executable == base.executable and head.kind is Kind.FILE:
        merged = msgspec.structs.replace(
            head, executable=entry.executable, parent=head.number, bytes_of=head.bytes_of or head.number
        )
        node.head = node.add_version(merged)


def _first_contact(work: Work, service: ServiceName, node: Node, state: ServiceState, seen: Seen) -> bool:
    """Decides about an entry that has no base. Returns whether that could be done."""
    if not node.versions:
        lifecycle.advance(node, service, state, seen.entry, seen.place)
        return True
    if node.deleted:
        if atomic.parts(work, service, node, state, seen):
            return False
        lifecycle.advance(node, service, state, seen.entry, seen.place)
        lifecycle.revive(work, node)
        return True
    return _against_head(work, service, node, state, seen)


def _against_head(work: Work, service: ServiceName, node: Node, state: ServiceState, seen: Seen) -> bool:
    """Compares with the head: equal content is adopted, different content is a conflict."""
    head, entry = node.version, seen.entry
    state.brought = state.brought or state.known is None
    same = same_bytes(entry, service, head)
    if same is Equality.UNKNOWN and state.known is None and _is_of_one_time(work, service, entry, head):
        same, state.unverified = Equality.SAME, node.head
    if same is Equality.UNKNOWN:
        if ask_digests(work, service, node, entry, head):
            return False
        same = Equality.DIFFERENT
    if same is Equality.DIFFERENT:
        if entry.kind is Kind.FILE and not entry.digests:
            # The copy's name holds its digest, and an equal older version is recognised by it.
            work.effects.append(NeedDigest(service, node.id))
            return False
        if atomic.parts(work, service, node, state, seen):
            return False
        conflict.keep_both(work, service, node, state, seen)
        return True
    known = state.known
    where = known.place if known is not None else seen.place
    head = lifecycle.learn_more(node, head.number, entry.digests)
    if same_attributes(entry, head):
        lifecycle.hold(state, Base(node.head, where, entry.revision))
        return True
    # Same bytes, other attributes: the head's come to this service.
    shown = msgspec.structs.replace(
        head, executable=entry.executable, parent=head.number, bytes_of=head.bytes_of or head.number
    )
    lifecycle.hold(state, Base(node.add_version(shown), where, entry.revision))
    return True


def _is_of_one_time(work: Work, service: ServiceName, entry: Present, head: Version) -> bool:
    """Returns whether a file of the head's size has its modification time too, where that is to count for equal."""
    member = work.member(service)
    if not member.trusts_time or entry.mtime_ns is None or head.mtime_ns is None:
        return False
    origin = work.scope.members.get(head.origin)
    precisions = [one.capabilities.mtime_precision_ns for one in (member, origin) if one is not None]
    return abs(entry.mtime_ns - head.mtime_ns) < max(1, *precisions)
