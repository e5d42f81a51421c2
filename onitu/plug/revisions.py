"""Revisions of a driver as they travel: any text or number goes out as text, and comes back as what it was.

Onitu compares revisions for equality and keeps them as text. Text stays as it is; a number gets a mark in front that no
service uses. A revision that Onitu itself had to make, for content that it read, carries a mark that is none of these:
the driver never set it, so it sees `UNSET`.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from onitu.errors import DriverError

Revision: TypeAlias = str | float
"""What a driver may use as a revision; whole numbers are among the floats, as everywhere in Python's types."""

UNSET: Final = 0.0
"""The revision of a file for which none was ever set (CONTRACT D5)."""

MARK: Final = "\x01"

_WHOLE: Final = f"{MARK}i"
_FLOAT: Final = f"{MARK}f"
_TEXT: Final = f"{MARK}s"


def revision_to_text(revision: Revision) -> str:
    """Returns a revision as text.

    Raises:
        DriverError: It is neither text nor a number, or an empty text.
    """
    given: object = revision  # Not every author types.
    if isinstance(given, str) and given:
        return _TEXT + given if given.startswith(MARK) else given
    if isinstance(given, float):
        return _FLOAT + repr(given)
    if isinstance(given, int) and not isinstance(given, bool):
        return _WHOLE + str(given)
    message = f"a revision is a text that is not empty, or a number, not {revision!r}"
    raise DriverError(message)


def revision_from_text(text: str) -> Revision:
    """Returns the revision that a text stands for, with the type it had."""
    if not text.startswith(MARK):
        return text or UNSET
    try:
        match text[:2]:
            case "\x01i":
                return int(text[2:])
            case "\x01f":
                return float(text[2:])
            case "\x01s":
                return text[2:]
    except ValueError:
        return UNSET
    return UNSET
