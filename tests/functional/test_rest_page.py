"""CONTRACT E15, E16: the web page as it is served, and the routes that only it needs so far."""

from __future__ import annotations

import re

import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.processes import Core
from tests.functional.rest import Api, encoded

#: A name that needs encoding, and is not Latin.
ODD = "été 名前 100%"


@pytest.fixture(scope="module")
def served(new_shared_setup: Setups) -> tuple[Onitu, Core, Api]:
    """A core with some files."""
    onitu = new_shared_setup("a", "b")
    for path in ("top.txt", f"{ODD}/one.txt", f"{ODD}/sub/two.txt", "z/three.txt"):
        file = onitu["a"] / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path, "utf-8")
    core = onitu.serve()
    return onitu, core, Api(core)


def test_the_page_loads_only_from_here(served: tuple[Onitu, Core, Api]) -> None:
    """E16: the page and all it names come from Onitu, with headers that let it speak with nobody else."""
    api = served[2]
    waiting, seen = ["//"], set[str]()
    while waiting:
        place = waiting.pop()
        answer = api.ask("GET", place)
        assert answer.code == 200, place
        assert answer.headers["content-security-policy"].startswith("default-src 'self';"), place
        assert (answer.headers["x-content-type-options"], answer.headers["referrer-policy"]) == (
            "nosniff",
            "no-referrer",
        )
        text, base = answer.data.decode(), place.rpartition("/")[0]
        assert not re.search(r"""(src|href|from|url\()\s*=?\s*["']?https?:""", text), place
        names = r"""(?:src|href)="([^"#]+)\"""" if place == "//" else r"""from "([^"]+)";"""
        for name in re.findall(names, text):
            path = _joined(base, name)
            if path not in seen:
                seen.add(path)
                waiting.append(path)
    assert {"//app.js", "//vendor/preact.js", "//screens/overview.js", "//styles/tokens.css"} <= seen


def _joined(base: str, name: str) -> str:
    """Returns where a relative name leads."""
    parts = base.lstrip("/").split("/") if base.strip("/") else []
    for part in name.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "//" + "/".join(parts)


def test_the_page_is_not_sent_twice(served: tuple[Onitu, Core, Api]) -> None:
    """E15: a browser that has a part of the page is told so, and never keeps an old one."""
    api = served[2]
    first = api.ask("GET", "//app.js")
    again = api.ask("GET", "//app.js", headers={"If-None-Match": first.headers["etag"]})

    assert (again.code, again.data, first.headers["cache-control"]) == (304, b"", "no-cache")


@pytest.mark.parametrize(
    "place", ["//vendor/README.md", "//app.py", "//../app.py", "//%2e%2e/app.py", "//lib", "//x.js"]
)
def test_nothing_else_is_served(served: tuple[Onitu, Core, Api], place: str) -> None:
    """E13: what is not part of the page is an unknown route."""
    answer = served[2].ask("GET", place)

    assert (answer.code, answer.body["status"]) == (404, "error")


def test_the_page_needs_no_token(new_setup: Setups) -> None:
    """E16: the page asks for the token itself; a foreign host does not get it."""
    onitu = new_setup("a")
    onitu.further = {"api": {"token": "open sesame"}}
    api = Api(onitu.start())

    assert api.ask("GET", "//").code == 200
    assert api.get("/services").code == 401
    assert api.ask("GET", "//", headers={"Host": "evil.example"}).code == 403


def test_a_directory_is_shown(served: tuple[Onitu, Core, Api]) -> None:
    """E14, E15: what lies directly in a directory: directories, then files, as other routes show them."""
    api = served[2]
    top = api.get("/tree/docs").body
    odd = api.get(f"/tree{encoded('docs', ODD)}").body

    assert (top["directories"], [file["filename"] for file in top["files"]]) == (["z", ODD], ["top.txt"])
    assert (odd["directories"], odd["more"]) == (["sub"], False)
    (file,) = odd["files"]
    assert file == api.get(f"/files/{file['fid']}/metadata").body


def test_a_directory_is_shown_in_part(served: tuple[Onitu, Core, Api]) -> None:
    """E15: no more than was asked for, and it is said that there is more."""
    shown = served[2].get("/tree/docs", limit=2).body

    assert (len(shown["directories"]), shown["files"], shown["more"]) == (2, [], True)


@pytest.mark.parametrize(
    "place", ["/tree/nothing", "/tree/docs/nothing", "/tree/docs/top.txt", "/tree/docs/z/three.txt/x"]
)
def test_what_is_no_directory(served: tuple[Onitu, Core, Api], place: str) -> None:
    """E13: there is nothing to show of what is no directory."""
    answer = served[2].get(place)

    assert (answer.code, answer.body["status"]) == (404, "error")
    assert "not found" in answer.body["reason"]


def test_the_log_of_a_service(served: tuple[Onitu, Core, Api]) -> None:
    """E15: the last lines of a service, with what they say, oldest first."""
    shown = served[2].get("/services/b/log").body

    events = [line["event"] for line in shown["lines"]]
    assert (shown["name"], shown["errors"]) == ("b", [])
    assert events[0] == "service_started"
    paths = [line["keys"]["path"] for line in shown["lines"] if line["event"] == "transfer_finished"]
    assert f"{ODD}/one.txt" in paths
    assert served[2].get("/services/x/log").code == 404


def test_the_faults_of_a_service(new_setup: Setups) -> None:
    """E15: what went wrong is kept apart from what went well."""
    onitu = new_setup("a", b={"root": "/proc/nothing/here"})
    core = onitu.start()
    api = Api(core)
    core.wait_until(lambda: api.get("/services/b/log").body["errors"], "the failure is remembered")

    (error, *_) = api.get("/services/b/log").body["errors"]
    assert (error["event"], error["level"]) == ("service_failed", "error")
    assert error["keys"]["reason"]
