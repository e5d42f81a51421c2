"""The names that entries are shown under: in Drive several in one folder may have one name (P29).

The oldest keeps it; the others are shown with the end of their id, and so stay apart: nothing is renamed in Drive. The
same files are shown under the same names at every start, whoever looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .items import Item

_DIGITS: Final = 8
_LONGEST_EXTENSION: Final = 16


def shown_names(items: Iterable[tuple[Item, str]]) -> dict[str, str]:
    """Returns the names that what lies in one folder is shown under, by id.

    Args:
        items: Each with the name that it would have alone.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    later: list[tuple[Item, str]] = []
    for item, name in sorted(items, key=lambda one: (one[0].created, one[0].id)):
        if name in taken:
            later.append((item, name))
        else:
            taken.add(name)
            found[item.id] = name
    for item, name in later:
        told_apart = derived_name(name, item.id[-_DIGITS:])
        if told_apart in taken:
            told_apart = derived_name(name, item.id)
        taken.add(told_apart)
        found[item.id] = told_apart
    return found


def derived_name(name: str, mark: str) -> str:
    """Returns a name with a mark before its extension."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > _LONGEST_EXTENSION:
        return f"{name} ({mark})"
    return f"{stem} ({mark}){dot}{extension}"
