"""Faulty setups, one fault each and some with many, and what `onitu check` says of each (CONTRACT B1, B16).

`faulty/NAME.yaml` (or `.json`) is a setup, `faulty/NAME.txt` all that is said of it.
"""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import jsonschema
import pytest
import yaml

from onitu.cli.main import run
from onitu.config import drivers

FAULTY = Path(__file__).parent / "faulty"
SETUPS = sorted(path for path in FAULTY.iterdir() if path.suffix != ".txt")
SINGLE = [path for path in SETUPS if not path.name.startswith("many-")]
SCHEMA = json.loads((Path(__file__).parents[3] / "docs/setup.schema.json").read_text("utf-8"))

#: What a schema cannot know: drivers, which names there are, and how two values of a setup go together.
BEYOND_THE_SCHEMA = {
    "folder-conflict-unknown-service",
    "folder-pattern-outside",
    "folder-pattern-unclosed",
    "folder-sizes-switched",
    "place-folder-not-declared",
    "place-option-of-the-service",
    "place-overlap",
    "rule-unknown-service",
    "service-chunk-size",
    "service-driver-dialled-openly",
    "service-driver-insecure-and-tls",
    "service-driver-insecure-elsewhere",
    "service-driver-not-installed",
    "service-option-boolean-for-a-number",
    "service-option-is-no-secret",
    "service-option-missing",
    "service-option-of-wrong-type",
    "service-option-twice",
    "service-option-unknown",
}

#: To the editor they are YAML's affair.
YAML = [path.stem for path in SETUPS if path.name.startswith("yaml-") and path.stem != "yaml-no-map"]


@pytest.fixture(autouse=True)
def one_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """One driver is installed, whatever this machine has; messages name the setup by its file name."""
    monkeypatch.chdir(FAULTY)
    entry_point = EntryPoint("local_storage", "onitu_local_storage", "onitu.drivers")
    monkeypatch.setattr(drivers, "get_available_drivers", lambda: {"local_storage": entry_point})


def test_there_are_enough() -> None:
    """B16: at least fifty setups with one fault, and five with many; every one with what is said of it."""
    assert len(SINGLE) >= 50
    assert len(SETUPS) - len(SINGLE) >= 5
    assert {path.stem for path in FAULTY.glob("*.txt")} == {path.stem for path in SETUPS}


@pytest.mark.parametrize("path", SETUPS, ids=lambda path: path.name)
def test_what_is_said(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """B16: all faults, each with its place, the wrong value and the nearest right one; exit code 1, no traceback."""
    assert run(["check", "-c", path.name]) == 1

    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == path.with_suffix(".txt").read_text("utf-8")


@pytest.mark.parametrize("path", SINGLE, ids=lambda path: path.name)
def test_one_fault_is_said_once(path: Path) -> None:
    """B16: a fault draws no others after it."""
    assert len(path.with_suffix(".txt").read_text("utf-8").splitlines()) == 1


@pytest.mark.parametrize("path", SETUPS, ids=lambda path: path.name)
def test_schema_finds_it_too(path: Path) -> None:
    """An editor with the schema underlines what is wrong, as far as a schema can know."""
    if path.stem in YAML:
        return
    is_right = jsonschema.Draft202012Validator(SCHEMA).is_valid(yaml.safe_load(path.read_text("utf-8")))

    assert is_right == (path.stem in BEYOND_THE_SCHEMA)
