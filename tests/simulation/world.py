"""A run: services, users and the core, in one thread and virtual time."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import attrs
import trio

from onitu.core.model import Observation, Operation
from onitu.core.node import Action
from onitu.errors import DriverError
from tests.property.users import User
from tests.simulation.account import Account, Traits
from tests.simulation.chaos import Chaos
from tests.simulation.core import Core, Crashed
from tests.simulation.scenario import CRASHES, Scenario, Step
from tests.simulation.seams import EPOCH

if TYPE_CHECKING:
    from onitu.core.filters import Filter
    from tests.property.world import World as PropertyWorld

#: Virtual seconds after which a run that is left alone must have come to rest: failures are tried again after minutes.
REST_DEADLINE = 20_000.0

#: Virtual seconds between two looks whether everything has come to rest.
LOOKS = (1.6, 1.6, 1.6, 5.0, 5.0, 30.0, 30.0)


class Violation(AssertionError):
    """A property does not hold.

    Args:
        name: Which, such as "P1".
        text: What was found.
    """

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name


@attrs.define
class Place:
    """A service as users see it."""

    service: Account


class World:
    """A run.

    Args:
        scenario: What happens.
        directory: For the store.
        forgiving: Services do not compare expectations (a mutation of the algorithm).
        verifying: Services verify what they are sent.
    """

    def __init__(self, scenario: Scenario, directory: Path, *, forgiving: bool = False, verifying: bool = True) -> None:
        self.scenario = scenario
        self.directory = directory
        self.rng = random.Random(scenario.seed + 1)
        self.chaos = Chaos(self.rng, scenario.rate, late=scenario.late)
        self.accounts: dict[str, Account] = {}
        self.filters: dict[str, tuple[Filter, ...]] = {}
        self.places: dict[str, Place] = {}
        self.created: dict[bytes, set[str]] = {}
        self.superseded: set[bytes] = set()
        self.links = True
        self.landing = 0
        self.crashes = 0
        self.halts = 0
        self.steps = 0
        self.trace: list[str] = []
        self.conflicts = 0
        self.in_epilogue = self.endless = False
        self.bugs: list[str] = []
        self.collisions = 0
        self.core: Core | None = None
        self.verifying = verifying
        self._forgiving = forgiving
        self._trap: tuple[str, int, bool] | None = None
        self._restart = trio.Event()
        self._rebooted = False
        self._nursery: trio.Nursery | None = None
        for traits in scenario.traits:
            self.join("ABCDEFGH"[len(self.accounts)], traits)

    @property
    def names(self) -> list[str]:
        """Names of the services."""
        return list(self.accounts)

    def join(self, name: str, traits: Traits) -> Account:
        """A service is there; Onitu knows of it from its next start on."""
        account = Account(name, traits, self.now)
        account.forgiving = self._forgiving
        self.accounts[name] = account
        self.places[name] = Place(account)
        return account

    def now(self) -> float:
        """Returns virtual seconds since 1970."""
        try:
            return EPOCH + trio.current_time()
        except RuntimeError:
            return EPOCH

    def say(self, text: str) -> None:
        """Notes what happens."""
        self.trace.append(text)

    # What the users of the property tests tell.

    def made(self, name: str, content: bytes) -> None:
        """A user has made a content."""
        self.created.setdefault(content, set()).add(name)

    def changed(self, name: str, path: str) -> None:
        """A user has changed something."""
        self.accounts[name].heard(path)

    def moved(self, name: str, old: str, new: str) -> None:
        """A user has renamed something."""
        self.accounts[name].heard_move(old, new)

    def user(self, verb: str, which: int, a: int, b: int, c: int) -> None:
        """A user does something."""
        name = self.names[which % len(self.names)]
        user = User(cast("PropertyWorld", self), name, a, b, c)
        user.names = self.scenario.names
        user.do(verb)

    # What Onitu does.

    def perform(self, account: Account, operation: Operation) -> Observation:
        """Does an operation of ours, and tells it as watchers do."""
        observation = account.do(operation)
        action, path = account.operations[-1]
        destination = getattr(operation, "destination", "")
        self.say(f"{trio.current_time():.3f} {account.name} {action.name} {path} {destination}")
        if destination:
            account.heard_move(path, destination)
        else:
            account.heard(path)
        return observation

    def land_later(self, account: Account, operation: Operation) -> None:
        """Does an operation in a moment, whoever has given it up meanwhile."""

        async def land() -> None:
            await trio.sleep(self.rng.choice((0.01, 0.7, 3.0)))
            self.landing -= 1
            try:
                self.perform(account, operation)
            except DriverError:
                self.say(f"{account.name} too late")

        assert self._nursery is not None
        self.landing += 1
        self._nursery.start_soon(land)

    # Crashes.

    def crash_point(self, kind: str) -> None:
        """Something is reached at which the core may crash."""
        if self._trap is None or self._trap[0] != kind:
            return
        kind, left, power = self._trap
        if left:
            self._trap = (kind, left - 1, power)
            return
        self.crash(power=power, where=kind)

    def crash(self, *, power: bool, where: str) -> None:
        """The core dies, with the host or without it."""
        self._trap = None
        if self.core is None or self.core.dead:
            return
        self.crashes += 1
        self.say(f"crash {where} power={power}")
        self.core.kill()
        self._rebooted = self._rebooted or power
        if power:
            for account in self.accounts.values():
                account.power_cut(self.rng)

    # The run.

    async def run(self, play: Callable[[World], Awaitable[None]], check: Callable[[World], Awaitable[None]]) -> None:
        """Plays the scenario and has everything checked.

        Args:
            play: What happens after the steps of the scenario.
            check: A function of the world that raises `Violation`.
        """
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            for step in self.scenario.before:
                self._play(step)
            nursery.start_soon(self._keep_core)
            for step in self.scenario.steps:
                await trio.sleep(step[5])
                await self._take(step)
            try:
                await play(self)
                self.heal()
                await self.rest()
                await check(self)
            finally:
                self.stop()
            nursery.cancel_scope.cancel()
        if self.endless:
            raise Violation("P25", f"goes round in circles: {self._unrest()}")

    def give_up(self) -> None:
        """Ends a run that goes round in circles."""
        self.endless = True
        self.stop()
        assert self._nursery is not None
        self._nursery.cancel_scope.cancel()

    async def _keep_core(self) -> None:
        while True:
            self.core = core = Core(self, rebooted=self._rebooted)
            self._rebooted = False
            await core.run()
            self.say("core ended")
            await trio.sleep(0.2)

    def stop(self) -> None:
        """Ends the core."""
        self._trap = None
        if self.core is not None:
            self.core.kill()

    async def restart(self) -> None:
        """Ends the core and starts it again, with whatever services there are now."""
        self.stop()
        await trio.sleep(0.1)
        await trio.sleep(0.2)

    async def _take(self, step: Step) -> None:
        verb = step[0]
        if verb == "rest":
            with trio.move_on_after(60.0):
                await self._until_idle(needed=set(self.names))
        elif verb == "long":
            await trio.sleep(200.0)
        else:
            self._play(step)

    def _play(self, step: Step) -> None:
        verb, which, a, b, c, _delay = step
        account = self.accounts[self.names[which % len(self.names)]]
        self.say(f"step {verb} {account.name} {a} {b} {c}")
        troubles: dict[str, Callable[[], object]] = {
            "away": partial(self._away, account),
            "back": partial(self._back, account),
            "root": partial(self._lose_root, account),
            "break": account.break_streams,
            "crash": partial(self._set_trap, CRASHES[a % len(CRASHES)], b, c, power=False),
            "power": partial(self._set_trap, CRASHES[a % len(CRASHES)], b, c, power=True),
            "create_all": partial(self._create_all, a, c),
            "equal_twice": partial(self._equal_twice, a, b, c),
        }
        if verb in troubles:
            troubles[verb]()
        elif account.rooted:
            self.user(verb, which, a, b, c)

    def set_trap(self, kind: str, left: int, *, power: bool) -> None:
        """Has the core crash once something has been reached that often."""
        self._trap = (kind, left, power)

    def _set_trap(self, kind: str, b: int, c: int, *, power: bool) -> None:
        self.set_trap(kind, b * 8 + c if kind == "step" else b // 2, power=power)

    def _away(self, account: Account) -> None:
        account.online = False
        account.break_streams()

    def _back(self, account: Account) -> None:
        account.online = account.rooted = True

    def _lose_root(self, account: Account) -> None:
        account.rooted = False
        self.halts += 1
        for stream in account.streams:
            stream.lose_root()

    def _create_all(self, a: int, c: int) -> None:
        content = b"all%d" % a
        name = self.scenario.names[c % len(self.scenario.names)]
        for account in self.accounts.values():
            if not account.rooted:
                continue
            self.made(account.name, content)
            self.superseded.update(set(account.write(account.root, name, content)) - {content})
            account.heard(name)

    def _equal_twice(self, a: int, b: int, c: int) -> None:
        """A user writes over a file what it holds already."""
        del b, c
        for account in self.accounts.values():
            files = [(path, item) for path, item in account.walk() if item.kind is not None and item.content]
            if files:
                path, item = files[a % len(files)]
                account.touch(item)
                account.heard(path)

    def heal(self) -> None:
        """From here on nothing goes wrong any more."""
        self.say("healed")
        self.chaos.active = False
        self._trap = None
        for account in self.accounts.values():
            self._back(account)

    async def rest(self) -> None:
        """Waits until everything has come to rest.

        Raises:
            Violation: It does not.
        """
        self.say("resting")
        with trio.move_on_after(REST_DEADLINE) as waiting:
            await self._until_idle(needed=set(self.names))
        if waiting.cancelled_caught:
            raise Violation("P2", f"does not come to rest: {self._unrest()}")

    async def rest_of(self, names: set[str]) -> None:
        """Waits until some services have come to rest, whatever the others do.

        Raises:
            Violation: They do not.
        """
        with trio.move_on_after(REST_DEADLINE) as waiting:
            await self._until_idle(needed=names)
        if waiting.cancelled_caught:
            raise Violation("P25", f"{sorted(names)} do not come to rest: {self._unrest()}")

    async def sleep_long(self) -> None:
        """Lets half an hour pass: longer than anything is remembered in memory."""
        await trio.sleep(1_800.0)

    async def _until_idle(self, *, needed: set[str]) -> None:
        still, looks = 0, 0
        state: object = None
        while still < 3:
            await trio.sleep(LOOKS[min(looks, len(LOOKS) - 1)])
            looks += 1
            now = self._idle_state(needed)
            still = still + 1 if now is not None and now == state else 0
            state = now

    def _idle_state(self, needed: set[str]) -> object:
        """Returns what would have changed if anything had been done, or None while something is under way."""
        core = self.core
        if core is None or core.dead or self.landing:
            return None
        for service in core.services:
            if service.name in needed and not service.at_rest:
                return None
        referee = core.referee
        quiet = all(stream.quiet for name in needed for stream in self.accounts[name].streams)
        if not referee.idle or referee.failures or referee.writer.busy or not quiet:
            return None
        if any(link.unflushed or link.retry_at is not None for link in referee.links.values()):
            return None
        return (len(self.mutations), self.crashes)

    def _unrest(self) -> str:
        core = self.core
        if core is None or core.dead:
            return "no core"
        failures = [(key, failure.path, str(failure.error)) for key, failure in core.referee.failures._failures.items()]
        services = [(service.name, service.status.value, service.reason) for service in core.services]
        links = [
            (link.service, link.idle, link.unflushed, link.retry_at, link.retries, list(link.doubtful))
            for link in core.referee.links.values()
        ]
        waiting = core.store.read(
            lambda transaction: [
                (node.id, name, state)
                for node in transaction.nodes()
                for name, state in node.services.items()
                if not state.decided or state.bound or state.intent
            ]
        )
        loud = [name for name, account in self.accounts.items() for stream in account.streams if not stream.quiet]
        return (
            f"{services} {links} {loud} undecided={waiting} failures={failures} "
            f"in flight={sorted(core.referee.in_flight)}"
        )

    @property
    def mutations(self) -> list[tuple[str, Action, str]]:
        """What was done on all services for us."""
        return [(name, *operation) for name, account in self.accounts.items() for operation in account.operations]


__all__ = ["Crashed", "Violation", "World"]
