"""Puts the driver through Onitu's conformance kit."""

from collections.abc import Iterator

import pytest

from onitu.conformance import CHECKS, Check, Kit, Target


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    """The kit, with a directory to work in."""
    root = tmp_path_factory.mktemp("root")
    with Kit(Target.installed("shelf", options={"root": str(root)})) as made:
        yield made


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_driver_keeps_the_contract(kit: Kit, check: Check) -> None:
    """One promise of the contract, where the driver declares what it is about."""
    kit.run(check)
