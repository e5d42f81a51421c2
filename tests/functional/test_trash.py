"""What Onitu replaces or deletes can be seen, and had back (CONTRACT B11 `keep`, PROPERTIES P1)."""

from __future__ import annotations

import json
import shutil
from base64 import b64decode
from typing import Any

import pytest

from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.memory import Memory
from tests.functional.processes import RUN, Core
from tests.functional.trees import write


def run(onitu: Onitu, *arguments: str, expect: int = 0) -> Core:
    """Runs a command on a setup and returns it ended."""
    command, *rest = arguments
    if command == "trash":
        command, rest = "trash", [rest[0], "-c", str(onitu.file), "--data-dir", str(onitu.data), *rest[1:]]
    else:
        rest = ["-c", str(onitu.file), "--data-dir", str(onitu.data), *rest]
    ended = onitu.run(command, *rest)
    assert ended.wait(RUN) == expect, f"{ended.output}\n{ended.log.tail()}"
    return ended


def listed(onitu: Onitu, *arguments: str) -> list[dict[str, Any]]:
    """Returns what `onitu trash list` shows."""
    found: list[dict[str, Any]] = json.loads(run(onitu, "trash", "list", "--json", *arguments).output)
    return found


def files(memory: Memory) -> dict[str, bytes]:
    """Returns the files that a memory service holds, all as they are at one moment."""
    return {
        path: b64decode(entry["base64"]) for path, entry in memory.ask("tree")["entries"].items() if "base64" in entry
    }


def past(onitu: Onitu, path: str) -> list[dict[str, Any]]:
    """Returns what `onitu log` shows of a path."""
    found: list[dict[str, Any]] = json.loads(run(onitu, "log", "--json", f"{FOLDER}/{path}").output)
    return found


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_a_deleted_file_is_listed_and_comes_back(new_setup: Setups, running: bool) -> None:
    """B11 `keep`, P1: what was deleted elsewhere is listed with its service, and comes back everywhere."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "d/letter.txt", "dear reader")
    core = onitu.serve()
    shutil.rmtree(onitu["a"] / "d")
    core.wait_until(lambda: not (onitu["b"] / "d").exists(), "the deletion reaches b")
    if not running:
        core.stop()

    (copy,) = listed(onitu, f"{FOLDER}/d")
    assert (copy["path"], copy["service"], copy["kept"], copy["size"]) == ("d/letter.txt", "b", "service", 11)
    assert f"{FOLDER}/d/letter.txt  (11 bytes, b)" in run(onitu, "trash", "list").output
    said = run(onitu, "trash", "restore", f"{FOLDER}/d/letter.txt").output

    if not running:
        assert "at the next `onitu serve`" in said
        onitu.once()
    else:
        assert f"{FOLDER}/d/letter.txt: brought back\n" in said
        core.wait_until((onitu["a"] / "d/letter.txt").exists, "it comes back everywhere")
    assert (onitu["a"] / "d/letter.txt").read_text() == "dear reader"
    assert onitu.apart() == []


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_a_replaced_version_comes_back(new_setup: Setups, running: bool) -> None:
    """B11 `keep`: the log names every version with its service; an older one becomes the current one everywhere."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "letter.txt", "first")
    core = onitu.serve()
    for text in ("second!", "the third"):
        write(onitu["a"] / "letter.txt", text)
        onitu.converge(core)
    if not running:
        core.stop()

    told = past(onitu, "letter.txt")
    assert [(line["version"], line["event"], line["service"], line["size"]) for line in told] == [
        ("1", "created", "a", 5),
        ("2", "edited", "a", 7),
        ("3", "edited", "a", 9),
    ]
    assert [(line["current"], line["restorable"]) for line in told] == [(False, True), (False, True), (True, False)]
    assert all(line["at"] and line["digests"] for line in told)
    assert told[0]["at"] <= told[1]["at"] <= told[2]["at"]
    run(onitu, "restore", f"{FOLDER}/letter.txt", "--version", "1")

    if running:
        core.wait_until(lambda: (onitu["a"] / "letter.txt").read_text() == "first", "the first version is back")
        onitu.converge(core)
    else:
        onitu.once()
    assert {(onitu[name] / "letter.txt").read_text() for name in "ab"} == {"first"}
    again = past(onitu, "letter.txt")
    assert [line["current"] for line in again] == [False, False, False, True]
    assert again[2]["restorable"], "what a restored version replaces is kept like anything"


