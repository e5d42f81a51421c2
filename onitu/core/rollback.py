"""Content older than what a service was known to hold: one such file is an edit, many are a backup that was restored.

Older is what was modified before the content it stands in for, where the service knows times; elsewhere, a content that
the file had before. Taken for edits, the files of a restored backup would roll everybody back to them.
"""

from __future__ import annotations

from onitu.core import conflict
from onitu.core.compare import Equality, same_bytes
from onitu.core.lifecycle import retire
from onitu.core.model import Kind, Present
from onitu.core.node import TORN, Base, Node, ServiceName, ServiceState, Version
from onitu.core.tree import Work

#: Files of one service and folder that may show older content within an hour.
MOST = 20

#: Times nearer to each other than this are taken for equal: some services keep no finer ones.
PRECISION_NS = 2_000_000_000


def is_older(work: Work, service: ServiceName, node: Node, state: ServiceState) -> bool:
    """Returns whether a service shows a file with older content, which is not decided about yet.

    Args:
        work: The unit of work.
        service: The service.
        node: The node.
        state: What the service holds of it.
    """
    seen, known = state.seen, state.known
    if seen is None or seen.reason or state.gone or known is None or node.deleted:
        return False
    entry, base = seen.entry, node.versions.get(known.version)
    if entry.revision == known.revision or base is None or base.kind is not Kind.FILE or entry.kind is not Kind.FILE:
        return False
    # What somebody else has edited since is a conflict anyway, and rolls nobody back.
    if not node.same_bytes(known.version) or same_bytes(entry, service, base) is not Equality.DIFFERENT:
        return False
    if entry.mtime_ns is None or base.mtime_ns is None:
        return _was_before(work, node, entry, base)
    # A time of 0 is none, and one in the future says nothing.
    return 0 < entry.mtime_ns < base.mtime_ns - PRECISION_NS and base.mtime_ns <= work.now_ns


def give_back(work: Work, service: ServiceName, node: Node, state: ServiceState) -> None:
    """Has a service get back the newer content. What it shows is kept beside, unless it is known. Puts the node.

    Args:
        work: The unit of work.
        service: The service.
        node: A node it shows older content of.
        state: What it holds of it.
    """
    seen, known = state.seen, state.known
    assert seen is not None  # noqa: S101 - it is older
    assert known is not None  # noqa: S101 - as above
    base = node.versions[known.version]
    if _was_before(work, node, seen.entry, base):
        retire(state, known.revision)
        state.base, state.intent = Base(TORN, seen.place, seen.entry.revision), None
    else:
        conflict.keep_both(work, service, node, state, seen, head_wins=True)
    work.tree.put(node)


def _was_before(work: Work, node: Node, entry: Present, base: Version) -> bool:
    """Returns whether the file had this content before it had the one it should have."""
    if not entry.digests:
        return False
    return any(
        version.number < base.number
        and version.size == entry.size
        and any(version.digests.get(name) == digest for name, digest in entry.digests.items())
        for version in work.tree.history(node.id)
    )
