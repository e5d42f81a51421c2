"""`onitu verify`: reads every file on every service again, and says what is not what it is known to be.

A file that was edited since shows another revision, and is what `onitu plan` is for. Here it is about the others: what
a disk or a service has changed without showing it. The records are borrowed, as for a plan; nothing is changed or
mended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from onitu.core.model import Absent, Inadmissible, Kind, Observation, Present, Unknown
from onitu.errors import DriverError
from onitu.supervisor.service import Service, Status
from onitu.transfer.digest import DIGEST, read_digests

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onitu.core.node import Node, NodeId, ServiceName
    from onitu.core.tree import Work
    from onitu.referee import Link, Referee
    from onitu.store import Transaction

#: Files of one page, and the bytes after which it ends earlier: one call of the driver reads it.
FILES_AT_ONCE = 1_000
BYTES_AT_ONCE = 64 * 1024 * 1024


@attrs.define
class Found:
    """What came of one folder on one service.

    Attributes:
        files: Files that are what they are known to be.
        size: Their bytes.
        unknown: Files of which no digest is known, because nobody has had to read them yet.
        changed: Files that were edited or deleted meanwhile.
        faults: Path, and what is wrong with it.
    """

    files: int = 0
    size: int = 0
    unknown: int = 0
    changed: int = 0
    faults: list[tuple[str, str]] = attrs.Factory(list)

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
        faults: Path, and why it cannot be read.
        next: The last node that was looked at; 0 where there are no more.
    """

    entries: list[Observation] = attrs.Factory(list)
    digests: list[bytes | None] = attrs.Factory(list)
    size: int = 0
    unknown: int = 0
    faults: list[tuple[str, str]] = attrs.Factory(list)
    next: NodeId = 0


async def tell_drift(referee: Referee, services: Iterable[Service]) -> int:
    """Reads everything again and prints what differs. Returns the exit code: 0 if nothing does.

    Args:
        referee: What all links share; everything has come to rest.
        services: All services, whatever became of them.
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
            for path, fault in found.faults:
                print(f"{service.name}: {link.folder}/{path}: {fault}", flush=True)  # noqa: T201
            print(f"{service.name}: {link.folder}: {found}", flush=True)  # noqa: T201
            code = 1 if found.faults else code
    return code


async def verify(referee: Referee, link: Link) -> Found:
    """Reads all files of one folder on one service and compares them with what they are known to be."""
    found, after = Found(), 0
    while True:

        def choose(transaction: Transaction, begin: NodeId = after) -> _Page:
            return _choose(referee, link, transaction, begin)

        page = await referee.writer.read(choose)
        found.unknown += page.unknown
        found.faults += page.faults
        if page.entries:
            for entry, digest, seen in zip(page.entries, page.digests, await _read(link, page.entries), strict=True):
                _compare(found, entry, digest, seen)
        after = page.next
        if not after:
            return found


def _choose(referee: Referee, link: Link, transaction: Transaction, after: NodeId) -> _Page:
    """Returns the next files that a service is known to hold, and shows unchanged."""
    work = referee.work(transaction, link.folder)
    page = _Page()
    for looked, node in enumerate(transaction.nodes(after=after), 1):
        page.next = node.id
        if node.folder == link.folder:
            _add(page, work, link.service, node)
        if looked >= FILES_AT_ONCE or page.size >= BYTES_AT_ONCE:
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
        page.faults.append((path, seen.reason))
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
        found.faults.append((entry.path, f"it cannot be read: {now.reason}"))
    elif isinstance(now, Absent) or now.revision != before.revision or digest is None:
        found.changed += 1
    elif (read := now.digests.get(DIGEST)) is None:
        found.faults.append((entry.path, "it was not read"))
    elif read != digest:
        differs = f"its content has changed without a trace: {DIGEST} {read.hex()}, and not {digest.hex()}"
        found.faults.append((entry.path, differs))
    else:
        found.files += 1
        found.size += before.size
