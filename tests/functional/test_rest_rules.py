"""CONTRACT E10-E12, C5, C6: rules that are put, kept, and put in force."""

from __future__ import annotations

import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.processes import Core
from tests.functional.rest import Answer, Api
from tests.functional.trees import write

OK = {"status": "ok"}
PICTURES = {"match": {"path": "/docs/bilder ü", "mime": ["image/*"], "size": {"min": "1", "max": "2M"}}, "sync": ["b"]}
TEXTS = {"match": {"extension": ["TXT"]}, "sync": ["b"], "ban": []}


@pytest.fixture
def served(new_setup: Setups) -> tuple[Onitu, Core, Api]:
    """Two services whose rules let nothing through."""
    onitu = new_setup("a", "b")
    onitu.rules = [{"match": {"extension": ["none"]}, "sync": ["b"]}]
    core = onitu.serve()
    return onitu, core, Api(core)


def put(api: Api, *rules: object) -> Answer:
    """Puts rules."""
    return api.put("/rules", {"rules": list(rules)})


def test_rules_of_the_file_are_shown(served: tuple[Onitu, Core, Api]) -> None:
    """E10: before anything was put, the rules are those of the file, as they stand there; and they are in force."""
    onitu, _, api = served

    for path in ("/rules", "/rules?state=active", "/rules?state=stored"):
        assert (api.get(path).code, api.get(path).body) == (200, {"rules": onitu.rules})
    assert api.get("/rules?state=other").code == 400


def test_rules_are_stored_and_then_put_in_force(served: tuple[Onitu, Core, Api]) -> None:
    """E10-E12, C4, C5: what is put is shown, and does nothing; a reload routes existing files, and deletes none."""
    onitu, core, api = served
    before = {"rules": onitu.rules}
    write(onitu["a"] / "one.txt", "one")
    write(onitu["a"] / "two.jpg", "two")
    core.wait_until(lambda: len(api.names()) == 2, "both are known")

    stored = put(api, PICTURES, TEXTS)
    assert (stored.code, stored.body) == (200, OK)
    assert (stored.headers["content-type"], stored.headers["vary"]) == ("application/json", "Accept")
    assert api.get("/rules").body == {"rules": [PICTURES, TEXTS]}
    assert api.get("/rules?state=active").body == before
    assert api.files(q="one")[0]["owners"] == ["a"]

    for _ in range(2):
        answer = api.put("/rules/reload")
        assert (answer.code, answer.body) == (200, OK)
        assert api.get("/rules?state=active").body == {"rules": [PICTURES, TEXTS]}
    core.wait_until((onitu["b"] / "one.txt").exists, "what the rule names")
    assert not (onitu["b"] / "two.jpg").exists()
    assert api.files(q="one")[0]["owners"] == ["a", "b"]

    assert put(api).code == 200
    assert api.put("/rules/reload").code == 200
    assert api.get("/rules?state=active").body == {"rules": []}
    core.wait_until((onitu["b"] / "two.jpg").exists, "without rules everything is routed")


def test_rules_are_written_by_a_person(served: tuple[Onitu, Core, Api]) -> None:
    """B16, E10-E12: rules as YAML: faults have their lines and change nothing, doubts are said."""
    _, _, api = served
    before = api.get("/rules").body

    answer = api.put("/rules/text", {"text": "- sync: b\n- match: {size: {min: x}}\n  sync: [nobody]\n"})
    assert answer.code == 400
    assert [line.partition(": ")[0] for line in answer.body["reason"].splitlines()] == ["rules:2:23", "rules:3:10"]
    wrong: list[object] = [None, [], {"text": 7}, {"text": "", "more": 1}]
    for body in wrong:
        assert api.put("/rules/text", body).code == 400
    assert api.get("/rules").body == before

    text = "# Not kept\n- match: {path: /none, extension: [007]}\n  sync: [b]\n"
    assert api.put("/rules/text", {"text": text, "name": "mine"}).body == {
        "status": "ok",
        "warnings": ["mine:2:17: '/none' matches nothing: there is no folder 'none'"],
    }
    assert api.get("/rules").body == {"rules": [{"match": {"path": "/none", "extension": ["007"]}, "sync": ["b"]}]}
    assert "extension: ['007']" in api.get("/rules/text").body["text"]
    assert "none" not in api.get("/rules/text?state=active").body["text"].partition("extension")[0]
    assert api.get("/rules/text?state=other").code == 400


