"""Reads files again, and says what is not what it is known to be: for `onitu verify`, and bit by bit while it is quiet.

A file that was edited since shows another revision, and is what `onitu plan` is for. Here it is about the others: what
a disk or a service has changed without showing it. Nothing is changed here; see `repair`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import attrs

from onitu.core.model import DIGEST, Absent, Inadmissible, Kind, Observation, Present, Unknown
from onitu.errors import DriverError
from onitu.supervisor.service import Service, Status
from onitu.transfer.digest import read_digests

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onitu.core.node import Node, NodeId, ServiceName
    from onitu.core.tree import Work
    from onitu.referee import Link, Referee
    from onitu.store import Transaction

#: Has a file mended that has changed without a trace, and returns what to say of it.
Repair: TypeAlias = "Callable[[Link, Fault], Awaitable[str]]"

#: Files of one page, and the bytes after which it ends earlier: one call of the driver reads it.
FILES_AT_ONCE = 1_000
BYTES_AT_ONCE = 64 * 1024 * 1024


@attrs.frozen
class Fault:
    """A file that is not what it is known to be.

    Attributes:
        path: Its path on the service.
        text: What is wrong with it, for a person.
        revision: The revision that it shows, if its content has changed all the same; "" if it cannot be read.
    """

    path: str
    text: str
    revision: str = ""


@attrs.define
class Found:
    """What came of one folder on one service.

    Attributes:
        files: Files that are what they are known to be.
        size: Their bytes.
        unknown: Files of which no digest is known, because nobody has had to read them yet.
        changed: Files that were edited or deleted meanwhile.
        faults: Files that are not.
    """

    files: int = 0
    size: int = 0
    unknown: int = 0
    changed: int = 0
    faults: list[Fault] = attrs.Factory(list)

    def __str__(self) -> str:
        said = f"{self.files:,} files ({self.size:,} bytes) are as they should be, {len(self.faults):,} are not"
        said += f"; {self.unknown:,} have no digest to compare with" if self.unknown else ""
        return said + (f"; {self.changed:,} were changed meanwhile" if self.changed else "")


@attrs.define
class _Page:
    """Files to be read in one go.

    Attributes:
        entries: What was last observed of each.
        digests: What each should have; None for one that was edited, which only has to be readable.
        size: Their bytes.
        unknown: Files of which no digest is known.
        faults: Files that cannot be read.
        next: The last node that was looked at; 0 where there are no more.
    """

    entries: list[Observation] = attrs.Factory(list)
    digests: list[bytes | None] = attrs.Factory(list)
    size: int = 0
    unknown: int = 0
    faults: list[Fault] = attrs.Factory(list)
    next: NodeId = 0


async def tell_drift(referee: Referee, services: Iterable[Service], repair: Repair | None = None) -> int:
    """Reads everything again and prints what differs. Returns the exit code: 0 if nothing does.

    Args:
        referee: What all links share; everything has come to rest.
        services: All services, whatever became of them.
        repair: Has a file mended and returns what to say of it; None where nobody has asked for that.
    """
    code = 0
    for service in services:
        if not service.is_active:
            print(f"{service.name}: {service.status.value}: {service.reason}")  # noqa: T201 - this is the command's output
            code = 1
            continue
        if service.status is Status.HELD:
            print(f"{service.name}: {service.status.value}: {service.reason}")  # noqa: T201
        for link in service.links:
            found = await verify(referee, link)
            for fault in found.faults:
                print(f"{service.name}: {link.folder}/{fault.path}: {fault.text}", flush=True)  # noqa: T201
                if repair is not None and fault.revision:
                    print(f"  {await repair(link, fault)}", flush=True)  # noqa: T201
            print(f"{service.name}: {link.folder}: {found}", flush=True)  # noqa: T201
            code = 1 if found.faults else code
    return code


async def verify(referee: Referee, link: Link) -> Found:
    """Reads all files of one folder on one service and compares them with what they are known to be."""
    found, after = Found(), 0
    while True:
        after = await verify_some(referee, link, found, after, files=FILES_AT_ONCE, size=BYTES_AT_ONCE)
        if not after:
            return found


async def verify_some(referee: Referee, link: Link, found: Found, after: NodeId, *, files: int, size: int) -> NodeId:
    """Reads the next files of one folder on one service and compares them with what they are known to be.

    Args:
        referee: What all links share.
        link: The folder on its service.
        found: Takes what comes of it.
        after: What the last call has returned; 0 to begin.
        files: How many records are looked at.
        size: The bytes after which it ends earlier. The last file may be larger than that.

    Returns:
        Where to go on; 0 when everything has been read.
    """
    page = await referee.writer.read(partial(_choose, referee, link, after=after, files=files, size=size))
    found.unknown += page.unknown
    found.faults += page.faults
    if page.entries:
        for entry, digest, seen in zip(page.entries, page.digests, await _read(link, page.entries), strict=True):
            _compare(found, entry, digest, seen)
    return page.next


def _choose(referee: Referee, link: Link, transaction: Transaction, *, after: NodeId, files: int, size: int) -> _Page:
    """Returns the next files that a service is known to hold, and shows unchanged."""
    work = referee.work(transaction, link.folder)
    page = _Page()
    for looked, node in enumerate(transaction.nodes(after=after), 1):
        page.next = node.id
        if node.folder == link.folder:
            _add(page, work, link.service, node)
        if looked >= files or page.size >= size:
            return page
    page.next = 0
    return page


def _add(page: _Page, work: Work, service: ServiceName, node: Node) -> None:
    """Adds a file to a page, if the service is known to hold it."""
    state = node.services.get(service)
    if state is None or not state.present or state.seen is None or state.known is None or state.filtered:
        return
    seen, known = state.seen, state.known
    version, path = node.versions.get(known.version), work.path_on(service, seen.place)
    if version is None or version.kind is not Kind.FILE or path is None:
        return
    digest = version.digests.get(DIGEST)
    if seen.reason:
        page.faults.append(Fault(path, seen.reason))
    elif digest is None:
        page.unknown += 1
    else:
        page.entries.append(Observation(path, seen.entry, state.seq))
        page.digests.append(digest if seen.entry.revision == known.revision else None)
        page.size += seen.entry.size


async def _read(link: Link, entries: list[Observation]) -> list[Observation]:
    """Returns files as they are now, with digests of what was read for it."""
    if DIGEST not in link.capabilities.computed_digests:
        return await read_digests(link, entries)
    try:
        return await link.client.stat(link.folder, [entry.path for entry in entries], digest=DIGEST)
    except DriverError as error:
        return [Observation(entry.path, Unknown(str(error)), entry.seq) for entry in entries]


def _compare(found: Found, entry: Observation, digest: bytes | None, seen: Observation) -> None:
    before, now = entry.state, seen.state
    assert isinstance(before, Present)  # noqa: S101 - chosen so
    if isinstance(now, Unknown | Inadmissible):
        found.faults.append(Fault(entry.path, f"it cannot be read: {now.reason}"))
    elif isinstance(now, Absent) or now.revision != before.revision or digest is None or before.racy:
        found.changed += 1
    elif (read := now.digests.get(DIGEST)) is None:
        found.faults.append(Fault(entry.path, "it was not read"))
    elif read != digest:
        differs = f"its content has changed without a trace: {DIGEST} {read.hex()}, and not {digest.hex()}"
        found.faults.append(Fault(entry.path, differs, before.revision))
    else:
        found.files += 1
        found.size += before.size
