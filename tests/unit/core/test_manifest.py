"""Manifests and options (CONTRACT M1-M4): every fault is found, and named as promised."""

from __future__ import annotations

import json

import pytest

from onitu.core.manifest import (
    RESERVED,
    OptionType,
    folder_option_faults,
    load_manifest,
    option_faults,
    validate_folder_options,
    validate_options,
)
from onitu.errors import ConfigError, DriverError

ROOT = {"name": "Root", "description": "Where", "type": "string"}
DEPTH = {"name": "Depth", "description": "How deep", "type": "integer", "default": 3}
RATIO = {"name": "Ratio", "description": "How much", "type": "float", "default": 0.5, "per_folder": True}
DRY = {"name": "Dry", "description": "Whether", "type": "boolean", "default": False}
KIND = {"name": "Kind", "description": "Which", "type": "enumerate", "values": ["a", "b", 1], "default": "a"}
NOTE = {"name": "Note", "description": "Words", "type": "string", "default": None}
OPTIONS = {"root": ROOT, "depth": DEPTH, "ratio": RATIO, "dry-run": DRY, "kind": KIND, "note": NOTE}


def spelled(**changes: object) -> bytes:
    """Returns a manifest's bytes, correct but for the changes; None leaves a field out."""
    tree = {"name": "toy", "description": "A toy", "options": OPTIONS} | changes
    return json.dumps({field: value for field, value in tree.items() if value is not None}).encode()


MANIFEST = load_manifest(spelled(), "toy")


def test_manifest_is_read_whole() -> None:
    """All fields of a correct manifest arrive (M1)."""
    manifest = load_manifest(spelled(velocity=0), "toy")
    root, depth, ratio, dry, kind, note = manifest.options
    assert (manifest.name, manifest.description, manifest.velocity) == ("toy", "A toy", 0.0)
    assert root.mandatory
    assert (depth.mandatory, depth.default, depth.type) == (False, 3, OptionType.INTEGER)
    assert ratio.per_folder
    assert (dry.key, dry.default) == ("dry-run", False)
    assert kind.values == ("a", "b", 1)
    assert (note.mandatory, note.default) == (False, None)


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        (b"{", ["not valid JSON"]),
        (b"\xff", ["not valid JSON"]),
        (b"[]", ["must be an object, got a list"]),
        (b'{"a": NaN}', ["NaN is no JSON"]),
        (b'{"name": "a", "name": "b"}', ["'name' stands twice"]),
        (spelled(name=None, description=""), ["field 'name' is missing", "field 'description' must be text"]),
        (spelled(options=None), ["field 'options' is missing"]),
        (spelled(options=[]), ["field 'options' must be an object"]),
        (spelled(velocity=1.5), ["'velocity' must be a number from 0 to 1, got 1.5"]),
        (spelled(velocity=True), ["'velocity' must be a number from 0 to 1, got true"]),
        (spelled(extra=1), ["unknown field 'extra'"]),
        (spelled(options={"x": {}}), ["'name' is missing", "'description' is missing", "'type' is missing"]),
        (spelled(options={"x": 1}), ["option 'x': must be an object, got a number"]),
        (spelled(options={"x": ROOT | {"type": "text"}}), ["option 'x': field 'type' must be one of"]),
        (spelled(options={"x": ROOT | {"values": ["a"]}}), ["belongs to the type 'enumerate' only"]),
        (spelled(options={"x": ROOT | {"type": "enumerate"}}), ["option 'x': field 'values' is missing"]),
        (spelled(options={"x": ROOT | {"type": "enumerate", "values": []}}), ["must be a list, not empty"]),
        (spelled(options={"x": DEPTH | {"default": True}}), ["field 'default' is no valid 'integer'"]),
        (spelled(options={"x": KIND | {"default": "z"}}), ["field 'default' is no valid 'enumerate'"]),
        (spelled(options={"x": ROOT | {"secret": "yes"}}), ["field 'secret' must be true or false"]),
        (spelled(options={"x": ROOT | {"color": 1}}), ["option 'x': unknown field 'color'"]),
        (spelled(options={"a-b": ROOT, "a_b": ROOT}), ["option 'a_b': 'a-b' is the same name"]),
        (spelled(options={"path": ROOT | {"per_folder": True}}), ["option 'path': this name is Onitu's own"]),
    ],
)
def test_faulty_manifest_names_driver_option_and_field(data: bytes, faults: list[str]) -> None:
    """Every fault of a manifest is in the one error, with the driver's name (M1-M3)."""
    with pytest.raises(DriverError) as caught:
        load_manifest(data, "toy")
    assert "manifest of driver 'toy'" in str(caught.value)
    for fault in faults:
        assert fault in str(caught.value)


