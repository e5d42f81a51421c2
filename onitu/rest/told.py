"""What a service's words tell its driver, and in what two of them differ.

Options may stand beside the driver or under `options`, with "-" or "_": that makes no difference here. What is secret,
and what an option means that is left out, the manifest says; of one that it does not know nothing is taken for granted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

import attrs

from onitu.config.keys import MAPPING, SERVICE
from onitu.rest.desk import HIDDEN

if TYPE_CHECKING:
    from onitu.core.manifest import Manifest, Option

#: Where an option is told: the folder, "" for the service itself; and its key with "_".
Spot: TypeAlias = tuple[str, str]

#: The keys that lead to an option among the words of a service.
Place: TypeAlias = tuple[str, ...]


@attrs.frozen
class Told:
    """What a driver is told.

    Attributes:
        driver: Which it is.
        options: What it is told, by where.
        places: Where each stands among the words of the service.
    """

    driver: object
    options: Mapping[Spot, object]
    places: Mapping[Spot, Place]

    @classmethod
    def by(cls, block: Mapping[str, object]) -> Told:
        """Returns what the words of a service tell. What is no service tells less."""
        options: dict[Spot, object] = {}
        places: dict[Spot, Place] = {}
        for folder, place, value in _options(block):
            spot = folder, place[-1].replace("-", "_")
            # What is told twice will be refused, and is the same as nothing until then.
            options[spot] = value if spot not in options else object()
            places[spot] = place
        return cls(driver=block.get("driver"), options=options, places=places)

    def value(self, spot: Spot, manifest: Manifest | None) -> object:
        """Returns what the driver takes an option for: its default where nothing is told; folders have none."""
        option = option_at(spot, manifest)
        default = option.default if option is not None and not spot[0] else None
        return self.options.get(spot, default)


def option_at(spot: Spot, manifest: Manifest | None) -> Option | None:
    """Returns what a manifest says of an option, or None where it knows none."""
    return manifest.option(spot[1]) if manifest is not None else None


def is_secret(spot: Spot, manifest: Manifest | None) -> bool:
    """Returns whether an option is known to be a secret."""
    option = option_at(spot, manifest)
    return option is not None and option.secret


def differing(new: Told, old: Told, manifest: Manifest | None) -> list[Spot]:
    """Returns the options that are other ones than they were. What is not shown is what it was.

    A folder that comes may bring options; one that goes takes its own along.
    """
    return [
        spot
        for spot in dict.fromkeys((*new.options, *(spot for spot in old.options if not spot[0])))
        if new.options.get(spot) != HIDDEN and new.value(spot, manifest) != old.value(spot, manifest)
    ]


def _options(block: Mapping[str, object]) -> Iterator[tuple[str, Place, object]]:
    """Yields the options of a service as (folder, where it stands, value)."""
    for key, value in _map(block.get("options")).items():
        yield "", ("options", key), value
    yield from (("", (key,), value) for key, value in _others(block, SERVICE.reserved))
    for folder, mapping in _map(block.get("folders")).items():
        yield from (
            (folder, ("folders", folder, key), value) for key, value in _others(_map(mapping), MAPPING.reserved)
        )


def _others(block: Mapping[str, object], reserved: frozenset[str]) -> Iterator[tuple[str, object]]:
    yield from ((key, value) for key, value in block.items() if key.replace("_", "-") not in reserved)


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
