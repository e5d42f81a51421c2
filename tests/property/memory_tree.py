"""An `IndexedTree` over dictionaries: what the store is, without a disk.

`MemoryStore` outlives transactions and holds encoded records, as the real store does; `MemoryTree` is one transaction
over it. A crash is therefore nothing but a transaction that was never committed, and a copy of the store is a copy of
two dictionaries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from onitu.core.derive import IndexKey, fingerprint, fingerprint_parts, index_keys
from onitu.core.fingerprint import MODULUS
from onitu.core.indexed import IndexedTree
from onitu.core.node import Node, NodeId, ServiceName, Version
from onitu.core.scope import Scope

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Node)

Index = dict[IndexKey, dict[str | int, NodeId]]


class MemoryStore:
    """Records, indexes and fingerprints between transactions."""

    def __init__(self) -> None:
        self.records: dict[NodeId, bytes] = {}
        self.index: Index = {}
        self.versions: dict[NodeId, dict[int, Version]] = {}
        self.fingerprints: dict[tuple[ServiceName, NodeId], int] = {}
        self.last = 0

    def nodes(self) -> list[Node]:
        """Returns fresh copies of all nodes."""
        return [_DECODER.decode(record) for record in self.records.values()]

    def rebuilt(self, scopes: Mapping[str, Scope]) -> tuple[Index, dict[tuple[ServiceName, NodeId], int]]:
        """Returns the indexes and fingerprints as they follow from the records alone.

        Raises:
            AssertionError: Two nodes claim the same entry of an index.
        """
        index: Index = {}
        sums: dict[tuple[ServiceName, NodeId], int] = {}
        for node in self.nodes():
            for key in index_keys(node, scopes.get(node.folder)):
                entries = index.setdefault(key[:-1], {})
                assert key[-1] not in entries, f"nodes {entries[key[-1]]} and {node.id} both claim {key}"
                entries[key[-1]] = node.id
            for place, part in fingerprint_parts(node).items():
                sums[place] = (sums.get(place, 0) + fingerprint(part)) % MODULUS
        return index, {place: value for place, value in sums.items() if value}


class MemoryTree(IndexedTree):
    """One transaction.

    Args:
        store: What it reads and, with `commit`, changes.
        scopes: As `IndexedTree` wants them.
    """

    def __init__(self, store: MemoryStore, scopes: Mapping[str, Scope]) -> None:
        super().__init__(scopes)
        self._store = store

    def known(self) -> list[Node]:
        """Returns the nodes that were met in this transaction."""
        return [node for node in self._nodes.values() if node is not None]

    def commit(self) -> None:
        """Saves what was put."""
        store = self._store
        for number, node in self.changed.items():
            if self.find(number) is None:
                store.records.pop(number, None)
            else:
                store.records[number] = _ENCODER.encode(node)
        self.changed.clear()
        for place, change in self.fingerprint_changes.items():
            value = (store.fingerprints.get(place, 0) + change) % MODULUS
            if value:
                store.fingerprints[place] = value
            else:
                store.fingerprints.pop(place, None)
        self.fingerprint_changes.clear()

    def put(self, node: Node) -> None:
        """Keeps a changed node, and its version in the history."""
        super().put(node)
        if node.versions:
            self._store.versions.setdefault(node.id, {})[node.head] = node.version

    def history(self, node: NodeId) -> list[Version]:
        """Returns every version of a node that is remembered, oldest first."""
        return [version for _, version in sorted(self._store.versions.get(node, {}).items())]

    def load(self, node: NodeId) -> Node | None:
        """Returns a node as it was before the transaction."""
        record = self._store.records.get(node)
        return None if record is None else _DECODER.decode(record)

    def next_id(self) -> NodeId:
        """Returns a number that was never used."""
        self._store.last += 1
        return self._store.last

    def get(self, key: IndexKey) -> NodeId | None:
        """Returns the node of an index entry."""
        entries = self._store.index.get(key[:-1])
        return None if entries is None else entries.get(key[-1])

    def add(self, key: IndexKey, node: NodeId) -> None:
        """Sets an index entry, whoever had it before."""
        self._store.index.setdefault(key[:-1], {})[key[-1]] = node

    def remove(self, key: IndexKey, node: NodeId) -> None:
        """Removes an index entry, unless it is another node's by now."""
        entries = self._store.index.get(key[:-1], {})
        if entries.get(key[-1]) == node:
            del entries[key[-1]]
            if not entries:
                del self._store.index[key[:-1]]

    def is_empty(self, prefix: IndexKey) -> bool:
        """Returns whether there is no index entry below a prefix."""
        return not any(key[: len(prefix)] == prefix for key in self._store.index)

    def scan(self, prefix: IndexKey, *, after: NodeId = 0) -> Iterator[NodeId]:
        """Yields the nodes of the index entries below a prefix; where they end in a number, those above `after`."""
        entries = self._store.index.get(prefix, {})
        for last, node in sorted(entries.items()):
            if not isinstance(last, int) or last > after:
                yield node
