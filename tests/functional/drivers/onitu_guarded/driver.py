"""The handlers: the sign-in of OAuth, and one file that is read."""

from __future__ import annotations

import http.client
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from onitu.plug import (
    Absent,
    Folder,
    FolderReport,
    InvalidPath,
    Kind,
    Metadata,
    Plug,
    Present,
    RootState,
    Unauthenticated,
    Unavailable,
)

NAME = "whoami.txt"

plug = Plug()


def ask(
    provider: str, method: str, path: str, *, body: Mapping[str, str] | None = None, token: str = ""
) -> dict[str, str] | None:
    """Asks the provider, and returns what it answers; None where it refuses."""
    connection = http.client.HTTPConnection(urlsplit(provider).netloc, timeout=20)
    try:
        connection.request(method, path, urlencode(body or {}), {"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        found: dict[str, str] = json.loads(answer.read()) if answer.status == http.client.OK else {}
    except OSError as error:
        message = f"{provider}: {error}"
        raise Unavailable(message) from error
    finally:
        connection.close()
    return found or None


def account() -> bytes:
    """Returns whose the service is."""
    token = plug.options["access_token"]
    found = ask(str(plug.options["provider"]), "GET", "/me", token=str(token)) if token else None
    if found is None:
        message = "nobody has signed in: `onitu service authorize`, or the page, does so"
        raise Unauthenticated(message)
    return str(found["account"]).encode()


@plug.handler()
def begin_authorization(options: Mapping[str, Any], redirect_uri: str | None) -> tuple[str, bytes]:
    """Begins a sign-in."""
    state = secrets.token_urlsafe(24)
    asked = {"client_id": "test", "state": state, **({"redirect_uri": redirect_uri} if redirect_uri else {})}
    provider = str(options["provider"])
    return f"{provider}/authorize?{urlencode(asked)}", json.dumps({"state": state, "provider": provider}).encode()


@plug.handler()
def finish_authorization(session: bytes, answer: str) -> tuple[dict[str, str], str]:
    """Ends a sign-in."""
    begun = json.loads(session)
    code = answer.strip()
    if "://" in answer:
        query = parse_qs(urlsplit(answer).query)
        if query.get("state") != [begun["state"]]:
            message = "this address is of another sign-in"
            raise InvalidPath(message)
        code = query.get("code", [""])[0]
    if not code.startswith("code-"):
        message = "this is no code: it begins with 'code-'"
        raise InvalidPath(message)
    found = ask(begun["provider"], "POST", "/token", body={"code": code})
    if found is None:
        message = "the provider refuses the code"
        raise Unauthenticated(message)
    return {"access_token": found["token"]}, found["account"]


@plug.handler()
def open_folder(_folder: Folder) -> FolderReport:
    """Opens the service for who has signed in."""
    return FolderReport(RootState.OK, account().decode())


@plug.handler()
def list_directory(_folder: Folder, path: str) -> list[tuple[str, Present]]:
    """Lists the one file."""
    return [] if path else [(NAME, seen())]


@plug.handler()
def stat_file(metadata: Metadata) -> Present | Absent:
    """Looks at an entry."""
    return seen() if metadata.path.rpartition("/")[2] == NAME else Absent()


@plug.handler()
def get_chunk(_metadata: Metadata, offset: int, size: int) -> bytes:
    """Reads a part of the file."""
    return account()[offset : offset + size]


def seen() -> Present:
    """Returns what there is."""
    content = account()
    return Present(kind=Kind.FILE, revision=content.decode(), size=len(content), mtime_ns=0)


def start() -> None:
    """Serves until Onitu closes."""
    plug.listen()
