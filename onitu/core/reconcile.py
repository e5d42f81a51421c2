"""Takes in what a service shows: the whole Referee, as cases.

One observation at a time, each weighed against three things: what the service was last known to hold (base), what
every service should hold (head), and what we ourselves sent there (intent). The order of the cases matters and is that
of docs/design.md, "Ingest". Content and placement are decided apart: a move here and an edit there both hold.

This module does not know which driver it hears, nor where nodes are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

import msgspec

from onitu.core import conflict, lifecycle, moves, paths, place
from onitu.core.absence import settle_absence
from onitu.core.compare import Equality, same_attributes, same_bytes
from onitu.core.model import Absent, Inadmissible, Kind, Observation, Present, State, Unknown
from onitu.core.node import (
    TORN,
    Base,
    Gone,
    Node,
    NodeId,
    Phase,
    Place,
    Seen,
    ServiceName,
    ServiceState,
    Version,
)
from onitu.core.tree import NeedDigest, Notice, Recheck, Work


class Probe(msgspec.Struct, frozen=True):
    """An observation cannot be taken in before it is known what is at another path now.

    Attributes:
        path: The path to look at.
    """

    path: str


def observe(
    work: Work,
    service: ServiceName,
    observation: Observation,
    *,
    probed: Mapping[str, State] | None = None,
    fresh: bool = False,
) -> Probe | None:
    """Takes in one observation.

    Args:
        work: The unit of work.
        service: Who shows it.
        observation: What was seen. A directory must be taken in before what lies in it.
        probed: What is now at the paths that were asked for by an earlier answer.
        fresh: Whether the service was asked just now, so that a listing that lags behind is ruled out.

    Returns:
        None when it is done; a `Probe` when nothing was changed and another path has to be looked at first.
    """
    wrong = paths.fault(observation.path)
    if wrong is not None:
        work.effects.append(Notice("path_failed", service, observation.path, {"error": wrong}))
        return None
    state = observation.state
    if isinstance(state, Unknown):
        return None  # Unknown is never absent, and no information is no reason to change anything.
    above, _, name = observation.path.rpartition("/")
    parent = work.directory(service, above)
    if parent is None:
        # Its directory was never seen, or is missed: everything above it is looked at first, and then it again.
        if not isinstance(state, Absent) and not fresh and work.member(service).readable:
            work.effects.extend(Recheck(service, path) for path in from_the_top(observation.path))
        return None
    there = Place(parent, name)
    match state:
        case Absent():
            occupant = work.locate(service, parent, name)
            if occupant is not None:
                miss(work, service, occupant, observation.seq)
        case Inadmissible():
            _inadmissible(work, service, there, state, observation.seq)
        case Present():
            return _present(work, service, there, observation, state, probed or {}, fresh=fresh)
        case _:  # pragma: no cover
            assert_never(state)
    return None


def from_the_top(path: str) -> list[str]:
    """Returns a path and everything above it, the topmost first."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def miss(work: Work, service: ServiceName, node_id: NodeId, seq: int) -> None:
    """Notes that a known entry was not there. Nothing is decided yet: it may have been moved.

    Args:
        work: The unit of work.
        service: Where it is missed.
        node_id: The entry.
        seq: When it was looked for.
    """
    node = work.tree.node(node_id)
    state = node.services.get(service)
    if state is None or state.gone or seq < state.seq:
        return
    state.seq = seq
    state.gone = Gone.MISSED
    work.tree.put(node)


def decide(work: Work, service: ServiceName, node: Node, before: Seen | None = None, *, fresh: bool = False) -> None:
    """Decides about what a service shows of a node, if that can be decided now. Puts the node.

    Args:
        work: The unit of work.
        service: Where.
        node: The node; its `seen` is already the new one.
        before: What was seen there before, if that is known.
        fresh: Whether the service was asked just now: only then does it tell that a mutation was not done.
    """
    state = node.state(service)
    seen, head = state.seen, (node.head, node.deleted)
    if seen is not None and not seen.reason and not state.gone and (service, node.id) not in work.in_flight:
        _settle_intent(work, service, node, state, seen, before, fresh=fresh)
        if work.member(service).readable:
            _decide_content(work, service, node, state, seen, before)
        else:
            _decide_drift(work, service, node, state, seen)
    if head != (node.head, node.deleted) and len(node.services) > 1:
        _decide_others(work, service, node)
    work.tree.put(node)


