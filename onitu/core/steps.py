"""What one node takes on one service to be as it should: the steps of a plan.

Each step carries what is expected to be there: the revision in base, never the one that was only seen. In which order
nodes are taken is the planner's business: a step is planned where what it waits for is out of the way, and else not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from onitu.core.compare import same_digests
from onitu.core.identity import left_in_doubt
from onitu.core.lifecycle import hold, mend
from onitu.core.model import Kind
from onitu.core.names import aside_name
from onitu.core.node import Action, Base, Intent, Node, NodeId, Phase, Place, ServiceName, ServiceState, Version
from onitu.core.outcome import shown
from onitu.core.parting import part
from onitu.core.paths import link_fault
from onitu.core.routes import Routes, Sources
from onitu.core.task import Obstacle, Plan, Source, Task
from onitu.core.tree import Work


class Steps:
    """The tasks of one plan, node by node.

    Args:
        work: The unit of work.
        service: The service that is to be changed.
        result: Where tasks, and what hinders them, are noted.
        sources: The services that can be read now, best first.
        defer: Tells which writes have to wait, because enough of their kind are under way.

    Attributes:
        planned: Where the entries are that the plan has changed so far; None for a deleted one.
        needed: Directories that have to be there for what goes into them, even if they do not belong here.
    """

    def __init__(
        self,
        work: Work,
        service: ServiceName,
        result: Plan,
        *,
        sources: Iterable[ServiceName],
        defer: Callable[[Node, Source], bool],
    ) -> None:
        self._work = work
        self._tree = work.tree
        self._service = service
        self._member = work.member(service)
        self._sources = Sources(work, service, sources)
        self._routes = Routes(work, service)
        self._result = result
        self._defer = defer
        self.planned = self._routes.planned
        self.needed: set[NodeId] = set()

    def goes(self, node: Node) -> bool:
        """Returns whether an entry is to be taken away: it is deleted, or was moved out of the service's scope."""
        return node.deleted or (self._service in node.outside and node.id not in self.needed)

    def held(self, node: Node, state: ServiceState) -> Base | None:
        """Returns what is replaced, moved or deleted: what was decided about, or what lies in a place only written."""
        return state.known if self._member.readable else _replaceable(node, state)

    def _expected(self, node: Node, state: ServiceState) -> str | None:
        """Returns what must be there: what was decided about, or in a place only written, what lies there."""
        held = self.held(node, state)
        if held is None:
            return None
        return held.revision if self._member.readable or state.seen is None else state.seen.entry.revision

    def hinder(self, node: Node, obstacle: Obstacle) -> None:
        """Notes why a node cannot be brought up to date now."""
        self._result.obstacles[node.id] = obstacle
        self._result.paths[node.id] = self._work.head_path(node)

    def take(self, node: Node, state: ServiceState) -> None:
        """Plans for one node, if what it waits for is out of the way."""
        if node.id in self.planned:
            return  # It had to step aside.
        if self.goes(node):
            if node.deleted or self._is_safe_elsewhere(node, state):
                self._delete(node, state)
            return
        if not self._member.readable and state.drift == node.head:
            return  # What was changed there is shown, and survives until there is something new.
        held, place = self.held(node, state), node.place
        assert place is not None  # noqa: S101 - roots are never planned
        if held is None:
            self._create(node, state, place)
        elif held.place != place:
            self._move(node, state, held, place)
        elif held.version != node.head:
            self._replace(node, state, held)

    def _create(self, node: Node, state: ServiceState, place: Place) -> None:
        """Plans an entry that the service does not hold."""
        if state.intent is not None:
            self._result.needs_sync = True  # What we have deleted there must not be what a power cut could bring back.
            return
        path = self._reach(node, place)
        if path is None:
            return
        if node.version.kind is Kind.DIRECTORY:
            self._add(node, state, Action.MAKE_DIRECTORY, path, place=place)
        else:
            self._write(node, state, path, place)

    def _move(self, node: Node, state: ServiceState, held: Base, place: Place) -> None:
        """Plans a rename; a directory takes everything below it along."""
        path, destination = self._routes.path(held.place), self._reach(node, place)
        if path is None or destination is None or destination.startswith(path + "/"):
            return  # In the last case the directory it goes to still lies in it: that one leaves first.
        self._relocate(node, state, path, destination, place)

    def _relocate(self, node: Node, state: ServiceState, path: str | None, destination: str, place: Place) -> None:
        """Plans a rename, or where the service cannot rename, the making of what is to be deleted later."""
        able = self._member.capabilities
        is_directory = node.version.kind is Kind.DIRECTORY
        if able.move_file and (able.move_directory or not is_directory):
            self._add(node, state, Action.MOVE, path, place=place, destination=destination)
        elif state.intent is not None:
            self._result.needs_sync = True  # What is left behind must not be what a power cut could take back.
        elif node.version.kind is Kind.FILE and self._sources.find(node, node.version, own=True) is None:
            self.hinder(node, Obstacle.NO_SOURCE)
        elif part(self._work, self._service, node) is not None:
            self._routes.forget()
            here = node.state(self._service)
            if is_directory:
                self._add(node, here, Action.MAKE_DIRECTORY, destination, place=place)
            else:
                self._write(node, here, destination, place)

    def _replace(self, node: Node, state: ServiceState, held: Base) -> None:
        """Plans new content or new attributes for an entry that is in its place."""
        head, old = node.version, node.versions.get(held.version)
        if old is not None and not self._kept(old):
            return
        path = self._routes.path(held.place)
        drifted = not self._member.readable and state.seen is not None and state.seen.entry.revision != held.revision
        if drifted:
            self._write(node, state, path, held.place)
            return
        if head.kind is Kind.DIRECTORY or node.same_bytes(held.version) or (old is not None and _same_bytes(old, head)):
            if head.kind is Kind.DIRECTORY or not self._member.capabilities.executable:
                hold(state, Base(node.head, held.place, held.revision))
                self._tree.put(node)
                return
            if self._member.capabilities.set_attributes:
                self._add(node, state, Action.SET_ATTRIBUTES, path, place=held.place)
                return
        self._write(node, state, path, held.place)

    def _write(self, node: Node, state: ServiceState, path: str | None, place: Place) -> None:
        """Plans a write from the best service that holds the version; a link's content is on record."""
        if node.version.kind is Kind.SYMLINK:
            self._write_symlink(node, state, path, place)
            return
        source = self._sources.find(node, node.version)
        if source is None:
            if not mend(self._work, node):
                self.hinder(node, Obstacle.NO_SOURCE)
            return
        if path is None or self._defer(node, source):
            return
        self._result.bytes += node.version.size
        self._add(node, state, Action.WRITE, path, place=place, source=source)

    def _write_symlink(self, node: Node, state: ServiceState, path: str | None, place: Place) -> None:
        """Plans a symbolic link, where it stays inside the folder and the service can hold it."""
        if not self._member.capabilities.symlinks:
            self.hinder(node, Obstacle.NO_SYMLINKS)
        elif path is not None and link_fault(path, node.version.target or "") is not None:
            self.hinder(node, Obstacle.LINK_LEADS_OUT)
        else:
            self._add(node, state, Action.WRITE_SYMLINK, path, place=place)

    def _delete(self, node: Node, state: ServiceState) -> None:
        """Plans a deletion; a directory only when nothing is left in it once the plan is done."""
        known = state.known
        if known is None or (not self._member.readable and not state.present):
            return
        if not self._member.capabilities.delete_file:
            self.hinder(node, Obstacle.NO_DELETION)
            return
        if node.version.kind is Kind.DIRECTORY:
            for child in self._work.held_children(self._service, node.id):
                place = self.planned.get(child, _STAYS)
                if place is not None and (place is _STAYS or place.parent == node.id):
                    return
        old = node.versions.get(known.version)
        if old is None or self._kept(old):
            self._add(node, state, Action.DELETE, self._routes.path(known.place), place=None)

    def _is_safe_elsewhere(self, node: Node, state: ServiceState) -> bool:
        """Returns whether what a service holds of a live entry can be had from another, or was replaced since."""
        known = state.known
        if known is None or node.version.kind is Kind.DIRECTORY or not node.same_bytes(known.version):
            return True
        return self._is_held_elsewhere(node)

    def _is_held_elsewhere(self, node: Node) -> bool:
        """Returns whether another service holds the head durably, and can be read."""
        return any(
            other.base is not None and node.same_bytes(other.base.version)
            for name, other in self._work.states(node)
            if name != self._service and self._work.member(name).readable
        )

    def copy(self, held: Version) -> Node | None:
        """Returns what has to be held before content is replaced or deleted: it lost a conflict, or is moved."""
        kept = held.kept_as if held.kept_as is not None else held.moved_to
        copy = self._tree.find(kept) if kept is not None else None
        return copy if copy is not None and not copy.deleted else None

    def _kept(self, held: Version) -> bool:
        """Returns whether content that is about to be replaced is held under its conflict name here, if it lost one."""
        copy = self.copy(held)
        if copy is None:
            return True
        if self._service in copy.outside:
            return self._is_held_elsewhere(copy)
        state = copy.services.get(self._service)
        if state is not None and state.gone:
            return False  # It may be what was just moved to the name that is to be replaced.
        if state is not None and state.base is not None:
            return True
        if state is not None and state.known is not None:
            self._result.needs_sync = True  # Written, but a power cut could still take it back.
        return False

    def _reach(self, node: Node, place: Place) -> str | None:
        """Returns the path of a place, if it is or is going to be there and free."""
        if not self.stands(place.parent):
            return None
        coming = self._tree.bound(self._service, place.parent, self._member.key(place.name))
        if not {coming, *left_in_doubt(self._work, self._service, place)} <= {None, node.id}:
            return None  # Something else of ours may be there, or is on its way.
        occupant = self._work.locate(self._service, place.parent, place.name)
        if occupant is not None and occupant != node.id and not self._vacates(node, occupant, place):
            return None
        return self._routes.path(place)

    def stands(self, parent: NodeId) -> bool:
        """Returns whether a directory is on the service, or is made before in this plan."""
        if parent in self.planned or parent == self._work.scope.root:
            return True
        state = self._tree.node(parent).services.get(self._service)
        if state is None or state.known is None or state.gone:
            return False
        return state.intent is None or state.intent.phase is Phase.VISIBLE

    def _vacates(self, node: Node, occupant: NodeId, place: Place) -> bool:
        """Returns whether the entry that has a name leaves it before, in this plan."""
        if occupant in self.planned:
            return self.planned[occupant] != place
        other = self._tree.node(occupant)
        state = other.state(self._service)
        if state.gone and not self._member.readable:
            return True  # What became of it does not count.
        if state.gone or (state.intent is not None and state.intent.phase is Phase.SENT):
            return False  # Not yet decided whether it is deleted or moved.
        known = state.known
        if state.present and state.seen is not None and state.seen.reason:
            self.hinder(node, Obstacle.UNMANAGED)
        elif not other.deleted and known is not None and known.place == other.place:
            self.hinder(node, Obstacle.COLLISION)
        return False

    def step_aside(self, node: Node) -> None:
        """Breaks a circle of names, such as a swap: one entry takes a name of its own for a moment."""
        state = node.state(self._service)
        held = self.held(node, state)
        if node.id in self.planned or held is None:
            return
        aside = self._aside(held.place, node.id)
        path, destination = self._routes.path(held.place), self._routes.path(aside)
        if destination is not None:
            self._relocate(node, state, path, destination, aside)

    def wait_beside(self, node: Node) -> None:
        """Brings an entry beside its place, where it waits until what is left of it, or holds it, is deleted there."""
        state, place = node.state(self._service), node.place
        if node.id in self.planned or place is None:
            return
        beside, held = self._aside(place, node.id), self.held(node, state)
        if held is None:
            self._create(node, state, beside)
        else:
            self._move(node, state, held, beside)

    def _aside(self, place: Place, node_id: NodeId) -> Place:
        """Returns a name beside a place that an entry takes for a moment."""
        attempt = 1
        while True:
            aside = Place(place.parent, aside_name(place.name, node_id, attempt=attempt))
            if self._work.locate(self._service, aside.parent, aside.name) is None:
                return aside
            attempt += 1

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
    ) -> None:
        """Adds a task and records its intent; nothing where the path is not there now."""
        if path is None:
            return
        known, version = state.known, node.version
        if known is not None and action in (Action.MOVE, Action.DELETE):
            version = node.versions.get(known.version, version)
        expected = self._expected(node, state)
        self._result.tasks.append(
            Task(
                node=node.id,
                action=action,
                path=path,
                expected=expected,
                destination=destination,
                version=version,
                source=source,
                held=node.versions.get(known.version) if known is not None else None,
                extra=state.seen.entry.extra if state.seen is not None else b"",
            )
        )
        state.intent = Intent(
            action=action,
            phase=Phase.SENT,
            place=place,
            version=version.number,
            expected=expected,
            epoch=state.intent.epoch if state.intent is not None else 0,
            before=known if state.intent is not None else None,
            shown=shown(state),
        )
        self._routes.put(node.id, place, takes_along=action is Action.MOVE and version.kind is Kind.DIRECTORY)
        self._tree.put(node)


#: Where an entry is that is not planned.
_STAYS = Place(0, "")


def _replaceable(node: Node, state: ServiceState) -> Base | None:
    """Returns what lies in a place that is only written, whoever put it there: it is replaced, and kept in trash."""
    if state.gone:
        return None
    if state.known is not None:
        return state.known
    seen = state.seen
    if seen is None or seen.place != node.place:
        return None  # Nothing, or something of its own where this entry is not meant to be.
    return Base(0, seen.place, seen.entry.revision)


def _same_bytes(held: Version, head: Version) -> bool:
    """Returns whether two versions of a file are known to differ in attributes alone by their digests."""
    return held.size == head.size and same_digests(held.digests, head.digests)
