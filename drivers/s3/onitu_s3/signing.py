"""Signature version 4: what makes a request to S3 one of the key's owner.

It computes and asks nobody; the time is given.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

EMPTY: Final = hashlib.sha256(b"").hexdigest()
"""What an empty body hashes to."""

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks.

    Attributes:
        access_key: Id of the key.
        secret_key: The key.
        token: What comes with a key that is good for a while only, or None.
    """

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"Credentials({self.access_key!r})"


def encode_path(path: str) -> str:
    """Returns a path as it stands in a request and in what is signed."""
    return quote(path, safe="/-_.~")


def encode_query(query: Mapping[str, str]) -> str:
    """Returns a query as it stands in a request and in what is signed: sorted."""
    return "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in sorted(query.items()))


def sign(  # noqa: PLR0913  Each of them is part of what is signed.
    credentials: Credentials,
    *,
    method: str,
    host: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body_hash: str,
    region: str,
    now: datetime,
) -> dict[str, str]:
    """Returns the headers of a request, with those that sign it.

    Args:
        credentials: Who asks.
        method: Of HTTP.
        host: As the header `Host` has it.
        path: Encoded.
        query: Encoded and sorted.
        headers: All others that are to be signed.
        body_hash: SHA-256 of the body, in hexadecimal.
        region: The bucket's.
        now: In UTC.
    """
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    all_headers = {**headers, "x-amz-content-sha256": body_hash, "x-amz-date": moment}
    if credentials.token is not None:
        all_headers["x-amz-security-token"] = credentials.token
    signed = {name.lower(): " ".join(value.split()) for name, value in {**all_headers, "host": host}.items()}
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{body_hash}"
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    text = f"{_ALGORITHM}\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    all_headers["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return all_headers