def _present(
    work: Work,
    service: ServiceName,
    there: Place,
    observation: Observation,
    entry: Present,
    probed: Mapping[str, State],
    *,
    fresh: bool,
) -> Probe | None:
    """Finds the node an entry is, and takes it in."""
    occupant = work.locate(service, there.parent, there.name)
    if occupant is None:
        if work.departed.is_past(service, there, observation.seq):
            return None  # We have taken it away since.
    elif _is_known(work, service, occupant, there, entry, observation.seq):
        return None
    readable = work.member(service).readable
    if readable and occupant is not None and observation.moved_from is not None and entry.kind is Kind.FILE:
        # Renamed over a file, as editors save: the name keeps its history, and the old name is missed.
        source = work.at(service, observation.moved_from)
        if source is not None and source != occupant:
            miss(work, service, source, observation.seq)
    elif readable:
        mover = _mover(work, service, observation, entry, occupant, probed)
        if isinstance(mover, Probe):
            return mover
        if mover is not None and mover != occupant:
            if occupant is not None:
                _displace(work, service, occupant)
            _take_in(work, service, work.tree.node(mover), there, entry, observation.seq, fresh=fresh)
            return None
    node = _bound(work, service, there, entry, occupant, probed)
    if isinstance(node, Probe):
        return node
    if node is not None and occupant is not None:
        _displace(work, service, occupant)
    if node is None:
        node = _node_at(work, service, there, entry, occupant)
    if node is None:
        if not readable:
            # Something of its own in a place that is only written: unmanaged.
            reason = {"reason": "the mode of this place does not allow reading"}
            work.effects.append(Notice("file_ignored", service, observation.path, reason))
            return None
        node = place.create(work, service, there, entry)
    _take_in(work, service, node, there, entry, observation.seq, fresh=fresh)
    return None


def _is_known(work: Work, service: ServiceName, node_id: NodeId, there: Place, entry: Present, seq: int) -> bool:
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
        and state.decided
        and not seen.reason
        and (state.intent is None or state.intent.phase is Phase.VISIBLE)
        and seen.entry.extra == entry.extra
        and (not entry.digests or bool(seen.entry.digests))
    )


def _node_at(work: Work, service: ServiceName, there: Place, entry: Present, occupant: NodeId | None) -> Node | None:
    """Returns the node that an entry at a place is, or None if it is a new one."""
    if occupant is not None:
        node = work.tree.node(occupant)
        if node.version.kind is entry.kind:
            return node
        # Another kind of thing has taken its place, so it is gone for certain.
        _displace(work, service, occupant)
        settle_absence(work, service, node)
    head = work.tree.child(there.parent, there.name)
    if head is None:
        return None
    node = work.tree.node(head)
    state = node.services.get(service)
    elsewhere = state is not None and (state.known is not None or state.seen is not None)
    return None if elsewhere or node.version.kind is not entry.kind else node


def _mover(
    work: Work,
    service: ServiceName,
    observation: Observation,
    entry: Present,
    occupant: NodeId | None,
    probed: Mapping[str, State],
) -> NodeId | Probe | None:
    """Returns the known node an entry is under a new name, or None; a probe if its old place must be seen first."""
    if observation.moved_from is not None:
        known = work.at(service, observation.moved_from)
        if known is not None and work.tree.node(known).version.kind is entry.kind:
            return known
    if not entry.native_id:
        return None
    for candidate in list(work.tree.by_native_id(service, entry.native_id)):
        if candidate == occupant:
            return None  # It is what it was.
        node = work.tree.node(candidate)
        state = node.services[service]
        seen = state.seen
        if node.folder != work.scope.folder or seen is None or not _could_be(seen.entry, entry):
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


def _bound(
    work: Work,
    service: ServiceName,
    there: Place,
    entry: Present,
    occupant: NodeId | None,
    probed: Mapping[str, State],
) -> Node | Probe | None:
    """Returns the node that a mutation of unknown outcome has brought to a place, or None if none has."""
    number = work.tree.bound(service, there.parent, work.member(service).key(there.name))
    if number is None:
        return None
    node = work.tree.node(number)
    state = node.services[service]
    if node.version.kind is not entry.kind:
        return None
    if occupant is not None and not _may_have_left(work.tree.node(occupant).services[service], there, entry):
        return None
    where = state.place
    path = work.path_on(service, where) if where is not None and not state.gone else None
    if path is None or state.seen is None:
        return node
    if path not in probed:
        return Probe(path)
    now = probed[path]
    # What is still at its old place as it was has not been moved.
    stayed = isinstance(now, Unknown) or (isinstance(now, Present) and now.revision == state.seen.entry.revision)
    return None if stayed else node


def _may_have_left(state: ServiceState, there: Place, entry: Present) -> bool:
    """Returns whether an entry may have been taken away from a place by a mutation of unknown outcome."""
    intent, seen = state.intent, state.seen
    if intent is None or intent.phase is not Phase.SENT or intent.place == there:
        return False
    return seen is None or seen.entry.revision != entry.revision


def _could_be(old: Present, new: Present) -> bool:
    """Returns whether an entry can be a known one under another name. Ids alone are reused by file systems."""
    if old.kind is not new.kind:
        return False
    return new.kind is not Kind.FILE or (old.size == new.size and old.mtime_ns == new.mtime_ns)


