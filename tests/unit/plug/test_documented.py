"""The chapter about drivers in Python: every block of code in it is run (CONTRACT D)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from onitu.plug.handlers import HANDLERS
from onitu.plug.values import Metadata
from tests.chapter import CHAPTER, unpack

ROOT = Path(__file__).parent.parent.parent.parent


@pytest.mark.slow
def test_driver_of_the_chapter_passes_its_tests(tmp_path: Path) -> None:
    """D1-D3, D10: a driver with a listing alone, and tests of its handlers without processes."""
    unpack(tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", str(tmp_path)]
    ended = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "2 passed" in ended.stdout


@pytest.mark.slow
def test_driver_of_the_chapter_has_types(tmp_path: Path) -> None:
    """D3: `mypy --strict` knows the SDK (PEP 561) and accepts a small driver; it finds a slip in another."""
    unpack(tmp_path)
    slip = "from onitu.api import Plug\n\nplug = Plug()\nplug.get_metadata(1)\nplug.declare(colour=True)\n"
    (tmp_path / "onitu_slip.py").write_text(slip)
    options = [
        "--strict",
        "--follow-imports=silent",
        "--config-file=",
        f"--cache-dir={ROOT / '.mypy_cache/documented'}",
    ]
    command = [sys.executable, "-m", "mypy", *options, "onitu_shelf", "test_shelf.py", "onitu_slip.py"]
    ended = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=110)
    wrong = [line for line in ended.stdout.splitlines() if "error:" in line]
    assert len(wrong) == 2, ended.stdout + ended.stderr
    assert all(line.startswith("onitu_slip.py") for line in wrong)
    assert 'Argument 1 to "get_metadata"' in wrong[0]
    assert "colour" in wrong[1]


@pytest.mark.parametrize("code", re.findall(r"^```python run\n(.*?)^```$", CHAPTER, re.MULTILINE | re.DOTALL))
def test_examples_run(code: str) -> None:
    """D4, D5, D10: reports, lookups and coroutines work as the chapter shows."""
    exec(compile(code, "docs/drivers-python.md", "exec"), {"__name__": "example"})  # noqa: S102  It is our own text.


def test_every_block_of_python_is_run() -> None:
    """No example stands in the chapter that nobody runs."""
    assert set(re.findall(r"^```(python.*)$", CHAPTER, re.MULTILINE)) == {
        "python file=onitu_shelf/__init__.py",
        "python file=onitu_shelf/driver.py",
        "python kit",  # By tests/functional/conformance.
        "python file=test_shelf.py",
        "python run",
    }


@pytest.mark.parametrize("task", sorted(HANDLERS))
def test_every_handler_is_explained(task: str) -> None:
    """D4, D7: what each handler promises stands in the chapter."""
    assert re.search(rf"`{task}\(", CHAPTER)


@pytest.mark.parametrize(
    "name",
    ["filename", "path", "folder", "size", "revision", "fid", "mimetype", "mtime", "owners", "uptodate", "extra"],
)
def test_every_attribute_of_metadata_is_explained(name: str) -> None:
    """D5: `Metadata` has what is promised, and the chapter says what it means."""
    assert hasattr(Metadata("a", "f"), name)
    assert f"`{name}`" in CHAPTER
