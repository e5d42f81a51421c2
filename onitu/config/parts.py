"""What every map of a setup is read with: members, texts, and the folder options that may stand at every level."""

from __future__ import annotations

from collections.abc import Mapping

from onitu.config.document import Item
from onitu.config.faults import Faults, Place, nearest
from onitu.core.capability import Mode

_MODES = {"r": Mode.READ, "w": Mode.WRITE, "rw": Mode.READ_WRITE, "none": Mode.NONE, "": Mode.NONE}


def members(item: Item | None, what: str, faults: Faults) -> Mapping[str, Item]:
    """Returns the members of a map. Null is an empty one everywhere (B2)."""
    if item is None or item.value is None:
        return {}
    if isinstance(item.value, dict):
        return item.value
    faults.add(item.place, f"{what} must be a map, not {item.shown}")
    return {}


def texts(item: Item | None, what: str, faults: Faults) -> list[tuple[str, Place]]:
    """Returns a list of texts with their places. A single one is a list of one."""
    if item is None or item.value is None:
        return []
    found: list[tuple[str, Place]] = []
    for member in item.value if isinstance(item.value, list) else [item]:
        if isinstance(member.value, (dict, list)) or member.value is None:
            faults.add(member.place, f"{what} must be a list of texts; {member.shown} is none")
        else:
            found.append((member.text, member.place))
    return found


def read_mode(own: Mapping[str, Item], faults: Faults) -> Mode:
    """Reads the folder options that may stand at every level, and returns the mode."""
    # The other values of these two have their own time; the default may be spelled out.
    for key, only in (("symlinks", "skip"), ("adopt", "digest")):
        item = own.get(key)
        if item is not None and item.value is not None and item.text != only:
            faults.add(item.place, f"'{key}' can only be '{only}' in this version of Onitu, not {item.shown}")
    item = own.get("mode")
    if item is None or item.value is None:
        return Mode.READ_WRITE
    mode = None if isinstance(item.value, (dict, list)) else _MODES.get(item.text)
    if mode is None:
        faults.add(item.place, f"'mode' is r, w, rw or none, not {item.shown}{nearest(item.text, list(_MODES))}")
        return Mode.READ_WRITE
    return mode
