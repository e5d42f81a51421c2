"""Names as rclone says them: where a service may have signs that others cannot, rclone shows others in their place.

A tab is shown as its picture (U+2409), and the picture itself with a quote sign (U+201B) before it. A slash in a name,
which some services allow, stays the wide one that rclone shows.
"""

from __future__ import annotations

import re
from typing import Final

_QUOTE: Final = "\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}"
_PICTURES: Final = {**{code: 0x2400 + code for code in range(0x20)}, 0x7F: 0x2421}
_DOT: Final = "\N{FULLWIDTH FULL STOP}"
_SLASH: Final = "\N{FULLWIDTH SOLIDUS}"

_PLAIN: Final = {picture: chr(code) for code, picture in _PICTURES.items()}
_SHOWN: Final = "".join(map(chr, _PICTURES.values()))
_TO_QUOTE: Final = re.compile(f"{_QUOTE}(?!{_SLASH})|[{_SHOWN}]")
_QUOTED: Final = re.compile(f"{_QUOTE}([{_QUOTE}{_SHOWN}])|([{_SHOWN}])")


def to_rclone(path: str) -> str:
    """Returns a path as rclone is told it."""
    return "/".join(map(_shown, path.split("/")))


def from_rclone(name: str) -> str | None:
    """Returns the name that rclone shows as this one; None for one that could not be asked for."""
    if name in {f"{_QUOTE}{_DOT}", f"{_QUOTE}{_DOT}" * 2}:
        return name.replace(_QUOTE, "")
    plain = _QUOTED.sub(lambda found: found[1] or _PLAIN[ord(found[2])], name)
    return plain if _shown(plain) == name else None


def _shown(name: str) -> str:
    if name in {_DOT, _DOT * 2}:
        return name.replace(_DOT, f"{_QUOTE}{_DOT}")
    return _TO_QUOTE.sub(lambda found: f"{_QUOTE}{found[0]}", name).translate(_PICTURES)
