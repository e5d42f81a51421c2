"""What is known of single files: by path, what they were, what they hold (CONTRACT E15)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import trio
from quart import Blueprint, Response, request

from onitu.core.media_types import media_type
from onitu.core.model import Kind, Present
from onitu.errors import DriverError
from onitu.rest.answer import answer
from onitu.rest.content import AT_ONCE, Content, Found, find_sources
from onitu.rest.describe import described
from onitu.rest.fids import fid_of
from onitu.rest.filebodies import File, History, KnownVersion
from onitu.rest.problems import NotNow, NotThere, Problem
from onitu.rest.ranges import part_of
from onitu.rest.routes.files import file_of

if TYPE_CHECKING:
    from onitu.core.node import Node
    from onitu.core.scope import Scope
    from onitu.core.task import Source
    from onitu.referee.link import Link
    from onitu.rest.desk import Desk
    from onitu.rest.fids import Fids
    from onitu.store import Transaction

#: A file is what its user has put there: no browser runs or guesses it as a page of ours.
_HARMLESS = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


def blueprint(desk: Desk, fids: Fids) -> Blueprint:
    """Returns the routes.

    Args:
        desk: The running core.
        fids: Finds files by their id.
    """
    routes = Blueprint("content", __name__, url_prefix="/files")
    limiter = trio.CapacityLimiter(AT_ONCE)

    @routes.get("/id/<folder>/<path:path>")
    @described(answers=File, codes=(404,))
    async def by_path(folder: str, path: str) -> Response:
        """Shows the file at a path."""
        scope = desk.referee.scopes.get(folder)

        def work(transaction: Transaction) -> File | None:
            node = _at(transaction, scope, path) if scope is not None else None
            return file_of(scope, path, node) if scope is not None and node is not None else None

        found = await desk.referee.writer.read(work)
        if found is None:
            raise NotThere(f"file {folder}/{path} not found")
        return answer(found)

    @routes.get("/<fid>/history")
    @described(answers=History, codes=(404,))
    async def history(fid: str) -> Response:
        """Shows every content that a file has had, the newest first."""
        return answer(await fids.find(fid, _history_of))

    @routes.get("/<fid>/content")
    @described(answers=None, media_type="*/*", codes=(404, 409, 416))
    async def content(fid: str) -> Response:
        """Sends the content of a file, or the range of it that is asked for, from a service that holds it."""
        referee = desk.referee

        def sources(transaction: Transaction, scope: Scope, path: str, node: Node) -> Found:
            names = referee.sources(scope.folder, waiting=True)
            return find_sources(transaction, scope, path, node, names)

        found = await fids.find(fid, sources)
        if found.tag in [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]:
            return Response(b"", 304, headers={"ETag": found.tag, **_HARMLESS})
        source, link = await _readable(desk, found)
        wanted = request.headers.get("Range")
        if request.headers.get("If-Range", found.tag) != found.tag:
            wanted = None
        try:
            part = part_of(wanted, found.size)
        except ValueError as error:
            raise Problem(416, f"'{wanted}' is no part of {found.size} bytes") from error
        return _sent(found, source, link, part, limiter)

    return routes


async def _readable(desk: Desk, found: Found) -> tuple[Source, Link]:
    """Returns where a file can be read now: the service is asked, before anything is promised."""
    for source in found.sources:
        link = desk.referee.links.get((source.service, found.folder))
        if link is None:
            continue
        try:
            state = (await link.client.stat(found.folder, [source.path]))[0].state
        except DriverError:
            continue
        if isinstance(state, Present) and state.revision == source.revision:
            return source, link
        link.ask_path(source.path)
    raise NotNow(f"no service that holds {found.folder}/{found.path} can be read now")


def _sent(found: Found, source: Source, link: Link, part: range | None, limiter: trio.CapacityLimiter) -> Response:
    """Returns the answer that carries the content."""
    whole = range(found.size)
    headers = {
        "ETag": found.tag,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.path.rpartition('/')[2], safe='')}",
        **_HARMLESS,
    }
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{found.size}"
    code = 200 if part is None else 206
    if request.method == "HEAD":
        response = Response(b"", code, headers=headers, content_type=media_type(found.path))
    else:
        body = Content(link, source, found.size, part if part is not None else whole, limiter)
        response = Response(body, code, headers=headers, content_type=media_type(found.path))
    response.headers["Content-Length"] = str(len(part if part is not None else whole))
    response.timeout = None
    return response


def _at(transaction: Transaction, scope: Scope, path: str) -> Node | None:
    """Returns the file of the head tree at a path."""
    current: int | None = scope.root
    for name in path.split("/"):
        current = transaction.child(current, name) if current is not None else None
    node = transaction.load(current) if current is not None else None
    return node if node is not None and not node.is_root and node.version.kind is Kind.FILE else None


def _history_of(transaction: Transaction, scope: Scope, path: str, node: Node) -> History:
    versions = [
        KnownVersion(
            version=version.number,
            kind=version.kind.name.lower(),
            size=version.size,
            mtime=version.mtime_ns / 1e9 if version.mtime_ns is not None else None,
            origin=version.origin,
            digests={name: digest.hex() for name, digest in sorted(version.digests.items())},
            executable=version.executable,
            current=version.number == node.head,
        )
        for version in reversed(transaction.history(node.id))
    ]
    return History(fid=fid_of(scope, path), folder=scope.folder, filename=path, history=versions)
