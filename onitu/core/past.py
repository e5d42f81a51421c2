"""What became of an entry, as a list for people (`onitu log`): its versions, renames and deletions in their order."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

import attrs
import msgspec

from onitu.core.node import NodeId, ServiceName, Version


class Departure(msgspec.Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """An entry that left a place in the head tree. Stored.

    Attributes:
        at: When, seconds since 1970.
        folder: In which folder.
        path: The path it had.
        deleted: Whether it was deleted; otherwise it has another place since.
        version: Its version then.
        service: Where somebody did that, as far as known; "" otherwise.
    """

    at: float
    folder: str
    path: str
    deleted: bool
    version: int
    service: ServiceName = ""


class HeadChange(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Something in the head tree that has become another, as it is told to who looks on.

    Attributes:
        node: The entry.
        folder: In which folder.
        path: The path it has, or had when it was deleted.
        version: Its content.
        deleted: Whether it is gone.
        before: The path it had until now, where it was moved; "" otherwise.
        awaited: The services that are to be brought up to date with it.
    """

    node: NodeId
    folder: str
    path: str
    version: Version
    deleted: bool = False
    before: str = ""
    awaited: tuple[ServiceName, ...] = ()

    @property
    def state(self) -> str:
        """What became of it, in a word."""
        return "deleted" if self.deleted else "moved" if self.before else "changed"


class Event(enum.Enum):
    """What became of an entry."""

    CREATED = "created"
    EDITED = "edited"
    ATTRIBUTES = "attributes changed"
    CONFLICT = "kept from a conflict"
    MOVED = "moved"
    DELETED = "deleted"


@attrs.frozen(kw_only=True)
class Line:
    """One thing that became of an entry.

    Attributes:
        node: The entry.
        event: What.
        at: When, seconds since 1970; None where that was not noted.
        service: Where it was done, or "".
        version: The version it had from then on, or the one it had when it was deleted.
        path: The path it had until then, for one that was moved or deleted.
    """

    node: NodeId
    event: Event
    at: float | None
    service: ServiceName
    version: Version | None
    path: str = ""


def lines(
    node: NodeId, versions: Iterable[Version], taken: Mapping[int, float], departures: Iterable[Departure]
) -> list[Line]:
    """Returns what became of an entry, oldest first.

    Args:
        node: The entry.
        versions: Its versions as far as remembered, oldest first.
        taken: When each was taken in.
        departures: When it left its places.
    """
    known = {version.number: version for version in versions}
    told = [
        Line(
            node=node,
            event=_event(version),
            at=taken.get(version.number),
            service=version.origin,
            version=version,
        )
        for version in known.values()
    ]
    told += [
        Line(
            node=node,
            event=Event.DELETED if departure.deleted else Event.MOVED,
            at=departure.at,
            service=departure.service,
            version=known.get(departure.version),
            path=departure.path,
        )
        for departure in departures
    ]
    return sorted(told, key=_when)


def _event(version: Version) -> Event:
    if version.kept_from is not None:
        return Event.CONFLICT
    if version.parent is None:
        return Event.CREATED
    return Event.ATTRIBUTES if version.bytes_of else Event.EDITED


def _when(line: Line) -> tuple[float, int, bool]:
    """Sorts by time; what has none comes first, and a version before what became of it."""
    number = line.version.number if line.version is not None else 0
    return (line.at or 0.0, number, line.event in (Event.MOVED, Event.DELETED))
