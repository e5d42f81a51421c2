"""Looks at paths of a service: asks it, or, where it cannot be asked, reads what is there.

A service without `StatFiles` says what changed, and nothing else. Its content can be read all the same; what is read is
shown under the revision that is known, if the content is the one that is known, and otherwise under one made of it.
That a file cannot be read says nothing: there absence comes only from the driver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onitu.core.model import DIGEST, Absent, Kind, Observation, Present, State, Unknown
from onitu.errors import DriverError, NotFound
from onitu.transfer.digest import read_content

if TYPE_CHECKING:
    from onitu.core.tree import Work
    from onitu.referee.link import Link
    from onitu.store import Transaction

#: In front of a revision that no driver has set; the SDK shows it to none.
OUR_MARK = "\x01"


async def look(link: Link, paths: list[str]) -> list[Observation]:
    """Returns what is at paths now, in their order.

    Args:
        link: The folder on its service.
        paths: As the service spells them.

    Raises:
        DriverError: The service cannot be asked. One that is read has unknown entries instead.
    """
    if link.capabilities.stat_files:
        return await link.client.stat(link.folder, paths)

    def find(transaction: Transaction) -> list[Observation]:
        work = link.referee.work(transaction, link.folder)
        return [_known(work, link, path) for path in paths]

    return [await _read(link, known) for known in await link.referee.writer.read(find)]


def _known(work: Work, link: Link, path: str) -> Observation:
    """Returns what was last seen at a path, as of when that was."""
    found = work.at(link.service, path)
    state = work.tree.node(found).services.get(link.service) if found is not None else None
    if state is None or state.seen is None:
        return Observation(path, Absent(), link.generation << 40)
    return Observation(path, state.seen.entry, state.seq)


async def _read(link: Link, known: Observation) -> Observation:
    entry = known.state
    if isinstance(entry, Present) and entry.kind is not Kind.FILE:
        return known
    revision = entry.revision if isinstance(entry, Present) else ""
    state: State
    try:
        size, digest = await read_content(link, known.path, revision)
    except NotFound:
        state = Absent()
    except DriverError as error:
        state = Unknown(str(error))
    else:
        if not isinstance(entry, Present) or entry.digests.get(DIGEST) != digest:
            revision = f"{OUR_MARK}content:{digest.hex()}"
        state = Present(kind=Kind.FILE, revision=revision, size=size, digests={DIGEST: digest})
    return Observation(known.path, state, known.seq)
