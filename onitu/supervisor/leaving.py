"""Forgetting what is known of a folder on a service: it has left the setup, or its root is another one.

What comes back is met as new (DESIGN "Scope"): nothing that was taken away from it meanwhile was deleted by anybody.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, TypeAlias

from onitu.core.model import Kind
from onitu.core.safety import Losses
from onitu.referee.holding import set_hold, set_losses
from onitu.supervisor.rounds import save_round

if TYPE_CHECKING:
    from onitu.config.values import Setup
    from onitu.core.node import Node, NodeId, ServiceName
    from onitu.store import Transaction

#: A service, and a folder of it.
Membership: TypeAlias = tuple["ServiceName", str]

#: In front of what is kept of a service's folder: of the first, something is there as soon as it was met or halted.
_ROOT, _HALT = "root-id ", "halt "
_KEPT = (_ROOT, _HALT, "cursor ")

#: In front of the names of services that a person has stopped, or paused.
STOPPED, PAUSED = "stopped ", "paused "

#: Nodes that are put before they are written: there may be a million.
_AT_ONCE = 10_000


def forget_left(transaction: Transaction, setup: Setup) -> bool:
    """Forgets what is known of folders on services that are in the setup no more, and what was wished of services.

    What no other service has anything of is forgotten whole: nobody could bring it anywhere.

    Args:
        transaction: A write transaction, before the scopes of the setup are in force. Indexes have to be derived anew
            in it, if there was anything to forget.
        setup: The setup that is to be in force.

    Returns:
        Whether there was anything to forget.
    """
    members = {
        (service.name, folder)
        for service in setup.services.values()
        for folder, mapping in service.folders.items()
        if mapping.mode and folder in setup.folders
    }
    left = _met(transaction) - members
    if left:
        _forget_unheld(transaction, forget_members(transaction, left))
    for wish in (STOPPED, PAUSED):
        for service in [name for name, _ in transaction.metas(wish) if name not in setup.services]:
            transaction.set_meta(wish + service, None)
    return bool(left)


def forget_members(transaction: Transaction, members: AbstractSet[Membership]) -> list[NodeId]:
    """Forgets everything that is known of folders on services.

    Args:
        transaction: A write transaction.
        members: Which. Nothing may be under way there.

    Returns:
        The entries of which nobody has anything any more.
    """
    services: dict[str, set[ServiceName]] = {}
    for service, folder in members:
        services.setdefault(folder, set()).add(service)
    concerned = [
        node.id for node in transaction.nodes() if not services.get(node.folder, set()).isdisjoint(node.services)
    ]
    unheld: list[NodeId] = []
    for number in concerned:
        node = transaction.node(number)
        for service in services[node.folder]:
            node.services.pop(service, None)
        if not (node.services or node.deleted or node.is_root):
            unheld.append(number)
        _put(transaction, node)
    for service, folder in members:
        for name in _KEPT:
            transaction.set_meta(f"{name}{service}\0{folder}", None)
        set_hold(transaction, service, folder, None)
        for older in (False, True):
            set_losses(transaction, service, folder, Losses(), older=older)
        save_round(transaction, service, folder, None)
    return unheld


def _met(transaction: Transaction) -> set[Membership]:
    """Returns the folders on services of which anything is known."""
    return {
        (service, folder)
        for prefix in (_ROOT, _HALT)
        for service, _, folder in (name.partition("\0") for name, _ in transaction.metas(prefix))
    }


def _forget_unheld(transaction: Transaction, unheld: list[NodeId]) -> None:
    """Forgets entries of which nobody has anything, but for directories in which something is."""
    directories: list[tuple[int, NodeId]] = []
    for number in unheld:
        node = transaction.node(number)
        if node.versions and node.version.kind is Kind.DIRECTORY:
            directories.append((_depth(transaction, node), number))
        else:
            _forget(transaction, node)
    for _, number in sorted(directories, reverse=True):
        if next(iter(transaction.children(number)), None) is None:
            _forget(transaction, transaction.node(number))


def _forget(transaction: Transaction, node: Node) -> None:
    """Forgets an entry. Nobody has deleted it, so nothing of that is noted: without a head it departs from nowhere."""
    node.deleted, node.head, node.versions = True, 0, {}
    _put(transaction, node)


def _put(transaction: Transaction, node: Node) -> None:
    transaction.put(node)
    if len(transaction.changed) >= _AT_ONCE:
        transaction.flush()


def _depth(transaction: Transaction, node: Node) -> int:
    depth, place = 0, node.place
    while place is not None:
        above = transaction.find(place.parent)
        depth, place = depth + 1, above.place if above is not None else None
    return depth
