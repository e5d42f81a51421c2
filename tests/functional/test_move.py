"""Renames move nothing but names (CONTRACT F6 "move", PROPERTIES P18)."""

from __future__ import annotations

import pytest

from tests.functional.harness import Setups
from tests.functional.trees import digests, fill, inodes, write

MANY = 2_000


def test_renaming_a_large_directory_costs_one_move_per_service(new_setup: Setups) -> None:
    """Bullet 3: a directory of 2,000 files is renamed while Onitu runs: one move per service, no content moved."""
    onitu = new_setup("a", "b", "c")
    fill(onitu["a"] / "photos", 3, files=MANY, largest=64)
    onitu.once()
    before = {name: inodes(onitu.tree(name)) for name in onitu.local}
    core = onitu.serve()
    (onitu["a"] / "photos").rename(onitu["a"] / "pictures")
    onitu.converge(core)

    assert core.log.transfers == []
    assert sorted(event["service"] for event in core.log.named("file_moved")) == ["b", "c"]
    assert {name: inodes(onitu.tree(name)) for name in onitu.local} == before


def test_renaming_a_large_directory_while_down(new_setup: Setups) -> None:
    """Bullets 2 and 3: the same rename is found at the next start, by the ids of what is in it."""
    onitu = new_setup("a", "b")
    fill(onitu["a"] / "photos", 3, files=MANY, largest=64)
    onitu.once()
    before = inodes(onitu.tree("b"))
    (onitu["a"] / "photos").rename(onitu["a"] / "pictures")
    run = onitu.once()

    assert onitu.apart() == []
    assert run.log.transfers == []
    assert len(run.log.named("file_moved")) == 1
    assert inodes(onitu.tree("b")) == before


def test_a_move_here_and_an_edit_there_both_hold(new_setup: Setups) -> None:
    """DESIGN §3, P18: placement and content are merged separately."""
    onitu = new_setup("a", "b")
    fill(onitu["a"] / "other", 5, files=40)
    write(onitu["a"] / "file.txt", "the first text, long enough to be recognised")
    write(onitu["a"] / "directory/file.txt", "another first text, long enough as well")
    onitu.once()
    (onitu["a"] / "file.txt").rename(onitu["a"] / "renamed.txt")
    (onitu["a"] / "directory").rename(onitu["a"] / "elsewhere")
    write(onitu["b"] / "file.txt", "edited on the other side meanwhile")
    write(onitu["b"] / "directory/file.txt", "edited in a directory that was renamed meanwhile")
    onitu.once()

    assert onitu.apart() == []
    assert (onitu["b"] / "renamed.txt").read_text() == "edited on the other side meanwhile"
    assert (onitu["b"] / "elsewhere/file.txt").read_text() == "edited in a directory that was renamed meanwhile"
    assert not (onitu["a"] / "file.txt").exists()
    assert not (onitu["a"] / "directory").exists()


@pytest.mark.parametrize("on_b", ["elsewhere", "again"])
def test_two_services_rename_the_same_file(new_setup: Setups, on_b: str) -> None:
    """P18: the same file renamed on two services, to one name or to two, is never lost and ends equal everywhere."""
    onitu = new_setup("a", "b", "c")
    fill(onitu["a"] / "other", 5, files=40)
    write(onitu["a"] / "file.txt", "the only content")
    onitu.once()
    before = digests(onitu.tree("a"))
    (onitu["a"] / "file.txt").rename(onitu["a"] / "again")
    (onitu["b"] / "file.txt").rename(onitu["b"] / on_b)
    onitu.once()
    onitu.once()

    assert onitu.apart() == []
    assert digests(onitu.tree("c")) == before
    assert not (onitu["c"] / "file.txt").exists()


def test_two_directories_moved_into_each_other(new_setup: Setups) -> None:
    """DESIGN §3: moves that would make a cycle drop nothing (P27)."""
    onitu = new_setup("a", "b")
    fill(onitu["a"] / "other", 5, files=40)
    write(onitu["a"] / "one/first.txt", "in the first")
    write(onitu["a"] / "two/second.txt", "in the second")
    onitu.once()
    before = digests(onitu.tree("a"))
    (onitu["a"] / "one").rename(onitu["a"] / "two/one")
    (onitu["b"] / "two").rename(onitu["b"] / "one/two")
    onitu.once(expect=None)
    onitu.once()

    assert onitu.apart() == []
    assert digests(onitu.tree("b")) == before


def test_a_file_moved_out_of_the_root_is_a_deletion(new_setup: Setups) -> None:
    """G18: what leaves the root is noticed at once, file and directory alike; what comes back is new."""
    onitu = new_setup("a", "b")
    fill(onitu["a"] / "other", 5, files=40)
    write(onitu["a"] / "leaving/file.txt", "in a directory that leaves")
    write(onitu["a"] / "leaving.txt", "a file that leaves")
    core = onitu.serve()
    onitu.converge(core)
    for name in ("leaving", "leaving.txt"):
        (onitu["a"] / name).rename(onitu.directory / name)
    core.wait_until(
        lambda: not {"leaving", "leaving.txt"} & onitu.tree("b").keys(), "what left the one root leaves the other"
    )
    for name in ("leaving", "leaving.txt"):
        (onitu.directory / name).rename(onitu["a"] / name)
    onitu.converge(core)

    assert (onitu["b"] / "leaving/file.txt").read_text() == "in a directory that leaves"
