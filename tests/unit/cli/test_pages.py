"""The help pages and docs/cli.md say the same, and say it well."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from onitu.cli.main import parser
from tests.documents import cli_page, parsers

PAGE = (Path(__file__).parents[3] / "docs/cli.md").read_text()
HELP = {"help", "version"}


COMMANDS = dict(parsers(parser()))


def _options(command: argparse.ArgumentParser) -> set[str]:
    """Returns everything that can be given to a command: options by all names, arguments by what stands for them."""
    own = [action for action in command._actions if action.dest not in HELP]
    flags = {flag for action in own for flag in action.option_strings}
    words = {str(action.metavar) for action in own if not action.option_strings}
    return flags | words - {"ACTION", "COMMAND"}


def _section(command: str) -> str:
    """Returns what the page says of a command; what it says before all of them belongs to each."""
    _, found, after = PAGE.partition(f"# `{command}`\n")
    assert found, f"docs/cli.md says nothing of {command}"
    return re.split(r"^#+ ", after, maxsplit=1, flags=re.MULTILINE)[0]


def test_the_page_is_current() -> None:
    """F10: the tables of arguments are as the commands take them; `just docs` writes them."""
    assert cli_page(PAGE) == PAGE


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_is_on_the_page(command: str) -> None:
    """F10: each command has a section, and in it everything that can be given to it."""
    above = _section(command.rpartition(" ")[0]) if command.count(" ") > 1 else ""
    named = set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*|[A-Z]{4,})\b", _section(command) + above))

    assert _options(COMMANDS[command]) - named == set()


@pytest.mark.parametrize("command", re.findall(r"^#+ `(onitu [a-z -]+)`$", PAGE, re.MULTILINE))
def test_the_page_names_nothing_else(command: str) -> None:
    """F10: there is no section without its command, and in none an option that the command does not take."""
    rows = re.findall(r"^\| (`.+?`) \|", _section(command), re.MULTILINE)
    named = {word.split()[0] for row in rows for word in re.findall(r"`([^`]+)`", row)}

    assert {word for word in named if word != "SIGHUP"} <= _options(COMMANDS[command])


@pytest.mark.parametrize("command", ["onitu", *COMMANDS])
def test_pages_fit_a_terminal(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line of a help page fits into 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    text = COMMANDS.get(command, parser()).format_help()

    assert [line for line in text.splitlines() if len(line) >= 80] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_pages_have_examples_that_work(command: str) -> None:
    """Every page shows what the command is for, by command lines that Onitu understands."""
    examples = (COMMANDS[command].epilog or "").splitlines()

    assert examples[0] == "examples:"
    lines = [line for line in examples if line.startswith("  onitu ")]
    assert lines
    for line in lines:
        words = shlex.split(re.split(r"  +| [|>2]+> | [|>] ", line.strip())[0])
        parser().parse_args(words[1:])
        assert " ".join(words).startswith(command)


def test_the_first_page_tells_the_life_of_a_setup_in_order() -> None:
    """`onitu --help` leads from the first command to the last."""
    lines = [
        line.split("   ")[0].strip() for line in (parser().epilog or "").splitlines() if line.startswith("  onitu")
    ]

    assert lines == [
        "onitu init",
        "onitu check",
        "onitu plan",
        "onitu serve --once",
        "onitu serve",
        "onitu status --watch",
        "onitu log PATH",
        "onitu why PATH",
        "onitu install-service",
        "onitu holds",
        "onitu state check",
    ]
