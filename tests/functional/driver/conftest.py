"""Fixtures of the driver tests."""

from __future__ import annotations

import pytest

from tests.functional.driver.pairs import Pair, Way
from tests.functional.harness import Setups
from tests.functional.targets import driver_under_test, target_class


def pytest_configure() -> None:
    """Refuses a driver without a target before anything is collected."""
    try:
        target_class(driver_under_test())
    except LookupError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_report_header() -> list[str]:
    """Says which driver is tested, and what it says it cannot do."""
    unable = target_class(driver_under_test()).unable
    lines = [f"not that {ability.value}: {reason}" for ability, reason in unable.items()]
    return [f"driver under test: {driver_under_test()}", *lines]


@pytest.fixture
def pair(new_setup: Setups) -> Pair:
    """Makes a disk and a service of the driver under test, not running."""
    return Pair.make(new_setup)


@pytest.fixture(scope="module")
def live(new_shared_setup: Setups) -> Pair:
    """Makes a running pair that all tests of a module share, each in a directory of its own."""
    shared = Pair.make(new_shared_setup)
    for number in range(40):
        # So that what tests delete is no mass deletion.
        shared.disk.write(f"ballast/{number}.txt", b"ballast %d" % number)
    shared.serve()
    return shared


@pytest.fixture(params=["from", "to"])
def way(request: pytest.FixtureRequest, live: Pair) -> Way:
    """Names where something is done and where it must be seen: from the driver under test, and to it."""
    return live.way(request.param)


@pytest.fixture
def place(request: pytest.FixtureRequest) -> str:
    """Names the directory of a test, below the root of every service."""
    return "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[:120]
