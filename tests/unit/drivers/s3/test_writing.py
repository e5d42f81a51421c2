"""Changes of a bucket: what was sent may have been done, whatever comes after it says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest
from onitu_s3 import copying, writing
from onitu_s3.bucket import Bucket
from onitu_s3.parts import Parts
from onitu_s3.probe import Conditions, probe
from onitu_s3.root import Root

from onitu.plug import (
    Attributes,
    DriverError,
    Metadata,
    NotFound,
    OutcomeUnknown,
    RevisionMismatch,
    Unavailable,
    Upload,
)
from tests.unit.drivers.s3.store import Answer, Keys

ALL = Conditions(create=True, replace=True, delete=True, complete=True, copy=True)


class Store(Keys):
    """A store in a dictionary that keeps its conditions.

    Attributes:
        ignored: Conditions that it ignores: method and header.
        instead: What it answers after it has done what a method asks for: other bytes, or an error.
        then: The same, from the first change on.
        before_end: What somebody else does right before an upload in parts ends.
        whole: The ETag that it shows of what was uploaded in parts; "" is its MD5.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ignored: set[tuple[str, str]] = set()
        self.instead: dict[str, bytes | DriverError] = {}
        self.then: dict[str, bytes | DriverError] = {}
        self.before_end: Callable[[], object] = lambda: None
        self.whole = ""

    def ask(self, method: str, key: str = "", **request: Any) -> Answer:  # noqa: ANN401  As a bucket is asked.
        query, headers = request.get("query") or {}, request.get("headers") or {}
        answer = self._answer(method, key, query, headers, request.get("body", b""))
        instead = self.instead.get(method)
        if method in {"PUT", "POST"}:
            self.instead |= self.then
        if isinstance(instead, DriverError):
            raise instead
        return answer if instead is None or "uploads" in query else Answer(instead, {"Content-Length": "3"})

    def _answer(self, method: str, key: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Answer:
        source = headers.get("x-amz-copy-source", "").removeprefix("/bucket/")
        match method:
            case "POST" if "uploads" in query:
                return Answer(b"<R><UploadId>u</UploadId></R>")
            case "POST":
                self.before_end()
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
        if self.whole and self.objects.get(key) == b"whole":
            return self.whole
        return hashlib.md5(self.objects[key], usedforsecurity=False).hexdigest() if key in self.objects else ""


@pytest.fixture
def store() -> Store:
    """A store with a file."""
    store = Store()
    store.objects["f"] = b"old"
    return store


@pytest.fixture
def root(store: Store) -> Root:
    """A folder's root there."""
    return Root(cast("Bucket", store), "", ALL, marked=False)


OLD = hashlib.md5(b"old", usedforsecurity=False).hexdigest()


def wanted(path: str, expected: str | None = None) -> Metadata:
    """Returns what is to be written."""
    upload = Upload(path=path, expected=expected, size=3, attributes=Attributes(mtime_ns=1))
    return Metadata(path, "folder", expected=expected, upload=upload, size=3)


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("condition", ["If-Match", "If-None-Match"])
def test_a_store_that_ignores_one_condition_is_not_atomic(store: Store, method: str, condition: str) -> None:
    """P9: a condition is kept where it was tried and refused, at the end of an upload in parts as well."""
    assert probe(cast("Bucket", store), ".onitu/").atomic
    store.ignored = {(method, condition)}

    found = probe(cast("Bucket", store), ".onitu/")

    assert found.atomic == ((method, condition) == ("DELETE", "If-None-Match"))
    assert found.complete == (method != "POST")


def test_a_store_that_answers_another_etag_than_it_shows_is_found_out(store: Store) -> None:
    """P4: it is one that should not have ended the upload in parts at all, so it costs others nothing."""
    store.ignored = {("POST", "If-Match")}

    assert not probe(cast("Bucket", store), ".onitu/").tells

    store.whole = "whole-1"
    assert probe(cast("Bucket", store), ".onitu/").tells


GONE = Unavailable("away")


def move(root: Root) -> object:
    """Renames the file."""
    return writing.move(root, "f", OLD, wanted("g"))


def copy(root: Root) -> object:
    """Copies the file."""
    return writing.copy(root, "f", OLD, wanted("g"))


def set_attributes(root: Root) -> object:
    """Changes the time of the file."""
    return writing.set_attributes(root, "f", OLD, Attributes(mtime_ns=1))


def upload(root: Root) -> object:
    """Writes a file beside it."""
    return writing.upload(root, wanted("g"), b"new")


NO_ETAG = b"<R/>"
CHANGES: dict[str, tuple[Callable[[Root], object], dict[str, bytes | DriverError]]] = {
    "the old one is not deleted": (move, {"DELETE": GONE}),
    "the old one has changed": (move, {"DELETE": RevisionMismatch("f")}),
    "a move that is no XML": (move, {"PUT": b"<html>"}),
    "a copy that is no XML": (copy, {"PUT": b"<html>"}),
    "a copy of which nothing is said": (copy, {"PUT": b""}),
    "attributes of which nothing is said": (set_attributes, {"PUT": b""}),
    "a copy without an ETag that is not seen": (copy, {"PUT": NO_ETAG, "HEAD": GONE}),
    "a copy without any ETag": (copy, {"PUT": NO_ETAG, "HEAD": b""}),
    "a file without an ETag that is not seen": (upload, {"PUT": b"", "HEAD": GONE}),
    "a file without an ETag that is not there": (upload, {"PUT": b"", "HEAD": NotFound("g")}),
    "a file without any ETag": (upload, {"PUT": b"", "HEAD": b""}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_comes_after_a_change_does_not_undo_it(store: Store, root: Root, change: str) -> None:
    """P9: what is answered and cannot be read, or fails after the first step, does not say that nothing was done."""
    run, answers = CHANGES[change]
    store.instead = {method: answer for method, answer in answers.items() if method != "HEAD"}
    store.then = answers

    with pytest.raises(OutcomeUnknown):
        run(root)

    assert b"old" in store.objects.values()


@pytest.mark.parametrize("answer", [b"", b"<html>", NO_ETAG])
def test_an_upload_in_parts_of_whose_end_nothing_is_said_may_be_there(store: Store, root: Root, answer: bytes) -> None:
    """P9: a store begins to answer before it is done."""
    parts = Parts.begin(root.bucket, "g", {})
    store.instead["POST"] = answer

    with pytest.raises(OutcomeUnknown):
        parts.complete({})


def test_a_file_whose_etag_is_not_said_is_looked_at(store: Store, root: Root) -> None:
    """Some stores answer a write with no ETag."""
    store.instead["PUT"] = b""

    assert writing.upload(root, wanted("g"), b"new").revision == hashlib.md5(b"new", usedforsecurity=False).hexdigest()


def test_a_large_file_that_changes_while_its_attributes_are_set_stays(
    store: Store, root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P9: a copy in parts onto itself ends only where the file is what was copied."""
    monkeypatch.setattr(copying, "LARGEST", 0)
    root.conditions = msgspec.structs.replace(ALL, copy=False)
    store.before_end = lambda: store.objects.update(f=b"theirs")

    with pytest.raises(RevisionMismatch):
        set_attributes(root)

    assert store.objects == {"f": b"theirs"}


def test_many_files_that_come_into_a_directory_cost_two_listings(store: Store) -> None:
    """F7: whether the directory is there, and what is in it; a directory that has one of the names is not covered."""
    store.objects |= {"d/": b""}
    root = Root(cast("Bucket", store), "", msgspec.structs.replace(ALL, marks=True), marked=False)

    for name in "abc":
        writing.upload(root, wanted(f"d/{name}"), b"new")
    assert store.listed == ["d/", "d/"]

    root.mark("d/e")
    with pytest.raises(RevisionMismatch):
        writing.upload(root, wanted("d/e"), b"new")
