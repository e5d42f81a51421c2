"""Finds a file by its id, which is made of its name (CONTRACT E2).

The records are kept by number and found by name; from an id no name can be made. So at the first question the ids of
all files are computed, a few microseconds each, and kept at sixteen bytes each; later ones look only at what has
changed since. An id is believed only if the file that was found has it now.
"""

from __future__ import annotations

import threading
import uuid
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, TypeVar

import trio

from onitu.core.model import Kind
from onitu.core.tree import head_path
from onitu.rest.listing import walk
from onitu.rest.problems import NotThere
from onitu.utils import get_fid

if TYPE_CHECKING:
    from onitu.core.node import Node, NodeId
    from onitu.core.scope import Scope
    from onitu.rest.desk import Desk
    from onitu.store import Transaction

T = TypeVar("T")

#: Changed entries from which on everything is computed anew.
MANY = 20_000


def fid_of(scope: Scope, path: str) -> str:
    """Returns the id of a path (CONTRACT: `get_fid`)."""
    return get_fid(f"{scope.rule_prefix}/{path}"[1:])


class Fids:
    """The files of a running core, by id.

    Args:
        desk: The core.
    """

    def __init__(self, desk: Desk) -> None:
        self._writer = desk.referee.writer
        self._desk = desk
        # Sorted by the first; in the second the nodes of the same places.
        self._hashes, self._nodes = array("Q"), array("Q")
        self._later: dict[int, NodeId] = {}
        self._built = False
        self._changed: set[NodeId] = set()
        self._before: set[NodeId] = set()
        self._lock = threading.Lock()
        # The first question computes for everybody; the others wait for it.
        self._limiter = trio.CapacityLimiter(1)

    async def find(self, fid: str, show: Callable[[Transaction, Scope, str, Node], T]) -> T:
        """Returns what is to be shown of a file.

        Args:
            fid: Its id.
            show: Called in the transaction that has found it, with its folder, its path and its record.

        Raises:
            NotThere: There is no such file.
        """
        scopes = self._desk.referee.scopes

        def work(transaction: Transaction) -> T | None:
            found = self._look_up(transaction, scopes, fid)
            return show(transaction, *found) if found is not None else None

        # From before the transaction on, so that no change is missed between the two.
        self._writer.watchers.add(self._note)
        shown = await self._writer.read(work, limiter=self._limiter)
        if shown is None:
            raise NotThere(f"file {fid} not found")
        return shown

    def _look_up(
        self, transaction: Transaction, scopes: Mapping[str, Scope], fid: str
    ) -> tuple[Scope, str, Node] | None:
        try:
            wanted = _hash(fid)
        except ValueError:
            return None
        found = self._believed(transaction, scopes, fid, wanted)
        if found is None and self._learn(transaction, scopes):
            found = self._believed(transaction, scopes, fid, wanted)
        return found

    def _believed(
        self, transaction: Transaction, scopes: Mapping[str, Scope], fid: str, wanted: int
    ) -> tuple[Scope, str, Node] | None:
        """Returns a file that has an id now, among those that are known to have had it."""
        for number in self._known(wanted):
            node = transaction.load(number)
            if node is None or node.deleted or node.place is None or node.version.kind is not Kind.FILE:
                continue
            scope, path = scopes.get(node.folder), head_path(transaction, node)
            if scope is not None and fid_of(scope, path) == fid:
                return scope, path, node
        return None

    def _known(self, wanted: int) -> Iterator[NodeId]:
        """Yields what is known by the first half of an id."""
        if wanted in self._later:
            yield self._later[wanted]
        position = bisect_left(self._hashes, wanted)
        while position < len(self._hashes) and self._hashes[position] == wanted:
            yield self._nodes[position]
            position += 1

    def _learn(self, transaction: Transaction, scopes: Mapping[str, Scope]) -> bool:
        """Takes in what has changed since the last question; returns whether there was anything."""
        with self._lock:
            # Some of it may be committed since this transaction began, and is seen in the next one.
            changed, self._before, self._changed = self._before | self._changed, self._changed, set()
            built, self._built = self._built, True
        if not built:
            self._learn_all(transaction, scopes)
            return True
        for number in changed:
            outline = transaction.outline(number)
            scope = scopes.get(outline.folder) if outline is not None else None
            node = transaction.load(number)
            if scope is None or node is None or node.deleted or node.place is None:
                continue
            path = head_path(transaction, node)
            digest = _hash(fid_of(scope, path))
            known = number in self._known(digest)
            self._later[digest] = number
            if not known and node.version.kind is Kind.DIRECTORY:
                # It is new or was renamed, and all below it with it.
                for below, child, _ in walk(transaction, number, above=path):
                    self._later[_hash(fid_of(scope, below))] = child
        return bool(changed)

    def _learn_all(self, transaction: Transaction, scopes: Mapping[str, Scope]) -> None:
        """Computes the ids of everything."""
        found = [
            (_hash(fid_of(scope, path)), number)
            for scope in scopes.values()
            for path, number, _ in walk(transaction, scope.root)
        ]
        found.sort()
        self._hashes, self._nodes = array("Q", (one for one, _ in found)), array("Q", (one for _, one in found))
        self._later = {}

    def _note(self, changed: AbstractSet[NodeId]) -> None:
        """Notes what a transaction has changed. Called in the writer's thread."""
        with self._lock:
            self._changed |= changed
            if len(self._changed) + len(self._later) > MANY:
                self._changed, self._built = set(), False
                self._writer.watchers.discard(self._note)


def _hash(fid: str) -> int:
    """Returns the first half of an id.

    Raises:
        ValueError: It is none, or not written as we write them.
    """
    found = uuid.UUID(fid)
    if str(found) != fid:
        raise ValueError(fid)
    return found.int >> 64
