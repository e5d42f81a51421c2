"""Symbolic links where they are kept: what people do with them, and what must never come of one (B11, G16)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.memory import Memory
from tests.functional.operations import Operation
from tests.functional.trees import differences, write


def _link(place: Path) -> None:
    (place / "link").symlink_to("one")


def _links(place: Path) -> None:
    write(place / "directory/file.txt", "in the directory")
    (place / "directory/up").symlink_to("../one")
    (place / "one").symlink_to("directory/file.txt")
    (place / "two").symlink_to("directory")


def _retarget(place: Path) -> None:
    (place / "aside").symlink_to("two")
    (place / "aside").replace(place / "link")


def _swap(place: Path) -> None:
    (place / "one").rename(place / "aside")
    (place / "two").rename(place / "one")
    (place / "aside").rename(place / "two")


def _replace_link(place: Path, make: Callable[[Path], object]) -> None:
    (place / "link").unlink()
    make(place / "link")


def _file_to_link(place: Path) -> None:
    (place / "file").unlink()
    (place / "file").symlink_to("one")


def _directory_to_link(place: Path) -> None:
    shutil.rmtree(place / "directory")
    (place / "directory").symlink_to("elsewhere")


def _loop(place: Path) -> None:
    (place / "one").symlink_to("two")
    (place / "two").symlink_to("one")
    (place / "itself").symlink_to("itself")
    (place / "here").symlink_to(".")


OPERATIONS = (
    Operation("create", _links),
    Operation("create_dangling", lambda place: (place / "link").symlink_to("nowhere/at all")),
    Operation("create_loop", _loop),
    Operation("create_odd_name", lambda place: (place / "l\n\u00fc").symlink_to("t\n\u00e9 ./x//y/")),
    Operation("retarget", _retarget, _link),
    Operation("delete", lambda place: (place / "link").unlink(), _link),
    Operation("rename", lambda place: (place / "link").rename(place / "renamed"), _link),
    Operation("rename_over", lambda place: (place / "two").replace(place / "one"), _links),
    Operation("move", lambda place: (place / "one").rename(place / "directory/one"), _links),
    Operation("swap", _swap, _links),
    Operation("rename_directory", lambda place: (place / "directory").rename(place / "renamed"), _links),
    Operation("delete_directory", lambda place: shutil.rmtree(place / "directory"), _links),
    Operation("link_to_file", lambda p: _replace_link(p, lambda path: write(path, "a file by now")), _link),
    Operation("link_to_directory", lambda p: _replace_link(p, lambda path: write(path / "in", "it")), _link),
    Operation("file_to_link", _file_to_link, lambda place: write(place / "file", "a file still")),
    Operation("directory_to_link", _directory_to_link, lambda place: write(place / "directory/in/it", "a file")),
)  # fmt: skip

HOSTILE = (
    *("/etc/passwd", "../../etc/passwd", "../../../../../../../../etc/passwd"),
    *("directory/../..", "..//../x", "../.onitu/root"),
)


def kept(new_setup: Setups, *names: str) -> Onitu:
    """Returns a setup in which symbolic links are kept."""
    onitu = new_setup(*names)
    onitu.folders = {FOLDER: {"symlinks": "keep"}}
    return onitu


@pytest.fixture(scope="module", params=["offline", "live"])
def outcome(request: pytest.FixtureRequest, new_shared_setup: Setups) -> Iterator[tuple[Onitu, dict[str, object]]]:
    """Does every operation on one disk, behind Onitu's back or while it runs; another disk and a memory follow."""
    onitu = kept(new_shared_setup, "a", "b")
    memory = Memory(onitu, "m", persist=str(onitu.directory / "memory.db"))
    for operation in OPERATIONS:
        (onitu["a"] / operation.name).mkdir()
        operation.prepare(onitu["a"] / operation.name)
    core = onitu.serve()
    onitu.converge(core)
    if request.param == "offline":
        assert core.stop() == 0
    for operation in OPERATIONS:
        operation.change(onitu["a"] / operation.name)
    if request.param == "offline":
        core = onitu.serve()
    expected = onitu.tree("a")
    try:
        core.wait_until(lambda: not differences(expected, onitu.tree("b")), "the links are there", units=30)
        core.wait_until(lambda: not differences(expected, memory.tree()), "the memory has them", units=30)
    except AssertionError:
        pass  # Which operation it was is for the tests to say.
    yield onitu, {"a": expected, "b": onitu.tree("b"), "m": memory.tree(), "errors": core.log.named("path_failed")}
    assert core.stop() == 0


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_on_links(outcome: tuple[Onitu, dict[str, dict[str, object]]], operation: Operation) -> None:
    """B11 `symlinks`: whatever is done with links on one service is on all of them, as links, and undone nowhere."""
    _, trees = outcome
    prefix = f"{operation.name}/"
    there = {name: {p: e for p, e in trees[name].items() if p.startswith(prefix)} for name in ("a", "b", "m")}

    assert there["b"] == there["a"]
    assert there["m"] == there["a"]


def test_no_path_fails(outcome: tuple[Onitu, dict[str, object]]) -> None:
    """P25: none of it ends in an error, and the source is as its user left it."""
    onitu, trees = outcome

    assert trees["errors"] == []
    assert onitu.tree("a") == trees["a"]


