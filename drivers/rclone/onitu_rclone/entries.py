"""What rclone lists, and what it is to Onitu."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Final

import msgspec

from onitu.plug import Kind, Present
from onitu.plug.files import DIRECTORY

FRESH: Final = 2.0
"""Seconds within which a second write may leave size and time as they are."""

_SECOND: Final = 1_000_000_000
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_LENGTHS: Final = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64, "blake3": 32}
"""Digests that Onitu knows under the same name, with their bytes."""

PREFERRED: Final = ("sha256", "blake3", "sha1", "md5")


class Item(msgspec.Struct, frozen=True, rename="pascal"):
    """An entry, as rclone lists it."""

    name: str = ""
    size: int = -1
    mod_time: str = ""
    is_dir: bool = False
    id: str = msgspec.field(default="", name="ID")
    hashes: dict[str, str] | None = None


class Abilities(msgspec.Struct, frozen=True, kw_only=True):
    """What can be relied on of what the service lists.

    Attributes:
        hash: Which digest comes with every listing, or "".
        timed: The time is the same in every look.
        steady: It is so after a rename, too.
        ids: An id is the same in every look.
        empty_directories: There are directories with nothing in them.
        stale: rclone remembers where directories were, and must be told to look again.
        refused: Signs that nothing may have in its name after a rename: it would come out elsewhere.
    """

    hash: str = ""
    timed: bool = True
    steady: bool = True
    ids: bool = False
    empty_directories: bool = True
    stale: bool = False
    refused: str = ""


def present_of(item: Item, able: Abilities) -> Present:
    """Returns how an entry is seen.

    Args:
        item: As rclone lists it.
        able: What of that can be relied on.
    """
    if item.is_dir:
        return DIRECTORY
    mtime_ns = time_ns(item.mod_time)
    hashes = {name: value for name, value in (item.hashes or {}).items() if name == able.hash and value}
    parts = [str(item.size), item.mod_time if able.timed else "", item.id if able.ids else "", *hashes.values()]
    known = mtime_ns is not None and able.timed and mtime_ns <= (time.time() - FRESH) * _SECOND
    return Present(
        kind=Kind.FILE,
        revision="/".join(parts),
        size=item.size,
        mtime_ns=mtime_ns if able.timed and able.steady else None,
        digests=_digests(hashes),
        racy=not hashes and not known,
    )


def time_ns(said: str) -> int | None:
    """Returns a time as nanoseconds since 1970, or None for one that is not known."""
    found = _TIME.fullmatch(said)
    if found is None:
        return None
    whole, fraction, zone = found.groups()
    seconds = int(datetime.fromisoformat(whole + ("+00:00" if zone == "Z" else zone)).timestamp())
    # Long before any computer: rclone's way to say that there is no time.
    return None if seconds < -(2**33) else seconds * _SECOND + int((fraction or "").ljust(9, "0"))


def _digests(hashes: dict[str, str]) -> dict[str, bytes]:
    found = {}
    for name, value in hashes.items():
        if len(value) == 2 * _LENGTHS.get(name, 0):
            found[name] = bytes.fromhex(value)
    return found
