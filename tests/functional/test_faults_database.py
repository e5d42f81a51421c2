"""The data directory: full, failing, truncated, somebody else's (P1; docs/design.md, "On disk")."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import lmdb
import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.shim import SYNCS, WRITES, Shim
from tests.functional.trees import fill, write

MEBIBYTE = 1024 * 1024
LATER = 60  # Units within which work goes on once the store can be written again: its back-off may have grown.


@pytest.fixture
def shim(tmp_path: Path, shim_library: Path) -> Shim:
    """Makes what lets disks fail."""
    return Shim(tmp_path / "shim", shim_library)


def _foreign(database: Path) -> None:
    database.unlink()
    with sqlite3.connect(database) as connection:
        connection.execute("create table other (program text)")
        connection.executemany("insert into other values (?)", [("x" * 1000,)] * 200)
    connection.close()


def _text(database: Path) -> None:
    database.write_text("this is a diary\n" * 5_000)


def _truncate(keep: float) -> Callable[[Path], None]:
    def damage(database: Path) -> None:
        size = int(database.stat().st_size * keep)
        with database.open("r+b") as stream:
            stream.truncate(size)

    return damage


def _zeros(database: Path) -> None:
    database.write_bytes(bytes(database.stat().st_size))


def _of_another_program(database: Path) -> None:
    database.unlink()
    with lmdb.open(str(database.parent), max_dbs=2) as env, env.begin(write=True, db=env.open_db(b"settings")) as txn:
        txn.put(b"schema", b"1")
    (database.parent / "lock.mdb").unlink()


DAMAGE: dict[str, Callable[[Path], None]] = {
    "foreign": _foreign,
    "another program": _of_another_program,
    "text": _text,
    "zeros": _zeros,
    "half": _truncate(0.5),
    "one page": _truncate(0.01),
    "a little short": _truncate(0.97),
}


@pytest.fixture(scope="module")
def whole(new_shared_setup: Setups) -> Onitu:
    """Makes two services that hold the same tree, and records of it, to be damaged one way after the other."""
    onitu = new_shared_setup("a", "b")
    fill(onitu["a"], 1, files=60)
    onitu.once()
    shutil.copytree(onitu.data, onitu.directory / "undamaged")
    return onitu


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_database_that_is_not_whole_or_not_ours_is_refused_and_left_alone(
    whole: Onitu, damage: Callable[[Path], None]
) -> None:
    """P1, P14: said with what to do, not a byte of it changed, no file touched."""
    shutil.rmtree(whole.data)
    shutil.copytree(whole.directory / "undamaged", whole.data)
    database = whole.data / "store/data.mdb"
    damage(database)
    before = database.read_bytes()
    trees = {name: whole.tree(name) for name in whole.local}
    core = whole.start("--once")
    code = core.wait()

    assert code == 1
    assert str(whole.data / "store") in core.log.path.read_text()
    assert "Traceback" not in core.log.path.read_text()
    assert database.read_bytes() == before
    assert {name: whole.tree(name) for name in whole.local} == trees


def test_without_its_database_onitu_adopts_what_is_there(new_setup: Setups) -> None:
    """P1, P6: what was put aside is not needed: nothing is copied, deleted or taken for a conflict."""
    onitu = new_setup("a", "b")
    fill(onitu["a"], 1, files=60)
    onitu.once()
    (onitu.data / "store").rename(onitu.data / "store aside")
    run = onitu.once()

    assert run.log.transfers == []
    assert onitu.apart() == []


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC], ids=errno.errorcode.get)
def test_a_store_that_cannot_be_written_is_said_and_loses_nothing(new_setup: Setups, shim: Shim, error: int) -> None:
    """P1, P2: nothing is recorded that is not on disk; once it can be written everything goes on by itself."""
    onitu = new_setup("a", "b")
    onitu.environment |= shim.environment
    fill(onitu["a"], 1, files=60)
    core = onitu.serve()
    onitu.converge(core)
    shim.fail("/store/data.mdb", WRITES | SYNCS, error)
    write(onitu["a"] / "new.txt", "made while nothing could be recorded")
    (failed, *_) = core.wait_until(
        lambda: [e for e in core.log.named("service_failed") if "data directory" in str(e.get("reason"))],
        "it is said what cannot be written",
    )
    assert str(onitu.data) in str(failed["reason"])
    write(onitu["b"] / "other.txt", "likewise on b")
    shim.mend()
    onitu.converge(core, units=LATER)

    assert {"new.txt", "other.txt"} <= onitu.tree("a").keys()
    assert "Traceback" not in core.log.path.read_text()
    assert core.stop() == 0
    assert onitu.once().log.transfers == []


def test_a_full_map_is_said_and_loses_nothing(new_setup: Setups, shim: Shim) -> None:
    """P1, P13: where there is little address space the map may be full; with more of it everything goes on."""
    onitu = new_setup("a", "b")
    onitu.environment |= shim.limit_maps(MEBIBYTE).environment
    fill(onitu["a"], 1, files=3_000, largest=16)
    core = onitu.start()
    (failed, *_) = core.wait_until(
        lambda: [e for e in core.log.named("service_failed") if "full" in str(e.get("reason"))], "it is said", units=60
    )
    assert str(onitu.data) in str(failed["reason"])
    assert "Traceback" not in core.log.path.read_text()
    core.stop()
    shim.limit_maps(0)
    onitu.once()

    assert onitu.apart() == []
    assert onitu.once().log.transfers == []


def test_a_data_directory_on_a_full_disk(new_setup: Setups, tmp_path: Path) -> None:
    """P1: the same with a real file system that has no room, and then has."""
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(small)], check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    onitu = new_setup("a", "b")
    onitu.closing.callback(subprocess.run, ["umount", "-l", str(small)], check=True)
    onitu.data = small / "data"
    fill(onitu["a"], 1, files=3_000, largest=16)
    core = onitu.start()
    core.wait_until(
        lambda: [e for e in core.log.named("service_failed") if "data directory" in str(e.get("reason"))],
        "it is said",
        units=60,
    )
    subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
    onitu.converge(core, units=LATER)

    assert core.stop() == 0
    shutil.copytree(onitu.data, tmp_path / "kept")