def test_hostile_targets_are_refused(new_setup: Setups) -> None:
    """G16, B11: a link that is absolute or leads out of the folder goes nowhere, and that is said with its path."""
    onitu = kept(new_setup, "a", "b")
    write(onitu["a"] / "directory/file.txt", "beside them")
    for number, target in enumerate(HOSTILE):
        (onitu["a"] / f"directory/{number}").symlink_to(target)
    run = onitu.once()

    assert [path.name for path in (onitu["b"] / "directory").iterdir()] == ["file.txt"]
    for number in range(len(HOSTILE)):
        (event,) = run.log.about("file_ignored", f"directory/{number}")
        assert "symbolic link" in event["reason"]
        assert (onitu["a"] / f"directory/{number}").is_symlink()


def test_a_link_that_turns_hostile_is_left_alone(new_setup: Setups) -> None:
    """B11: what a link pointed to before stays on the others when it is made to lead out; nothing is deleted."""
    onitu = kept(new_setup, "a", "b")
    (onitu["a"] / "link").symlink_to("one")
    onitu.once()
    (onitu["a"] / "link").unlink()
    (onitu["a"] / "link").symlink_to("/etc/passwd")
    onitu.once()

    assert (onitu["b"] / "link").readlink() == Path("one")
    assert (onitu["a"] / "link").readlink() == Path("/etc/passwd")


def test_nothing_is_written_through_a_kept_link(new_setup: Setups) -> None:
    """G16: a directory that is swapped for a link while files go into it leads nothing out of the folder."""
    onitu = kept(new_setup, "a", "b")
    outside = onitu.directory / "outside"
    outside.mkdir()
    write(onitu["a"] / "directory/first.txt", "first")
    write(onitu["a"] / "inside/other.txt", "other")
    core = onitu.serve()
    onitu.converge(core)
    for number in range(50):
        write(onitu["a"] / f"directory/{number}.txt", f"file {number}")
    shutil.rmtree(onitu["b"] / "directory", ignore_errors=True)
    if not os.path.lexists(onitu["b"] / "directory"):
        (onitu["b"] / "directory").symlink_to(outside)
    write(onitu["a"] / "inside/last.txt", "last")
    core.wait_until((onitu["b"] / "inside/last.txt").exists, "the rest goes on")
    assert core.stop() == 0

    assert list(outside.iterdir()) == []


def test_two_links_in_conflict(new_setup: Setups) -> None:
    """B11: two services that changed one link both keep it: one under its name, one under a conflict name."""
    onitu = kept(new_setup, "a", "b")
    for name in ("a", "b"):
        (onitu[name] / "link").symlink_to(f"of {name}")
    onitu.once()

    assert onitu.apart() == []
    links = {str(path.readlink()) for path in onitu["a"].iterdir() if path.is_symlink()}
    assert links == {"of a", "of b"}
    assert len([path for path in onitu["a"].iterdir() if "(conflict " in path.name]) == 1


def test_links_are_unknown_where_they_are_skipped(new_setup: Setups) -> None:
    """B11, DESIGN §3 "attributes": a service that skips links is no reason to delete, to write or to conflict."""
    onitu = kept(new_setup, "a", "b", "c")
    onitu.services["c"]["symlinks"] = "skip"
    (onitu["a"] / "link").symlink_to("one")
    (onitu["c"] / "own").symlink_to("/etc/passwd")
    onitu.once()
    (onitu["b"] / "link").rename(onitu["b"] / "renamed")
    write(onitu["c"] / "file.txt", "a file")
    run = onitu.once()

    assert sorted(path.name for path in onitu["c"].iterdir() if path.name != ".onitu") == ["file.txt", "own"]
    assert (onitu["a"] / "renamed").readlink() == Path("one")
    assert not os.path.lexists(onitu["a"] / "own")
    assert run.log.named("path_failed") == []


def test_a_service_that_cannot_hold_links_says_so(new_setup: Setups) -> None:
    """B11: where links are to be kept and the service cannot, each is named once, and all else goes on."""
    onitu = kept(new_setup, "a", "b")
    memory = Memory(onitu, "m", without="write_symlink")
    (onitu["a"] / "link").symlink_to("file.txt")
    write(onitu["a"] / "file.txt", "content")
    core = onitu.serve()
    write(onitu["a"] / "second.txt", "content")
    core.wait_until(lambda: sorted(memory.tree()) == ["file.txt", "second.txt"], "the files are there")
    (onitu["a"] / "link").unlink()
    core.wait_until(lambda: not os.path.lexists(onitu["b"] / "link"), "its deletion is carried")

    failures = core.log.about("path_failed", "link")
    assert [event["service"] for event in failures] == ["m"]
    assert "symbolic link" in failures[0]["error"]
    assert core.stop() == 0


def test_replaced_and_deleted_links_are_retained(new_setup: Setups) -> None:
    """F6: a link that is replaced or deleted for Onitu goes to the trash like a file."""
    onitu = kept(new_setup, "a", "b")
    for name in ("replaced", "deleted"):
        (onitu["a"] / name).symlink_to(f"{name} before")
    onitu.once()
    (onitu["a"] / "replaced").unlink()
    (onitu["a"] / "replaced").symlink_to("after")
    (onitu["a"] / "deleted").unlink()
    onitu.once()

    retained = {str(path.readlink()) for path in (onitu["b"] / ".onitu/trash").rglob("*") if path.is_symlink()}
    assert retained == {"replaced before", "deleted before"}
    assert (onitu["b"] / "replaced").readlink() == Path("after")
