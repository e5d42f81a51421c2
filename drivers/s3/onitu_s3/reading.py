"""Reads objects, pinned: each answer says which revision it is of, and that of another one is not used."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from onitu.plug import NotFound, RevisionMismatch, Unavailable
from onitu.plug.http import begins_at, let_go, read_up_to

from .entries import etag_in, quoted

if TYPE_CHECKING:
    from onitu.plug.http import Answer

    from .root import Root

_PIECE: Final = 1024 * 1024


def read_whole(root: Root, path: str, revision: str) -> bytes:
    """Returns a whole file."""
    answer = _open(root, path, revision, {})
    try:
        size = int(answer.headers.get("Content-Length", 0))
        content = read_up_to(answer, size)
        if len(content) != size:
            raise Unavailable(f"{path}: {len(content)} of {size} bytes came")
        return content
    finally:
        answer.release_conn()


def read_part(root: Root, path: str, revision: str, offset: int, size: int) -> bytes:
    """Returns up to `size` bytes from an offset: the answer to the request for what came before goes on with it."""
    begin = partial(_from, root, path, revision, offset)
    return root.bucket.streams.read(root.key(path), revision, offset=offset, size=size, begin=begin)


def _from(root: Root, path: str, revision: str, offset: int) -> Answer | None:
    """Returns an answer that begins at an offset; None where that is at the end or beyond it."""
    if offset:
        head = root.look(path)
        if head is None:
            raise NotFound(f"{path}: is not there")
        if head.state.revision != revision:
            raise RevisionMismatch(f"{path}: another revision is there")
        if offset >= head.state.size:  # type: ignore[union-attr]  # What is archived is refused below.
            return None
    answer = _open(root, path, revision, {"Range": f"bytes={offset}-"} if offset else {})
    if offset and not begins_at(answer, offset):
        # It sends everything whatever is asked for: what comes before is passed over.
        while offset and (passed := read_up_to(answer, min(offset, _PIECE))):
            offset -= len(passed)
    return answer


def _open(root: Root, path: str, revision: str, headers: dict[str, str]) -> Answer:
    pinned = {**headers, "If-Match": quoted(revision)}
    answer = root.bucket.ask("GET", root.key(path), headers=pinned, stream=True)
    if etag_in(answer.headers) != revision:
        let_go(answer)
        raise RevisionMismatch(f"{path}: another revision is there")
    return answer
