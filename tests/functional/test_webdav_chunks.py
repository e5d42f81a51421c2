"""Large files to a server that takes them as Nextcloud does."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator

import pytest
from onitu_webdav.chunked import CHUNK
from onitu_webdav.dav import Dav
from onitu_webdav.files import DavFiles

from onitu.plug import Attributes, Metadata, Unavailable, Upload
from tests.functional.servers.webdav import PASSWORD, USER, Served, nextcloud

TIME = 1_600_000_000


@pytest.fixture(scope="module")
def served() -> Served:
    """The server."""
    return nextcloud()


@pytest.fixture
def place(served: Served) -> str:
    """A directory of its own there."""
    name = uuid.uuid4().hex
    (served.files / name).mkdir()
    return name


@pytest.fixture
def files(served: Served, place: str) -> Iterator[DavFiles]:
    """What the driver does there, once it knows what the server can do."""
    files = DavFiles(Dav(served.url, username=USER, password=PASSWORD))
    files.prepare(place)
    yield files
    files.close()


def wanted(size: int) -> Metadata:
    """Returns what is announced."""
    upload = Upload(path="f", expected=None, size=size, attributes=Attributes(mtime_ns=TIME * 1_000_000_000))
    return Metadata("f", "folder", upload=upload, size=size)


def requests(served: Served) -> list[str]:
    """Returns the requests for chunks: method, name and bytes."""
    lines = [line.split(" ") for line in (served.server.directory / "requests").read_text().splitlines()]
    return [f"{line[0]} {line[-2].rpartition('/')[2]} {line[-1]}" for line in lines if "/uploads/" in line[1]]


def test_a_large_file_goes_in_chunks(served: Served, place: str, files: DavFiles) -> None:
    """F6: it arrives whole under a name with spaces, with its time, and nothing is left of the chunks."""
    content = bytes(range(256)) * (10 * 1024 * 1024 // 256) + b"and more"
    before = len(requests(served))
    files.put(f"{place}/a large file", io.BytesIO(content), wanted(len(content)))

    there = served.files / place / "a large file"
    assert there.read_bytes() == content
    assert int(there.stat().st_mtime) == TIME
    asked = requests(served)[before:]
    assert asked[1:] == [f"PUT 00001 {CHUNK}", "PUT 00002 8", "MOVE .file 0"]
    assert list((served.server.directory / "uploads").iterdir()) == []


def test_a_file_of_which_bytes_are_missing_is_not_made(served: Served, place: str, files: DavFiles) -> None:
    """P23: what was sent of it is removed."""
    content = bytes(CHUNK + 5)
    with pytest.raises(Unavailable, match="did not come"):
        files.put(f"{place}/f", io.BytesIO(content), wanted(len(content) + 1))

    assert list((served.files / place).iterdir()) == []
    assert list((served.server.directory / "uploads").iterdir()) == []


def test_a_small_file_goes_in_one_request(served: Served, place: str, files: DavFiles) -> None:
    """F6: chunks are for what is larger than one."""
    before = len(requests(served))
    files.put(f"{place}/f", io.BytesIO(b"small"), wanted(5))

    assert (served.files / place / "f").read_bytes() == b"small"
    assert requests(served)[before:] == []
