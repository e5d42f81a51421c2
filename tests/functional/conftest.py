"""Fixtures of the functional tests."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.functional import foreign
from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.provider import Provider, providing
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


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Somebody to sign in at."""
    with providing() as found:
        yield found


@pytest.fixture
def guarded(new_setup: Setups, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: Provider) -> Onitu:
    """A disk, and a service that nobody has signed in to."""
    foreign.install(tmp_path, monkeypatch)
    onitu = new_setup("laptop")
    onitu.services["cloud"] = {"driver": "guarded", "provider": provider.address, "folders": {FOLDER: "."}}
    return onitu


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
