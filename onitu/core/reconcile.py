"""Takes in what a service shows: the whole Referee, as cases.

One observation at a time, each weighed against three things: what the service was last known to hold (base), what
every service should hold (head), and what we ourselves sent there (intent). Which node an entry is, is found out in
`identity`; what became of our own mutations in `outcome`; content is decided in `content`, placement in `moves`, apart:
a move here and an edit there both hold.

This module does not know which driver it hears, nor where nodes are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

import msgspec

from onitu.core import paths, place
from onitu.core.admission import exclusion, is_at_head, leave_alone, refusal
from onitu.core.atomic import place_for_new
from onitu.core.capability import NameComparison
from onitu.core.content import decide_content
from onitu.core.drift import decide_drift
from onitu.core.filters import Cause, Refusal
from onitu.core.identity import Probe, bound, displace, is_known, mover, node_at
from onitu.core.model import Absent, Inadmissible, Kind, Observation, Present, State, Unknown
from onitu.core.node import Gone, Node, NodeId, Phase, Place, Seen, ServiceName, ServiceState
from onitu.core.outcome import seen_before, settle_intent
from onitu.core.tree import Notice, Recheck, Relist, Work

#: Stands for a directory that others lie in.
_SOME_DIRECTORY = Present(kind=Kind.DIRECTORY, revision="-")

__all__ = ["Probe", "decide", "from_the_top", "miss", "observe"]


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
    work.tree.actor = service
    wrong = paths.fault(observation.path)
    if wrong is not None:
        work.effects.append(Notice("path_failed", service, observation.path, {"error": wrong}))
        return None
    state = observation.state
    if isinstance(state, Unknown):
        return None  # Unknown is never absent, and no information is no reason to change anything.
    if isinstance(state, Present) and state.kind is Kind.SYMLINK:
        state = _admitted(work, service, observation, state)
    above, _, name = observation.path.rpartition("/")
    refused = refusal(work.scope, service, observation.path, state) if isinstance(state, Present) else None
    parent = work.directory(service, above)
    if parent is None:
        # What is refused lies in what is not taken in; what is absent is so wherever its directory is.
        if refused is None and not isinstance(state, Absent) and not fresh:
            _look_above(work, service, observation.path)
        return None
    there = Place(parent, name)
    if fresh:
        there = _as_spelled(work, service, there)
        _ask_again(work, service, there, observation)
    match state:
        case Absent():
            _absent(work, service, there, observation.seq)
        case Inadmissible():
            _inadmissible(work, service, there, state, observation.seq)
        case Present():
            refused = refused or _is_left_alone(work, service, observation.path, there)
            if refused is not None:
                _refuse(work, service, observation, there, state, refused)
                return None
            return _present(work, service, there, observation, state, probed or {}, fresh=fresh)
        case _:  # pragma: no cover
            assert_never(state)
    return None


def _look_above(work: Work, service: ServiceName, path: str) -> None:
    """Has a path looked at once more whose directory was never seen, or is missed: first everything above it."""
    if work.member(service).readable:
        work.effects.extend(Recheck(service, above) for above in from_the_top(path))


def _absent(work: Work, service: ServiceName, there: Place, seq: int) -> None:
    """Takes in that nothing is at a place."""
    occupant = work.locate(service, there.parent, there.name)
    if occupant is None:
        # What we bring there may be there and gone again before its answer is heard.
        occupant = work.tree.bound(service, there.parent, work.member(service).key(there.name))
        if occupant is None or work.tree.node(occupant).state(service).known is not None:
            return  # What is elsewhere until then is missed there.
    state = work.tree.node(occupant).state(service)
    if seq < state.seq and state.present:
        _recheck(work, service, there)  # It was looked for before the last answer, or went right after it.
    miss(work, service, occupant, seq)


def _ask_again(work: Work, service: ServiceName, there: Place, observation: Observation) -> None:
    """Has a place asked for again whose answer is older than what was told of it meanwhile.

    Only an answer that is newer can tell what became of a mutation of unknown outcome.
    """
    occupant = work.locate(service, there.parent, there.name)
    state = work.tree.node(occupant).services[service] if occupant is not None else None
    if state is None or state.intent is None or (service, occupant) in work.in_flight:
        return
    overtaken = state.intent.phase is Phase.SENT and observation.seq < state.seq
    if overtaken and work.member(service).capabilities.stat_files:
        work.effects.append(Recheck(service, observation.path))


def _as_spelled(work: Work, service: ServiceName, there: Place) -> Place:
    """Returns a place that was asked for under the name that is known to be there.

    A service that cannot tell two names apart answers for either. Which one it has, listings and events tell.
    """
    member = work.member(service)
    if member.capabilities.name_comparison is NameComparison.EXACT:
        return there
    occupant = work.locate(service, there.parent, there.name)
    state = work.tree.node(occupant).services[service] if occupant is not None else None
    known = state.place if state is not None else None
    return known if known is not None and _is_respelled(work, service, known, there) else there


def _is_respelled(work: Work, service: ServiceName, known: Place, there: Place) -> bool:
    """Returns whether two places are one to a service, whose names are spelled in two ways."""
    key = work.member(service).key
    return known != there and known.parent == there.parent and key(known.name) == key(there.name)


def _admitted(work: Work, service: ServiceName, observation: Observation, link: Present) -> Present | Inadmissible:
    """Returns a symbolic link if it may enter; one that leads out of the folder must not, on any service."""
    member = work.member(service)
    wrong = paths.link_fault(observation.path, link.target or "") if member.symlinks else "symbolic links are skipped"
    if wrong is None:
        return link
    work.effects.append(Notice("file_ignored", service, observation.path, {"reason": wrong}))
    source = work.at(service, observation.moved_from) if observation.moved_from is not None else None
    if source is not None:
        miss(work, service, source, observation.seq)
    return Inadmissible(wrong, link.revision, link.native_id)


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


def decide(
    work: Work,
    service: ServiceName,
    node: Node,
    before: Seen | None = None,
    *,
    fresh: bool = False,
    settled: bool = False,
    learned: bool = False,
) -> None:
    """Decides about what a service shows of a node, if that can be decided now. Puts the node.

    Args:
        work: The unit of work.
        service: Where.
        node: The node; its `seen` is already the new one.
        before: What was seen there before, if that is known.
        fresh: Whether the service was asked just now: only then does it tell that a mutation was not done.
        settled: Whether losses were counted. Before, a file that has lost all its content waits as one that is missed.
        learned: Whether a digest was learned on the way, which others may wait for.
    """
    if work.acting != service:
        work.acting = None  # What is noted of another service may not hold after this.
    state = node.state(service)
    seen, known, head = state.seen, state.known, (node.head, node.deleted)
    version = node.versions.get(known.version) if known is not None else None
    if seen is not None and not seen.reason and not state.gone and (service, node.id) not in work.in_flight:
        fresh = fresh and node.id not in work.overtaken
        before = seen_before(state, before)
        settle_intent(work, service, node, state, seen, before, fresh=fresh)
        if work.member(service).readable:
            decide_content(work, service, node, state, seen, before, settled=settled)
        else:
            decide_drift(work, service, node, state, seen)
    learned = learned or (version is not None and node.versions.get(version.number, version) is not version)
    if (learned or head != (node.head, node.deleted)) and len(node.services) > 1:
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
            # It has left since, by a user or by us; or it was missed under another path, which tells nothing here.
            if work.member(service).capabilities.stat_files:
                work.effects.append(Recheck(service, observation.path))
            return None
    elif is_known(work, service, occupant, there, entry, observation.seq):
        state = work.tree.node(occupant).services[service]
        if observation.seq < state.seq and not _was_there(state, there, entry):
            _recheck(work, service, there)
        _miss_source(work, service, observation, occupant)  # The name was looked at before the rename was told.
        _relist_another(work, service, observation, entry)
        return None
    node = _find(work, service, there, observation, entry, occupant, probed)
    if isinstance(node, Probe):
        return node
    if isinstance(node, Unknown):
        return None  # Nobody knows yet whether it is what we have brought there: it is asked for again.
    if node is None:
        if not work.member(service).readable:
            # Something of its own in a place that is only written: unmanaged.
            reason = {"cause": Cause.MODE.value, "reason": "the mode of this place does not allow reading"}
            work.effects.append(Notice("file_ignored", service, observation.path, reason))
            return None
        where = place_for_new(work, service, there, observation.path, entry)
        if where is None:
            return None
        there = where
        node = place.create(work, service, there, entry)
        if observation.moved_from is not None and entry.kind is Kind.DIRECTORY:
            # It comes from where nothing is known, and nobody tells what lies in it.
            work.effects.append(Relist(service, observation.path))
    elif observation.moved_from is not None and entry.kind is Kind.DIRECTORY and work.scope.is_selective:
        work.effects.append(Relist(service, observation.path))  # What was left alone in it may belong here now.
    elif node.id == occupant:
        _relist_another(work, service, observation, entry)
    _take_in(work, service, node, there, entry, observation.seq, fresh=fresh)
    return None


def _relist_another(work: Work, service: ServiceName, observation: Observation, entry: Present) -> None:
    """Has a directory listed that was renamed to where one is known, and that nothing tells from that one.

    They may have been swapped: then what lies in it is another's.
    """
    if observation.moved_from is not None and entry.kind is Kind.DIRECTORY and not entry.native_id:
        work.effects.append(Relist(service, observation.path))


def _miss_source(work: Work, service: ServiceName, observation: Observation, node_id: NodeId) -> None:
    """Notes that what a rename has brought to a name, where another entry is, is not at its old one."""
    source = work.at(service, observation.moved_from) if observation.moved_from is not None else None
    if source is not None and source != node_id:
        miss(work, service, source, observation.seq)


def _find(
    work: Work,
    service: ServiceName,
    there: Place,
    observation: Observation,
    entry: Present,
    occupant: NodeId | None,
    probed: Mapping[str, State],
) -> Node | Probe | Unknown | None:
    """Returns the node an entry is, None for a new one; whoever it takes the place of is gone from there."""
    # What we may have put there comes first: ids are given out again, so its own may be that of what it replaced.
    brought = bound(work, service, there, entry, occupant, probed)
    if brought is not None:
        if isinstance(brought, Node):
            if occupant is not None and occupant != brought.id:
                displace(work, service, occupant)
            _miss_source(work, service, observation, brought.id)  # Or it is that, moved to where ours was to go.
        return brought
    if not work.member(service).readable:
        return node_at(work, service, there, entry, occupant)
    if occupant is not None and observation.moved_from is not None and entry.kind is not Kind.DIRECTORY:
        # Renamed over a file, as editors save: the name keeps its history, and the old name is missed.
        source = work.at(service, observation.moved_from)
        if source is not None and source != occupant:
            miss(work, service, source, observation.seq)
        return node_at(work, service, there, entry, occupant)
    moved = mover(work, service, there, observation, entry, occupant, probed)
    if isinstance(moved, Probe):
        return moved
    if moved is None or moved == occupant:
        return node_at(work, service, there, entry, occupant)
    if occupant is not None:
        displace(work, service, occupant)
    return work.tree.node(moved)


def _is_left_alone(work: Work, service: ServiceName, path: str, there: Place) -> Refusal | None:
    """Returns why an entry is left alone that passes all filters itself: what everybody else has does not."""
    if not work.scope.is_selective:
        return None
    found = work.locate(service, there.parent, there.name) or work.tree.child(there.parent, there.name)
    node = work.tree.node(found) if found is not None else None
    if node is None or service not in node.outside or node.version.kind is Kind.DIRECTORY:
        return None
    if not is_at_head(work.scope, node, service, there):
        return None
    why = exclusion(work.scope, service, path, node)
    state = node.services.get(service)
    if why is not None and why.cause is Cause.RULE and (state is None or not state.filtered):
        return None  # It brings this file itself, and keeps it.
    return why


def _refuse(
    work: Work, service: ServiceName, observation: Observation, there: Place, entry: Present, why: Refusal
) -> None:
    """Leaves an entry alone that is not in the service's scope, and tells so."""
    path = observation.path
    if observation.moved_from is not None:
        source = work.at(service, observation.moved_from)
        if source is not None:
            miss(work, service, source, observation.seq)  # Moved out of the folder, as far as that goes.
    occupant = work.locate(service, there.parent, there.name)
    if occupant is None:
        occupant = work.tree.child(there.parent, there.name)
    above = path.rpartition("/")[0]
    if not above or refusal(work.scope, service, above, _SOME_DIRECTORY) is None:
        fields = {"cause": why.cause.value, "reason": why.text}
        work.effects.append(Notice("file_ignored", service, path, fields))
    if occupant is None:
        return
    node = work.tree.node(occupant)
    state = node.state(service)
    if observation.seq < state.seq:
        return
    state.seq, state.gone = observation.seq, Gone.NO
    leave_alone(state, why.text, Seen(there, entry))
    work.tree.put(node)


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
        if state.gone or not _was_there(state, there, entry):
            # Its old place was looked at since this was seen: that says nothing of the new one.
            _recheck(work, service, there)
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
            if before is not None and _is_respelled(work, service, before.place, there):
                # Who is asked for one spelling answers for either, so only a listing tells which it is.
                work.effects.append(Relist(service, path.rpartition("/")[0]))
        return
    if before is not None and entry.kind is Kind.FILE and before.entry.revision == entry.revision:
        entry = _with_digests(entry, before.entry)
    if before is not None and before.place != there:
        work.departed.note(service, before.place, seq)
        if entry.kind is Kind.DIRECTORY:
            work.moved()
    state.seq, state.gone = seq, Gone.NO
    state.seen = Seen(there, entry)
    decide(work, service, node, before, fresh=fresh)
    if before is not None and entry.native_id and before.entry.revision != entry.revision:
        _recheck_other_names(work, service, node, entry)


