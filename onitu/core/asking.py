"""Asks for the digests without which two contents of equal size cannot be told apart."""

from __future__ import annotations

from collections.abc import Iterator

from onitu.core.model import DIGEST, Present
from onitu.core.node import Node, ServiceName, Version
from onitu.core.tree import NeedDigest, Work


def ask_digests(work: Work, service: ServiceName, node: Node, entry: Present, version: Version) -> bool:
    """Asks for the digests that would decide whether an entry is a version. Returns False where they cannot be had.

    Services have algorithms of their own: where each side tells another one, one of them has to compute the other's.
    """
    if entry.digests.keys() & version.digests.keys():
        return True
    holders = list(_holders(work, service, node, entry, version))
    ways = [
        *((holder, algorithm) for holder in holders for algorithm in _computed(work, holder, entry.digests)),
        *((service, algorithm) for algorithm in _computed(work, service, version.digests)),
    ]
    if ways:
        # Who tells digests of its own accord is far away, and would have to be read.
        asked, algorithm = min(ways, key=lambda way: bool(work.member(way[0]).capabilities.free_digests))
        work.effects.append(NeedDigest(asked, node.id, algorithm))
        return True
    if DIGEST not in version.digests:
        if not holders:
            return False
        work.effects.append(NeedDigest(holders[0], node.id))
    if DIGEST not in entry.digests:
        work.effects.append(NeedDigest(service, node.id))
    return True


def _holders(work: Work, service: ServiceName, node: Node, entry: Present, version: Version) -> Iterator[ServiceName]:
    """Yields the services that hold a version as it was written there, and can be read."""
    for name, state in work.states(node):
        if (
            state.present
            and state.known is not None
            and state.known.version == version.number
            and state.seen is not None
            and state.seen.entry.revision == state.known.revision
            # What the entry itself has not told, asking for it once more does not tell either.
            and not (name == service and (entry.digests or state.seen.entry.revision != entry.revision))
            and work.member(name).readable
        ):
            yield name


def _computed(work: Work, service: ServiceName, digests: dict[str, bytes]) -> list[str]:
    """Returns which of some algorithms a service computes where its files lie, or by reading them."""
    return sorted(digests.keys() & {*work.member(service).capabilities.computed_digests})
