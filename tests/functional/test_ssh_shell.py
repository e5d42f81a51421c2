"""What a login shell at the server adds: changes are told at once, and digests are computed there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from blake3 import blake3

from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.processes import STOP, Core, wait_until
from tests.functional.sshd import PROGRAMS, USER_NUMBER, Sshd, missing
from tests.functional.trees import differences, snapshot, write

SOON = 2
"""Units from a change there to the other service: a second and what machines take that have other work to do."""

NEVER = 3600
"""Seconds between two listings where none is to be what finds a change."""

ALWAYS = ("sh", "grep", "cat", "stat")
"""Programs that every server has."""

USUAL = "/usr/bin:/bin:/usr/local/bin"
"""Where everybody may run them."""


class Servers:
    """Makes servers with a shell for one test."""

    def __init__(self, place: Path, closing: ExitStack) -> None:
        self.programs = place / "programs"
        self.programs.mkdir()
        self._place = place
        self._closing = closing

    def add(self, name: str, script: str) -> str:
        """Adds a program for the server's user and returns its path there."""
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return f"{PROGRAMS}/{name}"

    def __call__(self, *programs: str, shell: str = "/bin/sh") -> Sshd:
        """Returns a server whose user finds no programs but these, and what every server has."""
        if (reason := missing("password")) is not None:
            pytest.skip(reason)
        for program in (*ALWAYS, *programs):
            if (self.programs / program).exists():
                continue
            found = shutil.which(program, path=USUAL)
            if found is None:
                pytest.skip(f"there is no {program} on this host")
            (self.programs / program).symlink_to(found)
        server = Sshd(self._place / "sshd", self._place / "there", "password", shell=shell, programs=self.programs)
        self._closing.callback(server.stop)
        return server


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    """Makes servers that end with the test."""
    with ExitStack() as closing:
        yield Servers(tmp_path, closing)


def _beside(
    new_setup: Setups, server: Sshd, *, changes_timer: float = NEVER, options: dict[str, object] | None = None
) -> Onitu:
    onitu = new_setup("disk")
    onitu.add("nas", driver="ssh", changes_timer=changes_timer, **server.options(), **(options or {}))
    return onitu


def _settle(onitu: Onitu, core: Core, server: Sshd, *, units: float = SOON) -> None:
    core.wait_until(
        lambda: not differences(snapshot(server.root), snapshot(onitu["disk"])), "both hold the same", units=units
    )


