"""Patterns of paths, for all patterns and all paths."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from onitu.core.patterns import Ignore, Patterns, fault


def _decides(pattern: str, names: tuple[str, ...], *, directory: bool) -> bool:
    """Says in the plainest way whether a pattern matches this very path."""
    if pattern.endswith("/") and not directory:
        return False
    parts = pattern.strip("/").split("/")
    if "/" not in pattern.removesuffix("/"):
        parts = ["**", *parts]
    return _walk(parts, names)


def _walk(parts: list[str], names: tuple[str, ...]) -> bool:
    match parts:
        case []:
            return not names
        case ["**"]:
            return bool(names)
        case ["**", *rest]:
            return any(_walk(rest, names[start:]) for start in range(len(names) + 1))
        case [part, *rest]:
            return bool(names) and fnmatch.fnmatchcase(names[0], part) and _walk(rest, names[1:])
    raise AssertionError(parts)


def _levels(path: str, *, directory: bool) -> Iterator[tuple[tuple[str, ...], bool]]:
    names = tuple(path.split("/"))
    for end in range(1, len(names) + 1):
        yield names[:end], directory or end < len(names)


_PARTS = st.lists(st.sampled_from(["a", "b", "*", "?", "[ab]", "[!a]", ".", "#", "!", " "]), min_size=1, max_size=5)
_SEGMENTS = st.one_of(st.just("**"), _PARTS.map("".join))
_PATTERNS = st.builds(
    lambda segments, start, end: start + "/".join(segments) + end,
    st.lists(_SEGMENTS, min_size=1, max_size=6),
    st.sampled_from(["", "/"]),
    st.sampled_from(["", "/"]),
).filter(lambda pattern: fault(pattern) is None)
_PATHS = st.lists(st.text("ab.#! \n", min_size=1, max_size=4), min_size=1, max_size=5).map("/".join)


@given(_PATTERNS, _PATHS, st.booleans())
@example(pattern="a/**/**/b", path="a/b", directory=False)
@example(pattern="**/a/**/a", path="ab/a/a", directory=False)
@example(pattern="*a*[!b]*b", path="aab.b", directory=False)
@example(pattern="**/**/", path="a", directory=True)
def test_patterns_equal_the_plainest_reading(pattern: str, path: str, directory: bool) -> None:
    """B10: a pattern matches a path exactly if it matches it, or a directory above it, name by name."""
    expected = any(_decides(pattern, names, directory=kind) for names, kind in _levels(path, directory=directory))

    assert expected == (Patterns.of([pattern]).match(path, directory=directory) is not None)


@given(_PATHS, _PATHS, st.booleans())
def test_star_matches_everything_below(base: str, below: str, directory: bool) -> None:
    """B10: `dir/*` and `dir/**` match everything below `dir`, `dir/` that and the directory, and nothing else."""
    assume(fault(f"/{base}/*") is None)
    star, deep, whole = (Patterns.of([f"/{base}{end}"]) for end in ("/*", "/**", "/"))

    for patterns in (star, deep, whole):
        assert patterns.match(f"{base}/{below}", directory=directory) is not None
        assert patterns.match(base, directory=False) is None
        assert patterns.match(f"{base}x/{below}", directory=directory) is None
    assert star.match(base, directory=True) is deep.match(base, directory=True) is None
    assert whole.match(base, directory=True) is not None


@given(st.text(), _PATHS, st.booleans())
def test_any_text_is_a_pattern_or_a_fault(text: str, path: str, directory: bool) -> None:
    """B10: whatever is written is read or refused in words; nothing else is raised."""
    if fault(text) is None:
        Patterns.of([text]).match(path, directory=directory)
    else:
        with pytest.raises(ValueError, match="pattern"):
            Patterns.of([text])


@given(st.lists(st.tuples(st.booleans(), _PATTERNS), max_size=5), _PATHS, st.booleans())
@example(lines=[(False, "b"), (True, "a")], path="a/b", directory=False)
def test_ignore_equals_the_plainest_reading(lines: list[tuple[bool, str]], path: str, directory: bool) -> None:
    """B17: from the top, the last pattern that matches each directory decides; the first ignored one ends it."""
    assume(all(pattern == pattern.strip() and not pattern.startswith(("!", "#")) for _, pattern in lines))
    ignore = Ignore.parse("\n".join(("!" if negated else "") + pattern for negated, pattern in lines))

    def ignored(names: tuple[str, ...], *, directory: bool) -> bool:
        found = [negated for negated, pattern in lines if _decides(pattern, names, directory=directory)]
        return bool(found) and not found[-1]

    expected = any(ignored(names, directory=kind) for names, kind in _levels(path, directory=directory))

    assert expected == (ignore.match(path, directory=directory) is not None)


@given(st.text(), _PATHS, st.booleans())
def test_any_text_can_be_an_ignore_file(text: str, path: str, directory: bool) -> None:
    """B17: whatever somebody writes into a synced file, nothing is raised."""
    Ignore.parse(text).match(path, directory=directory)
