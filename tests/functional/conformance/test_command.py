"""`onitu driver test`: what it takes, what it prints, how it ends; and the kit in the tests of a driver."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from onitu.conformance import CHECKS, Kit, Outcome, Target
from onitu.conformance.process import Process, start
from onitu.host.runtime import runtime_directory
from onitu.host.spawn import driver_command
from tests.chapter import unpack

FAULTY = Path(__file__).with_name("faulty.py")
ONE = "delete-files_are_deleted"


def onitu(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command."""
    return subprocess.run(
        [sys.executable, "-m", "onitu", "driver", "test", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.fixture
def options(tmp_path: Path) -> str:
    """A file of options, with a directory that is made for the run."""
    path = tmp_path / "options.yaml"
    path.write_text('root: "{tmp}"\n')
    return str(path)


def test_a_driver_that_keeps_everything_ends_with_0(options: str) -> None:
    """F5, W1: each check has its line, each capability its badge."""
    run = onitu("local_storage", "--options", options, "--only", "delete")

    assert run.returncode == 0, run.stdout + run.stderr
    assert f"passed   {ONE}" in run.stdout.splitlines()
    assert "✓ delete_file" in run.stdout
    assert run.stdout.splitlines()[-1].startswith("7 passed, 0 failed")


def test_a_driver_that_does_not_ends_with_1() -> None:
    """F5, W1: a command line is a target; what is not kept is told with its promise and what was found."""
    run = onitu(f"{sys.executable} {FAULTY} deletes_all_that_is_below", "--only", "delete")

    assert run.returncode == 1
    assert "failed   delete-directories_with_children_stay: " in run.stdout
    assert "answers FAILED_PRECONDITION, and deletes nothing" in run.stdout
    assert "✗ make_directory" in run.stdout


@pytest.mark.parametrize("form", ["json", "md", "junit"])
def test_reports_are_for_programs_too(form: str) -> None:
    """F5: standard output is the report, and nothing else."""
    run = onitu("memory", "--only", ONE, "--report", form)

    assert run.returncode == 0, run.stderr
    if form == "json":
        tree = json.loads(run.stdout)
        assert tree["counts"]["passed"] == 1
        assert tree["capabilities"] == {"delete_file": "kept", "content": "kept"}
        assert [check["name"] for check in tree["checks"]] == [ONE]
    elif form == "md":
        assert run.stdout.startswith("# Conformance of `memory`")
        assert "| ✓ | `delete_file` | kept | 1 passed |" in run.stdout
    else:
        assert f'name="test_conformance[{ONE}]"' in run.stdout
        assert 'tests="1"' in run.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("carrier_pigeon",), "no installed driver (installed: "),
        (("local_storage",), "Mandatory option 'root'"),
        (("memory", "--only", "flying"), "groups are life, manifest,"),
        (("memory", "--options", "missing.yaml"), "missing.yaml: the options cannot be read"),
        (("memory", "--quirks", "missing.toml"), "missing.toml: the quirks cannot be read"),
        ((f"{sys.executable} -c pass",), "the driver has ended before it served"),
    ],
)
def test_what_cannot_begin_says_why(arguments: tuple[str, ...], words: str) -> None:
    """F5: one line says what, where and what to do; nothing else is printed."""
    run = onitu(*arguments)

    assert run.returncode == (2 if "--only" in arguments else 1)
    assert run.stderr.startswith("onitu: ")
    assert words in run.stderr
    assert run.stdout == ""


def test_quirks_have_a_reason_and_stay_true(tmp_path: Path) -> None:
    """F5: what a quirk names may fail and is told apart; a quirk that is kept after all fails."""
    path = tmp_path / "quirks.toml"
    path.write_text(
        '[quirks]\n"delete-directories_with_children_stay" = "the service has no other way"\n'
        f'"{ONE}" = "it is kept all the same"\n'
    )
    run = onitu(
        f"{sys.executable} {FAULTY} deletes_all_that_is_below",
        "--only",
        "delete",
        "--quirks",
        str(path),
        "--report",
        "json",
    )

    outcomes = {check["name"]: (check["outcome"], check["reason"]) for check in json.loads(run.stdout)["checks"]}
    assert run.returncode == 1
    assert outcomes["delete-directories_with_children_stay"] == ("quirk", "the service has no other way")
    assert outcomes[ONE][0] == "failed"
    assert "take the quirk out" in outcomes[ONE][1]


def test_the_kit_runs_in_the_tests_of_a_driver(tmp_path: Path) -> None:
    """D7, F5: the lines of the documentation are all it takes, and pytest tells what was asserted."""
    text = (Path(__file__).parents[3] / "docs/drivers-python.md").read_text()
    code = text.partition("```python kit\n")[2].partition("```")[0].replace("shelf", "local_storage")
    (tmp_path / "test_conformance.py").write_text(code)

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "delete-", "-p", "no:cacheprovider", "test_conformance.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    assert run.returncode == 0, run.stdout
    assert len(code.splitlines()) <= 25
    assert "7 passed" in run.stdout


@pytest.fixture
def running() -> Iterator[Process]:
    """A driver that runs, started by somebody else, who knows its token."""
    with runtime_directory() as sockets:
        process = start(driver_command("memory"), sockets)
        yield process
        process.close()


def test_a_driver_that_runs_is_dialled(running: Process) -> None:
    """F5, W1: an address is a target; what needs another process of it cannot be seen, and all else can, twice."""
    spawned = running.spawned
    target = Target(name="memory", address=spawned.target, token=spawned.token)
    for _ in range(2):
        with Kit(target) as kit:
            for check in CHECKS:
                if check.group == "delete" or check.name == "a_generation_counts_once":
                    try:
                        kit.run(check)
                    except pytest.skip.Exception:
                        continue
        outcomes = {str(result.check): result.outcome for result in kit.results}
        assert outcomes.pop("life-a_generation_counts_once") is Outcome.UNSEEN
        assert set(outcomes.values()) == {Outcome.PASSED}


def test_a_second_instance_works_behind_the_drivers_back(tmp_path: Path) -> None:
    """F5, W1: a driver that says nothing of its files is watched while another instance of it changes them."""
    unpack(tmp_path)
    information = tmp_path / "onitu_shelf-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: onitu-shelf\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[onitu.drivers]\nshelf = onitu_shelf\n")
    (tmp_path / "root").mkdir()
    command = ("env", f"PYTHONPATH={os.pathsep.join([str(tmp_path), *sys.path])}", *driver_command("shelf"))
    target = Target(name="shelf", command=command, options={"root": str(tmp_path / "root")})
    names = {"new_files_are_told", "renamed_directories_are_told", "deleted_files_are_told"}
    with Kit(target) as kit:
        for check in CHECKS:
            if check.name in names:
                kit.run(check)

    assert {result.check.name: result.outcome for result in kit.results} == dict.fromkeys(names, Outcome.PASSED)


def test_assertions_are_told_in_full() -> None:
    """F5: a check that fails says what was compared, not only that it was not equal."""
    run = onitu(f"{sys.executable} {FAULTY} stops_at_the_first_error", "--only", "batch")

    assert run.returncode == 1
    assert "'UNKNOWN' in {" in run.stdout
