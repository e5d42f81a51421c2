"""Reads the folder options, which may stand at a folder, at a service and at a service's folder (CONTRACT B6-B11).

What the three levels amount to together is put together here too: modes are intersected, filters add up, and of the
others the most specific holds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import attrs

from onitu.config import keys
from onitu.config.document import Item
from onitu.config.faults import Faults, Place, nearest
from onitu.config.keys import refuse_others, split_keys
from onitu.config.parts import choice, members, number, size, texts
from onitu.config.values import Adopt, Treatment
from onitu.core.capability import Mode
from onitu.core.filters import Filter
from onitu.core.media_types import normalise_type
from onitu.core.patterns import Patterns
from onitu.core.patterns import fault as pattern_fault
from onitu.core.retention import DEFAULT_DAYS, Keep
from onitu.core.scope import MaxDelete, Policy

_FOREVER = "forever"
_MODES = {"r": Mode.READ, "w": Mode.WRITE, "rw": Mode.READ_WRITE, "none": Mode.NONE, "": Mode.NONE}


@attrs.frozen(kw_only=True)
class Level:
    """The folder options of one level.

    Attributes:
        filter: Which files pass.
        mode: What Onitu may do, or None where nothing was said.
        said: What was said of how files are treated: fields of `Treatment`.
    """

    filter: Filter
    mode: Mode | None
    said: Mapping[str, Any]


def read_level(own: Mapping[str, Item], what: str, services: Collection[str], faults: Faults) -> Level:
    """Reads the folder options of one level.

    Args:
        own: The members of the map that are Onitu's.
        what: The level, for messages: "folder 'music'".
        services: Names of all services.
        faults: Takes what is wrong.
    """
    policy, preferred = _read_conflict(own.get("conflict"), services, faults)
    treatment = {
        "policy": policy,
        "preferred": preferred,
        "symlinks": _read_symlinks(own.get("symlinks"), faults),
        "adopt": _read_adopt(own.get("adopt"), faults),
        "max_delete": _read_max_delete(own.get("max-delete"), faults),
        "keep": _read_keep(own.get("keep"), faults),
        "atomic": _read_patterns(own["atomic"], "'atomic'", faults) if "atomic" in own else None,
    }
    return Level(
        filter=_read_filter(own, what, faults),
        mode=_read_mode(own.get("mode"), faults),
        said={name: value for name, value in treatment.items() if value is not None},
    )


def most_specific(folder: Treatment, *levels: Level) -> dict[str, Any]:
    """Returns how files are treated where several levels have said something: the last one has its way.

    Args:
        folder: What the folder has.
        levels: What comes on top, the most specific last.
    """
    said: dict[str, Any] = {field.name: getattr(folder, field.name) for field in attrs.fields(Treatment)}
    for level in levels:
        said.update(level.said)
    return said


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


def _read_adopt(item: Item | None, faults: Faults) -> Adopt | None:
    found = choice(item, "'adopt'", [way.value for way in Adopt], faults)
    return None if found is None else Adopt(found)


def _read_max_delete(item: Item | None, faults: Faults) -> MaxDelete | None:
    if item is None or item.value is None:
        return None
    own, others = split_keys(members(item, "'max-delete' ({percent: 50, files: 20})", faults), keys.MAX_DELETE, faults)
    refuse_others(others, keys.MAX_DELETE, faults)
    default = MaxDelete()
    percent = number(own.get("percent"), "'percent'", "a number from 0 to 100", faults)
    if percent is not None and percent > 100:  # noqa: PLR2004 - the whole.
        faults.add(own["percent"].place, f"'percent' must be a number from 0 to 100, not {own['percent'].shown}")
    files = number(own.get("files"), "'files'", "a number of files", faults)
    return MaxDelete(
        percent=default.percent if percent is None else float(percent),
        files=default.files if files is None else int(files),
    )


def _read_keep(item: Item | None, faults: Faults) -> Keep | None:
    if item is None or item.value is None:
        return None
    own, others = split_keys(members(item, "'keep' ({days: 30, size: 10G})", faults), keys.KEEP, faults)
    refuse_others(others, keys.KEEP, faults)
    days: float | None = DEFAULT_DAYS
    given = own.get("days")
    if given is not None and given.value == _FOREVER:
        days = None
    else:
        said = number(given, "'days'", f"a number of days, or {_FOREVER}", faults)
        days = DEFAULT_DAYS if said is None else float(said)
    return Keep(days=days, size=size(own.get("size"), "'size'", faults))


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
) -> tuple[Policy | None, tuple[str, ...] | None]:
    """Reads `keep-both`, `newest` or `{prefer: [services]}` (B11)."""
    if item is None or item.value is None:
        return None, None
    if item.text in (Policy.KEEP_BOTH.value, Policy.NEWEST.value):
        return Policy(item.text), ()
    if not isinstance(item.value, dict):
        hint = nearest(item.text, ("keep-both", "newest"))
        faults.add(item.place, f"'conflict' is keep-both, newest or {{prefer: [services]}}, not {item.shown}{hint}")
        return None, None
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
            hint = nearest(name, services) or f" (there are: {', '.join(services) or 'none'})"
            faults.add(place, f"{what} names '{name}', which is no service{hint}")
    return tuple(name for name, _ in given)
