"""CONTRACT E15, B12: services and folders are added, changed and removed through the API, and by command."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import yaml

from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.processes import Core
from tests.functional.rest import Api, encoded
from tests.functional.trees import write

ODD = "Ünï 日本"


def command(onitu: Onitu, *words: str, expect: int = 0) -> str:
    """Runs a command on a setup, and returns what it printed."""
    run = onitu.run(*words, "-c", str(onitu.file), "--data-dir", str(onitu.data))
    assert run.wait() == expect, run.log.tail()
    return run.output


def block(onitu: Onitu, name: str) -> dict[str, object]:
    """Describes a further local service."""
    onitu[name].mkdir(exist_ok=True)
    return {"driver": "local_storage", "root": str(onitu[name]), "folders": {FOLDER: "."}}


def test_services_are_added_and_removed(new_setup: Setups) -> None:
    """E15: a service that is put fills, outlives a restart, is exported, and leaves its files when it is taken away."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "one.txt", "one")
    core = onitu.serve()
    api, at = Api(core), f"/services{encoded(ODD)}"
    file = onitu.file.read_text()

    assert api.put(at, {**block(onitu, ODD), "name": ODD}).body == {"status": "ok"}
    core.wait_until((onitu[ODD] / "one.txt").exists, "the new service fills")
    assert api.get(at).body == {"name": ODD, "driver": "local_storage", "options": {"root": str(onitu[ODD])}}
    assert api.ask("DELETE", "/services/b").code == 200
    assert api.get("/services/b").code == 404
    core.stop()

    assert onitu.file.read_text() == file
    exported = yaml.safe_load(command(onitu, "config", "export"))
    assert exported["services"].keys() == {"a", ODD}
    core = onitu.serve()
    api = Api(core)
    write(onitu["a"] / "two.txt", "two")
    core.wait_until((onitu[ODD] / "two.txt").exists, "it is a part of the setup")
    assert (onitu["b"] / "one.txt").exists()
    assert not (onitu["b"] / "two.txt").exists()
    assert api.ask("DELETE", at).code == 200
    assert api.ask("DELETE", at).code == 404
    core.stop()

    assert "forgotten" in command(onitu, "config", "reset")
    assert yaml.safe_load(command(onitu, "config", "export"))["services"].keys() == {"a", "b"}


def test_folders_are_added_and_removed(new_setup: Setups) -> None:
    """E15: a folder that is put can be mapped; taken away, it is so from all services, and its files stay."""
    onitu = new_setup("a", "b")
    for name in ("a", "b"):
        onitu.services[name]["folders"] = {FOLDER: "docs"}
    core = onitu.serve()
    api = Api(core)

    assert api.put(f"/folders{encoded(ODD)}", {"blacklist": "*.tmp"}).code == 200
    for name in ("a", "b"):
        both = {FOLDER: "docs", ODD: "more"}
        assert api.put(f"/services/{name}", {**block(onitu, name), "folders": both}).code == 200
    write(onitu["a"] / "more/one.txt", "one")
    write(onitu["a"] / "more/two.tmp", "two")
    core.wait_until((onitu["b"] / "more/one.txt").exists, "the new folder is synced")
    assert not (onitu["b"] / "more/two.tmp").exists()

    assert api.ask("DELETE", f"/folders{encoded(ODD)}").code == 200
    assert [folder["name"] for folder in api.get("/folders").body["folders"]] == [FOLDER]
    write(onitu["a"] / "more/late.txt", "late")
    write(onitu["a"] / "docs/late.txt", "late")
    core.wait_until((onitu["b"] / "docs/late.txt").exists, "the other folder goes on")
    assert not (onitu["b"] / "more/late.txt").exists()
    assert (onitu["b"] / "more/one.txt").exists()


@pytest.mark.parametrize("what", ["service", "folder"])
def test_what_is_put_back_is_met_as_new(new_setup: Setups, what: str) -> None:
    """E15: a service or folder was taken away, and was cleared meanwhile: put back, it deletes nothing anywhere."""
    onitu = new_setup("a", "b")
    names = {"one.txt", "more/two.txt", "three.txt"}
    for name in names:
        write(onitu["a"] / name, name)
    core = onitu.serve()
    api = Api(core)
    onitu.converge(core)
    api.put("/services/b/pause")

    if what == "service":
        assert api.ask("DELETE", "/services/b").code == 200
    else:
        assert api.ask("DELETE", f"/folders/{FOLDER}").code == 200
    for name in names - {"one.txt"}:
        (onitu["b"] / name).unlink()
    if what == "folder":
        assert api.put(f"/folders/{FOLDER}", {}).code == 200
        assert api.put("/services/a", block(onitu, "a")).code == 200
        assert api.put("/resume").code == 200
    assert api.put("/services/b", block(onitu, "b")).code == 200

    core.wait_until(lambda: all((onitu["b"] / name).exists() for name in names), "b has everything again")
    assert {name for name in names if (onitu["a"] / name).read_text() == name} == names
    assert not api.get("/services/b/status").body.get("paused", False)


