"""Coming up, going down, refusing bad input, and what is left behind (CONTRACT B16, F1, F2, F10; "done when" 1, 3)."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.processes import EVERYTHING, START, STOP, Core
from tests.functional.trees import differences, fill, snapshot, write

REPOSITORY = Path(__file__).parents[2]
BROKEN = Path(__file__).parent / "drivers/broken.py"
START_DEADLINE = 30  # Units, rather more than the seconds a driver has to begin to serve.
GIVEN_UP = 90  # Units until a driver that runs and says nothing is called failed: it is given a minute.

BAD_SETUP = """\
name: Bad
folders:
  docs: {mode: rwx}
services:
  first:
    driver: local_storage
    folders: {docs: , dcos: }
  second:
    drvier: local_storage
    root: /tmp
"""


def test_one_core_and_one_process_per_service(new_setup: Setups) -> None:
    """Done when 3, F1: `ps` shows the core and below it one process for each service; the log says they started."""
    onitu = new_setup("a", "b", "c")
    core = onitu.serve()

    assert len(core.drivers()) == 3
    assert sorted(event["service"] for event in core.log.named("service_started")) == ["a", "b", "c"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT], ids=lambda how: how.name)
def test_signals_end_it_cleanly(new_setup: Setups, how: signal.Signals) -> None:
    """DESIGN §5: on a signal it ends with 0, its drivers with it; no process, socket or directory is left behind."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "file.txt", "content")
    core = onitu.serve()

    assert core.stop(how) == 0
    assert core.drivers() == []
    assert list(onitu.temporary.iterdir()) == []
    assert core.log.named("onitu_stopped")


def test_a_run_that_is_stopped_while_it_comes_up_ends_cleanly(new_setup: Setups) -> None:
    """DESIGN §5: a signal is obeyed at any moment, also before the drivers are up."""
    onitu = new_setup("a", "b")
    fill(onitu["a"], 1, files=200)
    core = onitu.start()
    core.wait_for("onitu_started", units=START)

    assert core.stop() == 0
    assert list(onitu.temporary.iterdir()) == []


def test_the_log_is_json_lines(new_setup: Setups) -> None:
    """F2: away from a terminal each line of the log is a JSON object with an event and a level."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "file.txt", "content")
    run = onitu.once()

    assert [event for event in run.log.events if not event["event"] or not event.get("level")] == []
    assert run.log.named("sync_finished")


def test_once_prints_a_summary(new_setup: Setups) -> None:
    """Issue "command line": `--once` says what it has done, and ends with 1 if something could not be done."""
    onitu = new_setup("a", "b")
    for number in range(17):
        write(onitu["a"] / f"{number}.txt", "twelve bytes")
    run = onitu.once()

    assert "17" in run.output
    assert "204" in run.output.replace(",", "").replace(" ", "")


def test_a_second_core_on_the_same_data_is_refused(new_setup: Setups) -> None:
    """Issue "command line": it ends with 1 and names the directory; the first goes on as if nothing had been."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    second = onitu.start()

    assert second.wait() == 1
    assert str(onitu.data) in second.output + second.log.path.read_text()
    write(onitu["a"] / "file.txt", "content")
    onitu.converge(core)


def test_a_dry_run_changes_nothing(new_setup: Setups) -> None:
    """F10: `--once --dry-run` says what would be done, per service, and touches no root."""
    onitu = new_setup("a", "b")
    fill(onitu["a"], 1, files=20)
    write(onitu["a"] / "needle.txt", "would be copied")
    before = [snapshot(onitu[name], hidden=True) for name in "ab"]
    run = onitu.once("--dry-run", expect=None)

    assert [snapshot(onitu[name], hidden=True) for name in "ab"] == before
    assert "needle.txt" in run.output
    assert run.log.transfers == []


