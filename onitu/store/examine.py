"""Looks whether records fit together: the tree (P27), and everything that is derived from it (P28).

Reads only. Whoever calls it knows what the setup says; this module knows records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from onitu.core.admission import exclusion
from onitu.core.derive import IndexKey, fingerprint, fingerprint_parts, index_keys
from onitu.core.fingerprint import MODULUS
from onitu.core.model import Kind
from onitu.core.node import TORN, Node, NodeId
from onitu.core.tree import Nodes, head_path
from onitu.store import keys

if TYPE_CHECKING:
    from onitu.core.scope import Scope
    from onitu.store.transaction import Transaction


@attrs.define
class Report:
    """What was looked at, and what is wrong.

    Attributes:
        live: Entries that are there.
        deleted: Entries that are gone, and not yet from every service.
        folders: Folders with records.
        services: Services that something is known of.
        indexes: Index entries that were compared.
        fingerprints: Fingerprints of directories that were compared.
        faults: What is wrong, a sentence each.
    """

    live: int = 0
    deleted: int = 0
    folders: set[str] = attrs.Factory(set)
    services: set[str] = attrs.Factory(set)
    indexes: int = 0
    fingerprints: int = 0
    faults: list[str] = attrs.Factory(list)


def examine_tree(transaction: Transaction) -> Report:
    """Looks whether every entry hangs below a root, in directories, and under a name of its own."""
    report = Report()
    rooted: set[NodeId] = set()
    names: dict[tuple[NodeId, str], NodeId] = {}
    for node in transaction.nodes():
        report.folders.add(node.folder)
        report.services.update(node.services)
        _examine_versions(node, report)
        if node.deleted:
            report.deleted += 1
            continue
        report.live += not node.is_root
        if node.place is not None:
            other = names.setdefault((node.place.parent, node.place.name), node.id)
            if other != node.id:
                report.faults.append(f"entries {other} and {node.id} have one place: {node.place.name!r}")
        _examine_place(transaction, node, rooted, report)
    return report


def examine_derived(transaction: Transaction, scopes: Mapping[str, Scope], report: Report) -> None:
    """Derives everything again and compares it with what is kept, entry by entry.

    Args:
        transaction: The records.
        scopes: What the setup says; the indexes must have been made by it.
        report: Takes what is found.
    """
    sums: dict[bytes, int] = {}
    number, loaded, is_tree = transaction.number_of, _Loaded(transaction), not report.faults
    for node in transaction.nodes():
        if is_tree:  # Otherwise there may be no path.
            _examine_outside(loaded, node, scopes.get(node.folder), report)
        for key in index_keys(node, scopes.get(node.folder)):
            report.indexes += 1
            found = transaction.get(key)
            if found is None:
                report.faults.append(f"entry {node.id}: its index {_readable(key)} is missing")
        for (service, directory), part in fingerprint_parts(node).items():
            place = keys.sum_key(number(service), directory)
            sums[place] = (sums.get(place, 0) + fingerprint(part)) % MODULUS
    _examine_extra(transaction, scopes, report)
    _examine_sums(transaction, sums, report)


def _examine_versions(node: Node, report: Report) -> None:
    """Notes versions that something refers to and that are not there."""
    if not node.is_root and node.head not in node.versions:
        report.faults.append(f"entry {node.id}: its current version {node.head} is missing")
    for service, state in node.services.items():
        base = state.base
        if base is not None and base.version != TORN and base.version not in node.versions:
            report.faults.append(f"entry {node.id}: version {base.version}, held by {service!r}, is missing")


def _examine_place(transaction: Transaction, node: Node, rooted: set[NodeId], report: Report) -> None:
    """Walks up from a live node until it meets one that is known to hang below a root."""
    passed: set[NodeId] = set()
    first = node
    while node.id not in rooted:
        if node.id in passed:
            report.faults.append(f"entry {first.id}: lies in itself")
            return
        passed.add(node.id)
        if node.place is None:
            break
        name, parent = node.place.name, transaction.load(node.place.parent)
        if parent is None:
            report.faults.append(f"entry {node.id} {name!r}: its directory {node.place.parent} is missing")
            return
        if parent.deleted:
            report.faults.append(f"entry {node.id} {name!r}: its directory {parent.id} is deleted")
            return
        if not parent.is_root and (parent.head not in parent.versions or parent.version.kind is not Kind.DIRECTORY):
            report.faults.append(f"entry {node.id} {name!r}: lies in {parent.id}, which is no directory")
            return
        if parent.folder != node.folder:
            report.faults.append(f"entry {node.id} {name!r}: lies in {parent.id}, which is of another folder")
            return
        node = parent
    rooted |= passed


class _Loaded:
    """Nodes as they are stored, one by one: however many there are, none is kept in memory."""

    def __init__(self, transaction: Transaction) -> None:
        self.find = transaction.load


def _examine_outside(nodes: Nodes, node: Node, scope: Scope | None, report: Report) -> None:
    """Compares in whose scope a node is not with what filters and rules say of it now."""
    if scope is None or not scope.is_selective or node.place is None or node.deleted or not node.versions:
        return
    path = head_path(nodes, node)
    outside = {service for service in scope.members if exclusion(scope, service, path, node) is not None}
    for service in sorted(outside ^ set(node.outside)):
        what = "kept as in" if service in outside else "kept as out of"
        report.faults.append(f"entry {node.id} {path!r}: {what} the scope of {service!r}, which is wrong")


def _examine_extra(transaction: Transaction, scopes: Mapping[str, Scope], report: Report) -> None:
    """Looks for index entries that no record has, in the order of the index."""
    for raw, value in transaction.raw("index"):
        node = transaction.load(keys.node_of(value))
        derived = index_keys(node, scopes.get(node.folder)) if node is not None else set()
        if raw not in {keys.encode(key, transaction.number_of) for key in derived}:
            report.faults.append(f"index entry {raw.hex()} of entry {keys.node_of(value)} should not be there")


def _examine_sums(transaction: Transaction, sums: dict[bytes, int], report: Report) -> None:
    """Compares the fingerprints of directories."""
    kept = {key: int.from_bytes(value, "big") for key, value in transaction.raw("sums")}
    wanted = {key: total for key, total in sums.items() if total}
    report.fingerprints = len(wanted)
    for key in sorted(kept.keys() | wanted.keys()):
        if kept.get(key, 0) != wanted.get(key, 0):
            directory = keys.node_of(key)
            report.faults.append(f"directory {directory}: its fingerprint on one service is not that of its entries")


def _readable(key: IndexKey) -> str:
    return " ".join(str(part) for part in key)