def test_what_is_changed_is_not_met_as_new(new_setup: Setups) -> None:
    """E15: a service whose options and schedule are changed is known on: what was deleted there stays deleted."""
    onitu = new_setup("a", "b")
    for name in ("one.txt", "two.txt"):
        write(onitu["a"] / name, name)
    core = onitu.serve()
    api = Api(core)
    onitu.converge(core)

    assert api.put("/services/b", {**block(onitu, "b"), "rescan_interval": 7}).code == 200
    assert api.put("/services/b/schedule", {"schedule": []}).code == 200
    (onitu["b"] / "two.txt").unlink()

    core.wait_until(lambda: not (onitu["a"] / "two.txt").exists(), "it is deleted on a")
    assert (onitu["a"] / "one.txt").exists()


def test_a_service_is_shown_as_it_is_put(new_setup: Setups) -> None:
    """B12, E15: what the setup says of a service is shown without its secrets; put again, nothing of it is lost."""
    onitu = new_setup("a")
    far = {
        "driver": "webdav",
        "url": "http://127.0.0.1:1/",
        "password": "hush",
        "folders": {FOLDER: {"max_size": "1M"}},
    }
    onitu.services["far"] = {**far, "min-size": "2"}
    core = onitu.start()
    api = Api(core)

    shown = api.get("/services/far/setup").body
    assert (shown["name"], shown["driver"]["name"]) == ("far", "webdav")
    assert shown["driver"]["options"]["password"]["secret"] is True
    assert shown["setup"] == {
        "driver": "webdav",
        "options": {"url": "http://127.0.0.1:1/", "password": "***"},
        "folders": {FOLDER: {"max-size": "1M"}},
        "min-size": "2",
    }
    assert api.put("/services/far", {**shown["setup"], "velocity": 0.5}).code == 200
    assert api.get("/services/far/setup").body["setup"] == {**shown["setup"], "velocity": 0.5}
    assert api.get("/services/none/setup").code == 404
    core.stop()
    exported = yaml.safe_load(command(onitu, "config", "export"))
    assert "hush" in exported["services"]["far"]["options"].values()


@pytest.mark.parametrize("token", [None, "sesame"])
def test_a_secret_goes_nowhere_else(new_setup: Setups, token: str | None) -> None:
    """B12, E15: who does not know a secret cannot have it sent to another place, whatever else is changed."""
    onitu = new_setup("a")
    onitu.further = {"api": {"token": token}} if token is not None else {}
    far = {"driver": "webdav", "url": "http://127.0.0.1:1/", "password": "hush", "folders": {FOLDER: None}}
    onitu.services["far"] = far
    core = onitu.start()
    api = Api(core, **({"Authorization": f"Bearer {token}"} if token is not None else {}))
    shown = api.get("/services/far/setup").body["setup"]

    for elsewhere in (
        {**shown, "options": {**shown["options"], "url": "http://127.0.0.1:2/"}},
        {**shown, "driver": "ftp", "options": {"host": "127.0.0.1", "password": "***"}},
    ):
        answer = api.put("/services/far", elsewhere)
        assert answer.code == 400, answer
        assert answer.body["reason"].startswith("services.far put by the API.options.password: type the secret again")
    assert api.put("/services/new", elsewhere).code == 400
    assert api.get("/services/far/setup").body["setup"] == shown
    assert api.put("/services/far", {**shown, "folders": {FOLDER: "."}, "mode": "r"}).code == 200
    known = {**shown, "options": {"url": "http://127.0.0.1:2/", "password": "whist", "username": "ada"}}
    assert api.put("/services/far", known).code == 200
    core.stop()
    assert command(onitu, "config", "export").count("hush") == 0


def test_changes_at_the_same_time_all_hold(new_setup: Setups) -> None:
    """E15: of services that several callers put at once none is lost."""
    onitu = new_setup("a")
    api = Api(onitu.serve())
    names = [f"n{number}" for number in range(4)]

    with ThreadPoolExecutor(len(names)) as callers:
        codes = list(callers.map(lambda name: api.put(f"/services/{name}", block(onitu, name)).code, names))

    assert codes == [200] * len(names)
    assert {service["name"] for service in api.get("/services").body["services"]} == {"a", *names}


