"""Services without local files: content crosses the wire, in batches and in chunks, faults included (DESIGN §4, D9).

The driver is the reference driver `memory`, edited and disturbed through its control socket.
"""

from __future__ import annotations

import os

import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.memory import Memory
from tests.functional.processes import Core
from tests.functional.trees import differences, digest_of, fill, write

MEBIBYTE = 1024 * 1024
MANY = 1_500  # More than one batch.
BEYOND_WHOLE = 65  # Mebibytes: more than a whole-file handler is given (CONTRACT D9).


def agree(core: Core, onitu: Onitu, *services: Memory, units: float = 30) -> None:
    """Waits until memory services hold what the first local service holds."""
    name = onitu.local[0]

    def agreed() -> bool:
        expected = onitu.tree(name)
        return not any(differences(expected, service.tree()) for service in services)

    core.wait_until(agreed, "memory and disk hold the same", units=units)


def test_many_small_files_both_ways(new_setup: Setups) -> None:
    """D9, DESIGN §4 "batch": more files than one call carries, to a service over the wire and back from it."""
    onitu = new_setup("a")
    memory = Memory(onitu, "m")
    fill(onitu["a"], 1, files=MANY, largest=4_096)
    core = onitu.serve()
    agree(core, onitu, memory)
    onitu_b = write(onitu["a"] / "edited.txt", "made on the disk")
    memory.write("from memory.txt", "made in memory")
    agree(core, onitu, memory)

    assert onitu_b.read_text() == "made on the disk"
    assert (onitu["a"] / "from memory.txt").read_text() == "made in memory"


def test_every_change_over_the_wire(new_setup: Setups) -> None:
    """F6: create, overwrite, move, delete, and directories of each, made in memory and seen on the disk."""
    onitu = new_setup("a")
    memory = Memory(onitu, "m")
    fill(onitu["a"] / "other", 2, files=40)
    for name in ("overwritten", "moved", "deleted", "directory/inside"):
        write(onitu["a"] / f"{name}.txt", f"first content of {name}")
    core = onitu.serve()
    agree(core, onitu, memory)
    memory.write("overwritten.txt", "second content")
    memory.ask("move", path="moved.txt", destination="elsewhere.txt")
    memory.ask("move", path="directory", destination="renamed")
    memory.ask("delete", path="deleted.txt")
    memory.ask("make_directory", path="empty")
    expected = memory.tree()
    onitu.holds(core, "a", expected)

    assert (onitu["a"] / "renamed/inside.txt").read_text() == "first content of directory/inside"
    assert differences(expected, memory.tree()) == []


