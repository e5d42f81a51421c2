"""Patterns of paths: the shell globs of a setup, and the gitignore syntax of `.onituignore`.

For both: a set (`[!a]`) never matches a `/`, a name may have a line break in it, and the spelling of accents (NFC, NFD)
does not matter. Capital letters do.

It does not know what a match is good for: see `filters`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from onitu.core.globs import Glob, comparable, translate
from onitu.core.paths import RESERVED

#: The file at a folder's root that says what is not synced.
IGNORE_NAME = ".onituignore"

#: What no folder syncs unless the setup says otherwise: what systems and programs leave beside the files of people.
DEFAULT_IGNORES = (
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    "~$*",
    ".~lock*",
    "*.part",
    "*.crdownload",
    RESERVED,
)


#: Directories that fall apart if what two services have changed in them is mixed.
DEFAULT_ATOMIC = (".git/", ".hg/", ".svn/", "*.photoslibrary/")


def fault(pattern: str) -> str | None:
    """Returns why a glob is no good, for a person, or None.

    Args:
        pattern: As it stands in a setup.
    """
    if not pattern.strip("/"):
        return "it matches nothing: '*' is every path"
    parts = pattern.removeprefix("/").removesuffix("/").split("/")
    if not {"", ".", ".."}.isdisjoint(parts):
        return "it matches nothing: a path has no empty part and none that is '.' or '..', and begins in its folder"
    try:
        translate(_literal(pattern), written=pattern)
    except ValueError as error:
        return str(error)
    return None


def _literal(pattern: str) -> str:
    r"""Returns a glob in gitignore syntax: there a leading `!` or `#` means more, and blanks at the end nothing.

    Args:
        pattern: As it stands in a setup. Between brackets a blank is kept as it is.
    """
    kept = pattern.rstrip()
    blanks = "".join(f"[{blank}]" for blank in pattern[len(kept) :])
    if blanks and (len(kept) - len(kept.rstrip("\\"))) % 2:
        # It escapes the first blank, which now stands between brackets.
        kept = kept[:-1]
    return ("\\" if kept.startswith(("!", "#")) else "") + kept + blanks


def _compile(patterns: tuple[str, ...]) -> tuple[Glob, ...]:
    """Returns globs ready to be used.

    Raises:
        ValueError: One is no good; names it and says why.
    """
    for pattern in patterns:
        wrong = fault(pattern)
        if wrong is not None:
            raise ValueError(f"pattern {pattern!r}: {wrong}")
    return tuple(translate(_literal(pattern), written=pattern) for pattern in patterns)


@attrs.frozen
class Patterns:
    """Shell globs on the path in a folder.

    One without a "/" matches at any depth, one with a "/" that is not the last character is anchored at the folder, one
    that ends in "/" means a directory. What is below a match matches.

    Attributes:
        patterns: As they were written.

    Raises:
        ValueError: A pattern is no good; names it and says why.
    """

    patterns: tuple[str, ...] = ()
    _globs: tuple[Glob, ...] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: _compile(self.patterns), takes_self=True)
    )

    @classmethod
    def of(cls, patterns: Iterable[str]) -> Patterns:
        """Returns the globs of a list.

        Args:
            patterns: As they stand in a setup.

        Raises:
            ValueError: A pattern is no good; names it and says why.
        """
        return cls(tuple(patterns))

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def match(self, path: str, *, directory: bool) -> str | None:
        """Returns the first pattern, as written, that matches a path or a directory above it, or None.

        Args:
            path: Relative to the folder.
            directory: Whether a directory is there.
        """
        if not self._globs or not path:
            return None
        return _first(self._globs, _subject(path, directory=directory))


def _subject(path: str, *, directory: bool) -> str:
    """Returns what expressions are tried on: the path, of a directory with a "/" at its end."""
    return comparable(path) + "/" if directory else comparable(path)


def _first(globs: tuple[Glob, ...], subject: str) -> str | None:
    for glob in globs:
        if glob.expression.search(subject) is not None:
            return glob.written
    return None


@attrs.frozen
class Ignore:
    """What a text in gitignore syntax ignores. The last pattern that matches decides, a leading "!" takes back.

    Nothing below an ignored directory can be taken back (git's rule): nobody looks into such a directory.

    Attributes:
        patterns: The patterns, as written.
        origin: Where they stand, for a person.
        unread: Lines that are no pattern. They ignore nothing.

    Raises:
        ValueError: A pattern is none; says why. (`parse` keeps such lines apart.)
    """

    patterns: tuple[str, ...] = ()
    origin: str = IGNORE_NAME
    unread: tuple[str, ...] = ()
    _globs: tuple[Glob, ...] = attrs.field(
        init=False,
        eq=False,
        repr=False,
        default=attrs.Factory(
            lambda self: tuple(translate(line, written=line) for line in self.patterns), takes_self=True
        ),
    )
    _positive: tuple[Glob, ...] = attrs.field(
        init=False,
        eq=False,
        repr=False,
        default=attrs.Factory(lambda self: tuple(glob for glob in self._globs if not glob.negated), takes_self=True),
    )

    @classmethod
    def parse(cls, text: str, *, origin: str = IGNORE_NAME) -> Ignore:
        """Returns what a text ignores. Lines that are no pattern are kept apart: one bad line is no reason to stop.

        Args:
            text: The file's content.
            origin: Where it stands, for a person.
        """
        lines = tuple(_lines(text))
        unread = tuple(line for line in lines if not _is_pattern(line))
        return cls(tuple(line for line in lines if line not in unread), origin=origin, unread=unread)

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def match(self, path: str, *, directory: bool) -> str | None:
        """Returns the pattern, as written, that ignores a path or a directory above it, or None.

        Args:
            path: Relative to the folder.
            directory: Whether a directory is there.
        """
        if not self._positive or not path:
            return None
        subject = _subject(path, directory=directory)
        found = _first(self._positive, subject)
        if found is None or len(self._positive) == len(self._globs):
            return found
        # Something is taken back: from the top, the last pattern that matches each directory decides about it.
        globs = [glob for glob in reversed(self._globs) if glob.expression.search(subject) is not None]
        for level in _levels(subject):
            for glob in globs:
                if glob.exact.search(level) is not None:
                    if not glob.negated:
                        return glob.written
                    break
        return None


def _lines(text: str) -> Iterator[str]:
    """Yields the lines of a text that say something."""
    for ended in text.removeprefix("\ufeff").split("\n"):
        line = ended.removesuffix("\r")
        kept = line.rstrip(" ")
        if kept.endswith("\\") and kept != line:
            kept += " "
        if kept and not kept.startswith("#"):
            yield kept


def _is_pattern(line: str) -> bool:
    try:
        translate(line, written=line)
    except ValueError:
        return False
    return True


def _levels(subject: str) -> Iterator[str]:
    """Yields the directories above something, the highest first, and then itself."""
    end = subject.find("/") + 1
    while 0 < end < len(subject):
        yield subject[:end]
        end = subject.find("/", end) + 1
    yield subject


#: What is ignored in every folder whose setup does not say otherwise.
DEFAULTS = Ignore.parse("\n".join(DEFAULT_IGNORES), origin="the default ignores")
