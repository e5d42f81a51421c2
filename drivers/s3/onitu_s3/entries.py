"""What objects are to Onitu: a file, with what travels along in its metadata.

The modification time is kept as rclone and s3fs keep it, so that they see the same one. A directory is an empty object
whose key ends in "/", or just that something lies below it; its revision never changes.
"""

from __future__ import annotations

import hashlib
import re
import time
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

import msgspec

from onitu.plug import Inadmissible, InvalidPath, Kind, Present, RevisionMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onitu.plug import Attributes

DIRECTORY: Final = Present(kind=Kind.DIRECTORY, revision="directory")

LONGEST_KEY: Final = 1024
"""Bytes: what S3 takes."""

_META: Final = "x-amz-meta-"
_TIME: Final = f"{_META}mtime"
_EXECUTABLE: Final = f"{_META}onitu-executable"
_KEPT: Final = (
    "content-type",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
)
"""What a copy with other metadata has to be told once more."""

_SAYABLE: Final = re.compile(r"[\x21\x23-\x7e]+")
_MD5: Final = re.compile(r"[0-9a-f]{32}")
_PLAIN: Final = frozenset(("", "AES256"))
_ARCHIVED: Final = frozenset(("GLACIER", "DEEP_ARCHIVE"))
_SECOND: Final = 1_000_000_000
_MOST_NS: Final = (1 << 63) - 1


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """An object as it was found: how Onitu sees it, and the headers that a copy needs.

    Attributes:
        state: What it is.
        headers: What stands in its metadata, as it is sent again.
        timed: Whether its time is its own, not that of its arrival.
    """

    state: Present | Inadmissible
    headers: dict[str, str]
    timed: bool


def head_of(headers: Mapping[str, str], *, md5: bool) -> Head:
    """Reads the headers of an object.

    Args:
        headers: As the store answers them; their names in any case.
        md5: Whether the store's ETags are MD5s, where they look like it.
    """
    etag = etag_in(headers)
    kept = {name: headers[name] for name in _KEPT if name in headers}
    kept |= {name.lower(): value for name, value in headers.items() if name.lower().startswith(_META)}
    time_ns = _time_ns(kept.get(_TIME))
    storage = headers.get("x-amz-storage-class", "")
    if storage in _ARCHIVED and 'ongoing-request="false"' not in headers.get("x-amz-restore", ""):
        reason = f"it is archived ({storage}): restore it in the bucket to have it synchronised"
        return Head(state=Inadmissible(reason, etag), headers=kept, timed=True)
    digests = {}
    if md5 and _MD5.fullmatch(etag) and headers.get("x-amz-server-side-encryption", "") in _PLAIN:
        digests["md5"] = bytes.fromhex(etag)
    executable = {"1": True, "0": False}.get(kept.get(_EXECUTABLE, ""))
    state = Present(
        kind=Kind.FILE,
        revision=etag,
        size=int(headers.get("Content-Length", 0)),
        mtime_ns=_modified_ns(headers) if time_ns is None else time_ns,
        executable=executable,
        digests=digests,
    )
    return Head(state=state, headers=kept, timed=time_ns is not None)


def metadata_of(attributes: Attributes, content_type: str) -> dict[str, str]:
    """Returns the headers that go with new content. Its time is always said: a copy would have another one else."""
    return {"content-type": content_type} | with_attributes({}, attributes, time.time_ns())


def with_attributes(headers: Mapping[str, str], attributes: Attributes, mtime_ns: int | None) -> dict[str, str]:
    """Returns headers of an object with other attributes.

    Args:
        headers: What it had.
        attributes: The new ones.
        mtime_ns: Its time where `attributes` have none.
    """
    changed = dict(headers)
    mtime_ns = attributes.mtime_ns if attributes.mtime_ns is not None else mtime_ns
    if mtime_ns is not None:
        sign = "-" if mtime_ns < 0 else ""
        changed[_TIME] = f"{sign}{abs(mtime_ns) // _SECOND}.{abs(mtime_ns) % _SECOND:09}"
    if attributes.executable is not None:
        changed[_EXECUTABLE] = "1" if attributes.executable else "0"
    return changed


def present_of(headers: Mapping[str, str], etag: str, content: bytes | int, *, md5: bool) -> Present:
    """Returns how an object is seen that was just written.

    Args:
        headers: Its metadata, as they were sent.
        etag: What the store answered.
        content: Its bytes, or how many they are.
        md5: As in `head_of`.
    """
    size = content if isinstance(content, int) else len(content)
    head = head_of({**headers, "ETag": etag, "Content-Length": str(size)}, md5=md5)
    state = head.state
    assert isinstance(state, Present)  # noqa: S101  Here we know: what is written is not archived.
    if isinstance(content, bytes) and state.digests.get("md5") not in {None, _md5(content)}:
        state = msgspec.structs.replace(state, digests={})
    return state


def etag_in(headers: Mapping[str, str]) -> str:
    """Returns the ETag of an answer, without its quotes."""
    return headers.get("ETag", "").removeprefix("W/").strip('"')


def quoted(revision: str) -> str:
    """Returns a revision as it stands in a condition.

    Raises:
        RevisionMismatch: It is none of any store's.
    """
    if not _SAYABLE.fullmatch(revision) or revision == DIRECTORY.revision:
        raise RevisionMismatch("another revision is there")
    return f'"{revision}"'


def check_key(key: str) -> str:
    """Returns a key if a store takes it.

    Raises:
        InvalidPath: It is too long.
    """
    if len(key.encode()) > LONGEST_KEY:
        raise InvalidPath(f"S3 takes paths of up to {LONGEST_KEY} bytes, with everything above them: shorten it")
    return key


def _md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


def _time_ns(text: str | None) -> int | None:
    try:
        found = None if text is None else int(Decimal(text) * _SECOND)
    except (InvalidOperation, ValueError, OverflowError):
        return None
    return found if found is not None and abs(found) <= _MOST_NS else None


def _modified_ns(headers: Mapping[str, str]) -> int | None:
    try:
        return int(parsedate_to_datetime(headers["Last-Modified"]).timestamp()) * _SECOND
    except (KeyError, ValueError, TypeError):
        return None


def listed_ns(modified: str) -> int:
    """Returns a time of a listing; 0 where it cannot be read."""
    try:
        return int(datetime.fromisoformat(modified).astimezone(UTC).timestamp() * 1_000) * 1_000_000
    except ValueError:
        return 0
