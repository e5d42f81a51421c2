"""What has to be done on one service to make it hold what it should: the planner.

It looks at nodes where base is not head, and answers tasks in an order in which they can be done one after the other:
a directory before what lies in it, whoever leaves a name before whoever takes it, children before their directory is
deleted. Each task carries what is expected to be there: the revision in base, never the one that was only seen.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable

import attrs
import msgspec

from onitu.core.lifecycle import hold
from onitu.core.model import Kind
from onitu.core.node import (
    Action,
    Base,
    Intent,
    Node,
    NodeId,
    Phase,
    Place,
    ServiceName,
    ServiceState,
    Version,
)
from onitu.core.tree import Work


#: Candidates looked at in one go, whether or not they can be planned: a transaction stays short.
MOST_LOOKED_AT = 2_000


class Source(msgspec.Struct, frozen=True):
    """Where the bytes of a version can be had.

    Attributes:
        service: The service.
        node: The node that holds them there; another one than the target's for a conflict copy.
        path: Its path there.
        revision: The revision that has to be there.
    """

    service: ServiceName
    node: NodeId
    path: str
    revision: str


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One mutation of one service.

    Attributes:
        node: What it is about.
        action: What is done.
        path: Where, as the service spells it.
        expected: The revision that must be there, or None for nothing.
        destination: For a move, where to.
        version: The version the service holds afterwards; for a deletion the one that is removed.
        source: For a write, where its bytes are.
    """

    node: NodeId
    action: Action
    path: str
    expected: str | None = None
    destination: str = ""
    version: Version
    source: Source | None = None


class Obstacle(enum.Enum):
    """Why a node cannot be brought up to date now, where a person should know."""

    COLLISION = "another entry has a name that the service cannot tell from this one"
    UNMANAGED = "something that Onitu does not synchronise is in its place"
    NO_SOURCE = "no service that holds this version can be read now"


@attrs.define
class Plan:
    """What came out.

    Attributes:
        tasks: What to do, in order.
        obstacles: What cannot be done, and why.
        paths: The paths of those in the head tree.
        bytes: Content to be moved by the tasks.
        next: The candidate to go on with, or None if all were looked at.
        needs_sync: Something waits for what is already written to become durable.
    """

    tasks: list[Task] = attrs.Factory(list)
    obstacles: dict[NodeId, Obstacle] = attrs.Factory(dict)
    paths: dict[NodeId, str] = attrs.Factory(dict)
    bytes: int = 0
    next: NodeId | None = None
    needs_sync: bool = False


