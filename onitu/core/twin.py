"""What a service shows in a directory becomes a directory of its own: its twin."""

from __future__ import annotations

from onitu.core.lifecycle import advance, free_place, mark_of, retire
from onitu.core.model import Kind
from onitu.core.moves import revive_directory
from onitu.core.node import Gone, Node, Place, Seen, ServiceName, ServiceState
from onitu.core.safety import forget_below
from onitu.core.tree import Work


def part_from(
    work: Work, service: ServiceName, unit: Node, *, lacking: Node | None, wins: bool, mark: str | None
) -> None:
    """Makes all that a service shows in a directory one of its own. Puts the nodes.

    Args:
        work: The unit of work.
        service: The service.
        unit: The directory.
        lacking: Something of the head that the service lacks there.
        wins: The new one keeps the name.
        mark: What tells it from others of the name.
    """
    wanted, state = unit.place, unit.state(service)
    assert wanted is not None  # noqa: S101 - a root lies in no directory
    assert state.seen is not None  # noqa: S101 - it is there
    shown = state.seen.place
    revive_directory(work, wanted)
    was_deleted = unit.deleted
    occupant = work.tree.child(wanted.parent, wanted.name)
    if occupant is None:
        place = wanted
    elif wins and occupant == unit.id:
        origin = (lacking or unit).version.origin
        place = wanted
        unit.place = free_place(work, wanted, service=origin, mark=mark_of(lacking or unit))
        work.tree.put(unit)
    else:
        place = free_place(work, wanted, service=service, mark=mark or f"{unit.id:08x}")
    twin = work.tree.create(work.scope.folder, place)
    _hand_over(work, service, unit, twin, shown)
    waiting = [(unit.id, twin.id)]
    while waiting:
        old, new = waiting.pop()
        for number in list(work.held_children(service, old)):
            child = work.tree.node(number)
            seen = child.state(service).seen
            if seen is None or seen.reason or not child.state(service).present:
                forget_below(work, service, number)
                continue
            its = Place(new, seen.place.name)
            other = work.tree.create(work.scope.folder, its)
            _hand_over(work, service, child, other, its)
            if seen.entry.kind is Kind.DIRECTORY:
                waiting.append((number, other.id))
    work.moved()
    if was_deleted:
        work.notice("deletion_overruled", service, twin)
    else:
        kept, copy = (twin, unit) if place == wanted else (unit, twin)
        work.notice("conflict_found", service, kept, copy=work.head_path(copy))


def _hand_over(work: Work, service: ServiceName, old: Node, new: Node, where: Place) -> None:
    """Makes what a service shows of one node another one. Puts both.

    Args:
        work: The unit of work.
        service: The service.
        old: The node it was.
        new: The one it is from now on.
        where: Where it is on the service; what lies in a directory that was handed over lies in the new one.
    """
    state, here = old.state(service), new.state(service)
    seen, known = state.seen, state.known
    assert seen is not None  # noqa: S101 - only what is there is handed over
    entry = seen.entry
    held = old.versions.get(known.version) if known is not None and known.revision == entry.revision else None
    here.seq, here.seen, here.retired = state.seq, Seen(where, entry), state.retired
    let_go(state)
    work.tree.put(old)
    advance(new, service, here, entry, where, digests=held.digests if held is not None else None)
    work.tree.put(new)


def let_go(state: ServiceState) -> None:
    """Forgets that a service holds an entry: what lies there is another one."""
    if state.known is not None:
        retire(state, state.known.revision)
    state.base, state.intent, state.seen, state.gone = None, None, None, Gone.NO
    state.drift, state.brought, state.unverified = 0, False, 0
