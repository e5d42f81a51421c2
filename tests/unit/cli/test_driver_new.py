"""`onitu driver new`: what it writes, and where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from onitu.cli.main import run
from onitu.cli.making import LANGUAGES

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_driver_bears_its_new_name(tmp_path: Path, language: str) -> None:
    """W1: the example of the language, whole, with another name in its files and theirs; tests and CI come along."""
    assert run(["driver", "new", "storm_cloud", "--language", language, "--directory", str(tmp_path)]) == 0

    place = tmp_path / "storm_cloud"
    written = {str(path.relative_to(place)): path.read_text() for path in place.rglob("*") if path.is_file()}
    own = {path: text for path, text in written.items() if not path.startswith("proto/")}
    assert not [path for path, text in own.items() if "shelf" in (path + text).lower()]
    assert {"README.md", ".gitignore", ".github/workflows/test.yml"} <= set(written)
    assert any("test" in path.rsplit("/", 1)[-1] or path.startswith("tests/") for path in own)
    assert "storm_cloud" in written["README.md"]


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "python"])
def test_the_contract_comes_along(tmp_path: Path, language: str) -> None:
    """W1, W3: a language without a library of Onitu's gets the contract as it is, and nothing else of `proto`."""
    run(["driver", "new", "storm", "--language", language, "--directory", str(tmp_path)])

    there = {path.name: path.read_bytes() for path in (tmp_path / "storm/proto").rglob("*") if path.is_file()}
    assert there == {path.name: path.read_bytes() for path in (ROOT / "proto").rglob("*.proto")}


@pytest.mark.parametrize("name", ["", "Storm", "9lives", "storm-cloud", "../storm", "s" * 41])
def test_a_name_that_no_driver_can_have_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """D1: a driver's name is that of a package too; nothing is written."""
    assert run(["driver", "new", name, "--language", "go", "--directory", str(tmp_path)]) == 1

    assert "is no name for a driver" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """F10: nothing is written over."""
    (tmp_path / "storm").mkdir()

    assert run(["driver", "new", "storm", "--language", "go", "--directory", str(tmp_path)]) == 1

    assert "is there already, and was left alone" in capsys.readouterr().err
    assert list((tmp_path / "storm").iterdir()) == []
