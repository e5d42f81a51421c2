"""One folder on a disk, a server, a bucket, two kinds of web space and a remote of rclone: it stays equal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest

from tests.functional.harness import FOLDER, Setups
from tests.functional.people import People, meet
from tests.functional.processes import EVERYTHING, START, Core
from tests.functional.targets import Target
from tests.functional.targets.ftp import Ftp
from tests.functional.targets.local_storage import LocalStorage
from tests.functional.targets.rclone import Rclone
from tests.functional.targets.s3 import S3
from tests.functional.targets.ssh import Ssh
from tests.functional.targets.webdav import WebDav

FILES = 24 if EVERYTHING else 5
"""That each makes each time, beside what is changed, renamed and deleted: some 1,000 in all, or 200."""

ROUNDS = 5
"""In each of them another server is away for a while."""

UNITS = 600 if EVERYTHING else 120
"""For everything to be everywhere."""


@pytest.mark.slow
@pytest.mark.timeout(3600 if EVERYTHING else 600)
def test_six_services_hold_the_same_though_their_servers_die(new_setup: Setups) -> None:
    """F6, P9: people work at six services while one server after the other dies and comes back: nothing is lost."""
    onitu = new_setup()
    disk, ssh, s3 = LocalStorage(onitu, "disk"), Ssh(onitu, "server"), S3(onitu, "bucket")
    webdav, ftp, rclone = WebDav(onitu, "cloud"), Ftp(onitu, "webspace"), Rclone(onitu, "remote")
    targets: list[Target] = [disk, ssh, webdav, ftp, rclone, s3]
    people = [People(target, target.name, seed) for seed, target in enumerate(targets)]
    onitu.folders[FOLDER] = {"max-delete": {"percent": 100}}  # Just as many are deleted as may be.
    core = onitu.start()
    core.wait_for("settled", units=START + s3.reaction)
    outages: list[tuple[Target, Callable[[], object], Callable[[], object]]] = [
        (ssh, ssh.server.stop, ssh.server.start),
        (s3, s3.server.kill, s3.server.start),
        (webdav, webdav.server.kill, webdav.server.start),
        (ftp, ftp.server.kill, ftp.server.start),
        # The driver starts it again by itself.
        (rclone, lambda: _kill_rclone(core), lambda: None),
    ]
    for number, (away, kill, start) in enumerate(outages):
        if number == 1:
            people[0].write_large()
        for one in people:
            one.work(files=FILES)
        kill()  # Some of it is on its way, or about to be.
        for one in people[number % 2 :: 2]:
            if one.target is not away:
                one.work(files=FILES)
        start()
        if number == ROUNDS // 2:
            # Everybody goes on at the next service, with what came there.
            meet(core, targets, people, units=UNITS)
            # Until Onitu knows what became of all that it has sent, an edit of that is a conflict.
            core.wait_until(lambda: core.log.events[-1].get("event") == "settled", "nothing is in doubt", units=UNITS)
            for one, target in zip(people, [*targets[1:], targets[0]], strict=True):
                one.target = target
    meet(core, targets, people, units=UNITS)
    assert not core.log.named("conflict_found")


def _kill_rclone(core: Core) -> None:
    for process in psutil.Process(core.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.name() == "rclone":
                process.kill()
