"""What Dropbox keeps of the past as a trash: what was replaced or deleted is there as an older revision of its path.

Nothing is ever removed here: how long revisions stay depends on the plan of the account. Dropbox tells of one path at a
time, so that everything costs a request for each file that is, or was, below what is asked for.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from onitu.plug import InvalidPath, Kept, Kind, NotFound, RevisionMismatch
from onitu.plug.http import read_up_to
from onitu.plug.marker import AREA

from .entries import ALGORITHM, checked, key_of, ns_of, tag_of
from .reading import pass_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .root import Root

_BETWEEN: Final = "\n"
"""Stands between path and revision in the id of a kept file; in a path it is rare, in a revision it cannot be."""

_PAGE: Final = 200
"""Kept files on a page, and paths that are asked about for one that has any."""

_MOST: Final = 100
"""Revisions of one path that Dropbox tells at once, by the documentation of `list_revisions`."""


def list_kept(root: Root, path: str, after: str) -> list[Kept]:
    """Returns a page of what was replaced or deleted.

    Args:
        root: The folder's root.
        path: Only what had this path or lay below it; "" is everything.
        after: Id of the last one of the page before, or "".
    """
    return list(islice(_all(root, path, after), _PAGE))


def read_kept(root: Root, kept: str, offset: int, size: int) -> bytes:
    """Returns a part of a kept file."""
    _, revision = _parted(kept)
    found, answer = root.api.open(f"rev:{revision}")
    answer.release_conn()
    if offset >= int(found["size"]):
        return b""
    _, answer = root.api.open(f"rev:{revision}", offset=offset)
    try:
        pass_over(answer, offset)
        return read_up_to(answer, size)
    finally:
        answer.close()


def _all(root: Root, path: str, after: str) -> Iterator[Kept]:
    last = _parted(after) if after else ("", "")
    asked = found = 0
    for one in sorted(_paths(root, path), key=key_of):
        if key_of(one) < key_of(last[0]):
            continue
        if found and asked >= _PAGE:
            return
        asked += 1
        passed = not after or key_of(one) != key_of(last[0])
        for kept in _of(root, one):
            if passed:
                found += 1
                yield kept
            passed = passed or _parted(kept.id)[1] == last[1]


def _paths(root: Root, path: str) -> Iterator[str]:
    """Yields the paths of all files that are or were at a path or below it."""
    if path:
        yield path
    argument = {"path": root.at(path), "recursive": True, "include_deleted": True}
    try:
        page = root.api.ask("files/list_folder", argument, about=path)
    except (NotFound, RevisionMismatch):
        return  # It is, or was, a file, or a directory that is gone: Dropbox lists nothing below that.
    while True:
        for entry in page["entries"]:
            key = root.tree.key(entry)
            if key and tag_of(entry) != "folder" and key.partition("/")[0] != AREA and key != key_of(path):
                yield str(entry["path_display"])[len(root.path) + 1 :]
        if not page["has_more"]:
            return
        page = root.api.ask("files/list_folder/continue", {"cursor": page["cursor"]}, about=path)


def _of(root: Root, path: str) -> Iterator[Kept]:
    """Yields what is kept of one path, the youngest first."""
    argument: dict[str, Any] = {"path": root.at(path), "mode": "path", "limit": _MOST}
    try:
        page = root.api.ask("files/list_revisions", argument, about=path)
    except (NotFound, RevisionMismatch):
        return  # It was a directory.
    kept_at = str(page.get("server_deleted") or "") if page["is_deleted"] else None
    for entry in page["entries"]:
        if kept_at is not None:
            yield Kept(
                id=f"{path}{_BETWEEN}{entry['rev']}",
                path=path,
                kind=Kind.FILE,
                kept_at_ns=ns_of(kept_at) or 0,
                size=int(entry["size"]),
                mtime_ns=ns_of(str(entry.get("client_modified", ""))),
                digests={ALGORITHM: bytes.fromhex(entry["content_hash"])} if entry.get("content_hash") else {},
            )
        kept_at = str(entry["server_modified"])


def _parted(kept: str) -> tuple[str, str]:
    path, between, revision = kept.rpartition(_BETWEEN)
    if not between or not path or ".." in path.split("/"):
        raise InvalidPath(f"{kept!r} is nothing that is kept here")
    try:
        return path, checked(revision)
    except RevisionMismatch as error:
        raise NotFound(f"{kept!r} is nothing that is kept here") from error
