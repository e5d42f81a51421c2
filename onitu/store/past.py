"""What became of entries: when each version was taken in, and when, and by whom, an entry left a place.

It lies in the table of versions, behind them: their keys begin with a node's number, these with a byte that no node's
number begins with. A version costs a few bytes, an entry that is moved or deleted its path.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
from blake3 import blake3

from onitu.core.past import Departure
from onitu.store import keys

if TYPE_CHECKING:
    import lmdb

    from onitu.core.node import NodeId

#: Versions of one node that are remembered, beside its first.
MOST_VERSIONS = 200

_TAKEN = b"\xf0"
_DEPARTED = b"\xf1"
_PATH = b"\xf2"
_TIME = struct.Struct(">Q")
_NUMBER = struct.Struct(">I")
_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(Departure).decode


def is_version(key: bytes) -> bool:
    """Returns whether a key of the table is that of a version."""
    return key < _TAKEN


class Past:
    """What became of entries, inside one transaction.

    Args:
        txn: LMDB's.
        table: The table of versions.
    """

    def __init__(self, txn: lmdb.Transaction, table: lmdb._Database) -> None:
        self._txn = txn
        self._table = table

    def take(self, node: NodeId, version: int, at: float) -> bool:
        """Notes when a version was taken in, the first time it is told; what is too long ago is forgotten.

        Returns:
            Whether this is the first time.
        """
        key = keys.node_key(node)
        mark = _TAKEN + key + _NUMBER.pack(version)
        new = bool(self._txn.put(mark, _TIME.pack(int(at * 1000)), overwrite=False, db=self._table))
        if version > MOST_VERSIONS + 1:
            old = _NUMBER.pack(version - MOST_VERSIONS)
            self._txn.delete(key + old, db=self._table)
            self._txn.delete(_TAKEN + key + old, db=self._table)
        return new

    def last_change(self, node: NodeId, version: int) -> float | None:
        """Returns when a node was last changed in the head tree, seconds since 1970; None where nobody noted it.

        Args:
            node: Which.
            version: The version it has now.
        """
        key = keys.node_key(node)
        raw = self._txn.get(_TAKEN + key + _NUMBER.pack(version), db=self._table)
        left = self._next_time(_DEPARTED + key) - 1
        found = max(_TIME.unpack(raw)[0] if raw is not None else -1, left)
        return found / 1000 if found >= 0 else None

    def taken(self, node: NodeId) -> dict[int, float]:
        """Returns when the versions of a node were taken in, seconds since 1970."""
        start = _TAKEN + keys.node_key(node)
        return {
            int(_NUMBER.unpack(key[-4:])[0]): _TIME.unpack(value)[0] / 1000 for key, value in self._from(start, start)
        }

    def depart(self, node: NodeId, departure: Departure) -> None:
        """Notes that an entry has left its place; after all that was noted of it, whatever the clock says."""
        start = _DEPARTED + keys.node_key(node)
        mark = start + _TIME.pack(max(int(departure.at * 1000), self._next_time(start)))
        self._txn.put(mark, _ENCODE(departure), db=self._table)
        self._txn.put(_path_key(departure.folder, departure.path) + keys.node_key(node), b"", db=self._table)

    def departures(self, node: NodeId) -> list[Departure]:
        """Returns when a node left its places, oldest first."""
        start = _DEPARTED + keys.node_key(node)
        return [_DECODE(value) for _, value in self._from(start, start)]

    def departed(self, folder: str, path: str) -> list[NodeId]:
        """Returns the nodes that have left a path, oldest first."""
        start = _path_key(folder, path)
        return [keys.node_of(key) for key, _ in self._from(start, start)]

    def all_departures(self, *, after: bytes = b"") -> Iterator[tuple[bytes, NodeId, Departure]]:
        """Yields every departure with its key and node, from behind a key on."""
        start = after + b"\0" if after else _DEPARTED
        for key, value in self._from(start, _DEPARTED):
            yield key, int(_TIME.unpack(key[1:9])[0]), _DECODE(value)

    def forget(self, node: NodeId) -> None:
        """Forgets a node that is gone: its versions, and what became of it."""
        key = keys.node_key(node)
        for departure in self.departures(node):
            self._txn.delete(_path_key(departure.folder, departure.path) + key, db=self._table)
        for start in (key, _TAKEN + key, _DEPARTED + key):
            for found, _ in list(self._from(start, start)):
                self._txn.delete(found, db=self._table)

    def _next_time(self, start: bytes) -> int:
        """Returns the first time behind all that is noted under a key."""
        with self._txn.cursor(self._table) as cursor:
            behind = cursor.set_range(start + b"\xff" * _TIME.size)
            found = cursor.prev() if behind else cursor.last()
            key = bytes(cursor.key()) if found else b""
        return int(_TIME.unpack(key[len(start) :])[0]) + 1 if key.startswith(start) else 0

    def _from(self, start: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        with self._txn.cursor(self._table) as cursor:
            found = cursor.set_range(start)
            while found and bytes(cursor.key()).startswith(prefix):
                yield bytes(cursor.key()), bytes(cursor.value())
                found = cursor.next()


def _path_key(folder: str, path: str) -> bytes:
    return _PATH + blake3(f"{folder}\0{path}".encode()).digest(length=16)
