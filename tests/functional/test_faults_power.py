"""Power cuts: nothing is recorded as held before its data is on disk, and what is lost is brought again (P1, P12, P13).

What a power cut would leave is worked out from a record of the order in which the store was written, names were given
and the disk was synced; no power is cut.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from onitu.core.node import Node, Phase
from onitu.store.beside import read_beside
from tests.functional.harness import Onitu, Setups
from tests.functional.processes import EVERYTHING
from tests.functional.shim import Recorded, Shim
from tests.functional.trees import HIDDEN, digest_of, digests, fill, snapshot, write

META = 2 * 4096  # The end of LMDB's two first pages: what is written there makes a commit valid.
CUTS = range(12) if EVERYTHING else range(3)


@pytest.fixture
def shim(tmp_path: Path, shim_library: Path) -> Shim:
    """Makes what records."""
    return Shim(tmp_path / "shim", shim_library)


@attrs.define
class Disk:
    """What is on the disk of a service, and what a power cut would leave of it.

    Attributes:
        root: Root of the service.
        named: Names that were given, as inode and name, in their order.
        durable: Those that no power cut takes back.
    """

    root: Path
    named: list[tuple[int, str]] = attrs.field(factory=list)
    durable: set[tuple[int, str]] = attrs.field(factory=set)
    _beginning: int = 0

    def take(self, done: Recorded) -> None:
        """Takes note of what was done."""
        path = os.fsdecode(done.data)
        if not f"{path}/".startswith(f"{self.root}/"):
            return
        if done.kind == "n" and not path.startswith(str(self.root / HIDDEN)):
            self.named.append((done.offset, path.rpartition("/")[2]))
        elif done.kind == "b":
            self._beginning = len(self.named)
        elif done.kind == "e":
            self.durable.update(self.named[: self._beginning])

    @property
    def fragile(self) -> set[tuple[int, str]]:
        """What a power cut may take back."""
        return set(self.named) - self.durable


def commits(shim: Shim, disk: Disk, directory: Path) -> Iterator[Path]:
    """Replays what was recorded, and yields the data directory as it was on disk after each commit.

    Args:
        shim: What has recorded.
        disk: Follows what was done.
        directory: Where data directories are made.
    """
    image = bytearray()
    for number, done in enumerate(shim.recorded()):
        if done.kind != "w":
            disk.take(done)
            continue
        end = done.offset + len(done.data)
        image.extend(bytes(max(0, end - len(image))))
        image[done.offset : end] = done.data
        if done.offset < META and b"schema" in image:
            place = directory / str(number)
            (place / "store").mkdir(parents=True)
            (place / "store/data.mdb").write_bytes(image)
            yield place
            shutil.rmtree(place)


def held(data: Path, service: str) -> set[tuple[int, str]]:
    """Returns the files that the records say a service holds whatever happens, as inode and name."""
    found: set[tuple[int, str]] = set()
    with read_beside(data) as transaction:
        flushed = int(transaction.meta(f"flushed {service}\0docs") or b"0")
        for node in transaction.nodes():
            found.update(_held(node, service, flushed))
    return found


def _held(node: Node, service: str, flushed: int) -> Iterator[tuple[int, str]]:
    state = node.services.get(service)
    if state is None:
        return
    intent, base = state.intent, state.base
    if intent is not None and intent.phase is Phase.VISIBLE and intent.epoch <= flushed:
        base = intent.after
    if base is not None and base.revision.count(":") == 4:  # Device, inode, size and times: of a file.
        yield int(base.revision.split(":")[1]), base.place.name


def test_nothing_is_held_before_it_is_synced(new_setup: Setups, shim: Shim, tmp_path: Path) -> None:
    """P13, DESIGN §3 "visible is not yet held": no commit claims a file of which a power cut could take anything."""
    onitu = new_setup("a", "b")
    onitu.environment |= shim.recording
    core = onitu.serve()
    for turn in range(3):
        made = fill(onitu["a"] / f"turn {turn}", turn, files=40)
        core.settle()
        files = [path for path, entry in made.items() if entry.kind == "file"]
        write(onitu["a"] / f"turn {turn}" / files[0], "edited")
        (onitu["a"] / f"turn {turn}" / files[1]).rename(onitu["a"] / f"renamed {turn}.bin")
        core.settle()
    onitu.converge(core)
    assert core.stop() == 0

    disk = Disk(onitu["b"])
    claimed, waited = set[tuple[int, str]](), 0
    for number, data in enumerate(commits(shim, disk, tmp_path / "commits")):
        ours = held(data, "b") & set(disk.named)
        assert not ours & disk.fragile, f"commit {number}"
        claimed |= ours
        waited += bool(disk.fragile)
    assert len(claimed) > 80
    assert waited > 3, "at no commit was there anything that a power cut could have taken"


@pytest.mark.parametrize("seed", CUTS)
def test_what_a_power_cut_takes_is_brought_again(new_setup: Setups, shim: Shim, tmp_path: Path, seed: int) -> None:
    """P1, P2, P5, P12, P13: files that were visible and not synced are empty, torn or gone after it, not for long."""
    chance = random.Random(seed)
    onitu = new_setup("a", "b")
    onitu.environment |= shim.recording
    first = fill(onitu["a"], seed, files=60)
    core = onitu.serve()
    onitu.converge(core)
    seen = len(core.log.events)
    fill(onitu["a"] / "more", 100 + seed, files=120, largest=30_000)
    edited = [path for path, entry in first.items() if entry.kind == "file"][:10]
    for path in edited:
        write(onitu["a"] / path, f"edited, {path}")
    lines = chance.randrange(10, 100)
    core.wait_until(lambda: len(core.log.events) - seen >= lines, f"{lines} more lines")
    core.kill_all()
    expected = onitu.tree("a")

    disk = Disk(onitu["b"])
    for _ in commits(shim, disk, tmp_path / "commits"):
        pass
    taken = take_back(onitu, disk, chance)
    shim.reboot()
    onitu.once()

    assert taken
    assert onitu.apart() == []
    # Where not even the answer was recorded, nobody can tell our torn write from an edit: it is kept beside the file.
    assert {path: e for path, e in onitu.tree("a").items() if "(conflict b " not in path} == expected
    assert onitu.staged() == []
    kept = digests(snapshot(onitu["b"], hidden=True))
    assert {digest_of(f"edited, {path}") for path in edited} <= kept


def take_back(onitu: Onitu, disk: Disk, chance: random.Random) -> int:
    """Does to a service's files what a power cut may do, and returns to how many."""
    taken = 0
    fragile = disk.fragile
    for path in sorted(onitu["b"].rglob("*")):
        if path.is_relative_to(onitu["b"] / HIDDEN) or not path.is_file():
            continue
        status = path.stat()
        if (status.st_ino, path.name) not in fragile:
            continue
        taken += 1
        match chance.randrange(4):
            case 0:
                path.unlink()
                continue
            case 1:
                os.truncate(path, 0)
            case 2:
                path.write_bytes(bytes(status.st_size))
            case _:
                pass  # It was lucky.
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    return taken
