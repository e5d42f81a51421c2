"""One pattern in gitignore syntax, as a regular expression.

`pathspec` translates it; what is added here keeps names of any kind and patterns by anybody harmless. It does not know
lists of patterns, nor where they stand: see `patterns`.
"""

from __future__ import annotations

import re
import unicodedata

import attrs
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \t",
    "digit": "0-9",
    "lower": "a-z",
    "space": " \t\r\n\v\f",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_CLASS = re.compile(rf"\[:({'|'.join(_CLASSES)}):\]")

#: The tokens of an expression of `pathspec` in which a bracket may stand: an escaped character, and a set.
_TOKEN = re.compile(r"\\.|\[\^?\]?[^\]]*\]", re.DOTALL)

#: What `pathspec` writes for any character of a name, and for `**` at the beginning and between two names.
_ANY = "[^/]"
_LEADING = "^(?:.+/)?"
_INNER = "(?:/.+)?"

#: A `*` and what follows it, up to the next one in the same name.
_STAR = re.compile(
    r"(?:\[\^/\]\*)+((?:\\.|\(\?!/\)\[\^?\]?(?:\\.|[^\]])*\]|\[\^/\](?!\*)|[^][\\/()^$*+?.|])*)(?=\[\^/\]\*)", re.DOTALL
)

#: What Python reads as more than a character within a set, or says that it will.
_SPECIAL = re.compile(r"[\[&~|]|(?<=-)-")


@attrs.frozen
class Glob:
    """A pattern, ready to be used.

    Attributes:
        written: As it was written.
        expression: Finds a path that the pattern matches, or one below a directory that it matches.
        exact: Finds a path that the pattern itself matches.
        negated: Whether it takes back what patterns before it have matched.
    """

    written: str
    expression: re.Pattern[str]
    exact: re.Pattern[str]
    negated: bool = False


def translate(pattern: str, *, written: str) -> Glob:
    """Returns a pattern ready to be used.

    Args:
        pattern: In gitignore syntax.
        written: As it was written.

    Raises:
        ValueError: It is none; says why.
    """
    text = _CLASS.sub(lambda name: _CLASSES[name[1]], comparable(pattern))
    # Git: what ends in "/**" matches everything in a directory, and not the directory.
    if text.endswith(("/**", "/**/")):
        text = text.removesuffix("/") + "/*" + ("/" if text.endswith("/") else "")
    try:
        expression, include = GitIgnoreSpecPattern.pattern_to_regex(text)
    except ValueError:
        raise ValueError("it ends in '\\': write '\\\\' for the character itself") from None
    if expression is None:
        raise ValueError("a '[' is never closed: write '\\[' for the character itself")
    expression = _without_detours(_TOKEN.sub(_set, expression))
    try:
        return Glob(
            written=written,
            expression=re.compile(expression, re.DOTALL),
            exact=re.compile(rf"(?:{expression})\Z", re.DOTALL),
            negated=not include,
        )
    except re.error as error:
        raise ValueError(f"a set of characters in it makes no sense: {error.msg}") from None


def _set(token: re.Match[str]) -> str:
    """Returns a set of characters that never matches a "/", and in which every character is only one."""
    text = token[0]
    if text.startswith("\\") or text == _ANY:
        return text
    return "(?!/)[" + _SPECIAL.sub(r"\\\g<0>", text[1:-1]) + "]"


def _without_detours(expression: str) -> str:
    """Returns an expression that matches the same, in a time that does not grow with a power of its wildcards.

    What stands between two wildcards is best matched where it is found first: the second one takes whatever follows.
    So no other way is tried (`(?>...)`). Otherwise a line in a synced file could keep Onitu busy forever.
    """
    expression = _STAR.sub(lambda star: f"(?>[^/]*?{star[1]})" if star[1] else "", expression)
    head, *rest = expression.split(_INNER)
    if not rest:
        return expression
    if head.startswith(_LEADING):
        head = f"^(?>(?:.+?/)??{head.removeprefix(_LEADING)}(?=/))"
    return head + "".join(f"(?>(?:/.+?)??{names}(?=/))" for names in rest[:-1]) + _INNER + rest[-1]


def comparable(text: str) -> str:
    """Returns a path or a pattern as they are compared: in NFC, and without line breaks, which would end it early."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    # No path has a NUL in it (see `paths`).
    return text.replace("\n", "\0")
