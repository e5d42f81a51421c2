"""CONTRACT E15, B11: what became of files, what is kept of them, and having it back, through the API."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.processes import Core
from tests.functional.rest import Api, encoded
from tests.functional.trees import write

NAME = "späße/日本 1.txt"


@pytest.fixture
def edited(new_setup: Setups) -> tuple[Onitu, Core, Api]:
    """Two services with a file that was edited once."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / NAME, "first")
    core = onitu.serve()
    core.wait_until((onitu["b"] / NAME).exists, "it is synced")
    api = Api(core)
    core.wait_until(lambda: api.files()[0]["uptodate"] == ["a", "b"], "it is held")
    write(onitu["a"] / NAME, "second")
    core.wait_until(lambda: (onitu["b"] / NAME).read_text() == "second", "the edit is synced")
    return onitu, core, api


def test_an_older_version_comes_back(edited: tuple[Onitu, Core, Api]) -> None:
    """E15, B11 `keep`: the log names the versions; one that is kept becomes the current one again, everywhere."""
    onitu, core, api = edited
    place = f"/log{encoded(FOLDER)}/{encoded(NAME)[1:]}"

    log = api.get(place).body

    assert (log["folder"], log["path"], log["faults"]) == (FOLDER, NAME, [])
    first, second = log["log"]
    assert (first["version"], first["event"], first["service"], first["restorable"]) == ("1", "created", "a", True)
    assert (second["version"], second["current"], second["restorable"]) == ("2", True, False)
    assert first["kept"][0]["service"] == "b"

    wanted = {"folder": FOLDER, "path": NAME}
    assert api.ask("POST", "/trash/restore", body={**wanted, "version": "1"}).body == {"said": NAME, "status": "ok"}
    for service in ("a", "b"):
        there = onitu[service] / NAME
        core.wait_until(partial(_holds, there, "first"), "it is back")
    for version, code in (("3", 409), ("7", 404)):
        core.wait_until(lambda: len(api.get(place).body["log"]) == 3, "the log has it")
        assert api.ask("POST", "/trash/restore", body={**wanted, "version": version}).code == code


def test_copies_are_listed_and_brought_back_and_removed(edited: tuple[Onitu, Core, Api]) -> None:
    """E15, B11 `keep`: what is kept is listed; a copy comes back beside what is there; the old ones are removed."""
    onitu, core, api = edited

    (copy,) = api.get(f"/trash?folder={FOLDER}&path={quote(NAME)}").body["copies"]
    assert (copy["folder"], copy["path"], copy["service"], copy["keeper"], copy["size"]) == (FOLDER, NAME, "b", "b", 5)
    assert api.get("/trash").body == {"copies": [copy], "faults": []}
    assert api.get("/trash", service="a").body["copies"] == api.get("/trash?path=other").body["copies"] == []
    for query in ({"folder": "none"}, {"service": "none"}):
        assert api.get("/trash", **query).code == 404

    body = {"folder": FOLDER, "path": NAME, "id": copy["id"]}
    said = api.ask("POST", "/trash/restore", body=body).body["said"]
    assert said.startswith("späße/日本 1 (restored ")
    core.wait_until((onitu["a"] / said).exists, "the copy is synced")
    assert (onitu["a"] / said).read_text() == "first"

    asked = {"folder": FOLDER, "service": "b"}
    hour = time.time() - 3600
    assert api.ask("POST", "/trash/empty", body={**asked, "before": hour}).body["said"].startswith("0 files")
    assert api.ask("POST", "/trash/empty", body=asked).body["said"].startswith("1 files (5 bytes)")
    assert api.get("/trash").body["copies"] == []
    assert api.ask("POST", "/trash/restore", body=body).code == 404


def test_a_service_that_is_not_there_is_named(edited: tuple[Onitu, Core, Api]) -> None:
    """E15: where a trash cannot be asked the answer says so, and what the others keep is listed all the same."""
    _, _, api = edited
    assert api.put("/services/b/stop").code == 200

    found = api.get("/trash").body

    assert found["copies"] == []
    assert [(one["service"], one["reason"]) for one in found["faults"]] == [("b", "it is not active now")]
    assert api.ask("POST", "/trash/empty", body={"folder": FOLDER, "service": "b"}).code == 409


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/trash/restore", {"folder": FOLDER, "path": "x"}, 400),
        ("/trash/restore", {"folder": FOLDER, "path": "x", "version": "1", "id": "1"}, 400),
        ("/trash/restore", {"folder": FOLDER, "path": "x", "version": "1"}, 404),
        ("/trash/restore", {"folder": FOLDER, "path": "../x", "id": "../../store"}, 404),
        ("/trash/restore", {"folder": "none", "path": "x", "id": "1"}, 404),
        ("/trash/restore", {"folder": FOLDER, "path": "x", "what": "1"}, 400),
        ("/trash/empty", {"folder": FOLDER, "service": "none"}, 404),
        ("/trash/empty", {"folder": FOLDER, "service": "a", "before": 1e300}, 400),
        ("/trash/empty", {"folder": FOLDER}, 400),
        ("/repair", {"folder": "none", "service": "a", "path": "x", "revision": "1"}, 404),
        ("/repair", {"folder": FOLDER, "service": "a", "path": "x", "revision": "1"}, 409),
        ("/repair", [], 400),
    ],
)
def test_what_makes_no_sense_is_refused(quiet: Api, path: str, body: object, code: int) -> None:
    """E13, E15: it is said why, and nothing is done."""
    answer = quiet.ask("POST", path, body=body)

    assert (answer.code, answer.body["status"]) == (code, "error"), answer
    assert answer.body["reason"]


@pytest.fixture(scope="module")
def quiet(new_shared_setup: Setups) -> Api:
    """The API of a core without files."""
    onitu = new_shared_setup("a", "b")
    return Api(onitu.serve())


def _holds(place: Path, text: str) -> bool:
    return place.read_text() == text
