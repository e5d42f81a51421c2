"""Modes `r`, `w`, `rw` and `none` (CONTRACT B7): one-way flows, and drift where nothing is read."""

from __future__ import annotations

import pytest

from tests.functional.harness import Setups, in_mode
from tests.functional.trees import differences, digest_of, digests, fill, write


def test_a_one_way_flow(new_setup: Setups) -> None:
    """B7, B13: from `r` to `w` everything flows, changes and deletions too; nothing flows back."""
    onitu = new_setup(source=in_mode("r"), target=in_mode("w"))
    fill(onitu["source"], 1, files=40)
    write(onitu["source"] / "edited.txt", "first")
    write(onitu["source"] / "deleted.txt", "to be deleted")
    onitu.once()
    assert onitu.apart() == []
    write(onitu["source"] / "edited.txt", "second")
    (onitu["source"] / "deleted.txt").unlink()
    write(onitu["target"] / "only there.txt", "made where nothing is read")
    expected = onitu.tree("source")
    onitu.once()

    assert onitu.tree("source") == expected
    assert onitu.tree("target").keys() == expected.keys() | {"only there.txt"}
    assert (onitu["target"] / "edited.txt").read_text() == "second"


def test_nothing_is_ever_written_where_the_mode_has_no_w(new_setup: Setups) -> None:
    """B7, "done when" 3: a place that is only read stays as it is, without even a marker."""
    onitu = new_setup("b", a=in_mode("r"))
    fill(onitu["a"], 1, files=40)
    write(onitu["a"] / "file.txt", "first")
    onitu.once()
    before = {path.name for path in onitu["a"].iterdir()}
    write(onitu["b"] / "file.txt", "edited in b")
    write(onitu["b"] / "new.txt", "made in b")
    expected = onitu.tree("a")
    onitu.once()

    assert onitu.tree("a") == expected
    assert {path.name for path in onitu["a"].iterdir()} == before
    assert not (onitu["a"] / ".onitu/root").exists()


def test_drift_is_shown_and_survives(new_setup: Setups) -> None:
    """Bullet 5: an edit in a `w` place is shown, flows nowhere, and is kept when a new version replaces it."""
    onitu = new_setup("a", "c", b=in_mode("w"))
    write(onitu["a"] / "file.txt", "first")
    onitu.once()
    write(onitu["b"] / "file.txt", "drifted in b")
    run = onitu.once(expect=None)

    assert run.log.named("drift_found", service="b", path="file.txt")
    assert (onitu["a"] / "file.txt").read_text() == "first"
    assert (onitu["b"] / "file.txt").read_text() == "drifted in b"
    write(onitu["a"] / "file.txt", "second, a new version")
    onitu.once(expect=None)
    assert (onitu["b"] / "file.txt").read_text() == "second, a new version"
    assert digest_of("drifted in b") in digests(onitu.retained("b")) | digests(onitu.tree("b"))
    assert digest_of("drifted in b") not in digests(onitu.tree("a")) | digests(onitu.tree("c"))


def test_a_deletion_where_nothing_is_read_flows_nowhere(new_setup: Setups) -> None:
    """B7: without `r` a file that vanishes in that place is drift, and no deletion anywhere else."""
    onitu = new_setup("a", "c", b=in_mode("w"))
    expected = fill(onitu["a"], 1, files=40)
    write(onitu["a"] / "file.txt", "kept")
    onitu.once()
    (onitu["b"] / "file.txt").unlink()
    run = onitu.once(expect=None)

    assert onitu.tree("a").keys() == expected.keys() | {"file.txt"}
    assert onitu.apart("a", "c") == []
    assert run.log.named("file_deleted", path="file.txt") == []


def test_what_stands_in_a_written_place_is_not_overwritten_unseen(new_setup: Setups) -> None:
    """G2, "no byte is lost": at first contact other content under the same name in a `w` place is kept."""
    onitu = new_setup(a=in_mode("r"), b=in_mode("w"))
    write(onitu["a"] / "file.txt", "of the source")
    write(onitu["b"] / "file.txt", "of the target, long before Onitu")
    onitu.once(expect=None)

    kept = digests(onitu.tree("b")) | digests(onitu.retained("b"))
    assert digest_of("of the target, long before Onitu") in kept


def test_modes_are_intersected(new_setup: Setups) -> None:
    """B6: `rw` at the folder and `r` at the service's folder is `r`."""
    onitu = new_setup("b", a=in_mode("r", mode="rw"))
    onitu.folders = {"docs": {"mode": "rw"}}
    write(onitu["b"] / "new.txt", "made in b")
    onitu.once()

    assert onitu.tree("a") == {}


@pytest.mark.parametrize("mode", ["none", ""])
def test_a_disabled_mapping_takes_no_part(new_setup: Setups, mode: str) -> None:
    """B7: `none` is neither read nor written."""
    onitu = new_setup("a", "b", c=in_mode(mode))
    write(onitu["a"] / "in a.txt", "of a")
    write(onitu["c"] / "in c.txt", "of c")
    onitu.once()

    assert onitu.apart("a", "b") == []
    assert differences(onitu.tree("c"), {"in c.txt": onitu.tree("c")["in c.txt"]}) == []
    assert "in c.txt" not in onitu.tree("a")


def test_modes_hold_while_running(new_setup: Setups) -> None:
    """B7, F3: on a running Onitu too, and the file that is not taken into account is logged as ignored or drift."""
    onitu = new_setup("a", "c", b=in_mode("w"))
    core = onitu.serve()
    write(onitu["b"] / "drift.txt", "made where nothing is read")
    write(onitu["a"] / "flow.txt", "made where everything is read")
    core.wait_until(lambda: (onitu["b"] / "flow.txt").exists() and (onitu["c"] / "flow.txt").exists(), "it flows")
    core.wait_until(
        lambda: core.log.about("drift_found", "drift.txt") or core.log.about("file_ignored", "drift.txt"), "it is said"
    )

    assert not (onitu["a"] / "drift.txt").exists()
