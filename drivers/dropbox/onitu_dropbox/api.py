"""Asks Dropbox, route by route, and raises what it refuses as errors of the contract.

It knows routes and their JSON, and nothing of folders. A request that may be done twice is tried again where Dropbox
has a fault of its own; of one that may have been carried out nobody says that it was not.
"""

from __future__ import annotations

import json
import random
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from onitu.plug import DriverError, Unavailable
from onitu.plug.http import ATTEMPTS, Streams

from .failures import failure_of
from .hosts import CONNECTIONS, Hosts
from .longpoll import Longpoll

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onitu.plug.http import Answer, Web

    from .tokens import Tokens

JSON = dict[str, Any]

_PAUSE: Final = 0.3
"""Seconds before the second attempt; twice as long before each further one."""

_REFUSED, _UNAUTHORIZED, _SERVER = 300, 401, 500


class Api:
    """The API, as one account. May be used from any thread.

    Args:
        hosts: Where it is.
        tokens: Who asks.

    Attributes:
        path_root: What paths are below, as `Dropbox-API-Path-Root` has it; None is the account's own files.
        streams: Answers that are still being read.
    """

    def __init__(self, hosts: Hosts, tokens: Tokens) -> None:
        self.path_root: JSON | None = None
        self.streams = Streams(CONNECTIONS // 2)
        self._hosts = hosts
        self._tokens = tokens
        self._slots = threading.BoundedSemaphore(CONNECTIONS)

    def ask(
        self, route: str, argument: object, *, about: str = "", repeat: bool = True, path_root: JSON | None = None
    ) -> JSON:
        """Asks a question, or for a change, and returns the answer.

        Args:
            route: Such as `files/get_metadata`.
            argument: What it takes.
            about: What it is about, for a person.
            repeat: Whether doing it twice is as good as once.
            path_root: As the attribute, for this request alone.

        Raises:
            DriverError: Dropbox refuses it, or no answer came.
        """
        headers = {"Content-Type": "application/json", **_rooted(path_root or self.path_root)}
        body = json.dumps(argument).encode()
        return _decoded(self._send(self._hosts.api, route, headers, body, about=about or route, repeat=repeat))

    def put(self, route: str, argument: object, content: bytes, *, about: str, repeat: bool) -> JSON | None:
        """Sends bytes and returns the answer, None where there is none to tell.

        Args:
            route: Such as `files/upload`.
            argument: What goes with them.
            content: The bytes.
            about: As in `ask`.
            repeat: As in `ask`.

        Raises:
            DriverError: Dropbox refuses it, or no answer came.
        """
        headers = {
            "Content-Type": "application/octet-stream",
            "Dropbox-API-Arg": json.dumps(argument),
            **_rooted(self.path_root),
        }
        answer = self._send(self._hosts.content, route, headers, content, about=about, repeat=repeat)
        return None if answer.data.strip() in {b"", b"null"} else _decoded(answer)

    def open(self, path: str, *, offset: int = 0) -> tuple[JSON, Answer]:
        """Begins to download a file, and returns what it is and the answer, whose body the caller reads.

        Raises:
            DriverError: Dropbox refuses it, or no answer came.
        """
        headers = {"Dropbox-API-Arg": json.dumps({"path": path}), **_rooted(self.path_root)}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        answer = self._send(self._hosts.content, "files/download", headers, b"", about=path, repeat=True, stream=True)
        try:
            return json.loads(answer.headers["Dropbox-API-Result"]), answer
        except (KeyError, ValueError) as error:
            answer.release_conn()
            raise Unavailable(f"{path}: Dropbox does not say what it sends") from error

    def longpoll(self) -> Longpoll:
        """Returns what waits for changes."""
        return Longpoll(self._hosts.server)

    def close(self) -> None:
        """Lets go of the connections."""
        self.streams.close()
        self._hosts.close()

    def _send(
        self,
        web: Web,
        route: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        about: str,
        repeat: bool,
        stream: bool = False,
    ) -> Answer:
        attempt, token = 1, self._tokens.current()
        while True:
            sent = {**headers, "Authorization": f"Bearer {token}", "Content-Length": str(len(body))}
            with self._slots:
                answer = web.send("POST", f"/2/{route}", headers=sent, body=body, repeat=repeat, stream=stream)
                if answer.status < _REFUSED:
                    return answer
                failure = failure_of(answer, about, mutates=not repeat)
            answer.release_conn()
            if answer.status == _UNAUTHORIZED and attempt == 1:
                token = self._tokens.current(instead_of=token)
            elif answer.status >= _SERVER and repeat and attempt < ATTEMPTS:
                time.sleep(_PAUSE * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311  It guards nothing.
            else:
                raise failure
            attempt += 1


def _rooted(path_root: JSON | None) -> dict[str, str]:
    return {} if path_root is None else {"Dropbox-API-Path-Root": json.dumps(path_root)}


def _decoded(answer: Answer) -> JSON:
    try:
        found = json.loads(answer.data)
    except ValueError as error:
        raise Unavailable(f"Dropbox's answer is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise DriverError(f"Dropbox answers a {type(found).__name__} where an object belongs")
    return found
