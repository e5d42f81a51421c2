"""What Nextcloud adds to WebDAV for large files, in front of wsgidav: there is no package of the real one.

Uploads in chunks, version 2, as its documentation has them: `MKCOL`, `PUT` and `MOVE` name the destination, chunks are
numbered from 1 to 10,000 and have 5 MB to 5 GB but for the last one, they are put together in the order of their names
and are gone then; and `X-OC-Mtime` sets the time. What a client does wrong is refused. It is run as a program.
https://docs.nextcloud.com/server/latest/developer_manual/client_apis/WebDAV/chunking.html
"""

from __future__ import annotations

import base64
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from cheroot import wsgi
from wsgidav.wsgidav_app import WsgiDAVApp  # type: ignore[import-untyped]  # It has no types.

SMALLEST, LARGEST = 5_000_000, 5_000_000_000
DAV = "/remote.php/dav"
_PIECE = 1024 * 1024

Start = Callable[[str, list[tuple[str, str]]], object]


class Chunks:
    """The part of the server that takes chunks; the rest is another program's.

    Args:
        app: The other program.
        files: Where the files of the user lie.
        uploads: Where chunks lie.
        user: Who.
        password: The user's.
        log: Where a line is written for each request.
    """

    def __init__(self, app: Any, files: Path, uploads: Path, user: str, password: str, log: Path) -> None:  # noqa: ANN401 - WSGI.
        self._app = app
        self._files = files
        self._uploads = uploads
        self._user = user
        self._login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._log = log

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "surrogateescape")
        with self._log.open("a") as log:
            log.write(f"{environ['REQUEST_METHOD']} {path} {environ.get('CONTENT_LENGTH') or 0}\n")
        above = f"{DAV}/uploads/{self._user}/"
        if not path.startswith(above):
            return self._timed(environ, start, path)
        if environ.get("HTTP_AUTHORIZATION") != self._login:
            return _answer(start, "401 Unauthorized")
        upload, _, name = path.removeprefix(above).strip("/").partition("/")
        status = self._do(environ, self._uploads / upload, name)
        if environ["REQUEST_METHOD"] != "PUT" and (size := int(environ.get("CONTENT_LENGTH") or 0)):
            environ["wsgi.input"].read(size)
        return _answer(start, status)

    def _timed(self, environ: dict[str, Any], start: Start, path: str) -> Iterable[bytes]:
        """Has a file the time that comes with it."""
        yield from self._app(environ, start)
        given, place = environ.get("HTTP_X_OC_MTIME"), self._place(path)
        if environ["REQUEST_METHOD"] == "PUT" and given and place is not None and place.exists():
            os.utime(place, (int(given), int(given)))

    def _do(self, environ: dict[str, Any], upload: Path, name: str) -> str:
        method = environ["REQUEST_METHOD"]
        target = self._place(unquote(urlsplit(environ.get("HTTP_DESTINATION", "")).path))
        if method == "DELETE" and not name:
            if not upload.is_dir():
                return "404 Not Found"
            shutil.rmtree(upload)
            return "204 No Content"
        if target is None or not target.parent.is_dir():
            return "400 Bad Request"
        if method == "MKCOL" and not name:
            if upload.exists():
                return "405 Method Not Allowed"
            upload.mkdir()
            return "201 Created"
        if not upload.is_dir():
            return "404 Not Found"
        if method == "PUT" and name.isdigit() and 1 <= int(name) <= 10_000:
            return _take(environ, upload / name)
        if method == "MOVE" and name == ".file":
            return self._make(environ, upload, target)
        return "405 Method Not Allowed"

    def _make(self, environ: dict[str, Any], upload: Path, target: Path) -> str:
        """Makes one file of all chunks."""
        chunks = sorted(upload.iterdir(), key=lambda chunk: chunk.name)
        sizes = [chunk.stat().st_size for chunk in chunks]
        if not all(SMALLEST <= size <= LARGEST for size in sizes[:-1]):
            return "400 Bad Request"
        if sum(sizes) != int(environ.get("HTTP_OC_TOTAL_LENGTH", -1)):
            return "400 Bad Request"
        whole, existed = upload / "whole", target.exists()
        with whole.open("wb") as file:
            for chunk in chunks:
                with chunk.open("rb") as part:
                    shutil.copyfileobj(part, file, _PIECE)
        if given := environ.get("HTTP_X_OC_MTIME"):
            os.utime(whole, (int(given), int(given)))
        whole.replace(target)
        shutil.rmtree(upload)
        return "204 No Content" if existed else "201 Created"

    def _place(self, path: str) -> Path | None:
        """Returns where a file of the user lies."""
        above = f"{DAV}/files/{self._user}/"
        return self._files / path.removeprefix(above) if path.startswith(above) and ".." not in path else None


def _take(environ: dict[str, Any], chunk: Path) -> str:
    """Takes a chunk, if all of it comes."""
    left = int(environ.get("CONTENT_LENGTH") or 0)
    torn = chunk.with_name(f".{chunk.name}.part")
    with torn.open("wb") as file:
        while left and (piece := environ["wsgi.input"].read(min(left, _PIECE))):
            file.write(piece)
            left -= len(piece)
    if left:
        torn.unlink()
        return "400 Bad Request"
    torn.replace(chunk)
    return "201 Created"


def _answer(start: Start, status: str) -> Iterable[bytes]:
    start(status, [("Content-Length", "0")])
    return [b""]


def main() -> None:
    """Serves a directory until it is ended."""
    host, port, place, user, password = sys.argv[1:]
    files, uploads = Path(place) / "data", Path(place) / "uploads"
    uploads.mkdir(exist_ok=True)
    app = WsgiDAVApp(
        {
            "host": host,
            "port": int(port),
            "provider_mapping": {f"{DAV}/files/{user}": str(files)},
            "simple_dc": {"user_mapping": {"*": {user: {"password": password}}}},
            "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
            "logging": {"enable": False},
            "verbose": 0,
        }
    )
    chunks = Chunks(app, files, uploads, user, password, Path(place) / "requests")
    wsgi.Server((host, int(port)), chunks, numthreads=16).start()


if __name__ == "__main__":
    main()
