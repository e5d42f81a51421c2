"""How the account is reached: one port for what Dropbox has on several hosts, in plain HTTP or with TLS."""

from __future__ import annotations

import functools
import json
import ssl
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from dropbox import auth, common
from dropbox.stone_serializers import json_compat_obj_decode, json_compat_obj_encode
from dropbox.stone_validators import Struct, Union, ValidationError

from tests.functional.httpd import Quiet
from tests.functional.servers.dropbox.account import Account
from tests.functional.servers.dropbox.faults import Asked, Fault, Faults
from tests.functional.servers.dropbox.routes import ApiError, Route, Routes, rate_limited, too_many_writes
from tests.functional.servers.dropbox.tokens import APP_KEY, GrantRefused, Tokens
from tests.functional.servers.proxy import Proxy

HOST = "127.0.0.1"
OK, PARTIAL, BAD, UNAUTHORIZED, FORBIDDEN, MISSING, CONFLICT, UNPROCESSABLE, LIMITED = (
    *(200, 206, 400, 401, 403, 404, 409, 422, 429),
)


class Dropbox:
    """A Dropbox with one account.

    Attributes:
        account: What is in it.
        tokens: Who may ask.
        routes: What may be asked.
        faults: What goes wrong, and what was asked.
        proxy: The way to it, which a test can cut.
    """

    def __init__(self) -> None:
        self.account = Account()
        self.tokens = Tokens()
        self.routes = Routes(self.account)
        self.faults = Faults()
        self.proxy = Proxy(self.open())

    def open(self, context: ssl.SSLContext | None = None) -> int:
        """Lets clients in at another port, and returns it."""

        class Answering(_Handler):
            """Of this Dropbox alone."""

            dropbox = self

        server = _Server((HOST, 0), Answering)
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return int(server.server_address[1])

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://{HOST}:{self.proxy.port}"

    def options(self) -> dict[str, str]:
        """Returns the options of a service of the account."""
        return {"app_key": APP_KEY, "refresh_token": next(iter(self.tokens.refresh)), "server": self.address}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


