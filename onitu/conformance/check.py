"""What a check is: a promise of the contract, by name, with what a driver must have declared to be held to it.

The checks themselves are in `groups`, one module for each group; this module knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from onitu.core.capability import Mode

if TYPE_CHECKING:
    from onitu.conformance.case import Case

GROUPS: Final = (
    "life",
    "manifest",
    "observe",
    "read",
    "write",
    "preconditions",
    "delete",
    "move",
    "trash",
    "batch",
    "names",
    "errors",
    "concurrency",
    "cancellation",
    "faults",
)
"""The groups, in the order in which they run."""

Run: TypeAlias = "Callable[[Case], None]"

CHECKS: Final[list[Check]] = []
"""All checks, in the order in which they run. Filled as the groups are imported."""


@attrs.frozen
class Check:
    """One promise of the contract, and what shows whether it is kept.

    Attributes:
        group: What it is about, such as "write".
        name: What must hold, in few words, such as "nothing_is_visible_before_end_upload".
        promise: The same in a sentence.
        run: Shows it, or raises.
        needs: Capabilities without which it asks for nothing. "write", "reads" and the like are those of `Able`.
        mode: What Onitu may do in the folder that it gets.
        symlinks: Whether symbolic links take part in that folder.
    """

    group: str
    name: str
    promise: str
    run: Run
    needs: tuple[str, ...] = ()
    mode: Mode = Mode.READ_WRITE
    symlinks: bool = False

    def __str__(self) -> str:
        return f"{self.group}-{self.name}"


def check(*needs: str, mode: Mode = Mode.READ_WRITE, symlinks: bool = False) -> Callable[[Run], Run]:
    """Makes a check of a function: its module is the group, its docstring the promise.

    Args:
        needs: As `Check.needs`.
        mode: As `Check.mode`.
        symlinks: As `Check.symlinks`.
    """

    def note(run: Run) -> Run:
        group = run.__module__.rpartition(".")[2]
        promise = " ".join((run.__doc__ or "").split())
        CHECKS.append(Check(group, run.__name__, promise, run, needs, mode, symlinks))
        return run

    return note


class NotDeclared(Exception):
    """The driver does not claim what a check is about."""


class NotVisible(Exception):
    """What a check is about cannot be seen from here: nobody gave the kit what it would take."""
