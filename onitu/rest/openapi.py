"""The OpenAPI document, made of the routes as they are: their addresses, descriptions and the types of their bodies."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from onitu import __version__
from onitu.rest.bodies import Error
from onitu.rest.describe import MARK, Description

if TYPE_CHECKING:
    from quart import Quart
    from werkzeug.routing import Rule

_REFERENCE = "#/components/schemas/{name}"

_WORDS = {
    200: "It is so.",
    400: "What was asked makes no sense.",
    403: "You may not have this done.",
    404: "There is no such thing.",
    409: "It does not go with the state of things.",
    416: "There is no such part.",
    503: "It cannot be so now.",
}


def document(app: Quart) -> dict[str, Any]:
    """Returns the document.

    Args:
        app: The application, with all its routes.
    """
    routes = sorted(_described(app), key=lambda route: route[0].rule)
    given = [body for _, _, one in routes for body in (one.answers, one.takes)]
    bodies = {Error, *(body for body in given if body not in (None, dict))}
    _, components = msgspec.json.schema_components(
        sorted(bodies, key=lambda body: body.__name__), ref_template=_REFERENCE
    )
    paths: dict[str, dict[str, Any]] = {}
    for rule, handler, description in routes:
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            paths.setdefault(_path(rule), {})[method.lower()] = _operation(rule, method, handler, description)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Onitu",
            "version": "1.0",
            "summary": "What a running Onitu knows, and what it can be asked to do.",
            "description": f"Served by Onitu {__version__}. Times are in seconds since 1970.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _described(app: Quart) -> Iterator[tuple[Rule, Any, Description]]:
    """Yields the routes that say what they are."""
    for rule in app.url_map.iter_rules():
        handler = app.view_functions[rule.endpoint]
        description = getattr(handler, MARK, None)
        if isinstance(description, Description):
            yield rule, handler, description


def _path(rule: Rule) -> str:
    """Returns an address with its parts as OpenAPI writes them."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def _operation(rule: Rule, method: str, handler: Any, description: Description) -> dict[str, Any]:  # noqa: ANN401 - a function
    """Returns what is said of one method of a route."""
    words = inspect.cleandoc(handler.__doc__ or "").partition("\n\n")
    operation: dict[str, Any] = {
        "operationId": f"{method.lower()} {rule.endpoint}",
        "summary": " ".join(words[0].split()),
        "parameters": [*_parameters(rule, description)],
        "responses": {"200": _answer(description)},
    }
    if words[2]:
        operation["description"] = " ".join(words[2].split())
    if description.takes is not None:
        schema = {"type": "object"} if description.takes is dict else _reference(description.takes)
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    for code in description.codes:
        operation["responses"][str(code)] = _error(_WORDS[code])
    operation["responses"]["default"] = _error("It was not done.")
    return operation


def _parameters(rule: Rule, description: Description) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"<(?:\w+:)?(\w+)>", rule.rule):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    for name, schema in description.query.items():
        yield {"name": name, "in": "query", "schema": schema}


def _answer(description: Description) -> dict[str, Any]:
    """Returns what is said of a 200."""
    schema = {"type": "string", "format": "binary"}
    if description.answers is not None:
        schema = _reference(description.answers)
    return {"description": _WORDS[200], "content": {description.media_type: {"schema": schema}}}


def _error(words: str) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": _reference(Error)}}}


def _reference(body: type) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(name=body.__name__)}
