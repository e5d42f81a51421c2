"""Refusals of a store, in the words of the contract."""

from __future__ import annotations

import pytest
import urllib3
from onitu_s3.failures import failure_of

from onitu.plug import Corrupted, DriverError, OutcomeUnknown, ServiceError, Unavailable


@pytest.mark.parametrize(
    ("code", "mutates", "kind"),
    [
        ("RequestTimeout", True, OutcomeUnknown),
        ("RequestTimeout", False, Unavailable),
        ("IncompleteBody", True, Corrupted),
        ("IncompleteBody", False, Corrupted),
        ("MalformedXML", True, ServiceError),
    ],
)
def test_what_goes_wrong_on_the_way_is_tried_again(code: str, mutates: bool, kind: type[DriverError]) -> None:
    """Its status says that the request was wrong, and the next one may be right."""
    body = f"<Error><Code>{code}</Code><Message>Sorry</Message></Error>".encode()
    answer = urllib3.HTTPResponse(body, status=400, preload_content=True)

    assert type(failure_of(answer, "f", mutates=mutates)) is kind
