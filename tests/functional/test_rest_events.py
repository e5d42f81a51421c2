"""CONTRACT E15: what happens, as server-sent events."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import pytest

from onitu.utils import get_fid
from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.memory import Memory
from tests.functional.processes import UNIT
from tests.functional.rest import PREFIX, Api, Stream, encoded, following
from tests.functional.trees import write

ODD = "Ünï 日本 100%.png"


def test_a_file_is_told_from_its_change_to_its_arrival(new_setup: Setups) -> None:
    """E15: each event about a file carries fid, folder, filename, size and mimetype, also of odd names."""
    onitu = new_setup("a", "b")
    api = Api(onitu.serve())
    same = {"fid": get_fid(f"{FOLDER}/{ODD}"), "folder": FOLDER, "filename": ODD, "mimetype": "image/png"}

    with following(api) as stream:
        write(onitu["a"] / ODD, "picture")
        changed = stream.wait("file", **same, size=7, state="changed")
        arrived = stream.wait("transfer", **same, size=7, done=7, source="a", target="b", state="finished")
        os.rename(onitu["a"] / ODD, onitu["a"] / "new.txt")  # noqa: PTH104 - what a user's program does
        moved = stream.wait("file", filename="new.txt", state="moved", before=ODD)
        (onitu["b"] / "new.txt").unlink()
        deleted = stream.wait("file", filename="new.txt", state="deleted", folder=FOLDER, size=7)

    places = [stream.seen.index(event) for event in (changed, arrived, moved, deleted)]
    assert places == sorted(places)
    assert len({event.id for event in stream.seen}) == len(stream.seen)
    assert moved.data["fid"] == get_fid(f"{FOLDER}/new.txt")


def test_who_was_cut_off_goes_on_behind_the_last_event(new_setup: Setups) -> None:
    """E15: with Last-Event-ID nothing is missed and nothing comes twice; an id of nobody is answered by reset."""
    onitu = new_setup("a", "b")
    api = Api(onitu.serve())
    with following(api) as stream:
        write(onitu["a"] / "one", "1")
        first = stream.wait("transfer", filename="one", state="finished")
    write(onitu["a"] / "two", "2")
    onitu.converge(api.core)

    with following(api, first.id) as again:
        again.wait("transfer", filename="two", state="finished")
    with following(api, "nobody-7") as stranger:
        stranger.wait("reset")
        write(onitu["a"] / "three", "3")
        stranger.wait("file", filename="three")

    assert "one" not in {event.data.get("filename") for event in again.seen}
    assert [event.data["filename"] for event in again.seen if event.type == "file"] == ["two"]
    assert (stranger.seen[0].type, stranger.seen[0].data) == ("reset", {})


def test_ids_outlive_a_restart(new_setup: Setups) -> None:
    """E15: who followed an Onitu that was stopped goes on with the next one; after a kill there is a reset."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    with following(Api(core)) as stream:
        write(onitu["a"] / "one", "1")
        last = stream.wait("transfer", filename="one", state="finished").id
    assert core.stop() == 0
    write(onitu["a"] / "two", "2")

    core = onitu.serve()
    with following(Api(core), last) as again:
        again.wait("transfer", filename="two", state="finished")
        last = again.last
    core.kill()
    core.wait()
    with following(Api(onitu.serve()), last) as lost:
        lost.wait("reset")

    names = [event.data["filename"] for event in again.seen if event.type == "file"]
    assert (names, {event.type for event in again.seen} & {"reset"}) == (["two"], set())