def _was_there(state: ServiceState, there: Place, entry: Present) -> bool:
    """Returns whether an entry is as it was seen, answered or replaced by us before.

    Anything else was not there before an answer, though the look at it may have begun before that: a number is taken
    before a look, and an answer gets its own when it comes.
    """
    known = [state.seen.entry.revision] if state.seen is not None else []
    known += [base.revision for base in (state.base, state.intent and state.intent.after) if base]
    return state.place == there and (entry.revision in known or entry.revision in state.retired)


def _with_digests(entry: Present, before: Present) -> Present:
    """Returns an entry with the digests that were known of it, if it bears the revision that it had."""
    if before.racy:
        # It stays so until a digest has told whether it was written a second time.
        return entry if entry.digests else msgspec.structs.replace(entry, racy=True)
    if entry.racy or any(before.digests.get(name, value) != value for name, value in entry.digests.items()):
        return entry
    return msgspec.structs.replace(entry, digests={**before.digests, **entry.digests})


def _recheck(work: Work, service: ServiceName, there: Place) -> None:
    path = work.path_on(service, there)
    if path is not None:
        work.effects.append(Recheck(service, path))


def _recheck_other_names(work: Work, service: ServiceName, node: Node, entry: Present) -> None:
    """Has the other names of a file that has several looked at again: what was changed at one is changed at all."""
    if entry.kind is not Kind.FILE:
        return
    for other in list(work.tree.by_native_id(service, entry.native_id)):
        if other == node.id:
            continue
        state = work.tree.node(other).services[service]
        seen = state.seen
        if seen is not None and not state.gone and not seen.reason and seen.entry.revision != entry.revision:
            path = work.path_on(service, seen.place)
            if path is not None:
                work.effects.append(Recheck(service, path))


def _decide_others(work: Work, service: ServiceName, node: Node) -> None:
    """Decides again about the services that wait, now that there is another head or another digest."""
    for other, state in list(work.states(node)):
        if other != service and state.present and (not state.decided or _is_read_and_racy(state)):
            decide(work, other, node)


def _is_read_and_racy(state: ServiceState) -> bool:
    """Returns whether an entry bears the revision that is known, and its digest may yet say that it was edited."""
    return state.seen is not None and state.seen.entry.racy and bool(state.seen.entry.digests)
