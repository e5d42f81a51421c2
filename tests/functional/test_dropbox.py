"""Dropbox beside a local disk: what it costs, and that nothing is lost whatever goes wrong on the way."""

from __future__ import annotations

import os
from collections import Counter

import attrs
import pytest

from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.people import People
from tests.functional.processes import START, Core
from tests.functional.rest import Api
from tests.functional.servers.dropbox import Dropbox, Fault
from tests.functional.servers.dropbox.tokens import SECRET
from tests.functional.targets.dropbox import Visitor
from tests.functional.targets.local_storage import LocalStorage
from tests.functional.trees import digest_of

MEBIBYTE = 1024 * 1024
REACTION = 60.0

COMMITS = ("files/upload", "files/upload_session/finish", "files/upload_session/finish_batch_v2")
"""Requests that make files visible, each of which locks the account."""

UPLOAD = ("files/upload_session/start", "files/upload_session/append_v2", "files/upload_session/finish_batch_v2")
"""Requests of an upload in pieces."""


@attrs.define
class Cloud:
    """A disk and a folder of a Dropbox of its own.

    Attributes:
        onitu: The setup.
        disk: The local service.
        server: The Dropbox.
        visitor: People who work in the folder there.
    """

    onitu: Onitu
    disk: LocalStorage
    server: Dropbox
    visitor: Visitor

    def start(self) -> Core:
        """Starts Onitu, and waits until it has nothing to do."""
        core = self.onitu.start()
        core.wait_for("settled", units=START + REACTION)
        return core

    def is_held(self, expected: dict[str, bytes]) -> bool:
        """Whether both sides hold this, and nothing else."""
        right = {path: digest_of(content) for path, content in expected.items()}
        trees = (self.disk.tree(), self.visitor.tree())
        return all(
            {path: entry.digest for path, entry in tree.items() if entry.kind == "file"} == right for tree in trees
        )

    def meet(self, core: Core, expected: dict[str, bytes], units: float = 2 * REACTION) -> None:
        """Waits until both sides hold this."""
        core.wait_until(lambda: self.is_held(expected), "both hold everything", units=units)

    def asked(self) -> Counter[str]:
        """Returns how often each route was asked for."""
        return Counter(one.route for one in self.server.faults.asked)


@pytest.fixture
def cloud(new_setup: Setups) -> Cloud:
    """A disk and a folder of a Dropbox."""
    onitu, server = new_setup(), Dropbox()
    onitu.folders[FOLDER] = {"max-delete": {"percent": 100}}
    disk = LocalStorage(onitu, "disk")
    onitu.add("cloud", driver="dropbox", root="/Onitu", **server.options())
    return Cloud(onitu, disk, server, Visitor(server, "/Onitu"))


def test_a_person_signs_in(cloud: Cloud) -> None:
    """M5, E15, B12: with a code that Dropbox shows; what it brings is seen nowhere, and lasts."""
    del cloud.onitu.services["cloud"]["refresh_token"]
    cloud.server.account.write("/Onitu/there.txt", b"there")
    core = cloud.onitu.start()
    assert "nobody has signed in" in core.wait_for("service_failed", service="cloud")["reason"]
    api, way = Api(core), "/services/cloud/authorization"
    begun = api.ask("POST", way, body={}).body
    answer = api.ask("POST", way, body={"state": begun["state"], "answer": "no code at all"})
    assert (answer.code, answer.body["reason"].startswith("this is no code")) == (400, True)
    answer = api.ask("POST", way, body={"state": begun["state"], "answer": "code-of-somebody"})
    assert (answer.code, "gives no token" in answer.body["reason"]) == (409, True)
    begun = api.ask("POST", way, body={}).body
    code, _ = cloud.server.tokens.agree(begun["uri"])
    answer = api.ask("POST", way, body={"state": begun["state"], "answer": code})
    assert answer.body["account"] == cloud.server.account.email
    cloud.meet(core, {"there.txt": b"there"})
    core.stop()
    assert SECRET not in core.log.path.read_text()
    cloud.start().stop()


