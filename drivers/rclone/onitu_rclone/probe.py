"""What a service can do: what rclone says of it, and what of that is true of a file of our own."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from onitu.plug import DriverError, NameComparison

from .entries import PREFERRED, Abilities, Item, time_ns

if TYPE_CHECKING:
    from onitu.plug.handlers import Declaration

    from .files import RcloneFiles

_SECOND: Final = 1_000_000_000
_PROBED: Final = 1_000_000_000 * _SECOND


class Features(msgspec.Struct, frozen=True, rename="pascal"):
    """What rclone says that a service can do."""

    can_have_empty_directories: bool = True
    case_insensitive: bool = False
    dir_cache_flush: bool = False
    dir_move: bool = False
    slow_hash: bool = False


class About(msgspec.Struct, frozen=True, rename="pascal"):
    """What rclone says of a remote."""

    features: Features = Features()
    hashes: list[str] | None = None
    precision: int = _SECOND


def abilities_of(about: About) -> Abilities:
    """Returns what is taken for granted until it was tried."""
    hashes = [] if about.features.slow_hash else about.hashes or []
    return Abilities(
        hash=next((name for name in (*PREFERRED, *hashes) if name in hashes), ""),
        empty_directories=about.features.can_have_empty_directories,
        stale=about.features.dir_cache_flush,
    )


def tried(files: RcloneFiles, staging: str) -> tuple[Abilities, bool]:
    """Returns what can be relied on of what the service lists, and whether it keeps times that are given to it.

    Args:
        files: The remote.
        staging: A directory that is ours.

    Raises:
        DriverError: Nothing tells when a file has changed.
    """
    able = files.able
    one, other = (f"probe-{uuid.uuid4().hex}" for _ in range(2))
    try:
        files.write(f"{staging}/{one}", b"probe", 5, _PROBED)
        seen = _seen(files, f"{staging}/{one}")
        listed = next((item for item in files.items(staging) if item.name == one), Item())
        files.move(f"{staging}/{one}", f"{staging}/{other}")
        moved = _seen(files, f"{staging}/{other}")
    finally:
        for name in (one, other):
            with suppress(DriverError):
                files.delete(f"{staging}/{name}")
    timed = time_ns(seen.mod_time) is not None and seen.mod_time == listed.mod_time
    hashed = bool(able.hash and (seen.hashes or {}).get(able.hash)) and seen.hashes == listed.hashes
    ids = bool(seen.id) and seen.id == listed.id
    if not (timed or hashed or ids):
        raise DriverError("rclone tells of this service neither times nor digests: nobody can see what has changed")
    found = msgspec.structs.replace(
        able, timed=timed, steady=moved.mod_time == seen.mod_time, ids=ids, hash=able.hash if hashed else ""
    )
    return found, timed and time_ns(seen.mod_time) == _PROBED


def declared(about: About, *, keeps_times: bool) -> Declaration:
    """Returns what is declared of the service."""
    features = about.features
    names = NameComparison.CASE_INSENSITIVE if features.case_insensitive else NameComparison.EXACT
    return {
        "mtime_precision_ns": max(_SECOND, about.precision) if keeps_times else 0,
        "move_directory": features.dir_move,
        "name_comparison": names,
    }


def _seen(files: RcloneFiles, path: str) -> Item:
    found = files.item(path)
    if found is None:
        raise DriverError(f"{path}: was written, and is not there: can rclone write to this remote?")
    return found
