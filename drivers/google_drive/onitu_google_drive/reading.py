"""Reads files, pinned: a whole file is compared with the MD5 of the revision wanted, a part is read from just that."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from onitu.plug import Corrupted, NotFound, PermissionDenied, RevisionMismatch
from onitu.plug.http import read_up_to

from .api import target_of

if TYPE_CHECKING:
    from onitu.plug.http import Answer

    from .items import Item
    from .root import Root

_PARTIAL: Final = 206
_PIECE: Final = 1024 * 1024
_MEDIA: Final = {"alt": "media", "supportsAllDrives": "true"}


def read_whole(root: Root, path: str, revision: str) -> bytes:
    """Returns a whole file."""
    item = _known(root, path)
    if root.exports.format_of(item):
        return root.exports.read(root, item, revision, 0, -1)
    if item.head != revision:
        item = _wanted(root, path, revision)
    target = target_of(f"/drive/v3/files/{quote(item.id)}", _MEDIA)
    content = root.api.send("GET", target, about=path, stream=False).data
    if item.md5 and hashlib.md5(content, usedforsecurity=False).hexdigest() != item.md5:
        _wanted(root, path, revision)
        raise Corrupted(f"{path}: Google sends other bytes than it says it has")
    return content


def read_part(root: Root, path: str, revision: str, offset: int, size: int) -> bytes:
    """Returns up to `size` bytes from an offset: the answer to the request for what came before goes on with it."""
    item = _known(root, path)
    if root.exports.format_of(item):
        return root.exports.read(root, item, revision, offset, size)
    begin = partial(_from, root, path, revision, offset)
    return root.api.streams.read(item.id, revision, offset=offset, size=size, begin=begin)


def _known(root: Root, path: str) -> Item:
    found = root.find(path)
    item = root.tree.get(found) if found is not None else None
    item = item or root.look(path)
    if item is None or item.is_folder:
        raise NotFound(f"{path}: is not there")
    return item


def _wanted(root: Root, path: str, revision: str) -> Item:
    """Looks at a file.

    Raises:
        NotFound: It is not there.
        RevisionMismatch: It is not the revision wanted.
    """
    item = root.look(path)
    if item is None:
        raise NotFound(f"{path}: is not there")
    if item.head != revision:
        raise RevisionMismatch(f"{path}: another revision is there")
    return item


def _from(root: Root, path: str, revision: str, offset: int) -> Answer | None:
    """Returns an answer that begins at an offset; None where that is at the end or beyond it."""
    item = _wanted(root, path, revision)
    if offset >= item.size:
        return None
    headers = {"Range": f"bytes={offset}-"} if offset else {}
    below = f"/drive/v3/files/{quote(item.id)}"
    pinned = target_of(f"{below}/revisions/{quote(revision)}", {"alt": "media"})
    try:
        answer = root.api.send("GET", pinned, about=path, headers=headers, stream=True)
    except (PermissionDenied, NotFound):
        # Who may only read a file does not see its revisions.
        answer = root.api.send("GET", target_of(below, _MEDIA), about=path, headers=headers, stream=True)
    if offset and answer.status != _PARTIAL:
        while offset and (passed := read_up_to(answer, min(offset, _PIECE))):
            offset -= len(passed)
    return answer
