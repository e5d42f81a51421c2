"""Content that has changed without a trace: it is replaced where a person asks for it, and never taken for an edit."""

from __future__ import annotations

import msgspec

from onitu.core.lifecycle import is_head_elsewhere
from onitu.core.node import TORN, Base, Phase
from onitu.core.tree import Work


def replace_rotten(work: Work, service: str, path: str, revision: str) -> str:
    """Has a file written again from another service that holds it. Puts the node.

    What lies there counts as nobody's version from then on: it is expected, replaced, and kept as whatever is replaced.

    Args:
        work: The unit of work.
        service: Where the file has changed without a trace.
        path: Its path there.
        revision: The revision that it shows all the same.

    Returns:
        Why it cannot be done, or "".
    """
    found = work.at(service, path) if service in work.scope.members else None
    node = work.tree.node(found) if found is not None else None
    state = node.services.get(service) if node is not None else None
    if node is None or state is None or state.seen is None or not state.present or node.deleted:
        return "it is not known there"
    known, seen = state.known, state.seen
    if known is None or not state.decided or seen.reason or known.revision != revision:
        return "it was changed meanwhile"
    if (service, node.id) in work.in_flight or (state.intent is not None and state.intent.phase is Phase.SENT):
        return "something is being done with it"
    if not work.member(service).writable:
        return "the mode of this place does not allow writing"
    if not is_head_elsewhere(work, service, node):
        return "no other service holds it"
    state.seen = msgspec.structs.replace(seen, entry=msgspec.structs.replace(seen.entry, digests={}))
    state.base, state.intent, state.unverified = Base(TORN, known.place, revision), None, 0
    work.tree.put(node)
    return ""
