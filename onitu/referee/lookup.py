"""What the core knows of a path, for a driver that asks. A lookup never writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from onitu.core.owners import owners, up_to_date
from onitu.host.stream import Known

if TYPE_CHECKING:
    from onitu.core.node import NodeId, ServiceName
    from onitu.core.tree import Work


def known_entries(work: Work, service: ServiceName, paths: Iterable[str]) -> list[Known]:
    """Returns what is known of paths on a service, in their order.

    Args:
        work: The unit of work; nothing is changed.
        service: The service.
        paths: As the service spells them.
    """
    return [_known(work, service, path) for path in paths]


def _known(work: Work, service: ServiceName, path: str) -> Known:
    found = work.at(service, path)
    if found is None:
        found = _to_come(work, path)
    if found is None:
        return Known(path, None)
    node = work.tree.node(found)
    state = node.services.get(service)
    entry = state.seen.entry if state is not None and state.present and state.seen is not None else None
    return Known(path, entry, owners=owners(work.scope, node), uptodate=up_to_date(work.scope, node))


def _to_come(work: Work, path: str) -> NodeId | None:
    """Returns the node that has a path in the head tree: a service that is about to get it asks about it, too."""
    found: NodeId | None = work.scope.root
    for name in path.split("/"):
        if found is None:
            return None
        found = work.tree.child(found, name)
    return found
