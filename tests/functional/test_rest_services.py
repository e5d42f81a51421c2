"""CONTRACT E3-E9, E13, E14: services, and the processes behind them."""

from __future__ import annotations

import re
import socket
import time

import psutil
import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.processes import Core
from tests.functional.rest import PREFIX, Answer, Api, encoded
from tests.functional.trees import write

#: Under both of their names: in addresses, and in the texts of errors.
NOUNS = (("services", "service"), ("entries", "entry"))

ODD = "Ünï 日本 100% a+b?#&"


@pytest.fixture(scope="module")
def served(new_shared_setup: Setups) -> tuple[Onitu, Core]:
    """Services with all kinds of options and names."""
    onitu = new_shared_setup("a", ODD)
    onitu.add("nested", options={"root": str(onitu["nested"])}, root=None)
    del onitu.services["nested"]["root"]
    onitu.add("broken", driver="no-such-driver")
    onitu.add("idle", folders={})
    core = onitu.start()
    for name in ("a", ODD, "nested"):
        core.wait_for("service_started", service=name)
    core.wait_for("service_failed", service="broken")
    return onitu, core


@pytest.fixture(scope="module")
def api(served: tuple[Onitu, Core]) -> Api:
    """Its API."""
    return Api(served[1])


def error(reason: str) -> dict[str, str]:
    """Describes the body of an error."""
    return {"reason": reason, "status": "error"}


def is_recent(body: dict[str, object]) -> bool:
    """Returns whether a body has the time of now."""
    seen = body["time"]
    return isinstance(seen, float) and abs(time.time() - seen) < 60


@pytest.mark.parametrize(("many", "one"), NOUNS)
def test_services_are_listed(served: tuple[Onitu, Core], api: Api, many: str, one: str) -> None:
    """E3, E4: all services in the order of the setup, each with name, driver and options, and nothing else."""
    onitu, _ = served
    answer = api.get(f"/{many}")

    assert answer.code == 200
    assert answer.body.keys() == {many}
    assert [found["name"] for found in answer.body[many]] == list(onitu.services)
    assert answer.body[many][0] == {"name": "a", "driver": "local_storage", "options": {"root": str(onitu["a"])}}
    for found in answer.body[many]:
        single = api.get(f"/{many}{encoded(found['name'])}")
        assert (single.code, single.body) == (200, found), one
        assert found.keys() == {"name", "driver", "options"}


@pytest.mark.parametrize(("many", "one"), NOUNS)
@pytest.mark.parametrize("what", ["", "/stats", "/status", "/stop", "/start", "/restart"])
@pytest.mark.parametrize("name", ["none", "ö", "100%", "a b"])
def test_an_unknown_service_is_not_found(api: Api, many: str, one: str, what: str, name: str) -> None:
    """E4-E9, E13, E14: 404 with the noun of the route, whatever the name."""
    method = "PUT" if what in ("/stop", "/start", "/restart") else "GET"

    answer = api.ask(method, f"/{many}{encoded(name)}{what}")

    assert (answer.code, answer.body) == (404, error(f"{one} {name} not found"))
    assert (answer.headers["content-type"], answer.headers["vary"]) == ("application/json", "Accept")


@pytest.mark.parametrize("many", ["services", "entries"])
def test_stats_are_those_of_the_process(served: tuple[Onitu, Core], api: Api, many: str) -> None:
    """E5: the figures of the driver's own process, in their forms."""
    _, core = served
    process = core.process_of(ODD)

    answer = api.get(f"/{many}{encoded(ODD)}/stats")

    body, info = answer.body, answer.body["info"]
    assert (answer.code, body["name"], body["status"]) == (200, ODD, "ok")
    assert body.keys() == {"info", "name", "status", "time"}
    assert is_recent(body)
    assert info.keys() == {"age", "cpu", "create_time", "ctime", "mem", "mem_info1", "mem_info2", "started"}
    assert info["create_time"] == process.create_time()
    assert 0 <= info["started"] - info["create_time"] < 60
    assert info["age"] == pytest.approx(time.time() - info["started"], abs=30)
    assert re.fullmatch(r"\d+:\d\d\.\d\d", info["ctime"])
    assert re.fullmatch(r"\d+[KMG]", info["mem_info1"])
    assert re.fullmatch(r"\d+[KMG]", info["mem_info2"])
    assert int(info["mem_info1"][:-1]) == pytest.approx(process.memory_info().rss / 1024**2, rel=0.2)
    assert 0 < info["mem"] < 100
    assert info["cpu"] >= 0


@pytest.mark.parametrize(("many", "one"), NOUNS)
def test_what_does_not_run_has_no_stats(api: Api, many: str, one: str) -> None:
    """E5, E9: stats and restart of a failed service are 409; so they are of one that takes part in nothing."""
    for name in ("broken", "idle"):
        for answer in (api.get(f"/{many}/{name}/stats"), api.put(f"/{many}/{name}/restart")):
            assert (answer.code, answer.body) == (409, error(f"{one} {name} is not running"))


@pytest.mark.parametrize("many", ["services", "entries"])
def test_the_status_has_a_reason(api: Api, many: str) -> None:
    """E6: name, status and time; with a reason where it is not as it should be."""
    active = api.get(f"/{many}{encoded(ODD)}/status")
    broken = api.get(f"/{many}/broken/status")

    assert (active.code, active.body | {"time": 0}) == (200, {"name": ODD, "status": "active", "time": 0})
    assert is_recent(active.body)
    assert (broken.code, broken.body["status"]) == (200, "failed")
    assert "no-such-driver" in broken.body["reason"]


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH"])
def test_other_methods_are_refused(api: Api, method: str) -> None:
    """E13: a method that a route does not take is 405, as an error in JSON."""
    answer = api.ask(method, "/services/a/stop")

    assert (answer.code, answer.body["status"]) == (405, "error")
    assert "PUT" in answer.headers["allow"]


