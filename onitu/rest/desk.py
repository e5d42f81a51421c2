"""What the API asks of the running core. The supervisor has it done; nothing here does anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import attrs

if TYPE_CHECKING:
    from onitu.config.values import Setup
    from onitu.core.manifest import Manifest
    from onitu.referee import Referee


@attrs.frozen(kw_only=True)
class Standing:
    """How a service is doing.

    Attributes:
        status: The word of CONTRACT E6.
        reason: Why it failed, is halted, held or stopped, for a person; "" otherwise.
        pid: Process of its driver, while there is one that is ours.
        since: When that process was started, in seconds since 1970; None where there is none.
    """

    status: str
    reason: str = ""
    pid: int | None = None
    since: float | None = None

    @property
    def runs(self) -> bool:
        """Whether it runs, for who wants to look at it or start it anew."""
        return self.status in ("active", "halted", "held")

    @property
    def is_over(self) -> bool:
        """Whether it can be started."""
        return self.status in ("stopped", "failed")


class Desk(Protocol):
    """The running core."""

    @property
    def setup(self) -> Setup:
        """The setup in force."""

    @property
    def referee(self) -> Referee:
        """The records, and what is being done about them."""

    def standing(self, service: str) -> Standing:
        """Returns how a service of the setup is doing."""

    def manifest(self, service: str) -> Manifest | None:
        """Returns what the driver of a service says of itself, or None where that is not known."""

    async def stop(self, service: str) -> None:
        """Stops a service until it is started again, also by another core, and returns once it has stopped."""

    async def start(self, service: str) -> None:
        """Starts a service that is stopped or has failed, and returns once it is active or has failed again."""

    async def restart(self, service: str) -> None:
        """Stops a service and starts it again."""

    async def rules(self, *, active: bool) -> Sequence[object]:
        """Returns the rules as they were written: those last put, or those in force."""

    async def put_rules(self, rules: Sequence[object]) -> None:
        """Keeps rules, to be put in force later.

        Raises:
            SetupError: They are faulty. All faults are in it.
        """

    async def reload_rules(self) -> None:
        """Puts the rules in force that were last put."""
