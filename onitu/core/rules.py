"""The rules of a setup: which services a file goes to, by its name, type and size.

It does not know the services: which are mapped, and what they admit, is asked elsewhere. A rule only names them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import attrs

from onitu.core.media_types import extension_of, media_type, normalise_type, type_matches
from onitu.core.sizes import format_size


def _prefix(path: str) -> str:
    """Returns a path as `/a/b`, and the root as nothing."""
    return "".join(f"/{part}" for part in unicodedata.normalize("NFC", path).split("/") if part)


def _types(written: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(normalise_type, written))


def _extensions(written: Iterable[str]) -> frozenset[str]:
    return frozenset(extension.lower().removeprefix(".") for extension in written)


@attrs.frozen(kw_only=True)
class Match:
    """What a rule is about. Every key that is not given matches all, and all must match.

    Attributes:
        path: A file, or a directory with all that is below it: `/<folder>/<path>`, in a setup of 0.1 `/<path>`.
        types: Globs of media types.
        min_size: Smallest size, in bytes.
        max_size: Largest size, in bytes.
        extensions: What stands after the last dot of the name.
    """

    path: str = attrs.field(default="", converter=_prefix)
    types: tuple[str, ...] = attrs.field(default=(), converter=_types)
    min_size: int | None = None
    max_size: int | None = None
    extensions: frozenset[str] = attrs.field(factory=frozenset, converter=_extensions)

    def matches(self, filename: str, *, size: int, directory: bool) -> bool:
        """Tells whether the rule is about something. A directory has no type, size and extension.

        Args:
            filename: `/<folder>/<path>`, in a setup of 0.1 `/<path>`.
            size: In bytes.
            directory: Whether it is a directory.
        """
        if self.path and not _is_in(filename, self.path):
            return False
        if directory:
            return not (self.types or self.extensions) and self.min_size is None and self.max_size is None
        if self.min_size is not None and size < self.min_size:
            return False
        if self.max_size is not None and size > self.max_size:
            return False
        if self.extensions and extension_of(filename) not in self.extensions:
            return False
        return not self.types or type_matches(media_type(filename), self.types)

    def __str__(self) -> str:
        words = [f"path {self.path}"] if self.path else []
        if self.types:
            words.append(f"mime {', '.join(self.types)}")
        if self.min_size is not None:
            words.append(f"at least {format_size(self.min_size)}")
        if self.max_size is not None:
            words.append(f"at most {format_size(self.max_size)}")
        if self.extensions:
            words.append(f"extension {', '.join(sorted(self.extensions))}")
        return "; ".join(words) or "everything"


def _is_in(filename: str, prefix: str) -> bool:
    """Tells whether a name is a path, or one below it."""
    if not filename.isascii():
        filename = unicodedata.normalize("NFC", filename)
    return filename.startswith(prefix) and (len(filename) == len(prefix) or filename[len(prefix)] == "/")


def _names(services: Iterable[str]) -> frozenset[str]:
    return frozenset(services)


@attrs.frozen(kw_only=True)
class Rule:
    """Adds services to the files it is about, and takes others away.

    Attributes:
        match: What it is about.
        sync: The services it adds.
        ban: The services it takes away. Of a service that is also added, nothing is left.
    """

    match: Match = attrs.field(factory=Match)
    sync: frozenset[str] = attrs.field(factory=frozenset, converter=_names)
    ban: frozenset[str] = attrs.field(factory=frozenset, converter=_names)


@attrs.frozen
class Rules:
    """All rules, in order.

    Attributes:
        rules: A later one has its way against an earlier one.
    """

    rules: tuple[Rule, ...] = ()

    def route(self, filename: str, *, size: int, directory: bool) -> frozenset[str]:
        """Returns the services that the rules name for something: each rule adds to them and takes away.

        Args:
            filename: `/<folder>/<path>`, in a setup of 0.1 `/<path>`.
            size: In bytes.
            directory: Whether it is a directory.
        """
        routed: frozenset[str] = frozenset()
        for rule in self.rules:
            if rule.match.matches(filename, size=size, directory=directory):
                routed = (routed | rule.sync) - rule.ban
        return routed

    def explain(self, filename: str, *, size: int, directory: bool, service: str) -> str:
        """Returns in words which rule decides whether something goes to a service.

        Args:
            filename: `/<folder>/<path>`, in a setup of 0.1 `/<path>`.
            size: In bytes.
            directory: Whether it is a directory.
            service: The service's name.
        """
        for number, rule in reversed([*enumerate(self.rules, start=1)]):
            if service in rule.sync | rule.ban and rule.match.matches(filename, size=size, directory=directory):
                does = "bans" if service in rule.ban else "adds"
                return f"rule {number} ({rule.match}) {does} service {service!r}"
        return f"no rule names service {service!r}"
