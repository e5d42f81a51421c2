"""The checks, one module for each group, in the order in which they run."""

from onitu.conformance.check import CHECKS, GROUPS
from onitu.conformance.groups import (
    batch,
    cancellation,
    concurrency,
    delete,
    errors,
    faults,
    life,
    manifest,
    move,
    names,
    observe,
    preconditions,
    read,
    trash,
    write,
)

CHECKS.sort(key=lambda check: GROUPS.index(check.group))

__all__ = [
    "batch",
    "cancellation",
    "concurrency",
    "delete",
    "errors",
    "faults",
    "life",
    "manifest",
    "move",
    "names",
    "observe",
    "preconditions",
    "read",
    "trash",
    "write",
]
