"""The JSON Schema of a manifest, for editors, refuses what the reader refuses (CONTRACT M1-M3)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from onitu.core.manifest import RESERVED, OptionType, load_manifest
from onitu.errors import DriverError

ROOT = Path(__file__).parents[3]
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs/manifest.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

OPTION: dict[str, object] = {"name": "Root", "description": "Where", "type": "string"}


def manifest(*, key: str = "root", option: dict[str, object] | None = None, **changes: object) -> dict[str, object]:
    """Returns a manifest with one option, correct but for the changes; None leaves a field out."""
    one = {field: value for field, value in (OPTION | (option or {})).items() if value is not None}
    tree = {"name": "toy", "description": "A toy", "options": {key: one}} | changes
    return {field: value for field, value in tree.items() if value is not None}


def is_read(tree: dict[str, object]) -> bool:
    """Whether Onitu takes a manifest."""
    try:
        load_manifest(json.dumps(tree).encode(), "toy")
    except DriverError:
        return False
    return True


def test_schema_is_one() -> None:
    """M1: what is published is a JSON Schema."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", sorted(ROOT.glob("drivers/*/*/manifest.json")), ids=lambda path: path.parent.name)
def test_drivers_here_are_valid(path: Path) -> None:
    """M1: the manifests of this repository are what the schema says."""
    VALIDATOR.validate(json.loads(path.read_text("utf-8")))


GOOD = [
    manifest(),
    manifest(velocity=0),
    manifest(options={}),
    manifest(option={"default": "here", "secret": True, "per_folder": True}),
    manifest(option={"type": "integer", "default": 3}),
    manifest(option={"type": "float", "default": 3}),
    manifest(option={"type": "boolean", "default": False}),
    manifest(option={"type": "enumerate", "values": ["a", 1, True]}),
    manifest(key="path"),
]

BAD = [
    manifest(name=None),
    manifest(description=""),
    manifest(options=None),
    manifest(options=[]),
    manifest(colour="red"),
    manifest(velocity=2),
    manifest(velocity="fast"),
    manifest(option={"name": None}),
    manifest(option={"description": 7}),
    manifest(option={"type": "colour"}),
    manifest(option={"colour": "red"}),
    manifest(option={"secret": "yes"}),
    manifest(option={"default": 7}),
    manifest(option={"type": "integer", "default": 1.5}),
    manifest(option={"type": "integer", "default": True}),
    manifest(option={"type": "boolean", "default": 1}),
    manifest(option={"type": "enumerate"}),
    manifest(option={"type": "enumerate", "values": []}),
    manifest(option={"values": ["a"]}),
    manifest(key="path", option={"per_folder": True}),
    manifest(key=""),
    *(manifest(key=key) for key in sorted(RESERVED)),
    manifest(key="chunk-size"),
]


@pytest.mark.parametrize("tree", GOOD, ids=json.dumps)
def test_what_is_read_is_valid(tree: dict[str, object]) -> None:
    """M1-M3: the schema refuses nothing that Onitu takes."""
    assert is_read(tree)
    VALIDATOR.validate(tree)


@pytest.mark.parametrize("tree", BAD, ids=json.dumps)
def test_what_is_refused_is_not_valid(tree: dict[str, object]) -> None:
    """M1-M3: what Onitu refuses is underlined in an editor."""
    assert not is_read(tree)
    assert not VALIDATOR.is_valid(tree)


def test_types_are_all_there() -> None:
    """M2: the schema knows every type."""
    assert SCHEMA["$defs"]["option"]["properties"]["type"]["enum"] == [one.value for one in OptionType]
