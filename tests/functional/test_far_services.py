"""Services behind a network: what people do there and here meets, though the server dies on the way."""

from __future__ import annotations

from typing import Protocol, cast

import pytest

from tests.functional.harness import FOLDER, Setups
from tests.functional.people import People
from tests.functional.processes import EVERYTHING, START
from tests.functional.servers.program import Server
from tests.functional.targets import Target, target_class
from tests.functional.targets.local_storage import LocalStorage

FAR = ("s3", "webdav", "ftp") if EVERYTHING else ("webdav",)
ROUNDS = 4


class FarTarget(Protocol):
    """A target whose server a test may kill."""

    @property
    def server(self) -> Server:
        """The server."""


@pytest.mark.slow
@pytest.mark.parametrize("driver", FAR)
def test_nothing_is_lost_when_the_server_dies_on_the_way(new_setup: Setups, driver: str) -> None:
    """F6, P9: a mixed workload on both sides, the server killed and started again: both hold all of it, and no more."""
    onitu = new_setup()
    disk, far = LocalStorage(onitu, "disk"), target_class(driver)(onitu, "far")
    server = cast("FarTarget", far).server
    onitu.folders[FOLDER] = {"max-delete": {"percent": 100}}  # Just as many are deleted as may be.
    here, there = People(disk, "here", 1), People(far, "there", 2)
    core = onitu.start()
    core.wait_for("settled", units=START + far.reaction)
    for number in range(ROUNDS):
        here.work(files=20)
        there.work(files=20)
        if number == 1:
            here.write_large()
            # All of it is on its way, or about to be.
            server.kill()
            here.work(files=20)
            server.start()
    expected = {**here.expected, **there.expected}

    def held(target: Target) -> dict[str, str]:
        return {path: entry.digest for path, entry in target.tree().items() if entry.kind == "file"}

    core.wait_until(lambda: held(disk) == expected == held(far), "both hold everything", units=4 * far.reaction)
    assert not core.log.named("conflict_found")
