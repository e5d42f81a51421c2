"""A server that one logs in to with SSH, beside a directory of this host: a real `sshd`, a real `onitu serve`."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import yaml

from tests.functional.harness import Onitu, Setups
from tests.functional.processes import EVERYTHING, RUN, START, Core
from tests.functional.sshd import PASSWORD, Setup, Sshd, missing
from tests.functional.trees import differences, snapshot, write

MEBIBYTE = 1024 * 1024

SEED = int(os.environ.get("ONITU_TEST_SEED", "7"))
"""Of the contents, and of the moments when connections are cut."""

CUT_FILES, CUT_MEBIBYTES, CUTS = (2_000, 1024, 12) if EVERYTHING else (200, 64, 4)
"""Files, size of the large one beside them, and how often the connection is cut meanwhile."""

IN_FLIGHT = 8 * MEBIBYTE
"""Bytes that are on their way and not confirmed."""

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
    """F4: cut at random moments, mixed files and a large one go on where they were, and are never seen in part."""
    server = servers()
    onitu = _beside(new_setup, server)
    numbers = random.Random(SEED)
    for number in range(CUT_FILES):
        content = numbers.randbytes(numbers.choice((0, 100, 4_000, 20_000, 300_000)))
        write(onitu["disk"] / f"{number % 7}/{number}.bin", content)
    with (onitu["disk"] / "large.bin").open("wb") as large:
        for _ in range(CUT_MEBIBYTES):
            large.write(numbers.randbytes(MEBIBYTE))
    wanted = snapshot(onitu["disk"])

    core = onitu.start()
    staged: list[int] = []
    for share in sorted(numbers.random() for _ in range(CUTS)):
        core.wait_until(lambda: _share_there(server) >= share, f"{share:.0%} are there", units=2 * START)  # noqa: B023  It is waited for here.
        server.cut()
        staged += _staged(server)
        seen = snapshot(server.root)
        assert {path: entry for path, entry in seen.items() if entry != wanted[path] and path.endswith(".bin")} == {}
    _settle(onitu, core, server, units=10 * START)

    assert snapshot(onitu["disk"]) == wanted
    assert core.running
    if any(size > 2 * IN_FLIGHT for size in staged):
        begun = [int(str(record["offset"])) for record in core.log.named("transfer_restarted", path="large.bin")]
        assert max(begun, default=0) > 0, f"{staged} bytes were staged"


def _share_there(server: Sshd) -> float:
    """Returns how much has come: of the files, and of the large one, on average."""
    files = len(list(server.root.glob("[0-9]/*")))
    arrived = (server.root / "large.bin").exists()
    large = 1.0 if arrived else max(_staged(server), default=0) / (CUT_MEBIBYTES * MEBIBYTE)
    return (files / CUT_FILES + large) / 2


def _staged(server: Sshd) -> list[int]:
    """Returns how large the files are that are on their way in chunks."""
    sizes = []
    for file in server.root.glob(".onitu/tmp/upload-*"):
        with suppress(FileNotFoundError):  # By now it is whole, and in its place.
            sizes.append(file.stat().st_size)
    return sizes


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
