"""One folder on a disk, in Dropbox and in Google Drive, both of which fail again and again: it stays equal."""

from __future__ import annotations

import pytest

from tests.functional.harness import FOLDER, Setups
from tests.functional.people import People, meet
from tests.functional.processes import EVERYTHING, START
from tests.functional.servers.google_drive.server import serving
from tests.functional.servers.proxy import Proxy
from tests.functional.targets import Target
from tests.functional.targets.dropbox import DropboxTarget
from tests.functional.targets.google_drive import GoogleDrive, Served
from tests.functional.targets.local_storage import LocalStorage

FILES = 64 if EVERYTHING else 12
"""That each makes each time, beside what is changed, renamed and deleted: some 1,000 in all, or 200."""

ROUNDS = 5

RATE = 0.05
"""Of all requests to either service goes wrong somehow."""

UNITS = 900 if EVERYTHING else 240
"""For everything to be everywhere."""


@pytest.mark.slow
@pytest.mark.timeout(3600 if EVERYTHING else 600)
def test_a_disk_and_two_clouds_hold_the_same_though_both_fail(new_setup: Setups) -> None:
    """M5, F6, D8: people work at all three while one request in twenty goes wrong: nothing is lost or twice."""
    onitu = new_setup()
    with serving() as fake:
        proxy = Proxy(fake.port)
        onitu.closing.callback(proxy.cut)
        disk, dropbox = LocalStorage(onitu, "disk"), DropboxTarget(onitu, "dropbox")
        drive = GoogleDrive(onitu, "drive", at=Served(fake, proxy))
        onitu.closing.callback(dropbox.server.faults.clear)
        targets: list[Target] = [disk, dropbox, drive]
        people = [People(target, target.name, seed) for seed, target in enumerate(targets)]
        onitu.folders[FOLDER] = {"max-delete": {"percent": 100}}  # Just as many are deleted as may be.
        core = onitu.start()
        core.wait_for("settled", units=START + drive.reaction)
        dropbox.server.faults.at_random(RATE, seed=1)
        fake.faults.rate = RATE
        for _ in range(ROUNDS):
            for one in people:
                one.work(files=FILES)
        meet(core, targets, people, units=UNITS)
        assert not core.log.named("conflict_found")