def test_setup_and_data_are_found_where_they_belong(new_setup: Setups) -> None:
    """Issue "command line": `./onitu.yaml` is found, and the data goes to the user's state directory."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "file.txt", "content")
    onitu.write_setup()
    core = onitu.run("serve", "--once")

    assert core.wait() == 0
    assert onitu.apart() == []
    (database,) = (onitu.directory / "home/.local/state/onitu").rglob("data.mdb")
    assert "functional" in str(database)


@pytest.mark.parametrize("command", [("check",), ("serve", "--once")], ids=lambda command: command[0])
def test_all_faults_of_a_setup_are_reported_together(new_setup: Setups, command: tuple[str, ...]) -> None:
    """B1, B4, B16: each with file and line, the wrong value, and the nearest known name; the exit code is 1."""
    onitu = new_setup()
    onitu.file.write_text(BAD_SETUP)
    core = onitu.run(*command, "-c", str(onitu.file))

    assert core.wait(START) == 1
    report = core.log.path.read_text() + core.output
    for place, wrong, hint in ((3, "rwx", "rw"), (7, "dcos", "docs"), (9, "drvier", "driver")):
        (line,) = (line for line in report.splitlines() if f"{onitu.file}:{place}" in line)
        assert wrong in line
        assert hint in line


def test_a_setup_that_is_not_there(new_setup: Setups) -> None:
    """Bullet 8: a clear error that says which file, and no traceback."""
    onitu = new_setup()
    core = onitu.run("serve", "-c", "nowhere.yaml")

    assert core.wait(START) == 1
    report = core.log.path.read_text()
    assert "nowhere.yaml" in report
    assert "Traceback" not in report


def test_init_writes_a_setup_to_start_from(new_setup: Setups) -> None:
    """Issue "command line": the starter file passes `onitu check`, and an existing file is left alone."""
    onitu = new_setup()

    assert onitu.run("init").wait(START) == 0
    assert onitu.run("check").wait(START) == 0
    assert onitu.run("init").wait(START) == 1


def test_drivers_lists_what_is_installed(new_setup: Setups) -> None:
    """D1, issue "command line": the installed drivers by name, with their options."""
    core = new_setup().run("drivers")

    assert core.wait(START) == 0
    assert "local_storage" in core.output
    assert "memory" in core.output
    assert "root" in core.output


def test_the_quickstart_syncs_its_two_directories(new_setup: Setups) -> None:
    """Done when 1: the example of the README syncs the directories beside it."""
    onitu = new_setup()
    examples = onitu.directory / "examples"
    shutil.copytree(REPOSITORY / "docs/examples", examples, ignore=shutil.ignore_patterns(".onitu", ".data"))
    core = onitu.run("serve", "--once", "-c", str(examples / "quickstart.yaml"))

    assert core.wait() == 0
    roots = sorted(hidden.parent for hidden in examples.rglob(".onitu"))
    assert len(roots) == 2
    assert snapshot(roots[0])
    assert differences(snapshot(roots[0]), snapshot(roots[1])) == []


@attrs.frozen
class Company:
    """Two good services in bad company.

    Attributes:
        onitu: The setup.
        core: The running core.
    """

    onitu: Onitu
    core: Core


@pytest.fixture(scope="module")
def company(new_shared_setup: Setups) -> Iterator[Company]:
    """Starts two good services beside drivers that crash, hang, or answer nonsense, and lets the good ones sync."""
    ways = {way: {"driver": {"command": [sys.executable, str(BROKEN), way]}} for way in WAYS}
    wrong = {"uninstalled": {"driver": "lokal_storage"}, "unset": {"driver": "local_storage", "rot": "/tmp"}}  # noqa: S108
    onitu = new_shared_setup("a", "b", **ways)
    for name, block in wrong.items():
        onitu.services[name] = {"folders": {"docs": None}, **block}
    write(onitu["a"] / "file.txt", "content")
    core = onitu.start()
    yield Company(onitu, core)
    assert core.stop() == 0


WAYS = ("crash", "deaf", "garbage", "silent")
BROKEN_WAYS = {way: [sys.executable, str(BROKEN), way] for way in WAYS}
SOON = WAYS if EVERYTHING else WAYS[:2]  # The others are given a minute before they are called failed.


def test_the_good_services_go_on(company: Company) -> None:
    """Bullet 8, P25: nothing that another driver does or does not keeps a and b from syncing, at once and later."""
    company.core.wait_until((company.onitu["b"] / "file.txt").exists, "the first file", units=START)
    write(company.onitu["b"] / "later.txt", "content")
    company.core.wait_until((company.onitu["a"] / "later.txt").exists, "a later file")


@pytest.mark.parametrize("way", SOON)
def test_a_broken_driver_is_a_failed_service(company: Company, way: str) -> None:
    """Bullet 8: a driver that crashes, hangs or answers nonsense is reported as failed, with a reason for a person."""
    event = company.core.wait_for("service_failed", service=way, units=GIVEN_UP)

    assert event.get("reason") or event.get("error")


def test_what_a_crashed_driver_said_is_shown(company: Company) -> None:
    """Bullet 8: the last words of a driver that crashed at start are in the log, beside its name."""
    core = company.core
    core.wait_until(
        lambda: [e for e in core.log.events if e.get("service") == "crash" and "the moon" in json.dumps(e)],
        "the last words of the driver",
    )


@pytest.mark.parametrize(("name", "said"), [("uninstalled", "lokal_storage"), ("unset", "root")])
def test_a_driver_that_cannot_start_is_a_failed_service(company: Company, name: str, said: str) -> None:
    """Bullet 8, M4: a driver that is not installed, or misses an option, is named with what is wrong."""
    event = company.core.wait_for("service_failed", service=name)

    assert said in f"{event.get('reason')} {event.get('error')}"


def test_stopping_is_not_delayed_by_a_driver_that_hangs(new_setup: Setups) -> None:
    """DESIGN §5: a stop has a deadline, whatever a driver does."""
    onitu = new_setup("a", silent={"driver": {"command": [sys.executable, str(BROKEN), "silent"]}})
    core = onitu.start()
    core.wait_for("onitu_started", units=START)

    assert core.stop() == 0
    assert core.drivers() == []


@pytest.mark.parametrize("name", ["uninstalled", "crash", *(["silent"] if EVERYTHING else [])])
def test_once_gives_a_broken_service_up_soon(new_setup: Setups, name: str) -> None:
    """F3: `--once` waits once for what will not come; a failure is said as often as it was tried, and no more."""
    block = {"driver": "lokal_storage"} if name == "uninstalled" else {"driver": {"command": BROKEN_WAYS[name]}}
    onitu = new_setup("a", "b", bad=block)
    core = onitu.start("--once")

    assert core.wait(START_DEADLINE + START) == 1
    assert len(core.log.named("service_failed")) == (3 if name == "crash" else 1)
    assert len(core.log.named("service_stopped", service="bad")) == 1


def test_two_services_on_one_root_are_not_started_both(new_setup: Setups) -> None:
    """DESIGN §3 "one owner": the second driver on the same root is told who holds it; nothing there is harmed."""
    onitu = new_setup("a", "b", "c")
    expected = fill(onitu["a"], 1, files=20)
    onitu.services["b"]["root"] = str(onitu["a"])
    core = onitu.start("--once")

    assert core.wait(STOP + START) == 1
    assert str(onitu["a"]) in core.log.path.read_text() + core.output
    assert differences(expected, onitu.tree("a")) == []
