"""Waits for changes: a request that stays open for a minute or more, and is given up at once from another thread."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from onitu.plug import Unavailable

from .failures import failure_of

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_WAIT: Final = 60
"""Seconds that a request for changes stays open; Dropbox takes 30 to 480."""

_SILENCE: Final = LONGEST_WAIT + 90.0 + 30.0
"""Seconds without an answer: Dropbox may add 90 of them, by the documentation of `list_folder/longpoll`."""

_ROUTE: Final = "/2/files/list_folder/longpoll"
_REFUSED: Final = 300


class Answered(msgspec.Struct, frozen=True):
    """What was answered."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class Longpoll:
    """Waits for changes, once at a time. Nobody has to sign in for that: the cursor says enough.

    Args:
        server: Address of another server than Dropbox's, or None.
    """

    def __init__(self, server: str | None) -> None:
        self._where = urlsplit(server or "https://notify.dropboxapi.com")
        self._context = ssl.create_default_context() if self._where.scheme == "https" else None
        self._mutex = threading.Lock()
        self._connection: http.client.HTTPConnection | None = None
        self._is_closed = False

    def wait(self, cursor: str) -> dict[str, Any]:
        """Returns what is answered when something has changed after a cursor, or nothing has for long enough.

        Raises:
            DriverError: Dropbox refuses it, or does not answer.
        """
        body = json.dumps({"cursor": cursor, "timeout": LONGEST_WAIT}).encode()
        try:
            answered = self._ask(body)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{self._where.netloc} did not answer: {error}") from error
        if answered.status >= _REFUSED:
            raise failure_of(answered, _ROUTE, mutates=False)
        try:
            found = json.loads(answered.data)
        except ValueError as error:
            raise Unavailable(f"Dropbox's answer is no JSON: {error}") from error
        return found if isinstance(found, dict) else {"changes": True}

    def close(self) -> None:
        """Gives up what is waited for; nothing is waited for after that."""
        with self._mutex:
            self._is_closed = True
            connected = self._connection.sock if self._connection is not None else None
        if connected is not None:
            try:
                connected.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It has ended at this moment.

    def _ask(self, body: bytes) -> Answered:
        host, port = self._where.hostname or "", self._where.port
        connection = (
            http.client.HTTPConnection(host, port, timeout=_SILENCE)
            if self._context is None
            else http.client.HTTPSConnection(host, port, timeout=_SILENCE, context=self._context)
        )
        try:
            connection.connect()
            with self._mutex:
                if self._is_closed:
                    raise Unavailable("nobody waits for changes any more")
                self._connection = connection
            connection.request("POST", _ROUTE, body=body, headers={"Content-Type": "application/json"})
            answer = connection.getresponse()
            return Answered(answer.status, dict(answer.headers), answer.read())
        finally:
            connection.close()
