"""How index keys look on disk. Only this module knows.

A key ends at 511 bytes in LMDB, so names of services and folders are two-byte numbers, and a long name is stored by its
beginning and its digest; it stands whole in the record.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from blake3 import blake3

from onitu.core.derive import IndexKey

#: LMDB's compiled limit is 511 bytes; what stands around a name takes 20 of ours at most.
LONGEST_NAME = 400
KEPT_OF_LONG_NAME = 360

_NODE = struct.Struct(">Q")
_SHORT = struct.Struct(">H")
_CHILD = struct.Struct(">cQ")
_WITHIN = struct.Struct(">cHQ")
_OF_FOLDER = struct.Struct(">cHH")
_IN_FOLDER = struct.Struct(">cHHQ")
_TAGS = {
    "child": b"c", "view": b"v", "bound": b"b", "doubted": b"w", "native": b"n", "dirty": b"d", "awaiting": b"a",
    "visible": b"s",
}  # fmt: skip

#: Kinds whose third part is a directory and whose fourth is a name in it.
_PLACED = frozenset({"view", "bound"})


def node_key(node: int) -> bytes:
    """Returns a node's number as a key that sorts as the numbers do."""
    return _NODE.pack(node)


def node_of(value: bytes) -> int:
    """Returns the number at the end of a key or value."""
    return int(_NODE.unpack(value[-8:])[0])


def sum_key(service: int, directory: int | None = None) -> bytes:
    """Returns the key of a directory's fingerprint, or the beginning of those of a service."""
    prefix = _SHORT.pack(service)
    return prefix if directory is None else prefix + _NODE.pack(directory)


def encode(key: IndexKey, number: Callable[[str], int]) -> bytes:
    """Returns an index key, or the beginning of one, in bytes.

    Args:
        key: As in `onitu.core.derive`.
        number: Gives the number of a service's or folder's name.
    """
    # Called ten times per file: no loops, no helpers where it can be avoided.
    tag = key[0]
    size = len(key)
    if tag == "child":
        start = _CHILD.pack(b"c", key[1])
        return start if size == 2 else start + _name(key[2])  # noqa: PLR2004
    if size == 2:  # noqa: PLR2004
        return _TAGS[tag] + _SHORT.pack(number(key[1]))  # type: ignore[index, arg-type]
    if tag in _PLACED:
        start = _WITHIN.pack(_TAGS[tag], number(key[1]), key[2])  # type: ignore[arg-type]
        return start if size == 3 else start + _name(key[3])  # noqa: PLR2004
    if tag == "doubted":
        start = _WITHIN.pack(b"w", number(key[1]), key[2]) + _name(key[3]) + b"\0"  # type: ignore[arg-type]
        return start if size == 4 else start + _NODE.pack(key[4])  # noqa: PLR2004
    if tag == "native":
        start = b"n" + _SHORT.pack(number(key[1])) + _name(key[2]) + b"\0"  # type: ignore[arg-type]
        return start if size == 3 else start + _NODE.pack(key[3])  # noqa: PLR2004
    if size == 3:  # noqa: PLR2004
        return _OF_FOLDER.pack(_TAGS[tag], number(key[1]), number(key[2]))  # type: ignore[index, arg-type]
    return _IN_FOLDER.pack(_TAGS[tag], number(key[1]), number(key[2]), key[3])  # type: ignore[index, arg-type]


def _name(text: str | int) -> bytes:
    """Returns a name of any length in at most `LONGEST_NAME` bytes, different for different names."""
    raw = str(text).encode("utf-8", "surrogatepass")
    if len(raw) <= LONGEST_NAME:
        return raw
    return raw[:KEPT_OF_LONG_NAME] + blake3(raw).digest(16)
