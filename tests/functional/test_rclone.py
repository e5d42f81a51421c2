"""Services that rclone reaches: what people do there and here meets, though rclone dies on the way."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from onitu_rclone.daemon import Command, Daemon
from onitu_rclone.files import RcloneFiles
from onitu_rclone.rc import Rc

from onitu.plug import InvalidPath
from onitu.plug.files import DIRECTORY
from tests.functional.harness import Setups
from tests.functional.people import People
from tests.functional.processes import EVERYTHING, START, UNIT, Core
from tests.functional.servers.rclone import PROGRAM, encrypted, networked, plain
from tests.functional.servers.webdav import wsgidav
from tests.functional.targets.local_storage import LocalStorage
from tests.functional.targets.rclone import Rclone
from tests.functional.trees import digest_of

ROUNDS = 4 if EVERYTHING else 2


def _rclone(target: Rclone) -> psutil.Process | None:
    """Finds the process that serves a remote."""
    config = target.given["config"]
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "rcd" in line and config in line and "-c" not in line:
            return process
    return None


def _kill(core: Core, target: Rclone) -> None:
    """Kills the process that serves a remote, once there is one."""
    core.wait_until(lambda: _rclone(target) is not None, "rclone serves", units=START)
    process = _rclone(target)
    assert process is not None
    process.kill()


def _held(target: Rclone | LocalStorage) -> dict[str, str]:
    return {path: entry.digest for path, entry in target.tree().items() if entry.kind == "file"}


def test_nothing_is_lost_when_rclone_is_killed(new_setup: Setups) -> None:
    """F6, P9: a mixed workload on both sides, rclone killed in between: both hold all of it, and no more."""
    onitu = new_setup()
    disk, far = LocalStorage(onitu, "disk"), Rclone(onitu, "far")
    here, there = People(disk, "here", 1), People(far, "there", 2)
    core = onitu.start()
    core.wait_for("settled", units=START + far.reaction)
    for _ in range(ROUNDS):
        here.work(files=15)
        there.work(files=15)
        here.write_large()
        _kill(core, far)
        here.work(files=5)
    expected = {**here.expected, **there.expected}
    core.wait_until(lambda: _held(disk) == expected == _held(far), "both hold everything", units=START + far.reaction)
    assert not core.log.named("conflict_found")


def test_rclone_does_not_outlive_a_driver_that_is_killed(new_setup: Setups) -> None:
    """D6: whatever becomes of the driver, no rclone is left, and the service goes on with another one."""
    onitu = new_setup()
    disk, far = LocalStorage(onitu, "disk"), Rclone(onitu, "far")
    core = onitu.start()
    core.wait_for("settled", units=START + far.reaction)
    process = _rclone(far)
    assert process is not None
    driver = process.parents()[1]
    driver.kill()
    process.wait(timeout=20 * UNIT)
    disk.write("after.txt", b"after")
    core.wait_until(lambda: "after.txt" in far.tree(), "it goes on", units=START + 4 * far.reaction)


def test_what_lies_there_encrypted_is_whole(new_setup: Setups, tmp_path: Path) -> None:
    """P1, M3: a remote over another one: rclone, asked by itself, reads what Onitu wrote, with names and times."""
    onitu = new_setup()
    disk = LocalStorage(onitu, "disk")
    options = encrypted()
    onitu.add("secret", driver="rclone", changes_timer=0.25, folders={"docs": {"path": "."}}, **options)
    names = ["plain.txt", "d/é ␉ % #.txt", "d/tab\tline\n.txt", "empty"]
    for number, name in enumerate(names):
        disk.write(name, name.encode() * number)
    core = onitu.start()
    core.wait_for("settled", units=START + Rclone.reaction)
    out = tmp_path / "out"
    program = ["copy", "secret:", str(out), "--config", options["config"], "--exclude", "/.onitu/**"]
    assert psutil.Popen([PROGRAM, *program]).wait() == 0
    found = {str(path.relative_to(out)): path for path in out.rglob("*") if path.is_file()}
    assert {name: digest_of(path.read_bytes()) for name, path in found.items()} == _held(disk)
    for name, path in found.items():
        assert int(path.stat().st_mtime) == int((disk.root / name).stat().st_mtime)


@pytest.mark.parametrize("remote", ["nosuch:files", "files", "here:what?"])
def test_it_is_said_which_remotes_there_are(new_setup: Setups, remote: str) -> None:
    """B11: what is wrong with a remote, and what to write instead."""
    onitu = new_setup()
    LocalStorage(onitu, "disk")
    Rclone(onitu, "far", remote=remote)
    core = onitu.start()
    told = "another name" if "?" in remote else "here:" if ":" in remote else "rclone listremotes"
    core.wait_until(lambda: told in str(core.log.events), "it is said", units=START)


@contextmanager
def _files(remote: str, config: str) -> Iterator[RcloneFiles]:
    """The files of a remote, without a driver."""
    command = Command(program=str(PROGRAM), remote=remote, config=config)
    files = RcloneFiles(Rc(Daemon(command, connections=2), most_streams=1), command.remote)
    try:
        yield files
    finally:
        files.close()


@pytest.mark.parametrize("is_tried", [False, True], ids=["untried", "tried"])
def test_a_name_that_a_server_cuts_off_does_not_cost_the_directory(*, is_tried: bool) -> None:
    """P1, D7: renamed to a name behind whose `?` a server sees no path, a file would take the place of the root."""
    place = f"cut-{uuid.uuid4().hex}"
    (wsgidav().files / place / "staging").mkdir(parents=True)
    with _files(**networked(place)) as files:
        if is_tried:
            files.prepare("staging")
        for name in ("kept", "staged"):
            files.put(name, name.encode(), None)
        for destination in ("?", "?x", "staging/a?b"):
            for path, directory in (("staged", False), ("staging", True)):
                with pytest.raises(InvalidPath):
                    files.move(path, destination, directory=directory)
            with pytest.raises(InvalidPath):
                files.make_directory(destination)
        assert sorted(name for name, _ in files.children("")) == ["kept", "staged", "staging"]
        assert list(files.children("staging")) == []
        files.move("staged", "staging/a#b")


def test_a_name_that_a_service_keeps_is_taken(tmp_path: Path) -> None:
    """D7: where a rename leaves every sign in a name as it is, no name is refused for one."""
    (tmp_path / "staging").mkdir()
    with _files(**plain(tmp_path)) as files:
        files.prepare("staging")
        files.put("staging/file", b"content", None)
        files.move("staging/file", "?;#%\t\n\r\\")
        assert (tmp_path / "?;#%\t\n\r\\").read_bytes() == b"content"
        assert list(files.children("staging")) == []


def test_directories_stand_where_a_service_has_none() -> None:
    """M2: in a bucket a directory with nothing in it is made, listed as empty, renamed and removed as elsewhere."""
    with _files(":memory:bucket", "/dev/null") as files:
        files.put("first", b"makes the bucket", None)
        files.make_directory("d")
        files.make_directory("d/below")
        assert [name for name, _ in files.children("d")] == ["below"]
        assert list(files.children("d/below")) == []
        files.move("d", "e", directory=True)
        assert (files.look("d"), files.look("e"), files.look("e/below")) == (None, DIRECTORY, DIRECTORY)
        files.delete("e/below", directory=True)
        files.delete("e", directory=True)
        assert [name for name, _ in files.children("")] == ["first"]
