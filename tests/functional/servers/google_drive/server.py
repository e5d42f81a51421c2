"""The HTTP of the fake: which method a request means, who makes it, and what goes wrong on the way."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.functional.httpd import Quiet
from tests.functional.servers.google_drive import language, schema, uploads
from tests.functional.servers.google_drive.content import Content
from tests.functional.servers.google_drive.faults import Asked, Cut, Fault, Faults, Refused
from tests.functional.servers.google_drive.oauth import Accounts, Refusal
from tests.functional.servers.google_drive.requests import Bytes, Requests
from tests.functional.servers.google_drive.resources import DEFAULT_FILE, EXPORT_LINK

Json = dict[str, Any]

_API, _UPLOAD = "/drive/v3/", "/upload/drive/v3/"

#: Further parameters of an upload, which the discovery document names elsewhere.
_OF_UPLOADS = frozenset(("uploadType", "upload_id"))

#: What is answered where nobody says which fields are wanted.
_DEFAULTS = {
    "File": DEFAULT_FILE,
    "FileList": f"kind,incompleteSearch,nextPageToken,files({DEFAULT_FILE})",
    "ChangeList": (
        f"kind,nextPageToken,newStartPageToken,changes(kind,type,changeType,time,removed,fileId,file({DEFAULT_FILE}))"
    ),
    "Revision": "kind,id,mimeType,modifiedTime",
    "RevisionList": "kind,nextPageToken,revisions(kind,id,mimeType,modifiedTime)",
    "DriveList": "kind,nextPageToken,drives(kind,id,name)",
    "Drive": "kind,id,name",
}


class FakeDrive:
    """A fake of Google Drive, while it is served.

    Attributes:
        content: What lies in it.
        accounts: Who may ask.
        faults: What goes wrong, and what was asked.
        sessions: Uploads that are under way.
        port: Where it is asked.
    """

    def __init__(self) -> None:
        self.content = Content()
        self.accounts = Accounts()
        self.faults = Faults()
        self.sessions = uploads.Sessions()
        self.requests = Requests(self.content)
        self.port = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: that connections break is what is tested."""


