"""Changes of a bucket: what was sent may have been done, whatever comes after it says."""

from __future__ import annotations

import hashlib
from typing import Any, cast

import attrs
import pytest
from onitu_s3.answers import Listed, Page
from onitu_s3.bucket import Bucket
from onitu_s3.probe import probe

from onitu.plug import (
    DriverError,
    NotFound,
    RevisionMismatch,
)


@attrs.frozen
class Answer:
    """What a store answers."""

    data: bytes = b""
    headers: dict[str, str] = attrs.Factory(dict)


class Store:
    """A store in a dictionary that keeps its conditions.

    Attributes:
        objects: Key to content.
        asked: What was asked for: method and headers.
        ignored: Conditions that it ignores: method and header.
        instead: What it answers after it has done what a method asks for: other bytes, or an error.
    """

    name = "bucket"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.ignored: set[tuple[str, str]] = set()
        self.instead: dict[str, bytes | DriverError] = {}

    def ask(self, method: str, key: str = "", **request: Any) -> Answer:  # noqa: ANN401  As a bucket is asked.
        query, headers = request.get("query") or {}, request.get("headers") or {}
        self.asked.append((method, headers))
        answer = self._answer(method, key, query, headers, request.get("body", b""))
        instead = self.instead.get(method)
        if isinstance(instead, DriverError):
            raise instead
        return answer if instead is None or "uploads" in query else Answer(instead, {"Content-Length": "3"})

    def _answer(self, method: str, key: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Answer:
        source = headers.get("x-amz-copy-source", "").removeprefix("/bucket/")
        match method:
            case "POST" if "uploads" in query:
                return Answer(b"<R><UploadId>u</UploadId></R>")
            case "POST":
                self._check(method, key, headers)
                self.objects[key] = b"whole"
                return Answer(b'<R><ETag>"whole-1"</ETag></R>')
            case "PUT" if "partNumber" in query:
                return Answer(b'<R><ETag>"part"</ETag></R>', {"ETag": "part"})
            case "PUT":
                self._check(method, key, headers)
                self.objects[key] = self.objects[source] if source else body
                return Answer(f'<R><ETag>"{self._etag(key)}"</ETag></R>'.encode(), {"ETag": self._etag(key)})
            case "DELETE":
                self._check(method, key, headers)
                if "uploadId" not in query:
                    self.objects.pop(key, None)
                return Answer()
        if key not in self.objects:
            raise NotFound(key)
        return Answer(self.objects[key], {"ETag": self._etag(key), "Content-Length": str(len(self.objects[key]))})

    def _check(self, method: str, key: str, headers: dict[str, str]) -> None:
        expected = headers.get("If-Match", "").strip('"')
        if expected and (method, "If-Match") not in self.ignored and expected != self._etag(key):
            raise RevisionMismatch(key)
        if "If-None-Match" in headers and (method, "If-None-Match") not in self.ignored and key in self.objects:
            raise RevisionMismatch(key)

    def _etag(self, key: str) -> str:
        return hashlib.md5(self.objects[key], usedforsecurity=False).hexdigest() if key in self.objects else ""

    def list_page(self, prefix: str, **_how: object) -> Page:
        return Page([Listed(key, "e", 1, "now") for key in self.objects if key.startswith(prefix)], [], None)


@pytest.fixture
def store() -> Store:
    """A store with a file."""
    store = Store()
    store.objects["f"] = b"old"
    return store


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("condition", ["If-Match", "If-None-Match"])
def test_a_store_that_ignores_one_condition_is_not_atomic(store: Store, method: str, condition: str) -> None:
    """P9: a condition is kept where it was tried and refused, at the end of an upload in parts as well."""
    assert probe(cast("Bucket", store), ".onitu/").atomic
    store.ignored = {(method, condition)}

    found = probe(cast("Bucket", store), ".onitu/")

    assert found.atomic == ((method, condition) == ("DELETE", "If-None-Match"))
    assert found.complete == (method != "POST")
