"""What became of a mutation of ours whose answer never came, or was taken back by a power cut."""

from __future__ import annotations

import msgspec

from onitu.core.asking import ask_digests
from onitu.core.compare import Equality, same_bytes
from onitu.core.model import Kind, Present
from onitu.core.node import TORN, Action, Base, Intent, Node, Phase, Seen, ServiceName, ServiceState, Version
from onitu.core.tree import NeedSync, Work

#: Nanoseconds within which a person, or a program for one, may edit a file a second time.
_TICK_OF_EDITS = 10_000_000

#: Times of whole seconds are given by archives, builds and services to many files at once: they tell nothing apart.
_SECOND = 1_000_000_000


def shown(state: ServiceState) -> Present | None:
    """Returns the file that a mutation about to be sent finds, if that tells a rename from an edit: `Intent.shown`."""
    known, entry = state.known, state.seen.entry if state.present and state.seen is not None else None
    if known is None or entry is None or entry.kind is not Kind.FILE or entry.revision != known.revision:
        return None
    if not entry.native_id or entry.racy:
        return None
    return msgspec.structs.replace(entry, digests={}, extra=b"")


def seen_before(state: ServiceState, before: Seen | None) -> Seen | None:
    """Returns what an entry that is somewhere else by now is compared with.

    Whatever was seen while a mutation of ours was under way was set aside. It tells nothing of an entry that was
    renamed meanwhile, by us or by somebody else: what was there when the mutation was sent does.

    Args:
        state: What the service shows and holds, with the mutation as long as it was neither done nor refused.
        before: What was seen last.
    """
    intent, known, seen = state.intent, state.known, state.seen
    if intent is None or intent.shown is None or intent.phase is not Phase.SENT or known is None or seen is None:
        return before
    return Seen(known.place, intent.shown) if seen.place != known.place else before


