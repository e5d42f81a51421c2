"""The documents say what the program does."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from onitu.cli.main import parser
from onitu.config import load_setup
from onitu.config.keys import ALL
from onitu.config.locations import SETUP_NAME

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "notice", "level"}


def _events() -> Iterator[str]:
    """Yields the event names that stand in log calls of Onitu and its drivers."""
    for path in [*ROOT.glob("onitu/**/*.py"), *ROOT.glob("drivers/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr=method) | ast.Name(id=method), args=[ast.Constant(value=str(event)), *_]
                ) if method in LEVELS and re.fullmatch(r"[a-z]+(_[a-z]+)*", event):
                    yield event


def test_log_calls_are_found() -> None:
    """The search below finds something: among others the events that scripts wait for."""
    assert {"onitu_started", "service_started", "settled", "sync_finished", "conflict_found"} <= set(_events())


@pytest.mark.parametrize("event", sorted(set(_events())))
def test_events_are_documented(event: str) -> None:
    """F3: every event that is logged stands in docs/logging.md."""
    assert f"`{event}`" in (ROOT / "docs/logging.md").read_text()


@pytest.mark.parametrize("key", sorted({key for keys in ALL for key in keys.reserved}))
def test_keys_are_documented(key: str) -> None:
    """B1-B18, C1: every key of a setup stands on the pages about it, those that are refused as well."""
    text = "".join((ROOT / "docs" / page).read_text() for page in ("configuration.md", "rules.md"))

    assert any(spelled in text for spelled in (f"`{key}`", f"`{key.replace('-', '_')}`", f"{{{key}:", f", {key}:"))


@pytest.mark.parametrize("path", sorted((ROOT / "docs/examples").glob("*.yaml")), ids=lambda path: path.name)
def test_examples_are_right(path: Path) -> None:
    """Every example loads, and nothing in it is doubtful."""
    assert not load_setup(path).warnings


def test_setup_in_the_documentation_is_right(tmp_path: Path) -> None:
    """The setup that docs/configuration.md begins with loads, and nothing in it is doubtful."""
    text = (ROOT / "docs/configuration.md").read_text()
    path = tmp_path / SETUP_NAME
    path.write_text(text.split("```yaml\n")[1].split("```")[0])

    assert not load_setup(path).warnings


def _commands() -> Iterator[str]:
    """Yields every command line of Onitu in the documents."""
    for document in DOCUMENTS:
        text = document.read_text()
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
            yield from (line.strip() for line in block.splitlines() if "onitu " in line)
        yield from re.findall(r"`((?:uv run )?onitu [^`]*)`", text)


@pytest.mark.parametrize("command", sorted(set(_commands())))
def test_commands_are_right(command: str) -> None:
    """Every command line in the documents is one that Onitu understands."""
    words = shlex.split(re.split(" 2?> ", command.removeprefix("uv run "))[0])[1:]
    if words[-1] in ("--help", "--version"):
        words = [word for word in words[:-1] if word != "COMMAND"] or ["check"]
    if words[0] in ("service", "rules", "config") and len(words) <= 2:
        return  # As below, or a command that takes nothing else.
    if words in (
        ["state"],
        ["state", "import"],
        ["completion"],
        ["why"],
        ["holds", "approve"],
        ["holds", "restore"],
        ["conflicts", "resolve"],
        ["log"],
        ["restore"],
        ["trash"],
        ["trash", "restore"],
        ["driver"],
        ["driver", "new"],
        ["driver", "test"],
        ["driver", "serve"],
        ["certs"],
        ["certs", "issue"],
    ):
        return  # The name of a command that cannot do without an argument.

    config = getattr(parser().parse_args(words), "config", None)

    assert config in (None, Path("FILE")) or (ROOT / config).is_file()


def _recipes() -> set[str]:
    return set(re.findall(r"^([a-z-]+)(?: [*\w ]+)?:(?!=)", (ROOT / "justfile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_recipes_are_right(document: Path) -> None:
    """Every recipe that a document names is in the justfile."""
    named = set(re.findall(r"`(?:uv run )?just ([a-z][a-z-]*)", document.read_text()))

    assert named <= _recipes()


def test_recipes_have_a_comment() -> None:
    """`just --list` says of every recipe what it does."""
    lines = (ROOT / "justfile").read_text().splitlines()
    headings = [line for line in lines if re.match(r"[a-z-]+( [*\w ]+)?:(?!=)", line)]

    assert len(headings) == len(_recipes())
    assert [line for line in headings if not lines[lines.index(line) - 1].startswith("# ")] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """What a document links to is there."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())

    assert [link for link in links if not (document.parent / link).exists()] == []


def test_metrics_are_documented() -> None:
    """E15: every metric stands in docs/metrics.md, and no other."""
    code = set(re.findall(r'"(onitu_[a-z_]+)"', (ROOT / "onitu/rest/metrics.py").read_text()))
    table = set(re.findall(r"`(onitu_[a-z_]+)`", (ROOT / "docs/metrics.md").read_text()))

    assert {name.removesuffix("_total") for name in table} == code


def test_the_lines_of_the_examples_are_counted() -> None:
    """W1: what docs/drivers.md says of how long a driver is in each language is so."""
    examples = ROOT / "docs/examples/drivers"
    sources = {"go": "*.go", "node": "*.js", "rust": "*/*.rs build.rs", "python": "*/*.py"}
    counted = [
        sum(
            len(path.read_text("utf-8").splitlines()) for glob in globs.split() for path in (examples / name).glob(glob)
        )
        for name, globs in sources.items()
    ]
    built = sum(len(path.read_text("utf-8").splitlines()) for path in (examples / "go/generate").glob("*.go"))

    table = (ROOT / "docs/drivers.md").read_text("utf-8")
    (row,) = re.findall(r"^\| together \| (.*) \|$", table, re.MULTILINE)
    assert [int(cell) for cell in row.split(" | ")] == counted
    assert f"{built} lines more" in table
