"""CONTRACT E16: who may ask, and how long it may take."""

from __future__ import annotations

import http.client
import socket
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from onitu.rest.client import ask
from tests.functional.harness import Onitu, Setups
from tests.functional.processes import REACTION, UNIT, Core
from tests.functional.rest import Api
from tests.functional.trees import write

EVIL = "http://evil.example"


@pytest.fixture(scope="module")
def served(new_shared_setup: Setups) -> tuple[Onitu, Core, Api]:
    """A core without a token."""
    onitu = new_shared_setup("a")
    core = onitu.start()
    return onitu, core, Api(core)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3862", "127.0.0.1:1", "0.0.0.0"])  # noqa: S104 - the example
def test_a_foreign_host_is_refused(served: tuple[Onitu, Core, Api], host: str) -> None:
    """E16: a name that somebody else's DNS brought here is refused, also for what changes nothing."""
    answer = served[2].ask("GET", "/services", headers={"Host": host})

    assert (answer.code, answer.body["status"]) == (403, "error")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "LocalHost"])
def test_our_own_host_is_taken(served: tuple[Onitu, Core, Api], host: str) -> None:
    """E16: this machine by each of its names, with or without the port."""
    api = served[2]
    for given in (host, f"{host}:{api.port}"):
        assert api.ask("GET", "/services", headers={"Host": given}).code == 200


def test_a_foreign_page_is_refused(served: tuple[Onitu, Core, Api]) -> None:
    """E16: a request that another page has sent is refused and not done; one of ours is. Nobody is told of CORS."""
    api = served[2]
    for origin in (EVIL, "null", "https://localhost:1", "http://127.0.0.1.evil.example"):
        answer = api.ask("PUT", "/services/a/stop", headers={"Origin": origin})
        assert (answer.code, answer.body["status"]) == (403, "error"), origin
        assert [name for name in answer.headers if name.startswith("access-control")] == []
    preflight = api.ask("OPTIONS", "/services/a/stop", headers={"Origin": EVIL, "Access-Control-Request-Method": "PUT"})
    assert preflight.code == 403
    assert [name for name in preflight.headers if name.startswith("access-control")] == []
    assert api.get("/services/a/status").body["status"] != "stopped"
    assert api.ask("GET", "/services", headers={"Origin": f"http://localhost:{api.port}"}).code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site", "other"])
def test_what_another_page_embeds_is_refused(served: tuple[Onitu, Core, Api], site: str) -> None:
    """E16: a browser says that another page asks, also where it names no origin; that page learns and does nothing."""
    api = served[2]
    for method, path in (("GET", "/services"), ("GET", "//health"), ("GET", "/nowhere"), ("PUT", "/services/a/stop")):
        answer = api.ask(method, path, headers={"Sec-Fetch-Site": site})
        assert (answer.code, answer.body["status"]) == (403, "error"), path
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert api.get("/services/a/status").body["status"] != "stopped"
    assert api.ask("GET", "//", headers={"Sec-Fetch-Site": site}).code == 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_what_our_page_asks_is_answered(served: tuple[Onitu, Core, Api], site: str) -> None:
    """E16: our own page may ask, and who types the address; no answer can be taken into another page."""
    onitu, core, api = served
    name = f"{site}.txt"
    write(onitu["a"] / name, "one")
    (fid,) = core.wait_until(
        lambda: [one["fid"] for one in api.files() if one["filename"] == name and one["uptodate"]], "it is had"
    )

    codes = {"/services": 200, f"/files/{fid}/content": 200, "//metrics": 200, "/nowhere": 404, "//": 200}
    for path, code in codes.items():
        answer = api.ask("GET", path, headers={"Sec-Fetch-Site": site})
        assert (answer.code, answer.headers["cross-origin-resource-policy"]) == (code, "same-origin"), path


