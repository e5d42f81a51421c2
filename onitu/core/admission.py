"""What belongs on which service: modes apart, everything the setup says of single entries (CONTRACT B8-B10, B17, C).

There are two questions. Whether an entry that a service shows may be taken in is asked of the entry as it lies there
(`refusal`). Whether a service should have what the head tree has is asked of the head (`exclusion`), and the answer is
kept with the node, since it hangs on the whole path.

What leaves a service's scope where it lies, by a filter, a rule or its own growth, is *unmanaged* from then on: what
was known of it is forgotten, and nothing is deleted. What somebody has moved out of it is gone from its old place, and
is deleted there as by any other move.
"""

from __future__ import annotations

import msgspec

from onitu.core.filters import Cause, Refusal, admit
from onitu.core.model import Kind, Present
from onitu.core.node import Node, Phase, Place, Seen, ServiceName, ServiceState
from onitu.core.patterns import IGNORE_NAME
from onitu.core.scope import Scope
from onitu.core.tree import Nodes, Notice, Recheck, head_path, path_on


def refusal(scope: Scope, service: ServiceName, path: str, entry: Present) -> Refusal | None:
    """Returns why an entry that a service shows is not taken in, or None if it is.

    Args:
        scope: The folder.
        service: Who shows it.
        path: Where, in the folder.
        entry: What.
    """
    return _refusal(scope, service, path, directory=entry.kind is Kind.DIRECTORY, size=entry.size)


def exclusion(scope: Scope, service: ServiceName, path: str, node: Node) -> Refusal | None:
    """Returns why the head of a node does not belong on a service, or None if it does.

    Args:
        scope: The folder.
        service: A member of it.
        path: Path of the node in the head tree.
        node: A live node.
    """
    version, state = node.version, node.services.get(service)
    directory = version.kind is Kind.DIRECTORY
    refused = _refusal(scope, service, path, directory=directory, size=version.size)
    if refused is not None or path == IGNORE_NAME:
        return refused
    if directory and not _holds(state) and not _wants(scope, service, path):
        return Refusal(Cause.WHITELIST, "a directory is made only where a file that belongs here lies in it")
    if scope.rules is None or directory or (state is not None and state.brought):
        return None
    name = f"{scope.rule_prefix}/{path}"
    if service in scope.rules.route(name, size=version.size, directory=False):
        return None
    return Refusal(Cause.RULE, scope.rules.explain(name, size=version.size, directory=False, service=service))


def settle_scope(nodes: Nodes, scope: Scope, node: Node) -> list[Recheck | Notice]:
    """Brings what is noted of a node's scope up to date, and lets go of it where it does not belong any more.

    Args:
        nodes: The nodes.
        scope: The folder.
        node: A node of it; it is the caller's to put.

    Returns:
        What has to be looked at again, since it was left alone and belongs to the folder now or is an entry of its own;
        and what is unmanaged from now on.
    """
    before, node.outside = node.outside, ()
    if node.place is None or node.deleted or not node.versions:
        return []
    path = head_path(nodes, node)
    excluded = {name: exclusion(scope, name, path, node) for name in scope.members}
    node.outside = tuple(name for name, why in excluded.items() if why is not None)
    effects: list[Recheck | Notice] = []
    for name, state in node.services.items():
        there = state.place
        if name not in scope.members or state.gone or there is None:
            continue
        its_path, why, key = path_on(nodes, scope.root, name, there), excluded[name], scope.members[name].key
        if state.filtered:
            away = not is_at_head(scope, node, name, there)
            if away:
                state.seen = None  # An entry of its own, from now on.
            if its_path is not None and (away or (name in before and why is None)):
                effects.append(Recheck(name, its_path))
        elif why is not None and its_path is not None and key(its_path) == key(path) and leave_alone(state, why.text):
            effects.append(Notice("file_unmanaged", name, path, {"cause": why.cause.value, "reason": why.text}))
    return effects


def is_at_head(scope: Scope, node: Node, service: ServiceName, there: Place) -> bool:
    """Returns whether a place on a service is the one that the head tree has for a node.

    Args:
        scope: The folder.
        node: A live node.
        service: The service.
        there: A place on it.
    """
    place, key = node.place, scope.members[service].key
    return place is not None and place.parent == there.parent and key(place.name) == key(there.name)


def leave_alone(state: ServiceState, reason: str, seen: Seen | None = None) -> bool:
    """Forgets that a service holds an entry, which is left alone there from now on. An unknown outcome stays known.

    Args:
        state: What was known of it.
        reason: Why, for a person.
        seen: What is there now, if it was seen just now.

    Returns:
        Whether it could be forgotten: not while the outcome of a mutation of ours is unknown.
    """
    forgotten = state.intent is None or state.intent.phase is not Phase.SENT
    if forgotten:
        state.base, state.intent, state.drift = None, None, 0
        seen = seen or state.seen
    if seen is not None:
        state.seen = msgspec.structs.replace(seen, reason=reason, filtered=True)
    return forgotten


def _holds(state: ServiceState | None) -> bool:
    """Returns whether a service holds something, or we may have made it there."""
    return state is not None and (state.known is not None or state.intent is not None)


def _refusal(scope: Scope, service: ServiceName, path: str, *, directory: bool, size: int) -> Refusal | None:
    """Returns why filters or ignore patterns keep an entry out."""
    if path == IGNORE_NAME:
        return None  # It is synced everywhere (CONTRACT B17).
    return admit(scope.members[service].filters, scope.ignores, path, directory=directory, size=size)


def _wants(scope: Scope, service: ServiceName, path: str) -> bool:
    """Returns whether a directory belongs on a service for its own sake."""
    if not all(narrowing.wants_directory(path) for narrowing in scope.members[service].filters):
        return False
    if scope.rules is None:
        return True
    return service in scope.rules.route(f"{scope.rule_prefix}/{path}", size=0, directory=True)
