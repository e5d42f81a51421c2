"""Installs the drivers of the 0.1 shape for the processes that a test starts, without touching the environment."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.functional.harness import FOLDER, Onitu

PACKAGES = Path(__file__).parent / "drivers"
NAMES = {"shape01": "onitu_shape01", "shape01_creating": "onitu_shape01_creating"}


def install(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the drivers known to every process that is started from now on.

    Args:
        directory: Where they are put; it goes on the path.
        monkeypatch: Of the test.
    """
    site = directory / "site"
    for package in NAMES.values():
        shutil.copytree(PACKAGES / package, site / package, ignore=shutil.ignore_patterns("__pycache__"))
    information = site / "onitu_shape01-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: onitu-shape01\nVersion: 1\n")
    entries = "".join(f"{name} = {package}\n" for name, package in NAMES.items())
    (information / "entry_points.txt").write_text(f"[onitu.drivers]\n{entries}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep))


def add(onitu: Onitu, name: str, driver: str, mode: str = "rw") -> Path:
    """Adds a service of such a driver and returns its root.

    Args:
        onitu: The setup.
        name: Name of the service.
        driver: One of `NAMES`.
        mode: CONTRACT B7.
    """
    root = onitu[name]
    root.mkdir(parents=True)
    onitu.add(name, driver=driver, root=str(root), folders={FOLDER: {"path": ".", "mode": mode}})
    return root
