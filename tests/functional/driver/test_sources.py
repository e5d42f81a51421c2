"""Where content comes from: a source that goes away, another that takes over, the fastest of several."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.functional.driver.pairs import Held, Pair, needs
from tests.functional.harness import Setups
from tests.functional.targets import Ability, driver_under_test, target_class
from tests.functional.targets.local_storage import LocalStorage
from tests.functional.trees import Entry, differences, digest_of

PATH = "large.bin"


@pytest.mark.parametrize("way", ["from", "to"])
def test_a_source_that_is_gone_ends_the_transfer(pair: Pair, way: str) -> None:
    """F6 (source gone): with its service away the transfer is given up, shows nothing, and is made when it is back."""
    here, there = pair.way(way)
    needs(pair.tested, Ability.BREAK)
    pair.disk.write("other.txt", b"other")
    pair.serve("--debug")
    pair.agree()
    content = os.urandom(pair.tested.large)
    transfer = Held(pair, here, there, PATH)
    transfer.begin(content)
    pair.take_away(here)
    transfer.go_on()
    pair.wait(lambda: pair.core.log.about("transfer_aborted", PATH), "it is given up")

    assert PATH not in there.tree()
    here.mend()
    pair.core.stop()
    pair.serve()
    pair.agree()
    assert there.tree()[PATH].digest == digest_of(content)
    assert pair.staged() == []


@pytest.mark.parametrize("way", ["from", "to"])
def test_a_file_that_is_deleted_on_its_way_arrives_nowhere(pair: Pair, way: str) -> None:
    """F6 (source gone): the source's user deletes the file in the middle; at rest nobody has it, whole or half."""
    here, there = pair.way(way)
    pair.disk.write("other.txt", b"other")
    pair.serve("--debug")
    pair.agree()
    content = os.urandom(pair.tested.large)
    transfer = Held(pair, here, there, PATH)
    transfer.begin(content)
    here.delete(PATH)
    transfer.go_on()
    pair.wait(
        lambda: pair.core.log.about("transfer_aborted", PATH) or pair.core.log.about("file_deleted", PATH),
        "it is given up, or deleted as soon as it was there",
    )
    pair.agree(expected=here.tree())

    assert there.tree().keys() == {"other.txt"}
    pair.wait(lambda: not pair.staged(), "nothing is left staged")


@pytest.mark.parametrize("way", ["from", "to"])
def test_a_file_that_changes_on_its_way_arrives_as_it_is_last(pair: Pair, way: str) -> None:
    """F6 (source gone): a newer version ends the transfer of the old one, and no mixture of both is ever seen."""
    here, there = pair.way(way)
    pair.disk.write("other.txt", b"other")
    pair.serve("--debug")
    pair.agree()
    transfer = Held(pair, here, there, PATH)
    transfer.begin(os.urandom(pair.tested.large))
    last = os.urandom(pair.tested.large + 1)
    here.write(PATH, last)
    transfer.go_on()
    pair.wait(lambda: there.tree().get(PATH) == here.tree()[PATH], "the last content has arrived")

    assert there.tree()[PATH].digest == digest_of(last)
    assert pair.core.log.named("conflict_found") == []


def test_a_second_source_takes_over(new_setup: Setups) -> None:
    """F6 (second source): of two that hold a file one goes away in the middle, and the other sends it."""
    pair = Pair.make(new_setup, tested={"velocity": 0.9}, disk={"velocity": 0.1})
    needs(pair.tested, Ability.BREAK)
    late = pair.add_disk("late", velocity=0.5)
    pair.disk.write("other.txt", b"other")
    pair.serve("--debug")
    pair.agree()
    content = os.urandom(pair.tested.large)
    transfer = Held(pair, pair.tested, late, PATH)
    transfer.begin(content)
    pair.wait(lambda: PATH in pair.disk.tree(), "the other source has it too")
    pair.take_away(pair.tested)
    transfer.go_on()
    pair.wait(lambda: PATH in late.tree(), "it has arrived")

    assert late.tree()[PATH].digest == digest_of(content)
    (route,) = [source for source, target in pair.core.log.routes if target == "late"][-1:]
    assert route == "disk"


@pytest.mark.parametrize("fastest", ["one", "two"])
def test_a_late_joiner_fetches_from_the_fastest(new_setup: Setups, fastest: str) -> None:
    """F6 (late joiner): a service that comes later gets everything, from the one with the highest velocity."""
    onitu = new_setup()
    make = target_class(driver_under_test())
    holders = [make(onitu, name, velocity=0.9 if name == fastest else 0.1) for name in ("one", "two")]
    for number in range(12):
        holders[number % 2].write(f"{number % 3}/{number}.txt", b"content %d" % number)
    onitu.once()
    assert differences(holders[0].tree(), holders[1].tree()) == []
    # It comes when both are there: a choice between services that are still starting would be no choice.
    come = onitu.directory / "come"
    late = LocalStorage(
        onitu, "late", velocity=0.5, root=str(onitu["late"]), driver={"command": waiting_for(come, "local_storage")}
    )
    late.root.mkdir(parents=True)
    run = onitu.start("--once")
    run.wait_until(lambda: len(run.log.named("snapshot_finished")) == len(holders), "both holders are there")
    come.touch()
    assert run.wait() == 0

    assert {path for path in late.tree() if path.endswith(".txt")} == {f"{n % 3}/{n}.txt" for n in range(12)}
    assert set(run.log.routes) == {(fastest, "late")}


def waiting_for(sign: Path, driver: str) -> list[str]:
    """Builds a command that starts a driver once a file is there."""
    wait = 'until [ -e "$0" ]; do sleep 0.05; done; exec "$@"'
    return ["sh", "-c", wait, str(sign), sys.executable, "-P", "-m", "onitu.plug", driver]


def test_three_services(new_setup: Setups) -> None:
    """F6 (three services): what any of three makes, edits, renames and deletes, all three have."""
    pair = Pair.make(new_setup)
    pair.add_disk("third")
    for number in range(30):
        pair.disk.write(f"ballast/{number}.txt", b"ballast %d" % number)
    pair.serve()
    for service in pair.all:
        for name in ("edited", "moved", "deleted"):
            service.write(f"of {service.name}/{name}.txt", f"{name} on {service.name}".encode())
    pair.agree(expected=expected_of_three(pair))
    # Each changes what another has made.
    for service, other in zip(pair.all, [*pair.all[1:], pair.all[0]], strict=True):
        service.write(f"of {other.name}/edited.txt", f"second content by {service.name}".encode())
        service.move(f"of {other.name}/moved.txt", f"of {other.name}/renamed.txt")
        service.delete(f"of {other.name}/deleted.txt")
    pair.wait(lambda: not [path for path in pair.held(pair.disk) if path.endswith("deleted.txt")], "deleted on disk")
    pair.wait(lambda: not pair.apart(), "all hold the same")

    for service, other in zip(pair.all, [*pair.all[1:], pair.all[0]], strict=True):
        content = f"second content by {service.name}"
        assert pair.tested.tree()[f"of {other.name}/edited.txt"].digest == digest_of(content)
        assert f"of {other.name}/renamed.txt" in pair.tested.tree()
    assert len([path for path in pair.tested.tree() if path.endswith(".txt")]) == 30 + 6
    assert pair.core.log.named("conflict_found") == []


def expected_of_three(pair: Pair) -> dict[str, Entry]:
    """Adds up what the three users have made."""
    return {path: entry for service in pair.all for path, entry in pair.held(service).items()}
