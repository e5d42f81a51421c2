"""The drivers of this repository keep the driver contract: each by itself, over gRPC (CONTRACT D, F5, W)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from onitu.conformance import CHECKS, Check, Kit
from tests.functional.processes import EVERYTHING
from tests.functional.targets import driver_under_test, target_class

HERE = sorted(path.name for path in (Path(__file__).parents[3] / "drivers").iterdir())
ASKED = os.environ.get("ONITU_TEST_DRIVER")

NEAR = [driver_under_test()] if ASKED else ["local_storage", "memory"]
"""Drivers that are put through all checks in every run of the tests."""

FAR = [] if ASKED else [driver for driver in HERE if driver not in NEAR]
GROUPS = ("preconditions",)
"""What the others are put through then: with a server of their own they are slow. `just kit NAME` does all."""

CHOSEN = [check for check in CHECKS if EVERYTHING or check.group in GROUPS]


@contextmanager
def _kit(driver: str) -> Iterator[Kit]:
    """A kit with a fresh service; its path is short, for sockets."""
    with (
        tempfile.TemporaryDirectory(prefix="onitu-") as place,
        Kit(target_class(driver).conformance(Path(place))) as made,
    ):
        yield made


@pytest.fixture(scope="module", params=NEAR)
def kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    """The kit for one driver."""
    with _kit(request.param) as made:
        yield made


@pytest.fixture(scope="module", params=FAR)
def far_kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    """The kit for a driver of a service that is far away."""
    with _kit(request.param) as made:
        yield made


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_driver_keeps_the_contract(kit: Kit, check: Check) -> None:
    """D7, F5, F8, M1, W1, W4: one promise of the contract, where the driver declares what it is about."""
    kit.run(check)


@pytest.mark.parametrize("check", CHOSEN, ids=str)
def test_far_driver_keeps_the_contract(far_kit: Kit, check: Check) -> None:
    """D7, F5, F8, M1, W1, W4: one promise of the contract, where the driver declares what it is about."""
    far_kit.run(check)