@pytest.mark.parametrize("key", [*sorted(RESERVED), "chunk-size", "max-delete"])
def test_manifest_may_not_take_names_of_onitu(key: str) -> None:
    """What Onitu reads beside the driver's options cannot be one of them (B11)."""
    with pytest.raises(DriverError, match="Onitu's own"):
        load_manifest(spelled(options={key: ROOT}), "toy")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"root": "/", "colour": 1}, "Unknown option 'colour'"),
        ({"root": 1}, "Option 'root' should be of type 'string', got 'int'."),
        ({"root": None}, "Option 'root' should be of type 'string', got 'NoneType'."),
        ({"root": "/", "depth": True}, "Option 'depth' should be of type 'integer', got 'bool'."),
        ({"root": "/", "depth": 1.0}, "Option 'depth' should be of type 'integer', got 'float'."),
        ({"root": "/", "ratio": "1"}, "Option 'ratio' should be of type 'float', got 'str'."),
        ({"root": "/", "ratio": True}, "Option 'ratio' should be of type 'float', got 'bool'."),
        ({"root": "/", "ratio": float("nan")}, "Option 'ratio' should be of type 'float', got 'float'."),
        ({"root": "/", "dry-run": 0}, "Option 'dry-run' should be of type 'boolean', got 'int'."),
        ({"root": "/", "kind": "c"}, "Option 'kind' should be of type 'enumerate', got 'str'."),
        ({"root": "/", "kind": True}, "Option 'kind' should be of type 'enumerate', got 'bool'."),
        ({}, "Mandatory option 'root' not present in the configuration."),
        ({"root": "/", "dry-run": True, "dry_run": True}, "Option 'dry_run' is given twice, also as 'dry-run'."),
    ],
)
def test_wrong_option_has_the_promised_message(options: dict[str, object], message: str) -> None:
    """The messages of M4, word for word."""
    assert [fault.message for fault in option_faults(MANIFEST, options)] == [message]


def test_all_faults_are_reported_at_once() -> None:
    """One error has a line for each fault, and a hint where that helps."""
    with pytest.raises(ConfigError) as caught:
        validate_options(MANIFEST, {"depth": "x", "kind": "c", "what": 1})
    assert str(caught.value).splitlines() == [
        "Option 'depth' should be of type 'integer', got 'str'.",
        "Option 'kind' should be of type 'enumerate', got 'str'. Possible values: \"a\", \"b\", 1.",
        "Unknown option 'what'",
        "Mandatory option 'root' not present in the configuration.",
    ]


def test_options_come_back_complete() -> None:
    """Defaults are filled in, a whole number is a float, and `-` and `_` are alike (M3, M4, B11)."""
    options = validate_options(MANIFEST, {"root": "/", "ratio": 1, "dry_run": True})
    assert options == {"root": "/", "depth": 3, "ratio": 1.0, "dry-run": True, "kind": "a", "note": None}
    assert isinstance(options["ratio"], float)


def test_null_is_leaving_out_where_the_default_is_null() -> None:
    """An option without a value has its null default; any other would hide a mistake."""
    assert validate_options(MANIFEST, {"root": "/", "note": None})["note"] is None
    with pytest.raises(ConfigError, match="'depth'"):
        validate_options(MANIFEST, {"root": "/", "depth": None})


def test_only_options_of_folders_stand_at_folders() -> None:
    """Nothing is added or missed at a folder, and an option of the service is told from an unknown one (B5)."""
    assert validate_folder_options(MANIFEST, {"ratio": 1}) == {"ratio": 1.0}
    assert validate_folder_options(MANIFEST, {}) == {}
    misplaced, unknown = folder_option_faults(MANIFEST, {"depth": 1, "what": 1})
    assert str(misplaced) == "Unknown option 'depth' (it stands at the service, not at its folder)"
    assert str(unknown) == "Unknown option 'what'"
    with pytest.raises(ConfigError, match="'ratio' should be of type 'float'"):
        validate_folder_options(MANIFEST, {"ratio": "much"})
