"""Drivers that cannot do everything: the same is reached in another way, or it is said what cannot be (D7)."""

from __future__ import annotations

import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.memory import Memory
from tests.functional.processes import Core
from tests.functional.trees import differences, fill, write


def agree(core: Core, onitu: Onitu, memory: Memory) -> None:
    """Waits until the memory service holds what the disk does."""
    core.wait_until(lambda: not differences(onitu.tree("a"), memory.tree()), "memory and disk hold the same", units=20)


@pytest.mark.parametrize("without", ["move_file", "move_directory", "move_file,move_directory,copy_file"])
def test_what_cannot_be_renamed_is_made_anew_and_then_deleted(new_setup: Setups, without: str) -> None:
    """D7, F6: what is renamed or swapped on a disk arrives undamaged at a service that cannot rename."""
    onitu = new_setup("a")
    memory = Memory(onitu, "m", without=without)
    root = onitu["a"]
    for name in ("one", "two", "moved"):
        write(root / f"{name}.txt", f"content of {name}")
    fill(root / "directory", 3, files=30)
    write(root / "left/in/file.txt", "left")
    write(root / "right/in/file.txt", "right")
    core = onitu.serve()
    agree(core, onitu, memory)

    (root / "moved.txt").rename(root / "left/moved.txt")
    (root / "one.txt").rename(root / "three.txt")
    (root / "directory").rename(root / "renamed")
    (root / "left").rename(root / "aside")
    (root / "right").rename(root / "left")
    (root / "aside").rename(root / "right")
    expected = onitu.tree("a")
    agree(core, onitu, memory)
    for _ in range(4):
        # What is under way for the first half of a swap may find its source gone in the second.
        (root / "two.txt").rename(root / "aside")
        (root / "three.txt").rename(root / "two.txt")
        (root / "aside").rename(root / "three.txt")
        agree(core, onitu, memory)

    assert onitu.tree("a") == expected
    assert core.log.named("path_failed") == []
    assert core.log.named("conflict_found") == []
    assert core.stop() == 0


def test_what_cannot_be_deleted_is_told_once(new_setup: Setups) -> None:
    """D7: a deletion that a service cannot do is told with its path, once; nothing comes back, and all else goes on."""
    onitu = new_setup("a")
    memory = Memory(onitu, "m", without="delete_file")
    for name in ("kept", "deleted"):
        write(onitu["a"] / f"{name}.txt", name)
    core = onitu.serve()
    (onitu["a"] / "deleted.txt").unlink()
    core.wait_until(lambda: bool(core.log.about("path_failed", "deleted.txt")), "it is told")
    for number in range(3):
        write(onitu["a"] / f"{number}.txt", "goes on")
        core.wait_until(lambda path=f"{number}.txt": path in memory.tree(), "the rest goes on")  # type: ignore[misc]

    (failure,) = core.log.about("path_failed", "deleted.txt")
    assert "cannot delete" in failure["error"]
    assert "deleted.txt" in memory.tree()
    assert not (onitu["a"] / "deleted.txt").exists()
    assert core.stop() == 0
