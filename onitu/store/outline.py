"""The beginning of a node's record: what somebody needs who passes many by to show a few."""

from __future__ import annotations

import msgspec

from onitu.core.model import Kind
from onitu.core.node import NodeId, Place


class OutlineVersion(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The beginning of a version.

    Attributes:
        number: As in `onitu.core.node.Version`, like the other.
        kind: What it is.
        size: Bytes.
    """

    number: int
    kind: Kind
    size: int


class Outline(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The beginning of a node. What follows in the record is skipped.

    Attributes:
        id: As in `onitu.core.node.Node`, like all others.
        folder: The folder.
        place: Where it is; None for the root of a folder.
        head: The current version.
        deleted: Whether it is a tombstone.
        versions: The versions.
    """

    id: NodeId
    folder: str
    place: Place | None
    head: int
    deleted: bool
    versions: dict[int, OutlineVersion]

    @property
    def kind(self) -> Kind | None:
        """What it is; None for the root of a folder."""
        version = self.versions.get(self.head)
        return version.kind if version is not None else None

    @property
    def size(self) -> int:
        """Bytes of its current content."""
        version = self.versions.get(self.head)
        return version.size if version is not None else 0


#: Of a node as it is stored, behind the number of its schema.
OUTLINE = msgspec.msgpack.Decoder(tuple[int, Outline])
