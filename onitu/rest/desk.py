"""What the API asks of the running core. The supervisor has it done; nothing here does anything."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import attrs

if TYPE_CHECKING:
    from onitu.config.values import Setup
    from onitu.core.manifest import Manifest
    from onitu.core.resolving import Conflict
    from onitu.core.wanted import RepairFile
    from onitu.expiry import Terms
    from onitu.host.latency import Latencies
    from onitu.referee import Referee
    from onitu.referee.holding import Hold, Order, Subject
    from onitu.store import Transaction

#: Stands in the place of a secret. Written back, it leaves the secret as it is.
HIDDEN = "***"


@attrs.frozen(kw_only=True)
class Standing:
    """How a service is doing.

    Attributes:
        status: The word of CONTRACT E6.
        reason: Why it failed, is halted, held or stopped, for a person; "" otherwise.
        pid: Process of its driver, while there is one that is ours.
        since: When that process was started, in seconds since 1970; None where there is none.
        paused: Whether a person lets nothing be moved there.
        waiting: Until when nothing is moved there, by its schedule or a person; "" where something may be.
    """

    status: str
    reason: str = ""
    pid: int | None = None
    since: float | None = None
    paused: bool = False
    waiting: str = ""

    @property
    def runs(self) -> bool:
        """Whether it runs, for who wants to look at it or start it anew."""
        return self.status in ("active", "halted", "held")

    @property
    def is_over(self) -> bool:
        """Whether it can be started."""
        return self.status in ("stopped", "failed")


class Held(Protocol):
    """A folder on a service of which something is held."""

    @property
    def service(self) -> str:
        """The service."""

    @property
    def folder(self) -> str:
        """The folder."""

    @property
    def hold(self) -> Hold:
        """What is held."""

    @property
    def order(self) -> Order | None:
        """What a person has decided, until it is carried out."""

    @property
    def paths(self) -> Sequence[str]:
        """The files, sorted."""


class Halted(Protocol):
    """A folder on a service whose root is missing, or another one."""

    @property
    def service(self) -> str:
        """The service."""

    @property
    def folder(self) -> str:
        """The folder."""

    @property
    def reason(self) -> str:
        """What is wrong with the root."""


class SignIn(Protocol):
    """A sign-in to a service."""

    @property
    def state(self) -> str:
        """What it is known by."""

    @property
    def uri(self) -> str:
        """What a person must open."""

    @property
    def account(self) -> str:
        """Whose account it is; "" until it has ended."""

    def bring(self, answer: str) -> None:
        """Puts down what the person has brought."""

    async def ended(self) -> None:
        """Wants it ended, and waits until it is.

        Raises:
            OnituError: It has failed, or what was brought is no answer.
        """


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

    async def terms(self) -> Terms:
        """Returns until when the certificates are good of services whose driver is dialled; others are left out."""

    def manifest(self, service: str) -> Manifest | None:
        """Returns what the driver of a service says of itself, or None where that is not known."""

    def installed(self, driver: str) -> Manifest | None:
        """Returns what an installed driver says of itself, or None where there is none that can be used."""

    def unobserved(self, service: str) -> float:
        """Returns for how many seconds a service was not observed; 0 for one that a person has stopped."""

    @property
    def unwritten(self) -> float:
        """For how many seconds the records could not be written though something waits for it."""

    def latencies(self, service: str) -> Latencies | None:
        """Returns how long the calls of a service have taken, or None for one that does not run."""

    @property
    def store_size(self) -> int:
        """Bytes of the records on disk."""

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
        """Puts the rules in force that were last put.

        Raises:
            SetupError: They do not go with the setup any more. All faults are in it.
        """

    async def pause(self, services: Collection[str], *, paused: bool) -> None:
        """Lets nothing be moved to services and from them until they are resumed, or does so again."""

    def conflicts(self, transaction: Transaction) -> list[tuple[str, Conflict]]:
        """Returns the conflicts that nobody has settled, with their folders."""

    async def resolve(self, folder: str, path: str, keep: str) -> None:
        """Settles a conflict.

        Args:
            folder: The folder.
            path: The path of the copy.
            keep: The service whose content keeps the name, or `both`.

        Raises:
            ConfigError: There is no such conflict, or neither content is from that service.
        """

    def holds(self, transaction: Transaction) -> Sequence[Held]:
        """Returns what waits for a person's decision."""

    def halts(self, transaction: Transaction) -> Sequence[Halted]:
        """Returns the roots that are missing, or others."""

    async def repair(self, request: RepairFile) -> str:
        """Has a file written again; returns why that cannot be, or ""."""

    async def decide(
        self, service: str, folder: str, order: Order, *, what: Subject | None = None, count: int | None = None
    ) -> None:
        """Keeps what a person has decided about what is held or halted, and has it carried out.

        Args:
            service: Whose.
            folder: Of which folder.
            order: What is decided.
            what: About what; None for what there is, if that is one thing.
            count: How many files were shown to whoever approves; None for any number.

        Raises:
            ConfigError: Nothing is, or it cannot be decided so.
        """

    def block(self, service: str) -> Mapping[str, object]:
        """Returns what the setup says of a service, by its file or over it; it may hold secrets. Nothing for others."""

    async def put_service(self, name: str, block: Mapping[str, object] | None) -> None:
        """Puts a service in force over the file's, or takes it away. A secret that is not shown stays as it is.

        Raises:
            SetupError: The setup would be faulty, or a secret would be shown to somebody else. All faults are in it.
        """

    async def begin_authorization(self, service: str, redirect: str | None) -> SignIn:
        """Begins a sign-in to a service, in the place of another one.

        Args:
            service: The service.
            redirect: Where the browser may come back to, or None.

        Raises:
            OnituError: It cannot.
        """

    def authorization(self, service: str, state: str) -> SignIn:
        """Returns a sign-in that has begun.

        Raises:
            NotFound: There is none.
        """

    def bring_answer(self, state: str, query: str) -> bool:
        """Puts down what a browser has brought back; returns whether anybody waits for it."""

    def schedule(self, service: str) -> Sequence[str]:
        """Returns when a service is brought up to date, as it was written; empty for always."""

    async def put_schedule(self, services: Collection[str], times: Sequence[str]) -> None:
        """Has services brought up to date at these times only; none is always.

        Raises:
            SetupError: They are no times.
        """

    async def put_folder(self, name: str, block: Mapping[str, object] | None) -> None:
        """Puts a folder in force over the file's, or takes it away from all services. Nothing is deleted there.

        Raises:
            SetupError: The setup would be faulty. All faults are in it.
        """
