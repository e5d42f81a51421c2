"""A provider of credentials on loopback, as OAuth has it: a page that asks, a code, a token."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.functional.httpd import Quiet, answering

#: Who signs in.
ACCOUNT = "ada@example.org"

#: How every token begins: it must be seen nowhere.
TOKEN = "the-very-secret-"  # noqa: S105 - of nobody


class Provider:
    """The provider.

    Attributes:
        address: Where it is.
        codes: Those that were given out and not used.
        tokens: Those that are good.
    """

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.codes: set[str] = set()
        self.tokens: set[str] = set()
        self._numbers = itertools.count(1)

    def allow(self) -> str:
        """Has the person agree, and returns the code for that."""
        code = f"code-{next(self._numbers)}"
        self.codes.add(code)
        return code

    def back(self, uri: str) -> str:
        """Has the person agree at the address that was opened, and returns where the browser goes then."""
        query = parse_qs(urlsplit(uri).query)
        return f"{query['redirect_uri'][0]}?{urlencode({'state': query['state'][0], 'code': self.allow()})}"

    def token(self, code: str) -> str | None:
        """Returns a token for a code, which is good once."""
        if code not in self.codes:
            return None
        self.codes.remove(code)
        token = f"{TOKEN}{next(self._numbers)}"
        self.tokens.add(token)
        return token


class _Handler(Quiet, BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        """Shows the page that asks, or whose a token is."""
        path = urlsplit(self.path).path
        if path == "/authorize":
            back = self.provider.back(self.path).replace("&", "&amp;")
            page = (
                f'<!doctype html><title>Provider</title><h1>May Onitu read your files?</h1><a href="{back}">Allow</a>'
            )
            self._answer(200, "text/html", page)
        elif path == "/me" and self.headers.get("Authorization", "").removeprefix("Bearer ") in self.provider.tokens:
            self._answer(200, "application/json", json.dumps({"account": ACCOUNT}))
        else:
            self._answer(401 if path == "/me" else 404, "text/plain", "no")

    def do_POST(self) -> None:
        """Gives a token for a code."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        token = self.provider.token(parse_qs(body).get("code", [""])[0])
        if token is None:
            self._answer(400, "text/plain", "no")
        else:
            self._answer(200, "application/json", json.dumps({"token": token, "account": ACCOUNT}))

    def _answer(self, code: int, kind: str, body: str) -> None:
        data = body.encode()
        self.send_response(code)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def providing() -> Iterator[Provider]:
    """Yields a provider."""

    class Answering(_Handler):
        """Of this provider alone."""

    with answering(Answering) as port:
        Answering.provider = Provider(port)
        yield Answering.provider