def _displace(work: Work, service: ServiceName, node_id: NodeId) -> None:
    """Notes that another entry has taken a node's place on a service."""
    node = work.tree.node(node_id)
    node.state(service).gone = Gone.DISPLACED
    work.tree.put(node)
    work.moved()


def _inadmissible(work: Work, service: ServiceName, there: Place, state: Inadmissible, seq: int) -> None:
    """Notes an entry that cannot be synchronised: never absence, never an edit."""
    occupant = work.locate(service, there.parent, there.name)
    if occupant is None:
        occupant = work.tree.child(there.parent, there.name)
    if occupant is None:
        return  # Nobody wants anything at this path; the shell has reported it.
    node = work.tree.node(occupant)
    held = node.state(service)
    if seq < held.seq:
        return
    entry = Present(kind=node.version.kind, revision=state.revision, native_id=state.native_id)
    held.seq, held.gone = seq, Gone.NO
    held.seen = Seen(there, entry, state.reason)
    work.tree.put(node)


def _take_in(
    work: Work, service: ServiceName, node: Node, there: Place, entry: Present, seq: int, *, fresh: bool
) -> None:
    """Records what was seen of a node and decides about it."""
    state = node.state(service)
    if seq < state.seq:
        return
    known, before = state.known, state.seen
    if (
        not fresh
        and entry.revision in state.retired
        and (known is None or known.revision != entry.revision)
        and (before is None or before.entry.revision != entry.revision)
    ):
        # A listing that lags behind shows a state that we replaced ourselves: ask again before believing it.
        path = work.path_on(service, there)
        if path is not None:
            work.effects.append(Recheck(service, path))
        return
    if before is not None and before.entry.revision == entry.revision and not entry.digests:
        if before.entry.racy:
            # It stays so until a digest has told whether it was written a second time.
            entry = msgspec.structs.replace(entry, racy=True)
        elif not entry.racy:
            entry = msgspec.structs.replace(entry, digests=before.entry.digests)
    if before is not None and before.place != there and entry.kind is Kind.DIRECTORY:
        work.moved()
    state.seq, state.gone = seq, Gone.NO
    state.seen = Seen(there, entry)
    decide(work, service, node, before, fresh=fresh)


def _settle_intent(
    work: Work,
    service: ServiceName,
    node: Node,
    state: ServiceState,
    seen: Seen,
    before: Seen | None,
    *,
    fresh: bool,
) -> None:
    """Finds out what became of a mutation whose answer never came, from what is there now."""
    intent = state.intent
    if intent is None or intent.phase is not Phase.SENT:
        return
    known, entry = state.known, seen.entry
    if known is not None and entry.revision == known.revision and seen.place == known.place:
        if fresh:
            state.drop_intent()  # It was not done. An observation that is under way may be older than the mutation.
        return
    if intent.place is not None and known is not None and seen.place == intent.place != known.place:
        # A move that landed; its content is looked at as that of any other entry.
        state.base, state.intent = Base(known.version, intent.place, known.revision), None
        return
    target = node.versions[intent.version]
    equality = same_bytes(entry, service, target)
    if equality is Equality.SAME:
        state.base, state.intent = Base(target.number, seen.place, entry.revision), None
    elif equality is Equality.DIFFERENT and intent.after is not None and _is_staged(intent.after, before, entry):
        # Our own write, torn by a power cut: it is written again, and what lies there goes to the trash first.
        state.base, state.intent = Base(TORN, seen.place, entry.revision), None
    elif fresh and (equality is Equality.DIFFERENT or not _learn(work, service, node, entry, target)):
        state.drop_intent()


def _is_staged(after: Base, before: Seen | None, entry: Present) -> bool:
    """Returns whether an entry is the very one that we wrote, whatever became of its bytes."""
    if entry.revision == after.revision:
        return True
    if before is None or not entry.native_id:
        return False
    return before.entry.native_id == entry.native_id and before.entry.mtime_ns == entry.mtime_ns


