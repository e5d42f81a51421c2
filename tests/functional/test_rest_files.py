"""CONTRACT E1, E2, E13, E14: files, in order, by page, by id, with any name."""

from __future__ import annotations

import json

import pytest

from onitu.utils import get_fid
from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.processes import Core
from tests.functional.rest import PREFIX, Api
from tests.functional.trees import write

#: In the order in which they are listed.
NAMES = (
    "100%.txt",
    "a/b/c.txt",
    "a/b.mp3",
    "a b/c d.txt",
    "a?b#c&d.pdf",
    "späße/über ß.txt",
    "日本語/写真 1.jpg",
)


@pytest.fixture(scope="module")
def served(new_shared_setup: Setups) -> tuple[Onitu, Core]:
    """Two services that hold the same files of all names."""
    onitu = new_shared_setup("a", "b")
    for name in NAMES:
        write(onitu["a"] / name, name)
    core = onitu.serve()
    onitu.converge(core)
    return onitu, core


@pytest.fixture(scope="module")
def api(served: tuple[Onitu, Core]) -> Api:
    """Its API, once every copy is on record as held."""
    api = Api(served[1])
    served[1].wait_until(lambda: all(file["uptodate"] == ["a", "b"] for file in api.files()), "all is held")
    return api


def test_files_have_everything_that_is_promised(api: Api) -> None:
    """E1: a file is listed with its id, name, size, owners, and who holds it; with folder, type, time and version."""
    answer = api.get("/files", limit=1000)

    assert answer.code == 200
    assert answer.body.keys() == {"files"}
    assert [file["filename"] for file in answer.body["files"]] == list(NAMES)
    for file in answer.body["files"]:
        name = file["filename"]
        assert file["fid"] == get_fid(f"{FOLDER}/{name}")
        assert (file["size"], file["folder"], file["version"]) == (len(name.encode()), FOLDER, 1)
        assert (file["owners"], file["uptodate"]) == (["a", "b"], ["a", "b"])
        assert isinstance(file["mtime"], float)
    types = {file["filename"]: file["mimetype"] for file in answer.body["files"]}
    assert types["a/b.mp3"] == "audio/mpeg"


def test_answers_are_json_that_varies(api: Api) -> None:
    """E1, E13: every answer, also an error, is `application/json` with `Vary: Accept`, in UTF-8."""
    for path in ("/files", "/files/none/metadata", "/nowhere", "/files?limit=x"):
        answer = api.get(path)
        assert (answer.headers["content-type"], answer.headers["vary"]) == ("application/json", "Accept"), path
    assert "日本語".encode() in api.get("/files").data


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 20])
def test_pages_follow_each_other(api: Api, limit: int) -> None:
    """E1: pages by offset, and pages behind the last name, are the list cut into pieces."""
    by_offset = [name for offset in range(0, 9, limit) for name in api.names(offset=offset, limit=limit)]
    behind: list[str] = []
    while found := api.names(limit=limit, **({"after": f"{FOLDER}/{behind[-1]}"} if behind else {})):
        behind += found

    assert by_offset == behind == list(NAMES)


def test_pages_have_limits(api: Api) -> None:
    """E1: nothing of nothing, nothing behind the end, and a limit that is too large is cut."""
    assert api.names(limit=0) == []
    assert api.names(offset=7) == []
    assert api.names(offset=999999999999999999, limit=1) == []
    assert api.names(limit=100000) == list(NAMES)
    assert api.names(after="z/z") == []
    assert api.names(after=f"{FOLDER}/a/b") == list(NAMES[1:])


@pytest.mark.parametrize(
    "query", ["offset=-1", "offset=x", "limit=-5", "limit=1.5", "limit=", "offset=%D9%A3", "limit=+1"]
)
def test_bad_numbers_are_refused(api: Api, query: str) -> None:
    """E1, E13: what is no whole number of 0 or more is 400, and said."""
    answer = api.get(f"/files?{query}")

    assert answer.code == 400
    assert answer.body["status"] == "error"
    assert answer.body["reason"].startswith(f"{query.split('=', maxsplit=1)[0]} must be a whole number of 0 or more")


