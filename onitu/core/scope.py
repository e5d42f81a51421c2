"""What the setup says about a folder, as far as deciding needs it."""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Mapping

import attrs

from onitu.core.capability import Capabilities, Mode, NameComparison
from onitu.core.node import ServiceName


class Policy(enum.Enum):
    """Who keeps the plain name in a conflict. The other content is kept beside it in any case."""

    KEEP_BOTH = "keep-both"
    NEWEST = "newest"
    PREFER = "prefer"


@attrs.frozen(kw_only=True)
class Member:
    """A service in a folder.

    Attributes:
        mode: What Onitu may do there.
        capabilities: What the service can do.
        readable: Whether changes there count.
        writable: Whether anything may be changed there.
    """

    mode: Mode
    capabilities: Capabilities = attrs.field(factory=Capabilities)
    # Asked for every entry, and a flag of an enumeration takes a microsecond to ask.
    readable: bool = attrs.field(
        init=False, default=attrs.Factory(lambda member: Mode.READ in member.mode, takes_self=True)
    )
    writable: bool = attrs.field(
        init=False, default=attrs.Factory(lambda member: Mode.WRITE in member.mode, takes_self=True)
    )

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
        policy: Who keeps the plain name in a conflict.
        preferred: With `PREFER`, the services in order.
    """

    folder: str
    root: int
    members: Mapping[ServiceName, Member]
    policy: Policy = Policy.KEEP_BOTH
    preferred: tuple[ServiceName, ...] = ()
