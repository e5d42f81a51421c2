"""What is wrong with a setup, and where.

Every fault of a file is collected before any is reported (CONTRACT B16), so a reader never stops at the first. This
file does not know what a setup may hold.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import attrs

from onitu.errors import ConfigError


@attrs.frozen(order=True)
class Place:
    """A place in a file.

    Attributes:
        file: The file's path as a person would write it; elsewhere what a person would call it.
        line: From 1; 0 where there are no lines.
        column: From 1.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@attrs.frozen(order=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        place: Where.
        text: What, and what would be right.
    """

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class SetupError(ConfigError):
    """A setup file has faults.

    Args:
        faults: All of them; reported in the order of the file.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class Faults:
    """Collects the faults of one file."""

    def __init__(self) -> None:
        self.found: list[Fault] = []
        #: Peculiar, but usable: shown, never fatal.
        self.warnings: list[Fault] = []

    def add(self, place: Place, text: str) -> None:
        """Notes something that makes the setup unusable."""
        self.found.append(Fault(place, text))

    def warn(self, place: Place, text: str) -> None:
        """Notes something that is probably not meant."""
        self.warnings.append(Fault(place, text))


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns "; did you mean '...'?" for the known name closest to a wrong one, or ""."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return f"; did you mean '{by_folded[close[0]]}'?" if close else ""
