"""Uploads in chunks: where they go, and what becomes of one that the server fails at."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import IO, Any, cast

import pytest
from onitu_webdav import chunked
from onitu_webdav.chunked import AGAIN, CHUNK, MEBIBYTE, MOST_CHUNKS, PAUSES, Chunked, chunk_size, uploads_beside
from onitu_webdav.dav import Dav

from onitu.plug import DriverError, OutcomeUnknown, QuotaExceeded, Unavailable

CONTENT = b"0123456789"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/remote.php/dav/files/ada", "/remote.php/dav/uploads/ada"),
        ("/cloud/remote.php/dav/files/a%20da/below/it", "/cloud/remote.php/dav/uploads/a%20da"),
        ("/remote.php/webdav", None),
        ("/dav", None),
        ("", None),
    ],
)
def test_chunks_go_beside_the_files_of_the_user(path: str, expected: str | None) -> None:
    """B3: whether a server has such a place is told by the address of its files."""
    assert uploads_beside(path) == expected


@pytest.mark.parametrize("size", [1, CHUNK, MOST_CHUNKS * CHUNK, MOST_CHUNKS * CHUNK + 1, 5 * 1024**4])
def test_ten_thousand_chunks_hold_every_file(size: int) -> None:
    """P24: chunks are whole mebibytes, and no larger than they have to be."""
    chunk = chunk_size(size)

    assert chunk * MOST_CHUNKS >= size
    assert chunk % MEBIBYTE == 0
    assert chunk == CHUNK or (chunk - MEBIBYTE) * MOST_CHUNKS < size


class FakeDav:
    """A server that takes chunks in a dictionary.

    Attributes:
        chunks: Name to content.
        made: What was made of them.
        refusals: What methods fail with, one after the other.
        late: After how many looks the file is there that a failed request has made.
    """

    def __init__(self) -> None:
        self.chunks: dict[str, bytes] = {}
        self.made = b""
        self.refusals: dict[str, list[DriverError]] = {}
        self.late = 0
        self.removed = False

    def address(self, path: str) -> str:
        return f"https://host/{path}"

    def ask_at(self, method: str, target: str, **request: Any) -> None:  # noqa: ANN401  As a server is asked.
        if method != "DELETE":
            assert request["headers"]["Destination"] == "https://host/f"
        body = cast("IO[bytes] | None", request.get("body"))
        sent = b"" if body is None else body.read()
        refusals = self.refusals.get(method)
        if refusals:
            raise refusals.pop(0)
        match method:
            case "PUT":
                self.chunks[target.rpartition("/")[2]] = sent
            case "MOVE":
                self._make()
            case "DELETE":
                self.removed = True

    def look(self, _path: str) -> object:
        self.late -= 1
        if self.late == 0:
            self._make()
        return SimpleNamespace(size=len(self.made)) if self.made else None

    def _make(self) -> None:
        self.made = b"".join(content for _, content in sorted(self.chunks.items()))


@pytest.fixture
def dav(monkeypatch: pytest.MonkeyPatch) -> FakeDav:
    """A server that takes chunks of four bytes."""
    monkeypatch.setattr(chunked, "chunk_size", lambda _: 4)
    return FakeDav()


def put(dav: FakeDav) -> list[float]:
    """Uploads a file and returns how long was waited."""
    waited: list[float] = []
    Chunked(cast("Dav", dav), "/uploads/ada", waited.append).put("f", io.BytesIO(CONTENT), len(CONTENT), {})
    return waited


def test_a_chunk_that_the_server_fails_to_take_is_sent_again(dav: FakeDav) -> None:
    """F4: all of it, and the others are not sent again."""
    dav.refusals["PUT"] = [Unavailable("busy")] * len(AGAIN)

    assert put(dav) == list(AGAIN)
    assert dav.made == CONTENT
    assert len(dav.chunks) == 3


@pytest.mark.parametrize("error", [QuotaExceeded("full"), *[Unavailable("away")]])
def test_what_cannot_be_sent_is_removed(dav: FakeDav, error: DriverError) -> None:
    """F3: nothing of it stays at the server, and nothing is made of it."""
    dav.refusals["PUT"] = [error] * (len(AGAIN) + 1)

    with pytest.raises(type(error)):
        put(dav)
    assert dav.removed
    assert dav.made == b""


def test_a_file_that_takes_the_server_long_is_waited_for(dav: FakeDav) -> None:
    """G13: no answer came to the request that makes it, and after some looks it is there."""
    dav.refusals["MOVE"] = [OutcomeUnknown("no answer")]
    dav.late = 3

    assert put(dav) == list(PAUSES[:2])
    assert dav.made == CONTENT


def test_a_file_that_never_comes_is_given_up(dav: FakeDav) -> None:
    """G13: nobody has seen anything of it, so it may be begun again."""
    dav.refusals["MOVE"] = [OutcomeUnknown("no answer")]

    with pytest.raises(Unavailable, match="has not made the file"):
        put(dav)
    assert dav.removed
