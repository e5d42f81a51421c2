"""A large transfer that is cut off goes on where the target says (F4), over drivers of every kind (D9).

The target is a memory service that keeps what is staged in a directory and writes every chunk it has staged into a
journal, so what was sent is counted and not believed. It holds a chunk in its hands when the crash comes: the chunks
before that one are confirmed, this one is not, and nothing is left to chance.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import psutil
import pytest
from blake3 import blake3

from tests.functional.harness import Setups
from tests.functional.memory import Memory
from tests.functional.processes import EVERYTHING, START, Core
from tests.functional.transfer import CHUNKS, CONTENT, MEBIBYTE, NAME, Transfer, keep
from tests.functional.trees import digest_of, write

#: The chunks that are not confirmed when a crash comes, in their order.
CRASHES = list(range(CHUNKS)) if EVERYTHING else [0, 7, CHUNKS - 1]
#: Kills of a driver that one core sees, since it starts drivers that die again and again ever more slowly.
KILLS_OF_ONE_CORE = 3
pytestmark = pytest.mark.timeout(3600 if EVERYTHING else 300)
PAIRS = [("chunks", "chunks"), ("whole", "chunks"), ("both", "both"), ("chunks", "both"), ("whole", "both")]


def crash_of_the_core(transfer: Transfer, core: Core, *, everything: bool) -> Core:
    """Kills the core, whose drivers die of it, or everything at once; starts it again."""
    if everything:
        core.kill_all()
    else:
        core.kill()
    return transfer.onitu.start()


@pytest.mark.parametrize(
    ("what", "pair"),
    [(what, pair) for what in ("core", "all") for pair in PAIRS]
    if EVERYTHING
    else [("core", PAIRS[0]), ("all", PAIRS[1])],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_crash_of_the_core_resumes_the_transfer(new_setup: Setups, what: str, pair: tuple[str, str]) -> None:
    """F4, D9: after a kill of the core, or of all, at each chunk no confirmed chunk is sent again."""
    transfer = Transfer(new_setup(), *pair)
    transfer.hold_from_start(CRASHES[0])
    core = transfer.onitu.start()
    for crash, following in zip(CRASHES, [*CRASHES[1:], None], strict=True):
        transfer.wait_held(core, crash)
        transfer.hold_from_start(None if following is None else following - crash)
        core = crash_of_the_core(transfer, core, everything=what == "all")
        if crash:
            restarted = core.wait_for("transfer_restarted", service="target", path=NAME, units=START)
            assert restarted["offset"] == crash * MEBIBYTE
    transfer.arrive(core)

    assert transfer.staged() == list(range(CHUNKS))
    assert list((transfer.onitu.directory / "staging").iterdir()) == []


@pytest.mark.parametrize("pair", PAIRS if EVERYTHING else PAIRS[2:3], ids="-".join)
def test_a_crash_of_the_target_resumes_the_transfer(new_setup: Setups, pair: tuple[str, str]) -> None:
    """F4, D9: after a kill of the target's driver at each chunk no confirmed chunk is sent again."""
    transfer = Transfer(new_setup(), *pair)
    transfer.hold_from_start(CRASHES[0])
    core = transfer.onitu.start()
    for number, (crash, following) in enumerate(zip(CRASHES, [*CRASHES[1:], None], strict=True), 1):
        transfer.wait_held(core, crash)
        transfer.hold_from_start(None if following is None else following - crash)
        if number % KILLS_OF_ONE_CORE:
            transfer.kill(core, "target")
        else:
            core = crash_of_the_core(transfer, core, everything=True)
    transfer.arrive(core)

    assert transfer.staged() == list(range(CHUNKS))


@pytest.mark.parametrize("pair", PAIRS if EVERYTHING else PAIRS[4:], ids="-".join)
def test_a_crash_of_the_source_resumes_the_transfer(new_setup: Setups, pair: tuple[str, str]) -> None:
    """F4, D9: after a kill of the source's driver at each chunk no confirmed chunk is sent again."""
    transfer = Transfer(new_setup(), *pair)
    transfer.hold_from_start(CRASHES[0])
    core = transfer.onitu.start()
    for number, (crash, following) in enumerate(zip(CRASHES, [*CRASHES[1:], None], strict=True), 1):
        transfer.wait_held(core, crash)
        if number % KILLS_OF_ONE_CORE:
            transfer.kill(core, "source")
            if following is not None:
                transfer.target.ask("inject", task="upload_chunk", skip=following - crash - 1, hold=True)
            transfer.target.ask("release")
        else:
            transfer.hold_from_start(None if following is None else following - crash)
            core = crash_of_the_core(transfer, core, everything=True)
    transfer.arrive(core)

    assert transfer.staged() == list(range(CHUNKS))