class Planner:
    """Plans for one service inside one transaction.

    Args:
        work: The unit of work.
        service: The service that is to be changed.
        sources: The services that can be read now, best first.
        boot: Boot id of this host, kept with each intent.
        skip: Tells which nodes are not to be touched now, because they failed a moment ago.
    """

    def __init__(
        self,
        work: Work,
        service: ServiceName,
        *,
        sources: Iterable[ServiceName],
        boot: str,
        skip: Callable[[NodeId], bool] = lambda _: False,
    ) -> None:
        self._work = work
        self._tree = work.tree
        self._service = service
        self._member = work.member(service)
        self._sources = [name for name in sources if name in work.scope.members and work.member(name).readable]
        self._boot = boot
        self._skip = skip
        self._planned: dict[NodeId, Place | None] = {}
        self._visiting: set[NodeId] = set()
        self._result = Plan()
        self._paths: dict[NodeId, str] = {work.scope.root: ""}

    def plan(self, candidates: Iterable[NodeId], *, most_tasks: int, most_bytes: int) -> Plan:
        """Plans for the candidates, in their order, until enough is planned. Intents are recorded with it.

        Args:
            candidates: Nodes where base may not be head.
            most_tasks: When to stop.
            most_bytes: When to stop.
        """
        result, left = self._result, MOST_LOOKED_AT
        for node in candidates:
            left -= 1
            if len(result.tasks) >= most_tasks or result.bytes >= most_bytes or not left:
                result.next = node
                break
            self._node(node)
        return result

    def _node(self, node_id: NodeId) -> bool:
        """Plans for one node and what must come before it. Returns whether it is planned now."""
        if node_id in self._planned:
            return True
        if node_id in self._visiting or self._skip(node_id) or (self._service, node_id) in self._work.in_flight:
            return False
        node = self._tree.find(node_id)
        if node is None or not node.versions:
            return False
        state = node.state(self._service)
        if not self._ready(node, state):
            return False
        self._visiting.add(node_id)
        try:
            return self._delete(node, state) if node.deleted else self._bring(node, state)
        finally:
            self._visiting.discard(node_id)

    def _ready(self, node: Node, state: ServiceState) -> bool:
        """Returns whether nothing undecided stands in the way."""
        if state.intent is not None and state.intent.phase is Phase.SENT:
            return False  # The barrier: nothing is stacked on an unknown outcome.
        if state.seen is not None and state.seen.reason and state.present:
            self._hinder(node, Obstacle.UNMANAGED)
            return False
        return state.decided or not self._member.readable

    def _hinder(self, node: Node, obstacle: Obstacle) -> None:
        """Notes why a node cannot be brought up to date now."""
        self._result.obstacles[node.id] = obstacle
        self._result.paths[node.id] = self._work.head_path(node)

    def _expected(self, state: ServiceState) -> str | None:
        """Returns what must be there: what was decided about, or in a place only written, what lies there."""
        if not self._member.readable:
            return state.seen.entry.revision if state.present and state.seen is not None else None
        known = state.known
        return known.revision if known is not None else None

    def _bring(self, node: Node, state: ServiceState) -> bool:
        """Plans a creation, a move, a write or a change of attributes."""
        assert node.place is not None  # noqa: S101 - roots are never planned
        known = state.known
        if not self._member.readable:
            if state.drift == node.head:
                return False  # What was changed there is shown, and survives until there is something new.
            known = _replaceable(state)
        if known is None:
            return self._create(node, state, node.place)
        if known.place != node.place:
            return self._move(node, state, known, node.place)
        if known.version == node.head:
            return False
        return self._replace(node, state, known)

    def _replace(self, node: Node, state: ServiceState, known: Base) -> bool:
        """Plans new content or new attributes for an entry that is in its place."""
        head, held = node.version, node.versions.get(known.version)
        if held is not None and not self._kept(held):
            return False
        if head.kind is Kind.DIRECTORY or (held is not None and _same_bytes(held, head)):
            if head.kind is Kind.DIRECTORY or not self._member.capabilities.executable:
                hold(state, Base(node.head, known.place, known.revision))
                self._tree.put(node)
                return False
            if self._member.capabilities.set_attributes:
                return self._add(node, state, Action.SET_ATTRIBUTES, self._path(known.place), place=known.place)
        return self._write(node, state, self._path(known.place), known.place)

    def _kept(self, held: Version) -> bool:
        """Returns whether content that is about to be replaced is held under its conflict name here, if it lost one."""
        if held.kept_as is None:
            return True
        copy = self._tree.find(held.kept_as)
        if copy is None or copy.deleted:
            return True
        state = copy.services.get(self._service)
        if state is not None and state.base is not None:
            return True
        if state is not None and state.known is not None:
            self._result.needs_sync = True  # Written, but a power cut could still take it back.
        else:
            self._node(copy.id)
        return False

    def _create(self, node: Node, state: ServiceState, place: Place) -> bool:
        """Plans an entry that the service does not hold."""
        path = self._reach(node, place)
        if path is None or node.id in self._planned or node.version.kind is Kind.SYMLINK:
            return False
        if node.version.kind is Kind.DIRECTORY:
            return self._add(node, state, Action.MAKE_DIRECTORY, path, place=place)
        return self._write(node, state, path, place)

    def _write(self, node: Node, state: ServiceState, path: str | None, place: Place) -> bool:
        """Plans a write from the best service that holds the version."""
        source = self._find_source(node, node.version)
        if source is None:
            self._hinder(node, Obstacle.NO_SOURCE)
            return False
        self._result.bytes += node.version.size
        return self._add(node, state, Action.WRITE, path, place=place, source=source)

    def _move(self, node: Node, state: ServiceState, known: Base, place: Place) -> bool:
        """Plans a rename; a directory takes everything below it along."""
        path, destination = self._path(known.place), self._reach(node, place)
        if node.id in self._planned:
            return True  # It had to step aside for the entry whose name it takes.
        if path is None or destination is None or destination.startswith(path + "/"):
            return False  # In the last case the directory it goes to still lies in it: that one leaves first.
        return self._add(node, state, Action.MOVE, path, place=place, destination=destination)

    def _delete(self, node: Node, state: ServiceState) -> bool:
        """Plans a deletion; a directory only when nothing is left in it once the plan is done."""
        known = state.known
        if known is None or (not self._member.readable and not state.present):
            return False
        if node.version.kind is Kind.DIRECTORY:
            for child in list(self._work.held_children(self._service, node.id)):
                if not self._leaves(child, node.id):
                    return False
        held = node.versions.get(known.version)
        if held is not None and not self._kept(held):
            return False
        return self._add(node, state, Action.DELETE, self._path(known.place), place=None)

    def _leaves(self, child: NodeId, parent: NodeId) -> bool:
        """Returns whether a child is out of a directory once what is planned is done, planning it if it can be."""
        if not self._node(child):
            return False
        place = self._planned.get(child)
        return place is None or place.parent != parent

    def _reach(self, node: Node, place: Place) -> str | None:
        """Returns the path of a place that is, or is going to be, there and free; plans what must come before."""
        parent = self._tree.node(place.parent)
        if parent.place is not None and not self._stands(parent):
            return None
        occupant = self._work.locate(self._service, place.parent, place.name)
        if occupant is not None and occupant != node.id and not self._vacates(node, occupant, place):
            return None
        return self._path(place)

    def _stands(self, parent: Node) -> bool:
        """Returns whether a directory is on the service, or is made before in this plan."""
        if parent.id in self._planned:
            return True
        state = parent.services.get(self._service)
        if state is not None and state.known is not None and not state.gone:
            return state.intent is None or state.intent.phase is Phase.VISIBLE
        return self._node(parent.id)

    def _vacates(self, node: Node, occupant: NodeId, place: Place) -> bool:
        """Returns whether the entry that has a name leaves it before, in this plan."""
        if occupant in self._planned:
            return self._planned[occupant] != place
        other = self._tree.node(occupant)
        state = other.state(self._service)
        if state.gone:
            return False  # Not yet decided whether it is deleted or moved.
        if state.intent is not None and state.intent.phase is Phase.SENT:
            return False
        if state.present and state.seen is not None and state.seen.reason:
            self._hinder(node, Obstacle.UNMANAGED)
            return False
        if occupant in self._visiting:
            return self._step_aside(other, state)
        if self._node(occupant):
            return self._planned.get(occupant) != place
        known = state.known
        if not other.deleted and known is not None and known.place == other.place:
            self._hinder(node, Obstacle.COLLISION)
        return False

    def _step_aside(self, node: Node, state: ServiceState) -> bool:
        """Breaks a circle of names, such as a swap: one entry takes a name of its own for a moment."""
        known = state.known
        if known is None:
            return False
        aside = Place(known.place.parent, f"{known.place.name[:80]} (moving {node.id:x})")
        path, destination = self._path(known.place), self._path(aside)
        if path is None or destination is None:
            return False
        return self._add(node, state, Action.MOVE, path, place=aside, destination=destination)

    def _path(self, place: Place) -> str | None:
        """Returns the path of a place on the service, with what is planned done."""
        above = self._directory_path(place.parent)
        if above is None:
            return None
        return f"{above}/{place.name}" if above else place.name

    def _directory_path(self, node_id: NodeId) -> str | None:
        """Returns the path of a directory on the service, with what is planned done; None if it is not there."""
        chain: list[tuple[NodeId, str]] = []
        current = node_id
        while current not in self._paths:
            place = self._planned[current] if current in self._planned else self._standing(current)
            if place is None:
                return None
            chain.append((current, place.name))
            current = place.parent
        path = self._paths[current]
        for node, name in reversed(chain):
            path = f"{path}/{name}" if path else name
            self._paths[node] = path
        return path

    def _standing(self, node_id: NodeId) -> Place | None:
        """Returns where a directory is on the service; None if it is not there, or is being changed right now."""
        state = self._tree.node(node_id).services.get(self._service)
        if state is None or state.known is None or (state.intent is not None and state.intent.phase is Phase.SENT):
            return None
        return state.place

    def _find_source(self, node: Node, version: Version) -> Source | None:
        """Returns the best place to read a version from: its own services, or where a conflict's loser still lies."""
        for service in self._sources:
            found = self._source_in(service, node, version.number)
            if found is not None:
                return found
        if version.kept_from is None:
            return None
        loser = self._tree.find(version.kept_from)
        if loser is None:
            return None
        for number, held in loser.versions.items():
            if held.kept_as == node.id:
                # The service's own copy first: the bytes stay where they are.
                for service in sorted(self._sources, key=lambda name: name != self._service):
                    found = self._source_in(service, loser, number, own=True)
                    if found is not None:
                        return found
        return None

    def _source_in(self, service: ServiceName, node: Node, number: int, *, own: bool = False) -> Source | None:
        """Returns a service as the source of a version, if it holds it and nothing undecided is there."""
        if service == self._service and not own:
            return None
        state = node.services.get(service)
        if state is None or not state.present:
            return None
        known, seen = state.known, state.seen
        if state.intent is not None and state.intent.phase is Phase.SENT:
            return None  # About to be replaced there.
        if known is None or seen is None or seen.entry.revision != known.revision or known.version != number:
            return None
        path = self._work.path_on(service, seen.place)
        return Source(service, node.id, path, known.revision) if path is not None else None

    def _add(
        self,
        node: Node,
        state: ServiceState,
        action: Action,
        path: str | None,
        *,
        place: Place | None,
        destination: str = "",
        source: Source | None = None,
    ) -> bool:
        """Adds a task and records its intent. Returns False where the path is not there now."""
        if path is None:
            return False
        known = state.known
        version = node.version
        if known is not None and action in (Action.MOVE, Action.DELETE):
            version = node.versions.get(known.version, version)
        expected = self._expected(state)
        task = Task(
            node=node.id,
            action=action,
            path=path,
            expected=expected,
            destination=destination,
            version=version,
            source=source,
        )
        self._result.tasks.append(task)
        before = known if state.intent is not None else None
        state.intent = Intent(
            action=action,
            phase=Phase.SENT,
            place=place,
            version=version.number,
            expected=expected,
            boot=self._boot,
            before=before,
        )
        self._planned[node.id] = place
        if action is Action.MOVE and version.kind is Kind.DIRECTORY:
            self._paths = {self._work.scope.root: ""}
        self._tree.put(node)
        return True


def _replaceable(state: ServiceState) -> Base | None:
    """Returns what lies in a place that is only written, whoever put it there: it is replaced, and kept in the trash."""
    if state.gone:
        return None
    if state.known is not None:
        return state.known
    seen = state.seen
    return Base(0, seen.place, seen.entry.revision) if seen is not None else None


def _same_bytes(held: Version, head: Version) -> bool:
    """Returns whether two versions of a file differ in attributes alone."""
    return bool(held.digests) and held.digests == head.digests and held.size == head.size
