"""Where things are on a service while a plan is made: paths with what is planned done, and sources of bytes."""

from __future__ import annotations

from collections.abc import Iterable

from onitu.core.node import Node, NodeId, Phase, Place, ServiceName, Version
from onitu.core.task import Source
from onitu.core.tree import Work


class Routes:
    """Paths on one service.

    Args:
        work: The unit of work.
        service: The service.

    Attributes:
        planned: Where the entries are that the plan has changed so far; None for a deleted one.
    """

    def __init__(self, work: Work, service: ServiceName) -> None:
        self._tree = work.tree
        self._root = work.scope.root
        self._service = service
        self.planned: dict[NodeId, Place | None] = {}
        self._paths: dict[NodeId, str] = {self._root: ""}

    def put(self, node: NodeId, place: Place | None, *, takes_along: bool) -> None:
        """Notes where an entry will be.

        Args:
            node: The entry.
            place: Its place, or None where it is deleted.
            takes_along: Whether paths of others change with it.
        """
        self.planned[node] = place
        if takes_along:
            self._paths = {self._root: ""}

    def forget(self) -> None:
        """Forgets where directories were: one of them has become another node."""
        self._paths = {self._root: ""}

    def path(self, place: Place) -> str | None:
        """Returns the path of a place; None if its directory is not there, or is being changed right now."""
        above = self._directory(place.parent)
        if above is None:
            return None
        return f"{above}/{place.name}" if above else place.name

    def _directory(self, node_id: NodeId) -> str | None:
        chain: list[tuple[NodeId, str]] = []
        passed: set[NodeId] = set()
        current = node_id
        while current not in self._paths:
            place = self.planned[current] if current in self.planned else self._standing(current)
            if place is None or current in passed:
                return None  # What lies in itself is nowhere. Nothing takes that in; but a plan always ends.
            passed.add(current)
            chain.append((current, place.name))
            current = place.parent
        path = self._paths[current]
        for node, name in reversed(chain):
            path = f"{path}/{name}" if path else name
            self._paths[node] = path
        return path

    def _standing(self, node_id: NodeId) -> Place | None:
        found = self._tree.find(node_id)
        state = found.services.get(self._service) if found is not None else None
        if state is None or state.known is None or (state.intent is not None and state.intent.phase is Phase.SENT):
            return None
        return state.place


class Sources:
    """Where the bytes for one service come from.

    Args:
        work: The unit of work.
        service: The service that is written to.
        sources: The services that can be read now, best first.
    """

    def __init__(self, work: Work, service: ServiceName, sources: Iterable[ServiceName]) -> None:
        self._work = work
        self._service = service
        self._names = [name for name in sources if name in work.scope.members and work.member(name).readable]

    def find(self, node: Node, version: Version, *, own: bool = False) -> Source | None:
        """Returns the best place to read a version from: its own services, or where a conflict's loser still lies.

        Args:
            node: The node that is to be written.
            version: What is to be written.
            own: Whether what the service itself holds of it elsewhere counts.
        """
        for service in self._names:
            found = self._in(service, node, version.number, own=own)
            if found is not None:
                return found
        loser = self._work.tree.find(version.kept_from) if version.kept_from is not None else None
        if loser is None:
            return None
        for number, held in loser.versions.items():
            if node.id in (held.kept_as, held.moved_to):
                # The service's own copy first: the bytes stay where they are.
                for service in sorted(self._names, key=lambda name: name != self._service):
                    found = self._in(service, loser, number, own=True)
                    if found is not None:
                        return found
        return None

    def _in(self, service: ServiceName, node: Node, number: int, *, own: bool = False) -> Source | None:
        """Returns a service as the source of a version, if it holds it and nothing undecided is there."""
        if service == self._service and not own:
            return None
        state = node.services.get(service)
        if state is None or not state.present:
            return None
        known, seen = state.known, state.seen
        if state.intent is not None and state.intent.phase is Phase.SENT:
            return None  # About to be replaced there.
        if known is None or seen is None or seen.entry.revision != known.revision:
            return None
        if known.version != number and not (number == node.head and node.same_bytes(known.version)):
            return None
        path = self._work.path_on(service, seen.place)
        return Source(service, node.id, path, known.revision) if path is not None else None
