"""What a path may look like where it enters: relative, "/"-separated, and inside its folder."""

from __future__ import annotations

#: What Onitu keeps for itself at the root of a folder; never synced.
RESERVED = ".onitu"

_NO_NAMES = frozenset({"", ".", ".."})


def fault(path: str) -> str | None:
    """Returns why a path must not enter, for a person, or None.

    Args:
        path: As a driver reports it.
    """
    parts = path.split("/")
    if not _NO_NAMES.isdisjoint(parts):
        if ".." in parts:
            return "it leads out of the folder; the driver must not report it"
        return "it has an empty part or one that is '.'; the driver must not report it"
    if parts[0] == RESERVED:
        return f"{RESERVED!r} at the root of a folder is Onitu's own"
    if "\0" in path:
        return "it has a NUL character in it"
    if not path.isprintable() and any("\ud800" <= character <= "\udfff" for character in path):
        return "it is no valid Unicode"
    return None
