"""What in a setup can never have any effect, and was hardly meant so. Asked by `onitu check`.

It looks at the setup alone: whether a pattern matches any of the files that are there is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator

from onitu.config.faults import Fault, nearest
from onitu.config.values import Keys, MappingSetup, Setup
from onitu.core.filters import Filter
from onitu.core.media_types import TYPES, UNKNOWN_TYPE, type_matches
from onitu.core.patterns import DEFAULTS
from onitu.core.sizes import format_size


def doubts(setup: Setup) -> list[Fault]:
    """Returns a warning for everything that can never have any effect.

    Args:
        setup: The setup.
    """
    found: dict[tuple[str, str], Fault] = {}
    for keys, folder, one in _filters(setup):
        for key, text in (*_of_types(one), *_of_whitelist(one, ignored=setup.folders[folder].ignore_defaults)):
            # A filter of a service holds for many folders, and is said once.
            found.setdefault((one.level, text), Fault(setup.place(*keys, key), text))
    for service in setup.services.values():
        for mapping in service.folders.values():
            for text in _of_all_levels(mapping):
                place = setup.place("services", service.name, "folders", mapping.folder)
                what = f"folder '{mapping.folder}' of service '{service.name}'"
                found[service.name, text + what] = Fault(place, f"{what}: {text}")
    return list(found.values())


def _filters(setup: Setup) -> Iterator[tuple[Keys, str, Filter]]:
    """Yields the filters of all levels, with where they stand and a folder they hold for."""
    for name, folder in setup.folders.items():
        yield ("folders", name), name, folder.filter
    for service in setup.services.values():
        for mapping in service.folders.values():
            levels: dict[str, Keys] = {
                f"service '{service.name}'": ("services", service.name),
                f"folder '{mapping.folder}' of service '{service.name}'": (
                    *("services", service.name),
                    *("folders", mapping.folder),
                ),
            }
            yield from ((levels[one.level], mapping.folder, one) for one in mapping.filters if one.level in levels)


def _of_types(one: Filter) -> Iterator[tuple[str, str]]:
    known = (*TYPES, UNKNOWN_TYPE)
    for wanted in one.types:
        if not any(type_matches(kind, (wanted,)) for kind in known):
            hint = nearest(wanted, [*known, *sorted({f"{kind.partition('/')[0]}/*" for kind in known})])
            yield "type", f"'{wanted}' matches no type of Onitu's table, and so no file{hint}"


def _of_whitelist(one: Filter, *, ignored: bool) -> Iterator[tuple[str, str]]:
    for pattern in one.whitelist.patterns:
        # What a pattern stands for is matched by every pattern that matches the pattern itself.
        path, directory = pattern.strip("/"), pattern.endswith("/")
        winner = one.blacklist.match(path, directory=directory)
        if winner is not None:
            yield "whitelist", f"'{pattern}' never comes into effect: the blacklist has '{winner}', and wins"
        elif ignored and (winner := DEFAULTS.match(path, directory=directory)) is not None:
            advice = "'default-ignores: false' at the folder changes that"
            yield "whitelist", f"'{pattern}' never comes into effect: '{winner}' is left out by default; {advice}"


def _of_all_levels(mapping: MappingSetup) -> Iterator[str]:
    """Yields what the levels leave no file to pass, though each one alone does."""
    filters = mapping.filters
    least = max((one for one in filters if one.min_size), key=lambda one: one.min_size or 0, default=None)
    most = min((one for one in filters if one.max_size is not None), key=lambda one: one.max_size or 0, default=None)
    if least and most and least.min_size is not None and most.max_size is not None and least.min_size > most.max_size:
        yield (
            f"no file fits between min-size {format_size(least.min_size)} of {least.level}"
            f" and max-size {format_size(most.max_size)} of {most.level}"
        )
    types = [one for one in filters if one.types]
    if len(types) > 1 and not any(
        all(type_matches(kind, one.types) for one in types) for kind in (*TYPES, UNKNOWN_TYPE)
    ):
        levels = " and ".join(f"type {', '.join(one.types)} of {one.level}" for one in types)
        yield f"no file passes {levels}"
