"""What resources are to Onitu: a file with an ETag, or, from a server that has none, with time and size.

An ETag that is weak, as Apache's are for a moment, is the same one as the strong one that it becomes.
"""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from onitu.plug import Kind, Present
from onitu.plug.files import DIRECTORY

if TYPE_CHECKING:
    from .multistatus import Resource
    from .probe import Abilities

FRESH: Final = 2.0
"""Seconds within which a second write may leave time and size as they are."""

_SECOND: Final = 1_000_000_000
_CHECKSUM: Final = re.compile(r"(SHA1|MD5|SHA256):([0-9a-fA-F]+)")
_LENGTHS: Final = {"sha1": 40, "md5": 32, "sha256": 64}


def present_of(resource: Resource, able: Abilities) -> Present:
    """Returns how a resource is seen.

    Args:
        resource: As the server says it is.
        able: What the server can do.
    """
    if resource.collection:
        return DIRECTORY
    seconds = _seconds(resource.modified)
    fresh = seconds is None or seconds > time.time() + able.skew - FRESH
    return Present(
        kind=Kind.FILE,
        revision=revision_of(resource.etag, resource.modified, resource.size),
        size=resource.size,
        mtime_ns=None if seconds is None else seconds * _SECOND,
        digests=_digests(resource.checksums),
        racy=fresh and not (able.trusted and resource.etag),
    )


def revision_of(etag: str, modified: str, size: int) -> str:
    """Returns what tells one content of a file from another."""
    etag = etag.removeprefix("W/").strip('"')
    return etag or f"{modified}/{size}"


def _seconds(modified: str) -> int | None:
    try:
        return int(parsedate_to_datetime(modified).timestamp())
    except (ValueError, TypeError):
        return None


def _digests(checksums: str) -> dict[str, bytes]:
    found = {name.lower(): value for name, value in _CHECKSUM.findall(checksums)}
    return {name: bytes.fromhex(value) for name, value in found.items() if len(value) == _LENGTHS[name]}
