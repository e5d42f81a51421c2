"""Requests are signed as Amazon's own examples are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from onitu_s3.signing import EMPTY, Credentials, encode_path, encode_query, sign

EXAMPLE = Credentials(
    access_key="AKIAIOSFODNN7EXAMPLE",
    secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",  # noqa: S106  It is the one of the documentation.
)
NOW = datetime(2013, 5, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("what", "path", "query", "headers", "signature"),
    [
        (
            "a part of an object",
            "/test.txt",
            {},
            {"Range": "bytes=0-9"},
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "a bucket's lifecycle",
            "/",
            {"lifecycle": ""},
            {},
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "a listing",
            "/",
            {"max-keys": "2", "prefix": "J"},
            {},
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_the_examples_of_the_documentation(
    what: str, path: str, query: dict[str, str], headers: dict[str, str], signature: str
) -> None:
    """The signatures in the documentation of S3 come out."""
    signed = sign(
        EXAMPLE,
        method="GET",
        host="examplebucket.s3.amazonaws.com",
        path=encode_path(path),
        query=encode_query(query),
        headers=headers,
        body_hash=EMPTY,
        region="us-east-1",
        now=NOW,
    )

    assert signed["Authorization"].endswith(f"Signature={signature}"), what


def test_a_key_for_a_while_sends_its_token() -> None:
    """The session token is sent, and signed."""
    credentials = Credentials(access_key="a", secret_key="b", token="for a while")  # noqa: S106  It opens nothing.
    signed = sign(
        credentials,
        method="GET",
        host="h",
        path="/",
        query="",
        headers={},
        body_hash=EMPTY,
        region="r",
        now=NOW,
    )

    assert signed["x-amz-security-token"] == "for a while"
    assert "x-amz-security-token" in signed["Authorization"]


def test_secrets_are_not_shown() -> None:
    """B12: neither key nor token stand in the text of credentials."""
    assert "EXAMPLEKEY" not in repr(EXAMPLE)
