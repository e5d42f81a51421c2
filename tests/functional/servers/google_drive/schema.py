"""What Google publishes of its API: every request and every answer of the fake is held against it.

The discovery document comes with `google-api-python-client` (revision 20261106 when this was written). It names the
methods with their parameters, and each field of each resource with its type.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import attrs
import googleapiclient

Json = dict[str, Any]

_DOCUMENT = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents" / "drive.v3.json"
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


class Mismatch(Exception):
    """Something that the API does not know."""


@functools.cache
def document() -> Json:
    """Returns the discovery document."""
    return cast("Json", json.loads(_DOCUMENT.read_text()))


@attrs.frozen
class Method:
    """A method of the API.

    Attributes:
        id: Its name, such as `drive.files.list`.
        http: Method of HTTP.
        pattern: What its path looks like, with the names of what stands in it.
        parameters: Those it takes in the query.
        request: Schema of what is sent, or "".
        response: Schema of the answer, or "".
        uploads: Whether content may be sent with it.
    """

    id: str
    http: str
    pattern: re.Pattern[str]
    parameters: frozenset[str]
    request: str
    response: str
    uploads: bool


@functools.cache
def methods() -> list[Method]:
    """Returns all methods; those whose path has a fixed word come before those where anything may stand."""
    tree = document()
    found = [_method(one, frozenset(tree["parameters"])) for one in _walk(tree)]
    return sorted(found, key=lambda method: (method.pattern.pattern.count("("), -len(method.pattern.pattern)))


def _walk(tree: Json) -> Iterable[Json]:
    yield from tree.get("methods", {}).values()
    for inner in tree.get("resources", {}).values():
        yield from _walk(inner)


def _method(tree: Json, common: frozenset[str]) -> Method:
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", tree["path"])
    return Method(
        id=tree["id"],
        http=tree["httpMethod"],
        pattern=re.compile(pattern),
        parameters=common | {name for name, one in tree.get("parameters", {}).items() if one["location"] == "query"},
        request=tree.get("request", {}).get("$ref", ""),
        response=tree.get("response", {}).get("$ref", ""),
        uploads=tree.get("supportsMediaUpload", False),
    )


def find(http: str, path: str) -> tuple[Method, dict[str, str]] | None:
    """Returns the method that a request means, and what stands in its path; None where there is none."""
    for method in methods():
        if method.http == http and (match := method.pattern.fullmatch(path)):
            return method, match.groupdict()
    return None


def check(name: str, value: object, where: str = "") -> None:
    """Makes sure that a value is one of a schema: no field that it does not have, none of another type.

    Raises:
        Mismatch: It is not.
    """
    _check(document()["schemas"][name], value, where or name)


def _check(schema: Json, value: object, where: str) -> None:
    if "$ref" in schema:
        check(schema["$ref"], value, where)
        return
    kind = schema.get("type", "any")
    if kind == "object":
        if not isinstance(value, dict):
            raise Mismatch(f"{where} is no object: {value!r}")
        for key, inner in value.items():
            field = schema.get("properties", {}).get(key) or schema.get("additionalProperties")
            if field is None:
                raise Mismatch(f"{where} has no field {key!r}")
            _check(field, inner, f"{where}.{key}")
    elif kind == "array":
        if not isinstance(value, list):
            raise Mismatch(f"{where} is no list: {value!r}")
        for inner in value:
            _check(schema["items"], inner, where)
    elif kind in _TYPES and (not isinstance(value, _TYPES[kind]) or (kind != "boolean" and isinstance(value, bool))):
        raise Mismatch(f"{where} is a {kind}, not {value!r}")
