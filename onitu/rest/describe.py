"""What a route takes and answers, said where it is written; `openapi` makes a document of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs

F = TypeVar("F", bound=Callable[..., Any])

#: Where a handler carries its description.
MARK = "__described__"


@attrs.frozen(kw_only=True)
class Description:
    """What there is to know of a route beside its path. Its words are the handler's docstring.

    Attributes:
        answers: The type of the body of a 200; None where it is no JSON.
        media_type: Of a 200.
        takes: The type of the body of a request, or None.
        query: What may stand in the query, with a JSON schema for each.
        codes: Other codes, each with an error as its body.
    """

    answers: Any = None
    media_type: str = "application/json"
    takes: Any = None
    query: Mapping[str, Mapping[str, object]] = attrs.field(factory=dict)
    codes: tuple[int, ...] = ()


def described(**given: Any) -> Callable[[F], F]:  # noqa: ANN401 - what `Description` takes.
    """Describes a handler, as `Description` has it."""
    description = Description(**given)

    def mark(handler: F) -> F:
        setattr(handler, MARK, description)
        return handler

    return mark
