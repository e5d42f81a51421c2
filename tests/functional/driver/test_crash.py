"""A transfer that is under way when something is killed is carried to its end (CONTRACT F4).

The receiving driver is stopped before the file is written, so every kill comes in the middle of its transfer.
"""

from __future__ import annotations

import os

import pytest

from tests.functional.driver.pairs import Held, Pair
from tests.functional.processes import wait_until
from tests.functional.targets import Target
from tests.functional.trees import digest_of

PATH = "large.bin"


@pytest.fixture(params=["from", "to"])
def held(request: pytest.FixtureRequest, pair: Pair) -> tuple[Held, bytes]:
    """Brings a large file on its way from the driver under test, or to it."""
    here, there = pair.way(request.param)
    for number in range(5):
        pair.disk.write(f"other/{number}.txt", b"%d" % number)
    pair.serve("--debug")
    pair.agree()
    transfer = Held(pair, here, there, PATH)
    content = os.urandom(pair.tested.large)
    transfer.begin(content)
    return transfer, content


def kill_driver(held: Held, service: Target) -> None:
    """Kills the driver of a service, and waits until it is gone."""
    driver = held.pair.core.process_of(service.name)
    driver.kill()
    wait_until(lambda: driver not in held.pair.core.drivers(), "it is gone")


def arrives(held: Held, content: bytes) -> None:
    """Waits until all services hold the file, and asserts that nothing else came of it."""
    pair = held.pair
    for service in pair.all:
        pair.wait(lambda service=service: PATH in service.tree(), f"it is on {service.name}")  # type: ignore[misc]
    pair.agree()

    assert {service.tree()[PATH].digest for service in pair.all} == {digest_of(content)}
    assert pair.core.log.named("conflict_found") == []
    pair.wait(lambda: not pair.staged(), "nothing is left staged")


def test_the_receiving_driver_is_killed(held: tuple[Held, bytes]) -> None:
    """F6 (crash of the driver), F4: it is started again and receives the file."""
    transfer, content = held
    shown = transfer.target.name
    kill_driver(transfer, transfer.target)

    transfer.pair.core.wait_for("service_failed", service=shown)
    arrives(transfer, content)


def test_the_sending_driver_is_killed(held: tuple[Held, bytes]) -> None:
    """F6 (crash of the driver), F4: it is started again and sends the file."""
    transfer, content = held
    kill_driver(transfer, transfer.source)
    transfer.go_on()

    transfer.pair.core.wait_for("service_failed", service=transfer.source.name)
    arrives(transfer, content)


def test_the_core_is_killed(held: tuple[Held, bytes]) -> None:
    """F6 (crash of the core), F4: at the next start the transfer is carried to its end."""
    transfer, content = held
    transfer.pair.core.process.kill()
    transfer.go_on()
    transfer.pair.core.kill()

    transfer.pair.serve()
    arrives(transfer, content)


def test_everything_is_killed(held: tuple[Held, bytes]) -> None:
    """F6 (crash of both), F4: core and drivers at once; the next start carries it to its end."""
    transfer, content = held
    transfer.pair.core.kill_all()

    transfer.pair.serve()
    arrives(transfer, content)


def test_it_is_stopped_in_the_middle(held: tuple[Held, bytes]) -> None:
    """F6 (crash of the core), F4: a shutdown is obeyed with a transfer under way, and the next start finishes it."""
    transfer, content = held
    transfer.pair.core.process.terminate()
    transfer.go_on()
    transfer.pair.core.wait()

    transfer.pair.serve()
    arrives(transfer, content)


def test_nothing_half_is_seen(held: tuple[Held, bytes]) -> None:
    """F6 (crash of the driver), P12: under its name there is nothing until there is all of it."""
    transfer, content = held
    kill_driver(transfer, transfer.target)
    seen = {entry.digest for path, entry in transfer.target.tree().items() if path == PATH}

    assert seen <= {digest_of(content)}
    arrives(transfer, content)