def test_nothing_changes_by_get(api: Api) -> None:
    """E16: stop, start and restart are no GET."""
    for what in ("stop", "start", "restart"):
        assert api.get(f"/services/a/{what}").code == 405
    assert api.get("/services/a/status").body["status"] == "active"


def done(answer: Answer, name: str) -> bool:
    """Checks that something was done with a service, and said as promised."""
    assert (answer.code, answer.body | {"time": 0}) == (200, {"name": name, "status": "ok", "time": 0}), answer
    return is_recent(answer.body)


@pytest.mark.parametrize(("many", "one"), NOUNS)
def test_services_stop_start_and_restart(new_setup: Setups, many: str, one: str) -> None:
    """E4, E6-E9: each is answered once it is so, of the real process; twice is 409."""
    onitu = new_setup("a", ODD)
    core = onitu.serve()
    api, at = Api(core), f"/{many}{encoded(ODD)}"
    first = core.process_of(ODD)

    again = api.put(f"{at}/start")
    assert (again.code, again.body) == (409, error(f"{one} {ODD} is already running"))
    assert done(api.put(f"{at}/stop"), ODD)
    assert not psutil.pid_exists(first.pid)
    assert api.get(f"{at}/status").body["status"] == "stopped"
    assert api.get(at).code == 200
    again = api.put(f"{at}/stop")
    assert (again.code, again.body) == (409, error(f"{one} {ODD} is already stopped"))
    for answer in (api.get(f"{at}/stats"), api.put(f"{at}/restart")):
        assert (answer.code, answer.body) == (409, error(f"{one} {ODD} is not running"))

    write(onitu["a"] / "while it is away.txt", "content")
    assert done(api.put(f"{at}/start"), ODD)
    assert api.get(f"{at}/status").body["status"] == "active"
    second = core.process_of(ODD)
    onitu.converge(core)

    assert done(api.put(f"{at}/restart"), ODD)
    assert api.get(f"{at}/status").body["status"] == "active"
    assert not psutil.pid_exists(second.pid)
    assert core.process_of(ODD).pid not in (first.pid, second.pid)
    write(onitu[ODD] / "afterwards.txt", "content")
    onitu.converge(core)


def test_a_stop_holds_over_a_restart_of_onitu(new_setup: Setups) -> None:
    """E6-E8: what a person has stopped stays so, also for another core, until it is started."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    assert Api(core).put("/services/b/stop").code == 200
    core.stop()

    core = onitu.serve()
    api = Api(core)
    write(onitu["a"] / "new.txt", "content")
    core.wait_until(lambda: api.names() == ["new.txt"], "the file is known")
    assert api.get("/services/b/status").body["status"] == "stopped"
    assert len(core.drivers()) == 1
    assert list(onitu["b"].glob("*.txt")) == []

    assert api.put("/services/b/start").code == 200
    onitu.converge(core)
    core.stop()
    core = onitu.serve()
    assert Api(core).get("/services/b/status").body["status"] == "active"


def test_a_halted_service_runs(new_setup: Setups) -> None:
    """E5, E6, E8, E9: halted has its reason; it cannot be started, but stopped, restarted, and asked for stats."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "file.txt", "content")
    core = onitu.serve()
    api = Api(core)
    onitu["b"].rename(onitu["b"].with_name("away"))
    core.wait_for("service_halted", service="b")

    status = api.get("/services/b/status").body
    assert status["status"] == "halted"
    assert status["reason"]
    assert api.put("/services/b/start").body == error("service b is already running")
    assert api.get("/services/b/stats").code == 200
    assert api.put("/services/b/restart").code == 200
    assert api.get("/services/b/status").body["status"] in ("halted", "starting")
    assert api.put("/services/b/stop").code == 200
    assert api.get("/services/b/status").body["status"] == "stopped"


def test_a_failed_service_stops_and_starts(new_setup: Setups) -> None:
    """E7, E8: start of a failed one starts it at once, stop keeps it from being tried again."""
    onitu = new_setup("a")
    onitu.add("c", driver="no-such-driver")
    core = onitu.start()
    core.wait_for("service_failed", service="c")
    api = Api(core)
    before = len(core.log.named("service_failed", service="c"))
    assert api.put("/services/c/start").code == 200
    assert len(core.log.named("service_failed", service="c")) > before
    assert api.put("/services/c/stop").code == 200
    assert api.get("/services/c/status").body["status"] == "stopped"
    assert api.put("/services/c/start").code == 200
    assert api.get("/services/c/status").body["status"] == "failed"


def test_a_client_that_hangs_up_stops_nothing_in_the_middle(new_setup: Setups) -> None:
    """E9: a service whose restart was asked for by somebody who did not wait for it is active afterwards."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    api = Api(core)

    request = f"PUT {PREFIX}/services/a/restart HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
    for patience in (0.2, 0.05, 0.01, 0.0):
        with socket.create_connection(("127.0.0.1", api.port)) as connection:
            connection.sendall(request.encode())
            time.sleep(patience)  # Nothing says that it has begun, and each part of it may be cut.
        core.wait_until(lambda: api.get("/services/a/status").body["status"] == "active", "it is active")

    assert len(core.log.named("service_started", service="a")) > 1
    write(onitu["a"] / "one.txt", "one")
    onitu.converge(core)
