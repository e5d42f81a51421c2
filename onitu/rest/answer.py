"""From values to responses and back: JSON in UTF-8, and what every answer carries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from quart import Response, request

from onitu.rest.bodies import Error
from onitu.rest.problems import BadRequest, Problem

#: More digits than any offset has.
_NUMBER = re.compile(r"[0-9]{1,18}\Z")

_encode = msgspec.json.Encoder().encode


def answer(body: msgspec.Struct | Mapping[str, Any], code: int = 200) -> Response:
    """Returns a body as a response."""
    return Response(_encode(body), status=code, content_type="application/json", headers={"Vary": "Accept"})


def error(problem: Problem) -> Response:
    """Returns why a request was not done."""
    return answer(Error(reason=problem.reason), problem.code)


def number(arguments: Mapping[str, str], name: str, default: int) -> int:
    """Returns a whole number of 0 or more from the query.

    Raises:
        BadRequest: It is none.
    """
    text = arguments.get(name)
    if text is None:
        return default
    if not _NUMBER.match(text):
        raise BadRequest(f"{name} must be a whole number of 0 or more, not '{text}'")
    return int(text)


async def body() -> Any:  # noqa: ANN401 - JSON
    """Returns the body of the request, read as JSON whatever its `Content-Type`.

    Raises:
        BadRequest: It is none.
    """
    try:
        return msgspec.json.decode(await request.get_data())
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise BadRequest(f"the body is not JSON: {fault}") from fault
