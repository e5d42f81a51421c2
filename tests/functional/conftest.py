"""Fixtures of the functional tests."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.functional.harness import Setups
from tests.functional.shim import compile_shim


@pytest.fixture
def new_setup(tmp_path: Path) -> Iterator[Setups]:
    """Makes setups that end with the test."""
    setups = Setups(tmp_path)
    yield setups
    setups.close()


@pytest.fixture(scope="module")
def new_shared_setup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setups]:
    """Makes setups that the tests of a module share: starting a core takes longer than most tests."""
    setups = Setups(tmp_path_factory.mktemp("shared"))
    yield setups
    setups.close()


@pytest.fixture(scope="session")
def shim_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiles what lets disks and clocks fail. Needs a C compiler; `just test` installs one where it may."""
    return compile_shim(tmp_path_factory.mktemp("shim"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows the end of every log beside a failure."""
    report = yield
    if report.failed and call.when == "call":
        for value in getattr(item, "funcargs", {}).values():
            for log in getattr(value, "logs", ()):
                report.sections.append((f"end of {log.path.name}", log.tail()))
    return report
