"""Every promise of the contract has a test that names it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent.parent
CONTRACT = tomllib.loads((TESTS / "contract.toml").read_text("utf-8"))
PROMISES: dict[str, str] = CONTRACT["promises"]
BEHAVIORS: list[str] = CONTRACT["behaviors"]["names"]

#: What a later version brings, with the reason: nothing can name it yet.
LATER: dict[str, str] = CONTRACT["later"]

#: An id, or the first and last of several; `A` has no number, and so begins the docstring.
ID = re.compile(r"\b([BCDEFMW])(\d{1,2})(?:-\1(\d{1,2}))?\b|^(A)(?=[:,])")
BEHAVIOR = re.compile(r"F6 \(([^)]+)\)")


def _docstrings(place: Path) -> Iterator[str]:
    """Yields the docstring of every test below a directory."""
    for path in sorted(place.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield ast.get_docstring(node) or ""


def _named(docstring: str) -> set[str]:
    named = set()
    for letter, first, last, word in ID.findall(docstring):
        named |= {word} if word else {f"{letter}{number}" for number in range(int(first), int(last or first) + 1)}
    return named


def test_ids_are_found() -> None:
    """The search below finds ids, one or several, and takes nothing else for one."""
    assert _named("B9, C10: sizes (F3), of P12 and v1") == {"B9", "C10", "F3"}
    assert _named("M1-M3: manifests") == {"M1", "M2", "M3"}
    assert _named("A: words") == {"A"}
    assert _named("A word") == set()


def test_every_promise_is_named_by_a_test() -> None:
    """Those without a test are listed, with what they promise."""
    named = set().union(*map(_named, _docstrings(TESTS)))

    assert [f"{key}: {text}" for key, text in PROMISES.items() if key not in named | LATER.keys()] == []


def test_what_comes_later_is_not_there_yet() -> None:
    """A promise that has a test by now is no longer one for later."""
    named = set().union(*map(_named, _docstrings(TESTS)))

    assert LATER.keys() <= PROMISES.keys()
    assert sorted(LATER.keys() & named) == []


def test_no_test_names_a_promise_that_nobody_made() -> None:
    """An id that is not in the list is a slip of the pen."""
    named = set().union(*map(_named, _docstrings(TESTS)))

    assert sorted(named - PROMISES.keys()) == []


def test_every_behavior_is_shown_by_a_driver_test() -> None:
    """F6: the driver tests are the table of behaviors, no line less and none more."""
    shown = {
        behavior
        for docstring in _docstrings(TESTS / "functional/driver")
        for names in BEHAVIOR.findall(docstring)
        for behavior in names.split("; ")
    }

    assert sorted(BEHAVIORS) == sorted(shown)


def test_every_driver_test_says_what_it_shows() -> None:
    """F5, F6: a driver author reads from a test which behavior it is about."""
    assert [text for text in _docstrings(TESTS / "functional/driver") if not BEHAVIOR.search(text)] == []


def test_the_glossary_has_the_words() -> None:
    """A: every word that users and driver authors meet stands in the glossary, explained."""
    glossary = (TESTS.parent / "docs/glossary.md").read_text("utf-8")
    words = ("driver", "service", "folder", "rule", "setup", "referee", "plug", "handler", "manifest", "fid", "owners")

    explained = re.findall(r"^\| \*\*([^*]+)\*\*|^\| ([^|]+?) \|", glossary, re.MULTILINE | re.IGNORECASE)
    found = {word.strip(" *`").lower() for pair in explained for part in pair for word in re.split("[,(/]", part)}
    assert [word for word in (*words, "uptodate") if word not in found] == []
