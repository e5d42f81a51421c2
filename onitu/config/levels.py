"""Reads the folder options, which may stand at a folder, at a service and at a service's folder (CONTRACT B6-B11).

What the three levels amount to together is put together here too: modes are intersected, filters add up, and of the
others the most specific holds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs

from onitu.config import keys
from onitu.config.document import Item
from onitu.config.faults import Faults, Place, nearest
from onitu.config.keys import refuse_others, split_keys
from onitu.config.parts import choice, size, texts
from onitu.core.capability import Mode
from onitu.core.filters import Filter
from onitu.core.media_types import normalise_type
from onitu.core.patterns import Patterns
from onitu.core.patterns import fault as pattern_fault
from onitu.core.scope import Policy

_MODES = {"r": Mode.READ, "w": Mode.WRITE, "rw": Mode.READ_WRITE, "none": Mode.NONE, "": Mode.NONE}


@attrs.frozen(kw_only=True)
class Level:
    """The folder options of one level. None is what was not said.

    Attributes:
        filter: Which files pass.
        mode: What Onitu may do.
        conflict: Who keeps the plain name in a conflict, with the services that are preferred.
        symlinks: Whether symbolic links are kept.
    """

    filter: Filter
    mode: Mode | None = None
    conflict: tuple[Policy, tuple[str, ...]] | None = None
    symlinks: bool | None = None


def read_level(own: Mapping[str, Item], what: str, services: Collection[str], faults: Faults) -> Level:
    """Reads the folder options of one level.

    Args:
        own: The members of the map that are Onitu's.
        what: The level, for messages: "folder 'music'".
        services: Names of all services.
        faults: Takes what is wrong.
    """
    # The other value has its own time; the default may be spelled out.
    adopt = own.get("adopt")
    if adopt is not None and adopt.value is not None and adopt.text != "digest":
        faults.add(adopt.place, f"'adopt' can only be 'digest' in this version of Onitu, not {adopt.shown}")
    return Level(
        filter=_read_filter(own, what, faults),
        mode=_read_mode(own.get("mode"), faults),
        conflict=_read_conflict(own.get("conflict"), services, faults),
        symlinks=_read_symlinks(own.get("symlinks"), faults),
    )


def _read_mode(item: Item | None, faults: Faults) -> Mode | None:
    if item is None or item.value is None:
        return None
    mode = None if isinstance(item.value, (dict, list)) else _MODES.get(item.text)
    if mode is None:
        faults.add(item.place, f"'mode' is r, w, rw or none, not {item.shown}{nearest(item.text, list(_MODES))}")
    return mode


def _read_symlinks(item: Item | None, faults: Faults) -> bool | None:
    found = choice(item, "'symlinks'", ("skip", "keep"), faults)
    return None if found is None else found == "keep"


def _read_filter(own: Mapping[str, Item], what: str, faults: Faults) -> Filter:
    least, most = (size(own.get(key), f"'{key}'", faults) for key in ("min-size", "max-size"))
    if least is not None and most is not None and least > most:
        smallest, largest = own["min-size"], own["max-size"]
        text = f"'max-size' {largest.shown} is less than 'min-size' {smallest.shown}: no file fits between them"
        faults.add(largest.place, text)
        least = most = None
    return Filter(
        level=what,
        types=read_types(own.get("type"), "'type'", faults),
        min_size=least,
        max_size=most,
        blacklist=_read_patterns(own.get("blacklist"), "'blacklist'", faults),
        whitelist=_read_patterns(own.get("whitelist"), "'whitelist'", faults),
    )


def read_types(item: Item | None, what: str, faults: Faults) -> tuple[str, ...]:
    """Reads media types, incomplete ones and globs among them (B8)."""
    types: list[str] = []
    for text, place in texts(item, what, faults):
        try:
            types.append(normalise_type(text))
        except ValueError as error:
            faults.add(place, f"{what}: {error}")
    return tuple(types)


def _read_patterns(item: Item | None, what: str, faults: Faults) -> Patterns:
    """Reads globs (B10). An empty text alone is an empty list."""
    if item is not None and item.value == "":
        return Patterns()
    good: list[str] = []
    for text, place in texts(item, what, faults):
        wrong = pattern_fault(text)
        if wrong is None:
            good.append(text)
        else:
            faults.add(place, f"{what}: the pattern '{text}' is no good: {wrong}")
    return Patterns.of(good)


def _read_conflict(
    item: Item | None, services: Collection[str], faults: Faults
) -> tuple[Policy, tuple[str, ...]] | None:
    """Reads `keep-both`, `newest` or `{prefer: [services]}` (B11)."""
    if item is None or item.value is None:
        return None
    if item.text in (Policy.KEEP_BOTH.value, Policy.NEWEST.value):
        return Policy(item.text), ()
    if not isinstance(item.value, dict):
        hint = nearest(item.text, ("keep-both", "newest"))
        faults.add(item.place, f"'conflict' is keep-both, newest or {{prefer: [services]}}, not {item.shown}{hint}")
        return None
    own, others = split_keys(item.value, keys.CONFLICT, faults)
    refuse_others(others, keys.CONFLICT, faults)
    preferred = texts(own.get("prefer"), "'prefer'", faults)
    if not preferred and not others:
        faults.add(item.place, "'prefer' needs at least one service")
    return Policy.PREFER, known_services(preferred, "'prefer'", services, faults)


def known_services(
    given: list[tuple[str, Place]], what: str, services: Collection[str], faults: Faults
) -> tuple[str, ...]:
    """Returns names of services; one that is none is a fault."""
    for name, place in given:
        if name not in services:
            faults.add(place, f"{what} names '{name}', which is no service{nearest(name, services)}")
    return tuple(name for name, _ in given)