def test_files_are_picked(api: Api) -> None:
    """E15: files of a folder, with a part of a name in any case, and those that a service lacks."""
    assert api.names(folder=FOLDER) == list(NAMES)
    assert api.names(q="ÜBER") == ["späße/über ß.txt"]
    assert api.names(q="写真") == ["日本語/写真 1.jpg"]
    assert api.names(q="no such thing") == []
    assert api.names(service="b") == []
    assert api.get("/files", folder="none").code == 404
    assert api.get("/files", service="none").code == 404


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_found_by_its_id(api: Api, name: str) -> None:
    """E2, E14: the metadata of a file is what the list shows, whatever its name."""
    fid = get_fid(f"{FOLDER}/{name}")
    listed = next(file for file in api.files() if file["fid"] == fid)

    answer = api.get(f"/files/{fid}/metadata")

    assert (answer.code, answer.body) == (200, listed)


@pytest.mark.parametrize("fid", ["none", "0b7e5b6c-3f6e-4d0e-9d2b-5a1f4c1c8a77", get_fid(f"{FOLDER}/a"), "é ü", "%00"])
def test_an_id_of_nothing_is_not_found(api: Api, fid: str) -> None:
    """E2, E13: nothing, and a directory, is 404 with the text of the promise."""
    answer = api.ask("GET", f"/files/{fid.replace('é ü', '%C3%A9%20%C3%BC')}/metadata")

    shown = {"%00": "\0"}.get(fid, fid)
    assert (answer.code, answer.body) == (404, {"reason": f"file {shown} not found", "status": "error"})


@pytest.mark.parametrize("path", ["//api", PREFIX, "/", "/file", "/files/x", "/files/x/y/z"])
def test_unknown_routes_are_not_found(api: Api, path: str) -> None:
    """E13: what is no route is 404, as an error in JSON."""
    answer = api.get(path)

    assert answer.code == 404
    assert answer.body["status"] == "error"


def test_ids_follow_what_changes(new_setup: Setups) -> None:
    """E1, E2: new, renamed and deleted files, also below a renamed directory, are found by the ids they have now."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "d/e/one.txt", "one")
    core = onitu.serve()
    api = Api(core)

    def code(name: str) -> int:
        return api.get(f"/files/{get_fid(f'{FOLDER}/{name}')}/metadata").code

    assert (code("d/e/one.txt"), code("two.txt")) == (200, 404)
    write(onitu["a"] / "two.txt", "two")
    core.wait_until(lambda: code("two.txt") == 200, "the new file is found")
    (onitu["a"] / "d").rename(onitu["a"] / "renamed")
    core.wait_until(lambda: code("renamed/e/one.txt") == 200, "the renamed file is found")
    assert code("d/e/one.txt") == 404
    (onitu["b"] / "two.txt").unlink()
    core.wait_until(lambda: code("two.txt") == 404, "the deleted file is gone")
    assert api.names() == ["renamed/e/one.txt"]


def test_what_a_service_lacks_is_listed(new_setup: Setups) -> None:
    """E1, E15: a file that one service does not hold has it among the owners, and is listed for it."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "one.txt", "one")
    core = onitu.serve()
    api = Api(core)
    core.wait_until(lambda: api.files()[0]["uptodate"] == ["a", "b"], "both hold it")
    assert api.put("/services/b/stop").code == 200

    write(onitu["a"] / "two.txt", "two")
    core.wait_until(lambda: len(api.names()) == 2, "the new file is known")

    (found,) = api.files(service="b")
    assert (found["filename"], found["owners"], found["uptodate"]) == ("two.txt", ["a", "b"], ["a"])
    assert api.files(service="a") == []


def test_a_setup_of_0_1_names_files_without_a_folder(new_setup: Setups) -> None:
    """E1, E2, B15: there, the id of a file is that of its path alone."""
    onitu = new_setup("a", "b")
    entries = {name: {"driver": "local_storage", "options": {"root": str(onitu[name])}} for name in "ab"}
    onitu.file.write_text(json.dumps({"entries": entries, "rules": [{"sync": ["a", "b"]}]}))
    write(onitu["a"] / "toto", "content")
    core = onitu.start(setup=False)
    core.wait_for("settled")
    api = Api(core)

    assert [file["fid"] for file in api.files()] == ["91473751-8e49-5240-b03c-96547fcd86dc"]
    assert api.get("/files/91473751-8e49-5240-b03c-96547fcd86dc/metadata").body["filename"] == "toto"
