"""The unit of work: the nodes as the deciding functions see them, and what they ask for.

`Tree` is what a store offers inside one write transaction. `Work` adds what is decided on the way: effects, and the
walks that need more than one node. Nothing here knows where nodes are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Protocol, TypeAlias

import msgspec

from onitu.core.model import DIGEST, Kind
from onitu.core.node import Node, NodeId, Place, ServiceName, ServiceState, Version
from onitu.core.scope import Member, Scope


class Tree(Protocol):
    """The nodes, inside one transaction. What was put is seen by every later question.

    Attributes:
        effects: Folder name to where goes what is asked for by putting a node of it.
        actor: Where what is being taken in was done; "" where nobody knows.
    """

    effects: dict[str, list[Effect]]
    actor: ServiceName

    def node(self, node: NodeId) -> Node:
        """Returns a node that exists. The same object each time within the transaction."""
        ...

    def find(self, node: NodeId) -> Node | None:
        """Returns a node, or None if it was forgotten."""
        ...

    def glance(self, node: NodeId) -> Node | None:
        """Returns a node that is only read, and that nobody needs again soon: of many, all would be too many."""
        ...

    def create(self, folder: str, place: Place) -> Node:
        """Returns a new node that is not put yet."""
        ...

    def put(self, node: Node) -> None:
        """Keeps a changed node and brings every index up to date. A node nobody needs is forgotten."""
        ...

    def child(self, parent: NodeId, name: str) -> NodeId | None:
        """Returns the live node of this name in the head tree."""
        ...

    def children(self, parent: NodeId) -> Iterator[NodeId]:
        """Yields the live children in the head tree. The tree may be changed meanwhile."""
        ...

    def viewed(self, service: ServiceName, parent: NodeId, key: str) -> NodeId | None:
        """Returns the node a service holds at a place that is not its place in the head tree."""
        ...

    def views(self, service: ServiceName, parent: NodeId) -> Iterator[NodeId]:
        """Yields all such nodes of a directory. The tree may be changed meanwhile."""
        ...

    def bound(self, service: ServiceName, parent: NodeId, key: str) -> NodeId | None:
        """Returns the node that a mutation of unknown outcome was to bring to a place."""
        ...

    def doubted(self, service: ServiceName, parent: NodeId, key: str) -> Iterator[NodeId]:
        """Yields the nodes that were at a place before a mutation which a power cut may have taken back."""
        ...

    def coming(self, service: ServiceName, parent: NodeId) -> Iterator[NodeId]:
        """Yields all such nodes of a directory. The tree may be changed meanwhile."""
        ...

    def by_native_id(self, service: ServiceName, native_id: str) -> Iterator[NodeId]:
        """Yields the nodes last seen with this native id."""
        ...

    def history(self, node: NodeId) -> list[Version]:
        """Returns every version of a node that is remembered, oldest first."""
        ...

    def awaiting(self, service: ServiceName, folder: str) -> Iterator[NodeId]:
        """Yields the nodes of the folder that wait for a decision on this service."""
        ...

    def dirty(self, service: ServiceName, folder: str, *, after: NodeId = 0) -> Iterator[NodeId]:
        """Yields the nodes of the folder with work to do on this service, from a number on."""
        ...


class NeedDigest(msgspec.Struct, frozen=True, gc=False):
    """The digest of what a service holds for a node must be learned before anything can be decided.

    Attributes:
        service: Where to read it.
        node: What.
        algorithm: Of which: our own, or one that the service computes.
    """

    service: ServiceName
    node: NodeId
    algorithm: str = DIGEST


class Recheck(msgspec.Struct, frozen=True, gc=False):
    """A place must be looked at again.

    Attributes:
        service: Where.
        path: The path as the service spells it.
    """

    service: ServiceName
    path: str


class Relist(msgspec.Struct, frozen=True, gc=False):
    """A directory, with all below it, must be listed again: what lies in it, or how that is spelled, may have changed.

    Attributes:
        service: Where.
        path: The path as the service spells it.
    """

    service: ServiceName
    path: str


class Settle(msgspec.Struct, frozen=True, gc=False):
    """Something waits until everything else has had time to show itself.

    Attributes:
        service: Where.
    """

    service: ServiceName


class NeedSync(msgspec.Struct, frozen=True, gc=False):
    """What was found on a service must be flushed there before it can count as held.

    Attributes:
        service: Where.
    """

    service: ServiceName


class Later(msgspec.Struct, frozen=True, gc=False):
    """A place must be looked at again once what is under way there has had time to end.

    Attributes:
        service: Where.
        path: The path as the service spells it.
    """

    service: ServiceName
    path: str


class Notice(msgspec.Struct, frozen=True, gc=False):
    """Something a person should be able to read.

    Attributes:
        event: Name of the log event.
        service: The service it is about, or "".
        path: The path in the folder.
        fields: Further keys.
    """

    event: str
    service: ServiceName
    path: str
    fields: dict[str, str] = {}


class Nodes(Protocol):
    """Where nodes are found by their numbers."""

    def find(self, node: NodeId) -> Node | None:
        """Returns a node, or None if it was forgotten."""
        ...


def path_on(nodes: Nodes, root: NodeId, service: ServiceName, place: Place) -> str | None:
    """Returns the path of a place on a service, or None if a directory above it is not there, or lies in itself.

    One that we may have made there counts: that is found out by looking.

    Args:
        nodes: The nodes.
        root: The root of the folder.
        service: The service.
        place: The place, as the service has it.
    """
    names = [place.name]
    parent = place.parent
    passed: set[NodeId] = set()
    while parent != root:
        found = nodes.find(parent)
        state = found.services.get(service) if found is not None else None
        above = (state.place or state.bound) if state is not None else None
        if above is None or parent in passed:
            return None
        passed.add(parent)
        names.append(above.name)
        parent = above.parent
    names.reverse()
    return "/".join(names)


def head_path(nodes: Nodes, node: Node) -> str:
    """Returns the path of a node in the head tree; for a tombstone the one it had.

    Args:
        nodes: The nodes.
        node: Which.
    """
    names: list[str] = []
    place = node.place
    while place is not None:
        names.append(place.name)
        above = nodes.find(place.parent)
        place = above.place if above is not None else None
    names.reverse()
    return "/".join(names)


class Departed:
    """Places that entries have left, and when: an older observation of them is no news, and is asked for again.

    Kept by the shell from one unit of work to the next, in memory only: a restart leaves no older observations.
    """

    #: Enough for what may still be on its way; the oldest is forgotten first.
    KEPT = 20_000

    __slots__ = ("_seqs",)

    def __init__(self) -> None:
        self._seqs: dict[tuple[ServiceName, Place], int] = {}

    def note(self, service: ServiceName, place: Place, seq: int) -> None:
        """Notes that nothing was at a place when a mutation was answered, or an entry was seen elsewhere."""
        self._seqs.pop((service, place), None)
        self._seqs[service, place] = seq
        if len(self._seqs) > self.KEPT:
            del self._seqs[next(iter(self._seqs))]

    def is_past(self, service: ServiceName, place: Place, seq: int) -> bool:
        """Returns whether an observation of a place is older than the departure from it."""
        return seq < self._seqs.get((service, place), 0)


Effect: TypeAlias = NeedDigest | NeedSync | Recheck | Relist | Settle | Later | Notice


class Work:
    """One folder inside one transaction.

    Attributes:
        tree: The nodes.
        scope: What the setup says.
        now_ns: Time of the event, nanoseconds since 1970.
        in_flight: Entries with a mutation of ours that is not answered yet: what is seen there is set aside.
        departed: Places that entries have left a moment ago.
        overtaken: Entries of which a mutation has ended, nobody knows how, since the service was asked what is taken in
            now: the answer may be older than the mutation.
        epochs: Services that a power cut may take something back from, each with the flush that makes durable what is
            there now.
        standstill: Services with atomic directories into which nothing is brought now: a change made there waits for
            what is under way. Kept by the shell, which clears it before it asks again.
        acting: Of which service `current` tells.
        current: The atomic directories of which that service is known to hold all of the head.
        units: Which atomic directory the directories lie in, as a service's setup has it.
        effects: What the decisions ask for; released after the commit.
    """

    __slots__ = (
        "_directories",
        "acting",
        "current",
        "departed",
        "effects",
        "epochs",
        "in_flight",
        "now_ns",
        "overtaken",
        "scope",
        "standstill",
        "tree",
        "units",
    )

    def __init__(
        self,
        tree: Tree,
        scope: Scope,
        *,
        now_ns: int,
        in_flight: AbstractSet[tuple[ServiceName, NodeId]] = frozenset(),
        departed: Departed | None = None,
        epochs: Mapping[ServiceName, int] | None = None,
        standstill: set[tuple[ServiceName, NodeId]] | None = None,
        effects: list[Effect] | None = None,
    ) -> None:
        self.tree = tree
        self.standstill = standstill if standstill is not None else set()
        self.acting: ServiceName | None = None
        self.current: set[NodeId] = set()
        self.units: dict[tuple[ServiceName, NodeId], NodeId | None] = {}
        self.departed = departed if departed is not None else Departed()
        self.scope = scope
        self.now_ns = now_ns
        self.in_flight = in_flight
        self.overtaken: AbstractSet[NodeId] = frozenset()
        self.epochs = epochs if epochs is not None else {}
        self.effects = effects if effects is not None else []
        tree.effects[scope.folder] = self.effects
        self._directories: dict[tuple[ServiceName, str], NodeId] = {}

    def notice(self, event: str, service: ServiceName, node: Node, **fields: str) -> None:
        """Tells people about a node."""
        self.effects.append(Notice(event, service, self.head_path(node), fields))

    def member(self, service: ServiceName) -> Member:
        """Returns what the setup says about a service in this folder."""
        return self.scope.members[service]

    def locate(self, service: ServiceName, parent: NodeId, name: str) -> NodeId | None:
        """Returns the node that a service holds at a place, missed ones included, or None."""
        key = self.member(service).key(name)
        found = self.tree.viewed(service, parent, key)
        if found is not None:
            return found
        found = self._in_place(service, parent, name)
        # An entry in its place whose name is its own key is no view.
        return found if found is not None or key == name else self._in_place(service, parent, key)

    def _in_place(self, service: ServiceName, parent: NodeId, name: str) -> NodeId | None:
        """Returns the node of the head tree at a place, if a service holds it there."""
        found = self.tree.child(parent, name)
        if found is None:
            return None
        state = self.tree.node(found).services.get(service)
        place = state.place if state is not None else None
        return found if place is not None and place.parent == parent and place.name == name else None

    def held_children(self, service: ServiceName, parent: NodeId) -> Iterator[NodeId]:
        """Yields the nodes that a service holds in a directory, missed ones included."""
        return (node.id for node in self.held(service, parent))

    def held(self, service: ServiceName, parent: NodeId) -> Iterator[Node]:
        """Yields the same as values that are only read: a directory may have a million of them."""
        for child in list(self.tree.views(service, parent)):
            node = self.tree.glance(child)
            if node is not None:
                yield node
        for child in self.tree.children(parent):
            node = self.tree.glance(child)
            state = node.services.get(service) if node is not None else None
            if node is not None and state is not None and state.place is not None and state.place == node.place:
                yield node

    def directory(self, service: ServiceName, path: str) -> NodeId | None:
        """Returns the node a service holds as the directory at a path ("" is the root), or None if unknown."""
        if not path:
            return self.scope.root
        found = self._directories.get((service, path))
        if found is not None:
            return found
        above, _, name = path.rpartition("/")
        remembered = self._directories.get((service, above))
        if remembered is not None:
            found = self.locate(service, remembered, name)
        else:
            found = self.scope.root
            for part in path.split("/"):
                found = self.locate(service, found, part)
                if found is None:
                    return None
        if found is not None:
            if self.tree.node(found).version.kind is not Kind.DIRECTORY:
                return None  # A file is known there; that it has become a directory comes first.
            self._directories[service, path] = found
        return found

    def at(self, service: ServiceName, path: str) -> NodeId | None:
        """Returns the node a service holds at a path, missed ones included, or None."""
        above, _, name = path.rpartition("/")
        parent = self.directory(service, above)
        return self.locate(service, parent, name) if parent is not None else None

    def moved(self) -> None:
        """Forgets remembered directories; to be called when an entry changed its place on some service."""
        self._directories.clear()
        self.units.clear()

    def path_on(self, service: ServiceName, place: Place) -> str | None:
        """Returns the path of a place on a service, or None if a directory above it is not there."""
        return path_on(self.tree, self.scope.root, service, place)

    def above(self, service: ServiceName, place: Place) -> Iterator[Node]:
        """Yields the directories that a service holds above a place, the nearest first; each once."""
        passed: set[NodeId] = set()
        while place.parent != self.scope.root and place.parent not in passed:
            passed.add(place.parent)
            found = self.tree.find(place.parent)
            state = found.services.get(service) if found is not None else None
            if found is None or state is None or state.place is None:
                return
            yield found
            place = state.place

    def lies_in(self, service: ServiceName, place: Place, node: NodeId) -> bool:
        """Returns whether a place is in a directory, as a service has it. Nothing can be brought into itself."""
        return any(above.id == node for above in self.above(service, place))

    def head_path(self, node: Node) -> str:
        """Returns the path of a node in the head tree; for a tombstone the one it had."""
        return head_path(self.tree, node)

    def is_below(self, node: NodeId, ancestor: NodeId) -> bool:
        """Returns whether a node lies in or is another one, in the head tree."""
        while node != ancestor:
            found = self.tree.find(node)
            if found is None or found.place is None:
                return False  # The root, or a directory above a deleted one that is forgotten.
            node = found.place.parent
        return True

    def states(self, node: Node) -> Iterator[tuple[ServiceName, ServiceState]]:
        """Yields what the members of the folder hold of a node, in the order of their names."""
        for service in sorted(node.services):
            if service in self.scope.members:
                yield service, node.services[service]
