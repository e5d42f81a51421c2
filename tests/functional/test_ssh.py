"""A server that one logs in to with SSH, beside a directory of this host: a real `sshd`, a real `onitu serve`."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from tests.functional.harness import Onitu, Setups
from tests.functional.processes import RUN, START, Core
from tests.functional.sshd import PASSWORD, Setup, Sshd, missing
from tests.functional.trees import differences, snapshot, write

MEBIBYTE = 1024 * 1024

#: B13: the first setup of the documentation of 0.1, as it stands there; the drivers' own options are added.
EXAMPLE = """
name: "Example Configuration"
folders:
  torrent:
services:
  localhost_fs:
    driver: "local_storage"
    folders:
      torrent:
        mode: "r"
  nas:
    driver: "ssh"
    folders:
      torrent:
        mode: "w"
"""


class Servers:
    """Makes servers for one test."""

    def __init__(self, place: Path, closing: ExitStack) -> None:
        self._place = place
        self._closing = closing

    def __call__(self, setup: Setup = "shell") -> Sshd:
        reason = missing(setup)
        if reason is not None:
            pytest.skip(reason)
        server = Sshd(self._place / "sshd", self._place / "there", setup)
        self._closing.callback(server.stop)
        return server


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    """Makes servers that end with the test."""
    with ExitStack() as closing:
        yield Servers(tmp_path, closing)


def _beside(new_setup: Setups, server: Sshd, **options: object) -> Onitu:
    """Returns a setup of a directory and a server."""
    onitu = new_setup("disk")
    onitu.add("nas", driver="ssh", changes_timer=1, **server.options(), **options)
    return onitu


def _apart(onitu: Onitu, server: Sshd) -> list[str]:
    return differences(snapshot(onitu["disk"]), snapshot(server.root))


def _settle(onitu: Onitu, core: Core, server: Sshd, units: float = START) -> None:
    core.wait_until(lambda: not _apart(onitu, server), "both hold the same", units=units)


@pytest.mark.parametrize("driver", ["ssh", "sftp"])
def test_example_of_the_documentation_of_0_1(new_setup: Setups, servers: Servers, driver: str) -> None:
    """B13: what is here comes to the server, and what is there stays there; `sftp` is the same driver."""
    server = servers()
    onitu = new_setup()
    setup = yaml.safe_load(EXAMPLE)
    setup["services"]["localhost_fs"]["root"] = str(onitu.directory / "here")
    setup["services"]["nas"].update(server.options(), driver=driver)
    write(onitu.directory / "here/torrent/debian.iso", "bits")
    write(server.root / "torrent/mine.txt", "mine")
    onitu.file.write_text(yaml.safe_dump(setup, sort_keys=False), "utf-8")

    core = onitu.start("--once", setup=False)

    assert core.wait(RUN) == 0, core.log.tail()
    assert (server.root / "torrent/debian.iso").read_text() == "bits"
    assert (server.root / "torrent/mine.txt").read_text() == "mine"
    assert not (onitu.directory / "here/torrent/mine.txt").exists()


@pytest.mark.parametrize("setup", ["sftp-only", "password"])
def test_every_kind_of_login(new_setup: Setups, servers: Servers, setup: Setup) -> None:
    """F11: a login that gets SFTP alone, below a directory it cannot leave, and one that needs a password.

    What is there belongs to somebody else, as files of a web server do.
    """
    server = servers(setup)
    onitu = _beside(new_setup, server)
    write(onitu["disk"] / "a/from here.txt", "here")
    write(server.root / "from there.txt", "there")

    core = onitu.serve()
    _settle(onitu, core, server)
    (onitu["disk"] / "from there.txt").write_text("edited here")
    (server.root / "a/from here.txt").unlink()
    core.wait_until(
        lambda: snapshot(server.root).keys() == {"a", "from there.txt"} and not _apart(onitu, server),
        "an edit and a deletion have gone both ways",
    )

    assert (server.root / "from there.txt").read_text() == "edited here"
    assert [path.read_text() for path in server.root.glob(".onitu/trash/*/from there.txt")] == ["there"]
    if setup == "password":
        assert PASSWORD not in core.log.path.read_text()


def test_a_changed_host_key_is_refused(new_setup: Setups, servers: Servers) -> None:
    """F3: nothing goes to a server that is not the one that is known; with its key made known it goes on."""
    server = servers()
    onitu = _beside(new_setup, server)
    write(onitu["disk"] / "first", "1")
    core = onitu.serve()
    _settle(onitu, core, server)

    server.change_key()
    write(onitu["disk"] / "second", "2")
    core.wait_until(lambda: "another host key" in core.log.path.read_text(), "it is said")
    assert not (server.root / "second").exists()

    server.trust()
    _settle(onitu, core, server)


def test_connections_that_are_cut_lose_nothing(new_setup: Setups, servers: Servers) -> None:
    """F4: cut at moments nobody chose, small files and a large one arrive whole, and never in part."""
    server = servers()
    onitu = _beside(new_setup, server)
    numbers = random.Random(7)
    for number in range(200):
        write(onitu["disk"] / f"{number % 7}/{number}.bin", numbers.randbytes(numbers.randrange(20_000)))
    write(onitu["disk"] / "large.bin", os.urandom(64 * MEBIBYTE))
    wanted = snapshot(onitu["disk"])

    core = onitu.start()
    for cut in range(4):
        seen = len(list(server.root.rglob("*")))
        core.wait_until(_is_under_way(server, seen), f"something is under way before cut {cut}", units=START)
        server.cut()
        half = [path for path, entry in snapshot(server.root).items() if entry != wanted.get(path)]
        assert [path for path in half if path.endswith(".bin")] == []
    _settle(onitu, core, server, units=2 * START)

    assert snapshot(onitu["disk"]) == wanted
    assert core.running


def _is_under_way(server: Sshd, seen: int) -> Callable[[], bool]:
    """Returns what tells whether more is there than was seen, or something large is on its way."""
    staged = server.root / ".onitu/tmp"
    return lambda: len(list(server.root.rglob("*"))) > seen or any(staged.glob("upload-*"))


def test_a_server_that_is_away_deletes_nothing(new_setup: Setups, servers: Servers) -> None:
    """F6 (source gone): a server that is gone, or whose disk is, is nothing deleted; it goes on once it is back."""
    server = servers()
    onitu = _beside(new_setup, server)
    write(onitu["disk"] / "kept", "content")
    core = onitu.serve()
    _settle(onitu, core, server)

    (server.root).rename(server.root.with_name("unmounted"))
    server.root.mkdir()
    core.wait_until(lambda: bool(core.log.named("service_halted")), "it halts")
    server.root.rmdir()
    server.root.with_name("unmounted").rename(server.root)
    server.stop()
    write(onitu["disk"] / "new", "written meanwhile")
    server.start()
    _settle(onitu, core, server, units=2 * START)

    assert (onitu["disk"] / "kept").read_text() == "content"
