"""CONTRACT E15: folders, drivers, transfers, why, status; looking again, pausing; conflicts and holds."""

from __future__ import annotations

import json

import pytest

from onitu.utils import get_fid
from tests.functional.harness import FOLDER, Setups, in_mode
from tests.functional.memory import Memory
from tests.functional.rest import Api, encoded
from tests.functional.trees import write

ODD = "Ünï 日本 100%"


def test_what_there_is_is_listed(new_setup: Setups) -> None:
    """E15: folders with their services and modes, installed drivers with their options."""
    onitu = new_setup("a", b=in_mode("w"))
    onitu.folders[ODD] = {"mode": "r"}
    onitu.services["a"]["folders"][ODD] = "sub"
    onitu.services["a"]["folders"][FOLDER] = {"path": "docs"}
    api = Api(onitu.start())

    folders = api.get("/folders")
    drivers = api.get("/drivers")

    assert (folders.code, folders.body) == (
        200,
        {
            "folders": [
                {
                    "name": FOLDER,
                    "mode": "rw",
                    "files": 0,
                    "bytes": 0,
                    "services": [{"name": "a", "mode": "rw", "path": "docs"}, {"name": "b", "mode": "w", "path": "."}],
                },
                {
                    "name": ODD,
                    "mode": "r",
                    "files": 0,
                    "bytes": 0,
                    "services": [{"name": "a", "mode": "r", "path": "sub"}],
                },
            ]
        },
    )
    local = next(one for one in drivers.body["drivers"] if one["name"] == "local_storage")
    assert (drivers.code, local["fault"], local["options"]["root"]["type"]) == (200, "", "string")
    assert local["options"]["root"]["mandatory"]


def test_why_says_what_the_command_says(new_setup: Setups) -> None:
    """E14, E15: why a path is where it is, as `onitu why --json` has it."""
    onitu = new_setup("a", "b")
    onitu.folders[FOLDER] = {"blacklist": "*.tmp"}
    name = f"{ODD}/file ß?.tmp"
    write(onitu["a"] / name, "content")
    core = onitu.serve()
    api = Api(core)

    answer = api.get(f"/why{encoded(FOLDER, *name.split('/'))}")

    command = onitu.run("why", "--json", f"{FOLDER}/{name}", "-c", str(onitu.file), "--data-dir", str(onitu.data))
    assert command.wait() == 0
    assert (answer.code, answer.body) == (200, json.loads(command.output))
    assert "blacklist '*.tmp'" in answer.body["services"][0]["reason"]
    assert api.get("/why/none/x").code == 404


def test_the_status_sums_up(new_setup: Setups) -> None:
    """E15: every service with its folders, what is pending there, and whether everything is settled."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "one.txt", "one")
    core = onitu.serve()
    api = Api(core)
    core.wait_until(lambda: api.get("/status").body["settled"], "everything is settled")

    status = api.get("/status").body
    assert (status["name"], status["transfers"], status["files"], status["bytes"]) == ("Functional test", 0, 1, 3)
    assert [(one["name"], one["status"]) for one in status["services"]] == [("a", "active"), ("b", "active")]
    assert status["services"][1]["folders"] == [{"name": FOLDER, "listed": True, "pending": 0, "lag": 0.0}]

    assert api.put("/services/b/stop").code == 200
    write(onitu["a"] / "two.txt", "two")
    core.wait_until(lambda: api.get("/status").body["services"][1]["folders"][0]["pending"] == 1, "one is pending")
    core.wait_until(lambda: api.get("/status").body["services"][1]["folders"][0]["lag"] > 0, "it has waited")


def test_a_paused_service_waits(new_setup: Setups) -> None:
    """E15: nothing is moved to a paused service and from it, over a restart too, until it is resumed."""
    onitu = new_setup("a", ODD)
    core = onitu.serve()
    api, at = Api(core), f"/services{encoded(ODD)}"

    assert api.put(f"{at}/pause").code == 200
    assert api.get(f"{at}/status").body["paused"] is True
    write(onitu["a"] / "one.txt", "one")
    core.wait_until(lambda: api.names(service=ODD) == ["one.txt"], "the file is known, and lacking there")
    core.stop()
    core = onitu.start()
    api = Api(core)
    core.wait_for("service_waiting", service=ODD)
    core.wait_until(lambda: api.get("/status").body["settled"], "nothing can be done")
    assert not (onitu[ODD] / "one.txt").exists()
    assert api.get("/status").body["services"][1]["waiting"] == "it is resumed"

    assert api.put(f"{at}/resume").code == 200
    onitu.converge(core)
    assert "paused" not in api.get(f"{at}/status").body
    assert api.put("/services/none/pause").code == api.put("/services/none/resume").code == 404


def test_a_folder_is_looked_through_again(new_setup: Setups) -> None:
    """E15: what a service did not tell of is found at once when it is asked for."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    api = Api(core)
    before = len(core.log.named("snapshot_finished"))

    answer = api.ask("POST", f"/sync/{FOLDER}")

    assert (answer.code, answer.body) == (200, {"status": "ok"})
    core.wait_until(lambda: len(core.log.named("snapshot_finished")) >= before + 2, "both are looked through again")
    assert api.ask("POST", "/sync/none").code == 404
    assert api.get(f"/sync/{FOLDER}").code == 405


