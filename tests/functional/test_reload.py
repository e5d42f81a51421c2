"""SIGHUP reloads: what changed is applied without restarting what did not; a faulty file changes nothing and says why.

Every test looks at the process ids of the drivers (`service_started` has them, `ps` agrees).
"""

from __future__ import annotations

import signal

import pytest

from tests.functional.harness import FOLDER, Onitu, Setups, in_mode
from tests.functional.processes import Core, Event
from tests.functional.trees import write


def reload(onitu: Onitu, core: Core, event: str = "reloaded") -> Event:
    """Writes the setup as it is now and has it read again.

    Args:
        onitu: The setup.
        core: The running core.
        event: What is to come of it.

    Returns:
        What was logged.
    """
    onitu.write_setup()
    return hang_up(core, event)


def hang_up(core: Core, event: str = "reloaded") -> Event:
    """Sends SIGHUP and waits for an event that was not there before.

    Args:
        core: The running core.
        event: Its name.

    Returns:
        What was logged.
    """
    before = len(core.log.named(event))
    core.process.send_signal(signal.SIGHUP)
    core.wait_until(lambda: len(core.log.named(event)) > before, f"another {event}")
    return core.log.named(event)[-1]


def pids(core: Core) -> dict[str, int]:
    """Looks up the driver process of every service, as last logged."""
    return {event["service"]: event["pid"] for event in core.log.named("service_started")}


def alive(core: Core) -> set[int]:
    """Looks up the driver processes that run."""
    return {driver.pid for driver in core.drivers()}


def test_a_service_that_is_new_starts_and_the_others_go_on(new_setup: Setups) -> None:
    """F1, F3: a service that is added starts and is brought up to date; nobody else's process changes."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "early.txt", "before")
    core = onitu.serve()
    before = pids(core)
    onitu.add("c")

    event = reload(onitu, core)
    assert (event["started"], event["stopped"], event["restarted"]) == (["c"], [], [])
    core.wait_for("service_started", service="c")
    write(onitu["b"] / "late.txt", "after")
    onitu.converge(core)

    assert {name: pid for name, pid in pids(core).items() if name != "c"} == before
    assert alive(core) == set(pids(core).values())


def test_a_service_that_is_gone_stops_and_keeps_its_files(new_setup: Setups) -> None:
    """F1, F3: a service that is removed stops once, with its process; its files stay, and the others go on."""
    onitu = new_setup("a", "b", "c")
    write(onitu["a"] / "early.txt", "before")
    core = onitu.serve()
    before = pids(core)
    block = onitu.services.pop("c")

    event = reload(onitu, core)
    assert (event["started"], event["stopped"], event["restarted"]) == ([], ["c"], [])
    assert len(core.log.named("service_stopped", service="c")) == 1
    assert alive(core) == {before["a"], before["b"]}
    write(onitu["a"] / "late.txt", "after")
    onitu.converge(core, "a", "b")
    assert (onitu["c"] / "early.txt").read_text() == "before"
    assert not (onitu["c"] / "late.txt").exists()

    onitu.services["c"] = block
    assert reload(onitu, core)["started"] == ["c"]
    onitu.converge(core)
    assert pids(core) | {"c": 0} == before | {"c": 0}


@pytest.mark.parametrize("live", [True, False], ids=["while it runs", "while none runs"])
@pytest.mark.parametrize("what", ["service", "folder", "mode"])
def test_what_is_put_back_is_met_as_new(new_setup: Setups, what: str, *, live: bool) -> None:
    """F1: a service was out of the file, or its folder was, and it was cleared meanwhile: it deletes nothing."""
    onitu = new_setup("a", "b", "c")
    names = {"one.txt", "more/two.txt", "three.txt"}
    for name in names:
        write(onitu["a"] / name, name)
    core = onitu.serve()
    onitu.converge(core)

    def turn() -> Core:
        if live:
            reload(onitu, core)
            return core
        core.stop()
        return onitu.serve()

    before = dict(onitu.services), dict(onitu.folders)
    if what == "service":
        del onitu.services["b"]
    elif what == "folder":
        onitu.folders = {"other": None}
        aside = {name: onitu.directory / "aside" / name for name in "abc"}
        for root in aside.values():
            root.mkdir(parents=True)
        other = {"driver": "local_storage", "folders": {"other": "."}}
        onitu.services = {name: {**other, "root": str(root)} for name, root in aside.items()}
    else:
        onitu.services["b"] = {**onitu.services["b"], **in_mode("none")}
    core = turn()
    for name in names - {"one.txt"}:
        (onitu["b"] / name).unlink()
    if what == "folder":
        # Nobody has it any more: it is not waited for.
        for name in "abc":
            (onitu[name] / "three.txt").unlink(missing_ok=True)
        names -= {"three.txt"}
    onitu.services, onitu.folders = before
    core = turn()

    core.wait_until(lambda: all((onitu["b"] / name).exists() for name in names), "b has everything again")
    onitu.converge(core)
    assert {name for name in onitu.tree("a") if name.endswith(".txt")} == names


@pytest.mark.parametrize("change", [{"rescan_interval": 7}, in_mode("w")], ids=str)
def test_a_service_whose_driver_is_told_something_else_is_started_anew(
    new_setup: Setups, change: dict[str, object]
) -> None:
    """F1: another option or mode restarts that service alone."""
    onitu = new_setup("a", "b", "c")
    write(onitu["a"] / "early.txt", "before")
    core = onitu.serve()
    before = pids(core)
    onitu.services["c"] |= change

    event = reload(onitu, core)
    assert (event["started"], event["stopped"], event["restarted"]) == ([], [], ["c"])
    core.wait_until(lambda: pids(core)["c"] != before["c"], "another process of c")
    write(onitu["a"] / "late.txt", "after")
    onitu.converge(core, "a", "b")

    assert {name: pid for name, pid in pids(core).items() if name != "c"} == {n: before[n] for n in "ab"}
    core.wait_until(lambda: list(onitu["c"].rglob("late.txt")), "the file reaches c")


def test_a_folder_that_was_moved_is_followed(new_setup: Setups) -> None:
    """F1: another path restarts that service alone; where the folder lies there, it goes on where it was."""
    onitu = new_setup("a", "b", "c")
    write(onitu["a"] / "early.txt", "before")
    core = onitu.serve()
    before = pids(core)
    aside = onitu["c"].with_name("aside")
    onitu["c"].rename(aside)
    onitu["c"].mkdir()
    aside.rename(onitu["c"] / "sub")
    core.wait_for("service_halted", service="c")
    onitu.services["c"]["folders"] = {FOLDER: {"path": "sub"}}

    assert reload(onitu, core)["restarted"] == ["c"]
    write(onitu["a"] / "late.txt", "after")
    core.wait_until((onitu["c"] / "sub/late.txt").exists, "the file reaches c")
    assert not (onitu["c"] / "late.txt").exists()
    assert {name: pid for name, pid in pids(core).items() if name != "c"} == {n: before[n] for n in "ab"}


def test_what_the_core_alone_needs_restarts_nobody(new_setup: Setups) -> None:
    """F1, B11: another conflict policy and another velocity are in force at once, and no driver notices."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "file.txt", "one")
    core = onitu.serve()
    before = pids(core)
    onitu.folders[FOLDER] = {"conflict": {"prefer": ["b"]}}
    onitu.services["a"]["velocity"] = 0.1

    event = reload(onitu, core)
    assert event["folders"] == [FOLDER]
    assert (event["started"], event["stopped"], event["restarted"]) == ([], [], [])
    assert pids(core) == before
    assert alive(core) == set(before.values())


