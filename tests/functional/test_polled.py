"""A driver with a listing alone is a source and a target: the one that docs/drivers-python.md builds (CONTRACT D10)."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from tests.functional import foreign
from tests.functional.harness import Onitu, Setups
from tests.functional.processes import Core
from tests.functional.trees import Tree, differences, fill, snapshot, write

OFTEN = 0.2  # Seconds between two listings; a minute otherwise.


@pytest.fixture
def shelf(new_setup: Setups, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Onitu, Path]:
    """A setup with a disk `a` and a shelf `s`, and the shelf's directory."""
    foreign.install(tmp_path, monkeypatch)
    onitu = new_setup("a")
    return onitu, foreign.add(onitu, "s", "shelf", changes_timer=OFTEN)


def agree(core: Core, onitu: Onitu, root: Path) -> None:
    """Waits until shelf and disk hold the same."""
    core.wait_until(lambda: not differences(plain(onitu.tree("a")), plain(snapshot(root))), "shelf and disk agree")


def plain(tree: Tree) -> Tree:
    """Returns a tree without the executable bits, which a shelf does not know."""
    return {path: attrs.evolve(entry, executable=False) for path, entry in tree.items()}


def test_it_is_filled_and_fills(shelf: tuple[Onitu, Path]) -> None:
    """D9, D10: what each side had reaches the other."""
    onitu, root = shelf
    fill(onitu["a"] / "from disk", 1, files=20)
    fill(root / "from shelf", 2, files=20)
    core = onitu.serve()
    agree(core, onitu, root)
    assert {"from disk", "from shelf"} <= set(onitu.tree("a"))


def test_differences_between_two_listings_are_found(shelf: tuple[Onitu, Path]) -> None:
    """D10, B11: `changes_timer` is obeyed: new, changed, renamed and deleted files are found while it runs."""
    onitu, root = shelf
    for name in ("changed", "renamed", "deleted", "directory/inside"):
        write(root / f"{name}.txt", f"first content of {name}")
    core = onitu.serve()
    agree(core, onitu, root)
    write(root / "new.txt", "new")
    write(root / "changed.txt", "changed now, and longer")
    (root / "renamed.txt").rename(root / "elsewhere.txt")
    (root / "deleted.txt").unlink()
    (root / "directory").rename(root / "moved")
    expected = snapshot(root)
    onitu.holds(core, "a", expected)
    assert differences(expected, snapshot(root)) == []


def test_what_it_is_told_is_done(shelf: tuple[Onitu, Path]) -> None:
    """D9: create, overwrite, rename, delete, and directories of each; what is overwritten is kept."""
    onitu, root = shelf
    for name in ("changed", "renamed", "deleted", "directory/inside"):
        write(onitu["a"] / f"{name}.txt", f"first content of {name}")
    core = onitu.serve()
    agree(core, onitu, root)
    foreign.rest(core)
    write(onitu["a"] / "changed.txt", "now")
    (onitu["a"] / "renamed.txt").rename(onitu["a"] / "elsewhere.txt")
    (onitu["a"] / "deleted.txt").unlink()
    (onitu["a"] / "directory").rename(onitu["a"] / "moved")
    expected = onitu.tree("a")
    core.wait_until(lambda: not differences(expected, snapshot(root)), "the shelf has followed")
    core.wait_until(lambda: _kept(onitu) >= {b"first content of changed", b"first content of deleted"}, "both are kept")
    assert onitu.apart() == []


def test_a_quiet_start_moves_nothing(shelf: tuple[Onitu, Path]) -> None:
    """D10: nothing is sent again because it was listed again."""
    onitu, root = shelf
    fill(root, 3, files=30)
    onitu.once()
    assert onitu.once().log.transfers == []


def test_listing_again_is_no_news(shelf: tuple[Onitu, Path]) -> None:
    """D10, F3: a service that is listed again and again has settled all the same."""
    onitu, root = shelf
    write(root / "file.txt", "content")
    core = onitu.serve()
    agree(core, onitu, root)
    for number in range(4):  # Each is found by another listing.
        write(root / f"{number}.txt", "content")
        agree(core, onitu, root)
    assert len(core.log.named("settled")) <= 2 * (1 + 4)


def _kept(onitu: Onitu) -> set[bytes]:
    return {path.read_bytes() for path in (onitu.data / "trash").glob("*") if not path.suffix}
