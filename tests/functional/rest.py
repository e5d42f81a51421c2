"""The REST API of a running core, as a program sees it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.functional.processes import REACTION, UNIT, Core

PREFIX = "/api/v1.0"


class Answer(NamedTuple):
    """What came back.

    Attributes:
        code: The status.
        headers: The headers, with names in lower case.
        data: The body as it is.
    """

    code: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def body(self) -> Any:  # noqa: ANN401 - JSON
        """The body, read as JSON."""
        return json.loads(self.data)

    def __str__(self) -> str:
        return f"{self.code} {self.data.decode(errors='replace')}"


class Api:
    """The API of a core.

    Args:
        core: The core; the API may still be coming up.
        headers: What every request carries beside its own.
    """

    def __init__(self, core: Core, **headers: str) -> None:
        self.core = core
        self.port: int = core.wait_for("api_opened")["port"]
        self._headers = headers

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Makes one request.

        Args:
            method: GET and so on.
            path: Behind the prefix; one that begins with two slashes is taken from the root.
            body: To be sent as JSON, without a type.
            raw: To be sent as it is.
            headers: What else to send.

        Returns:
            The answer.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=REACTION * UNIT)
        data = raw if body is None else json.dumps(body, ensure_ascii=False).encode()
        place = path[1:] if path.startswith("//") else PREFIX + path
        try:
            with suppress(BrokenPipeError):  # An answer may come before all of a body that is too long was sent.
                connection.request(method, place, data, {**self._headers, **(headers or {})})
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **query: object) -> Answer:
        """Asks for something.

        Args:
            path: Behind the prefix.
            query: What stands behind the question mark.
        """
        marks = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items())
        return self.ask("GET", f"{path}?{marks}" if marks else path)

    def put(self, path: str, body: object = None) -> Answer:
        """Has something done.

        Args:
            path: Behind the prefix.
            body: To be sent as JSON.
        """
        return self.ask("PUT", path, body=body)

    def files(self, **query: object) -> list[dict[str, Any]]:
        """Asks for files."""
        answer = self.get("/files", **query)
        assert answer.code == 200, answer
        found: list[dict[str, Any]] = answer.body["files"]
        return found

    def names(self, **query: object) -> list[str]:
        """Asks for files, and returns their paths."""
        return [file["filename"] for file in self.files(**query)]


class Event(NamedTuple):
    """An event, as it came.

    Attributes:
        id: Its id.
        type: Its type.
        data: What it says.
    """

    id: str
    type: str
    data: dict[str, Any]


class Stream:
    """The stream of events.

    Args:
        api: Whose.
        last: The id of the last event that is known; None to begin now.

    Attributes:
        seen: Every event that came.
        last: The id of the last one.
    """

    def __init__(self, api: Api, last: str | None) -> None:
        headers = {} if last is None else {"Last-Event-ID": last}
        self.api = api
        self.seen: list[Event] = []
        self.last = last or ""
        self._connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=REACTION * UNIT)
        self._connection.request("GET", f"{PREFIX}/events", headers=headers)
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200, self._answer.read()
        assert self._answer.getheader("Content-Type") == "text/event-stream"
        self._read()

    def wait(self, kind: str, matches: Callable[[dict[str, Any]], bool] = lambda _: True, /, **data: object) -> Event:
        """Waits for an event, also among those that have come.

        Args:
            kind: Its type.
            matches: What else must hold of its data.
            data: What it must say.
        """
        deadline = time.monotonic() + REACTION * UNIT
        looked = 0
        while True:
            for event in self.seen[looked:]:
                if event.type == kind and data.items() <= event.data.items() and matches(event.data):
                    return event
            looked = len(self.seen)
            assert time.monotonic() < deadline, f"no {kind} with {data} among {self.seen}"
            self._read()

    def close(self) -> None:
        """Leaves."""
        self._answer.close()
        self._connection.close()

    def _read(self) -> None:
        """Reads up to the end of one event, or of what is none."""
        kind = ""
        while line := self._answer.readline().decode().rstrip("\n"):
            field, _, value = line.partition(": ")
            if field == "id":
                self.last = value
            elif field == "event":
                kind = value
            elif field == "data":
                self.seen.append(Event(self.last, kind, json.loads(value)))


@contextmanager
def following(api: Api, last: str | None = None) -> Iterator[Stream]:
    """Yields the stream of events.

    Args:
        api: Whose.
        last: The id of the last event that is known; None to begin now.
    """
    stream = Stream(api, last)
    try:
        yield stream
    finally:
        stream.close()


def encoded(*names: str) -> str:
    """Returns names as parts of an address."""
    return "".join(f"/{quote(name, safe='')}" for name in names)
