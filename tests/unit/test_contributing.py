"""CONTRIBUTING.md says what the tools do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from onitu.cli.main import parser

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
COMMANDS = sorted(
    {line.strip() for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()}
    | set(re.findall(r"`((?:uv run |pytest |just |python3 -m )[^`]+)`", TEXT))
)
RECIPES = set(re.findall(r"^([a-z][a-z-]*)(?: [*\w ]+)?:(?!=)", (ROOT / "justfile").read_text("utf-8"), re.MULTILINE))


def test_commands_are_found() -> None:
    """The tests below look at something."""
    assert {"uv run just test", "just driver NAME", "pytest tests/"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_exist(command: str) -> None:
    """F9: whoever follows the page meets no command that is not there."""
    words = [word for word in command.split() if not word.startswith("ONITU_")]
    words = words[2:] if words[:2] == ["uv", "run"] else words
    match words:
        case ["just", *rest]:
            assert not rest or rest[0].startswith("-") or rest[0] in RECIPES
        case ["pytest", *places]:
            assert [place for place in places if not (ROOT / place).exists()] == []
        case ["onitu", *arguments]:
            known = [word for word in arguments if word not in ("2>", "onitu.log")]
            assert "--version" in known or parser().parse_args(known) is not None
        case _:
            assert command.startswith(("python3 -m pip install", "python3 --version"))


@pytest.mark.parametrize(
    "promised",
    [
        "--debug",
        "**log**",
        "smallest case",
        "pytest tests/",
        "Rebase",
        "never merge the main branch",
        "PEP 8",
        "four spaces",
    ],
)
def test_what_is_promised_stands_there(promised: str) -> None:
    """F9: a bug report has the log of a run with --debug and the smallest case; branches are rebased; PEP 8."""
    assert promised in TEXT


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:tests|drivers|docs|onitu|\.ci)/[\w./-]+)`", TEXT))))
def test_paths_are_there(path: str) -> None:
    """F9: every file and directory it names is there."""
    assert path == "tests/functional/targets/NAME.py" or (ROOT / path).exists()


def test_every_variable_is_read_somewhere() -> None:
    """F9, F5: a variable of the environment that it names has an effect on the tests."""
    code = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__))

    assert [name for name in set(re.findall(r"ONITU_TEST_\w+", TEXT)) if f'"{name}"' not in code] == []


def test_recipes_are_complete() -> None:
    """F9: the table has the recipes that a contributor needs; the others are steps of `check`, or of use to CI."""
    steps = {"default", "init", "lint", "types", "layers", "proto-breaking", "clean"}

    assert RECIPES - steps <= set(re.findall(r"`just ([a-z-]+)", TEXT))


def test_pytest_needs_no_just() -> None:
    """F8: what pytest has to be told stands in pyproject.toml: where the tests are, and how they are imported."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]

    assert options["testpaths"] == ["tests"]
    assert options["pythonpath"] == ["."]