def test_rules_survive_until_the_file_changes(served: tuple[Onitu, Core, Api]) -> None:
    """C6, E11, E12: stored rules outlive a restart and stay stored, active ones active; the file's change wins."""
    onitu, core, api = served
    write(onitu["a"] / "one.txt", "one")
    assert put(api, TEXTS).code == 200
    assert api.put("/rules/reload").code == 200
    assert put(api, PICTURES).code == 200
    core.wait_until((onitu["b"] / "one.txt").exists, "what the rule names")
    core.stop()

    core = onitu.serve()
    api = Api(core)
    assert api.get("/rules").body == {"rules": [PICTURES]}
    assert api.get("/rules?state=active").body == {"rules": [TEXTS]}
    write(onitu["a"] / "two.txt", "two")
    core.wait_until((onitu["b"] / "two.txt").exists, "the rule is in force")
    core.stop()

    onitu.rules = [{"match": {"path": "/docs/three.txt"}, "sync": ["b"]}]
    core = onitu.serve()
    api = Api(core)
    assert api.get("/rules").body == api.get("/rules?state=active").body == {"rules": onitu.rules}
    write(onitu["a"] / "three.txt", "three")
    core.wait_until((onitu["b"] / "three.txt").exists, "the file's rule is in force")


def test_rules_that_the_setup_has_outgrown_are_refused(served: tuple[Onitu, Core, Api]) -> None:
    """E12: rules that name a service which was taken away since are not put in force; it is said why."""
    _, core, api = served
    before = api.get("/rules?state=active").body
    assert put(api, TEXTS).code == 200
    assert api.put("/rules", {"rules": []}).code == 200
    assert api.put("/rules/reload").code == 200
    assert put(api, TEXTS).code == 200
    assert api.ask("DELETE", "/services/b").code == 200

    answer = api.put("/rules/reload")

    assert answer.code == 409
    assert "'b'" in answer.body["reason"]
    assert api.get("/rules").body == {"rules": [TEXTS]}
    assert api.get("/rules?state=active").body == {"rules": []} != before
    assert core.log.named("api_failed") == []


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", ["not JSON"]),
        (b"{", ["not JSON"]),
        (b"\xff", ["not JSON"]),
        (b"[]", ['{"rules": [...]}']),
        (b"null", ['{"rules": [...]}']),
        (b'{"rules": {}}', ['{"rules": [...]}']),
        (b'{"rules": [], "more": 1}', ['{"rules": [...]}']),
        (b'{"rules": [1]}', ["rules[0]"]),
        (b'{"rules": [null]}', ["rules[0]", "empty"]),
        (
            b'{"rules": [{"sync": ["nobody"]}, {"match": {"size": {"min": "x"}, "pfad": 1}, "sync": ["b"]}]}',
            ["rules[0].sync", "nobody", "rules[1].match.size.min", "pfad"],
        ),
        (b'{"rules": [{"match": {"size": {"min": 5, "max": 3}}, "sync": ["b"]}]}', ["max"]),
        (b'{"rules": [{"match": {"path": "../x"}, "sync": ["b"]}]}', ["path"]),
    ],
)
def test_bad_rules_change_nothing(bad: Api, raw: bytes, words: list[str]) -> None:
    """E11, C1: what is no list of rules is 400, with every fault named, and nothing is changed."""
    answer = bad.ask("PUT", "/rules", raw=raw)

    assert (answer.code, answer.body["status"]) == (400, "error")
    assert [word for word in words if word not in answer.body["reason"]] == []
    assert bad.get("/rules").body == {"rules": [TEXTS]}


@pytest.fixture(scope="module")
def bad(new_shared_setup: Setups) -> Api:
    """The API of a core with good rules."""
    onitu = new_shared_setup("a", "b")
    api = Api(onitu.serve())
    assert put(api, TEXTS).code == 200
    return api


@pytest.mark.parametrize(
    "kind", [None, "application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense"]
)
def test_rules_are_json_whatever_their_type(bad: Api, kind: str | None) -> None:
    """E11: the body is read as JSON with any content type, or none."""
    headers = {"Content-Type": kind} if kind else {}

    answer = bad.ask("PUT", "/rules", body={"rules": [TEXTS]}, headers=headers)

    assert (answer.code, answer.body) == (200, OK)


def test_a_body_that_is_too_long_is_refused(bad: Api) -> None:
    """E13, E16: a body has a limit, and what is longer is 413."""
    answer = bad.ask("PUT", "/rules", raw=b'{"rules": [' + b" " * 2_000_000 + b"]}")

    assert (answer.code, answer.body["status"]) == (413, "error")
    assert bad.get("/rules").code == 200
