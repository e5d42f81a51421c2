"""Which driver the driver tests run against, and how a driver from elsewhere joins them (CONTRACT F5, F8)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from tests.functional.processes import RUN, UNIT
from tests.functional.targets import ENTRY_POINTS, Target, driver_under_test, target_class

REPOSITORY = Path(__file__).parents[2]
SUITE = "tests/functional/driver"
REGISTERED = f"""\
[onitu.drivers]
elsewhere = onitu_elsewhere

[{ENTRY_POINTS}]
elsewhere = onitu_elsewhere.testing:Elsewhere
"""
TARGET = """\
from tests.functional.targets.memory import Memory


class Elsewhere(Memory):
    driver = "elsewhere"
"""


def run_suite(driver: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs pytest as a driver author does, without `just`."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "ONITU_TEST_DRIVER": driver, **environment},
        capture_output=True,
        text=True,
        timeout=RUN * UNIT,
        check=False,
    )


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Installs a driver that is no part of this repository: the one in memory under another name, with its target."""
    package = tmp_path / "onitu_elsewhere"
    package.mkdir()
    (package / "__init__.py").write_text("from onitu_memory import plug, start\n\n__all__ = ['plug', 'start']\n")
    (package / "testing.py").write_text(TARGET)
    manifest = json.loads(files("onitu_memory").joinpath("manifest.json").read_text("utf-8"))
    (package / "manifest.json").write_text(json.dumps({**manifest, "name": "elsewhere"}))
    metadata = tmp_path / "onitu_elsewhere-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: onitu-elsewhere\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(REGISTERED)
    return tmp_path


def test_a_driver_from_elsewhere_runs_the_driver_tests(elsewhere: Path) -> None:
    """F5, F8: a package registers its driver and its target; then the tests run for it, in a plain pytest."""
    names = "test_a_file_of_any_size and 4096 or test_move_a_file or test_three_services"
    run = run_suite("elsewhere", SUITE, "-k", names, PYTHONPATH=str(elsewhere))

    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout
    assert "driver under test: elsewhere" in run.stdout


def test_a_driver_without_a_target_is_named() -> None:
    """F5: who asks for a driver that nobody has written a target for is told what to write."""
    run = run_suite("carrier_pigeon", SUITE, "--collect-only")

    assert run.returncode != 0
    assert "tests/functional/targets/carrier_pigeon.py" in run.stdout + run.stderr


def test_the_default_is_the_driver_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """F5: without `ONITU_TEST_DRIVER`, or with an empty one."""
    for value in (None, ""):
        monkeypatch.delenv("ONITU_TEST_DRIVER", raising=False)
        if value is not None:
            monkeypatch.setenv("ONITU_TEST_DRIVER", value)

        assert driver_under_test() == "memory"


@pytest.mark.parametrize("path", sorted(REPOSITORY.glob("drivers/*/pyproject.toml")), ids=lambda path: path.parent.name)
def test_every_driver_here_has_a_target(path: Path) -> None:
    """F5, F8: and CI runs the driver tests for each."""
    driver = path.parent.name

    assert issubclass(target_class(driver), Target)
    assert driver in (REPOSITORY / ".ci/run").read_text().split("drivers=(")[1].split(")")[0].split()


def test_everything_is_collected_without_just() -> None:
    """F8: in a prepared environment `pytest tests/` finds all tests, the driver tests among them."""
    run = run_suite("", "-q", "--collect-only", "tests/")

    assert run.returncode == 0, run.stdout[-2_000:]
    for place in ("tests/unit/", "tests/property/", f"{SUITE}/"):
        assert f"\n{place}" in f"\n{run.stdout}"