def test_what_both_have_already_is_left_alone(cloud: Cloud) -> None:
    """P3, F6: a folder that was in Dropbox and on the disk before: nothing moves, and an edit afterwards is an edit."""
    expected = {f"d{number % 3}/{number}.txt": b"content %d" % number for number in range(30)}
    for path, content in expected.items():
        cloud.disk.write(path, content)
        cloud.visitor.write(path, content)
    core = cloud.start()
    cloud.disk.write("d1/1.txt", b"from here")
    cloud.visitor.write("d2/2.txt", b"from there")
    expected |= {"d1/1.txt": b"from here", "d2/2.txt": b"from there"}
    cloud.meet(core, expected)
    for path in ("d1/1.txt", "d2/2.txt"):
        core.wait_for("transfer_finished", path=path)
    core.stop()

    assert not core.log.named("conflict_found")
    assert len(core.log.named("transfer_finished")) == 2
    assert cloud.asked()["files/download"] <= 2, "the marker, if at all, and what was edited there"


def test_what_it_costs(cloud: Cloud) -> None:
    """M5, F6: 500 small files take a commit for 100 of them at most, a rename no content, a restart three requests."""
    expected = {f"d{number % 5}/{number}.txt": b"content %d" % number for number in range(500)}
    for path, content in expected.items():
        cloud.disk.write(path, content)
    core = cloud.start()
    cloud.meet(core, expected)
    asked = cloud.asked()
    assert sum(asked[route] for route in COMMITS) <= 500 // 100 + 1, asked  # One of them is the marker of the root.

    cloud.server.faults.forget()
    cloud.disk.move("d1", "renamed")
    cloud.disk.move("d2/2.txt", "d2/renamed.txt")
    for path in [path for path in expected if path.startswith("d1/")]:
        expected[path.replace("d1/", "renamed/")] = expected.pop(path)
    expected["d2/renamed.txt"] = expected.pop("d2/2.txt")
    cloud.meet(core, expected)
    asked = cloud.asked()
    assert asked["files/move_v2"] == 2
    assert not sum(asked[route] for route in (*COMMITS, *UPLOAD, "files/download")), asked

    cloud.server.account.move("/Onitu/renamed", "/Onitu/again")
    for path in [path for path in expected if path.startswith("renamed/")]:
        expected[path.replace("renamed/", "again/")] = expected.pop(path)
    cloud.meet(core, expected)
    assert not cloud.asked()["files/download"]
    core.stop()

    # What was told right before an end is told again at the next start, unless that was taken down yet.
    starts = [_start_again(cloud) for _ in range(3)]
    assert min(sum(asked.values()) for asked in starts) <= 3, starts


def _start_again(cloud: Cloud) -> Counter[str]:
    """Starts Onitu until it waits for changes, and returns what was asked beside a token: that is had at each start."""
    cloud.server.faults.forget()
    core = cloud.start()
    core.wait_until(lambda: cloud.asked()["files/list_folder/longpoll"], "it waits for changes")
    core.stop()
    asked = cloud.asked()
    del asked["oauth2/token"]
    return asked


def test_a_token_expires_in_the_middle_of_an_upload(cloud: Cloud) -> None:
    """D8, F6: another one is had, and the upload goes on."""
    core = cloud.start()
    content = os.urandom(40 * MEBIBYTE)
    cloud.server.faults.add(Fault("status", 401), "files/upload_session/append_v2", skip=2, times=2)
    before = cloud.server.tokens.refreshed
    cloud.disk.write("large.bin", content)
    cloud.meet(core, {"large.bin": content}, units=4 * REACTION)
    assert cloud.server.tokens.refreshed > before
    cloud.server.tokens.expire()
    cloud.server.account.write("/Onitu/later.txt", b"later")
    cloud.meet(core, {"large.bin": content, "later.txt": b"later"})


def test_a_cursor_is_reset(cloud: Cloud) -> None:
    """D8, F6: everything is listed anew, and what happened meanwhile is found: new files, and those that are gone."""
    for name in ("stays", "goes"):
        cloud.disk.write(f"{name}.txt", name.encode())
    core = cloud.start()
    cloud.meet(core, {"stays.txt": b"stays", "goes.txt": b"goes"})
    with cloud.server.account.changed:
        cloud.visitor.delete("goes.txt")
        cloud.visitor.write("comes.txt", b"comes")
        cloud.server.routes.cursors.expire()
    cloud.meet(core, {"stays.txt": b"stays", "comes.txt": b"comes"})