def test_filters_and_rules_are_in_force_at_once(new_setup: Setups) -> None:
    """B6, B10, C4, C5, F1: existing files are judged anew: what is let in is copied, nothing is deleted; no restart."""
    onitu = new_setup("a", "b", "c")
    onitu.folders[FOLDER] = {"blacklist": "*.tmp"}
    for name in ("one.tmp", "two.txt"):
        write(onitu["a"] / name, name)
    core = onitu.serve()
    core.wait_until((onitu["c"] / "two.txt").exists, "what is let in")
    before = pids(core)
    onitu.folders[FOLDER] = {"blacklist": "*.txt"}

    event = reload(onitu, core)
    assert (event["restarted"], event["folders"]) == ([], [FOLDER])
    core.wait_until(lambda: all((onitu[name] / "one.tmp").exists() for name in "bc"), "what is let in now")
    core.wait_for("files_unmanaged", service="b")
    assert (onitu["b"] / "two.txt").read_text() == "two.txt"
    write(onitu["a"] / "late.txt", "late")
    onitu.folders[FOLDER] = None
    onitu.rules = [{"match": {"extension": ["txt"]}, "sync": ["b"]}]

    assert reload(onitu, core)["restarted"] == []
    core.wait_until((onitu["b"] / "late.txt").exists, "what the rule names")
    write(onitu["a"] / "later.txt", "later")
    core.wait_until((onitu["b"] / "later.txt").exists, "a later file that the rule names")
    assert not (onitu["c"] / "late.txt").exists()
    onitu.rules = None
    assert reload(onitu, core)["restarted"] == []
    onitu.converge(core)

    assert pids(core) == before
    assert alive(core) == set(before.values())


