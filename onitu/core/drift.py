"""What is changed in a place that is only written: shown, left alone, and never a source."""

from __future__ import annotations

from onitu.core import lifecycle
from onitu.core.asking import ask_digests
from onitu.core.compare import Equality, same_bytes
from onitu.core.node import Base, Node, Seen, ServiceName, ServiceState
from onitu.core.tree import Work


def decide_drift(work: Work, service: ServiceName, node: Node, state: ServiceState, seen: Seen) -> None:
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
        if ask_digests(work, service, node, entry, version):
            return
        same = Equality.DIFFERENT
    if same is Equality.SAME and known is not None:
        lifecycle.hold(state, Base(known.version, known.place, entry.revision))
        state.drift = 0
    elif known is not None and state.drift != known.version:
        state.drift = known.version
        work.notice("drift_found", service, node)
