"""A local disk and a service of the driver under test, and how they are compared.

Knows targets, and no driver.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import attrs
import psutil
import pytest

from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.processes import START, Core
from tests.functional.targets import Ability, Target, driver_under_test, target_class
from tests.functional.targets.local_storage import LocalStorage
from tests.functional.trees import Entry, Tree, differences

Way: TypeAlias = tuple[Target, Target]
"""Where something is done, and where it must be seen."""


@attrs.define(eq=False)
class Pair:
    """A setup with a disk and a service of the driver under test.

    Attributes:
        onitu: The setup.
        disk: The local service.
        tested: The one under test.
        others: Further local services.
        core: The last run.
    """

    onitu: Onitu
    disk: Target
    tested: Target
    others: list[Target] = attrs.Factory(list)
    _core: Core | None = None

    @classmethod
    def make(cls, setups: Setups, *, disk: Any = None, tested: Any = None) -> Pair:  # noqa: ANN401 - pieces of YAML.
        """Makes a setup.

        Args:
            setups: Makes it.
            disk: Further keys of the block of the local service.
            tested: The same of the one under test.

        Returns:
            The setup, not running.
        """
        onitu = setups()
        local = LocalStorage(onitu, "disk", **(disk or {}))
        return cls(onitu, local, target_class(driver_under_test())(onitu, "tested", **(tested or {})))

    @property
    def core(self) -> Core:
        """The last run."""
        assert self._core is not None
        return self._core

    @property
    def all(self) -> list[Target]:
        """All services."""
        return [self.disk, self.tested, *self.others]

    def add_disk(self, name: str, **block: Any) -> Target:  # noqa: ANN401 - a piece of YAML.
        """Adds a further local service."""
        self.others.append(LocalStorage(self.onitu, name, **block))
        return self.others[-1]

    def way(self, name: str) -> Way:
        """Returns the two services in the order in which something travels: "from" the one under test, or "to" it."""
        return (self.tested, self.disk) if name == "from" else (self.disk, self.tested)

    def serve(self, *arguments: str) -> Core:
        """Starts Onitu and waits until it has nothing to do."""
        self._core = self.onitu.start(*arguments)
        self._core.wait_for("settled", units=START + self.tested.reaction)
        return self._core

    def take_away(self, service: Target) -> None:
        """Takes a service away, and its driver with it, so that nothing it has in its hands can be used any more."""
        driver = self.core.process_of(service.name)
        service.break_down()
        with contextlib.suppress(psutil.NoSuchProcess):  # It may end by itself, now that its service is gone.
            driver.kill()

    def once(self, *, expect: int | None = 0) -> Core:
        """Runs Onitu to its end."""
        self._core = self.onitu.once(expect=expect)
        return self._core

    def agree(self, place: str = "", *, expected: Tree | None = None, services: Sequence[Target] = ()) -> None:
        """Waits until services hold the same below a place.

        Args:
            place: A directory; everything by default.
            expected: What they must hold there; by default what the disk holds.
            services: Which; all by default.
        """
        asked = list(services) or self.all

        def agreed() -> bool:
            wanted = self.held(self.disk, place) if expected is None else self.seen(expected)
            return not any(differences(wanted, self.held(service, place)) for service in asked)

        self.core.wait_until(agreed, f"all hold the same in {place!r}", units=self.tested.reaction)

    def apart(self) -> list[str]:
        """Says how the services differ now."""
        wanted = self.held(self.disk)
        return [line for service in self.all for line in differences(wanted, self.held(service))]

    def held(self, service: Target, place: str = "") -> dict[str, Entry]:
        """Looks at what a service holds below a place, as far as services can be compared."""
        return self.seen(service.below(place) if place else service.tree())

    def seen(self, tree: Tree) -> dict[str, Entry]:
        """Leaves out of a tree what the driver under test cannot hold."""
        unable = self.tested.unable
        return {
            path: attrs.evolve(entry, executable=entry.executable and Ability.EXECUTABLE not in unable)
            for path, entry in tree.items()
            if entry.kind != "directory" or Ability.EMPTY_DIRECTORIES not in unable
        }

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Waits on the running core for something."""
        self.core.wait_until(condition, what, units=self.tested.reaction)

    def staged(self) -> list[str]:
        """Lists what is staged anywhere."""
        return [path for service in self.all for path in service.staged()]


def needs(target: Target, *abilities: Ability) -> None:
    """Skips a test that needs what the driver under test, or its target, has declared that it cannot do."""
    for ability in abilities:
        if ability in target.unable:
            pytest.skip(f"{target.driver}: not that {ability.value}: {target.unable[ability]}")


def at_root(mode: str) -> dict[str, Any]:
    """Describes a service whose folder is its root and has a mode."""
    return {"folders": {FOLDER: {"path": ".", "mode": mode}}}


@attrs.define(eq=False)
class Held:
    """A transfer that stands still in its middle, because the driver that receives it does.

    Attributes:
        pair: The setup.
        source: The service the content comes from.
        target: The service whose driver does not go on.
        path: The file.
    """

    pair: Pair
    source: Target
    target: Target
    path: str
    _process: psutil.Process | None = None

    def begin(self, content: bytes) -> None:
        """Has a user write the file, and waits until its transfer is under way."""
        for service in self.pair.all:
            service.keep()
        self._process = self.pair.core.process_of(self.target.name)
        self._process.suspend()
        self.source.write(self.path, content)
        self.source.keep()
        self.pair.wait(self._begun, f"{self.path} is on its way to {self.target.name}")

    def go_on(self) -> None:
        """Lets the driver go on, if it still lives."""
        assert self._process is not None
        if self._process.is_running():
            self._process.resume()

    def _begun(self) -> bool:
        return any(
            event["service"] == self.target.name for event in self.pair.core.log.about("transfer_started", self.path)
        )