def test_nothing_is_replaced_by_what_comes_back(new_setup: Setups) -> None:
    """B11 `keep`, P1: where its name is taken a copy gets one beside it."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "letter.txt", "old")
    core = onitu.serve()
    write(onitu["a"] / "letter.txt", "new text")
    onitu.converge(core)

    said = run(onitu, "trash", "restore", f"{FOLDER}/letter.txt").output

    assert "brought back as docs/letter (restored 20" in said
    core.wait_until(lambda: len(onitu.tree("a")) == 2, "it comes everywhere")
    onitu.converge(core)
    assert (onitu["a"] / "letter.txt").read_text() == "new text"
    (back,) = onitu["a"].glob("letter (restored *).txt")
    assert back.read_text() == "old"


def test_the_log_of_a_file_that_is_gone(new_setup: Setups) -> None:
    """B11 `keep`: a rename and a deletion are told with their service, and by any name that the file had."""
    onitu = new_setup("a", "b", "c")
    write(onitu["a"] / "old.txt", "text")
    core = onitu.serve()
    (onitu["b"] / "old.txt").rename(onitu["b"] / "new.txt")
    core.wait_until((onitu["a"] / "new.txt").exists, "the rename reaches a")
    onitu.converge(core)
    (onitu["c"] / "new.txt").unlink()
    core.wait_until(lambda: not (onitu["a"] / "new.txt").exists(), "the deletion reaches a")
    onitu.converge(core)

    for name in ("old.txt", "new.txt"):
        told = past(onitu, name)
        assert [(line["event"], line["service"], line.get("path")) for line in told] == [
            ("created", "a", None),
            ("moved", "b", "old.txt"),
            ("deleted", "c", "new.txt"),
        ]
        assert told[0]["restorable"]
    assert "can be restored" in run(onitu, "log", f"{FOLDER}/new.txt").output
    run(onitu, "restore", f"{FOLDER}/new.txt", "--version", "1")
    core.wait_until((onitu["c"] / "new.txt").exists, "it comes back")
    onitu.converge(core)
    assert "nothing is known of" in run(onitu, "log", f"{FOLDER}/never.txt", expect=1).log.tail()


def test_a_service_that_keeps_nothing_has_its_copies_in_the_data_directory(new_setup: Setups) -> None:
    """B11 `keep`, P1: what is replaced or deleted on a service without a trash is read first, kept, and comes back."""
    onitu = new_setup("a")
    memory = Memory(onitu, "cloud")
    for name in ("one", "two"):
        write(onitu["a"] / name, f"old {name}")
    core = onitu.serve()
    write(onitu["a"] / "one", "a new text")
    (onitu["a"] / "two").unlink()
    core.wait_until(lambda: files(memory) == {"one": b"a new text"}, "both changes reach it")

    kept = listed(onitu, "--service", "cloud")
    assert {(copy["path"], copy["kept"], copy["size"]) for copy in kept} == {
        ("one", "data directory", 7),
        ("two", "data directory", 7),
    }
    assert [line["restorable"] for line in past(onitu, "one")] == [True, False]
    run(onitu, "restore", f"{FOLDER}/one", "--version", "1")
    run(onitu, "trash", "restore", f"{FOLDER}/two")
    core.wait_until(lambda: files(memory) == {"one": b"old one", "two": b"old two"}, "both are back")
    core.wait_until((onitu["a"] / "two").exists, "and come everywhere")
    assert (onitu["a"] / "one").read_text() == "old one"


def test_what_need_not_be_kept_is_removed(new_setup: Setups) -> None:
    """B11 `keep`: beyond its days a copy goes, once a day; the most specific says how many (B6)."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "from-b", "text")
    write(onitu["a"] / "from-a", "more")
    onitu.once()
    (onitu["a"] / "from-b").unlink()
    (onitu["b"] / "from-a").unlink()
    onitu.once()
    assert {(copy["path"], copy["service"]) for copy in listed(onitu)} == {("from-b", "b"), ("from-a", "a")}

    onitu.services["b"]["folders"] = {FOLDER: {"path": ".", "keep": {"days": 0}}}
    shutil.rmtree(onitu.data)  # A core that knows of no earlier look takes one now.
    core = onitu.serve()
    core.wait_for("trash_emptied", service="b", files=1)

    assert [(copy["path"], copy["service"]) for copy in listed(onitu)] == [("from-a", "a")]