@pytest.mark.parametrize("size", [0, 1, MEBIBYTE, 5 * MEBIBYTE + 3, BEYOND_WHOLE * MEBIBYTE])
def test_sizes_over_the_wire(new_setup: Setups, size: int) -> None:
    """D9: whole files and chunks, from disk to memory and on to a second service in memory, byte for byte."""
    onitu = new_setup("a")
    services = [Memory(onitu, name) for name in ("m", "n")]
    content = os.urandom(min(size, MEBIBYTE)) * max(size // MEBIBYTE, 1)
    write(onitu["a"] / "file.bin", content)
    core = onitu.start()
    core.wait_for("settled", units=40)

    assert [service.tree()["file.bin"].digest for service in services] == [digest_of(content)] * 2


def test_a_second_disk_is_filled_from_memory(new_setup: Setups) -> None:
    """F6 "late joiner": what only a service in memory holds reaches a disk, attributes with it."""
    onitu = new_setup("a")
    memory = Memory(onitu, "m", persist=str(onitu.directory / "memory.db"))
    expected = fill(onitu["a"], 3, files=200)
    onitu.once()
    del onitu.services["a"]
    onitu.add("b")
    core = onitu.serve()

    assert differences(expected, onitu.tree("b")) == []
    assert differences(expected, memory.tree()) == []
    assert core.stop() == 0


@pytest.fixture
def pair(new_setup: Setups) -> tuple[Onitu, Memory, Core]:
    """Starts a disk and a service in memory, in sync on a few files."""
    onitu = new_setup("a")
    memory = Memory(onitu, "m", persist=str(onitu.directory / "memory.db"))
    fill(onitu["a"] / "other", 4, files=40)
    core = onitu.serve()
    agree(core, onitu, memory)
    return onitu, memory, core


def test_a_failed_read_is_tried_again(pair: tuple[Onitu, Memory, Core]) -> None:
    """G7, D8: a `ServiceError` of a handler is retried with back-off, and the file arrives."""
    onitu, memory, core = pair
    for task in ("get_file", "get_chunk"):
        memory.ask("inject", task=task, path="file.txt", times=2, error="Unavailable")
    memory.write("file.txt", "arrives at the third attempt")
    arrived = onitu["a"] / "file.txt"
    core.wait_until(arrived.exists, "it arrives", units=30)

    assert arrived.read_text() == "arrives at the third attempt"


def test_a_failed_write_is_tried_again(pair: tuple[Onitu, Memory, Core]) -> None:
    """G7, D8: likewise towards the service, and what does not fail is not delayed."""
    onitu, memory, core = pair
    for task in ("upload_file", "start_upload"):
        memory.ask("inject", task=task, path="file.txt", times=2, error="Unavailable")
    write(onitu["a"] / "file.txt", "arrives at the third attempt")
    write(onitu["a"] / "beside.txt", "arrives at once")
    core.wait_until(lambda: "beside.txt" in memory.tree(), "the other arrives", units=5)
    agree(core, onitu, memory)


def test_an_error_of_the_driver_is_not_tried_again(pair: tuple[Onitu, Memory, Core]) -> None:
    """D8: a `DriverError` is reported for its path, and the path is left alone until it changes."""
    onitu, memory, core = pair
    for task in ("upload_file", "start_upload"):
        memory.ask("inject", task=task, path="file.txt", error="DriverError", message="no such luck")
    write(onitu["a"] / "file.txt", "first")
    core.wait_until(lambda: "file.txt" in core.log.failed_paths, "it is reported")
    write(onitu["a"] / "beside.txt", "something else is done meanwhile")
    core.wait_until(lambda: "beside.txt" in memory.tree(), "the other arrives")
    assert "file.txt" not in memory.tree()
    write(onitu["a"] / "file.txt", "second, a change")
    agree(core, onitu, memory)

    assert "no such luck" in core.log.path.read_text()


def test_a_file_that_changes_while_it_is_read_ends_equal(pair: tuple[Onitu, Memory, Core]) -> None:
    """G3: the revision is pinned: a file that changes between notice and read is read again, never mixed."""
    onitu, memory, core = pair
    for task in ("get_file", "get_chunk"):
        memory.ask("inject", task=task, path="file.txt", change="changed just before it was read")
    memory.write("file.txt", "as it was noticed first")
    core.wait_until((onitu["a"] / "file.txt").exists, "it arrives")
    agree(core, onitu, memory)


def test_a_service_that_dies_comes_back_with_what_it_kept(pair: tuple[Onitu, Memory, Core]) -> None:
    """F6 "crash of the driver": it is started again, and what was written meanwhile reaches it."""
    onitu, memory, core = pair
    before = onitu.tree("a")
    core.wait_until((onitu.directory / "memory.db").exists, "what it holds is kept")
    memory.ask("crash")
    write(onitu["a"] / "new.txt", "written while it was dead")
    core.wait_for("service_failed", service="m")
    core.wait_until(lambda: len(core.log.named("service_started", service="m")) > 1, "it is started again")
    agree(core, onitu, memory)

    assert onitu.tree("a").keys() == before.keys() | {"new.txt"}


def test_a_slow_service_does_not_delay_a_fast_pair(new_setup: Setups) -> None:
    """P25, PROPERTIES §6 "ours": while every write to one service takes long, two others stay quick."""
    onitu = new_setup("a", "b")
    memory = Memory(onitu, "slow")
    core = onitu.serve()
    for task in ("upload_file", "start_upload"):
        memory.ask("inject", task=task, times=20, delay=0.25)
    for number in range(20):
        write(onitu["a"] / f"{number}.txt", f"content {number}")
    onitu.converge(core, "a", "b", units=5)

    assert len(memory.tree()) < 20
    agree(core, onitu, memory)