def test_a_faulty_change_changes_nothing(new_setup: Setups) -> None:
    """B16, E15: every fault is named, and nothing is touched."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    api = Api(core)
    before = api.get("/services").body

    for body, words in (
        ({**block(onitu, "c"), "folders": {"none": "."}, "velocity": 7}, ["'none'", "velocity"]),
        ({**block(onitu, "c"), "roott": "x"}, ["Unknown option 'roott'"]),
        ({**block(onitu, "c"), "driver": "local-storage"}, ["did you mean 'local_storage'"]),
        ({}, ["no 'driver'"]),
        ([], ["object"]),
    ):
        answer = api.put("/services/c", body)
        assert (answer.code, [word for word in words if word not in answer.body["reason"]]) == (400, []), answer
    assert api.put(f"/folders/{FOLDER}", {"mode": "garbage"}).code == 400
    assert api.put("/services/a", None).code == 400
    assert api.get("/services").body == before
    assert core.log.named("reloaded") == []


def test_the_commands_ask_the_core(new_setup: Setups) -> None:
    """E15, F10: status, ls, transfers, rules, service: each says what the API answers, as words and as JSON."""
    onitu = new_setup("a", "b")
    for name in ("one.txt", f"{ODD}/two.jpg"):
        write(onitu["a"] / name, name)
    core: Core = onitu.serve()
    api = Api(core)
    core.wait_until(lambda: all(file["uptodate"] == ["a", "b"] for file in api.files()), "all is held")

    assert "b  active" in command(onitu, "status")
    assert json.loads(command(onitu, "status", "--json"))["services"][0]["name"] == "a"
    assert [line.split("  ")[-2:] for line in command(onitu, "ls").splitlines()] == [
        [f"{FOLDER}/one.txt", "a b"],
        [f"{FOLDER}/{ODD}/two.jpg", "a b"],
    ]
    (found,) = command(onitu, "ls", FOLDER, "-q", "ONE", "--json").splitlines()
    assert json.loads(found)["filename"] == "one.txt"
    assert command(onitu, "transfers") == "nothing is on its way\n"
    rules = onitu.directory / "rules.json"
    rules.write_text(json.dumps([{"match": {"extension": ["txt"]}, "sync": ["b"]}]))
    assert "kept" in command(onitu, "rules", "set", str(rules))
    faulty = onitu.directory / "rules.yaml"
    faulty.write_text("# The texts\n- match: {extension: [txt]}\n  sync: [nobody]\n")
    assert command(onitu, "rules", "set", str(faulty), expect=1) == ""
    assert f"{faulty}:3:10: " in onitu.cores[-1].log.path.read_text()
    assert json.loads(command(onitu, "rules", "get")) == json.loads(rules.read_text())
    assert json.loads(command(onitu, "rules", "get", "--active")) == []
    assert "in force" in command(onitu, "rules", "reload")
    assert "stopped" in command(onitu, "service", "stop", "b")
    write(onitu["a"] / "three.txt", "three")
    core.wait_until(lambda: len(api.names()) == 3, "the file is known")
    assert command(onitu, "ls", "--lacking", "b").split()[-2:] == ["a", "[b]"]
    assert command(onitu, "service", "stop", "b", expect=1) == ""
    assert "already stopped" in onitu.cores[-1].log.path.read_text()
    assert "started" in command(onitu, "service", "start", "b")
    onitu.converge(core)
    core.stop()
    assert command(onitu, "status", expect=1) == ""
    assert "onitu serve" in onitu.cores[-1].log.path.read_text()


def test_schedules_are_set_and_shown(new_setup: Setups) -> None:
    """B11, E15: a schedule that is put holds at once for one service or all, also by command; others are refused."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    api, never = Api(core), _not_now()

    assert api.get("/services/b/schedule").body == {"schedule": []}
    assert api.put("/services/b/schedule", {"schedule": [never]}).body == {"status": "ok"}
    core.wait_for("service_waiting", service="b")
    assert api.get("/services/b/schedule").body == {"schedule": [never]}
    write(onitu["a"] / "one.txt", "one")
    core.wait_until(lambda: api.names() == ["one.txt"], "the file is known")
    assert api.get("/services/b/status").body["status"] == "active"
    assert not (onitu["b"] / "one.txt").exists()
    assert command(onitu, "service", "schedule", "b") == f"b: {never}\n"

    for path in ("/services/b/schedule", "/schedule"):
        answer = api.put(path, {"schedule": ["8 o'clock"]})
        assert (answer.code, "8 o'clock" in answer.body["reason"]) == (400, True)
        assert api.put(path, {"times": []}).code == api.put(path, None).code == 400
    assert api.put("/services/c/schedule", {"schedule": []}).code == 404

    assert command(onitu, "service", "schedule", "b", "always") == "b: always\n"
    core.wait_until((onitu["b"] / "one.txt").exists, "it is brought up to date")
    assert api.put("/schedule", {"schedule": [never]}).code == 200
    assert [service["waiting"] != "" for service in api.get("/status").body["services"]] == [True, True]
    assert core.log.named("service_started", service="b")[1:] == []


def test_all_services_are_paused_at_once(new_setup: Setups) -> None:
    """E15: pause and resume without a name are about every service, by route and by command."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    api = Api(core)

    assert command(onitu, "service", "pause") == "all services: paused\n"
    assert [service["paused"] for service in api.get("/status").body["services"]] == [True, True]
    write(onitu["a"] / "one.txt", "one")
    core.wait_until(lambda: api.names() == ["one.txt"], "the file is known")
    assert not (onitu["b"] / "one.txt").exists()
    assert api.put("/resume").body == {"status": "ok"}
    core.wait_until((onitu["b"] / "one.txt").exists, "it is brought up to date")


def _not_now() -> str:
    """Returns a time of the week that is not within the next hours."""
    day = (datetime.now(tz=UTC).weekday() + 3) % 7
    return f"{('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')[day]} 03:00-04:00"
