"""The files (CONTRACT E1, E2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio
from quart import Blueprint, Response, request

from onitu.core.media_types import media_type
from onitu.core.owners import owners, up_to_date
from onitu.rest.answer import answer, number
from onitu.rest.describe import described
from onitu.rest.fids import Fids, fid_of
from onitu.rest.filebodies import File, Files
from onitu.rest.listing import Counted, Spot, Wanted, following, page
from onitu.rest.problems import NotThere

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onitu.core.node import Node
    from onitu.core.scope import Scope
    from onitu.rest.desk import Desk
    from onitu.store import Transaction

#: Files of a page, at most (CONTRACT E1).
MOST = 1_000

#: Files of a page that nobody has said the length of.
USUAL = 20

_COUNT = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}


def file_of(scope: Scope, path: str, node: Node) -> File:
    """Returns what is shown of a file.

    Args:
        scope: Its folder.
        path: Its path there.
        node: Its record.
    """
    version = node.version
    return File(
        fid=fid_of(scope, path),
        filename=path,
        folder=scope.folder,
        size=version.size,
        mimetype=media_type(path),
        mtime=version.mtime_ns / 1e9 if version.mtime_ns is not None else None,
        version=version.number,
        owners=owners(scope, node),
        uptodate=up_to_date(scope, node),
    )


def blueprint(desk: Desk, fids: Fids) -> Blueprint:
    """Returns the routes.

    Args:
        desk: The running core.
        fids: Finds files by their id.
    """
    routes = Blueprint("files", __name__)
    counted = Counted()
    # Counting takes a thread for a while; whoever counts next can go on from where the first one came to.
    one_at_a_time = trio.CapacityLimiter(1)

    @routes.get("/files")
    @described(
        answers=Files,
        query={"offset": _COUNT, "limit": _COUNT, "after": _TEXT, "folder": _TEXT, "service": _TEXT, "q": _TEXT},
        codes=(400, 404),
    )
    async def list_files() -> Response:
        """Lists files: by folder, then depth first.

        `limit` is at most 1,000. `after`, FOLDER/PATH, begins behind that place, which costs nothing however far down
        it is. `folder` lists one folder, `service` what that service should hold and does not, `q` paths with this in
        them.
        """
        arguments = request.args
        offset, limit = number(arguments, "offset", 0), min(number(arguments, "limit", USUAL), MOST)
        wanted = Wanted(
            folder=_known(arguments, "folder", desk.setup.folders),
            service=_known(arguments, "service", desk.setup.services),
            part=arguments.get("q", ""),
        )
        after = _spot(arguments.get("after"))
        scopes = desk.referee.scopes
        commits = desk.referee.writer.commits

        def work(transaction: Transaction) -> list[File]:
            if after is not None:
                found = following(transaction, scopes, wanted, after=after, limit=offset + limit)[offset:]
            else:
                counted.take(commits, wanted)
                found = page(transaction, scopes, wanted, counted, offset=offset, limit=limit)
            files: list[File] = []
            for (folder, path), number_ in found:
                node = transaction.load(number_)
                if node is not None:
                    files.append(file_of(scopes[folder], path, node))
            return files

        return answer(Files(files=await desk.referee.writer.read(work, limiter=one_at_a_time)))

    @routes.get("/files/<fid>/metadata")
    @described(answers=File, codes=(404,))
    async def metadata(fid: str) -> Response:
        """Shows one file."""
        return answer(await fids.find(fid, lambda _transaction, scope, path, node: file_of(scope, path, node)))

    return routes


def _known(arguments: Mapping[str, str], name: str, known: Mapping[str, object]) -> str | None:
    """Returns a name of the setup from the query."""
    given = arguments.get(name)
    if given is not None and given not in known:
        raise NotThere(f"{name} {given} not found")
    return given


def _spot(text: str | None) -> Spot | None:
    """Returns a place from the query: a folder, and a path in it."""
    if text is None:
        return None
    folder, _, path = text.partition("/")
    return folder, path