class _Handler(Quiet, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    dropbox: ClassVar[Dropbox]

    def do_GET(self) -> None:
        """Shows the page that asks whether somebody may come in, or a file."""
        parts = urlsplit(self.path)
        if parts.path == "/oauth2/authorize":
            self._page()
        else:
            self.do_POST()

    def do_POST(self) -> None:
        """Answers everything else."""
        body = self._body()
        route = urlsplit(self.path).path.removeprefix("/2/").strip("/")
        fault = self.dropbox.faults.take(route)
        self.dropbox.faults.note(Asked(route, len(body), fault))
        if fault is not None and fault.what == "unheard":
            self.close_connection = True
            return
        if fault is not None and fault.what in {"status", "busy"}:
            self._refuse(fault)
            return
        status, headers, answer = self._answer(route, body)
        if fault is None:
            self._send(status, headers, answer)
        else:
            self._break_off(fault, status, headers, answer)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _answer(self, name: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if name == "oauth2/token":
            return self._token(body)
        route = self.dropbox.routes.table.get(name)
        if route is None:
            return MISSING, {}, b"no such route"
        if route.types.attrs["auth"] != "noauth" and (refused := self._stranger()) is not None:
            return refused
        if (refused := self._wrong_root()) is not None:
            return refused
        try:
            return self._done(route, *self._argument(route, body))
        except ValidationError as error:
            return BAD, {"Content-Type": "text/plain"}, f"Error in call to API function: {error}".encode()
        except ApiError as error:
            return CONFLICT, {}, _failed(route.types.error_type, error.value)

    def _argument(self, route: Route, body: bytes) -> tuple[Any, bytes]:
        style = route.types.attrs["style"]
        text = body.decode() if style == "rpc" else self.headers.get("Dropbox-API-Arg", "")
        if style != "rpc" and not text:
            text = parse_qs(urlsplit(self.path).query).get("arg", ["null"])[0]
        if style != "rpc" and not text.isascii():
            raise ValidationError("Dropbox-API-Arg: must be ASCII")
        if style == "upload" and self.headers.get("Content-Type") != "application/octet-stream":
            raise ValidationError("Content-Type: must be application/octet-stream")
        value = json.loads(text or "null")
        return json_compat_obj_decode(route.types.arg_type, value), b"" if style == "rpc" else body

    def _done(self, route: Route, argument: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:  # noqa: ANN401
        result, content = route.do(argument, body)
        encoded = json.dumps(json_compat_obj_encode(route.types.result_type, result)).encode()
        if route.types.attrs["style"] != "download":
            return OK, {"Content-Type": "application/json"}, encoded
        headers = {
            "Content-Type": "application/octet-stream",
            "Dropbox-API-Result": encoded.decode(),
            "Accept-Ranges": "bytes",
            "ETag": f'W/"{result.rev}"',
        }
        asked = self.headers.get("Range", "")
        if not asked.startswith("bytes="):
            return OK, headers, content
        first, _, last = asked[6:].partition("-")
        begin = int(first) if first else max(0, len(content) - int(last))
        end = min(int(last) + 1, len(content)) if first and last else len(content)
        if begin >= len(content):
            return 416, {"Content-Range": f"bytes */{len(content)}"}, b""
        return PARTIAL, {**headers, "Content-Range": f"bytes {begin}-{end - 1}/{len(content)}"}, content[begin:end]

    # Who asks.

    def _stranger(self) -> tuple[int, dict[str, str], bytes] | None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.dropbox.tokens.is_good(token):
            return None
        known = self.dropbox.tokens.was_given(token)
        error = auth.AuthError.expired_access_token if known else auth.AuthError.invalid_access_token
        return UNAUTHORIZED, {"Content-Type": "application/json"}, _failed(Union(auth.AuthError), error)

    def _wrong_root(self) -> tuple[int, dict[str, str], bytes] | None:
        asked = json.loads(self.headers.get("Dropbox-API-Path-Root", "null"))
        if asked is None or asked.get("root", asked.get("namespace_id", "7")) == self.dropbox.account.namespace:
            return None
        space = self.dropbox.account.namespace
        error = common.PathRootError.invalid_root(common.UserRootInfo(root_namespace_id=space, home_namespace_id=space))
        return UNPROCESSABLE, {"Content-Type": "application/json"}, _failed(Union(common.PathRootError), error)

    def _token(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        json_type = {"Content-Type": "application/json"}
        try:
            granted = self.dropbox.tokens.grant(form)
        except GrantRefused as error:
            return BAD, json_type, json.dumps({"error": str(error), "error_description": "no"}).encode()
        if "refresh_token" in granted:
            granted["account_id"] = self.dropbox.account.id
        return OK, json_type, json.dumps(granted).encode()

    def _page(self) -> None:
        try:
            code, back = self.dropbox.tokens.agree(self.path)
        except GrantRefused as error:
            self._send(BAD, {}, str(error).encode())
            return
        shown = f'<a href="{back.replace("&", "&amp;")}">Allow</a>' if back else f"<code>{code}</code>"
        page = f"<!doctype html><title>Dropbox</title><h1>May Onitu read your files?</h1>{shown}"
        self._send(OK, {"Content-Type": "text/html; charset=utf-8"}, page.encode())

    # Answers.

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"X-Dropbox-Request-Id": uuid.uuid4().hex, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _refuse(self, fault: Fault) -> None:
        after = 0 if fault.retry_after is None else fault.retry_after
        headers = {} if fault.retry_after is None else {"Retry-After": str(after)}
        if fault.what == "busy" or fault.status == LIMITED:
            error = too_many_writes(after) if fault.what == "busy" else rate_limited(after)
            body = _failed(Struct(auth.RateLimitError), error)
            self._send(LIMITED, {**headers, "Content-Type": "application/json"}, body)
        elif fault.status == UNAUTHORIZED:
            body = _failed(Union(auth.AuthError), auth.AuthError.expired_access_token)
            self._send(UNAUTHORIZED, {"Content-Type": "application/json"}, body)
        else:
            self._send(fault.status, {**headers, "Content-Type": "text/plain"}, b"something went wrong")

    def _break_off(self, fault: Fault, status: int, headers: dict[str, str], body: bytes) -> None:
        self.close_connection = True
        if fault.what == "lost":
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: min(fault.at, max(0, len(body) - 1))])
        self.wfile.flush()


def _failed(kind: Any, error: Any) -> bytes:  # noqa: ANN401  The SDK has no types.
    encoded = json_compat_obj_encode(kind, error)
    return json.dumps({"error_summary": f"{_summary(encoded)}/..", "error": encoded}).encode()


def _summary(encoded: Any) -> str:  # noqa: ANN401  It is JSON.
    if not isinstance(encoded, dict):
        return str(encoded)
    tag = encoded.get(".tag") or _summary(encoded.get("reason", "other"))
    below = encoded.get(tag)
    return f"{tag}/{_summary(below)}" if isinstance(below, dict) and ".tag" in below else str(tag)


@functools.cache
def dropbox() -> Dropbox:
    """Starts a Dropbox, once for all tests of this process."""
    return Dropbox()
