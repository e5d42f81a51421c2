"""What the setup says about a folder, as far as deciding needs it."""

from __future__ import annotations

import enum
import math
import unicodedata
from collections.abc import Mapping

import attrs

from onitu.core.capability import Capabilities, Mode, NameComparison
from onitu.core.filters import Filter
from onitu.core.model import Kind
from onitu.core.node import ServiceName
from onitu.core.patterns import Ignore, Patterns
from onitu.core.retention import Keep
from onitu.core.rules import Rules


class Policy(enum.Enum):
    """Who keeps the plain name in a conflict. The other content is kept beside it in any case."""

    KEEP_BOTH = "keep-both"
    NEWEST = "newest"
    PREFER = "prefer"


@attrs.frozen(kw_only=True)
class MaxDelete:
    """How much may be deleted before a person is asked: more than both of these is held.

    Attributes:
        percent: Share of the files, 0 to 100.
        files: Number of files.
    """

    percent: float = 50.0
    files: int = 20

    def is_exceeded(self, lost: int, files: int) -> bool:
        """Returns whether it is too much that so many of so many files are lost."""
        return lost > self.files and lost * 100 > files * self.percent

    def enough(self, lost: int) -> int | None:
        """Returns the number of files from which on it is not too much to lose so many; None if it always is."""
        if lost <= self.files:
            return 0
        return math.ceil(lost * 100 / self.percent) if self.percent else None


@attrs.frozen(kw_only=True)
class Member:
    """A service in a folder.

    Attributes:
        mode: What Onitu may do there.
        capabilities: What the service can do.
        filters: What an entry must pass, every one of them (CONTRACT B6).
        symlinks: Whether symbolic links take part here; otherwise they are unknown, which is never absence.
        policy: Who keeps the plain name, where a change there meets another one.
        preferred: With `PREFER`, the services in order.
        trusts_time: At first contact, files of equal size and modification time count as equal, unread.
        max_delete: How much may be lost there at once before a person is asked.
        atomic: Directories in which a change made here is never mixed with one made elsewhere.
        keep: How long what is replaced or deleted there is kept.
        readable: Whether changes there count.
        writable: Whether anything may be changed there.
    """

    mode: Mode
    capabilities: Capabilities = attrs.field(factory=Capabilities)
    filters: tuple[Filter, ...] = ()
    symlinks: bool = False
    policy: Policy = Policy.KEEP_BOTH
    preferred: tuple[ServiceName, ...] = ()
    trusts_time: bool = False
    max_delete: MaxDelete = attrs.field(factory=MaxDelete)
    atomic: Patterns = attrs.field(factory=Patterns)
    keep: Keep = attrs.field(factory=Keep)
    # Asked for every entry, and a flag of an enumeration takes a microsecond to ask.
    readable: bool = attrs.field(
        init=False, default=attrs.Factory(lambda member: Mode.READ in member.mode, takes_self=True)
    )
    writable: bool = attrs.field(
        init=False, default=attrs.Factory(lambda member: Mode.WRITE in member.mode, takes_self=True)
    )

    def wants(self, kind: Kind) -> bool:
        """Returns whether entries of a kind are to be brought here."""
        return kind is not Kind.SYMLINK or self.symlinks

    def key(self, name: str) -> str:
        """Returns what the service compares names by."""
        comparison = self.capabilities.name_comparison
        if comparison is NameComparison.EXACT:
            return name
        name = unicodedata.normalize("NFC", name)
        return name.casefold() if comparison is NameComparison.CASE_INSENSITIVE else name


@attrs.frozen(kw_only=True)
class Scope:
    """A folder as the setup has it.

    Attributes:
        folder: Its name.
        root: Node of its root.
        members: The services that take part.
        ignores: What is left alone on all services: first the names ignored by default, then, if there is one, the
            folder's own ignore file.
        rules: What narrows the services of a file, or None where every member gets it (CONTRACT C4).
        rule_prefix: What rules see before the path: "/<folder>", or "" in a setup of Onitu 0.1 (CONTRACT C2).
    """

    folder: str
    root: int
    members: Mapping[ServiceName, Member]
    ignores: tuple[Ignore, ...] = (Ignore(),)
    rules: Rules | None = None
    rule_prefix: str = ""
    #: Whether the members can differ in what belongs to them, or it can change: otherwise nobody need ask.
    is_selective: bool = attrs.field(
        init=False,
        default=attrs.Factory(
            lambda scope: (
                scope.rules is not None
                or len(scope.ignores) > 1
                or any(member.filters for member in scope.members.values())
            ),
            takes_self=True,
        ),
    )

    def left_alone(self, service: ServiceName) -> tuple[object, ...]:
        """Returns everything that decides which entries of a member are left alone, to be compared."""
        member = self.members.get(service)
        filters = member.filters if member is not None else ()
        return filters, self.ignores, self.rules, self.rule_prefix
