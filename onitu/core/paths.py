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


def link_fault(path: str, target: str) -> str | None:
    """Returns why a symbolic link must not enter, for a person, or None.

    What is let in stays inside the folder even where other links lie on its way: it climbs only at its beginning, from
    the directory it lies in, and every name it goes down by is a directory, or a link of which the same holds.

    Args:
        path: Where the link lies in the folder.
        target: Where it points, as it is written there.
    """
    if not target or "\0" in target or any("\ud800" <= character <= "\udfff" for character in target):
        return "it points to what can be no path"
    if target.startswith("/"):
        return "it points to an absolute path, which is another one on every service"
    above = path.split("/")[:-1]
    went_down = False
    for part in target.split("/"):
        if part in {"", "."}:
            continue
        if part != "..":
            above.append(part)
            went_down = True
        elif went_down:
            return "it points up again after it has gone down, which may lead out of the folder"
        elif not above:
            return "it points out of the folder"
        else:
            above.pop()
    if above and above[0] == RESERVED:
        return f"it points into {RESERVED!r}, which is Onitu's own"
    return None
