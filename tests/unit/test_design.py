"""The design page, the chapters' pages and the table of log events name what is there, and all of it."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent.parent
CHAPTERS = ("core", "store", "rpc", "host", "plug", "transfer", "referee", "rest", "conformance", "supervisor")
READMES = [ROOT / "onitu" / chapter / "README.md" for chapter in CHAPTERS]
PAGES = [ROOT / "docs/design.md", *READMES]

#: Methods that log, and the one of the core by which it has something logged.
LOGGING = {"debug", "info", "warning", "error", "exception", "level", "notice"}

#: Keys that a notice of the core carries without being told (`Referee` adds them).
OF_NOTICES = {"service", "folder", "path"}

#: What a decision says beside its number and its day.
DECISION = ("question", "chosen", "instead of", "because")

EVENT = re.compile(r"[a-z]+(_[a-z]+)*")


def _quoted(pattern: str) -> list[tuple[Path, str]]:
    """Returns what stands in backticks on the pages and matches a pattern, with the page."""
    return sorted({(page, name) for page in PAGES for name in re.findall(rf"`({pattern})`", page.read_text())})


def _label(value: object) -> str:
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else str(value)


@pytest.mark.parametrize(("page", "path"), _quoted(r"(?:onitu|drivers|proto|tests|docs)/[\w./]+"), ids=_label)
def test_paths_are_there(page: Path, path: str) -> None:
    """Every file and directory that a page names is there."""
    assert (ROOT / path).exists(), f"{page.relative_to(ROOT)} names {path}"


@pytest.mark.parametrize(("page", "name"), _quoted(r"onitu\.\w+(?:\.\w+)*"), ids=_label)
def test_names_are_there(page: Path, name: str) -> None:
    """Every name of Onitu that a page names can be imported, or is that of the entry point group."""
    if name == "onitu.drivers":
        assert '"onitu.drivers"' in (ROOT / "drivers/memory/pyproject.toml").read_text()
        return

    parts = name.split(".")
    depth = next(count for count in range(len(parts), 0, -1) if _is_module(parts[:count]))
    found: object = importlib.import_module(".".join(parts[:depth]))
    for part in parts[depth:]:
        assert not part.startswith("_"), f"{page.relative_to(ROOT)} names {name}, which is private"
        found = getattr(found, part)


def _is_module(parts: list[str]) -> bool:
    place = ROOT.joinpath(*parts)
    return place.is_dir() or place.with_suffix(".py").is_file()


@pytest.mark.parametrize("readme", READMES, ids=_label)
def test_reading_orders_are_complete(readme: Path) -> None:
    """Every module of a chapter stands in its reading order, and nothing else does."""
    named = set(re.findall(r"`(\w+\.py)`", readme.read_text()))
    there = {path.name for path in readme.parent.glob("*.py")} - {"__init__.py"}

    assert named == there


@pytest.mark.parametrize("readme", READMES, ids=_label)
def test_chapter_pages_are_short(readme: Path) -> None:
    """A chapter's page is read at a glance."""
    assert 10 <= len(readme.read_text().splitlines()) <= 30


def test_decisions_are_numbered_and_dated() -> None:
    """Decisions are numbered from 1 without gaps, each with its day, the choice, the options and the reason."""
    text = (ROOT / "docs/design.md").read_text().partition("## Decisions")[2]
    rows = re.findall(r"^\| (\d+) \| (\d{4}-\d\d-\d\d) \|(.+)\|$", text, re.MULTILINE)

    assert [int(number) for number, _, _ in rows] == list(range(1, len(rows) + 1))
    assert rows
    assert [number for number, _, rest in rows if len(rest.split("|")) != len(DECISION)] == []


class Logged(NamedTuple):
    """A call that logs: where it is, how, what, and with which keys."""

    path: str
    method: str
    event: str
    keys: frozenset[str]


def _logged() -> Iterator[Logged]:
    """Yields the calls that log in Onitu itself, one for each event that they may log."""
    for path in sorted(ROOT.glob("onitu/**/*.py")):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(attr=method) | ast.Name(id=method), args=[first, *_]) if (
                    method.lower() in LOGGING  # A `Notice` that is made is a notice given.
                ):
                    method = method.lower()
                    keys = frozenset(_keys(node)) | (OF_NOTICES if method == "notice" else set())
                    for event in _texts(first, tree):
                        if EVENT.fullmatch(event):
                            yield Logged(str(path.relative_to(ROOT)), method, event, keys)


def _keys(call: ast.Call) -> Iterator[str]:
    """Yields the keys of a line: keyword arguments, or for the SDK's logging what is in `extra`."""
    for keyword in call.keywords:
        match keyword:
            case ast.keyword(arg="extra", value=ast.Dict(keys=keys)):
                yield from (str(key.value) for key in keys if isinstance(key, ast.Constant))
            case ast.keyword(arg=str(name)) if name not in {"extra", "exc_info"}:
                yield name


def _texts(value: ast.expr, tree: ast.Module) -> set[str]:
    """Returns the texts that an expression can be: itself, or what its name is assigned anywhere in the module."""
    match value:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)):
            assigned = [
                node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Assign) and any(ast.unparse(target) == name for target in node.targets)
            ]
            return {text for expression in assigned for text in _constants(expression)}
    return set()


def _constants(expression: ast.expr) -> Iterator[str]:
    match expression:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from (*_constants(one), *_constants(other))
        case ast.Dict(values=values):
            for value in values:
                yield from _constants(value)


def _table() -> dict[str, tuple[str, str]]:
    """Returns the events of docs/logging.md with their levels and keys, as they are written."""
    text = (ROOT / "docs/logging.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([a-z, ]+) \|(.*?)\| .+ \|$", text, re.MULTILINE)
    return {event: (levels, keys) for event, levels, keys in rows}


def test_log_calls_are_found() -> None:
    """The search finds plain calls, events chosen from a table or a condition, notices, and the SDK's."""
    assert {
        "settled",
        "transfer_finished",
        "attributes_set",
        "transfer_aborted",
        "conflict_found",
        "driver_terminated",
        "feature_missing",
    } <= {logged.event for logged in _logged()}


@pytest.mark.parametrize("logged", sorted(set(_logged())), ids=lambda logged: f"{logged.path}-{logged.event}")
def test_log_events_are_described(logged: Logged) -> None:
    """F3: every line that is logged stands in docs/logging.md, with its level and all of its keys."""
    levels, keys = _table()[logged.event]

    if logged.method not in {"level", "notice"}:
        assert logged.method.replace("exception", "error") in levels.split(", ")
    assert {key for key in logged.keys if f"`{key}`" not in keys} == set()


def test_described_events_are_logged() -> None:
    """What docs/logging.md describes is logged somewhere."""
    assert set(_table()) - {logged.event for logged in _logged()} == set()
