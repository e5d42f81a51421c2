"""Asks for the digests without which two contents of equal size cannot be told apart."""

from __future__ import annotations

from onitu.core.model import Present
from onitu.core.node import Node, ServiceName, Version
from onitu.core.tree import NeedDigest, Work


def ask_digests(work: Work, service: ServiceName, node: Node, entry: Present, version: Version) -> bool:
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
                # What the entry itself has not told, asking for it once more does not tell either.
                and not (name == service and (entry.digests or state.seen.entry.revision != entry.revision))
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
