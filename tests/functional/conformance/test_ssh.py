"""The driver `ssh` keeps the contract with logins that have less than a shell (CONTRACT F5, W1)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from onitu.conformance import CHECKS, Check, Kit
from onitu.conformance.wire import Refusal
from tests.functional.processes import EVERYTHING
from tests.functional.sshd import Setup, Sshd, missing
from tests.functional.targets.ssh import conformance_target

CHOSEN = [check for check in CHECKS if EVERYTHING or check.group == "preconditions"]
"""By themselves those that are about files and permissions there; the rest is the same whoever logs in."""

CHANGED = CHOSEN[len(CHOSEN) // 2]
"""The check before which the key of the server changes that takes a password."""


@attrs.frozen
class Service:
    """A fresh service, and the kit for it."""

    kit: Kit
    server: Sshd

    def change_key(self) -> None:
        """Gives the server another key: nothing is done there until that is the one that is known."""
        self.server.change_key()
        with pytest.raises(Refusal, match="another host key"):
            self.kit.run(CHANGED)
        self.server.trust()


@pytest.fixture(scope="module", params=["sftp-only", "password"])
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """A service of one kind of login; its path is short, for sockets."""
    setup: Setup = request.param
    if (reason := missing(setup)) is not None:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="onitu-") as place:
        server = Sshd(Path(place) / "sshd", Path(place) / "there", setup)
        try:
            with Kit(conformance_target(server)) as kit:
                yield Service(kit, server)
        finally:
            server.stop()


@pytest.mark.parametrize("check", CHOSEN, ids=str)
def test_driver_keeps_the_contract(service: Service, check: Check) -> None:
    """F5, W1: one promise of the contract. In the middle the server that takes a password gets another key."""
    if service.server.setup == "password" and check is CHANGED:
        service.change_key()
    service.kit.run(check)
