"""CONTRACT E14, E15: single files: by path, what they were, what they hold."""

from __future__ import annotations

import hashlib
import http.client

import psutil
import pytest

from onitu.utils import get_fid
from tests.functional.harness import FOLDER, Onitu, Setups, in_mode
from tests.functional.processes import REACTION, UNIT, Core
from tests.functional.rest import PREFIX, Api, encoded
from tests.functional.trees import write

NAMES = ("plain.txt", "a b/c d.html", "späße/日本 100%?#&.jpg")
SIZE = 1000
LARGE = 160 * 1024 * 1024


@pytest.fixture(scope="module")
def served(new_shared_setup: Setups) -> tuple[Onitu, Core, Api]:
    """Two services with some files, one of them large."""
    onitu = new_shared_setup("a", "b")
    for name in NAMES:
        write(onitu["a"] / name, content(name))
    write(onitu["a"] / "empty", b"")
    with (onitu["a"] / "large.bin").open("wb") as file:
        for number in range(LARGE // 4096):
            file.write(number.to_bytes(8, "big") * 512)
    core = onitu.serve()
    onitu.converge(core, units=60)
    return onitu, core, Api(core)


def content(name: str) -> bytes:
    """Makes the content of a file."""
    return (hashlib.sha256(name.encode()).digest() * 40)[:SIZE]


def at(name: str) -> str:
    """Returns the address of a file's content."""
    return f"/files/{get_fid(f'{FOLDER}/{name}')}/content"


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_found_by_its_path(served: tuple[Onitu, Core, Api], name: str) -> None:
    """E14, E15: a folder and a path lead to what the id leads to, whatever the name."""
    api = served[2]

    answer = api.get(f"/files/id{encoded(FOLDER, *name.split('/'))}")

    assert answer.code == 200
    assert answer.body == api.get(f"/files/{get_fid(f'{FOLDER}/{name}')}/metadata").body
    assert answer.body["filename"] == name


@pytest.mark.parametrize(
    "path", [f"{FOLDER}/none", "none/plain.txt", f"{FOLDER}/a%20b", f"{FOLDER}/..", f"{FOLDER}/a//b"]
)
def test_a_path_of_nothing_is_not_found(served: tuple[Onitu, Core, Api], path: str) -> None:
    """E13, E15: nothing, and a directory, is 404."""
    answer = served[2].get(f"/files/id/{path}")

    assert (answer.code, answer.body["reason"]) == (404, f"file {path.replace('%20', ' ')} not found")


@pytest.mark.parametrize("name", NAMES)
def test_content_is_sent(served: tuple[Onitu, Core, Api], name: str) -> None:
    """E15: the bytes, their number and type; no browser runs them as a page of ours."""
    answer = served[2].get(at(name))

    assert (answer.code, answer.data) == (200, content(name))
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"].startswith(("text/plain", "text/html", "image/jpeg"))
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert served[2].get(at("none")).code == 404
    assert served[2].get(at("empty")).data == b""


@pytest.mark.parametrize(
    ("wanted", "first", "behind"),
    [
        ("0-0", 0, 1),
        ("0-99", 0, 100),
        ("10-", 10, SIZE),
        ("-7", SIZE - 7, SIZE),
        ("-5000", 0, SIZE),
        ("990-2000", 990, SIZE),
    ],
)
def test_ranges_are_sent(served: tuple[Onitu, Core, Api], wanted: str, first: int, behind: int) -> None:
    """E15: the range that is asked for, with its place in the whole."""
    answer = served[2].ask("GET", at(NAMES[0]), headers={"Range": f"bytes={wanted}"})

    assert (answer.code, answer.data) == (206, content(NAMES[0])[first:behind])
    assert answer.headers["content-range"] == f"bytes {first}-{behind - 1}/{SIZE}"


def test_other_ranges(served: tuple[Onitu, Core, Api]) -> None:
    """E15: what is beyond the end is 416; several ranges, or none, are answered with the whole."""
    api = served[2]
    for wanted in (f"bytes={SIZE}-", "bytes=5000-6000", "bytes=-0"):
        answer = api.ask("GET", at(NAMES[0]), headers={"Range": wanted})
        assert (answer.code, answer.body["status"]) == (416, "error")
    for wanted in ("bytes=0-1,3-4", "bytes=", "bytes=5-3", "lines=1-2", "bytes=x-y"):
        assert api.ask("GET", at(NAMES[0]), headers={"Range": wanted}).data == content(NAMES[0])


def test_what_is_known_is_not_sent_again(served: tuple[Onitu, Core, Api]) -> None:
    """E15: a version that the client has is 304, a range of another version is the whole; HEAD sends no bytes."""
    api = served[2]
    tag = api.get(at(NAMES[0])).headers["etag"]

    again = api.ask("GET", at(NAMES[0]), headers={"If-None-Match": tag})
    assert (again.code, again.data) == (304, b"")
    assert api.ask("GET", at(NAMES[0]), headers={"Range": "bytes=0-1", "If-Range": tag}).code == 206
    assert api.ask("GET", at(NAMES[0]), headers={"Range": "bytes=0-1", "If-Range": '"old"'}).data == content(NAMES[0])
    head = api.ask("HEAD", at(NAMES[0]))
    assert (head.code, head.data, head.headers["content-length"]) == (200, b"", str(SIZE))


def test_a_large_file_takes_no_memory(served: tuple[Onitu, Core, Api]) -> None:
    """E15: the core holds a few pieces at a time; a client that goes away is forgotten."""
    onitu, core, api = served
    process = psutil.Process(core.process.pid)
    api.get(at(NAMES[0]))
    before = process.memory_info().rss

    for end in (LARGE, 10 * 1024 * 1024, LARGE):
        connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=REACTION * UNIT)
        connection.request("GET", f"{PREFIX}{at('large.bin')}", headers={"Range": "bytes=5-"})
        answer, digest, read, most = connection.getresponse(), hashlib.sha256(), 0, 0
        while read < end and (piece := answer.read(1024 * 1024)):
            digest.update(piece)
            read += len(piece)
            most = max(most, process.memory_info().rss)
        connection.close()
        # A few pieces, several times over on their way through gRPC, and what malloc keeps of them for each thread.
        assert most - before < LARGE / 2
        if end == LARGE:
            with (onitu["a"] / "large.bin").open("rb") as file:
                file.seek(5)
                assert hashlib.file_digest(file, "sha256").digest() == digest.digest()


