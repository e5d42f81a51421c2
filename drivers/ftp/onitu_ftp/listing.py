"""What servers list: facts, where they know MLSD, else lines as `ls -l` prints them.

It reads text and asks nobody.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE: Final = "file"
_DIRECTORY: Final = "dir"
_SECOND: Final = 1_000_000_000

_LINE: Final = re.compile(
    r"(?P<kind>[-dlbcps])\S{9,10}\s+\d+\s+.+?\s+(?P<size>\d+)\s+"
    r"(?P<time>[A-Z][a-z]{2}\s+\d{1,2}\s+(?:\d{2}:\d{2}|\d{4})|\d{4}-\d{2}-\d{2}\s+\d{2}:\d{2}) (?P<name>.+)"
)


class Found(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An entry as a server lists it.

    Attributes:
        kind: "file", "dir", or anything else.
        size: Bytes.
        modified: The server's words for when: of MLSD and MDTM to the second or better, of LIST to the minute or day.
        unique: What tells it from all others on the server, or "".
    """

    kind: str
    size: int = 0
    modified: str = ""
    unique: str = ""

    @property
    def is_file(self) -> bool:
        """Whether it is a file."""
        return self.kind == _FILE

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return self.kind == _DIRECTORY


def of_facts(facts: Mapping[str, str]) -> Found:
    """Returns what facts say; those about the directory itself and the one above it have kinds of their own."""
    size = facts.get("size", "")
    return Found(
        kind=facts.get("type", "").lower(),
        size=int(size) if size.isdigit() else 0,
        modified=facts.get("modify", ""),
        unique=facts.get("unique", ""),
    )


def of_line(line: str) -> tuple[str, Found] | None:
    """Returns name and entry of a line as `ls -l` prints it; None for one that names nothing."""
    found = _LINE.fullmatch(line.rstrip("\r\n"))
    if found is None:
        return None
    kind = {"-": _FILE, "d": _DIRECTORY}.get(found["kind"], "other")
    name = found["name"].partition(" -> ")[0] if found["kind"] == "l" else found["name"]
    return name, Found(kind=kind, size=int(found["size"]), modified=found["time"])


def time_ns(modified: str) -> int | None:
    """Returns a time of MLSD or MDTM in nanoseconds; None where it is none."""
    seconds, _, fraction = modified.partition(".")
    try:
        moment = datetime.strptime(seconds, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    nanoseconds = int(fraction[:9].ljust(9, "0")) if fraction.isdigit() else 0
    return int(moment.timestamp()) * _SECOND + nanoseconds


def said(nanoseconds: int) -> str:
    """Returns a time as MFMT takes it."""
    return datetime.fromtimestamp(nanoseconds // _SECOND, tz=UTC).strftime("%Y%m%d%H%M%S")
