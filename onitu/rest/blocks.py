"""A service as it stands in a setup, without its secrets: what a person changes and puts again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from onitu.config.keys import MAPPING, SERVICE
from onitu.rest.routes.services import shown

if TYPE_CHECKING:
    from onitu.core.manifest import Manifest


def shown_block(block: Mapping[str, object], manifest: Manifest | None) -> dict[str, object]:
    """Returns what is shown of a service's words in a setup; the driver's options all stand under `options`.

    Args:
        block: The words.
        manifest: Of the driver; it says what is secret. Where it is not known every option may be.
    """
    nested = block.get("options")
    folders = block.get("folders")
    own, options = _parted(block, SERVICE.reserved, manifest)
    if isinstance(nested, dict):
        options |= {key: _option(manifest, key, value) for key, value in nested.items()}
    if isinstance(folders, dict):
        own["folders"] = {name: _mapping(value, manifest) for name, value in folders.items()}
    return {**own, "options": options}


def _mapping(value: object, manifest: Manifest | None) -> dict[str, object]:
    """Returns what is shown of a folder's words at a service. A text alone is the path (B5)."""
    if isinstance(value, dict):
        own, options = _parted(value, MAPPING.reserved, manifest)
        return own | options
    return {} if value is None else {"path": str(value)}


def _parted(
    block: Mapping[str, object], reserved: frozenset[str], manifest: Manifest | None
) -> tuple[dict[str, object], dict[str, object]]:
    """Returns Onitu's own words, under their names with "-", and the driver's options as they are shown."""
    own: dict[str, object] = {}
    options: dict[str, object] = {}
    for key, value in block.items():
        name = key.replace("_", "-")
        if name in reserved:
            own[name] = value
        else:
            options[key] = _option(manifest, key, value)
    return own, options


def _option(manifest: Manifest | None, key: str, value: object) -> object:
    """Returns an option as it is shown. In a setup that holds, a map is the place where a secret stands."""
    return value if isinstance(value, dict) else shown(manifest, key, value)
