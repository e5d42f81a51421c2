"""The drivers of this repository keep the driver contract: each by itself, over gRPC (CONTRACT D, F5, W)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from onitu.conformance import CHECKS, Check, Kit
from tests.functional.targets import driver_under_test, target_class

HERE = sorted(path.name for path in (Path(__file__).parents[3] / "drivers").iterdir())
DRIVERS = [driver_under_test()] if os.environ.get("ONITU_TEST_DRIVER") else HERE


@pytest.fixture(scope="module", params=DRIVERS)
def kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    """The kit for one driver, with a fresh service; its path is short, for sockets."""
    with (
        tempfile.TemporaryDirectory(prefix="onitu-") as place,
        Kit(target_class(request.param).conformance(Path(place))) as made,
    ):
        yield made


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_driver_keeps_the_contract(kit: Kit, check: Check) -> None:
    """D7, F5, F8, M1, W1, W4: one promise of the contract, where the driver declares what it is about."""
    kit.run(check)
