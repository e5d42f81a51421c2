"""Carries out what people ask of the trash: brings retained copies back, or removes them for good.

A copy comes back as an edit that a user might have made on that service: it is written there, and then looked at like
anything else. So nothing here touches a record, and a crash in the middle leaves an edit that is made or not.

What was asked for while no core ran is kept in the store, and done when the service is next active.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import trio

from onitu.core.lifecycle import version_of
from onitu.core.model import (
    Absent,
    Attributes,
    Inadmissible,
    Kind,
    MakeDirectory,
    Observation,
    Present,
    Unknown,
    Upload,
    WriteSymlink,
)
from onitu.core.names import restored_name
from onitu.core.node import Action
from onitu.core.reconcile import from_the_top
from onitu.core.task import Task
from onitu.core.wanted import EmptyTrash, RestoreCopy, Wanted
from onitu.errors import DriverError, RevisionMismatch, StoreError, Unavailable, Unsupported
from onitu.transfer.party import compared

if TYPE_CHECKING:
    from onitu.core.model import Kept
    from onitu.referee.link import Link
    from onitu.referee.referee import Referee
    from onitu.store import Transaction

_WANTED = "wanted "
_DECODE = msgspec.json.Decoder(Wanted).decode

#: Times that is tried, a second apart, which waits for a service.
_ATTEMPTS = 5

#: Names that are tried for a copy whose own is taken.
_NAMES = 100

#: Bytes that are read at once from the data directory.
_PIECE = 1 << 20


def keep_wanted(transaction: Transaction, wanted: Wanted) -> None:
    """Keeps what is asked for until it can be done."""
    name = f"{_WANTED}{wanted.service}\0{wanted.folder}\0{uuid.uuid4().hex}"
    transaction.set_meta(name, msgspec.json.encode(wanted))


def waiting(transaction: Transaction, service: str, folder: str) -> Iterator[tuple[str, Wanted]]:
    """Yields what was asked of a folder on a service, with the names it is kept under."""
    start = f"{_WANTED}{service}\0{folder}\0"
    for rest, raw in transaction.metas(start):
        yield start + rest, _DECODE(raw)


async def carry_out_waiting(link: Link) -> None:
    """Does what was asked for while no core ran. What cannot be done is said, and given up."""
    referee = link.referee
    try:
        found = await referee.writer.read(lambda transaction: list(waiting(transaction, *link.key)))
        for name, wanted in found:
            if await _has_come_about(referee, wanted):
                await referee.writer.write(partial(_forget, name=name))
    finally:
        link.restoring = False
        referee.came_to_rest()


async def _has_come_about(referee: Referee, wanted: Wanted) -> bool:
    """Does what was asked for, and returns whether that is over; otherwise it waits for the next start."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            await carry_out(referee, wanted)
        except Unavailable as error:
            if attempt < _ATTEMPTS:
                await trio.sleep(1)  # The service that keeps it may be starting.
                continue
            _tell_failure(referee, wanted, error)
            return False
        except (DriverError, StoreError) as error:
            _tell_failure(referee, wanted, error)
        return True
    return False


def _forget(transaction: Transaction, name: str) -> None:
    transaction.set_meta(name, None)


def _tell_failure(referee: Referee, wanted: Wanted, error: Exception) -> None:
    referee.log.warning(
        "trash_failed", service=wanted.service, folder=wanted.folder, path=wanted.path, error=str(error)
    )


async def carry_out(referee: Referee, wanted: Wanted) -> str:
    """Does what is asked for, and returns what came of it, for a person.

    Raises:
        DriverError: It could not be done.
        StoreError: The copy in the data directory cannot be read.
    """
    link = _link(referee, wanted.service, wanted.folder)
    if isinstance(wanted, EmptyTrash):
        return await _empty(link, wanted)
    path = await _restore(link, wanted)
    referee.log.info("file_restored", service=wanted.service, folder=wanted.folder, path=path)
    for shown in from_the_top(path):
        link.ask_path(shown)
    return path


def _link(referee: Referee, service: str, folder: str) -> Link:
    link = referee.links.get((service, folder))
    if link is None:
        raise Unavailable(f"the service '{service}' is not active now")
    return link


# Emptying.


