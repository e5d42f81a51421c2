"""Installs drivers for the processes that a test starts, without touching the environment, and adds their services."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.chapter import unpack
from tests.functional.harness import FOLDER, Onitu
from tests.functional.processes import Core

PACKAGES = Path(__file__).parent / "drivers"
NAMES = {
    "shape01": "onitu_shape01",
    "shape01_creating": "onitu_shape01_creating",
    "shelf": "onitu_shelf",
    "guarded": "onitu_guarded",
}


def install(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes drivers known to every process started from now on: the 0.1 shape, and that of docs/drivers-python.md.

    Args:
        directory: Where they are put; it goes on the path.
        monkeypatch: Of the test.
    """
    site = directory / "site"
    site.mkdir()
    unpack(site)
    for package in PACKAGES.glob("onitu_*"):
        shutil.copytree(package, site / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    information = site / "onitu_of_a_test-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: onitu-of-a-test\nVersion: 1\n")
    entries = "".join(f"{name} = {package}\n" for name, package in NAMES.items())
    (information / "entry_points.txt").write_text(f"[onitu.drivers]\n{entries}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep))


def add(onitu: Onitu, name: str, driver: str, mode: str = "rw", **options: object) -> Path:
    """Adds a service of such a driver and returns its root.

    Args:
        onitu: The setup.
        name: Name of the service.
        driver: One of `NAMES`.
        mode: CONTRACT B7.
        options: Further keys of the service.
    """
    root = onitu[name]
    root.mkdir(parents=True)
    onitu.add(name, driver=driver, root=str(root), folders={FOLDER: {"path": ".", "mode": mode}}, **options)
    return root


def rest(core: Core) -> None:
    """Waits until the core has settled after the last transfer that it told of.

    Args:
        core: The running core.
    """

    def rests() -> bool:
        names = [event.get("event") for event in core.log.events]
        told = [name for name in names if name in {"settled", "transfer_finished"}]
        return told[-1:] == ["settled"]

    core.wait_until(rests, "the core rests")
