"""Digests of files on services that cannot compute them where the files lie: they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from blake3 import blake3

from onitu.core.model import DIGEST, Observation, Present, Unknown
from onitu.errors import DriverError

if TYPE_CHECKING:
    from onitu.transfer.party import Party


async def read_digests(party: Party, entries: list[Observation]) -> list[Observation]:
    """Reads files and returns them as observed, with their digests.

    Args:
        party: The service.
        entries: The files as last observed.

    Returns:
        One observation per file, in order; `Unknown` for one that could not be read as it was.
    """
    return [await _read_one(party, entry) for entry in entries]


async def read_content(party: Party, path: str, revision: str, *, size: int | None = None) -> tuple[int, bytes]:
    """Reads a file and returns its size and digest.

    Args:
        party: The service.
        path: Which file.
        revision: The one wanted.
        size: Its size, if known.

    Raises:
        DriverError: It cannot be read.
    """
    length, hasher = 0, blake3()
    async with party.client.get_file(party.folder, path, revision, size=size) as pieces:
        async for piece in pieces:
            await party.pace.down.pay(len(piece))
            length += len(piece)
            hasher.update(piece)
    return length, hasher.digest()


async def _read_one(party: Party, observed: Observation) -> Observation:
    entry = observed.state
    if not isinstance(entry, Present):
        return observed
    try:
        racy = entry.racy and await _is_racy(party, observed.path, entry)
        length, digest = await read_content(party, observed.path, entry.revision, size=entry.size)
    except DriverError as error:
        return Observation(observed.path, Unknown(str(error)), observed.seq)
    if length != entry.size:
        # A digest of less or more than the file would make an edit of it that nobody has made.
        return Observation(observed.path, Unknown(f"{length} bytes came of {entry.size}"), observed.seq)
    known = msgspec.structs.replace(entry, digests={**entry.digests, DIGEST: digest}, racy=racy)
    return Observation(observed.path, known, observed.seq)


async def _is_racy(party: Party, path: str, entry: Present) -> bool:
    """Returns whether a file may still be written without a new revision, as of before it is read."""
    if not party.client.capabilities.stat_files:
        return False  # Nobody can be asked; the next listing tells.
    now = (await party.client.stat(party.folder, [path]))[0].state
    return not isinstance(now, Present) or now.racy or now.revision != entry.revision
