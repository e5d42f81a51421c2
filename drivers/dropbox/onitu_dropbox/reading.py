"""Reads files, pinned: each answer says which revision it is of, and that of another one is not used."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from onitu.plug import Corrupted, NotFound, RevisionMismatch, Unavailable
from onitu.plug.http import let_go, read_up_to

from .writing import hash_of

if TYPE_CHECKING:
    from typing import Any

    from onitu.plug.http import Answer

    from .root import Root

_PARTIAL: Final = 206
_PIECE: Final = 1024 * 1024


def read_whole(root: Root, path: str, revision: str) -> bytes:
    """Returns a whole file.

    Raises:
        Corrupted: What came is not what Dropbox says that it is.
    """
    found, answer = _open(root, path, revision, 0)
    try:
        size = int(found["size"])
        content = read_up_to(answer, size)
    finally:
        answer.release_conn()
    if len(content) != size:
        raise Unavailable(f"{path}: {len(content)} of {size} bytes came")
    if found.get("content_hash") not in {None, hash_of(content).hex()}:
        raise Corrupted(f"{path}: what came is not what Dropbox has")
    return content


def read_part(root: Root, path: str, revision: str, offset: int, size: int) -> bytes:
    """Returns up to `size` bytes from an offset: the answer to the request for what came before goes on with it."""
    begin = partial(_from, root, path, revision, offset)
    return root.api.streams.read(root.at(path), revision, offset=offset, size=size, begin=begin)


def _from(root: Root, path: str, revision: str, offset: int) -> Answer | None:
    """Returns an answer that begins at an offset; None where that is at the end or beyond it."""
    if offset:
        found = root.look(path)
        if found is None:
            raise NotFound(f"{path}: is not there")
        if found.get("rev") != revision:
            raise RevisionMismatch(f"{path}: another revision is there")
        if offset >= int(found["size"]):
            return None
    return _open(root, path, revision, offset)[1]


def _open(root: Root, path: str, revision: str, offset: int) -> tuple[dict[str, Any], Answer]:
    found, answer = root.api.open(root.at(path), offset=offset)
    if found.get("rev") != revision:
        let_go(answer)
        raise RevisionMismatch(f"{path}: another revision is there")
    pass_over(answer, offset)
    return found, answer


def pass_over(answer: Answer, offset: int) -> None:
    """Reads what comes before an offset, where everything is sent whatever was asked for."""
    if answer.status != _PARTIAL:
        while offset and (passed := read_up_to(answer, min(offset, _PIECE))):
            offset -= len(passed)
