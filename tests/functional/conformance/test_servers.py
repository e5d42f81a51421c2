"""Drivers at other servers than the one that all checks run against: those that are careless, or know less."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from onitu import conformance
from onitu.conformance import CHECKS, Check, Kit
from tests.functional.servers.s3 import careless
from tests.functional.targets.s3 import target_at

#: What a server has a say in, most of all.
GROUPS = ("preconditions", "write", "delete", "move")

SERVERS: dict[str, Callable[[], conformance.Target]] = {
    "s3 at rclone": lambda: target_at(careless(), "rclone"),
}


@pytest.fixture(scope="module", params=SERVERS)
def kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    """The kit for a driver at one server."""
    with Kit(SERVERS[request.param]()) as made:
        yield made


@pytest.mark.parametrize("check", [check for check in CHECKS if check.group in GROUPS], ids=str)
def test_driver_keeps_the_contract_there(kit: Kit, check: Check) -> None:
    """F5, F8: one promise of the contract, where the driver declares it of this server."""
    kit.run(check)