def test_services_are_told(new_setup: Setups) -> None:
    """E15: a driver that is killed fails and comes back; a service that a person stops or pauses says so."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    api = Api(core)

    with following(api) as stream:
        os.kill(core.wait_for("service_started", service="b")["pid"], signal.SIGKILL)
        failed = stream.wait("service", service="b", status="failed")
        stream.wait("service", lambda data: data["status"] == "active", service="b")
        assert api.put("/services/b/pause").code == 200
        stream.wait("service", service="b", status="active", paused=True)
        assert api.put("/services/b/stop").code == 200
        stream.wait("service", service="b", status="stopped")

    assert "killed" in failed.data["reason"]


def test_what_waits_for_a_person_is_told(new_setup: Setups) -> None:
    """E15: a conflict and its end, a hold and its end."""
    onitu = new_setup("a", "b")
    for number in range(30):
        write(onitu["a"] / f"{number}.txt", f"content {number}")
    core = onitu.serve()
    onitu.converge(core)
    api = Api(core)

    with following(api) as stream:
        assert api.put("/services/b/stop").code == 200
        write(onitu["a"] / "0.txt", "here")
        write(onitu["b"] / "0.txt", "there")
        core.wait_until(lambda: _origin(api, "0.txt") == "a", "the change is known")
        assert api.put("/services/b/start").code == 200
        found = stream.wait("conflict", folder=FOLDER, filename="0.txt", state="found")
        assert api.put(f"/conflicts/{found.data['fid']}/resolve", {"keep": "both"}).code == 200
        stream.wait("conflict", copy=found.data["copy"], state="resolved")

        for path in onitu["a"].glob("*.txt"):
            path.unlink()
        held = stream.wait("hold", service="a", folder=FOLDER, state="held")
        assert api.put(f"/holds{encoded('a', FOLDER)}/restore").code == 200
        stream.wait("hold", service="a", folder=FOLDER, state="restore")
        stream.wait("hold", service="a", folder=FOLDER, state="ended")

    assert held.data["reason"]


def test_a_large_file_is_told_on_its_way(new_setup: Setups) -> None:
    """E15: how far a transfer has come is told while it goes on."""
    onitu = new_setup("a")
    Memory(onitu, "m", bandwidth={"up": "4M"})
    api = Api(onitu.serve())
    size = 24 * 1024 * 1024

    with following(api) as stream:
        write(onitu["a"] / "large.bin", os.urandom(size))
        stream.wait("transfer", lambda data: 0 < data["done"] < size, filename="large.bin", state="moving")
        stream.wait("transfer", filename="large.bin", state="finished", done=size)

    done = [event.data["done"] for event in stream.seen if event.type == "transfer"]
    assert done == sorted(done)


def test_who_does_not_read_holds_nobody_up(new_setup: Setups) -> None:
    """E15: a client that reads nothing neither stops the sync nor the other clients."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    api = Api(core)

    with socket.create_connection(("127.0.0.1", api.port)) as silent, following(api) as stream:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        silent.sendall(f"GET {PREFIX}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        for number in range(500):
            write(onitu["a"] / f"{number:04}" / "file", str(number))
        stream.wait("transfer", filename="0499/file", state="finished")
        onitu.converge(core)


def test_the_command_follows(new_setup: Setups, tmp_path: Path) -> None:
    """E15: `onitu events --json` prints the events, one a line, with their ids."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    command = onitu.run("events", "--json", "-c", str(onitu.file), "--data-dir", str(onitu.data))
    core.wait_until(lambda: _follows(onitu, command, tmp_path), "the command prints events")
    command.kill()
    command.wait()

    lines = [json.loads(line) for line in command.output.splitlines()]
    assert {"id", "type", "data"} == lines[0].keys()
    assert lines[0]["data"]["filename"].startswith("probe")


def _follows(onitu: Onitu, command: object, _place: Path) -> bool:
    """Has something happen, and says whether it was printed."""
    count = len(list(onitu["a"].iterdir()))
    write(onitu["a"] / f"probe {count}", "x")
    return "probe" in getattr(command, "output", "")


def _origin(api: Api, name: str) -> str:
    history = api.get(f"/files/{get_fid(f'{FOLDER}/{name}')}/history").body["history"]
    return str(history[0]["origin"]) if len(history) > 1 else ""


@pytest.mark.slow
def test_a_sign_of_life_comes_in_silence(new_setup: Setups) -> None:
    """E15: a quiet stream says now and then that it lives."""
    onitu = new_setup("a", "b")
    api = Api(onitu.serve())
    stream = Stream(api, None)
    stream._connection.sock.settimeout(20 + 5 * UNIT)
    # What the start has still to tell comes first.
    assert b": alive\n" in iter(stream._answer.readline, b"")
    stream.close()