def settle_intent(
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
    if known is not None and intent.place is not None and seen.place == intent.place != known.place:
        # A move that landed; its content is looked at as that of any other entry.
        after = Base(known.version, intent.place, known.revision)
        _settle_before(work, service, node, state, entry, after, fresh=True)
        return
    if known is not None and entry.revision == known.revision and seen.place == known.place:
        # It was not done; but an observation that is under way may be older than the mutation.
        _settle_before(work, service, node, state, entry, None, fresh=fresh)
        return
    target = node.versions[intent.version]
    equality = same_bytes(entry, service, target)
    if equality is Equality.SAME:
        landed(work, service, state, Base(target.number, seen.place, entry.revision))
    elif _is_left_by_power_cut(state, intent, before, entry, equality) or (
        equality is Equality.DIFFERENT
        and intent.action is Action.WRITE
        and _is_mangled(work, service, entry, target)
        and not _may_have_been_moved(work, service, node, entry)
    ):
        # It is written again, and what lies there goes to the trash first.
        landed(work, service, state, Base(TORN, seen.place, entry.revision))
    elif fresh and (equality is Equality.DIFFERENT or not ask_digests(work, service, node, entry, target)):
        if equality is Equality.UNKNOWN and _has_our_mtime(work, service, entry, target):
            landed(work, service, state, Base(target.number, seen.place, entry.revision))
        else:
            state.drop_intent()


def _settle_before(
    work: Work,
    service: ServiceName,
    node: Node,
    state: ServiceState,
    entry: Present,
    after: Base | None,
    *,
    fresh: bool,
) -> None:
    """Settles a mutation that was not done, or has only moved what was there, once it is known whether that is whole.

    Args:
        work: The unit of work.
        service: The service.
        node: The node.
        state: What the service holds of it.
        entry: What is there.
        after: What the service holds since a move; None where nothing was done.
        fresh: Whether that is certain.
    """
    survived, place = _survived(work, service, node, state, entry), state.place
    if survived is Equality.DIFFERENT and place is not None:
        landed(work, service, state, Base(TORN, place, entry.revision))
    elif survived is Equality.SAME and after is not None:
        landed(work, service, state, after)
    elif survived is Equality.SAME and fresh:
        state.drop_intent()


def _survived(work: Work, service: ServiceName, node: Node, state: ServiceState, entry: Present) -> Equality:
    """Returns whether what was visible before a mutation is whole; only a power cut leaves room for doubt.

    Where its digest has to tell, that is asked for.
    """
    intent, known = state.intent, state.known
    version = node.versions.get(known.version) if known is not None else None
    if intent is None or intent.after is None or intent.before is None or known is None or version is None:
        return Equality.SAME
    equality = same_bytes(entry, service, version) if _is_staged(intent, None, entry) else Equality.SAME
    unanswered = equality is Equality.UNKNOWN and not ask_digests(work, service, node, entry, version)
    return Equality.SAME if unanswered else equality


def landed(work: Work, service: ServiceName, state: ServiceState, after: Base | None) -> None:
    """Records that a mutation of unknown outcome was done: as if it were answered only now.

    What is there may still be taken back by a power cut, like whatever else is answered and not flushed.

    Args:
        work: The unit of work.
        service: The service.
        state: What it holds; its intent is the mutation's.
        after: What it holds since.
    """
    epoch = work.epochs.get(service)
    if epoch is None or state.intent is None:
        state.base, state.intent = after, None
        return
    state.intent = msgspec.structs.replace(
        state.intent, phase=Phase.VISIBLE, after=after, before=None, epoch=epoch, shown=None
    )
    work.effects.append(NeedSync(service))


def _has_our_mtime(work: Work, service: ServiceName, entry: Present, target: Version) -> bool:
    """Returns whether an entry carries the modification time that we gave it.

    What else tells our own write, of equal size, where nobody holds the content any more that its digest could be
    learned from: the source was changed or deleted while the outcome was unknown.
    """
    if entry.mtime_ns is None or target.mtime_ns is None:
        return False
    return abs(entry.mtime_ns - target.mtime_ns) < work.member(service).capabilities.mtime_precision_ns


def _is_mangled(work: Work, service: ServiceName, entry: Present, target: Version) -> bool:
    """Returns whether other bytes than ours bear the modification time that we gave ours: nobody edits within it."""
    exact = work.member(service).capabilities.mtime_precision_ns < _TICK_OF_EDITS
    exact = exact and target.mtime_ns is not None and target.mtime_ns % _SECOND != 0
    return exact and _has_our_mtime(work, service, entry, target)


def _may_have_been_moved(work: Work, service: ServiceName, node: Node, entry: Present) -> bool:
    """Returns whether an entry may be another file, missed where it was: two that were written at once share a time."""
    for other in work.tree.awaiting(service, node.folder):
        found = work.tree.find(other) if other != node.id else None
        state = found.services[service] if found is not None else None
        if state is not None and state.gone and state.seen is not None and could_be(state.seen.entry, entry):
            return True
    return False


def could_be(old: Present, new: Present) -> bool:
    """Returns whether an entry can be a known one under another name. Ids alone are reused by file systems."""
    if old.kind is not new.kind or old.target != new.target:
        return False
    return new.kind is not Kind.FILE or (old.size == new.size and old.mtime_ns == new.mtime_ns)


def _is_left_by_power_cut(
    state: ServiceState, intent: Intent, before: Seen | None, entry: Present, equality: Equality
) -> bool:
    """Returns whether an entry is our own write, torn by a power cut, or what we had replaced and that brought back."""
    if equality is Equality.DIFFERENT and _is_staged(intent, before, entry):
        return True
    return intent.after is not None and entry.revision in state.retired


def _is_staged(intent: Intent, before: Seen | None, entry: Present) -> bool:
    """Returns whether an entry is the very one that was visible before a power cut, whatever became of its bytes."""
    after = intent.after
    if after is None or entry.revision == after.revision:
        return after is not None
    was = intent.shown if intent.shown is not None else before.entry if before is not None else None
    if was is None or not entry.native_id or was.revision != after.revision:
        return False  # What was seen last may be an edit itself.
    return was.native_id == entry.native_id and was.mtime_ns == entry.mtime_ns
