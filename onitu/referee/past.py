"""What became of files, and what is kept of what was replaced or deleted.

The records say what became of an entry; the trashes are asked what can be had back: those of the services that are
active, and the data directory's. Nothing is changed here; see `restoring`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import attrs
import msgspec
import trio

from onitu.core.capability import Mode
from onitu.core.past import Event, Line, lines
from onitu.core.tree import Work
from onitu.core.wanted import RestoreCopy
from onitu.errors import DriverError, Unsupported

if TYPE_CHECKING:
    from onitu.core.model import Kept
    from onitu.core.node import NodeId, ServiceName, Version
    from onitu.core.scope import Scope
    from onitu.host.client import DriverClient
    from onitu.referee.referee import Referee
    from onitu.store import Transaction
    from onitu.store.trash import Trash

#: Modification times that differ by less are the same: services keep them more or less precisely.
_SAME_TIME = 2_000_000_000


@attrs.frozen(kw_only=True)
class Copy:
    """A retained copy.

    Attributes:
        folder: Its folder.
        service: Where it lay.
        kept: What it is.
        keeper: The service in whose trash it lies; "" for the data directory.
    """

    folder: str
    service: ServiceName
    kept: Kept
    keeper: ServiceName


@attrs.define
class Found:
    """What came of looking.

    Attributes:
        copies: The copies, oldest first.
        faults: Service, and why it could not be asked.
    """

    copies: list[Copy] = attrs.Factory(list)
    faults: list[tuple[ServiceName, str]] = attrs.Factory(list)

    def sort(self) -> None:
        """Brings the copies into their order."""
        self.copies.sort(key=lambda copy: (copy.kept.kept_at_ns, copy.folder, copy.kept.path, copy.service))


@attrs.frozen(kw_only=True)
class Entry:
    """A line of `onitu log`.

    Attributes:
        label: What names its version among those of the path, or "" where it has none.
        line: What became of the entry.
        current: It is what everybody should have.
        copies: Where its content can be had back from.
    """

    label: str
    line: Line
    current: bool
    copies: tuple[Copy, ...]


@attrs.frozen
class Past:
    """What the records say of a path.

    Attributes:
        told: What became of the entries that are or were there, oldest first.
        current: The entry that is there now and its version, or None.
        names: The paths that they ever had.
    """

    told: list[Line]
    current: tuple[NodeId, int] | None
    names: tuple[str, ...]

    def entries(self, copies: Iterable[Copy]) -> list[Entry]:
        """Returns it for people.

        Args:
            copies: What is kept under one of the names.
        """
        copies = list(copies)
        return [
            Entry(
                label=self._label(line),
                line=line,
                current=line.version is not None and (line.node, line.version.number) == self.current,
                copies=tuple(copy for copy in copies if line.version is not None and _is_of(line.version, copy.kept)),
            )
            for line in self.told
        ]

    def _label(self, line: Line) -> str:
        if line.version is None or line.event in (Event.MOVED, Event.DELETED):
            return ""
        newest = self.told[-1].node
        return f"{line.version.number}" if line.node == newest else f"{line.node}.{line.version.number}"


def past_of(transaction: Transaction, scope: Scope | None, folder: str, path: str) -> Past:
    """Returns what became of what is or was at a path.

    Args:
        transaction: The records.
        scope: The folder, or None where it is none any more.
        folder: Its name.
        path: The path.
    """
    names = {path}
    nodes = transaction.past.departed(folder, path)
    current: tuple[NodeId, int] | None = None
    if scope is not None:
        work = Work(transaction, scope, now_ns=0)
        live: NodeId | None = scope.root
        for name in path.split("/"):
            live = transaction.child(live, name) if live is not None else None
        if live is not None:
            current = (live, transaction.node(live).head)
        for node in [*nodes, *([live] if live is not None else [])]:
            known = transaction.find(node)
            names.update(departure.path for departure in transaction.past.departures(node))
            if known is not None and known.place is not None:
                names.add(work.head_path(known))
        nodes += [live] if live is not None and live not in nodes else []
    order = {node: position for position, node in enumerate(dict.fromkeys(nodes))}
    told = [
        line
        for node in order
        for line in lines(
            node, transaction.history(node), transaction.past.taken(node), transaction.past.departures(node)
        )
    ]
    return Past(sorted(told, key=lambda line: order[line.node]), current, tuple(sorted(names)))


def _is_of(version: Version, kept: Kept) -> bool:
    """Returns whether a retained copy has the content of a version, as far as can be told without reading it."""
    if (version.kind, version.target) != (kept.kind, kept.target):
        return False
    for algorithm, digest in kept.digests.items():
        if algorithm in version.digests:
            return version.digests[algorithm] == digest
    if version.size != kept.size:
        return False
    return version.mtime_ns is None or kept.mtime_ns is None or abs(version.mtime_ns - kept.mtime_ns) < _SAME_TIME


async def copies_of(
    referee: Referee, folders: Iterable[str], paths: Iterable[str] = ("",), service: ServiceName | None = None
) -> Found:
    """Returns what is kept, as far as the services that are active and the data directory have it.

    Args:
        referee: What all links share.
        folders: Of these folders.
        paths: Only what had one of these paths or lay below it; "" is everything.
        service: Only what lay on this service; None is all.
    """
    found, folders, paths = Found(), list(folders), list(paths)
    async with trio.open_nursery() as nursery:
        for link in tuple(referee.links.values()):
            if link.folder in folders and service in (None, link.service) and link.capabilities.trash:
                nursery.start_soon(list_service, found, link.client, link.service, link.folder, paths)
    await trio.to_thread.run_sync(list_data, found, referee.trash, folders, paths, service)
    found.sort()
    return found


async def list_service(
    found: Found, client: DriverClient, service: ServiceName, folder: str, paths: Iterable[str]
) -> None:
    """Adds what a service keeps of a folder."""
    try:
        for path in paths:
            async for kept in client.list_trash(folder, path):
                found.copies.append(Copy(folder=folder, service=service, kept=kept, keeper=service))
    except Unsupported:
        said = "it keeps what is replaced or deleted in its own way; look for it there"
        found.faults.append((service, said))
    except DriverError as error:
        found.faults.append((service, str(error)))


def list_data(
    found: Found, trash: Trash, folders: Iterable[str], paths: Iterable[str], service: ServiceName | None
) -> None:
    """Adds what the data directory keeps."""
    paths = list(paths)
    for folder in folders:
        for path in paths:
            found.copies += [
                Copy(folder=origin.folder, service=origin.service, kept=kept, keeper="")
                for origin, kept in trash.listed(folder, path)
                if service in (None, origin.service)
            ]


def request_for(
    copy: Copy, modes: Mapping[ServiceName, Mode], *, version: Version | None = None, path: str = ""
) -> RestoreCopy | None:
    """Returns what brings a copy back; None where no service of its folder may be written to.

    Args:
        copy: Which.
        modes: The services of its folder.
        version: The version it is to be; its digest is verified on the way. What is there is replaced.
        path: Where it is to be, or "" for where it was.
    """
    kept, service = copy.kept, _target(copy.service, modes)
    if service is None:
        return None
    if version is not None:
        kept = msgspec.structs.replace(
            kept,
            executable=kept.executable if kept.executable is not None else version.executable,
            digests=version.digests or kept.digests,
        )
    return RestoreCopy(
        folder=copy.folder,
        service=service,
        kept=kept,
        keeper=copy.keeper,
        path=path or kept.path,
        replace=version is not None,
    )


def _target(service: ServiceName, modes: Mapping[ServiceName, Mode]) -> ServiceName | None:
    """Returns the service that a copy is written to: the one it lay on, unless an edit there would go nowhere."""
    for name in (service, *modes):
        if modes.get(name) == Mode.READ_WRITE:
            return name
    for name in (service, *modes):
        if Mode.WRITE in modes.get(name, Mode.NONE):
            return name
    return None
