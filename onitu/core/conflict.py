"""Both sides changed: one keeps the name, the other becomes an ordinary file beside it. Nothing is lost.

The loser's content is first written under the conflict name and held there; the plan replaces the name itself only
then (`Version.kept_as`). The conflict name holds the content's digest, so a replay finds the copy it made before.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from onitu.core.compare import same_digests
from onitu.core.lifecycle import advance, hold, is_left_behind, is_loser_shown, version_of
from onitu.core.model import Kind, Present
from onitu.core.names import conflict_name, content_mark
from onitu.core.node import Base, Node, NodeId, Place, Seen, ServiceName, ServiceState, Version
from onitu.core.scope import Policy, Scope
from onitu.core.tree import Work


def keep_both(
    work: Work, service: ServiceName, node: Node, state: ServiceState, seen: Seen, *, head_wins: bool = False
) -> None:
    """Settles a conflict between the head and what a service shows. The node is the caller's to put.

    Args:
        work: The unit of work.
        service: The service.
        node: The node both want to be.
        state: What the service holds of it.
        seen: What it shows.
        head_wins: The head keeps the name, whatever the folder's policy.
    """
    entry, head = seen.entry, node.version
    if not head_wins and shown_wins(work.scope, service, entry, head, now_ns=work.now_ns):
        copy = _keep(work, node, head, head.origin)
        node.versions[head.number] = msgspec.structs.replace(head, kept_as=copy)
        advance(node, service, state, entry, seen.place)
    else:
        lost = version_of(entry, service, parent=state.known.version if state.known is not None else None)
        copy = _keep(work, node, lost, service)
        number = node.add_version(msgspec.structs.replace(lost, kept_as=copy))
        where = state.known.place if state.known is not None else seen.place
        hold(state, Base(number, where, entry.revision))
    kept = work.tree.node(copy)
    work.notice("conflict_found", service, node, copy=work.head_path(kept))


def shown_wins(scope: Scope, service: ServiceName, entry: Present, head: Version, *, now_ns: int) -> bool:
    """Returns whether what a service shows keeps the name, decided from the data and never from the order of arrival.

    Args:
        scope: The folder; the policy is that of the service.
        service: Who shows it.
        entry: What it shows.
        head: What it is weighed against.
        now_ns: Time of the observation; a modification time in the future counts as now.
    """
    member = scope.members[service]
    if member.policy is Policy.PREFER:
        ranks = {name: rank for rank, name in enumerate(member.preferred)}
        last = len(ranks)
        return ranks.get(service, last) < ranks.get(head.origin, last)
    if member.policy is Policy.NEWEST and entry.mtime_ns is not None and head.mtime_ns is not None:
        shown, held = min(entry.mtime_ns, now_ns), min(head.mtime_ns, now_ns)
        if shown != held:
            return shown > held
        return _order(entry.digests, entry.target) > _order(head.digests, head.target)
    return False


def _order(digests: Mapping[str, bytes], target: str | None) -> tuple[str, list[tuple[str, bytes]]]:
    """Returns what puts contents of one time in an order that is the same everywhere."""
    return target or "", sorted(digests.items())


def _keep(work: Work, node: Node, version: Version, service: ServiceName) -> NodeId:
    """Returns the node that keeps a version under a conflict name: one that does already, or a new one."""
    wanted = node.place
    assert wanted is not None  # noqa: S101 - a root is a directory and never in conflict
    for other in node.versions.values():
        if other.kept_as is not None and _is_same(other, version):
            kept = work.tree.find(other.kept_as)
            if kept is not None and _keeps(kept, version):
                return kept.id  # Another service has lost the same content.
    mark = _mark(version)
    attempt = 1
    while True:
        name = conflict_name(wanted.name, service=service, now_ns=work.now_ns, mark=mark, attempt=attempt)
        occupant = work.tree.child(wanted.parent, name)
        if occupant is None:
            break
        if _keeps(work.tree.node(occupant), version) and _is_kept_for(work, node, work.tree.node(occupant)):
            return occupant  # Kept before: a replay, or the same content lost twice.
        attempt += 1  # A copy that a user has edited is never reused.
    copy = work.tree.create(node.folder, Place(wanted.parent, name))
    copied = msgspec.structs.replace(version, parent=None, kept_as=None, kept_from=node.id)
    copy.head = copy.add_version(copied)
    copy.state(service).brought = True
    work.tree.put(copy)
    return copy.id


def _keeps(copy: Node, version: Version) -> bool:
    """Returns whether a node holds a content, and is going to."""
    if copy.deleted or not _is_same(copy.version, version):
        return False
    # One that is missed somewhere may be about to be deleted: its content may be the very one that was just moved.
    return not any(state.gone for state in copy.services.values())


def _is_kept_for(work: Work, node: Node, copy: Node) -> bool:
    """Returns whether a node keeps a content for another from now on, and is not deleted while that is shown there.

    One that does so for a third does it for that alone.
    """
    if copy.version.kept_from == node.id:
        return True
    if is_loser_shown(work, copy) or is_left_behind(work, copy):
        return False
    copy.versions[copy.head] = msgspec.structs.replace(copy.version, kept_from=node.id)
    work.tree.put(copy)
    return True


def _is_same(one: Version, other: Version) -> bool:
    """Returns whether two contents are known to be the same."""
    if one.kind is not other.kind:
        return False
    if one.kind is Kind.SYMLINK:
        return one.target == other.target
    return same_digests(one.digests, other.digests)


def _mark(version: Version) -> str:
    """Returns what tells a version's content from another, or the end of its revision where nothing is known of it."""
    return content_mark(version.digests, version.target) or version.revision.encode().hex()[-8:]
