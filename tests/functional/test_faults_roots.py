"""Roots that are missing, exchanged, emptied, renamed away: states, never losses (P1, P15)."""

from __future__ import annotations

import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.trees import differences, fill, write


def synced(new_setup: Setups) -> Onitu:
    """Makes three services that hold the same tree."""
    onitu = new_setup("a", "b", "c")
    fill(onitu["a"], 1, files=60)
    onitu.once()
    return onitu


@pytest.mark.parametrize("mount_point", [False, True], ids=["missing", "empty mount point"])
def test_a_missing_root_halts_its_service_and_deletes_nothing(new_setup: Setups, *, mount_point: bool) -> None:
    """Bullet 7, P15: with b's disk gone, a and c go on and lose nothing; when it is back, it catches up."""
    onitu = synced(new_setup)
    before = onitu.tree("a")
    onitu["b"].rename(onitu.directory / "unplugged")
    if mount_point:
        onitu["b"].mkdir()
    write(onitu["a"] / "new.txt", "made while b was away")
    run = onitu.once(expect=1)

    (halted,) = run.log.named("service_halted")
    assert halted["service"] == "b"
    assert str(onitu["b"]) in str(halted["reason"])
    assert onitu.tree("c").keys() == before.keys() | {"new.txt"}
    assert onitu.apart("a", "c") == []
    assert onitu.tree("b") == {}
    if mount_point:
        onitu["b"].rmdir()
    (onitu.directory / "unplugged").rename(onitu["b"])
    onitu.once()
    assert onitu.apart() == []


def test_a_root_that_vanishes_while_running_halts_its_service(new_setup: Setups) -> None:
    """Bullet 7, G9, P15: noticed at once; nothing is taken for deleted, and the others go on."""
    onitu = synced(new_setup)
    before = onitu.tree("a")
    core = onitu.serve()
    onitu["b"].rename(onitu.directory / "unplugged")
    core.wait_for("service_halted", service="b")
    write(onitu["a"] / "new.txt", "made while b was away")
    core.wait_until((onitu["c"] / "new.txt").exists, "the others go on")

    assert onitu.tree("c").keys() == before.keys() | {"new.txt"}
    assert not onitu["b"].exists()
    assert core.stop() == 0


def test_exchanged_roots_halt_both_services(new_setup: Setups) -> None:
    """DESIGN §3 "root identity": the root of another service is refused, and nothing is done there."""
    onitu = synced(new_setup)
    onitu["a"].rename(onitu.directory / "aside")
    onitu["b"].rename(onitu["a"])
    (onitu.directory / "aside").rename(onitu["b"])
    write(onitu["a"] / "in the wrong place.txt", "must not travel")
    before = {name: onitu.tree(name) for name in onitu.local}
    run = onitu.once(expect=1)

    assert {event["service"] for event in run.log.named("service_halted")} == {"a", "b"}
    assert {name: onitu.tree(name) for name in onitu.local} == before


def test_nothing_is_lost_when_a_root_is_emptied_by_hand(new_setup: Setups) -> None:
    """P1: everything deleted on one side is retained on the other; content is never gone."""
    onitu = new_setup("a", "b")
    expected = fill(onitu["a"], 1, files=15)
    onitu.once()
    for path in sorted(expected, reverse=True):
        (onitu["a"] / path).rmdir() if expected[path].kind == "directory" else (onitu["a"] / path).unlink()
    onitu.once(expect=None)

    kept = {entry.digest for entry in (*onitu.tree("b").values(), *onitu.retained("b").values())}
    assert {entry.digest for entry in expected.values()} <= kept | {""}
    assert differences({}, onitu.tree("a")) == [] or onitu.apart() == []


def test_a_root_that_is_renamed_away_and_back_catches_up(new_setup: Setups) -> None:
    """P1, P2, P15: what was done on both sides meanwhile is merged, and nothing is deleted or copied twice."""
    onitu = synced(new_setup)
    aside = onitu.directory / "aside"
    core = onitu.serve()
    for turn in range(2):
        onitu["b"].rename(aside)
        core.wait_for_further("service_halted", turn, service="b")
        write(onitu["a"] / f"meanwhile {turn}.txt", f"made on a while b was away, {turn}")
        write(aside / f"unplugged {turn}.txt", f"made on b while it was away, {turn}")
        (aside / f"unplugged {turn}.txt").with_name("moved while away.txt").write_text(f"turn {turn}")
        core.wait_until((onitu["c"] / f"meanwhile {turn}.txt").exists, "the others go on")
        assert not onitu["b"].exists()
        aside.rename(onitu["b"])
        onitu.converge(core, units=30)

    names = {path for path in onitu.tree("a") if path.endswith(".txt")}
    assert names == {
        *(f"{how} {turn}.txt" for how in ("meanwhile", "unplugged") for turn in range(2)),
        "moved while away.txt",
    }
    assert core.stop() == 0
