"""The two small languages of the API: which files are meant (`q`), and which fields of them (`fields`).

Source: https://developers.google.com/workspace/drive/api/guides/ref-search-terms and
https://developers.google.com/workspace/drive/api/guides/fields-parameter. Of `q` only what sync programs use is known
here; anything else is refused, so that no program takes a list for one it has asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Test = Callable[[Json], bool]

_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<word>[A-Za-z]+)|(?P<sign><=|>=|!=|[=<>()]))")


_IN_FOLDER = re.compile(r"'([^'\\]+)' in parents and (?:(?!\bor\b|[()]).)*")


class Invalid(Exception):
    """What was asked cannot be understood."""


def parse_query(text: str) -> Test:
    """Returns whether a file, as it is answered, is meant by a query.

    Raises:
        Invalid: It is none.
    """
    if not text.strip():
        return lambda _file: True
    parser = _Query(text)
    test = parser.any_of()
    parser.end()
    return test


def folder_meant(text: str) -> str | None:
    """Returns the folder that a query asks about and no other; None where it may mean files anywhere."""
    match = _IN_FOLDER.fullmatch(text)
    return match.group(1) if match is not None else None


class _Query:
    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise Invalid(text)
            self._tokens.append(match.group().strip())
            position = match.end()

    def any_of(self) -> Test:
        tests = [self._all_of()]
        while self._take("or"):
            tests.append(self._all_of())
        return lambda file: any(test(file) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._one()]
        while self._take("and"):
            tests.append(self._one())
        return lambda file: all(test(file) for test in tests)

    def _one(self) -> Test:
        if self._take("not"):
            inner = self._one()
            return lambda file: not inner(file)
        if self._take("("):
            inner = self.any_of()
            if not self._take(")"):
                raise Invalid("a bracket is open")
            return inner
        return self._comparison()

    def _comparison(self) -> Test:
        first = self._next()
        if first.startswith("'"):
            if not self._take("in"):
                raise Invalid(first)
            return _contains(self._next(), _unquoted(first))
        if first == "sharedWithMe":
            return lambda file: "sharedWithMeTime" in file
        sign, value = self._next(), self._next()
        if first in {"trashed", "starred"} and value in {"true", "false"} and sign in {"=", "!="}:
            wanted = (value == "true") == (sign == "=")
            return lambda file: file[first] is wanted
        if first in {"name", "mimeType"} and sign in {"=", "!="}:
            text = _unquoted(value)
            return lambda file: (file[first] == text) == (sign == "=")
        if first in {"name", "mimeType"} and sign == "contains":
            text = _unquoted(value)
            return lambda file: text.lower() in file[first].lower()
        if first == "modifiedTime" and sign in {"<", "<=", ">", ">=", "=", "!="}:
            text = _unquoted(value)
            return lambda file: _compared(file["modifiedTime"], sign, text)
        raise Invalid(f"{first} {sign} {value}")

    def _take(self, token: str) -> bool:
        if self._tokens[:1] != [token]:
            return False
        del self._tokens[0]
        return True

    def _next(self) -> str:
        if not self._tokens:
            raise Invalid("something is missing at the end")
        return self._tokens.pop(0)

    def end(self) -> None:
        if self._tokens:
            raise Invalid(self._tokens[0])


def _contains(field: str, value: str) -> Test:
    if field == "parents":
        return lambda file: value in file.get("parents", ())
    if field in {"owners", "writers", "readers"}:
        return lambda _file: True  # Everything here belongs to the one who asks.
    raise Invalid(field)


def _compared(left: str, sign: str, right: str) -> bool:
    return {
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
        "=": left == right,
        "!=": left != right,
    }[sign]


def _unquoted(text: str) -> str:
    if not text.startswith("'"):
        raise Invalid(text)
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def select(value: Any, fields: str) -> Any:  # noqa: ANN401 - a piece of JSON.
    """Returns what a `fields` parameter asks for of an answer.

    Raises:
        Invalid: It is none.
    """
    wanted, rest = _fields(fields)
    if rest:
        raise Invalid(fields)
    return _selected(value, wanted)


def _fields(text: str) -> tuple[Json, str]:
    found: Json = {}
    while text and not text.startswith(")"):
        match = re.match(r"\s*([\w*]+(?:/[\w*]+)*)\s*", text)
        if match is None:
            raise Invalid(text)
        text = text[match.end() :]
        inner: Json = {}
        if text.startswith("("):
            inner, text = _fields(text[1:])
            if not text.startswith(")"):
                raise Invalid("a bracket is open")
            text = text[1:].lstrip()
        for name in reversed(match.group(1).split("/")):
            inner = {name: inner}
        _merge(found, inner)
        if text.startswith(","):
            text = text[1:]
        elif text and not text.startswith(")"):
            raise Invalid(text)
    return found, text


def _merge(into: Json, other: Json) -> None:
    for name, inner in other.items():
        _merge(into.setdefault(name, {}), inner)


def _selected(value: Any, wanted: Json) -> Any:  # noqa: ANN401 - a piece of JSON.
    if not wanted or "*" in wanted:
        return value
    if isinstance(value, list):
        return [_selected(one, wanted) for one in value]
    if isinstance(value, dict):
        return {name: _selected(value[name], inner) for name, inner in wanted.items() if name in value}
    return value
