"""Drivers that run already and are dialled, with certificates, over a network that delays and breaks (CONTRACT W2)."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from pathlib import Path

import pytest
from blake3 import blake3

from onitu import certificates as certificates_module
from onitu.certificates import found, issue
from tests.functional.elsewhere import Elsewhere, again, elsewhere, free_port, pair, part_twice, secured
from tests.functional.harness import FOLDER, Setups
from tests.functional.journal import Journal
from tests.functional.processes import START, UNIT, wait_until
from tests.functional.proxy import Proxy
from tests.functional.rest import Api
from tests.functional.transfer import CHUNKS, CONTENT, MEBIBYTE, NAME, Transfer
from tests.functional.trees import fill, write

#: Seconds each way: about what lies between two continents.
DELAY = 0.08


def issue_expired(certificates: Path, name: str, *hosts: str) -> None:
    """Makes a certificate that was good until a moment ago, in place of the one that is there."""
    with pytest.MonkeyPatch.context() as patched:
        made = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1, seconds=1)
        patched.setattr(certificates_module, "_now", lambda: made)
        issue(certificates, name, hosts=hosts, days=1, replace=True)


def test_a_dialled_driver_is_as_any_other(new_setup: Setups) -> None:
    """W2, B3: over TLS a driver elsewhere is source and target, live; stop lets go of it, start dials it again."""
    onitu = new_setup("here")
    with elsewhere(onitu.directory) as driver:
        pair(onitu, secured(f"127.0.0.1:{driver.port}"))
        fill(onitu["here"], 1, files=40)
        write(onitu["there"] / "theirs.txt", "theirs")
        core = onitu.serve()
        onitu.converge(core, "here", "there")
        write(onitu["there"] / "new.txt", "theirs")
        (onitu["here"] / "theirs.txt").unlink()
        onitu.converge(core, "here", "there")
        first = driver.serving()
        started = core.log.named("service_started", service="there")

        assert core.stop() == 0
        assert started[0]["pid"] is None
        assert first is not None
        wait_until(lambda: not first.is_running(), "what it was configured as is over")
        write(onitu["there"] / "later.txt", "made while nobody looked")
        onitu.once()
        assert onitu.apart("here", "there") == []


def test_no_path_of_this_host_is_handed_over(new_setup: Setups) -> None:
    """W2: bytes travel, though both ends have files: what a driver elsewhere calls a path is none here."""
    onitu = new_setup("here")
    with elsewhere(onitu.directory, secure=False) as driver, Proxy(driver.port) as network:
        pair(onitu, {"address": network.address, "insecure": True})
        (onitu["here"] / "large").write_bytes(os.urandom(3 * MEBIBYTE))
        onitu.once()
        (onitu["there"] / "back").write_bytes(os.urandom(2 * MEBIBYTE))
        onitu.once()

        assert onitu.apart("here", "there") == []
        assert network.passed > 5 * MEBIBYTE


def test_a_far_driver(new_setup: Setups) -> None:
    """W2: with a long way to it everything takes longer, and nothing else is different."""
    onitu = new_setup("here")
    with elsewhere(onitu.directory) as driver, Proxy(driver.port, delay=DELAY) as network:
        pair(onitu, secured(network.address))
        fill(onitu["here"], 2, files=60)
        fill(onitu["there"] / "theirs", 3, files=60)
        core = onitu.serve()
        onitu.converge(core, "here", "there")
        write(onitu["there"] / "theirs" / "new.txt", "live")
        onitu.converge(core, "here", "there")

        assert core.log.named("service_failed") == []
        assert core.stop() == 0


def test_a_connection_that_breaks_is_made_again(new_setup: Setups) -> None:
    """W2: cut off, a driver is dialled again with back-off; what happened meanwhile on either side arrives."""
    onitu = new_setup("here", "other")
    with elsewhere(onitu.directory) as driver, Proxy(driver.port) as network:
        pair(onitu, secured(network.address))
        fill(onitu["here"], 4, files=40)
        core = onitu.serve()
        onitu.converge(core)
        onitu.converge(core, "here", "there")
        part_twice(onitu, core, network.cut, network.mend)

        assert core.log.named("file_deleted") == []
        assert core.stop() == 0


def test_a_connection_that_falls_silent_is_given_up(new_setup: Setups) -> None:
    """W2, G13: nobody says that nothing gets through any more; health checks find out, and it is dialled again."""
    onitu = new_setup("here", "other")
    onitu.environment["ONITU_CHECK_INTERVAL"] = str(0.3 * UNIT)
    with elsewhere(onitu.directory) as driver, Proxy(driver.port) as network:
        pair(onitu, secured(network.address))
        core = onitu.serve()
        before = len(core.log.named("service_started", service="there"))
        network.swallow()
        core.wait_for("service_failed", service="there", units=START)
        write(onitu["here"] / "file", "made while it was silent")
        network.cut()
        network.mend()
        again(core, "there", before, units=2 * START)
        onitu.converge(core, "here", "other", "there", units=START)

        assert core.stop() == 0


def test_an_upload_goes_on_where_it_was_cut_off(new_setup: Setups) -> None:
    """W2, F4: what a driver elsewhere has confirmed is not sent again after the connection broke."""
    onitu = new_setup()
    transfer = Transfer(onitu, "both", "both")
    with elsewhere(onitu.directory, driver="memory", secure=False) as driver, Proxy(driver.port) as network:
        onitu.services["target"]["driver"] = {"address": network.address, "insecure": True}
        cuts = [3, 11]
        transfer.hold_from_start(cuts[0])
        core = onitu.start()
        for cut, following in zip(cuts, [*cuts[1:], None], strict=True):
            transfer.wait_held(core, cut)
            transfer.hold_from_start(None if following is None else following - cut)
            before = len(core.log.named("service_started", service="target"))
            network.cut()
            core.wait_for("service_failed", service="target")
            network.mend()
            again(core, "target", before)
        core.wait_for("transfer_finished", service="target", path=NAME, units=START)

        assert transfer.staged() == list(range(CHUNKS))
        assert [event["offset"] // MEBIBYTE for event in core.log.named("transfer_restarted", path=NAME)] == cuts
        assert transfer.target.tree()[NAME].digest == blake3(CONTENT).hexdigest()
        assert core.stop() == 0


def test_changes_are_told_from_where_the_connection_broke(new_setup: Setups) -> None:
    """W2, D7: with a cursor only what happened meanwhile is told; one that has expired costs a snapshot alone."""
    onitu = new_setup("here")
    with Journal() as journal, Proxy(journal.port) as network:
        for number in range(20):
            journal.write(f"file {number}", b"as it was")
        mapping = {FOLDER: {"path": ".", "mode": "r"}}
        onitu.add("there", driver={"address": network.address, "insecure": True}, folders=mapping)
        core = onitu.serve()
        core.wait_until((onitu["here"] / "file 19").exists, "everything came")
        for lost in (False, True):
            before = len(core.log.named("service_started", service="there"))
            failures = len(core.log.named("service_failed", service="there"))
            place = journal.place
            network.cut()
            core.wait_until(
                lambda count=failures: len(core.log.named("service_failed", service="there")) > count,  # type: ignore[misc]
                "it is missed",
            )
            journal.write(f"new, {lost}", b"made meanwhile")
            journal.write("file 1", None)
            journal.write("file 2", f"another, {lost}".encode())
            if lost:
                journal.forget()
            network.mend()
            again(core, "there", before)
            core.wait_until((onitu["here"] / f"new, {lost}").exists, "it came")
            core.wait_until(
                lambda words=f"another, {lost}": (onitu["here"] / "file 2").read_text() == words,  # type: ignore[misc]
                "it came too",
            )
            core.wait_until(lambda: not (onitu["here"] / "file 1").exists(), "it is gone")
            assert journal.cursors[1:] == ([place] if not lost else [journal.cursors[1], place, None])
            assert (len(journal.told) == 3) is not lost, journal.told

        assert len(list(onitu["here"].glob("file *"))) == 19
        assert core.stop() == 0


def test_a_driver_that_dies_elsewhere_comes_back(new_setup: Setups) -> None:
    """W2, F1: `onitu driver serve` starts it again, and the core finds it."""
    onitu = new_setup("here")
    with elsewhere(onitu.directory) as driver:
        pair(onitu, secured(f"127.0.0.1:{driver.port}"))
        core = onitu.serve()
        before = len(core.log.named("service_started", service="there"))
        dying = driver.serving()
        assert dying is not None
        dying.kill()
        core.wait_for("service_failed", service="there")
        write(onitu["here"] / "file", "made while it was dead")
        again(core, "there", before)
        onitu.converge(core, "here", "there")

        assert core.stop() == 0


def test_certificates_that_end_are_told_of(new_setup: Setups) -> None:
    """W2, E15: `onitu status`, `/status` and `/health` say of all three certificates when they end, and what to do."""
    onitu = new_setup("here")
    certificates = onitu.directory / "certs"
    found(certificates, days=300)
    issue(certificates, "onitu", days=20)
    issue(certificates, "there", hosts=["127.0.0.1"], days=10)
    driver = Elsewhere("local_storage", certificates, onitu.directory / "elsewhere.log")
    try:
        pair(onitu, secured(f"127.0.0.1:{driver.port}"))
        core = onitu.serve()
        api = Api(core)
        (there,) = (one for one in api.get("/status").body["services"] if one["name"] == "there")
        status = onitu.run("status", "-c", str(onitu.file), "--data-dir", str(onitu.data))
        assert status.wait(START) == 0

        assert [one["whose"] for one in there["certificates"]] == ["authority", "core", "driver"]
        assert [bool(one["warning"]) for one in there["certificates"]] == [False, True, True]
        assert "certs/onitu.pem: the certificate is good for 19 more days" in status.output
        assert f"127.0.0.1:{driver.port}: the certificate that the driver shows is good for 9 more" in status.output

        assert api.get("/health").code == 200
        issue_expired(certificates, "onitu")
        sick = api.get("/health")
        assert sick.code == 503
        assert "onitu.pem: the certificate was good until" in sick.body["reason"]
        assert core.stop() == 0
    finally:
        driver.close()


def test_a_driver_whose_certificate_has_expired_is_told_of(new_setup: Setups) -> None:
    """W2, E15: it is not believed; what it shows is read all the same, so that somebody knows what to do."""
    onitu = new_setup("here")
    certificates = onitu.directory / "certs"
    found(certificates)
    issue(certificates, "onitu")
    issue_expired(certificates, "there", "127.0.0.1")
    address = f"127.0.0.1:{free_port()}"
    files = [str(certificates / name) for name in ("ca.pem", "there.pem", "there.key")]
    # `onitu driver serve` would refuse it; this is what it runs, and does not end because a day has passed.
    command = [sys.executable, "-m", "onitu.plug.dialled", "local_storage", address, *files]
    driver = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        pair(onitu, secured(address))
        api = Api(onitu.start())

        def told() -> str:
            sick = api.get("/health")
            return str(sick.body["reason"]) if sick.code == 503 else ""

        said = wait_until(told, "it is told of", units=START)
        assert f"{address}: the certificate that the driver shows was good until" in said
        assert list(onitu["there"].iterdir()) == []
        assert api.core.stop() == 0
    finally:
        driver.kill()
        driver.communicate()


@pytest.mark.parametrize("who", ["stranger", "there"])
def test_who_cannot_prove_who_they_are_is_not_served(new_setup: Setups, who: str) -> None:
    """W2, G20: neither another authority's certificate nor a driver's own passes for a core; others go on."""
    onitu = new_setup("here", "other")
    with elsewhere(onitu.directory) as driver:
        foreign = onitu.directory / "foreign"
        found(foreign)
        stranger = issue(foreign, "stranger")
        for path in (stranger.certificate, stranger.key):
            path.rename(onitu.directory / "certs" / path.name)
        pair(onitu, secured(f"127.0.0.1:{driver.port}", certificate=who))
        write(onitu["here"] / "file", "not for everybody")
        core = onitu.start()
        failed = core.wait_for("service_failed", service="there", units=START)
        onitu.converge(core, "here", "other")

        assert f"the driver at 127.0.0.1:{driver.port} cannot be reached" in str(failed["reason"])
        assert list(onitu["there"].iterdir()) == []
        assert core.stop() == 0


def test_a_driver_that_cannot_prove_who_it_is_is_told_nothing(new_setup: Setups) -> None:
    """W2, G20: another name than the one in its certificate is not the driver that was meant."""
    onitu = new_setup("here")
    with elsewhere(onitu.directory) as driver:
        wanted = secured(f"127.0.0.1:{driver.port}")
        wanted["tls"]["name"] = "nas.example"
        pair(onitu, wanted)
        core = onitu.start()
        failed = core.wait_for("service_failed", service="there", units=START)

        assert "cannot be reached" in str(failed["reason"])
        assert core.stop() == 0


def test_planning_beside_a_running_core_leaves_its_connection_alone(new_setup: Setups) -> None:
    """W2, F10: a driver elsewhere serves one core; who only asks is refused, and told why."""
    onitu = new_setup("here")
    with elsewhere(onitu.directory) as driver:
        pair(onitu, secured(f"127.0.0.1:{driver.port}"))
        core = onitu.serve()
        plan = onitu.run("plan", "-c", str(onitu.file), "--data-dir", str(onitu.data))
        assert plan.wait(3 * START) == 1
        write(onitu["here"] / "file", "as if nothing had happened")
        onitu.converge(core, "here", "there")

        assert "serves another Onitu" in plan.output + plan.log.tail()
        assert len(core.log.named("service_started", service="there")) == 1
        assert core.stop() == 0


def test_a_command_starts_any_executable(new_setup: Setups) -> None:
    """W2, B3: `driver: {command: [...]}` is started, watched and ended as an installed driver is."""
    onitu = new_setup("here")
    onitu["there"].mkdir(parents=True)
    script = onitu.directory / "my driver"
    script.write_text(f"#!/bin/sh\nexec {sys.executable} -m onitu.plug local_storage\n")
    script.chmod(0o755)
    onitu.add("there", driver={"command": ["./my driver"]}, root=str(onitu["there"]))
    fill(onitu["here"], 5, files=20)
    core = onitu.serve()
    onitu.converge(core, "here", "there")
    core.process_of("there").kill()
    core.wait_for("service_failed", service="there")
    write(onitu["here"] / "more", "more")
    onitu.converge(core, "here", "there")

    assert core.stop() == 0
