"""The words of a setup as plain values that read the same again: through JSON, by the API, or in another file.

YAML takes `007` for seven and `22:00` for 1320. Where Onitu reads what was written, it is a text here; where it reads a
number, true or false (a driver's options, sizes, seconds), it is that. This file knows which is read where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from onitu.config.document import Item, plain, written
from onitu.config.keys import MAPPING, SERVICE

#: Turns an item into plain values.
_Words: TypeAlias = Callable[[Item], object]


def _map_of(known: Mapping[str, _Words], others: _Words = plain) -> _Words:
    """Returns what turns a map; what stands in the place of one is a text.

    Args:
        known: How its members are turned, by their names with "-".
        others: How those are that are not among them.
    """

    def words(item: Item) -> object:
        if not isinstance(item.value, dict):
            return written(item)
        return {name: known.get(name.replace("_", "-"), others)(child) for name, child in item.value.items()}

    return words


def _list_of(one: _Words) -> _Words:
    return lambda item: [one(child) for child in item.value] if isinstance(item.value, list) else plain(item)


def _option(item: Item) -> object:
    """Turns an option of a driver. A map says where a secret stands."""
    return written(item) if isinstance(item.value, dict) else plain(item)


_TEXTS = ("type", "blacklist", "whitelist", "mode", "symlinks", "conflict", "adopt", "atomic")
_LEVEL: Mapping[str, _Words] = dict.fromkeys(_TEXTS, written)
_MAPPING = _map_of({**dict.fromkeys(MAPPING.reserved, plain), **_LEVEL, "path": written}, _option)
_SERVICE: Mapping[str, _Words] = {
    **dict.fromkeys(SERVICE.reserved, plain),
    **_LEVEL,
    "driver": _map_of({"command": written}),
    "options": _map_of({}, _option),
    "schedule": written,
    "folders": _map_of({}, _MAPPING),
}

#: A service of a setup.
service_words = _map_of(_SERVICE, _option)

#: Rules of a setup.
rules_words = _list_of(_map_of({"match": _map_of({"size": plain}, written)}, written))

#: A whole setup.
setup_words = _map_of(
    {
        "name": written,
        "data-dir": written,
        "folders": _map_of({}, _map_of(_LEVEL)),
        "services": _map_of({}, service_words),
        "rules": rules_words,
        "api": _map_of({"token": _option}),
        "notify": written,
    }
)
