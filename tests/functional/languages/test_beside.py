"""Drivers in several languages as services of one `onitu serve`, beside one of Onitu's own."""

from __future__ import annotations

import random

import pytest

from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.languages.build import LANGUAGES, command_of
from tests.functional.processes import EVERYTHING, START, Core
from tests.functional.trees import Tree, snapshot
from tests.functional.workload import Workload

FILES = 2_000
LATER = 300.0
"""Units of time for the whole workload to arrive everywhere: five services on two processors."""

KILLS = 5 if EVERYTHING else 2
"""How often each driver is killed."""


def setup_of(new_setup: Setups) -> Onitu:
    """Makes a setup with a local service and one of each language that can be had here."""
    onitu = new_setup("disk")
    onitu.folders[FOLDER] = {"max-delete": {"percent": 100}}  # Users delete much of the little there is at first.
    for name, language in LANGUAGES.items():
        if not language.missing():
            onitu[name].mkdir(parents=True)
            # The one in Python lists its directory again and again.
            onitu.add(name, driver={"command": command_of(language)}, root=str(onitu[name]), changes_timer=2)
    if len(onitu.services) < 3:
        pytest.skip("one language is not several: `just languages` has them")
    print(f"services: {', '.join(onitu.services)}")  # noqa: T201  Which they were is wanted in the log of CI.
    return onitu


def contents(tree: Tree) -> dict[str, tuple[str, str]]:
    """Returns what every service can hold: neither executable bits nor links are among it."""
    return {path: (entry.kind, entry.digest) for path, entry in tree.items()}


def apart(onitu: Onitu, work: Workload) -> list[str]:
    """Says how services differ from what must be there."""
    wanted = contents(work.tree()).items()
    return [
        f"{name}: {path} {entry}"
        for name in onitu.services
        for path, entry in wanted ^ contents(snapshot(onitu[name])).items()
    ]


def arrive(onitu: Onitu, core: Core, work: Workload) -> None:
    """Waits until all services hold what must be there."""
    core.wait_until(lambda: not apart(onitu, work), "all services hold the same", units=LATER)


@pytest.mark.timeout(2400)
def test_a_workload_arrives_in_every_language(new_setup: Setups) -> None:
    """W1, W2: 2,000 files, made, edited, renamed and deleted on all services at once, end up equal everywhere."""
    onitu = setup_of(new_setup)
    work = Workload([onitu[name] for name in onitu.services], onitu.directory / "expected", FILES, 10, 1)
    core = onitu.serve()

    for _ in range(10):
        list(work.turn())
    arrive(onitu, core, work)

    core.stop()
    assert onitu.once().log.transfers == []


@pytest.mark.timeout(2400)
def test_services_of_all_languages_outlive_a_kill_of_any(new_setup: Setups) -> None:
    """W1, W2, P12: five services in four languages: kill -9 of each driver in turn, and of the core, loses nothing.

    It happens in the middle of work. A language whose tools are not here is left out.
    """
    onitu = setup_of(new_setup)
    turns = KILLS * len(onitu.services) + 1
    work = Workload([onitu[name] for name in onitu.services], onitu.directory / "expected", 40 * turns, turns, 2)
    chance = random.Random(2)
    core = onitu.serve()

    for turn in range(turns - 1):
        killed = list(onitu.services)[turn % len(onitu.services)]
        steps = work.turn()
        for _ in range(chance.randrange(1, 20)):
            next(steps)
        core.process_of(killed).kill()
        list(steps)
    list(work.turn())
    arrive(onitu, core, work)
    core.kill()
    core = onitu.start()
    core.wait_for("settled", units=START + LATER)

    assert not apart(onitu, work)
    core.stop()
