"""How another process of the same user tells a running core what a person has decided.

The core listens on a socket in its runtime directory, and writes the socket's path to `control` in the data directory:
so whoever may read the data directory finds it, and the length of that directory's path is no matter. One request and
one answer, a JSON object in a line each. There is nothing here that the REST API could not take over as it is.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import msgspec

from onitu.core.wanted import EmptyTrash, RestoreCopy
from onitu.errors import ConfigError, StoreError
from onitu.referee.holding import Order
from onitu.store import Store
from onitu.store.beside import read_beside

#: Name of the file in the data directory that says where the core listens.
CONTROL = "control"

#: Seconds a core may take to answer. It writes one record for it, or one large file.
PATIENCE = 3600.0

#: Longest line, in bytes.
LINE = 64 * 1024


class DecideHold(msgspec.Struct, frozen=True, kw_only=True, tag="decide-hold", tag_field="request"):
    """Says what becomes of what is held.

    Attributes:
        service: Whose.
        folder: Of which folder.
        order: What is decided.
    """

    service: str
    folder: str
    order: Order


#: Leaves both contents of a conflict where they are. The content of a service of this name cannot be asked for.
BOTH = "both"


class ResolveConflict(msgspec.Struct, frozen=True, kw_only=True, tag="resolve-conflict", tag_field="request"):
    """Settles a conflict.

    Attributes:
        folder: The folder.
        path: The path of the conflict copy.
        keep: The service whose content keeps the name, or `BOTH`.
    """

    folder: str
    path: str
    keep: str


class RepairFile(msgspec.Struct, frozen=True, kw_only=True, tag="repair-file", tag_field="request"):
    """Has a file written again whose content has changed without a trace.

    Attributes:
        service: Where.
        folder: The folder.
        path: Its path there.
        revision: The revision it shows.
    """

    service: str
    folder: str
    path: str
    revision: str


Request: TypeAlias = DecideHold | ResolveConflict | RepairFile | RestoreCopy | EmptyTrash


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of a request.

    Attributes:
        error: Why it could not be done, for a person; "" when it was.
        said: What came of it, for a person.
    """

    error: str = ""
    said: str = ""


def send(directory: Path, request: Request) -> Answer | None:
    """Has a running core do something, and returns its answer; None where no core runs.

    Args:
        directory: The data directory.
        request: What it is to do.

    Raises:
        StoreError: It does not answer, or is another Onitu.
    """
    try:
        address = (directory / CONTROL).read_text("utf-8").strip()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(address)
            connection.sendall(msgspec.json.encode(request) + b"\n")
            with connection.makefile("rb") as stream:
                line = stream.readline(LINE)
    except (FileNotFoundError, ConnectionRefusedError):
        return None  # It left this behind when it was killed.
    except OSError as error:
        raise StoreError(f"the running onitu of {directory} does not answer: {error}") from error
    try:
        return msgspec.json.decode(line, type=Answer)
    except msgspec.MsgspecError as error:
        raise StoreError(f"the running onitu of {directory} gave no answer that this one understands") from error


def have_done(directory: Path, request: Request, alone: Callable[[Store], object]) -> Answer | None:
    """Has a request carried out by the running core, or noted in the records where none runs.

    Args:
        directory: The data directory.
        request: What is to be done.
        alone: Notes it in the records, for the next core to carry out.

    Returns:
        The answer of the running core; None where none runs.

    Raises:
        ConfigError: It cannot be done.
        StoreError: The core does not answer, or the records cannot be used.
    """
    answer = send(directory, request)
    if answer is not None:
        if answer.error:
            raise ConfigError(answer.error)
        return answer
    with read_beside(directory):
        pass  # A data directory without records is not made one.
    store = Store(directory)
    try:
        alone(store)
    finally:
        store.close()
    return None