def test_a_clock_that_is_ahead_empties_nothing(new_setup: Setups) -> None:
    """B11 `keep`, P1: a copy that is decades old by the clock on the wall stays: nobody has counted those years."""
    onitu = new_setup("a")
    memory = Memory(onitu, "cloud")
    write(onitu["a"] / "gone", "text")
    core = onitu.serve()
    (onitu["a"] / "gone").unlink()
    core.wait_until(lambda: not files(memory), "the deletion reaches the cloud")
    core.stop()
    (said,) = (onitu.data / "trash").glob("*.json")
    said.write_text(json.dumps({**json.loads(said.read_text()), "kept_at": 1.0}))
    shutil.rmtree(onitu.data / "store")  # A core that knows of no earlier look takes one now.

    core = onitu.serve()
    core.stop()

    assert [(copy["path"], copy["kept_at_ns"]) for copy in listed(onitu)] == [("gone", 10**9)]


def test_emptying(new_setup: Setups) -> None:
    """B11 `keep`: copies go when a person says so, is asked, and what is named goes alone."""
    onitu = new_setup("a", "b")
    for name in ("one", "two"):
        write(onitu["a"] / name, name)
    core = onitu.serve()
    for name in ("one", "two"):
        (onitu["a"] / name).unlink()
    core.wait_until(lambda: not onitu.tree("b"), "the deletions reach b")

    assert "nothing to remove" in run(onitu, "trash", "empty", "--older-than", "1").output
    assert "nothing was removed" in run(onitu, "trash", "empty", f"{FOLDER}/one", expect=1).output
    assert "1 files (3 bytes) removed" in run(onitu, "trash", "empty", "--yes", f"{FOLDER}/one").output
    assert [copy["path"] for copy in listed(onitu)] == ["two"]
    core.stop()
    assert "next `onitu serve`" in run(onitu, "trash", "empty", "--yes").output
    onitu.once()
    assert listed(onitu) == []


def test_words_for_what_is_not_there(new_setup: Setups) -> None:
    """B16: what is wrong is said, with what there is."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "one", "one")
    onitu.once()

    assert "no folder 'dcos'; did you mean 'docs'?" in run(onitu, "trash", "list", "dcos", expect=1).log.tail()
    assert "no service 'x'" in run(onitu, "trash", "list", "--service", "x", expect=1).log.tail()
    assert "nothing is kept of" in run(onitu, "trash", "restore", f"{FOLDER}/one", expect=1).log.tail()
    assert "(versions: 1)" in run(onitu, "restore", f"{FOLDER}/one", "--version", "7", expect=1).log.tail()
    assert "is the current one" in run(onitu, "restore", f"{FOLDER}/one", "--version", "1").output
    shutil.rmtree(onitu["b"])
    assert "b: " in run(onitu, "trash", "list", expect=1).log.tail()
