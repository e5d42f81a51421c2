"""What the package of a driver has: a Plug called `plug`, a function `start`, a `manifest.json` (CONTRACT D1, M1)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from onitu.core.manifest import load_manifest
from onitu.errors import DriverError
from onitu.plug.plug import Plug

if TYPE_CHECKING:
    from types import ModuleType

    from onitu.core.manifest import Manifest


def plug_of(package: ModuleType, name: str) -> Plug:
    """Returns the Plug of a driver's package.

    Args:
        package: The package.
        name: The driver's name, for the error.

    Raises:
        DriverError: It has none, or no `start`.
    """
    plug: Any = getattr(package, "plug", None)
    if not isinstance(plug, Plug) or not callable(getattr(package, "start", None)):
        message = f"the driver {name!r} must have a function start and a Plug called plug"
        raise DriverError(message)
    return plug


def manifest_of(package: ModuleType, name: str) -> Manifest:
    """Returns the manifest of a driver's package.

    Args:
        package: The package.
        name: The driver's name, for the error.

    Raises:
        DriverError: It has none, or a faulty one.
    """
    path = Path(package.__file__ or name).with_name("manifest.json")
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"manifest of driver '{name}': cannot be read at {path}: {error.strerror}"
        raise DriverError(message) from error
    return load_manifest(data, name)
