"""Whether two contents are the same, as far as can be known without reading them."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from onitu.core.model import Kind, Present
from onitu.core.node import ServiceName, Version


class Equality(enum.Enum):
    """The answer. `UNKNOWN` asks for digests; it is never taken for either of the others."""

    SAME = enum.auto()
    DIFFERENT = enum.auto()
    UNKNOWN = enum.auto()


def same_bytes(entry: Present, service: ServiceName, version: Version) -> Equality:
    """Compares what a service shows with a version, leaving attributes out.

    Args:
        entry: What was seen.
        service: Where it was seen.
        version: What it is compared with.
    """
    if entry.kind is not version.kind:
        return Equality.DIFFERENT
    if entry.kind is Kind.DIRECTORY:
        return Equality.SAME
    if entry.kind is Kind.SYMLINK:
        return Equality.SAME if entry.target == version.target else Equality.DIFFERENT
    if entry.size != version.size:
        return Equality.DIFFERENT
    for algorithm, digest in entry.digests.items():
        known = version.digests.get(algorithm)
        if known is not None:
            return Equality.SAME if digest == known else Equality.DIFFERENT
    if version.origin == service and version.revision == entry.revision and not entry.racy:
        return Equality.SAME
    return Equality.UNKNOWN


def same_attributes(entry: Present, version: Version) -> bool:
    """Returns whether the attributes that make a version agree. What one side cannot tell equals anything."""
    return entry.executable is None or version.executable is None or entry.executable == version.executable


def same_digests(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> bool:
    """Returns whether two contents are known to be the same: by the algorithms that both are known by."""
    common = one.keys() & other.keys()
    return bool(common) and all(one[name] == other[name] for name in common)
