"""What goes wrong at Drive is survived, and nothing is lost or there twice."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from tests.functional.google_drive.conftest import Pair
from tests.functional.processes import EVERYTHING
from tests.functional.servers.google_drive.faults import (
    Fault,
    broken,
    rate_limited,
    stale_token,
    user_rate_limited,
)
from tests.functional.servers.google_drive.oauth import REFRESH, TOKEN

LARGE = 18 * 1024 * 1024
"""Two blocks and an end, each a request of a session."""

FILES = 1_000 if EVERYTHING else 150


def test_a_token_ends_in_mid_upload(pair: Pair) -> None:
    """An upload goes on with another token, at the byte where it was; no token is ever logged."""
    core = pair.begin()
    for skip in range(3):
        pair.fake.faults.plan(Fault("upload.put", meanwhile=pair.fake.accounts.expire, skip=skip))
    content = os.urandom(LARGE)
    pair.disk.write("large.bin", content)
    pair.meet(core, {"large.bin": content})
    refused = [one for one in pair.fake.faults.asked if one.status == 401]
    assert refused
    assert pair.fake.faults.count("upload.begin") == 1
    assert not core.log.named("transfer_failed")
    core.stop()
    text = core.log.path.read_text()
    assert TOKEN not in text
    assert REFRESH not in text


def test_a_sign_in_that_was_taken_away_fails_the_service(pair: Pair) -> None:
    """E15: the service says that somebody must sign in, and the rest goes on."""
    core = pair.begin()
    pair.fake.accounts.revoke()
    pair.disk.write("file.txt", b"x")
    core.wait_until(lambda: "nobody has signed in" in core.log.path.read_text(), "it is said what to do", units=60)


def test_a_stale_place_in_the_log_misses_nothing(pair: Pair) -> None:
    """Where Drive does not know the place any more everything is listed, and nothing that happened is missed."""
    for name in ("stays", "goes", "changes"):
        pair.people.write(name, b"first")
    core = pair.begin()
    pair.meet(core, dict.fromkeys(("stays", "goes", "changes"), b"first"))

    def meanwhile() -> None:
        with pair.fake.content.mutex:
            pair.people.delete("goes")
            pair.people.write("changes", b"second")
            pair.people.write("new", b"new")

    pair.fake.faults.plan(Fault("drive.changes.list", refusal=stale_token(), meanwhile=meanwhile))
    pair.meet(core, {"stays": b"first", "changes": b"second", "new": b"new"})


def test_a_storm_of_refusals_passes(pair: Pair) -> None:
    """429, 403 and 500, many in a row: everything arrives."""
    pair.people.write("there.txt", b"there")
    core = pair.begin()
    for refusal in (rate_limited("0"), user_rate_limited(), broken()):
        pair.fake.faults.plan(Fault("", refusal=refusal, times=8))
    for number in range(10):
        pair.disk.write(f"{number}.txt", b"%d" % number)
    pair.people.write("later.txt", b"later")
    expected = {f"{number}.txt": b"%d" % number for number in range(10)}
    pair.meet(core, {**expected, "there.txt": b"there", "later.txt": b"later"})


@pytest.mark.parametrize("where", [{"request": 300_000}, {"answer": 0}], ids=str)
def test_the_connection_breaks_at_every_request_of_a_session(pair: Pair, where: dict[str, Any]) -> None:
    """An upload goes on where Drive says it broke off, or is whole already; it is there once."""
    core = pair.begin()
    expected = {}
    for number in range(4):
        content = os.urandom(LARGE)
        pair.fake.faults.plan(Fault("upload.", skip=number, **where))
        pair.disk.write(f"{number}.bin", content)
        expected[f"{number}.bin"] = content
        pair.meet(core, expected)
    inside = [file.name for file in pair.fake.content.children(pair.people.get("").id)]
    assert sorted(inside) == sorted(expected), "nothing is there twice, not even in the trash"
    assert all(len(pair.people.get(name).revisions) == 1 for name in expected)


def test_what_is_delivered_twice_is_there_once(pair: Pair) -> None:
    """Answers to writes are lost, changes are told twice: there is one of each, and no conflict."""
    core = pair.begin()
    for name in ("upload.multipart", "drive.files.create", "drive.files.update", "drive.changes.list"):
        pair.fake.faults.plan(Fault(name, answer=0, times=3))
    for number in range(6):
        pair.disk.write(f"d{number}/{number}.txt", b"%d" % number)
        pair.people.write(f"far {number}", b"%d" % number)
    expected = {f"d{number}/{number}.txt": b"%d" % number for number in range(6)}
    expected |= {f"far {number}": b"%d" % number for number in range(6)}
    pair.meet(core, expected)
    pair.disk.move("d0/0.txt", "moved.txt")
    pair.disk.write("d1/1.txt", b"changed")
    expected["moved.txt"] = expected.pop("d0/0.txt")
    expected["d1/1.txt"] = b"changed"
    pair.meet(core, expected)
    assert not core.log.named("conflict_found")
    root = pair.people.get("").id
    names = [file.name for file in pair.fake.content.files.values() if pair.fake.content.is_below(file.id, root)]
    assert len(names) == len(set(names)), sorted(names)


@pytest.mark.slow
def test_a_mixed_workload_with_faults_by_chance_ends_equal(pair: Pair) -> None:
    """P9: people on both sides make, change, rename and delete; one request of twenty goes wrong."""
    core = pair.begin()
    chance = random.Random(8)
    pair.fake.faults.rate = 0.05
    expected: dict[str, bytes] = {}
    for number in range(FILES):
        side = chance.choice((pair.disk, pair.far))
        path = f"{side.name}/{chance.randrange(5)}/{number} é.txt"
        expected[path] = f"{number} ".encode() * chance.randrange(1, 3_000)
        side.write(path, expected[path])
    pair.meet(core, expected)
    for path in chance.sample(sorted(expected), FILES // 3):
        side = pair.disk if path.startswith("disk") else pair.far
        match chance.randrange(3):
            case 0:
                expected[path] += b"more"
                side.write(path, expected[path])
            case 1:
                side.move(path, f"{side.name}/moved/{path.rpartition('/')[2]}")
                expected[f"{side.name}/moved/{path.rpartition('/')[2]}"] = expected.pop(path)
            case _:
                side.delete(path)
                del expected[path]
    pair.meet(core, expected)
    pair.fake.faults.rate = 0.0
    assert not core.log.named("conflict_found")
