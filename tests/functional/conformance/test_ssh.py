"""The driver `ssh` keeps the contract with logins that have less than a shell (CONTRACT F5, W1)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from onitu.conformance import CHECKS, Check, Kit
from tests.functional.processes import EVERYTHING
from tests.functional.sshd import Setup, Sshd, missing
from tests.functional.targets.ssh import conformance_target

GROUPS = {"write", "delete", "move", "preconditions"} if EVERYTHING else {"preconditions"}
"""What is about files and permissions there; the rest is the same whoever logs in, and `test_drivers` shows it."""

LONG = {"whole_files_arrive_as_they_are", "parts_of_any_size_are_joined"}

CHOSEN = [check for check in CHECKS if check.group in GROUPS and check.name not in LONG]


@pytest.fixture(scope="module", params=["sftp-only", "password"])
def kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    """The kit for one kind of login, with a fresh service; its path is short, for sockets."""
    setup: Setup = request.param
    if (reason := missing(setup)) is not None:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="onitu-") as place:
        server = Sshd(Path(place) / "sshd", Path(place) / "there", setup)
        try:
            with Kit(conformance_target(server)) as made:
                yield made
        finally:
            server.stop()


@pytest.mark.parametrize("check", CHOSEN, ids=str)
def test_driver_keeps_the_contract(kit: Kit, check: Check) -> None:
    """F5, W1: one promise of the contract."""
    kit.run(check)
