"""Uploads in parts: whatever fails on the way, what is complete in the end is what was announced."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import IO, Any, cast

import msgspec
import pytest
from onitu_s3 import uploads
from onitu_s3.bucket import Bucket
from onitu_s3.probe import Conditions
from onitu_s3.root import Root

from onitu.plug import Attributes, Corrupted, Metadata, NotFound, RevisionMismatch, Unavailable, Upload
from tests.unit.drivers.s3.store import Answer, Keys

PART = 1_000
ALL = Conditions(create=True, replace=True, delete=True, complete=True, copy=True, marks=True)


class Store(Keys):
    """A store in dictionaries, as far as uploads need one.

    Attributes:
        parts: Upload to its parts.
        failing: How many requests for parts fail.
    """

    def __init__(self) -> None:
        super().__init__()
        self.parts: dict[str, dict[int, bytes]] = {}
        self.failing = 0

    def ask(self, method: str, key: str = "", **request: Any) -> Answer:  # noqa: ANN401, C901  As a bucket is asked.
        query, headers = request.get("query") or {}, request.get("headers") or {}
        body = _read(request.get("body", b""))
        match method:
            case "POST" if "uploads" in query:
                upload = f"upload {len(self.parts)}"
                self.parts[upload] = {}
                return Answer(f"<R><UploadId>{upload}</UploadId></R>".encode())
            case "POST":
                if "If-None-Match" in headers and key in self.objects:
                    raise RevisionMismatch(key)
                self.objects[key] = b"".join(part for _, part in sorted(self.parts.pop(query["uploadId"]).items()))
                return Answer(b'<R><ETag>"whole-2"</ETag></R>')
            case "PUT" if "partNumber" in query:
                if self.failing:
                    self.failing -= 1
                    raise Unavailable("away")
                self.parts[query["uploadId"]][int(query["partNumber"])] = body
                return Answer(headers={"ETag": hashlib.sha256(body).hexdigest()})
            case "PUT":
                self.objects[key] = body
                return Answer(headers={"ETag": "one"})
            case "DELETE" if "uploadId" in query:
                if self.parts.pop(query["uploadId"], None) is None:
                    raise NotFound(key)
                return Answer()
            case "DELETE":
                self.objects.pop(key, None)
                return Answer()
            case "HEAD":
                return Answer(headers={"ETag": '"seen"', "Content-Length": str(len(self.objects[key]))})
            case "GET":
                if key not in self.objects:
                    raise NotFound(key)
                return Answer(self.objects[key])
        raise AssertionError(method)


def _read(body: bytes | IO[bytes]) -> bytes:
    return body if isinstance(body, bytes) else body.read()


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store that takes small parts."""
    monkeypatch.setattr(uploads, "PART", PART)
    monkeypatch.setattr(uploads, "MEBIBYTE", PART)
    return Store()


@pytest.fixture
def root(store: Store) -> Root:
    """A folder's root there."""
    return Root(cast("Bucket", store), "p/", ALL, marked=False)


def wanted(size: int, session: str = "s") -> Metadata:
    """Returns what is announced."""
    upload = Upload(path="f", expected=None, size=size, attributes=Attributes(mtime_ns=1))
    return Metadata("f", "folder", upload=upload, size=size, session=session)


def test_chunks_are_gathered_to_parts(store: Store, root: Root) -> None:
    """Chunks of any size, some of them twice, become parts of one size and a rest, and the whole is what came."""
    content = bytes(range(256)) * 14
    metadata, under_way = wanted(len(content)), uploads.Uploads()
    under_way.start(root, metadata)
    for offset in range(0, len(content), 300):
        for _ in range(2):
            under_way.write(metadata, offset, content[offset : offset + 300])

    state = under_way.end(metadata)

    assert (state.revision, state.size) == ("whole-2", len(content))
    assert store.objects == {"p/f": content}
    assert not store.parts


