"""CONTRACT B12, E15: a service as it stands in a setup, without its secrets."""

from __future__ import annotations

import msgspec

from onitu.core.manifest import load_manifest
from onitu.rest.blocks import shown_block


def option(**further: object) -> dict[str, object]:
    """Describes an option of a driver."""
    return {"name": "x", "description": "x", "type": "string", "default": None, **further}


OPTIONS = {"root": option(), "pass_word": option(secret=True), "key": option(secret=True, per_folder=True)}
MANIFEST = load_manifest(msgspec.json.encode({"name": "far", "description": "x", "options": OPTIONS}), "far")

BLOCK = {
    "driver": "far",
    "root": "/here",
    "options": {"pass-word": "hush", "key": {"env": "KEY"}},
    "chunk_size": "256Ki",
    "folders": {"a_b": "place", "none": None, "more": {"path": ".", "max_size": 7, "key": "hush"}},
}


def test_options_are_parted_from_the_rest() -> None:
    """B12, E15: Onitu's words have their names, options stand together, and no secret is among them."""
    assert shown_block(BLOCK, MANIFEST) == {
        "driver": "far",
        "options": {"root": "/here", "pass-word": "***", "key": {"env": "KEY"}},
        "chunk-size": "256Ki",
        "folders": {"a_b": {"path": "place"}, "none": {}, "more": {"path": ".", "max-size": 7, "key": "***"}},
    }


def test_what_may_be_secret_is_not_shown() -> None:
    """B12: where nobody knows what is a secret, no option is shown."""
    shown = shown_block(BLOCK, None)

    assert shown["options"] == {"root": "***", "pass-word": "***", "key": {"env": "KEY"}}
    assert shown["folders"] == {
        "a_b": {"path": "place"},
        "none": {},
        "more": {"path": ".", "max-size": 7, "key": "***"},
    }


def test_little_is_enough() -> None:
    """E15: a service of which nothing but its driver is said."""
    assert shown_block({"driver": {"address": "nas:1"}}, MANIFEST) == {"driver": {"address": "nas:1"}, "options": {}}
