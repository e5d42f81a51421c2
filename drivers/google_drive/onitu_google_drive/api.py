"""Asks Drive for one thing: signs, goes on with another token, waits where it is asked too often.

It knows methods and parameters, and nothing of folders of Onitu.
"""

from __future__ import annotations

import json
import random
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urlsplit

from onitu.plug import DriverError, OutcomeUnknown, RateLimited, Unavailable
from onitu.plug.http import Streams, Web

from .failures import failure_of
from .items import FIELDS, Item, item_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onitu.plug.http import Answer

    from .tokens import Tokens

Json = dict[str, Any]

URL: Final = "https://www.googleapis.com"

CONNECTIONS: Final = 16
"""Requests under way at once: as many as the core makes calls. Google allows 325,000 a minute
(https://developers.google.com/workspace/drive/api/guides/limits), and fewer writes."""

PAGE: Final = 1_000
"""Files in a page: the most there are."""

_ATTEMPTS: Final = 5
"""How often a request is made that Google had too many of, or failed at: after that the core waits instead."""
_PAUSE: Final = 0.5
"""Seconds before the second attempt, twice as long before each further one, as Google asks for."""
_LONGEST: Final = 8.0

_SAFE: Final = frozenset(("GET", "HEAD"))
_REFUSED: Final = 400
_UNAUTHORIZED: Final = 401
_GENERATED: Final = 100