def test_a_token_is_asked_for(new_setup: Setups) -> None:
    """E16: with `api.token` every route needs it, and nothing is done without it."""
    onitu = new_setup("a")
    onitu.further = {"api": {"token": "öpen sesame"}}
    core = onitu.start()
    without, shown = Api(core), "öpen sesame".encode().decode("latin-1")

    for headers in ({}, {"Authorization": "Bearer open"}, {"Authorization": f"Basic {shown}"}):
        for method, path in (("GET", "/services"), ("PUT", "/services/a/stop"), ("GET", "/nowhere"), ("GET", "//x")):
            answer = without.ask(method, path, headers=headers)
            assert (answer.code, answer.body["status"]) == (401, "error")
            assert answer.headers["www-authenticate"] == "Bearer"
    assert Api(core, Authorization=f"Bearer {shown}").get("/services/a/status").code == 200
    assert "sesame" not in core.log.path.read_text()


def test_the_own_socket_needs_no_token(new_setup: Setups) -> None:
    """E16: whoever may enter the private directory may ask, and nobody else can; when the core ends nothing is left."""
    onitu = new_setup("a")
    onitu.further = {"api": {"token": "sesame"}}
    core = onitu.start()
    Api(core)
    path = Path((onitu.data / "api").read_text().strip())

    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(REACTION * UNIT)
        connection.connect(str(path))
        connection.sendall(b"GET /api/v1.0/services HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        with connection.makefile("rb") as stream:
            assert stream.readline().startswith(b"HTTP/1.1 200")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    core.stop()
    assert not (onitu.data / "api").exists()


def test_another_address_needs_a_token(new_setup: Setups) -> None:
    """E16: without a token an address that others reach is refused at the start, with what to do."""
    onitu = new_setup("a")
    core = onitu.start("--host", "0.0.0.0")  # noqa: S104 - the example

    assert core.wait() == 1
    assert "api.token" in core.log.path.read_text()


def test_an_address_that_is_taken_stops_nothing(new_setup: Setups) -> None:
    """F1: while somebody else has the address the folders are synced, and it is taken once it is free."""
    onitu = new_setup("a", "b")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        core = onitu.serve("--port", str(port))
        assert str(port) in core.wait_for("api_closed")["reason"]
    core.wait_for("api_opened", port=port)
    assert Api(core).get("/services").code == 200


def test_who_reads_nothing_keeps_nobody_from_ending(served: tuple[Onitu, Core, Api], new_setup: Setups) -> None:
    """E16, F1: connections that are open, half asked or never read do not keep a core from ending in order."""
    del served
    onitu = new_setup("a")
    for number in range(400):
        (onitu["a"] / f"{'n' * 200} {number}").write_text("")
    core = onitu.serve()
    api = Api(core)
    core.wait_until(lambda: len(api.names(limit=1000)) == 400, "all are listed")
    host = f"Host: 127.0.0.1:{api.port}\r\n\r\n".encode()
    begun = b"PUT /api/v1.0/rules HTTP/1.1\r\nContent-Length: 9\r\n" + host
    asked = b"GET /api/v1.0/files?limit=1000 HTTP/1.1\r\n" + host
    connections = [socket.create_connection(("127.0.0.1", api.port)) for _ in range(8)]
    for connection, sent in zip(connections, (b"", b"GET /api", begun, asked * 99) * 2, strict=True):
        connection.sendall(sent)
    assert api.get("/services").code == 200

    assert core.stop() == 0
    for connection in connections:
        connection.close()


def test_what_is_no_http_is_refused(served: tuple[Onitu, Core, Api]) -> None:
    """E13, E16: nonsense ends its own connection and nothing else."""
    api = served[2]
    for nonsense in (b"\0\1\2\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"x" * 100_000 + b"\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", api.port), timeout=REACTION * UNIT) as connection:
            connection.sendall(nonsense)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            assert 400 <= answer.status < 500
    assert api.get("/services").code == 200


def test_a_connection_is_used_again_or_closed(served: tuple[Onitu, Core, Api]) -> None:
    """E13: after an error too, whether the body has come late, or never comes to who may not ask."""
    api = served[2]
    head = f"POST /api/v1.0/rules HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\nContent-Length: 2\r\n".encode()
    with socket.create_connection(("127.0.0.1", api.port), timeout=REACTION * UNIT) as connection:
        for _ in range(20):
            connection.sendall(head + b"\r\n")
            connection.sendall(b"{}")
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            assert (answer.status, bool(answer.read())) == (405, True)
        connection.sendall(head + b"Origin: http://evil.example\r\n\r\n")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert (answer.status, bool(answer.read())) == (403, True)
        assert connection.recv(1) == b""


def _asked(new_setup: Setups, token: str | None) -> tuple[Onitu, Core, Api]:
    """Starts a core with a token or none, and returns it with who knows that."""
    onitu = new_setup("a")
    onitu.further = {"api": {"token": token}} if token is not None else {}
    core = onitu.start()
    return onitu, core, Api(core, **({"Authorization": f"Bearer {token}"} if token is not None else {}))


def _put_privately(onitu: Onitu, api: Api, name: str, block: dict[str, Any]) -> dict[str, Any]:
    """Puts a service over the private socket; then anybody may change what is harmless. Returns its setup."""
    reply = ask(onitu.data, "PUT", f"/services/{name}", block)
    assert reply is not None
    assert reply.code == 200, reply.reason
    kept: dict[str, Any] = api.get(f"/services/{name}/setup").body["setup"]
    assert api.put(f"/services/{name}", {**kept, "velocity": 0.5}).code == 200
    return kept


@pytest.mark.parametrize("token", [None, "sesame"])
def test_a_program_is_run_for_whoever_runs_onitu(new_setup: Setups, token: str | None) -> None:
    """E16: a driver that is a command is taken with the token, or over the private socket; others may keep it."""
    onitu, core, api = _asked(new_setup, token)
    onitu["b"].mkdir()
    mark = onitu.directory / "was run"
    program = f"open({str(mark)!r}, 'w').close()"
    block = {"driver": {"command": [sys.executable, "-c", program]}, "folders": {"docs": "."}}

    answer = api.put("/services/b", block)
    if token is None:
        assert (answer.code, "api.token" in answer.body["reason"]) == (403, True)
        assert api.get("/services/b").code == 404
        assert not mark.exists()
        kept = _put_privately(onitu, api, "b", block)
        answer = api.put("/services/b", {**kept, "driver": {"command": [sys.executable, "-c", program, "more"]}})
        assert answer.code == 403
    else:
        assert answer.code == 200, answer
    core.wait_until(mark.exists, "it is run")


@pytest.mark.parametrize("token", [None, "sesame"])
def test_what_an_option_has_run_is_run_for_whoever_runs_onitu(new_setup: Setups, token: str | None) -> None:
    """E16, B12: options that name programs or files take the token, or the private socket; others may keep them."""
    onitu, core, api = _asked(new_setup, token)
    mark = onitu.directory / "was run"
    config = onitu.directory / "ssh config"
    config.write_text(f"Host *\n  ProxyCommand touch '{mark}'\n")
    block = {"driver": "ssh", "hostname": "nas", "ssh_config": str(config), "folders": {"docs": "."}}

    answer = api.put("/services/nas", block)
    if token is None:
        begin = "services.nas put by the API.ssh_config: "
        assert (answer.code, answer.body["reason"][: len(begin)]) == (403, begin)
        assert "api.token" in answer.body["reason"]
        reference = {"driver": "ftp", "host": "nas", "password": {"file": str(config)}, "folders": {"docs": "."}}
        assert api.put("/services/nas", reference).code == 403
        assert api.get("/services/nas").code == 404
        assert not mark.exists()
        kept = _put_privately(onitu, api, "nas", block)
        kept["options"]["ssh_config"] = str(onitu.directory / "other")
        assert api.put("/services/nas", kept).code == 403
    else:
        assert answer.code == 200, answer
    core.wait_until(mark.exists, "it is run")
