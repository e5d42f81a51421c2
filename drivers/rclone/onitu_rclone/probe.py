"""What a service can do: what rclone says of it, and what of that is true of a file of our own."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

from onitu.plug import DriverError, NameComparison, RateLimited, Unauthenticated, Unavailable

from .entries import PREFERRED, Abilities, Item, time_ns

if TYPE_CHECKING:
    from onitu.plug.handlers import Declaration

    from .files import RcloneFiles

_SECOND: Final = 1_000_000_000
_PROBED: Final = 1_000_000_000 * _SECOND

UNTRIED: Final = "?\t\n\r"
"""Signs that nothing gets in its name by a rename before that was tried: at a server that takes them for the end of a
path, or for nothing, rclone has it remove the directory above and puts the file in its place."""

_SIGNS: Final = ("\t\n\r\x01", "?", ";", "#%\\")
"""What servers, or the libraries they read addresses with, give a meaning; what mostly goes together, together."""


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
        refused=UNTRIED,
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
        able,
        timed=timed,
        steady=moved.mod_time == seen.mod_time,
        ids=ids,
        hash=able.hash if hashed else "",
        refused=_refused(files, staging),
    )
    return found, timed and time_ns(seen.mod_time) == _PROBED


def _refused(files: RcloneFiles, staging: str) -> str:
    """Returns the signs with which a name comes out as another one after a rename."""
    if any(sign in staging for sign in UNTRIED):
        return UNTRIED  # It cannot be tried where what comes out elsewhere may come out at a place that is not ours.
    directory = f"{staging}/probe-{uuid.uuid4().hex}.d"
    files.make_directory(directory)
    try:
        if _comes_out(files, directory, "".join(_SIGNS)):
            return ""
        wrong = [signs for signs in _SIGNS if not _comes_out(files, directory, signs)]
        return "".join(
            sign for signs in wrong for sign in signs if len(signs) == 1 or not _comes_out(files, directory, sign)
        )
    finally:
        with suppress(DriverError):
            for name in _names_in(files, directory):
                files.delete(f"{directory}/{name}")
            files.delete(directory, directory=True)


def _comes_out(files: RcloneFiles, directory: str, signs: str) -> bool:
    """Whether a file that is renamed to a name with signs has it; the directory holds that file alone."""
    name = f"a{signs}b"
    before = next(iter(_names_in(files, directory)), None)
    if before is None:
        before = "probe"
        files.write(f"{directory}/{before}", b"probe", 5, None)
    try:
        files.rename(f"{directory}/{before}", f"{directory}/{name}")
    except (Unavailable, Unauthenticated, RateLimited):
        raise
    except DriverError:
        pass  # It is refused, or the service is confused by it.
    return name in _names_in(files, directory)


def _names_in(files: RcloneFiles, directory: str) -> set[str]:
    return {name for name, _ in files.children(directory)}


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