class Api:
    """One account at Drive. May be used from any thread.

    Args:
        tokens: Who asks.
        url: Where.

    Attributes:
        streams: Answers that are still being read.
    """

    def __init__(self, tokens: Tokens, url: str = URL) -> None:
        self.streams = Streams(CONNECTIONS // 2)
        self._tokens = tokens
        self._web = Web(url, connections=CONNECTIONS)
        self._mutex = threading.Lock()
        self._ids: list[str] = []

    def ask(
        self,
        method: str,
        path: str,
        *,
        about: str,
        query: Mapping[str, object] | None = None,
        body: Json | None = None,
        repeat: bool = False,
    ) -> Json:
        """Asks for one thing and returns the answer.

        Args:
            method: Of HTTP.
            path: Below the API's, its parts encoded.
            about: What it is about, for a person.
            query: Parameters.
            body: The resource that is sent.
            repeat: Whether it may be done twice; reading always may.

        Raises:
            DriverError: It is refused, or no answer came.
        """
        headers = {} if body is None else {"Content-Type": "application/json; charset=UTF-8"}
        content = b"" if body is None else json.dumps(body).encode()
        target = target_of(f"/drive/v3/{path}", query)
        return self.decoded(self.send(method, target, about=about, headers=headers, body=content, repeat=repeat))

    def send(
        self,
        method: str,
        target: str,
        *,
        about: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        repeat: bool = False,
        stream: bool = False,
    ) -> Answer:
        """Sends a request, again where nothing was done, and returns an answer that is no refusal.

        Args:
            method: Of HTTP.
            target: Path and query, encoded.
            about: What it is about, for a person.
            headers: Further headers.
            body: What is sent.
            repeat: Whether it may be done twice.
            stream: Whether the caller reads the answer's body.

        Raises:
            DriverError: It is refused, or no answer came.
        """
        repeat = repeat or method in _SAFE
        attempt, renewed = 1, False
        while True:
            token = self._tokens.current()
            given = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity", **(headers or {})}
            if body or method not in _SAFE:
                given["Content-Length"] = str(len(body))
            answer = self._web.send(method, target, headers=given, body=body, repeat=repeat, stream=stream)
            if answer.status < _REFUSED:
                return answer
            failure = failure_of(answer, about, mutates=not repeat)
            answer.release_conn()
            if answer.status == _UNAUTHORIZED and not renewed:
                renewed = True
                self._tokens.renew(token)
            elif attempt < _ATTEMPTS and isinstance(failure, RateLimited | Unavailable) and _is_soon(failure):
                _wait(failure, attempt)
                attempt += 1
            else:
                raise failure

    @staticmethod
    def decoded(answer: Answer) -> Json:
        """Returns what an answer says.

        Raises:
            OutcomeUnknown: It cannot be read; what was asked for is done.
        """
        if not answer.data:
            return {}
        try:
            found = json.loads(answer.data)
        except ValueError as error:
            raise OutcomeUnknown(f"Google's answer cannot be read: {error}") from error
        return found if isinstance(found, dict) else {}

    # Files.

    def get(self, file_id: str) -> Item:
        """Returns a file.

        Raises:
            NotFound: There is none.
        """
        query = {"fields": FIELDS, "supportsAllDrives": "true"}
        return item_of(self.ask("GET", f"files/{quote(file_id)}", about="a file", query=query))

    def list_all(self, condition: str, drive: str | None) -> Iterator[Item]:
        """Yields all files that a query finds.

        Raises:
            Unavailable: Google has not looked everywhere.
        """
        query: dict[str, object] = {
            "q": condition,
            "pageSize": PAGE,
            "fields": f"nextPageToken,incompleteSearch,files({FIELDS})",
            "supportsAllDrives": "true",
            **of_drive(drive),
        }
        if drive is not None:
            query["corpora"] = "drive"
        while True:
            page = self.ask("GET", "files", about="the list of files", query=query)
            if page.get("incompleteSearch"):
                raise Unavailable("the list of files: Google has not looked everywhere; it is asked again")
            yield from map(item_of, page.get("files", ()))
            if "nextPageToken" not in page:
                return
            query["pageToken"] = page["nextPageToken"]

    def update(self, item: Item, body: Json, *, query: Mapping[str, str] | None = None, repeat: bool = False) -> Item:
        """Changes what is not the content of a file, and returns it."""
        asked = {"fields": FIELDS, "supportsAllDrives": "true", **(query or {})}
        path = f"files/{quote(item.id)}"
        return item_of(self.ask("PATCH", path, about=item.name, query=asked, body=body, repeat=repeat))

    def new_id(self) -> str:
        """Returns an id for a file that is to be made: what is sent twice with it is made once."""
        with self._mutex:
            if not self._ids:
                query = {"count": _GENERATED, "space": "drive", "fields": "ids"}
                self._ids = self.ask("GET", "files/generateIds", about="new ids", query=query)["ids"]
            return self._ids.pop()

    def close(self) -> None:
        """Lets go of its connections."""
        self.streams.close()
        self._web.close()


def target_of(path: str, query: Mapping[str, object] | None) -> str:
    """Returns path and query as they stand in a request."""
    return f"{path}?{urlencode(query, quote_via=quote)}" if query else path


def below_host(url: str) -> str:
    """Returns path and query of an address that Google gave."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def of_drive(drive: str | None) -> dict[str, object]:
    """Returns the parameters of a list or a log of changes, for a shared drive or for My Drive."""
    return {} if drive is None else {"driveId": drive, "includeItemsFromAllDrives": "true"}


def quoted(text: str) -> str:
    """Returns a text as it stands in a query."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def related(resource: Json, content: bytes) -> tuple[str, bytes]:
    """Returns type and body of a request that has a resource and its content."""
    boundary = secrets.token_hex(16)
    head = f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(resource)}\r\n"
    between = f"--{boundary}\r\nContent-Type: {resource.get('mimeType', 'application/octet-stream')}\r\n\r\n"
    body = b"".join((head.encode(), between.encode(), content, f"\r\n--{boundary}--\r\n".encode()))
    return f"multipart/related; boundary={boundary}", body


def _is_soon(failure: DriverError) -> bool:
    return not isinstance(failure, RateLimited) or (failure.retry_after or 0.0) <= _LONGEST


def _wait(failure: DriverError, attempt: int) -> None:
    pause = min(_LONGEST, _PAUSE * 2 ** (attempt - 1)) * random.uniform(0.5, 1.5)  # noqa: S311  It guards nothing.
    time.sleep(max(pause, (failure.retry_after or 0.0) if isinstance(failure, RateLimited) else 0.0))
