"""Progress on a terminal while something is being moved."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import trio

from onitu.log import show_status

if TYPE_CHECKING:
    from onitu.referee import Referee

#: Seconds between two looks; a person reads no faster.
INTERVAL = 0.25


async def show_progress(referee: Referee) -> None:
    """Shows what is being done in the last line of the terminal, until it is cancelled; elsewhere nothing."""
    if not sys.stderr.isatty():
        return
    try:
        while True:
            await trio.sleep(INTERVAL)
            show_status(None if referee.idle else _status(referee))
    finally:
        show_status(None)


def _status(referee: Referee) -> str:
    counts = referee.counts
    parts = [f"{counts.files:,} files, {_readable(counts.bytes)} copied"]
    listing = sorted({link.service for link in referee.links.values() if not link.listed})
    if listing:
        parts.append(f"looking at {', '.join(listing)}")
    if referee.in_flight:
        parts.append(f"{len(referee.in_flight):,} under way")
    return " · ".join(parts)


def _readable(size: float) -> str:
    """Returns a number of bytes with a unit."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004 - the units are powers of a thousand
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
