"""Cuts the operations of a batch into groups: small files that are written one after the other are one.

Whoever writes many of them at once needs no thread for each. What is in one group is done side by side, so no two of
it are about the same path. This module does nothing itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from onitu.rpc.gen import operation_pb2

MOST: Final = 64
"""Files of a group."""

MOST_BYTES: Final = 1024 * 1024
"""Bytes of a group: as much as may be in memory for one operation."""


def groups(operations: Iterable[operation_pb2.Operation]) -> Iterator[list[operation_pb2.Operation]]:
    """Yields the operations in their order: writes of small files in groups, everything else by itself."""
    group: list[operation_pb2.Operation] = []
    paths: set[str] = set()
    size = 0
    for operation in operations:
        upload = operation.write.upload if operation.WhichOneof("action") == "write" else None
        full = upload is None or len(group) == MOST or size + upload.size > MOST_BYTES or upload.path in paths
        if group and full:
            yield group
            group, paths, size = [], set(), 0
        if upload is None:
            yield [operation]
            continue
        group.append(operation)
        paths.add(upload.path)
        size += upload.size
    if group:
        yield group
