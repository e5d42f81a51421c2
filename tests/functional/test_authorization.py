"""CONTRACT E15, E16, B12: a person signs in to a service, and nobody sees what that brings."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from tests.functional.harness import Onitu
from tests.functional.processes import Core
from tests.functional.provider import ACCOUNT, TOKEN, Provider
from tests.functional.rest import Answer, Api

WAY = "/services/cloud/authorization"


def post(api: Api, **body: object) -> Answer:
    """Asks for a sign-in, or for its end."""
    return api.ask("POST", WAY, body=body)


def come_back(uri: str) -> str:
    """Comes back from the provider as a browser does, and returns the page that is shown."""
    parts = urlsplit(uri)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers={"Host": parts.netloc})
        answer = connection.getresponse()
        assert answer.status == 200
        assert "no-store" in answer.headers["Cache-Control"]
        return answer.read().decode()
    finally:
        connection.close()


def arrives(onitu: Onitu, core: Core) -> None:
    """Waits until what only somebody who has signed in may read has come."""
    there = onitu["laptop"] / "whoami.txt"
    core.wait_until(lambda: there.exists() and there.read_text() == ACCOUNT, "what is there has come")


def test_the_browser_comes_back(guarded: Onitu, provider: Provider) -> None:
    """B12, E15, E16: a browser without the token brings the answer, who has begun ends it; a restart keeps it."""
    guarded.further = {"api": {"token": "sesame"}}
    core = guarded.start()
    api = Api(core, Authorization="Bearer sesame")
    assert "nobody has signed in" in core.wait_for("service_failed", service="cloud")["reason"]
    assert api.get("/services/cloud/setup").body["driver"]["authorization"] is True

    begun = post(api).body
    assert begun["uri"].startswith(f"{provider.address}/authorize?")
    assert (begun["account"], begun["status"]) == ("", "ok")
    assert Api(core).ask("POST", WAY, body={"state": begun["state"]}).code == 401
    assert "Onitu has the answer" in come_back(provider.back(begun["uri"]))
    assert api.get("/services/cloud").body["options"] == {"provider": provider.address}
    assert post(api, state=begun["state"]).body["account"] == ACCOUNT

    arrives(guarded, core)
    core.wait_for("service_authorized", service="cloud")
    assert api.get("/services/cloud").body["options"] == {"provider": provider.address, "access_token": "***"}
    assert post(api, state=begun["state"]).body["account"] == ACCOUNT
    core.stop()
    assert TOKEN not in core.log.path.read_text()
    assert begun["state"] not in core.log.path.read_text()
    core = guarded.start()
    core.wait_for("service_started", service="cloud")


def test_the_answer_is_typed(guarded: Onitu, provider: Provider) -> None:
    """E15: a code or the whole address will do; what is none may be given again, what is refused begins anew."""
    core = guarded.start()
    api = Api(core)
    begun = post(api).body
    answer = post(api, state=begun["state"], answer="letter")
    assert (answer.code, answer.body["reason"]) == (400, "this is no code: it begins with 'code-'")
    answer = post(api, state=begun["state"], answer="code-of-somebody")
    assert (answer.code, answer.body["reason"]) == (409, "the provider refuses the code")
    assert post(api, state=begun["state"], answer=provider.allow()).code == 409

    other = post(api).body
    assert other["state"] != begun["state"]
    assert post(api, state=begun["state"], answer=provider.allow()).code == 404
    assert post(api, state=other["state"], answer=provider.back(other["uri"])).body["account"] == ACCOUNT
    arrives(guarded, core)


def test_nobody_else_is_signed_in(guarded: Onitu, provider: Provider) -> None:
    """E16: a browser that was sent here with another state leaves nothing; a driver without a sign-in says so."""
    core = guarded.start()
    api = Api(core)
    begun = post(api).body
    for query in ("", "?code=code-1", "?state=x&code=code-1", f"?state={begun['state']}&state=x"):
        assert "Nobody waits" in come_back(f"http://127.0.0.1:{api.port}/authorized{query}")
    assert provider.tokens == set()
    assert api.ask("GET", "//authorized", headers={"Host": "evil.example"}).code == 403
    answer = api.ask("POST", "/services/laptop/authorization", body={})
    assert (answer.code, answer.body["reason"]) == (409, "the driver of service laptop has no sign-in")
    assert api.ask("POST", "/services/none/authorization", body={}).code == 404
    wrong: list[object] = [[], {"more": 1}, {"state": 7}]
    for body in wrong:
        assert api.ask("POST", WAY, body=body).code == 400


def test_the_command_signs_in(guarded: Onitu, provider: Provider) -> None:
    """E15: `onitu service authorize` prints the address, waits for the browser, and says whose account it is."""
    core = guarded.start()
    core.wait_for("service_failed", service="cloud")
    run = guarded.run("service", "authorize", "cloud", "-c", str(guarded.file), "--data-dir", str(guarded.data))

    def shown() -> list[str]:
        return [word for word in run.log.path.read_text().split() if word.startswith(provider.address)]

    run.wait_until(shown, "the address is shown")
    come_back(provider.back(shown()[0]))

    assert run.wait() == 0, run.log.tail()
    assert run.output == f"cloud: signed in as {ACCOUNT}\n"
    arrives(guarded, core)
