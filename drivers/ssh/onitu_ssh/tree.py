"""Everything below a root in one answer, where the server has a shell and `python3`.

What runs there is `lister`. By SFTP a directory costs three ways there and back, and each entry a line as `ls -l` would
print it; here directories come as fast as they can be read there. What comes is looked at as in any listing.
"""

from __future__ import annotations

import json
import time
from importlib import resources
from typing import TYPE_CHECKING, Final, TypeAlias

from . import observe
from .protocol import Status
from .session import Session, quoted
from .shell import PYTHON

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from .observe import Entries
    from .root import Root

Listed: TypeAlias = tuple[str, int, list[tuple[str, Status]], float]
"""A directory: path, number of the observation, what is in it, and when that was seen, by the clock here."""

_LONGEST: Final = 4 * 1024 * 1024
"""Bytes of a page: a thousand names of 255 bytes, each of which takes six as JSON says it, and some numbers."""

_AT_ONCE: Final = 20_000
"""Entries after which it is looked whether the root is still there."""

_MOMENT: Final = 0.05
"""Seconds after which that is looked at, and what came until then is shown."""

_TICK: Final = 0.25
"""Seconds between two numbers: what comes counts as seen when the last one was made that was known there."""


async def list_tree(root: Root, tick: Callable[[], int]) -> AsyncIterator[tuple[str, int, Entries]]:
    """Yields the directories of a root with what is in them, depth first; none where that cannot be had this way.

    Args:
        root: Of the folder.
        tick: Makes the number of an observation.

    Raises:
        Unavailable: The root is not what it was.
        Refused: It could not be found out what an entry is.
        Lost: The listing is not complete.
    """
    shell = await root.shell()
    if shell is None or shell.watcher != PYTHON:
        return
    program = resources.files(__package__).joinpath("lister.py").read_bytes()
    script = b"exec python3 -S -X utf8 -c %s %s" % (quoted(program), quoted(root.path))
    session = await Session.open(shell.control, script, longest=_LONGEST)
    try:
        async for listed in _batches(session, tick):
            sftp = await root.connection.sftp()
            # A disk that went while it was listed leaves an empty directory behind.
            await root.require(root.ask(sftp))
            for path, seq, entries, seen in listed:
                # It may have waited on the way: what had just been modified then counts as racy.
                lag = root.lag + seen - time.time()
                yield path, seq, await observe.judge_all(root, sftp, path, entries, lag)
    finally:
        await session.close()


async def _batches(session: Session, tick: Callable[[], int]) -> AsyncIterator[list[Listed]]:
    """Yields directories, as many at once as have come within a moment."""
    ahead = float(json.loads(await session.record())) - time.time()
    told = begun = time.monotonic()
    session.send(b"%d\n" % tick())
    batch: list[Listed] = []
    page: list[tuple[str, Status]] = []
    count = 0
    while (record := json.loads(await session.record())) is not None:
        seq, seen, path, more, entries = record
        now = time.monotonic()
        if now - told > _TICK:
            told = now
            session.send(b"%d\n" % tick())
        if entries is None:
            page = []  # Whoever asks for it alone is told why.
            continue
        page += [(name, Status(mode, size, mtime, uid, -1)) for name, mode, size, mtime, uid in entries]
        count += len(entries)
        if more:
            continue
        batch.append((path, seq, page, seen - ahead))
        page = []
        if count > _AT_ONCE or now - begun > _MOMENT:
            yield batch
            batch, count, begun = [], 0, time.monotonic()
    if batch:
        yield batch