def _helpers(server: Sshd, kind: str = "Runs at the server") -> list[psutil.Process]:
    """Returns what runs at the server to help.

    Args:
        server: Which.
        kind: What our own programs begin with, all of them or one.
    """
    found = []
    for number in server.connections():
        try:
            process = psutil.Process(number)
            if process.name() in {"inotifywait", "cat"} or kind in " ".join(process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue  # It has just ended.
    return found


@pytest.mark.parametrize("program", ["python3", "inotifywait"])
def test_a_change_there_is_here_in_about_a_second(new_setup: Setups, servers: Servers, program: str) -> None:
    """D10: whatever happens there is told at once, by either program; names may have any bytes.

    What is in a new directory is not missed, however fast it came; what is being written is waited for.
    """
    server = servers(program)
    onitu = _beside(new_setup, server)
    write(server.root / "old/deep/file", "old")
    core = onitu.serve()
    _settle(onitu, core, server)
    assert program in core.log.named("shell_used")[0]["reason"]

    (server.root / "a 'strange'\n-name\\").write_text("new")
    _settle(onitu, core, server)
    write(server.root / "-new/directory/with/file", "new")
    _settle(onitu, core, server, units=SOON + 2)
    (server.root / "-new/directory/with/file").write_text("edited")
    _settle(onitu, core, server)
    (server.root / "old").rename(server.root / "renamed")
    _settle(onitu, core, server, units=SOON + 2)
    (server.root / "renamed/deep/file").write_text("edited where it is now")
    _settle(onitu, core, server)
    (server.root / "renamed/deep/file").unlink()
    _settle(onitu, core, server)
    (server.root / "renamed/deep/file").mkdir()
    _settle(onitu, core, server)
    shutil.rmtree(server.root / "renamed")
    _settle(onitu, core, server)

    with (server.root / "slowly").open("wb") as file:
        for _ in range(12):
            file.write(b"part")
            file.flush()
            time.sleep(0.1)  # Time is what this is about.
        assert not (onitu["disk"] / "slowly").exists()
    _settle(onitu, core, server)
    assert core.log.named("watch_ended") == []


def test_its_own_writes_are_not_read_back(new_setup: Setups, servers: Servers) -> None:
    """D10: what goes to the server is told of by it, and moves nothing; the next edit there is news all the same."""
    server = servers("python3")
    onitu = _beside(new_setup, server)
    core = onitu.serve()
    for name in ("one", "two", "directory/three"):
        write(onitu["disk"] / name, name)
    core.wait_until(lambda: not differences(snapshot(onitu["disk"]), snapshot(server.root)), "it is there")
    (server.root / "one").write_text("eno")
    core.wait_until(lambda: (onitu["disk"] / "one").read_text() == "eno", "an edit of the same size is here")
    core.wait_until(lambda: len(core.log.transfers) >= 4, "that is told of")
    assert len(core.log.transfers) == 4


STRANGE = {
    "noisy": 'printf "welcome\\0\\n"; echo welcome >&2; exec /bin/sh "$@"',
    "refuses": "echo no; exit 1",
    "repeats": "exec cat",
}


@pytest.mark.parametrize("shell", STRANGE)
def test_strange_shells_do_no_harm(new_setup: Setups, servers: Servers, shell: str) -> None:
    """D10: a shell that greets is used; with one that lets nobody in, or never answers, SFTP serves as ever."""
    server = servers("python3", shell=servers.add("strange", STRANGE[shell]))
    onitu = _beside(new_setup, server, changes_timer=1)
    core = onitu.serve()
    write(server.root / "file", "new")
    _settle(onitu, core, server, units=20)
    assert bool(core.log.named("shell_used")) is (shell == "noisy")
    assert len(core.log.named("shell_used") + core.log.named("shell_missing")) == 1


def test_a_shell_is_not_used_where_the_setup_says_so(new_setup: Setups, servers: Servers) -> None:
    """B12: `shell: never` leaves the server with SFTP alone."""
    server = servers("python3")
    onitu = _beside(new_setup, server, changes_timer=1, options={"shell": "never"})
    core = onitu.serve()
    write(server.root / "file", "new")
    _settle(onitu, core, server, units=20)
    assert _helpers(server) == []
    assert core.log.named("shell_used") == []


@pytest.mark.parametrize("program", ["python3", "inotifywait"])
def test_nothing_is_left_running_there(new_setup: Setups, servers: Servers, program: str) -> None:
    """F1: whether the driver is killed, the connection cut, or Onitu stopped, what it ran at the server ends."""
    server = servers(program)
    onitu = _beside(new_setup, server)
    core = onitu.serve()
    for end in (core.process_of("nas").kill, server.cut, core.stop):
        before = _some(server)
        end()
        _wait_for_end(before)


def _wait_for_end(processes: list[psutil.Process]) -> None:
    wait_until(lambda: not any(map(_runs, processes)), "what ran there has ended", units=STOP)


def _some(server: Sshd) -> list[psutil.Process]:
    found = wait_until(lambda: _helpers(server), "the server tells of changes", units=20)
    assert found
    return found


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_another_part_of_the_disk_is_not_taken_for_the_root(new_setup: Setups, servers: Servers) -> None:
    """D10: where a shell shows something else at the root's path than SFTP does, it is left alone."""
    servers.add("stat", "echo 1 2 3 4")
    server = servers("python3")
    onitu = _beside(new_setup, server, changes_timer=1)
    core = onitu.serve()
    write(server.root / "file", "new")
    _settle(onitu, core, server, units=20)
    assert core.log.named("shell_missing")
    assert _helpers(server) == []


def test_a_disk_that_hosts_share_is_listed(new_setup: Setups, servers: Servers) -> None:
    """D10: no kernel tells of what other hosts do, so what they share is listed as it is without a shell."""
    servers.add("stat", f'[ "$1" != -f ] || {{ echo nfs; exit; }}; exec {shutil.which("stat")} "$@"')
    server = servers("python3")
    onitu = _beside(new_setup, server, changes_timer=1)
    core = onitu.serve()
    write(server.root / "file", "new")
    _settle(onitu, core, server, units=20)
    assert "found by listing" in core.log.named("shell_used")[0]["reason"]
    assert _helpers(server, "Runs at the server: tells") == []


def test_digests_are_computed_there(new_setup: Setups, servers: Servers) -> None:
    """B11: two services that hold the same already are compared without a download, where the server has `b3sum`."""
    servers.add("b3sum", f'echo "$@" >> {PROGRAMS}/asked; echo {blake3(b"same").hexdigest()}')
    server = servers("python3")
    onitu = _beside(new_setup, server)
    (servers.programs / "asked").touch()
    (servers.programs / "asked").chmod(0o666)
    for root in (server.root, onitu["disk"]):
        write(root / "it's\n here", "same")
    core = onitu.serve()
    _settle(onitu, core, server)
    assert core.log.transfers == []
    # A file that was only just written is looked at more than once.
    assert set((servers.programs / "asked").read_text().split("--no-names -- ")) == {"", "/mnt/files/it's\n here\n"}


def test_a_dead_helper_is_done_without_until_the_next_connection(new_setup: Setups, servers: Servers) -> None:
    """D10: what told of changes dies: everything is listed every `changes_timer`, and that is said."""
    server = servers("python3")
    onitu = _beside(new_setup, server, changes_timer=1)
    core = onitu.serve()
    for helper in _some(server):
        helper.kill()
    write(server.root / "file", "new")
    core.wait_for("watch_ended")
    _settle(onitu, core, server, units=10)
    write(server.root / "file", "newer, and longer")
    _settle(onitu, core, server, units=10)

    server.cut()
    assert _some(server)
    write(server.root / "file", "once more, and longer still")
    _settle(onitu, core, server, units=10)


def test_a_root_that_comes_back_is_watched_anew(new_setup: Setups, servers: Servers) -> None:
    """D10, F6: a root that goes is nothing deleted; what comes back may be another directory, and is watched."""
    server = servers("python3")
    onitu = _beside(new_setup, server, options={"folders": {FOLDER: {"path": "below"}}})
    there = server.root / "below"
    write(there / "kept", "content")
    shutil.chown(there, USER_NUMBER)
    core = onitu.serve()
    there.rename(server.root / "away")
    core.wait_until(lambda: bool(core.log.named("service_halted")), "it halts", units=20)
    subprocess.run(["cp", "-a", server.root / "away", there], check=True)
    write(there / "told", "new")
    core.wait_until((onitu["disk"] / "told").exists, "it goes on", units=20)
    write(there / "told later", "new")
    core.wait_until((onitu["disk"] / "told later").exists, "it is told of", units=SOON)
    assert (onitu["disk"] / "kept").read_text() == "content"


def test_lost_events_are_made_up_for(new_setup: Setups, servers: Servers) -> None:
    """D10: more happens than the kernel there remembers; nothing is missed, and it goes on telling."""
    server = servers("python3")
    onitu = _beside(new_setup, server)
    for name in ("one", "two"):
        write(server.root / name, name)
    core = onitu.serve()
    _settle(onitu, core, server)
    (helper,) = _some(server)
    helper.send_signal(signal.SIGSTOP)
    _fill(server.root / "one", server.root / "two")
    write(server.root / "new/file", "new")
    helper.send_signal(signal.SIGCONT)
    _settle(onitu, core, server, units=10)
    assert core.log.named("watch_overflow")
    write(server.root / "new/other", "told")
    _settle(onitu, core, server)


def _fill(*paths: Path) -> None:
    """Makes more events than are remembered; two alike in a row are one."""
    for number in range(int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())):
        os.utime(paths[number % len(paths)])