def test_folders_come_and_go(new_setup: Setups) -> None:
    """F1: a folder that is added is synced by the services that list it; one that is removed is left alone."""
    below = {"folders": {FOLDER: {"path": "docs"}}}
    onitu = new_setup("c", a=below, b=below)
    core = onitu.serve()
    before = pids(core)
    onitu.folders["more"] = None
    for name in "ab":
        onitu.services[name]["folders"] = {FOLDER: {"path": "docs"}, "more": {"path": "more"}}
        write(onitu[name] / f"more/{name}.txt", name)

    event = reload(onitu, core)
    assert set(event["restarted"]) == {"a", "b"}
    assert "more" in event["folders"]
    core.wait_until(lambda: (onitu["b"] / "more/a.txt").exists() and (onitu["a"] / "more/b.txt").exists(), "more")
    assert pids(core)["c"] == before["c"]

    del onitu.folders["more"]
    for name in "ab":
        del onitu.services[name]["folders"]["more"]
    event = reload(onitu, core)
    assert "more" in event["folders"]
    write(onitu["a"] / "more/late.txt", "late")
    write(onitu["a"] / "docs/late.txt", "late")
    core.wait_until((onitu["b"] / "docs/late.txt").exists, "the other folder")
    core.wait_until((onitu["c"] / "late.txt").exists, "the service that has nothing to do with it")
    assert not (onitu["b"] / "more/late.txt").exists()


def test_a_faulty_file_changes_nothing_and_says_why(new_setup: Setups) -> None:
    """B16, F1: every fault with its place, wrong options of drivers among them; everything goes on as it was."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    before = pids(core)
    good = onitu.file.read_text()
    onitu.file.write_text(good.replace("name: ", "nmae: ") + "  c:\n    driver: lokal_storage\n    folders: {dcos: }\n")

    faults = "\n".join(hang_up(core, "reload_failed")["faults"])
    for wrong in ("'nmae'", "'name'", "'dcos'"):
        assert wrong in faults
    assert f"{onitu.file}:1:" in faults

    onitu.file.write_text(good.replace("driver: local_storage", "driver: lokal_storage", 1))
    assert "did you mean 'local_storage'?" in hang_up(core, "reload_failed")["faults"][0]
    onitu.file.unlink()
    assert "no such file" in hang_up(core, "reload_failed")["faults"][0]

    write(onitu["a"] / "late.txt", "after")
    onitu.converge(core)
    assert pids(core) == before
    assert core.log.named("reloaded") == []


def test_another_name_or_data_directory_takes_a_restart(new_setup: Setups) -> None:
    """B16: what cannot be changed while Onitu runs is said, and the rest of that file is not in force either."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    onitu.write_setup()
    text = onitu.file.read_text()
    onitu.file.write_text(text.replace("Functional test", "Another") + "data-dir: elsewhere\n")

    name, place = hang_up(core, "reload_failed")["faults"]
    assert "the name of the setup has changed from 'Functional test': that takes a restart" in name
    assert "'data-dir' has changed: that takes a restart" in place


def test_a_reload_without_changes_disturbs_nobody(new_setup: Setups) -> None:
    """F1: the same file again does nothing, however often it is asked for."""
    onitu = new_setup("a", "b")
    core = onitu.serve()
    before = pids(core)

    event = [hang_up(core) for _ in range(3)][-1]
    assert [event[key] for key in ("started", "stopped", "restarted", "folders")] == [[], [], [], []]
    assert pids(core) == before
    assert core.stop() == 0


def test_a_driver_that_is_not_installed_is_said_once_and_not_tried_again(new_setup: Setups) -> None:
    """F3: one `service_failed`, which says what to do; only a reload tries again. Once it is mended it starts."""
    onitu = new_setup("a", "b")
    onitu.services["c"] = {"driver": "lokal_storage", "folders": {FOLDER: None}}
    core = onitu.start()
    event = core.wait_for("service_failed", service="c")
    assert "did you mean 'local_storage'?" in event["reason"]
    assert "retry_in" not in event
    core.wait_for("service_started", service="a")
    core.wait_for("service_started", service="b")
    onitu.converge(core)
    assert len(core.log.named("service_failed")) == 1

    hang_up(core)
    core.wait_until(lambda: len(core.log.named("service_failed", service="c")) == 2, "it is tried again")
    onitu.add("c")
    assert reload(onitu, core)["restarted"] == ["c"]
    core.wait_for("service_started", service="c")


def test_it_stops_in_the_middle_of_a_reload(new_setup: Setups) -> None:
    """F1: SIGTERM right after SIGHUP ends everything cleanly; no process is left behind."""
    onitu = new_setup("a", "b", "c")
    core = onitu.serve()
    del onitu.services["c"]
    onitu.add("d")
    onitu.write_setup()
    core.process.send_signal(signal.SIGHUP)

    assert core.stop() == 0
    assert core.drivers() == []
    assert list(onitu.temporary.iterdir()) == []