def test_content_comes_from_who_may_be_read(new_setup: Setups) -> None:
    """B7, E15: a place that is only written to is no source; where nobody else can be read it is 409."""
    onitu = new_setup("a", b=in_mode("w"))
    write(onitu["a"] / "file.txt", "content")
    core = onitu.serve()
    api = Api(core)
    assert api.get(at("file.txt")).data == b"content"

    assert api.put("/services/a/stop").code == 200
    answer = api.get(at("file.txt"))

    assert (answer.code, answer.body["status"]) == (409, "error")


def test_the_history_has_every_version(new_setup: Setups) -> None:
    """E15: every content that a file has had, the newest first, with where it came from."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "file.txt", "one")
    core = onitu.serve()
    api = Api(core)
    onitu.converge(core)
    write(onitu["b"] / "file.txt", "second")
    onitu.converge(core)
    core.wait_until(lambda: api.files()[0]["version"] == 2, "the new version is known")

    answer = api.get(f"/files/{get_fid(f'{FOLDER}/file.txt')}/history")

    assert (answer.code, answer.body["filename"], answer.body["folder"]) == (200, "file.txt", FOLDER)
    versions = answer.body["history"]
    assert [(one["version"], one["size"], one["origin"], one["current"]) for one in versions] == [
        (2, 6, "b", True),
        (1, 3, "a", False),
    ]
    assert api.get(f"/files/{get_fid('none')}/history").code == 404