def test_a_storm_of_limits(cloud: Cloud) -> None:
    """D8, F6: whatever is asked for is refused as too much for a while; then all of it arrives."""
    expected = {f"{number}.txt": b"content %d" % number for number in range(30)}
    core = cloud.start()
    cloud.server.faults.add(Fault("status", 429, retry_after=1), times=10)
    cloud.server.faults.add(Fault("busy", retry_after=1), times=10)
    for path, content in expected.items():
        cloud.disk.write(path, content)
    cloud.visitor.write("theirs.txt", b"theirs")
    cloud.meet(core, {**expected, "theirs.txt": b"theirs"})


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Fault("unheard"), Fault("lost"), Fault("cut", at=7)], ids=lambda fault: fault.what)
def test_each_request_of_an_upload_breaks_off(cloud: Cloud, fault: Fault) -> None:
    """D8, F6: whether or not it was done, the file is there in the end, whole, once."""
    core = cloud.start()
    expected = {}
    for number, route in enumerate(UPLOAD):
        for skip in (0, 1) if route.endswith("append_v2") else (0,):
            cloud.server.faults.add(fault, route, skip=skip)
            name = f"{number} {skip}.bin"
            expected[name] = os.urandom(9 * MEBIBYTE)
            cloud.disk.write(name, expected[name])
            cloud.meet(core, expected, units=4 * REACTION)
    cloud.server.faults.add(fault, "files/upload")
    expected["small"] = b"small"
    cloud.disk.write("small", b"small")
    cloud.meet(core, expected)
    assert not core.log.named("conflict_found")


def test_changes_are_told_twice(cloud: Cloud) -> None:
    """D8, F6: what was told already changes nothing."""
    cloud.server.routes.cursors.twice = True
    core = cloud.start()
    expected: dict[str, bytes] = {}
    for number in range(20):
        cloud.visitor.write(f"{number}.txt", b"first %d" % number)
        cloud.disk.write(f"here {number}.txt", b"here %d" % number)
        expected |= {f"{number}.txt": b"first %d" % number, f"here {number}.txt": b"here %d" % number}
    cloud.meet(core, expected)
    for number in range(10):
        cloud.disk.write(f"{number}.txt", b"second %d" % number)
        expected[f"{number}.txt"] = b"second %d" % number
        cloud.visitor.delete(f"here {number}.txt")
        del expected[f"here {number}.txt"]
    cloud.meet(core, expected)
    assert not core.log.named("conflict_found")


def test_a_batch_is_done_in_part(cloud: Cloud) -> None:
    """D8, F6: what was refused of a batch, of commits or of deletions, is done with the next; the rest is done once."""
    core = cloud.start()
    cloud.server.routes.busy_entries = 25
    expected = {f"{number}.txt": b"content %d" % number for number in range(60)}
    for path, content in expected.items():
        cloud.disk.write(path, content)
    cloud.meet(core, expected)
    cloud.server.routes.busy_entries = 10
    for number in range(30):
        cloud.disk.delete(f"{number}.txt")
        del expected[f"{number}.txt"]
    cloud.meet(core, expected)
    revisions = {path: len(cloud.server.account.revisions(f"/Onitu/{path}")[0]) for path in expected}
    assert set(revisions.values()) == {1}, "something was written twice"


@pytest.mark.slow
def test_faults_at_random(cloud: Cloud) -> None:
    """D8, F6: one request in twenty goes wrong somehow, while people work on both sides: nothing is lost."""
    core = cloud.start()
    cloud.server.faults.at_random(0.05, seed=1)
    here, there = People(cloud.disk, "here", 1), People(_Working(cloud), "there", 2)  # type: ignore[arg-type]
    for _ in range(3):
        here.work(files=20)
        there.work(files=20)
    expected = {**here.expected, **there.expected}

    def held() -> bool:
        trees = (cloud.disk.tree(), cloud.visitor.tree())
        return all(
            {path: entry.digest for path, entry in tree.items() if entry.kind == "file"} == expected for tree in trees
        )

    core.wait_until(held, "both hold everything", units=6 * REACTION)
    assert not core.log.named("conflict_found")


@attrs.define
class _Working:
    """People in the folder there, as those who work on a target."""

    cloud: Cloud

    def write(self, path: str, content: bytes) -> None:
        self.cloud.visitor.write(path, content)

    def move(self, path: str, destination: str) -> None:
        self.cloud.visitor.move(path, destination)

    def delete(self, path: str) -> None:
        self.cloud.visitor.delete(path)
