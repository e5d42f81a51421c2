"""One transaction: nodes, indexes, fingerprints, cursors and history, read and written together or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from onitu.core.fingerprint import MODULUS
from onitu.core.indexed import IndexedTree
from onitu.core.node import Node, NodeId, Place, ServiceName, Version
from onitu.core.owners import behind
from onitu.core.past import Departure, HeadChange
from onitu.core.tree import head_path
from onitu.store import keys
from onitu.store.outline import OUTLINE, Outline
from onitu.store.past import Past, is_version

if TYPE_CHECKING:
    import lmdb

    from onitu.core.derive import IndexKey
    from onitu.core.scope import Scope

#: Index entries read before the cursor is set anew.
PAGE = 256

#: Nodes the writer remembers, at a few kilobytes each, and how many of them it keeps once they are too many.
REMEMBERED = 12_000
KEPT = 8_000

#: Kinds of index entries that tell that a node is going to be needed again soon.
_NEEDED = frozenset({"dirty", "awaiting"})

#: Nodes kept in memory while everything is derived again.
REINDEXED_AT_ONCE = 10_000

#: Schema of a stored node. A newer one is refused at opening.
SCHEMA = 1

_ENCODER = msgspec.msgpack.Encoder()
_NODE = msgspec.msgpack.Decoder(tuple[int, Node])
_VERSION = msgspec.msgpack.Decoder(Version)


class Tables(msgspec.Struct, frozen=True):
    """The named databases of the environment.

    Attributes:
        nodes: Node number to record.
        index: Everything that is derived, one tag byte per kind.
        sums: (service, directory) to fingerprint.
        meta: Names, numbers, cursors, roots.
        history: (node, version) to the version; behind them what became of entries (`store.past`).
    """

    nodes: lmdb._Database
    index: lmdb._Database
    sums: lmdb._Database
    meta: lmdb._Database
    history: lmdb._Database


class Remembered:
    """Nodes that the writer has read or written lately: a file passes through several transactions within a moment.

    There is one writer, so what it remembers is what is stored. It forgets everything when a transaction is given up,
    and when what is derived from a node depends on something new; what is at rest, once there is too much of it.
    """

    def __init__(self) -> None:
        self.tables: tuple[
            dict[NodeId, Node | None],
            dict[NodeId, set[IndexKey]],
            dict[NodeId, dict[tuple[ServiceName, NodeId], tuple[str, int, str]]],
        ] = ({}, {}, {})
        #: Index entries that were looked for, and where there were none.
        self.found: dict[IndexKey, NodeId | None] = {}
        self.whole: dict[IndexKey, bool] = {}
        #: The version of each that was written last.
        self.lines: dict[NodeId, Version] = {}

    def forget_at_rest(self) -> None:
        """Forgets what has no work left, and of the others the last: they are planned in the order of their numbers."""
        nodes, keys_of, parts = self.tables
        needed = [
            number
            for number, node in nodes.items()
            if node is not None and any(key[0] in _NEEDED for key in keys_of[number])
        ]
        needed.sort()
        kept = [(number, nodes[number], keys_of[number], parts[number]) for number in needed[:KEPT]]
        lines = {number: self.lines[number] for number in needed[:KEPT] if number in self.lines}
        self.forget()
        for number, node, its_keys, its_parts in kept:
            nodes[number], keys_of[number], parts[number] = node, its_keys, its_parts
        self.lines.update(lines)

    def forget(self) -> None:
        """Forgets everything."""
        for table in self.tables:
            table.clear()
        self.found.clear()
        self.whole.clear()
        self.lines.clear()


class Transaction(IndexedTree):
    """Everything that is read and written in one go. Belongs to the thread that began it.

    Args:
        txn: LMDB's.
        tables: The databases.
        numbers: Names of services and folders to their numbers; grows as names are met.
        scopes: Folder name to what the setup says about it.
        remembered: What the writer remembers of earlier transactions; without it nothing may be put.
    """

    def __init__(
        self,
        txn: lmdb.Transaction,
        tables: Tables,
        numbers: dict[str, int],
        scopes: Mapping[str, Scope],
        remembered: Remembered | None = None,
    ) -> None:
        super().__init__(scopes)
        self._writable = remembered is not None
        self._remembered = remembered or Remembered()
        self._nodes, self._keys, self._parts = self._remembered.tables
        self._found, self._whole = self._remembered.found, self._remembered.whole
        self._lines = self._remembered.lines
        self._txn = txn
        self._tables = tables
        #: When versions were taken in, and entries left their places.
        self.past = Past(txn, tables.history)
        self._numbers = numbers
        #: Where goes what has changed in the head tree, for who looks on; None where nobody does.
        self.head_changes: list[HeadChange] | None = None
        self._left: dict[NodeId, str] = {}
        self._next: int | None = None
        self._undoing: list[Callable[[], object]] = []
        #: Nodes that were written so far.
        self.written: set[NodeId] = set()

    def when_given_up(self, undo: Callable[[], object]) -> None:
        """Has something outside the store taken back if this transaction is not committed."""
        self._undoing.append(undo)

    def give_up(self) -> None:
        """Takes back what was done outside the store, the last first."""
        while self._undoing:
            self._undoing.pop()()

    # What a tree needs.

    def load(self, node: NodeId) -> Node | None:
        """Returns a node as it was before the transaction."""
        raw = self._txn.get(keys.node_key(node), db=self._tables.nodes)
        return _NODE.decode(raw)[1] if raw is not None else None

    def _note_derived(self, node: Node) -> None:
        """Notes what is derived from a node as it is stored, which takes longer than reading it: if it may be put."""
        if self._writable:
            super()._note_derived(node)

    def next_id(self) -> NodeId:
        """Returns a number that was never used."""
        if self._next is None:
            self._next = int(self.meta("next-node") or b"1")
        self._next += 1
        return self._next - 1

    @property
    def next_number(self) -> NodeId:
        """The number that the next new node is going to have."""
        return self._next if self._next is not None else int(self.meta("next-node") or b"1")

    def get(self, key: IndexKey) -> NodeId | None:
        """Returns the node of an index entry."""
        raw = self._txn.get(keys.encode(key, self._number), db=self._tables.index)
        return keys.node_of(bytes(raw)) if raw is not None else None

    def add(self, key: IndexKey, node: NodeId) -> None:
        """Sets an index entry, whoever had it before."""
        self._txn.put(keys.encode(key, self._number), keys.node_key(node), db=self._tables.index)

    def remove(self, key: IndexKey, node: NodeId) -> None:
        """Removes an index entry, unless it is another node's by now."""
        if key[0] == "child" and self._writable:
            self._note_departure(key, node)
        raw = keys.encode(key, self._number)
        # Only these can have been taken over; the others hold the node's number in the key.
        if key[0] in ("child", "view", "bound") and self._txn.get(raw, db=self._tables.index) != keys.node_key(node):
            return
        self._txn.delete(raw, db=self._tables.index)

    def scan(self, prefix: IndexKey, *, after: NodeId = 0) -> Iterator[NodeId]:
        """Yields the nodes of the index entries below a prefix; where they end in a number, those above `after`.

        The cursor is set anew after each yield, so the index may be changed meanwhile.
        """
        start = keys.encode(prefix, self._number)
        return self._entries(start, start + keys.node_key(after + 1) if after else start)

    def is_empty(self, prefix: IndexKey) -> bool:
        """Returns whether there is no index entry below a prefix."""
        start = keys.encode(prefix, self._number)
        with self._txn.cursor(self._tables.index) as cursor:
            return not (cursor.set_range(start) and bytes(cursor.key()).startswith(start))

    def _entries(self, start: bytes, position: bytes) -> Iterator[NodeId]:
        """Yields the nodes of the index entries that begin so, from a position on."""
        while True:
            page: list[tuple[bytes, int]] = []
            with self._txn.cursor(self._tables.index) as cursor:
                found = cursor.set_range(position)
                while found and len(page) < PAGE and bytes(cursor.key()).startswith(start):
                    page.append((bytes(cursor.key()), keys.node_of(bytes(cursor.value()))))
                    found = cursor.next()
            for _, node in page:
                yield node
            if len(page) < PAGE:
                return
            position = page[-1][0] + b"\0"

    # What those ask who show the tree.

    def outline(self, node: NodeId) -> Outline | None:
        """Returns the beginning of a node's record, at half the price of the whole."""
        raw = self._txn.get(keys.node_key(node), db=self._tables.nodes)
        return OUTLINE.decode(raw)[1] if raw is not None else None

    def count(self, prefix: IndexKey) -> int:
        """Returns how many index entries there are below a prefix."""
        start = keys.encode(prefix, self._number)
        number = 0
        with self._txn.cursor(self._tables.index) as cursor:
            found = cursor.set_range(start)
            while found and bytes(cursor.key()).startswith(start):
                number += 1
                found = cursor.next()
        return number

    def children_from(self, parent: NodeId, name: str) -> Iterator[NodeId]:
        """Yields the live children in the head tree from a name on, in the order of their names."""
        start, position = ("child", parent), ("child", parent, name)
        return self._entries(keys.encode(start, self._number), keys.encode(position, self._number))

    # What the shell keeps beside the nodes.

    def meta(self, name: str) -> bytes | None:
        """Returns a value kept under a name."""
        raw = self._txn.get(name.encode(), db=self._tables.meta)
        return bytes(raw) if raw is not None else None

    def set_meta(self, name: str, value: bytes | None) -> None:
        """Keeps a value under a name; None forgets it."""
        if value is None:
            self._txn.delete(name.encode(), db=self._tables.meta)
        else:
            self._txn.put(name.encode(), value, db=self._tables.meta)

    def metas(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Yields what is kept under names with a prefix: the rest of the name, and the value."""
        start = prefix.encode()
        with self._txn.cursor(self._tables.meta) as cursor:
            found = cursor.set_range(start)
            while found and bytes(cursor.key()).startswith(start):
                yield bytes(cursor.key())[len(start) :].decode(), bytes(cursor.value())
                found = cursor.next()

    def names(self) -> Iterator[tuple[str, int]]:
        """Yields the names of services and folders with their numbers."""
        return ((name, int(number)) for name, number in self.metas("name "))

    def fingerprints(self, service: ServiceName) -> Iterator[tuple[NodeId, bytes]]:
        """Yields (directory, fingerprint) for all directories of a service that have one."""
        start = keys.sum_key(self._number(service))
        with self._txn.cursor(self._tables.sums) as cursor:
            found = cursor.set_range(start)
            while found and bytes(cursor.key()).startswith(start):
                yield keys.node_of(bytes(cursor.key())), bytes(cursor.value())
                found = cursor.next()

    def history(self, node: NodeId) -> list[Version]:
        """Returns every version of a node that is remembered, oldest first."""
        start = keys.node_key(node)
        versions: list[Version] = []
        with self._txn.cursor(self._tables.history) as cursor:
            found = cursor.set_range(start)
            while found and bytes(cursor.key()).startswith(start):
                versions.append(_VERSION.decode(cursor.value()))
                found = cursor.next()
        return versions

    def histories(self) -> Iterator[tuple[NodeId, Version]]:
        """Yields every version that is remembered with its node, in order."""
        for key, value in self.raw("history"):
            if not is_version(key):
                return
            yield keys.node_of(key[:8]), _VERSION.decode(value)

    def restore(self, node: Node) -> None:
        """Keeps a node as it is, deriving nothing."""
        self._txn.put(keys.node_key(node.id), _ENCODER.encode((SCHEMA, node)), db=self._tables.nodes)

    def restore_version(self, node: NodeId, version: Version) -> None:
        """Remembers a version."""
        mark = keys.node_key(node) + version.number.to_bytes(4, "big")
        self._txn.put(mark, _ENCODER.encode(version), db=self._tables.history)

    def number_of(self, name: str) -> int:
        """Returns the number of a service's or folder's name as index keys have it; 0 where it has none."""
        return self._numbers.get(name, 0)

    def nodes(self, *, after: NodeId = 0) -> Iterator[Node]:
        """Yields every node, from a number on. Nothing may be put meanwhile."""
        with self._txn.cursor(self._tables.nodes) as cursor:
            if cursor.set_range(keys.node_key(after + 1)):
                for raw in cursor.iternext(keys=False, values=True):
                    yield _NODE.decode(raw)[1]

    def raw(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        """Yields the keys and values of a table as they lie on disk, for checks."""
        with self._txn.cursor(getattr(self._tables, table)) as cursor:
            for key, value in cursor:
                yield bytes(key), bytes(value)

    def reindex(self, scopes: Mapping[str, Scope] | None = None) -> None:
        """Drops everything derived and derives it again, for example after the setup has changed (P28).

        Args:
            scopes: What the setup says from now on, if that is something else.
        """
        self.flush()
        self._scopes = scopes if scopes is not None else self._scopes
        self._remembered.forget()
        self._txn.drop(self._tables.index, delete=False)
        self._txn.drop(self._tables.sums, delete=False)
        numbers = [keys.node_of(bytes(raw)) for raw in self._txn.cursor(self._tables.nodes).iternext(values=False)]
        for number in numbers:
            node = self.load(number)
            if node is None:
                continue
            self._nodes[number] = node
            self._keys[number], self._parts[number] = set(), {}
            self.put(node)
            if len(self.changed) >= REINDEXED_AT_ONCE:
                self.flush()
                self._remembered.forget()

    def flush(self) -> None:
        """Writes what was put. Called before the commit; nothing is lost when it is called earlier as well."""
        now = time.time()
        for number, node in self.changed.items():
            key = keys.node_key(number)
            if node.deleted and not node.services:
                self._txn.delete(key, db=self._tables.nodes)
                continue
            self._txn.put(key, _ENCODER.encode((SCHEMA, node)), db=self._tables.nodes)
            if node.last and node.head == node.last:
                version, line = node.versions.get(node.head), self._lines.get(number)
                if version is not None and version is not line:
                    # A file passes through several transactions, and nearly all of them leave its version as it is.
                    self._lines[number] = version
                    self._txn.put(key + node.head.to_bytes(4, "big"), _ENCODER.encode(version), db=self._tables.history)
                    new = line is None or line.number != version.number
                    if new and self.past.take(number, node.head, now) and not node.deleted:
                        self._note_change(node)
        for number in tuple(self._left):
            moved = self._nodes.get(number)
            if moved is not None and not moved.deleted:
                self._note_change(moved)
        self._left.clear()
        self.written.update(self.changed)
        self._flush_sums()
        if self._next is not None:
            self.set_meta("next-node", str(self._next).encode())
        self.changed.clear()
        if len(self._nodes) > REMEMBERED:
            self._remembered.forget_at_rest()

    def _note_departure(self, key: IndexKey, node_id: NodeId) -> None:
        """Notes that an entry has left its place in the head tree: it was deleted, or moved."""
        node = self.find(node_id)
        if node is None or not node.head:
            return
        _, parent, name = key
        path = head_path(self, msgspec.structs.replace(node, place=Place(int(parent), str(name))))
        departure = Departure(
            at=time.time(),
            folder=node.folder,
            path=path,
            deleted=node.deleted,
            version=node.head,
            service=self.actor,
        )
        self.past.depart(node_id, departure)
        if self.head_changes is None:
            return
        version = node.versions.get(node.head)
        if not node.deleted:
            self._left[node_id] = path
        elif version is not None:
            self._note_head(node, path, deleted=True)

    def _note_change(self, node: Node) -> None:
        """Notes that an entry has other content, or is new, or is where it was not."""
        if self.head_changes is None or node.is_root:
            return
        self._note_head(node, head_path(self, node), before=self._left.pop(node.id, ""))

    def _note_head(self, node: Node, path: str, *, before: str = "", deleted: bool = False) -> None:
        scope = self._scopes.get(node.folder)
        if self.head_changes is None or scope is None:
            return
        change = HeadChange(
            node=node.id,
            folder=node.folder,
            path=path,
            version=node.version,
            deleted=deleted,
            before=before,
            awaited=behind(scope, node),
        )
        self.head_changes.append(change)

    def _flush_sums(self) -> None:
        for (service, directory), change in self.fingerprint_changes.items():
            if not change:
                continue
            key = keys.sum_key(self._number(service), directory)
            raw = self._txn.get(key, db=self._tables.sums)
            total = (int.from_bytes(raw or b"", "big") + change) % MODULUS
            if total:
                self._txn.put(key, total.to_bytes(16, "big"), db=self._tables.sums)
            else:
                self._txn.delete(key, db=self._tables.sums)
        self.fingerprint_changes.clear()

    def _number(self, name: str) -> int:
        """Returns the number of a service's or folder's name, giving one to a new name."""
        number = self._numbers.get(name)
        if number is None and not self._writable:
            return 0  # No name has this number, so nothing is found.
        if number is None:
            number = self._numbers[name] = len(self._numbers) + 1
            self.set_meta(f"name {name}", str(number).encode())
        return number
