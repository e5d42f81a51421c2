"""What lies directly in a directory, for who walks down the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, Response, request

from onitu.core.model import Kind
from onitu.rest.answer import answer, number
from onitu.rest.describe import described
from onitu.rest.filebodies import Directory, File
from onitu.rest.problems import NotThere
from onitu.rest.routes.files import MOST, file_of

if TYPE_CHECKING:
    from onitu.core.node import NodeId
    from onitu.core.scope import Scope
    from onitu.rest.desk import Desk
    from onitu.store import Transaction

#: Entries of an answer that nobody has said the length of.
USUAL = 200

_QUERY = {"limit": {"type": "integer", "minimum": 0}}


def blueprint(desk: Desk) -> Blueprint:
    """Returns the routes.

    Args:
        desk: The running core.
    """
    routes = Blueprint("tree", __name__, url_prefix="/tree")

    async def listed(folder: str, path: str) -> Response:
        limit = min(number(request.args, "limit", USUAL), MOST)
        scope = desk.referee.scopes.get(folder)
        if scope is None:
            raise NotThere(f"folder {folder} not found")
        found = await desk.referee.writer.read(lambda transaction: _directory(transaction, scope, path, limit))
        if found is None:
            raise NotThere(f"directory {folder}/{path} not found")
        return answer(found)

    @routes.get("/<folder>")
    @described(answers=Directory, query=_QUERY, codes=(400, 404))
    async def show_folder(folder: str) -> Response:
        """Shows what lies directly in a folder.

        Its directories come first, then its files, each by name. `limit` is at most 1,000; `more` says whether there is
        more than that.
        """
        return await listed(folder, "")

    @routes.get("/<folder>/<path:path>")
    @described(answers=Directory, query=_QUERY, codes=(400, 404))
    async def show(folder: str, path: str) -> Response:
        """Shows what lies directly in a directory of a folder, like a folder itself."""
        return await listed(folder, path)

    return routes


def _directory(transaction: Transaction, scope: Scope, path: str, limit: int) -> Directory | None:
    """Returns what lies in a directory, or None where there is none."""
    at: NodeId | None = scope.root
    for name in path.split("/") if path else ():
        at = transaction.child(at, name) if at is not None else None
    top = transaction.outline(at) if at is not None else None
    if at is None or (at != scope.root and (top is None or top.kind is not Kind.DIRECTORY)):
        return None
    directories: list[str] = []
    found: list[tuple[str, NodeId]] = []
    for child in transaction.children_from(at, ""):
        outline = transaction.outline(child)
        if outline is None or outline.place is None:
            continue
        if outline.kind is Kind.DIRECTORY:
            directories.append(outline.place.name)
        elif outline.kind is Kind.FILE:
            found.append((outline.place.name, child))
    room = max(0, limit - len(directories))
    return Directory(
        directories=directories[:limit],
        files=_files(transaction, scope, path, found[:room]),
        more=len(directories) + len(found) > limit,
    )


def _files(transaction: Transaction, scope: Scope, path: str, found: list[tuple[str, NodeId]]) -> list[File]:
    """Returns files of a directory."""
    nodes = ((name, transaction.load(child)) for name, child in found)
    return [file_of(scope, f"{path}/{name}" if path else name, node) for name, node in nodes if node is not None]
