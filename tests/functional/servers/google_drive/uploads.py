"""Content on its way in: with the metadata in one request, or in a session of many.

Source: https://developers.google.com/workspace/drive/api/guides/manage-uploads. Of a request that breaks off
in its middle whole blocks of 256 KiB have arrived; that the real one keeps just these is not said there.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

import attrs

from tests.functional.servers.google_drive.faults import Refused

Json = dict[str, Any]

BLOCK = 256 * 1024

_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@attrs.define
class Session:
    """An upload.

    Attributes:
        id: Its id.
        asked: What stood in the request that began it.
        body: The resource.
        size: How many bytes are to come, or None.
        content: What has come.
        answer: What was answered when all had come.
    """

    id: str
    asked: Mapping[str, str]
    body: Json
    size: int | None
    content: bytearray = attrs.field(factory=bytearray)
    answer: Json | None = None


class Sessions:
    """The uploads that are under way."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    def begin(self, asked: Mapping[str, str], body: Json, size: int | None) -> Session:
        """Begins one."""
        session = Session(secrets.token_urlsafe(48), asked, body, size)
        self._open[session.id] = session
        return session

    def get(self, session: str) -> Session:
        """Returns one.

        Raises:
            Refused: It is not, or no longer, there.
        """
        if session not in self._open:
            raise Refused(404, "notFound", "Upload session not found.")
        return self._open[session]

    def end(self, session: str) -> None:
        """Gives one up."""
        self._open.pop(session, None)

    def forget_all(self) -> None:
        """Gives all of them up, as after a week."""
        self._open.clear()


def take(session: Session, content_range: str, content: bytes, *, is_cut: bool) -> bool:
    """Takes what comes, and returns whether it is all there.

    Raises:
        Refused: It does not fit onto what is there.
    """
    match = _RANGE.fullmatch(content_range) if content_range else None
    if content_range and match is None:
        raise Refused(400, "badRequest", f"Failed to parse Content-Range header: {content_range}")
    total = match.group(3) if match else str(len(content))
    if total != "*":
        session.size = int(total)
    if match is not None and match.group(1) is None:
        return session.size is not None and len(session.content) == session.size
    begin = int(match.group(1)) if match else 0
    if begin > len(session.content):
        raise Refused(400, "badRequest", "Invalid request. The bytes before are missing.")
    if match is not None and not is_cut and int(match.group(2)) - begin + 1 != len(content):
        raise Refused(400, "badRequest", "Content-Range and content are not of one length.")
    is_last = session.size is not None and begin + len(content) == session.size
    if not is_last:
        if len(content) % BLOCK and not is_cut:
            message = f"Invalid request. The number of bytes uploaded is required to be a multiple of {BLOCK}."
            raise Refused(400, "badRequest", message)
        content = content[: len(content) // BLOCK * BLOCK]
    session.content[begin:] = content
    return is_last


def parse_related(kind: str, body: bytes) -> tuple[Json, bytes, str]:
    """Returns the resource, the content and its type of a body of two parts.

    Raises:
        Refused: It is none.
    """
    boundary = re.search(r'boundary="?([^";]+)"?', kind)
    parts = body.split(b"--" + boundary.group(1).encode()) if boundary else []
    if len(parts) != 4 or not parts[3].startswith(b"--"):
        raise Refused(400, "badRequest", "Malformed multipart body.")
    (_, resource), (headers, content) = _parted(parts[1]), _parted(parts[2])
    given = re.search(rb"(?i)content-type:\s*([^\r\n;]+)", headers)
    return json.loads(resource), content, given.group(1).decode() if given else ""


def _parted(part: bytes) -> tuple[bytes, bytes]:
    """Returns the headers and the content of a part."""
    between = re.search(rb"\r?\n\r?\n", part)
    if between is None:
        raise Refused(400, "badRequest", "Malformed multipart body.")
    return part[: between.start()], part[between.end() :].removesuffix(b"\n").removesuffix(b"\r")
