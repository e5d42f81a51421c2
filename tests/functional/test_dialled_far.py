"""A driver on another host, and the cable to it: two network namespaces (CONTRACT W2).

What a proxy cannot do: nothing is closed when the cable is unplugged. Neither end is told; the driver keeps a
connection on which nobody speaks any more, and the core finds out by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from blake3 import blake3

from tests.functional.elsewhere import again, elsewhere, pair, part_twice, secured
from tests.functional.harness import Setups
from tests.functional.network import Network, missing
from tests.functional.processes import START, UNIT
from tests.functional.transfer import CHUNKS, CONTENT, MEBIBYTE, NAME, Transfer
from tests.functional.trees import fill, write

#: Of the way between two continents, over a bad line.
DELAY_MS, LOSS = 80, 1.0


@pytest.fixture
def network() -> Iterator[Network]:
    """Two hosts with a cable between them."""
    if reason := missing():
        pytest.skip(reason)
    with Network() as made:
        yield made


def test_a_cable_that_is_unplugged_is_no_reason_to_delete(new_setup: Setups, network: Network) -> None:
    """W2, G13: it is found out, others go on; plugged in again, both sides get what happened meanwhile."""
    onitu = new_setup("here", "other")
    onitu.environment["ONITU_CHECK_INTERVAL"] = str(0.3 * UNIT)
    with elsewhere(onitu.directory, network=network) as driver:
        pair(onitu, secured(driver.address))
        fill(onitu["here"], 6, files=40)
        core = onitu.serve(wrapper=network.near)
        onitu.converge(core, "here", "there")
        part_twice(onitu, core, network.unplug, network.plug, notice=START)

        failed = core.log.named("service_failed", service="there")
        assert all(one["retry_in"] > 0 for one in failed)
        assert core.log.named("file_deleted") == []
        assert core.stop() == 0


def test_an_upload_goes_on_where_the_cable_was_unplugged(new_setup: Setups, network: Network) -> None:
    """W2, F4: what the driver has confirmed is not sent again, though it never heard that the connection was over."""
    onitu = new_setup()
    onitu.environment["ONITU_CHECK_INTERVAL"] = str(0.3 * UNIT)
    transfer = Transfer(onitu, "both", "both")
    with elsewhere(onitu.directory, driver="memory", network=network) as driver:
        onitu.services["target"]["driver"] = secured(driver.address)
        cut = 5
        transfer.hold_from_start(cut)
        core = onitu.start(wrapper=network.near)
        transfer.wait_held(core, cut)
        transfer.hold_from_start(None)
        before = len(core.log.named("service_started", service="target"))
        network.unplug()
        core.wait_for("service_failed", service="target", units=START)
        network.plug()
        again(core, "target", before, units=2 * START)
        core.wait_for("transfer_finished", service="target", path=NAME, units=START)

        assert transfer.staged() == list(range(CHUNKS))
        assert [event["offset"] // MEBIBYTE for event in core.log.named("transfer_restarted", path=NAME)] == [cut]
        assert transfer.target.tree()[NAME].digest == blake3(CONTENT).hexdigest()
        assert core.stop() == 0


def test_a_line_that_loses_and_delays_is_slow_and_nothing_else(new_setup: Setups, network: Network) -> None:
    """W2: packets that are late or lost cost time alone."""
    if not network.disturb(delay_ms=DELAY_MS, loss=LOSS):
        pytest.skip("this kernel has no netem, which delays and loses packets; test_dialled delays through a proxy")
    onitu = new_setup("here")
    with elsewhere(onitu.directory, network=network) as driver:
        pair(onitu, secured(driver.address))
        fill(onitu["here"], 7, files=60)
        fill(onitu["there"] / "theirs", 8, files=60)
        core = onitu.serve(wrapper=network.near)
        onitu.converge(core, "here", "there", units=START)
        write(onitu["there"] / "theirs" / "new.txt", "live")
        onitu.converge(core, "here", "there", units=START)

        assert core.log.named("service_failed") == []
        assert core.stop() == 0
