"""A driver as it was written for Onitu 0.1 runs, and shows what such a driver can do (CONTRACT D).

It works on a directory, so a test edits and reads it there. It lists nothing, stages nothing and checks nothing; what
follows from that is done by the Plug and the core.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.functional import foreign
from tests.functional.harness import Onitu, Setups
from tests.functional.processes import Core
from tests.functional.trees import write

LARGE = 3 * 1024 * 1024 + 17  # Several chunks.


@pytest.fixture
def old(new_setup: Setups, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Onitu:
    """A setup with a disk `a`, to which a test adds services of the old shape."""
    foreign.install(tmp_path, monkeypatch)
    return new_setup("a")


def arrives(core: Core, path: Path, content: bytes) -> None:
    """Waits until a file has a content."""
    core.wait_until(lambda: path.is_file() and path.read_bytes() == content, f"{path} has its content")


def test_it_is_a_source_for_every_other_service(old: Onitu) -> None:
    """D1-D5, D10: what is there at the start, what is made, changed, renamed and deleted later reaches a disk."""
    root = foreign.add(old, "o", "shape01")
    large = bytes(range(256)) * (LARGE // 256)
    write(root / "before.txt", "there before the start")
    write(root / "directory/inner/large.bin", large)
    core = old.serve()
    arrives(core, old["a"] / "before.txt", b"there before the start")
    arrives(core, old["a"] / "directory/inner/large.bin", large)
    write(root / "later.txt", "made later")
    arrives(core, old["a"] / "later.txt", b"made later")
    write(root / "later.txt", "changed later")
    arrives(core, old["a"] / "later.txt", b"changed later")
    (root / "later.txt").rename(root / "renamed.txt")
    arrives(core, old["a"] / "renamed.txt", b"changed later")
    core.wait_until(lambda: not (old["a"] / "later.txt").exists(), "the old name is gone")
    (root / "before.txt").unlink()
    core.wait_until(lambda: not (old["a"] / "before.txt").exists(), "the deletion has arrived")


def test_a_quiet_start_moves_nothing(old: Onitu) -> None:
    """D5: a revision comes back as the number it was, so a driver that compares finds nothing newer."""
    root = foreign.add(old, "o", "shape01")
    write(root / "file.txt", "content")
    old.once()
    again = old.once()
    assert (old["a"] / "file.txt").read_text() == "content"
    assert again.log.transfers == []


def test_a_change_made_while_onitu_was_away_is_found(old: Onitu) -> None:
    """D10: at its start the driver compares every file with what the core knows."""
    root = foreign.add(old, "o", "shape01")
    write(root / "file.txt", "content")
    old.once()
    write(root / "file.txt", "another content")
    old.once()
    assert (old["a"] / "file.txt").read_text() == "another content"


def test_it_overwrites_what_is_there(old: Onitu) -> None:
    """D9, D: content at least as long replaces a file, and what it replaced is kept by the core."""
    root = foreign.add(old, "o", "shape01")
    write(root / "file.txt", "short")
    core = old.serve()
    arrives(core, old["a"] / "file.txt", b"short")
    foreign.rest(core)
    write(old["a"] / "file.txt", "a longer content")
    arrives(core, root / "file.txt", b"a longer content")
    core.wait_until(lambda: core.log.routes[-1:] == [("a", "o")], "the transfer is finished")
    kept = [path.read_bytes() for path in (old.data / "trash").iterdir() if not path.suffix]
    assert kept == [b"short"]


def test_what_it_cannot_do_is_reported_for_that_path(old: Onitu) -> None:
    """D8: a file it does not have ends in its `ServiceError`, a shorter one is refused; the others go on."""
    root = foreign.add(old, "o", "shape01")
    write(root / "file.txt", "content of some length")
    write(root / "other.txt", "short")
    core = old.serve()
    arrives(core, old["a"] / "file.txt", b"content of some length")
    arrives(core, old["a"] / "other.txt", b"short")
    foreign.rest(core)
    write(old["a"] / "new.txt", "it is not there")
    write(old["a"] / "file.txt", "shorter")
    write(old["a"] / "other.txt", "no longer short")
    arrives(core, root / "other.txt", b"no longer short")
    core.wait_until(lambda: {"new.txt", "file.txt"} <= core.log.failed_paths, "both are reported", units=40)
    errors = {event["path"]: event["error"] for event in core.log.named("transfer_aborted", service="o")}
    assert "Error writting 'new.txt'" in errors["new.txt"]
    assert "cannot become 7 bytes long" in errors["file.txt"]
    assert (root / "file.txt").read_text() == "content of some length"
    assert not (root / "new.txt").exists()
    assert (old["a"] / "new.txt").read_text() == "it is not there"


def test_with_start_upload_it_receives_new_and_shorter_files(old: Onitu) -> None:
    """D: a `start_upload` that creates the file empty is all that was missing; two such services and a disk agree."""
    roots = [foreign.add(old, name, "shape01_creating") for name in ("o", "p")]
    large = bytes(range(256)) * (LARGE // 256)
    write(old["a"] / "new.txt", "new")
    write(old["a"] / "large.bin", large)
    core = old.serve()
    for root in roots:
        arrives(core, root / "new.txt", b"new")
        arrives(core, root / "large.bin", large)
    foreign.rest(core)
    write(roots[0] / "large.bin", b"now it is small")
    arrives(core, roots[1] / "large.bin", b"now it is small")
    arrives(core, old["a"] / "large.bin", b"now it is small")
    foreign.rest(core)
    kept = [path.read_bytes() for path in (old.data / "trash").iterdir() if not path.suffix]
    assert large in kept
    assert core.log.named("conflict_found") == []


def test_an_edit_that_nobody_reported_is_not_overwritten(old: Onitu) -> None:
    """D, P1: what is there is compared before it is replaced, since the driver checks nothing."""
    root = foreign.add(old, "o", "shape01_creating")
    write(root / "file.txt", "first content")
    old.once()
    # Changed without a newer time: the driver does not notice it at its start.
    stamp = (root / "file.txt").stat().st_mtime_ns
    write(root / "file.txt", "edit in secret")
    os.utime(root / "file.txt", ns=(stamp, stamp))
    write(old["a"] / "file.txt", "edit on the disk")
    old.once(expect=None)
    contents = {path.read_text() for path in old["a"].iterdir() if path.is_file()}
    assert "edit in secret" in contents
    assert "edit on the disk" in contents


def test_a_root_it_cannot_enter_fails_the_service(old: Onitu) -> None:
    """D8: `DriverError` out of `start()` is the reason of the service's failure; the others go on."""
    root = foreign.add(old, "o", "shape01")
    root.rmdir()
    core = old.start()
    failed = core.wait_for("service_failed", service="o")
    assert f"Can't access '{root}'" in failed["reason"]


