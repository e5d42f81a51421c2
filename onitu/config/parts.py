"""What every map of a setup is read with: members, texts, sizes, choices.

Each reader takes an item that may be missing, notes what is wrong with it, and gives a usable value back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from onitu.config.document import Item
from onitu.config.faults import Faults, Place, nearest
from onitu.core.sizes import parse_size


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


def choice(item: Item | None, what: str, known: Collection[str], faults: Faults) -> str | None:
    """Returns one of some known texts, or None where there is none."""
    if item is None or item.value is None:
        return None
    if not isinstance(item.value, (dict, list)) and item.text in known:
        return item.text
    one_of = " or ".join(filter(None, (", ".join([*known][:-1]), [*known][-1])))
    faults.add(item.place, f"{what} is {one_of}, not {item.shown}{nearest(item.text, known)}")
    return None


def flag(item: Item | None, what: str, faults: Faults) -> bool | None:
    """Returns true, false, or None where there is none."""
    if item is None or item.value is None:
        return None
    if isinstance(item.value, bool):
        return item.value
    faults.add(item.place, f"{what} must be true or false, not {item.shown}")
    return None


def number(item: Item | None, what: str, form: str, faults: Faults) -> float | None:
    """Returns a number of 0 or more, or None where there is none.

    Args:
        item: What stands there.
        what: Its key, for messages.
        form: What it must be, for messages: "a number of seconds".
        faults: Takes what is wrong.
    """
    if item is None or item.value is None:
        return None
    value = item.value
    # Inf and NaN are numbers to YAML.
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return value
    faults.add(item.place, f"{what} must be {form}, not {item.shown}")
    return None


def size(item: Item | None, what: str, faults: Faults) -> int | None:
    """Returns a number of bytes (B9), or None where there is none."""
    if item is None or item.value is None:
        return None
    if isinstance(item.value, (dict, list)):
        faults.add(item.place, f"{what} must be a size such as 1.5M, not {item.shown}")
        return None
    # YAML has more ways to write a whole number (1_000); everything else is taken as it stands there.
    whole = isinstance(item.value, int) and not isinstance(item.value, bool)
    try:
        return parse_size(str(item.value) if whole else item.text)
    except ValueError as error:
        faults.add(item.place, f"{what}: {error}")
        return None