async def _empty(link: Link, wanted: EmptyTrash) -> str:
    trash = link.referee.trash

    def empty_data() -> list[Kept]:
        copies = [
            kept
            for origin, kept in trash.listed(wanted.folder, wanted.path)
            if origin.service == wanted.service and kept.kept_at_ns < wanted.before_ns
        ]
        trash.remove(kept.id for kept in copies)
        return copies

    gone = await trio.to_thread.run_sync(empty_data)
    if link.capabilities.trash:
        try:
            kept = [one async for one in link.client.list_trash(link.folder, wanted.path)]
        except Unsupported:
            kept = []
        old = [one for one in kept if one.kept_at_ns < wanted.before_ns]
        await link.client.empty_trash(link.folder, [one.id for one in old])
        gone += old
    size = sum(one.size for one in gone)
    link.referee.log.info("trash_emptied", service=link.service, folder=link.folder, files=len(gone), bytes=size)
    return f"{len(gone):,} files ({size:,} bytes) removed"


# Restoring.


async def _restore(link: Link, wanted: RestoreCopy) -> str:
    """Writes a copy on a service, and returns where it is."""
    await _make_directories(link, wanted.path)
    for path in _paths(wanted):
        there = await _look(link, path)
        if isinstance(there, Present | Inadmissible) and not wanted.replace:
            continue
        expected = await _replaced(link, path, there) if isinstance(there, Present) else None
        if isinstance(there, Inadmissible):
            raise DriverError(f"something is at {path!r} that Onitu does not touch: {there.reason}")
        try:
            await _write(link, wanted, path, expected)
        except RevisionMismatch:
            if wanted.replace:
                raise
            continue  # Somebody was faster.
        return path
    raise DriverError(f"there is no free name for {wanted.path!r}")


def _paths(wanted: RestoreCopy) -> Iterator[str]:
    """Yields where a copy may go: its path, then names beside it."""
    yield wanted.path
    if wanted.replace:
        return
    above, slash, name = wanted.path.rpartition("/")
    day = datetime.fromtimestamp(wanted.kept.kept_at_ns / 1e9, tz=UTC).date().isoformat()
    for attempt in range(1, _NAMES):
        yield above + slash + restored_name(name, day=day, attempt=attempt)


async def _look(link: Link, path: str) -> Present | Absent | Inadmissible:
    (seen,) = await link.client.stat(link.folder, [path])
    if isinstance(seen.state, Unknown):
        raise Unavailable(f"nobody knows what is at {path!r}: {seen.state.reason}")
    return seen.state


async def _make_directories(link: Link, path: str) -> None:
    """Makes the directories above a path that are not there."""
    parts = path.split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        above = "/".join(parts[:depth])
        if isinstance(await _look(link, above), Absent):
            (answer,) = await link.client.apply(link.folder, [MakeDirectory(above)])
            if isinstance(answer, DriverError) and not isinstance(answer, RevisionMismatch):
                raise answer


async def _replaced(link: Link, path: str, there: Present) -> str:
    """Returns the revision of what is replaced, once a copy of that is kept."""
    if there.kind is Kind.DIRECTORY:
        raise DriverError(f"{path!r} is a directory now, which no file replaces")
    if link.capabilities.exposed:
        raise DriverError(
            f"the service '{link.service}' checks nothing before it replaces a file; delete {path!r} first"
        )
    held = version_of(there, link.service, parent=None)
    task = Task(node=0, action=Action.WRITE, path=path, expected=there.revision, version=held, held=held)
    retainer = link.retainer
    for error in (await retainer.retain([task])).values() if retainer is not None else ():
        raise error
    return there.revision


async def _write(link: Link, wanted: RestoreCopy, path: str, expected: str | None) -> None:
    kept, client = wanted.kept, link.client
    attributes = Attributes(kept.mtime_ns, kept.executable or None)
    answer: Observation | DriverError
    if kept.kind is Kind.SYMLINK:
        written = WriteSymlink(path, expected, kept.target or "", Attributes(kept.mtime_ns))
        (answer,) = await client.apply(link.folder, [written])
    else:
        digest = next(iter(kept.digests.items()), None)
        upload = Upload(path=path, expected=expected, size=kept.size, digest=digest, attributes=attributes)
        answer = compared(upload, await client.upload(link.folder, upload, _bytes(link, wanted)))
    if isinstance(answer, DriverError):
        raise answer


async def _bytes(link: Link, wanted: RestoreCopy) -> AsyncIterator[bytes]:
    """Yields the bytes of a copy."""
    if wanted.keeper:
        keeper = _link(link.referee, wanted.keeper, wanted.folder)
        async for piece in keeper.client.read_trash(wanted.folder, wanted.kept.id):
            await keeper.pace.down.pay(len(piece))
            await link.pace.up.pay(len(piece))
            yield piece
        return
    offset, trash = 0, link.referee.trash
    while piece := await trio.to_thread.run_sync(trash.read, wanted.kept.id, offset, _PIECE):
        await link.pace.up.pay(len(piece))
        offset += len(piece)
        yield piece
