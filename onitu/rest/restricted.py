"""What only whoever runs Onitu may have a driver do: run a program, read a file or a variable of this machine.

Without a token any user of this machine can ask (CONTRACT E16), and the driver runs as somebody else: as whoever runs
Onitu.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from onitu.rest.kept import fault
from onitu.rest.told import Place, Told, differing, is_secret, option_at

if TYPE_CHECKING:
    from onitu.config.faults import Fault
    from onitu.core.manifest import Manifest

_WHY: Final = (
    "is not taken from a caller who shows no token, since any user of this machine can ask: set api.token and show it, "
    "use `onitu service`, or write it into the setup file"
)


def restricted(
    name: str, block: Mapping[str, object], before: Mapping[str, object], manifest: Manifest | None
) -> list[Fault]:
    """Returns what of a service is not taken from somebody who may be anybody.

    Args:
        name: Of the service.
        block: What is put.
        before: What the setup says of it; nothing for a new one.
        manifest: Of the driver that is put, or None where it is not known.
    """
    new, old = Told.by(block), Told.by(before)
    found = dict(_options(new, old, manifest))
    if new.driver != old.driver and isinstance(new.driver, dict) and new.driver.keys() & {"command", "tls"}:
        found["driver",] = "a driver that is a command, or is dialled with files of this machine,"
    return [fault(name, place, f"{what} {_WHY}") for place, what in found.items()]


def _options(new: Told, old: Told, manifest: Manifest | None) -> Iterator[tuple[Place, str]]:
    """Yields the options that are not taken, as (where it stands, what it is)."""
    same = new.driver == old.driver
    had = old if same else Told(new.driver, {}, {})
    changed = differing(new, had, manifest)
    for spot in changed:
        option, place = option_at(spot, manifest), new.places.get(spot) or old.places[spot]
        if option is not None and option.restricted:
            yield place, f"'{option.key}' may have a program run, or another file of this machine read: it"
        elif manifest is None and isinstance(new.driver, dict):
            yield place, "an option of a driver that has not yet said what its options do"
    # Where a secret stands is no secret, but what stands there goes where the other options say.
    elsewhere = not same or any(not is_secret(spot, manifest) for spot in changed)
    for spot, value in new.options.items():
        if isinstance(value, dict) and (elsewhere or spot in changed):
            yield new.places[spot], "a secret from a file or a variable of whoever runs Onitu"
