"""Who should hold a file, and who does (CONTRACT A: `owners`, `uptodate`)."""

from __future__ import annotations

from onitu.core.node import Node, ServiceName
from onitu.core.scope import Scope


def owners(scope: Scope, node: Node) -> tuple[ServiceName, ...]:
    """Returns the services that should hold a node, the one it came from included; sorted.

    Args:
        scope: The folder.
        node: The node.
    """
    if node.deleted:
        return ()
    return tuple(sorted(name for name in scope.members if name not in node.outside))


def up_to_date(scope: Scope, node: Node) -> tuple[ServiceName, ...]:
    """Returns those of the owners that hold the current version of a node; sorted.

    Args:
        scope: The folder.
        node: The node.
    """
    found: list[ServiceName] = []
    for name in owners(scope, node):
        state = node.services.get(name)
        if state is not None and state.base is not None and state.base.version == node.head:
            found.append(name)
    return tuple(found)


def behind(scope: Scope, node: Node) -> tuple[ServiceName, ...]:
    """Returns the services that are to be brought up to date with a node, a deleted one too; sorted.

    Args:
        scope: The folder.
        node: The node.
    """
    found: list[ServiceName] = []
    for name, member in sorted(scope.members.items()):
        state = node.services.get(name)
        base = state.base if state is not None else None
        if node.deleted:
            waits = base is not None
        else:
            waits = name not in node.outside and (base is None or base.version != node.head or base.place != node.place)
        if waits and member.writable:
            found.append(name)
    return tuple(found)
