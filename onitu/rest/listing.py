"""The files of the head tree in order: by folder, then depth first, by the bytes of their names.

A page begins at a place or after a number of files. To come to a place costs a few look-ups; to count costs a few
microseconds a file, so what was counted is remembered until something is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import attrs

from onitu.core.model import Kind
from onitu.core.owners import owners, up_to_date

if TYPE_CHECKING:
    from onitu.core.node import Node, NodeId
    from onitu.core.scope import Scope
    from onitu.store import Transaction

#: A folder and a path in it.
Spot: TypeAlias = tuple[str, str]

#: Files between two remembered places.
STRIDE = 1_000


@attrs.frozen(kw_only=True)
class Wanted:
    """Which files are listed.

    Attributes:
        folder: Those of this folder; None for all.
        service: Those that this service should hold and does not; None for all.
        part: Those with this in their path, in any case; "" for all.
    """

    folder: str | None = None
    service: str | None = None
    part: str = ""


class Counted:
    """Places and how many files lie before them, for one state of the records."""

    def __init__(self) -> None:
        self._state: tuple[int, Wanted] | None = None
        self._spots: dict[int, Spot] = {}

    def take(self, commits: int, wanted: Wanted) -> None:
        """Forgets everything, unless it is about these files in this state."""
        if self._state != (commits, wanted):
            self._state, self._spots = (commits, wanted), {}

    def note(self, offset: int, spot: Spot) -> None:
        """Notes after which place the files from a number on begin."""
        self._spots[offset] = spot

    def nearest(self, offset: int) -> tuple[int, Spot | None]:
        """Returns the best place to count from, and how many files lie before it."""
        best = max((known for known in self._spots if known <= offset), default=0)
        return best, self._spots.get(best)


def list_files(
    transaction: Transaction,
    scopes: Mapping[str, Scope],
    wanted: Wanted,
    *,
    after: Spot | None = None,
) -> Iterator[tuple[Spot, NodeId]]:
    """Yields the files in order, with their places.

    Args:
        transaction: The records.
        scopes: The folders.
        wanted: Which of them.
        after: Where to begin: behind this place, whether or not something is there.
    """
    concerns = _test(transaction, scopes, wanted)
    for folder in sorted(scopes):
        if wanted.folder not in (None, folder) or (after is not None and folder < after[0]):
            continue
        path = after[1] if after is not None and folder == after[0] else ""
        for found, node, kind in walk(transaction, scopes[folder].root, after=path):
            if kind is Kind.FILE and (concerns is None or concerns(folder, found, node)):
                yield (folder, found), node


def page(
    transaction: Transaction,
    scopes: Mapping[str, Scope],
    wanted: Wanted,
    counted: Counted,
    *,
    offset: int,
    limit: int,
) -> list[tuple[Spot, NodeId]]:
    """Returns some files in order.

    Args:
        transaction: The records.
        scopes: The folders.
        wanted: Which files.
        counted: What is remembered of this state of the records; more is noted.
        offset: Files to leave out.
        limit: Files to return, at most.
    """
    number, spot = counted.nearest(offset)
    found: list[tuple[Spot, NodeId]] = []
    if limit == 0:
        return found
    for entry in list_files(transaction, scopes, wanted, after=spot):
        number += 1
        if number > offset:
            found.append(entry)
        if number % STRIDE == 0:
            counted.note(number, entry[0])
        if len(found) == limit:
            counted.note(number, entry[0])
            break
    return found


def following(
    transaction: Transaction, scopes: Mapping[str, Scope], wanted: Wanted, *, after: Spot, limit: int
) -> list[tuple[Spot, NodeId]]:
    """Returns the files behind a place, at most `limit`."""
    return list(islice(list_files(transaction, scopes, wanted, after=after), limit))


def walk(
    transaction: Transaction, top: NodeId, *, above: str = "", after: str = ""
) -> Iterator[tuple[str, NodeId, Kind]]:
    """Yields the entries below a directory, depth first: path, node and kind.

    Args:
        transaction: The records.
        top: The directory.
        above: Its own path.
        after: A path below it; what comes before it, it and the directories above it are left out.
    """
    behind = after.split("/") if after else []
    # No recursion: a tree may be deeper than Python's stack.
    levels = [(transaction.children_from(top, behind[0] if behind else ""), above, behind)]
    while levels:
        children, path_above, behind = levels[-1]
        child = next(children, None)
        if child is None:
            levels.pop()
            continue
        outline = transaction.outline(child)
        if outline is None or outline.place is None:
            continue
        name = outline.place.name
        path = f"{path_above}/{name}" if path_above else name
        rest = behind[1:] if behind and name == behind[0] else None
        if rest is None and outline.kind is not None:
            yield path, child, outline.kind
        if outline.kind is Kind.DIRECTORY:
            levels.append((transaction.children_from(child, rest[0] if rest else ""), path, rest or []))


def _test(
    transaction: Transaction, scopes: Mapping[str, Scope], wanted: Wanted
) -> Callable[[str, str, NodeId], bool] | None:
    """Returns what tells whether a file is wanted, or None where all are."""
    part, service = wanted.part.casefold(), wanted.service

    def lacks(folder: str, number: NodeId) -> bool:
        node: Node | None = transaction.load(number)
        scope = scopes[folder]
        return node is not None and service in owners(scope, node) and service not in up_to_date(scope, node)

    if service is not None:
        return lambda folder, path, node: part in path.casefold() and lacks(folder, node)
    if part:
        return lambda _folder, path, _node: part in path.casefold()
    return None
