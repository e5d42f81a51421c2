"""The web page: the files of `onitu/rest/static`, as they are.

They hold nothing that is secret, so they are given without a token: the page asks for one and shows it.
"""

from __future__ import annotations

import hashlib
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING

import trio
from quart import Blueprint, Response, request

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

#: Name of the routes, by which it is known who needs no token.
NAME = "page"

#: The type of a page.
HTML = "text/html; charset=utf-8"

#: Types by the end of a name. What has none of these is not served.
_TYPES = {
    "html": HTML,
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}

#: What the page may do: with itself everything, with the rest of the world nothing. `blob:` is for previews of images,
#: which it fetches by itself because an image's address cannot carry a token.
_POLICY = (
    "default-src 'self'; img-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Asked about each time, so that another Onitu never meets parts of an older page.
    "Cache-Control": "no-cache",
}


def blueprint() -> Blueprint:
    """Returns the routes: one a file, so that nothing else can be named."""
    routes = Blueprint(NAME, __name__)
    for name, file in _below(files("onitu.rest") / "static", ""):
        serve = partial(_show, file, _TYPES[_ending(name)])
        routes.add_url_rule("/" if name == "index.html" else f"/{name}", name.replace(".", "-"), serve, methods=["GET"])
    return routes


def _below(directory: Traversable, above: str) -> list[tuple[str, Traversable]]:
    """Returns the files that are served, by their paths."""
    found: list[tuple[str, Traversable]] = []
    for entry in directory.iterdir():
        if entry.is_dir():
            found += _below(entry, f"{above}{entry.name}/")
        elif _ending(entry.name) in _TYPES:
            found.append((above + entry.name, entry))
    return found


def _ending(name: str) -> str:
    return name.rpartition(".")[2]


async def _show(file: Traversable, media_type: str) -> Response:
    """Shows a file, or says that the browser has it."""
    return shown(await trio.to_thread.run_sync(file.read_bytes), media_type)


def shown(data: bytes, media_type: str) -> Response:
    """Returns what shows some content, or says that the browser has it."""
    tag = hashlib.blake2s(data, digest_size=12).hexdigest()
    fresh = tag in request.if_none_match
    response = Response("" if fresh else data, 304 if fresh else 200, content_type=media_type, headers=_HEADERS)
    response.set_etag(tag)
    return response
