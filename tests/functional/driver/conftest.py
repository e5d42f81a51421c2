"""Fixtures of the driver tests."""

from __future__ import annotations

import pytest

from tests.functional.driver.pairs import Pair, Way
from tests.functional.harness import Setups
from tests.functional.targets import target_class, tested_driver


def pytest_report_header() -> str:
    """Says which driver is tested, and what it says it cannot do."""
    unable = target_class(tested_driver()).unable
    lines = [f"driver under test: {tested_driver()}", *(f"not that {key.value}: {why}" for key, why in unable.items())]
    return "; ".join(lines)


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
