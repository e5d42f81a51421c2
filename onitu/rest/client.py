"""How this user's own commands ask a running core: over its private socket, which needs no token.

With the standard library alone: a command starts in a moment.
"""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs

from onitu.errors import StoreError
from onitu.rest.address import NOTE, PREFIX

#: Seconds a core may take to answer. To start a service may take that long.
PATIENCE = 90.0


@attrs.frozen
class Reply:
    """What a core has answered.

    Attributes:
        code: The HTTP status.
        body: The JSON of the answer.
    """

    code: int
    body: Any

    @property
    def reason(self) -> str:
        """Why it was not done, for a person; "" where it was."""
        return "" if self.code == http.client.OK else str(self.body.get("reason", self.code))


def place(*names: str) -> str:
    """Returns names as parts of an address."""
    return "".join(f"/{quote(name, safe='')}" for name in names)


def ask(directory: Path, method: str, path: str, body: object = None, *, patience: float = PATIENCE) -> Reply | None:
    """Asks a running core, and returns its answer; None where no core runs.

    Args:
        directory: The data directory.
        method: GET and so on.
        path: Behind the prefix.
        body: What is sent, as JSON.
        patience: Seconds that it may take.

    Raises:
        StoreError: It does not answer, or is no Onitu that this one understands.
    """
    connection = connect(directory, patience)
    if connection is None:
        return None
    try:
        connection.request(method, PREFIX + path, None if body is None else json.dumps(body))
        response = connection.getresponse()
        return Reply(response.status, json.loads(response.read()))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise StoreError(f"the running onitu of {directory} does not answer: {error}") from error
    finally:
        connection.close()


def connect(directory: Path, patience: float = PATIENCE) -> http.client.HTTPConnection | None:
    """Returns a connection to the core that runs on a data directory, or None where none runs.

    Raises:
        StoreError: There is one, and it cannot be reached.
    """
    try:
        address = (directory / NOTE).read_text("utf-8").strip()
        connection = _Private(address, patience)
        connection.connect()
    except (FileNotFoundError, ConnectionRefusedError):
        return None  # It left this behind when it was killed.
    except OSError as error:
        raise StoreError(f"the running onitu of {directory} cannot be reached: {error}") from error
    return connection


class _Private(http.client.HTTPConnection):
    """A connection to a socket in the file system."""

    def __init__(self, address: str, patience: float) -> None:
        super().__init__("localhost", timeout=patience)
        self._address = address

    def connect(self) -> None:
        """Connects."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._address)
