"""A person, or a service account, signs in to Google Drive."""

from __future__ import annotations

import json

from tests.functional.google_drive.conftest import Pair
from tests.functional.rest import Api
from tests.functional.servers.google_drive.oauth import REFRESH


def test_a_person_signs_in(pair: Pair) -> None:
    """B12, E15: with PKCE, by the address that the browser came back to; the token is kept, and shown nowhere."""
    pair.people.write("there.txt", b"there")
    del pair.onitu.services["far"]["refresh_token"]
    core = pair.onitu.start()
    assert "nobody has signed in" in core.wait_for("service_failed", service="far")["reason"]
    api = Api(core)
    way = "/services/far/authorization"
    begun = api.ask("POST", way, body={}).body
    assert begun["uri"].startswith(f"{pair.onitu.services['far']['api_url']}/o/oauth2/v2/auth?")
    assert api.ask("POST", way, body={"state": begun["state"], "answer": "two words"}).code == 400
    back = pair.fake.accounts.allow(begun["uri"])
    assert api.ask("POST", way, body={"state": begun["state"], "answer": back}).body["account"] == "ada@example.org"
    pair.meet(core, {"there.txt": b"there"})
    core.stop()
    assert REFRESH not in core.log.path.read_text()
    core = pair.onitu.start()
    core.wait_for("service_started", service="far")


def test_a_service_account_works_in_a_shared_drive(pair: Pair) -> None:
    """B12: its key stands in a file; what lies in My Drive is none of its business."""
    drive = pair.fake.content.add_drive("Team")
    pair.fake.content.create("theirs.txt", parent=drive, content=b"theirs")
    service = pair.onitu.services["far"]
    key = pair.onitu.directory / "key.json"
    key.write_text(json.dumps(pair.fake.accounts.service_account(f"{service['api_url']}/token")))
    for option in ("client_id", "client_secret", "refresh_token", "root"):
        del service[option]
    service |= {"service_account": {"file": str(key)}, "drive": drive}
    pair.disk.write("d/ours.txt", b"ours")
    core = pair.begin()
    disk = pair.onitu["disk"]
    core.wait_until((disk / "theirs.txt").exists, "theirs is here")
    inside = {file.name for file in pair.fake.content.files.values() if file.drive == drive}
    core.wait_until(lambda: "ours.txt" in {one.name for one in pair.fake.content.files.values()}, "ours is there")
    assert {"Team", "theirs.txt"} <= inside
    assert {file.drive for file in pair.fake.content.files.values() if file.name in {"d", "ours.txt"}} == {drive}
    pair.fake.content.create("later.txt", parent=drive, content=b"later")
    core.wait_until((disk / "later.txt").exists, "what comes later is told")
