"""A `Tree` over any place that keeps records and index entries: the one way in which indexes follow records.

The store puts LMDB under it, the tests a dictionary, so both have the same indexes by construction.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Mapping

from onitu.core.admission import settle_scope
from onitu.core.derive import IndexKey, fingerprint, fingerprint_parts, index_keys
from onitu.core.fingerprint import MODULUS
from onitu.core.model import Kind
from onitu.core.node import Node, NodeId, Place, ServiceName, Version
from onitu.core.scope import Scope
from onitu.core.tree import Effect

#: What `_lookup` is asked for; there is one entry at most for each of these.
_LOOKED_UP = frozenset({"child", "view", "bound"})


class IndexedTree(abc.ABC):
    """The nodes inside one transaction.

    Args:
        scopes: Folder name to what the setup says about it.
    """

    def __init__(self, scopes: Mapping[str, Scope]) -> None:
        self._scopes = scopes
        self._found: dict[IndexKey, NodeId | None] = {}
        # Beginnings of keys to whether nothing was there when first looked: then what came since is in `_found`.
        self._whole: dict[IndexKey, bool] = {}
        # Services to whether a power cut leaves doubts there.
        self._doubting: dict[ServiceName, bool] = {}
        self._nodes: dict[NodeId, Node | None] = {}
        self._keys: dict[NodeId, set[IndexKey]] = {}
        self._parts: dict[NodeId, dict[tuple[ServiceName, NodeId], tuple[str, int, str]]] = {}
        #: Folder name to where goes what is asked for by putting a node of it.
        self.effects: dict[str, list[Effect]] = {}
        #: Nodes that were put and are not saved yet.
        self.changed: dict[NodeId, Node] = {}
        #: What is to be added to the fingerprint of (service, directory).
        self.fingerprint_changes: dict[tuple[ServiceName, NodeId], int] = {}
        #: Where what is being taken in was done; "" where nobody knows.
        self.actor: ServiceName = ""

    def rescope(self, scopes: Mapping[str, Scope]) -> None:
        """Replaces what the setup says. Where that changes what is derived, everything has to be derived anew."""
        self._scopes = scopes

    def node(self, node: NodeId) -> Node:
        """Returns a node that exists. The same object each time within the transaction."""
        found = self.find(node)
        if found is None:
            raise KeyError(node)
        return found

    def find(self, node: NodeId) -> Node | None:
        """Returns a node, or None if it was forgotten."""
        try:
            return self._nodes[node]
        except KeyError:
            found = self._nodes[node] = self.load(node)
            if found is not None:
                self._note_derived(found)
            return found

    def _note_derived(self, node: Node) -> None:
        """Notes what is derived from a node as it is stored: what it is compared with when it is put."""
        self._keys[node.id] = index_keys(node, self._scopes.get(node.folder))
        self._parts[node.id] = fingerprint_parts(node)

    def glance(self, node: NodeId) -> Node | None:
        """Returns a node that is only read, without keeping it: a directory may have a million of them."""
        return self._nodes[node] if node in self._nodes else self.load(node)

    def create(self, folder: str, place: Place | None) -> Node:
        """Returns a new node that is not put yet."""
        node = Node(id=self.next_id(), folder=folder, place=place)
        self._nodes[node.id] = node
        self._keys[node.id] = set()
        self._parts[node.id] = {}
        return node

    def put(self, node: Node) -> None:
        """Keeps a changed node and brings every index up to date. A node nobody needs is forgotten."""
        scope, before = self._scopes.get(node.folder), self._keys[node.id]
        if scope is not None and (scope.is_selective or node.outside):
            self.effects.get(node.folder, []).extend(settle_scope(self, scope, node))
        self._keep(node, scope)
        if scope is not None and scope.is_selective and node.versions and node.version.kind is Kind.DIRECTORY:
            place = node.place
            if place is not None and not node.deleted and before and ("child", place.parent, place.name) not in before:
                self._settle_below(node, scope)

    def _settle_below(self, directory: Node, scope: Scope) -> None:
        """Brings up to date what hangs on the whole path, for everything below a directory that has moved."""
        waiting = [directory.id]
        while waiting:
            for child_id in self.children(waiting.pop()):
                child = self.node(child_id)
                self.effects.get(child.folder, []).extend(settle_scope(self, scope, child))
                self._keep(child, scope)
                if child.version.kind is Kind.DIRECTORY:
                    waiting.append(child_id)

    def _keep(self, node: Node, scope: Scope | None) -> None:
        node.prune()
        forgotten = node.deleted and not node.services
        keys = set() if forgotten else index_keys(node, scope)
        before = self._keys[node.id]
        if keys != before:
            found = self._found
            for key in before - keys:
                if found.get(key) == node.id:
                    del found[key]
                self.remove(key, node.id)
            for key in keys - before:
                if key[0] in _LOOKED_UP:
                    found[key] = node.id
                elif key[0] == "doubted":
                    self._doubting.clear()
                self.add(key, node.id)
            self._keys[node.id] = keys
        self._put_parts(node)
        self.changed[node.id] = node
        if forgotten:
            self._nodes[node.id] = None

    def child(self, parent: NodeId, name: str) -> NodeId | None:
        """Returns the live node of this name in the head tree."""
        return self._lookup(("child", parent, name))

    def children(self, parent: NodeId) -> Iterator[NodeId]:
        """Yields the live children in the head tree. The tree may be changed meanwhile."""
        return self.scan(("child", parent))

    def viewed(self, service: ServiceName, parent: NodeId, key: str) -> NodeId | None:
        """Returns the node a service holds at a place that is not its place in the head tree."""
        return self._lookup(("view", service, parent, key))

    def views(self, service: ServiceName, parent: NodeId) -> Iterator[NodeId]:
        """Yields all such nodes of a directory. The tree may be changed meanwhile."""
        return self.scan(("view", service, parent))

    def bound(self, service: ServiceName, parent: NodeId, key: str) -> NodeId | None:
        """Returns the node that a mutation of unknown outcome was to bring to a place."""
        return self._lookup(("bound", service, parent, key))

    def doubted(self, service: ServiceName, parent: NodeId, key: str) -> Iterator[NodeId]:
        """Yields the nodes that were at a place before a mutation which a power cut may have taken back.

        There are some only after a power cut, and nothing is looked for where there are none.
        """
        if service not in self._doubting:
            self._doubting[service] = not self.is_empty(("doubted", service))
        return self.scan(("doubted", service, parent, key)) if self._doubting[service] else iter(())

    def coming(self, service: ServiceName, parent: NodeId) -> Iterator[NodeId]:
        """Yields all such nodes of a directory. The tree may be changed meanwhile."""
        return self.scan(("bound", service, parent))

    def by_native_id(self, service: ServiceName, native_id: str) -> Iterator[NodeId]:
        """Yields the nodes last seen with this native id."""
        return self.scan(("native", service, native_id))

    def awaiting(self, service: ServiceName, folder: str) -> Iterator[NodeId]:
        """Yields the nodes of the folder that wait for a decision on this service."""
        return self.scan(("awaiting", service, folder))

    def dirty(self, service: ServiceName, folder: str, *, after: NodeId = 0) -> Iterator[NodeId]:
        """Yields the nodes of the folder with work to do on this service, from a number on."""
        return self.scan(("dirty", service, folder), after=after)

    def visible(self, service: ServiceName, folder: str, *, after: NodeId = 0) -> Iterator[NodeId]:
        """Yields the nodes whose last mutation on this service is not recorded as durable, from a number on."""
        return self.scan(("visible", service, folder), after=after)

    def _lookup(self, key: IndexKey) -> NodeId | None:
        """Returns the node of an index entry; each is looked up once, since the same names are asked for again.

        Nothing is looked for where there was nothing but what has been put since: in a new directory, most of all.
        """
        try:
            return self._found[key]
        except KeyError:
            beginning = key[:-1]
            whole = self._whole.get(beginning)
            if whole is None:
                whole = self._whole[beginning] = self.is_empty(beginning)
            if whole:
                return None
            found = self._found[key] = self.get(key)
            return found

    def is_empty(self, prefix: IndexKey) -> bool:
        """Returns whether there is no index entry below a prefix."""
        return next(iter(self.scan(prefix)), None) is None

    def _put_parts(self, node: Node) -> None:
        """Notes what a node's change means for the fingerprints of the directories it is in."""
        parts = fingerprint_parts(node)
        before = self._parts[node.id]
        if parts == before:
            return
        changes = self.fingerprint_changes
        for place, part in before.items():
            if parts.get(place) != part:
                changes[place] = (changes.get(place, 0) - fingerprint(part)) % MODULUS
        for place, part in parts.items():
            if before.get(place) != part:
                changes[place] = (changes.get(place, 0) + fingerprint(part)) % MODULUS
        self._parts[node.id] = parts

    @abc.abstractmethod
    def history(self, node: NodeId) -> list[Version]:
        """Returns every version of a node that is remembered, oldest first."""

    @abc.abstractmethod
    def load(self, node: NodeId) -> Node | None:
        """Returns a node as it was before the transaction."""

    @abc.abstractmethod
    def next_id(self) -> NodeId:
        """Returns a number that was never used."""

    @abc.abstractmethod
    def get(self, key: IndexKey) -> NodeId | None:
        """Returns the node of an index entry."""

    @abc.abstractmethod
    def add(self, key: IndexKey, node: NodeId) -> None:
        """Sets an index entry, whoever had it before."""

    @abc.abstractmethod
    def remove(self, key: IndexKey, node: NodeId) -> None:
        """Removes an index entry, unless it is another node's by now."""

    @abc.abstractmethod
    def scan(self, prefix: IndexKey, *, after: NodeId = 0) -> Iterator[NodeId]:
        """Yields the nodes of the index entries below a prefix; where they end in a number, those above `after`."""
