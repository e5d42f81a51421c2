"""The kit: runs checks against one driver, each in a folder of its own, and keeps what became of them.

Checks of one group share a process. One that fails may leave it in any state, so the next check gets a fresh one.
"""

from __future__ import annotations

import enum
import tempfile
import time
import uuid
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import attrs
import pytest

from onitu.conformance.case import Case, has
from onitu.conformance.check import CHECKS, Check, NotDeclared, NotVisible
from onitu.conformance.process import Process
from onitu.conformance.session import Place, Session, configure
from onitu.conformance.target import Target
from onitu.core.capability import Mode
from onitu.core.manifest import OptionValue
from onitu.errors import ConfigError
from onitu.host.runtime import runtime_directory
from onitu.rpc.gen import watch_pb2

BASE: Final = "base"
"""The folder that is the service's root, in which the others are made."""

HERE: Final = "{tmp}"
"""In an option: a directory that is made for the run and removed with it."""


class Outcome(enum.Enum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """The driver does not declare what it is about."""
    UNSEEN = "unseen"
    """Nobody gave the kit what it takes to see it."""
    QUIRK = "quirk"
    """It failed as a quirk says."""


@attrs.frozen(kw_only=True)
class Result:
    """What became of a check, why, and in how many seconds."""

    check: Check
    outcome: Outcome
    reason: str = ""
    seconds: float = 0.0


class Kit:
    """A run of checks against one driver, as long as it is entered.

    Args:
        target: The driver, and the service that may be used.

    Attributes:
        target: The same.
        results: What became of the checks that ran, in order.
        alone: Why no second instance can work behind the driver's back, once that is known; or "".
    """

    def __init__(self, target: Target) -> None:
        unknown = sorted(set(target.quirks) - {str(check) for check in CHECKS})
        if unknown:
            raise ConfigError(f"a quirk of {target.name} names no check: {', '.join(unknown)}")
        self.target = target
        self.results: list[Result] = []
        self.alone = ""
        self._stack = ExitStack()
        self._root = f"onitu-conformance-{uuid.uuid4().hex[:8]}"
        self._roots: dict[str, str] = {}
        self._used: set[str] = set()
        self._again: dict[str, int] = {}
        self._made: set[str] = set()
        self._session: Session | None = None
        self._group = ""

    def __enter__(self) -> Self:
        self._sockets = self._stack.enter_context(runtime_directory())
        self._options = self._with_directories()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._end_session()
        self._stack.close()

    @property
    def options(self) -> dict[str, OptionValue]:
        """The options of the service."""
        return dict(self._options)

    # Running.

    def run(self, check: Check) -> None:
        """Runs one check and tells pytest what became of it.

        Raises:
            BaseException: It failed; or pytest's own, where it is skipped.
        """
        began = time.monotonic()
        try:
            self._run(check)
        except NotDeclared as error:
            self._note(check, Outcome.SKIPPED, f"`{error}` is not declared", began)
            pytest.skip(f"`{error}` is not declared")
        except NotVisible as error:
            self._note(check, Outcome.UNSEEN, str(error), began)
            pytest.skip(f"cannot be seen from here: {error}")
        except Exception as error:
            self._end_session()
            quirk = self.target.quirks.get(str(check))
            if quirk is None:
                self._note(check, Outcome.FAILED, str(error) or type(error).__name__, began)
                raise
            self._note(check, Outcome.QUIRK, quirk, began)
            pytest.xfail(quirk)
        else:
            if str(check) in self.target.quirks:
                reason = "it is kept, and a quirk says that it is not: take the quirk out"
                self._note(check, Outcome.FAILED, reason, began)
                pytest.fail(reason)
            self._note(check, Outcome.PASSED, "", began)

    def _run(self, check: Check) -> None:
        case = self._case(check)
        for need in check.needs:
            if not has(case.able, need):
                raise NotDeclared(need)
        try:
            check.run(case)
            assert case.process.is_alive(), f"the driver has ended by itself; it logged:\n{case.process.log}"
        finally:
            case.close()

    def _note(self, check: Check, outcome: Outcome, reason: str, began: float) -> None:
        seconds = time.monotonic() - began
        self.results.append(Result(check=check, outcome=outcome, reason=reason, seconds=seconds))

    def try_out(self) -> None:
        """Starts and configures the driver once.

        Raises:
            DriverError: It does not serve.
            ConfigError: It cannot be started.
            Refusal: It refuses the options.
        """
        self._configured([]).process.close()

    # Processes.

    def start(self) -> Process:
        """Starts a process of the driver."""
        return self.target.start(self._sockets)

    def configured(self, process: Process, places: Iterable[Place]) -> Session:
        """Configures a process with the target's options."""
        return configure(process, self._options, places)

    def restarted(self, case: Case, *, kill: bool) -> Session:
        """Ends the process of a check and starts another one, with the same folders."""
        session = case.session
        session.process.kill() if kill else session.process.close()
        places = [
            attrs.evolve(self._place(check), root_id=self._roots.get(str(check)))
            for check in CHECKS
            if str(check) in session.reports
        ]
        self._session = self._open(places)
        return self._session

    def _case(self, check: Check) -> Case:
        if str(check) in self._used:
            # It runs once more, in another folder.
            self._used.discard(str(check))
            self._again[str(check)] = self._again.get(str(check), 0) + 1
            self._roots.pop(str(check), None)
            self._end_session()
        session = self._session
        if session is None or check.group != self._group or str(check) not in session.reports:
            self._end_session()
            self._group = check.group
            places = [self._place(one) for one in CHECKS if one.group == check.group]
            session = self._session = self._open([place for place in places if place.name not in self._used])
        self._used.add(str(check))
        return Case(self, check, self._place(check), session)

    def _open(self, places: list[Place]) -> Session:
        self._make_roots(places)
        return self._configured(places)

    def _make_roots(self, places: list[Place]) -> None:
        """Sees to it that the roots of folders are there, once for all. Most drivers make them where they may write."""
        if {place.path for place in places} <= self._made:
            return
        wanted = [attrs.evolve(self._place(check), mode=Mode.READ_WRITE) for check in CHECKS]
        unwritable = [place for place, check in zip(wanted, CHECKS, strict=True) if Mode.WRITE not in check.mode]
        session = self._configured([wanted[0], *unwritable])
        try:
            made = self._is_there(session, wanted[0])
        finally:
            session.process.close()
        if not made and session.able.make_directory:
            self._make_by_hand({place.path for place in (*wanted, *places)} - self._made)
        self._made |= {place.path for place in (*wanted, *places)}

    def _is_there(self, session: Session, place: Place) -> bool:
        """Whether a folder that was configured can be listed; one that never can needs no root."""
        if session.reports[place.name].root_state != watch_pb2.ROOT_STATE_OK:
            return False
        with session.folder(place.name).watch(live=False) as stream:
            stream.wait_snapshot()
            return stream.listings.get("", True)

    def _make_by_hand(self, paths: set[str]) -> None:
        """Makes directories through a folder that is the service's root."""
        session = self._configured([Place(name=BASE, path=".")])
        try:
            base = session.folder(BASE)
            base.make_above(f"{self._root}/x")
            for path in sorted(paths):
                base.make_directory(path)
        finally:
            session.process.close()

    def _configured(self, places: list[Place]) -> Session:
        process = self.start()
        try:
            session = self.configured(process, places)
        except BaseException:
            process.close()
            raise
        found = {name: report.root_id for name, report in session.reports.items() if report.root_id}
        self._roots.update(found)
        return session

    def _place(self, check: Check) -> Place:
        number = f"{CHECKS.index(check)}-{self._again.get(str(check), 0)}"
        return Place(
            name=str(check), path=f"{self._root}/{check.group}-{number}", mode=check.mode, symlinks=check.symlinks
        )

    def _end_session(self) -> None:
        if self._session is not None:
            self._session.process.close()
            self._session = None

    def directory(self) -> Path:
        """Makes a directory on this host, which is removed with the run."""
        return Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="onitu-conformance-")))

    def _with_directories(self) -> dict[str, OptionValue]:
        if not any(isinstance(value, str) and HERE in value for value in self.target.options.values()):
            return dict(self.target.options)
        place = str(self.directory())
        return {
            key: value.replace(HERE, place) if isinstance(value, str) else value
            for key, value in self.target.options.items()
        }
