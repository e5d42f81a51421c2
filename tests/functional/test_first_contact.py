"""Services that meet for the first time: union, adoption, late joiners (PROPERTIES P6, P21)."""

from __future__ import annotations

import shutil

from tests.functional.harness import Setups
from tests.functional.trees import differences, fill, inodes, write


def test_equal_content_is_adopted_without_a_transfer(new_setup: Setups) -> None:
    """Bullet 4, P6: the same tree on three services costs no transfer, whatever the times of its files."""
    onitu = new_setup("a", "b", "c")
    expected = [fill(onitu[name], 1, files=200) for name in onitu.local]
    for name in onitu.local:
        write(onitu[name] / "touched.txt", "written at another time on each")
    before = [inodes(onitu.tree(name)) for name in onitu.local]
    run = onitu.once()

    assert run.log.transfers == []
    assert run.log.named("conflict_found") == []
    assert [inodes(onitu.tree(name)) for name in onitu.local] == before
    assert onitu.tree("c").keys() == expected[0].keys() | {"touched.txt"}


def test_different_trees_become_their_union(new_setup: Setups) -> None:
    """DESIGN §3 case 9: at first contact everything goes everywhere and nothing is deleted."""
    onitu = new_setup("a", "b", "c")
    trees = [fill(onitu[name] / name, seed, files=60) for seed, name in enumerate(onitu.local)]
    common = [fill(onitu[name] / "common", 9, files=30) for name in ("a", "b")]
    onitu.once()

    assert onitu.apart() == []
    assert len(onitu.tree("c")) == sum(map(len, trees)) + len(common[0]) + 4


def test_a_late_joiner_gets_everything(new_setup: Setups) -> None:
    """F6 "late joiner", P21: a service added later, with content of its own, is a union; others lose nothing."""
    onitu = new_setup("a", "b")
    fill(onitu["a"], 1, files=60)
    onitu.once()
    onitu.add("c")
    fill(onitu["c"] / "own", 2, files=20)
    run = onitu.once()

    assert onitu.apart() == []
    assert {target for _, target in run.log.routes} == {"a", "b", "c"}


def test_a_late_joiner_fetches_from_the_fastest(new_setup: Setups) -> None:
    """F6: of two services that hold a file, the one with the higher velocity is the source."""
    onitu = new_setup(slow={"velocity": 0.1}, fast={"velocity": 0.9})
    fill(onitu["slow"], 1, files=20)
    onitu.once()
    onitu.add("late", velocity=0.5)
    run = onitu.once()

    assert onitu.apart() == []
    assert {source for source, _ in run.log.routes} == {"fast"}


def test_a_lost_data_directory_is_first_contact(new_setup: Setups) -> None:
    """DESIGN §3 case 9: without its records Onitu takes equal content for equal, and deletes and copies nothing."""
    onitu = new_setup("a", "b")
    expected = fill(onitu["a"], 1, files=60)
    onitu.once()
    shutil.rmtree(onitu.data)
    run = onitu.once()

    assert run.log.transfers == []
    assert differences(expected, onitu.tree("a")) == []
    assert onitu.apart() == []


def test_a_lost_data_directory_restores_what_was_deleted_meanwhile(new_setup: Setups) -> None:
    """P21: re-linking with old state is a union: what one side still has comes back, nothing goes."""
    onitu = new_setup("a", "b")
    fill(onitu["a"], 1, files=60)
    write(onitu["a"] / "file.txt", "deleted in a while the data directory was lost")
    onitu.once()
    shutil.rmtree(onitu.data)
    (onitu["a"] / "file.txt").unlink()
    onitu.once()

    assert onitu.apart() == []
    assert (onitu["a"] / "file.txt").exists()
