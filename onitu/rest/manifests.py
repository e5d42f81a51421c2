"""What is shown of a driver: what its manifest says, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onitu.core.manifest import Manifest
from onitu.rest.bodies import Driver, DriverOption

if TYPE_CHECKING:
    from onitu.errors import DriverError


def driver_of(name: str, known: Manifest | DriverError) -> Driver:
    """Returns what is shown of a driver."""
    if not isinstance(known, Manifest):
        return Driver(name=name, fault=str(known))
    return Driver(
        name=name,
        description=known.description,
        authorization=known.authorization,
        velocity=known.velocity,
        options={
            option.key: DriverOption(
                name=option.name,
                description=option.description,
                type=option.type.value,
                mandatory=option.mandatory,
                default=option.default,
                values=list(option.values),
                secret=option.secret,
                per_folder=option.per_folder,
                restricted=option.restricted,
            )
            for option in known.options
        },
    )