def _decide_content(
    work: Work, service: ServiceName, node: Node, state: ServiceState, seen: Seen, before: Seen | None
) -> None:
    """Decides about content, then about placement."""
    known = state.known
    if state.intent is not None and state.intent.phase is Phase.SENT:
        return  # Still waiting for a digest that tells what became of our own mutation.
    if known is None:
        if not _first_contact(work, service, node, state, seen):
            return
    elif not _changed(work, service, node, state, seen, before):
        if not node.deleted:
            # Placement need not wait for the digest, and whoever takes the name it left must find that free.
            moves.merge(work, service, node, state, seen)
        return
    if state.known is not None:
        moves.merge(work, service, node, state, seen)


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
    if entry.revision == known.revision and not doubtful:
        same = Equality.SAME
    else:
        same = same_bytes(entry, service, base)
        if same is Equality.UNKNOWN and before is not None and _only_renamed(before, seen, known):
            same = Equality.SAME
        if same is Equality.UNKNOWN:
            if _learn(work, service, node, entry, base):
                return False
            same = Equality.DIFFERENT  # Nobody holds the old content any more: it cannot be shown to be the same.
    if same is Equality.SAME:
        lifecycle.hold(state, Base(known.version, known.place, entry.revision))
        if entry.digests and not base.digests:
            base = lifecycle.learn(node, known.version, entry.digests)
            _decide_others(work, service, node)
        if same_attributes(entry, base):
            return True
        if node.deleted and seen.place != known.place:
            return _edited(work, service, node, state, seen)  # It lives on where it was moved to, with these.
        if known.version != node.head or node.deleted:
            _add_attributes(node, base, entry)
            return True
        lifecycle.advance(node, service, state, entry, seen.place, digests=base.digests, bytes_of=known.version)
        return True
    return _edited(work, service, node, state, seen)


def _decide_others(work: Work, service: ServiceName, node: Node) -> None:
    """Decides again about the services that wait, now that there is another head or another digest."""
    for other, state in list(work.states(node)):
        if other != service and state.present and not state.decided:
            decide(work, other, node)


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


def _edited(work: Work, service: ServiceName, node: Node, state: ServiceState, seen: Seen) -> bool:
    """Decides about content that is not the base's. Returns whether that could be done."""
    known, entry = state.known, seen.entry
    assert known is not None  # noqa: S101 - the caller's case
    if node.deleted:
        lifecycle.advance(node, service, state, entry, seen.place)
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
        lifecycle.advance(node, service, state, seen.entry, seen.place)
        lifecycle.revive(work, node)
        return True
    return _against_head(work, service, node, state, seen)


def _against_head(work: Work, service: ServiceName, node: Node, state: ServiceState, seen: Seen) -> bool:
    """Compares with the head: equal content is adopted, different content is a conflict."""
    head, entry = node.version, seen.entry
    same = same_bytes(entry, service, head)
    if same is Equality.UNKNOWN:
        if _learn(work, service, node, entry, head):
            return False
        same = Equality.DIFFERENT
    if same is Equality.DIFFERENT:
        if entry.kind is Kind.FILE and not entry.digests:
            # The copy's name holds its digest, and an equal older version is recognised by it.
            work.effects.append(NeedDigest(service, node.id))
            return False
        conflict.keep_both(work, service, node, state, seen)
        return True
    known = state.known
    where = known.place if known is not None else seen.place
    if not head.digests and entry.digests:
        head = lifecycle.learn(node, head.number, entry.digests)
    if same_attributes(entry, head):
        lifecycle.hold(state, Base(node.head, where, entry.revision))
        return True
    # Same bytes, other attributes: the head's come to this service.
    shown = msgspec.structs.replace(
        head, executable=entry.executable, parent=head.number, bytes_of=head.bytes_of or head.number
    )
    lifecycle.hold(state, Base(node.add_version(shown), where, entry.revision))
    return True


def _decide_drift(work: Work, service: ServiceName, node: Node, state: ServiceState, seen: Seen) -> None:
    """Looks at a place that is only written: equal content is adopted, anything else is shown and left alone."""
    known, entry, head = state.known, seen.entry, node.version
    if not node.deleted and same_bytes(entry, service, head) is Equality.SAME and seen.place == node.place:
        lifecycle.hold(state, Base(node.head, seen.place, entry.revision))
        state.drift = 0
        return
    if known is not None and entry.revision == known.revision and not entry.racy:
        state.drift = 0
        return
    version = head if known is None else node.versions[known.version]
    same = same_bytes(entry, service, version)
    if same is Equality.UNKNOWN:
        if _learn(work, service, node, entry, version):
            return
        same = Equality.DIFFERENT
    if same is Equality.SAME and known is not None:
        lifecycle.hold(state, Base(known.version, known.place, entry.revision))
        state.drift = 0
    elif known is not None and state.drift != known.version:
        state.drift = known.version
        work.notice("drift_found", service, node)


def _learn(work: Work, service: ServiceName, node: Node, entry: Present, version: Version) -> bool:
    """Asks for the digests that would decide whether an entry is a version. Returns False where they cannot be had."""
    if not version.digests:
        holder = next(
            (
                name
                for name, state in work.states(node)
                if state.present
                and state.known is not None
                and state.known.version == version.number
                and state.seen is not None
                and state.seen.entry.revision == state.known.revision
                and not (name == service and state.seen.entry.revision != entry.revision)
                and work.member(name).readable
            ),
            None,
        )
        if holder is None:
            return False
        work.effects.append(NeedDigest(holder, node.id))
    if not entry.digests:
        work.effects.append(NeedDigest(service, node.id))
    return True
