"""The JSON Schema for editors knows what the reader knows (CONTRACT B1-B18, C1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from onitu.config import keys
from tests.examples import Example, complete, examples

DOCUMENTS = Path(__file__).parent.parent.parent.parent / "docs"
SCHEMA: dict[str, Any] = json.loads((DOCUMENTS / "setup.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

#: The kinds of maps, and where the schema has them.
PLACES = [
    (keys.TOP, ()),
    (keys.FOLDER, ("folder",)),
    (keys.SERVICE, ("service",)),
    (keys.MAPPING, ("place", "oneOf", 1)),
    (keys.DRIVER, ("driver", "oneOf", 1)),
    (keys.TLS, ("tls",)),
    (keys.CONFLICT, ("conflict", "oneOf", 1)),
    (keys.BANDWIDTH, ("bandwidth",)),
    (keys.MAX_DELETE, ("maxDelete",)),
    (keys.KEEP, ("keep",)),
    (keys.ENTRY, ("entry",)),
    (keys.API, ("api",)),
    (keys.VERIFY, ("verify",)),
    (keys.NOTIFICATION, ("notification",)),
    (keys.SECRET, ("secret",)),
    (keys.RULE, ("rule",)),
    (keys.MATCH, ("match",)),
    (keys.SIZE, ("match", "properties", "size")),
]


def _at(*place: str | int) -> dict[str, Any]:
    found: Any = SCHEMA["$defs"] if place else SCHEMA
    for step in place:
        found = found[step]
    assert isinstance(found, dict)
    return found


def test_schema_is_one() -> None:
    """What is published is a JSON Schema."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_all_kinds_are_compared() -> None:
    """Every kind of map that the reader knows is compared with the schema below."""
    assert {id(kind) for kind, _ in PLACES} == {id(kind) for kind in keys.ALL}


@pytest.mark.parametrize(("kind", "place"), PLACES, ids=lambda value: getattr(value, "what", ""))
def test_keys(kind: keys.Keys, place: tuple[str | int, ...]) -> None:
    """B1, B11: the schema has every key of the reader, and the other way round, written with `-` and with `_`."""
    properties = _at(*place)["properties"]

    assert properties.keys() == kind.reserved | {key.replace("-", "_") for key in kind.reserved}
    assert {key.replace("_", "-") for key, value in properties.items() if value.get("not") == {}} == set(kind.refused)


def _described(node: object) -> Iterator[object]:
    """Yields the definitions of keys that say nothing about themselves."""
    if isinstance(node, dict):
        for child in node.get("properties", {}).values():
            if "description" not in child and "$ref" not in child:
                yield child
        for child in node.values():
            yield from _described(child)
    if isinstance(node, list):
        for child in node:
            yield from _described(child)


def test_every_key_is_described() -> None:
    """An editor has something to say about every key."""
    assert list(_described(SCHEMA)) == []


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example.name)
def test_examples_of_the_pages(example: Example) -> None:
    """Every example of the pages about the setup is right for an editor too."""
    VALIDATOR.validate(complete(example))


@pytest.mark.parametrize("path", sorted(DOCUMENTS.glob("examples/*.yaml")), ids=lambda path: path.name)
def test_example_files(path: Path) -> None:
    """Every example file is right for an editor too."""
    VALIDATOR.validate(yaml.safe_load(path.read_text("utf-8")))


def test_starter() -> None:
    """What `onitu init` writes is right for an editor too."""
    VALIDATOR.validate(yaml.safe_load((DOCUMENTS.parent / "onitu/cli/starter.yaml").read_text("utf-8")))