def test_a_target_of_whole_files_starts_over(new_setup: Setups) -> None:
    """F4, D9: what a driver takes whole cannot be taken up again; after a crash it is sent from the start."""
    transfer = Transfer(new_setup(), "chunks", "whole")
    fault = {"task": "upload_file", "hold": True}
    (transfer.onitu.directory / "faults").write_text(json.dumps(fault) + "\n", "utf-8")
    core = transfer.onitu.start()
    transfer.wait_held(core, 0)
    transfer.hold_from_start(None)
    core.kill()
    core = transfer.onitu.start()
    transfer.arrive(core)

    assert transfer.staged() == []
    assert core.log.named("transfer_restarted") == []


def held_at(transfer: Transfer, chunk: int, *arguments: str) -> Core:
    """Starts Onitu and waits until the target holds a chunk."""
    transfer.hold_from_start(chunk)
    core = transfer.onitu.start(*arguments)
    transfer.wait_held(core, chunk)
    transfer.hold_from_start(None)
    return core


def test_a_newer_version_gives_the_upload_up(new_setup: Setups) -> None:
    """D "abort_upload", G4: the upload under way ends at once, not when it is done, and the newer content arrives."""
    transfer = Transfer(new_setup(), "both", "both")
    core = held_at(transfer, 3)
    newer = random.Random(5).randbytes(17 * MEBIBYTE)
    transfer.source.write(NAME, newer)
    aborted = core.wait_for("transfer_aborted", service="target", path=NAME)
    transfer.target.ask("release")
    core.wait_for("transfer_finished", service="target", path=NAME, bytes=len(newer), units=START)

    assert (aborted["source"], aborted["target"]) == ("source", "target")
    assert "newer" in str(aborted["error"])
    assert transfer.target.tree()[NAME].digest == blake3(newer).hexdigest()
    assert transfer.staged().count(0) == 2
    assert len(transfer.staged()) <= 4 + 17
    assert list((transfer.onitu.directory / "staging").iterdir()) == []


def test_a_source_that_changed_while_onitu_was_away_starts_over(new_setup: Setups) -> None:
    """D "restart_upload": what was staged of the older content is thrown away, and nothing of it is shown."""
    transfer = Transfer(new_setup(), "both", "both")
    held_at(transfer, 5).kill()
    newer = random.Random(6).randbytes(18 * MEBIBYTE)
    block = transfer.onitu.services.pop("target")
    keep(transfer.onitu, transfer.source, newer)
    transfer.onitu.services["target"] = block
    core = transfer.onitu.start()
    core.wait_for("transfer_finished", service="target", path=NAME, units=START)

    assert transfer.target.tree()[NAME].digest == blake3(newer).hexdigest()
    assert transfer.staged() == [*range(5), *range(18)]
    assert list((transfer.onitu.directory / "staging").iterdir()) == []


def test_a_file_that_is_deleted_meanwhile_leaves_nothing_staged(new_setup: Setups) -> None:
    """F6 "abort when the source is gone": nobody wants the upload any more, so it is removed at the target."""
    transfer = Transfer(new_setup(), "both", "both")
    core = held_at(transfer, 2)
    transfer.source.ask("delete", path=NAME)
    core.wait_for("transfer_aborted", service="target", path=NAME)
    transfer.target.ask("release")
    place = transfer.onitu.directory / "staging"
    core.wait_until(lambda: not list(place.iterdir()), "nothing is staged")

    assert transfer.target.tree() == {}


def test_a_second_source_takes_over(new_setup: Setups) -> None:
    """F6 "second source": when the first one dies another that has the version goes on from the confirmed offset."""
    onitu = new_setup()
    transfer = Transfer(onitu, "chunks", "both")
    target = onitu.services.pop("target")
    second = Memory(onitu, "second", content="whole", persist=str(onitu.directory / "second.kept"), velocity=0.1)
    core = onitu.serve()
    core.wait_until(lambda: NAME in second.tree(), "the second source has it", units=START)
    second.ask("save")
    assert core.stop() == 0
    onitu.services["target"] = target
    core = held_at(transfer, 6, "--debug")
    # What it has read ahead may still come; then it is dead, and what comes in its place is another service.
    first = core.log.named("transfer_started", target="target")[-1]["source"]
    (onitu.directory / f"{first}.kept").unlink()
    psutil.Process(int(core.log.named("service_started", service=first)[-1]["pid"])).kill()
    core.wait_for("service_failed", service=first)
    transfer.target.ask("release")
    transfer.arrive(core)

    assert transfer.staged() == list(range(CHUNKS))
    assert core.log.named("transfer_finished", target="target")[0]["source"] != first
    assert core.log.named("transfer_restarted", target="target")[0]["offset"] > 0


