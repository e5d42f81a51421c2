"""What a server can do, found out by trying: what servers say of themselves is of no use.

Everything is tried on files of our own, in staging, which are removed afterwards.
"""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import TYPE_CHECKING, Final

import msgspec

from onitu.plug import (
    DriverError,
    InvalidPath,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RevisionMismatch,
    Unauthenticated,
    Unavailable,
)

from .chunked import Chunked, uploads_beside
from .entries import revision_of

if TYPE_CHECKING:
    from onitu.plug.http import Answer

    from .dav import Dav
    from .multistatus import Resource

_TIME: Final = "1000000000"
_TIME_SAID: Final = "Sun, 09 Sep 2001 01:46:40 GMT"
_SIGNS: Final = "\t\n\r\x01?#%;\\"
"""What servers, or the libraries they read addresses with, give a meaning."""

_OLD, _NEW = b"first", b"other"
_CHUNKED: Final = b"made of chunks"


class Abilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a server can do.

    Attributes:
        exclusive: A rename that is to overwrite nothing is refused where something is.
        trusted: Its ETags are others after any write, also one within the same second.
        times: It keeps modification times that are given to it (`X-OC-Mtime`).
        refused: Signs that a name cannot have there: it would be another one after a rename, or none.
        dots: It lists names that begin with a dot.
        skew: By how many seconds its clock is ahead.
        chunks: Where the chunks of large files go, or "" where it takes none.
    """

    exclusive: bool = False
    trusted: bool = False
    times: bool = False
    refused: str = ""
    dots: bool = True
    skew: float = 0.0
    chunks: str = ""


def probe(dav: Dav, staging: str) -> Abilities:
    """Tries everything out.

    Args:
        dav: The server.
        staging: A directory that is ours.
    """
    one, other = (f"{staging}/probe-{uuid.uuid4().hex}" for _ in range(2))
    try:
        answer = dav.put(one, _OLD, len(_OLD), {"X-OC-Mtime": _TIME})
        timed = _looked(dav, one)
        dav.put(other, _OLD, len(_OLD), {})
        before = _looked(dav, other)
        dav.put(other, _NEW, len(_NEW), {})
        after = _looked(dav, other)
        exclusive = _refuses(dav, one, other) and dav.ask("GET", other).data == _NEW
        refused, dots = _names(dav, f"{one}.d")
        return Abilities(
            exclusive=exclusive,
            trusted=bool(before.etag) and before.modified == after.modified and _revision(before) != _revision(after),
            times=timed.modified == _TIME_SAID,
            refused=refused,
            dots=dots,
            skew=_skew(answer),
            chunks=_chunks(dav, one),
        )
    finally:
        for path in (one, other):
            with suppress(DriverError):
                dav.ask("DELETE", path, repeat=True)
        with suppress(DriverError):
            dav.ask("DELETE", f"{one}.d", directory=True, repeat=True)


def _chunks(dav: Dav, path: str) -> str:
    """Returns where chunks go, if the server makes a file of them."""
    uploads = uploads_beside(dav.above)
    if uploads is None:
        return ""
    try:
        Chunked(dav, uploads).put(path, BytesIO(_CHUNKED), len(_CHUNKED), {})
        return uploads if dav.ask("GET", path).data == _CHUNKED else ""
    except DriverError:
        return ""  # Files go in one request then, which every server takes.


def _names(dav: Dav, directory: str) -> tuple[str, bool]:
    """Returns the signs with which a name comes out as another one, and whether one with a dot in front is listed.

    Servers differ in how they read `Destination`.
    """
    dav.ask("MKCOL", directory, directory=True)
    for number, sign in enumerate(_SIGNS):
        staged = f"{directory}/{number}"
        dav.put(staged, b"", 0, {})
        with suppress(NotFound, RevisionMismatch, InvalidPath, PermissionDenied, OutcomeUnknown):
            dav.move(staged, f"{directory}/a{sign}b")
    dav.put(f"{directory}/.dot", b"", 0, {})
    names = {name for name, _ in dav.children(directory)}
    return "".join(sign for sign in _SIGNS if f"a{sign}b" not in names), ".dot" in names


def _refuses(dav: Dav, path: str, destination: str) -> bool:
    try:
        dav.move(path, destination)
    except (Unavailable, Unauthenticated):
        raise
    except DriverError:
        return True
    return False


def _looked(dav: Dav, path: str) -> Resource:
    found = dav.look(path)
    if found is None:
        raise DriverError(f"{path}: was written, and is not there: is this a WebDAV server?")
    return found


def _revision(resource: Resource) -> str:
    return revision_of(resource.etag, resource.modified, resource.size)


def _skew(answer: Answer) -> float:
    try:
        return parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time()
    except (KeyError, ValueError, TypeError):
        return 0.0