class _Handler(Quiet, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    drive: FakeDrive

    def do_GET(self) -> None:
        """Answers, as all methods of HTTP do."""
        self._received = 0
        self._fault: Fault | None = None
        url = urlsplit(self.path)
        # A repeated parameter is a mistake of the caller's, and so is an empty one that counts.
        self._query = {key: values[-1] for key, values in parse_qs(url.query, keep_blank_values=True).items()}
        self._name = "unknown"
        try:
            try:
                self._route(unquote(url.path))
            except Refused as refused:
                self._refuse(refused)
            except schema.Mismatch as error:
                self._refuse(Refused(400, "parseError", f"The discovery document says otherwise: {error}"))
        except (Cut, OSError):
            self._break()

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names of the library.

    def _route(self, path: str) -> None:
        if path in {"/token", "/oauth2/v4/token"}:
            self._token()
        elif path.startswith(_UPLOAD):
            self._upload(path.removeprefix(_UPLOAD))
        elif path.startswith(_API):
            self._method(path.removeprefix(_API))
        elif path == EXPORT_LINK:
            self._begin("export.link")
            file = self.drive.requests.find({**self._query, "supportsAllDrives": "true"}, "id")
            self._media(Bytes(file.document, "application/octet-stream"))
        else:
            self._read()
            raise Refused(404, "notFound", "Not Found")

    def _begin(self, name: str, *, signed: bool = True) -> bytes:
        """Notes what a request is, reads its body, and lets go wrong what is to."""
        self._name = name
        fault = self._fault = self.drive.faults.take(name)
        if fault is not None and fault.request is not None:
            self._read(fault.request)
            raise Cut
        body = self._read()
        if fault is not None and fault.meanwhile is not None:
            fault.meanwhile()
        if signed and not self.drive.accounts.is_good(self.headers.get("Authorization", "")):
            raise Refused(401, "authError", "Invalid Credentials", "Authorization")
        if fault is not None and fault.refusal is not None:
            raise fault.refusal
        return body

    def _read(self, most: int | None = None) -> bytes:
        size = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._read_chunks()
        else:
            body = self.rfile.read(size if most is None else min(most, size))
        self._received += len(body)
        self._last = body
        return body

    def _read_chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    # What is asked.

    def _token(self) -> None:
        form = {key: values[0] for key, values in parse_qs(self._begin("oauth.token", signed=False).decode()).items()}
        try:
            self._json(self.drive.accounts.token(form))
        except Refusal as error:
            self._json({"error": str(error), "error_description": "Bad Request"}, status=400)

    def _found(self, path: str) -> tuple[schema.Method, dict[str, str]]:
        found = schema.find(self.command, path)
        if found is None:
            self._read()
            raise Refused(404, "notFound", f"Not Found: {self.command} {path}")
        return found

    def _asked(self, method: schema.Method, parts: Mapping[str, str], further: frozenset[str]) -> dict[str, str]:
        unknown = set(self._query) - method.parameters - further
        if unknown:
            raise schema.Mismatch(f"{method.id} takes no {', '.join(sorted(unknown))}")
        return {**self._query, **parts}

    def _method(self, path: str) -> None:
        method, parts = self._found(path)
        body = self._begin("media.get" if self._query.get("alt") == "media" else method.id)
        asked = self._asked(method, parts, frozenset())
        resource = json.loads(body) if body and method.request else {}
        if method.request:
            schema.check(method.request, resource)
        answer = self.drive.requests.carry_out(method.id, asked, resource)
        if answer is None:
            self._answer(204, b"", {})
        elif isinstance(answer, Bytes):
            self._media(answer)
        else:
            self._resource(method, answer)

    def _resource(self, method: schema.Method, answer: Json, fields: str | None = None) -> None:
        schema.check(method.response, answer)
        fields = fields or self._query.get("fields") or _DEFAULTS.get(method.response, "*")
        try:
            self._json(language.select(answer, fields))
        except language.Invalid as error:
            raise Refused(400, "invalidParameter", f"Invalid field selection {error}", "fields") from error

    def _media(self, answer: Bytes) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        size, kind = len(answer.content), {"Content-Type": answer.kind}
        if wanted is None:
            self._answer(200, answer.content, kind)
            return
        begin = int(wanted.group(1))
        end = min(int(wanted.group(2) or size - 1), size - 1)
        if begin >= size:
            raise Refused(416, "requestedRangeNotSatisfiable", "Request range not satisfiable")
        content = answer.content[begin : end + 1]
        self._answer(206, content, kind | {"Content-Range": f"bytes {begin}-{end}/{size}"})

    # Uploads.

    def _upload(self, path: str) -> None:
        if "upload_id" in self._query:
            self._go_on()
            return
        method, parts = self._found(path)
        kind = self._query.get("uploadType", "")
        body = self._begin("upload.begin" if kind == "resumable" else f"upload.{kind}")
        asked = self._asked(method, parts, _OF_UPLOADS)
        if not method.uploads:
            raise Refused(404, "notFound", f"Not Found: {path}")
        if kind == "resumable":
            self._open(asked, body, parts)
            return
        resource: Json = {}
        content, given = body, self.headers.get("Content-Type", "")
        if kind == "multipart":
            resource, content, given = uploads.parse_related(given, body)
        schema.check(method.request, resource)
        resource = {"mimeType": given, **resource} if given and "fileId" not in parts else resource
        self._resource(method, self._store(asked, resource, content))

    def _store(self, asked: Mapping[str, str], resource: Json, content: bytes) -> Json:
        with self.drive.content.mutex:
            store = self.drive.requests.update if "fileId" in asked else self.drive.requests.create
            return store(asked, resource, content)

    def _open(self, asked: dict[str, str], body: bytes, parts: Mapping[str, str]) -> None:
        resource = json.loads(body) if body else {}
        schema.check("File", resource)
        given = self.headers.get("X-Upload-Content-Type", "")
        if given and "fileId" not in parts:
            resource = {"mimeType": given, **resource}
        size = self.headers.get("X-Upload-Content-Length")
        if "fileId" in parts:
            self.drive.requests.find(asked)
        session = self.drive.sessions.begin(asked, resource, int(size) if size else None)
        path = urlsplit(self.path).path
        # The host that the request was made to, as it is known to whoever made it.
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        where = f"{scheme}://{self.headers['Host']}{path}?uploadType=resumable&upload_id={session.id}"
        self._answer(200, b"", {"Location": where, "X-GUploader-UploadID": session.id})

    def _go_on(self) -> None:
        self._name = "upload.put" if self.command == "PUT" else "upload.end"
        session_id = self._query["upload_id"]
        try:
            body = self._begin(self._name)
        except Cut:
            with suppress(Refused):
                self._take_part(session_id)
            raise
        session = self.drive.sessions.get(session_id)
        if self.command == "DELETE":
            self.drive.sessions.end(session_id)
            self._answer(499, b"", {})
            return
        with self.drive.content.mutex:
            placed = self.headers.get("Content-Range", "")
            if session.answer is None and uploads.take(session, placed, body, is_cut=False):
                session.answer = self._store(session.asked, session.body, bytes(session.content))
            answer = session.answer
        if answer is None:
            self._incomplete(session)
            return
        method = schema.find("PATCH" if "fileId" in session.asked else "POST", urlsplit(self.path).path[len(_UPLOAD) :])
        assert method is not None
        self._resource(method[0], answer, session.asked.get("fields"))

    def _take_part(self, session_id: str) -> None:
        """Keeps what had come of a session when the connection broke."""
        session = self.drive.sessions.get(session_id)
        uploads.take(session, self.headers.get("Content-Range", ""), self._last, is_cut=True)

    def _incomplete(self, session: uploads.Session) -> None:
        headers = {"Range": f"bytes=0-{len(session.content) - 1}"} if session.content else {}
        self._answer(308, b"", headers)

    # What is answered.

    def _refuse(self, refused: Refused) -> None:
        headers = {"Content-Type": "application/json; charset=UTF-8"}
        if refused.after:
            headers["Retry-After"] = refused.after
        self._answer(refused.status, json.dumps(refused.body).encode(), headers)

    def _json(self, answer: Json, status: int = 200) -> None:
        self._answer(status, json.dumps(answer).encode(), {"Content-Type": "application/json; charset=UTF-8"})

    def _answer(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        fault = self._fault
        if fault is not None and fault.answer == 0:
            raise Cut
        self.drive.faults.asked.append(Asked(self._name, self._received, len(content), status))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault is not None and fault.answer is not None and status < 300:
            self.wfile.write(content[: fault.answer])
            self.wfile.flush()
            raise Cut
        self.wfile.write(content)
        self.wfile.flush()

    def _break(self) -> None:
        self.drive.faults.asked.append(Asked(self._name, self._received, 0, 0))
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving(drive: FakeDrive | None = None, *, context: ssl.SSLContext | None = None) -> Iterator[FakeDrive]:
    """Serves a fake.

    Args:
        drive: Which; without it a new one.
        context: With it, over TLS.
    """
    fake = drive or FakeDrive()

    class Answering(_Handler):
        """Of this fake alone."""

        drive = fake

    with _Server(("127.0.0.1", 0), Answering) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        fake.port = server.server_port
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