def test_deletions_and_mode_are_kept_apart(old: Onitu) -> None:
    """B7, D7: what has no handler is told at the start."""
    foreign.add(old, "o", "shape01", mode="r")
    core = old.serve()
    missing = {event["feature"] for event in core.log.named("feature_missing", service="o")}
    assert {"list_directory", "stat_file", "delete_file", "move_file", "start_upload", "watch"} <= missing


def test_it_runs_in_a_setup_of_0_1(old: Onitu) -> None:
    """B15, C3: entries and rules in JSON: one implicit folder, mapped at the root of each; the rules route."""
    root = foreign.add(old, "o", "shape01_creating")
    entries = {
        "o": {"driver": "shape01_creating", "options": {"root": str(root)}},
        "a": {"driver": "local_storage", "options": {"root": str(old["a"])}},
    }
    rules = [{"match": {"path": "/both/"}, "sync": ["o", "a"]}, {"match": {"extension": ["txt"]}, "sync": ["o", "a"]}]
    old.file = old.directory / "setup.json"
    old.file.write_text(json.dumps({"name": "0.1", "entries": entries, "rules": rules}), "utf-8")
    (root / "both").mkdir()
    write(root / "both/from old.bin", "to the disk")
    write(root / "stays.bin", "no rule names it")
    write(old["a"] / "from disk.txt", "to the old one")
    core = old.start(setup=False)
    arrives(core, old["a"] / "both/from old.bin", b"to the disk")
    arrives(core, root / "from disk.txt", b"to the old one")
    # Not before: an edit of what is still being written is a conflict.
    core.wait_for("transfer_finished", service="o", path="from disk.txt")
    write(root / "from disk.txt", "short")
    arrives(core, old["a"] / "from disk.txt", b"short")
    assert not (old["a"] / "stays.bin").exists()