def test_transfers_are_listed(new_setup: Setups) -> None:
    """E15: what is on its way, with how much of it has arrived; nothing of it is left afterwards."""
    onitu = new_setup("a")
    memory = Memory(onitu, "m", bandwidth={"up": "4M"})
    write(onitu["a"] / ODD, b"x" * 24 * 1024 * 1024)
    core = onitu.start()
    api = Api(core)

    def moving() -> list[dict[str, object]]:
        answer = api.get("/transfers")
        assert answer.code == 200
        return [one for one in answer.body["transfers"] if one["done"] > 0]

    (one,) = core.wait_until(moving, "some of it has arrived")
    assert (one["filename"], one["folder"], one["source"], one["target"]) == (ODD, FOLDER, "a", "m")
    assert (one["size"], isinstance(one["since"], float)) == (24 * 1024 * 1024, True)
    core.wait_until(lambda: ODD in memory.tree(), "it has arrived")
    core.wait_until(lambda: not api.get("/transfers").body["transfers"], "nothing is on its way")


def test_conflicts_are_settled(new_setup: Setups) -> None:
    """E15: a conflict has both files, by which they can be read; one content keeps the name, or both stay."""
    onitu = new_setup("a", "b")
    for name in ("one ß.txt", "two.txt"):
        write(onitu["a"] / name, f"a {name}")
        write(onitu["b"] / name, f"b {name}!")
    core = onitu.serve()
    api = Api(core)
    core.wait_until(lambda: len(api.get("/conflicts").body["conflicts"]) == 2, "both conflicts are listed")

    one, two = api.get("/conflicts").body["conflicts"]
    assert (one["folder"], one["file"]["filename"], two["file"]["filename"]) == (FOLDER, "one ß.txt", "two.txt")
    assert one["fid"] == one["copy"]["fid"] == get_fid(f"{FOLDER}/{one['copy']['filename']}")
    shown = {one["kept"]: one["file"]["fid"], one["lost"]: one["copy"]["fid"]}
    contents = {service: api.get(f"/files/{fid}/content").data.decode() for service, fid in shown.items()}
    assert contents == {"a": "a one ß.txt", "b": "b one ß.txt!"}

    resolve = f"/conflicts/{one['fid']}/resolve"
    for wrong, code in ({}, 400), ({"keep": 1}, 400), ({"keep": "both", "x": 1}, 400), ({"keep": "nobody"}, 409):
        assert api.put(resolve, wrong).code == code
    assert api.put("/conflicts/none/resolve", {"keep": "a"}).code == 404
    assert api.put(resolve, {"keep": "b"}).body == {"status": "ok"}
    assert api.put(f"/conflicts/{two['fid']}/resolve", {"keep": "both"}).code == 200

    assert api.get("/conflicts").body == {"conflicts": []}
    core.wait_until(lambda: (onitu["a"] / "one ß.txt").read_text() == "b one ß.txt!", "the content of b is everywhere")
    core.wait_until(lambda: len(api.names()) == 3, "the other content is gone")


@pytest.mark.parametrize(("decision", "left"), [("restore", 60), ("approve", 10)])
def test_holds_are_decided(new_setup: Setups, decision: str, left: int) -> None:
    """E6, E15: what is too much at once is listed with its paths, and approved or restored."""
    onitu = new_setup("a", "b")
    names = [f"{ODD} {number:02}.txt" for number in range(60)]
    for name in names:
        write(onitu["a"] / name, "content")
    core = onitu.serve()
    onitu.converge(core)
    api = Api(core)
    for name in names[:50]:
        (onitu["a"] / name).unlink()
    core.wait_until(lambda: api.get("/services/a/status").body["status"] == "held", "it is held")
    core.wait_until(lambda: api.get("/holds").body["holds"][0]["count"] == 50, "all of them are held")

    (hold,) = api.get("/holds").body["holds"]
    assert (hold["service"], hold["folder"], hold["order"], hold["paths"]) == ("a", FOLDER, None, names[:50])
    assert api.get("/services/a/status").body["reason"]
    assert api.put(f"/holds/b/{FOLDER}/{decision}").code == 404
    assert api.put(f"/holds/a/{FOLDER}/{decision}").body == {"status": "ok"}
    for name in ("a", "b"):
        there = onitu[name]
        core.wait_until(lambda there=there: len([*there.glob("*.txt")]) == left, "it is so")  # type: ignore[misc]
    core.wait_until(lambda: not api.get("/holds").body["holds"], "nothing is held")


def test_a_lost_root_is_decided_about(new_setup: Setups) -> None:
    """E6, E15, P15: a root that is another one is listed; approved, it is filled as a new one; nothing is deleted."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "file.txt", "content")
    core = onitu.serve()
    onitu.converge(core)
    onitu["b"].rename(onitu.directory / "broken")
    onitu["b"].mkdir()
    write(onitu["b"] / "of the new disk.txt", "was there before")
    core.wait_for("service_halted", service="b")
    api = Api(core)
    core.wait_until(lambda: api.get("/holds").body["halts"], "it is listed")

    (halt,) = api.get("/holds").body["halts"]
    assert (halt["service"], halt["folder"]) == ("b", FOLDER)
    assert halt["reason"]
    assert api.put(f"/holds/a/{FOLDER}/approve").code == 404
    refused = api.put(f"/holds/b/{FOLDER}/restore")
    assert (refused.code, "bring it back" in refused.body["reason"]) == (409, True)
    assert (onitu["a"] / "file.txt").exists()

    assert api.put(f"/holds/b/{FOLDER}/approve").body == {"status": "ok"}
    core.wait_until((onitu["b"] / "file.txt").exists, "the new disk is filled")
    core.wait_until((onitu["a"] / "of the new disk.txt").exists, "what was on it is taken in")
    assert api.get("/holds").body == {"halts": [], "holds": []}
