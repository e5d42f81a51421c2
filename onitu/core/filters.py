"""What the setup admits: types, sizes, patterns, at each of its levels, and what is ignored.

A filter is what one level says; a file must pass all of them. What is refused is neither read nor written, and every
refusal says in words which option of which level it is. It does not know modes and rules: see `scope` and `rules`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

import attrs

from onitu.core.media_types import media_type, normalise_type, type_matches
from onitu.core.patterns import Ignore, Patterns
from onitu.core.sizes import format_size


class Cause(enum.Enum):
    """Why a service should not have something, in the words of the log."""

    MODE = "mode"
    SIZE = "size"
    TYPE = "type"
    BLACKLIST = "blacklist"
    WHITELIST = "not whitelisted"
    IGNORED = "ignored"
    RULE = "no rule"


@attrs.frozen
class Refusal:
    """Why something is not admitted.

    Attributes:
        cause: The kind of reason.
        text: The reason for a person, with the option, its value and its level.
    """

    cause: Cause
    text: str


def _types(written: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(normalise_type, written))


@attrs.frozen(kw_only=True)
class Filter:
    """What one level of the setup admits. Every option that is not given admits everything.

    Attributes:
        level: Where it stands, for a person: "folder 'music'", "folder 'music' of service 'nas'".
        types: Globs of media types.
        min_size: Smallest size of a file, in bytes.
        max_size: Largest size of a file, in bytes.
        blacklist: Never admitted; stronger than the whitelist.
        whitelist: If there is one, only this is admitted.
        is_empty: Whether it admits everything.
    """

    level: str
    types: tuple[str, ...] = attrs.field(default=(), converter=_types)
    min_size: int | None = None
    max_size: int | None = None
    blacklist: Patterns = attrs.field(factory=Patterns)
    whitelist: Patterns = attrs.field(factory=Patterns)
    # Both are asked for every entry.
    is_empty: bool = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: self._admits_all(), takes_self=True)
    )
    _is_for_files: bool = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: self._has_file_options(), takes_self=True)
    )

    def _admits_all(self) -> bool:
        return not (self.blacklist or self._has_file_options())

    def _has_file_options(self) -> bool:
        return bool(self.types or self.whitelist) or self.min_size is not None or self.max_size is not None

    def refusal(self, path: str, *, directory: bool, size: int = 0) -> Refusal | None:
        """Returns why something is not admitted, or None. A directory is refused by the blacklist alone.

        Args:
            path: Relative to the folder.
            directory: Whether it is a directory.
            size: Of the file, in bytes.
        """
        if self.is_empty:
            return None
        pattern = self.blacklist.match(path, directory=directory)
        if pattern is not None:
            return Refusal(Cause.BLACKLIST, f"matches blacklist {pattern!r} of {self.level}")
        return None if directory or not self._is_for_files else self._file_refusal(path, size=size)

    def _file_refusal(self, path: str, *, size: int) -> Refusal | None:
        """Returns why a file that is on no blacklist is not admitted, or None."""
        if self.whitelist and self.whitelist.match(path, directory=False) is None:
            return Refusal(Cause.WHITELIST, f"matches nothing of the whitelist of {self.level}")
        if self.types and not type_matches(kind := media_type(path), self.types):
            return Refusal(
                Cause.TYPE, f"is of type {kind}, which is not in type {', '.join(self.types)} of {self.level}"
            )
        if self.min_size is not None and size < self.min_size:
            return Refusal(Cause.SIZE, f"smaller than min-size {format_size(self.min_size)} of {self.level}")
        if self.max_size is not None and size > self.max_size:
            return Refusal(Cause.SIZE, f"larger than max-size {format_size(self.max_size)} of {self.level}")
        return None

    def wants_directory(self, path: str) -> bool:
        """Tells whether a directory is wanted for its own sake; otherwise it is made where a wanted file lies in it.

        Args:
            path: Relative to the folder.
        """
        return not self._is_for_files or self.whitelist.match(path, directory=True) is not None


def admit(
    filters: Sequence[Filter], ignore: Sequence[Ignore], path: str, *, directory: bool, size: int
) -> Refusal | None:
    """Returns why something is not admitted, or None.

    Args:
        filters: All must admit it.
        ignore: None must ignore it.
        path: Relative to the folder.
        directory: Whether it is a directory.
        size: Of the file, in bytes.
    """
    for ignored in ignore:
        pattern = ignored.match(path, directory=directory)
        if pattern is not None:
            return Refusal(Cause.IGNORED, f"ignored by {pattern!r} of {ignored.origin}")
    for one in filters:
        refusal = one.refusal(path, directory=directory, size=size)
        if refusal is not None:
            return refusal
    return None