def test_a_local_target_resumes(new_setup: Setups) -> None:
    """F4: a folder on a disk keeps what was staged when everything is killed, and goes on from there."""
    onitu = new_setup("disk")
    source = Memory(onitu, "source", persist=str(onitu.directory / "source.kept"))
    disk = onitu.services.pop("disk")
    keep(onitu, source, random.Random(7).randbytes(2 * len(CONTENT)))
    onitu.services["disk"] = disk
    place = onitu["disk"] / ".onitu/tmp"

    def staged() -> int:
        return max((file.stat().st_size for file in place.glob("upload-*")), default=0)

    core = onitu.start()
    core.wait_until(lambda: staged() > len(CONTENT) // 4, "some of it is staged", units=START)
    core.kill_all()
    assert onitu.tree("disk") == {}
    done = staged()
    core = onitu.start()
    restarted = core.wait_for("transfer_restarted", service="disk", path=NAME, units=START)
    core.wait_for("transfer_finished", service="disk", path=NAME, units=START)

    assert restarted["offset"] == done > 0
    assert onitu.tree("disk")[NAME].digest == source.tree()[NAME].digest
    assert onitu.staged() == []


def options(content: str) -> dict[str, Any]:
    """Returns the options of a service with one kind of handlers and a small limit."""
    return {"content": content, "max_whole_file": 3 * MEBIBYTE}


SIZES = [
    0,
    1,
    MEBIBYTE - 1,
    MEBIBYTE,
    MEBIBYTE + 1,
    3 * MEBIBYTE - 1,
    3 * MEBIBYTE,
    3 * MEBIBYTE + 1,
    16 * MEBIBYTE + 5,
]


@pytest.mark.parametrize("source", ["chunks", "whole", "both"])
@pytest.mark.parametrize("target", ["chunks", "whole", "both"])
def test_every_pairing_works(new_setup: Setups, source: str, target: str) -> None:
    """D9: whatever either side has; what is too large for whole files, where there is nothing else, is reported."""
    onitu = new_setup()
    sending = Memory(onitu, "source", **options(source))
    receiving = Memory(onitu, "target", **options(target))
    core = onitu.serve()
    contents = {f"{size}.bin": random.Random(size).randbytes(size) for size in SIZES}
    for name, content in contents.items():
        sending.write(name, content)
    too_large = [f"{size}.bin" for size in SIZES if size > 3 * MEBIBYTE and "whole" in (source, target)]
    wanted = {name: blake3(content).hexdigest() for name, content in contents.items() if name not in too_large}
    core.wait_until(lambda: receiving.tree().keys() >= wanted.keys(), "all that can go has gone", units=START)
    for name in too_large:
        told = core.wait_for("transfer_aborted", path=name, level="warning")
        assert "whole" in str(told["error"])

    assert {name: entry.digest for name, entry in receiving.tree().items()} == wanted
    for name in too_large:
        assert len(core.log.named("transfer_aborted", path=name)) == 1


def test_the_journal_of_the_source_counts_no_chunk_twice(new_setup: Setups) -> None:
    """DESIGN §4: an undisturbed transfer reads and stages each chunk once."""
    transfer = Transfer(new_setup(), "chunks", "chunks")
    transfer.arrive(transfer.onitu.start())

    assert transfer.staged() == list(range(CHUNKS))


def test_local_files_go_in_chunks_to_services_that_resume(new_setup: Setups) -> None:
    """DESIGN §4: a large local file goes to a service without local files in an upload that can be taken up again."""
    onitu = new_setup("disk")
    write(onitu["disk"] / NAME, CONTENT)
    journal = Path(onitu.directory / "journal")
    target = Memory(onitu, "target", journal=str(journal), staging=str(onitu.directory / "staging"))
    core = onitu.serve()
    core.wait_for("transfer_finished", service="target", path=NAME)

    assert target.tree()[NAME].digest == digest_of(CONTENT)
    assert len(journal.read_text("utf-8").splitlines()) == CHUNKS
