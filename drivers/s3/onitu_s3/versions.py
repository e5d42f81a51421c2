"""A versioned bucket as a trash: what was replaced or deleted is still there, as an older version.

Nothing is ever removed here: the versions are the user's own as well, and the bucket's lifecycle rules say how long
they stay.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from onitu.plug import InvalidPath, Kept, Kind, NotFound, PermissionDenied, Unsupported
from onitu.plug.http import read_up_to

from . import answers
from .entries import listed_ns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .answers import Version
    from .bucket import Bucket
    from .root import Root

_PAGE: Final = 1_000
_BETWEEN: Final = "\n"
"""Stands between path and version in the id of a kept file; in a path it is rare, in a version it cannot be."""


def is_versioned(bucket: Bucket) -> bool:
    """Whether the bucket keeps what is replaced and deleted. It does not where nobody may ask."""
    try:
        answer = bucket.ask("GET", query={"versioning": ""})
    except (Unsupported, PermissionDenied, NotFound):
        return False
    return answers.text_of(answer.data, "Status") == "Enabled"


def list_kept(root: Root, path: str, after: str) -> list[Kept]:
    """Returns a page of what was replaced or deleted.

    Args:
        root: The folder's root.
        path: Only what had this path or lay below it; "" is everything.
        after: Id of the last one of the page before, or "".
    """
    found = []
    for kept in _all(root, path, after):
        found.append(kept)
        if len(found) >= _PAGE:
            break
    return found


def read_kept(root: Root, kept: str, offset: int, size: int) -> bytes:
    """Returns a part of a kept file."""
    path, version = _parted(kept)
    query = {"versionId": version}
    headers = {"Range": f"bytes={offset}-{offset + size - 1}"}
    head = root.bucket.ask("HEAD", root.key(path), query=query)
    if offset >= int(head.headers.get("Content-Length", 0)):
        return b""
    answer = root.bucket.ask("GET", root.key(path), query=query, headers=headers, stream=True)
    try:
        return read_up_to(answer, size)
    finally:
        answer.close()


def _all(root: Root, path: str, after: str) -> Iterator[Kept]:
    place, newer = None, None
    if after:
        last, version = _parted(after)
        place = (root.key(last), version)
        # It was replaced when this one came, which the page before has shown.
        modified = root.bucket.ask("HEAD", place[0], query={"versionId": version}).headers.get("Last-Modified", "")
        newer = (place[0], _http_ns(modified))
    while True:
        page = root.bucket.list_versions(root.prefix + path, after=place)
        for version_of in page.versions:
            key = version_of.key
            kept_at = newer[1] if newer is not None and newer[0] == key else None
            newer = (key, listed_ns(version_of.modified))
            if kept_at is not None and _is_kept(root, path, version_of):
                yield _kept(root, version_of, kept_at)
        if page.next is None:
            return
        place = page.next


def _is_kept(root: Root, path: str, version: Version) -> bool:
    name = version.key[len(root.prefix) :]
    inside = not path or name == path or name.startswith(f"{path}/")
    return version.etag is not None and inside and not name.endswith("/") and not version.key.startswith(root.area)


def _kept(root: Root, version: Version, kept_at: int) -> Kept:
    path = version.key[len(root.prefix) :]
    return Kept(id=f"{path}{_BETWEEN}{version.id}", path=path, kind=Kind.FILE, kept_at_ns=kept_at, size=version.size)


def _parted(kept: str) -> tuple[str, str]:
    path, between, version = kept.rpartition(_BETWEEN)
    if not between or not path or ".." in path.split("/"):
        raise InvalidPath(f"{kept!r} is nothing that is kept here")
    if path.startswith(".onitu/"):
        raise NotFound(f"{kept!r} is nothing that is kept here")
    return path, version


def _http_ns(modified: str) -> int:
    return int(parsedate_to_datetime(modified).timestamp()) * 1_000_000_000