def test_an_etag_that_nobody_sees_afterwards_is_no_revision(store: Store) -> None:
    """P4: of a store that answers one ETag at the end and shows another, the one that it shows counts."""
    kept = msgspec.structs.replace(ALL, tells=False)
    metadata, under_way = wanted(2 * PART), uploads.Uploads()
    under_way.start(Root(cast("Bucket", store), "p/", kept, marked=False), metadata)
    under_way.write(metadata, 0, bytes(2 * PART))

    assert under_way.end(metadata).revision == "seen"


def test_what_fits_into_a_part_goes_whole(store: Store, root: Root) -> None:
    """No upload in parts is begun for a small file, and nothing is noted."""
    metadata, under_way = wanted(PART), uploads.Uploads()
    under_way.start(root, metadata)
    under_way.write(metadata, 0, bytes(PART))

    assert under_way.end(metadata).revision == "one"
    assert store.objects == {"p/f": bytes(PART)}


def test_parts_that_fail_are_sent_again(store: Store, root: Root) -> None:
    """What the calls were told to be taken arrives: at a later call, or at the end."""
    content = bytes(5 * PART)
    metadata, under_way = wanted(len(content)), uploads.Uploads()
    under_way.start(root, metadata)
    store.failing = 2
    for offset in range(0, len(content), PART):
        # The core as well tries a call again that has failed.
        with suppress(Unavailable):
            under_way.write(metadata, offset, content[offset : offset + PART])
        under_way.write(metadata, offset, content[offset : offset + PART])
    under_way.end(metadata)

    assert store.objects == {"p/f": content}


def test_an_upload_whose_parts_fail_for_good_is_tried_again_at_its_end(store: Store, root: Root) -> None:
    """The failure is told, nothing is complete, and the same call succeeds once the store is back."""
    content = bytes(3 * PART)
    metadata, under_way = wanted(len(content)), uploads.Uploads()
    under_way.start(root, metadata)
    under_way.write(metadata, 0, content)
    store.failing = 1_000
    with pytest.raises(Unavailable):
        under_way.end(metadata)
    assert "p/f" not in store.objects
    store.failing = 0

    under_way.end(metadata)

    assert store.objects == {"p/f": content}


def test_an_upload_that_is_not_whole_does_not_end(store: Store, root: Root) -> None:
    """Fewer bytes than announced are no file."""
    metadata, under_way = wanted(3 * PART), uploads.Uploads()
    under_way.start(root, metadata)
    under_way.write(metadata, 0, bytes(2 * PART))

    with pytest.raises(Corrupted):
        under_way.end(metadata)
    assert "p/f" not in store.objects
    under_way.abort(root, "s")


def test_an_upload_that_is_given_up_leaves_nothing(store: Store, root: Root) -> None:
    """Neither parts nor a note of them; a second time there is nothing to do."""
    metadata, under_way = wanted(5 * PART), uploads.Uploads()
    under_way.start(root, metadata)
    under_way.write(metadata, 0, bytes(3 * PART))

    under_way.abort(root, "s")
    under_way.abort(root, "s")

    assert (store.objects, store.parts) == ({}, {})
    with pytest.raises(NotFound):
        under_way.end(metadata)


def test_the_next_process_removes_what_a_dead_one_has_left(store: Store, root: Root) -> None:
    """Only what was noted: another program's uploads are its own."""
    metadata, dead = wanted(5 * PART), uploads.Uploads()
    dead.start(root, metadata)
    dead.write(metadata, 0, bytes(2 * PART + 1))
    store.parts["somebody else's"] = {1: b"x"}

    uploads.remove_leftovers(root)

    assert (store.objects, set(store.parts)) == ({}, {"somebody else's"})
    dead.abort(root, "s")


def test_what_appears_meanwhile_is_not_overwritten(store: Store, root: Root) -> None:
    """The condition goes with the end of the upload."""
    content = bytes(3 * PART)
    metadata, under_way = wanted(len(content)), uploads.Uploads()
    under_way.start(root, metadata)
    under_way.write(metadata, 0, content)
    store.objects["p/f"] = b"theirs"

    with pytest.raises(RevisionMismatch):
        under_way.end(metadata)
    under_way.abort(root, "s")
    assert (store.objects, store.parts) == ({"p/f": b"theirs"}, {})
