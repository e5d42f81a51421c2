"""Names in a flat trash, for services where making directories costs requests: when, and what path it was.

A name holds the path itself where that is short enough, else only its digest; then the path stands in a small file
beside it. How anything comes there is the driver's affair.
"""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import quote, unquote

from blake3 import blake3

from onitu.errors import InvalidPath
from onitu.plug.marker import AREA

TRASH: Final = f"{AREA}/trash"
"""Where the trash lies below a root."""

STAGING: Final = f"{AREA}/tmp"  # noqa: S108  It lies on the service.
"""Where what is not whole yet lies below a root."""

BESIDE: Final = "%path"
"""What the name of the file ends in that holds a path; no quoted path ends like that, nor begins with two of these."""

_LONGEST: Final = 200
_CUT: Final = "%%"
_DIGITS: Final = 16


def name_for(path: str, *, now: int | None = None) -> tuple[str, str | None]:
    """Returns a new name for what had a path, and the name of the file that holds the path, where it needs one."""
    moment = f"{time.time_ns() if now is None else now:0{_DIGITS}x}-"
    quoted = quote(path, safe=" ")
    if len(moment) + len(quoted) <= _LONGEST:
        return moment + quoted, None
    name = f"{moment}{_CUT}{blake3(path.encode()).hexdigest()[:32]}"
    return name, name + BESIDE


def parse(name: str) -> tuple[int, str | None] | None:
    """Returns when something came into the trash, and its path, or None where that stands beside it.

    Returns:
        None for what is no name of ours.
    """
    moment, between, path = name.partition("-")
    if len(moment) != _DIGITS or not between or not path or name.endswith(BESIDE):
        return None
    try:
        kept_at = int(moment, 16)
    except ValueError:
        return None
    return kept_at, None if path.startswith(_CUT) else unquote(path)


def check(name: str) -> str:
    """Returns the id of something in the trash, if it is one.

    Raises:
        InvalidPath: It is not, and may lead elsewhere.
    """
    if parse(name) is None or "/" in name:
        raise InvalidPath(f"{name!r} is nothing that is kept here")
    return name
