"""Several folders in one setup, and where they lie on a service (CONTRACT B2-B5, B13, B14, F6)."""

from __future__ import annotations

import pytest

from tests.functional.harness import Setups, in_mode
from tests.functional.trees import differences, fill, snapshot, write


def test_each_service_holds_the_folders_it_lists(new_setup: Setups) -> None:
    """B4, B5, B13: two folders, two services, one with both, the other with the first only."""
    both = {"folders": {"music": None, "backup": "some/where else"}}
    onitu = new_setup(disk=both, player={"folders": {"music": {"path": "."}}})
    onitu.folders = {"music": None, "backup": {}}
    expected = fill(onitu["disk"] / "music", 1, files=20)
    write(onitu["player"] / "from the player.ogg", "recorded")
    fill(onitu["disk"] / "some/where else", 2, files=20)
    write(onitu["disk"] / "outside.txt", "in no folder")
    onitu.once()

    player = onitu.tree("player")
    assert differences(snapshot(onitu["disk"] / "music"), player) == []
    assert expected.keys() | {"from the player.ogg"} == player.keys()


def test_a_file_moved_between_folders_is_moved_everywhere(new_setup: Setups) -> None:
    """F6, G14: from one folder to the other on one service, so on all, and no content is lost."""
    block = {"folders": {"inbox": None, "archive": None}}
    onitu = new_setup(a=block, b=block)
    onitu.folders = {"inbox": None, "archive": None}
    fill(onitu["a"] / "inbox", 1, files=40)
    fill(onitu["a"] / "archive", 2, files=40)
    write(onitu["a"] / "inbox/letter.txt", "a letter")
    onitu.once()
    (onitu["a"] / "inbox/letter.txt").rename(onitu["a"] / "archive/letter.txt")
    onitu.once()

    for folder in ("inbox", "archive"):
        assert differences(snapshot(onitu["a"] / folder), snapshot(onitu["b"] / folder)) == []
    assert (onitu["b"] / "archive/letter.txt").read_text() == "a letter"
    assert not (onitu["b"] / "inbox/letter.txt").exists()


@pytest.mark.parametrize("second", ["photos", "photos/2020"])
def test_overlapping_mappings_are_refused(new_setup: Setups, second: str) -> None:
    """B14: two folders in the same place of a service, or one inside the other, would feed each other."""
    onitu = new_setup("b", a={"folders": {"docs": "photos", "more": second}})
    onitu.folders = {"docs": None, "more": None}
    run = onitu.start("--once")

    assert run.wait() == 1
    report = run.output + run.log.path.read_text()
    assert "docs" in report
    assert "more" in report


def test_nothing_but_the_users_files_and_the_hidden_directory(new_setup: Setups) -> None:
    """Done when 3: below a synced root lie the user's files and `.onitu`, nothing else; LMDB holds the metadata."""
    onitu = new_setup("b", a=in_mode("r"))
    expected = fill(onitu["a"], 1, files=20)
    onitu.once()

    assert differences(expected, onitu.tree("b")) == []
    assert {path.name for path in onitu["b"].iterdir()} - {path.split("/")[0] for path in expected} == {".onitu"}
    assert list(onitu.data.rglob("data.mdb"))


def test_an_absent_root_is_made_at_first_contact_only(new_setup: Setups) -> None:
    """DESIGN §3 "root identity": a root that was never there is made; one that was there is missing."""
    onitu = new_setup("a", "b")
    expected = fill(onitu["a"], 1, files=20)
    onitu["b"].rmdir()
    onitu.once()
    assert differences(expected, onitu.tree("b")) == []
    onitu["b"].rename(onitu.directory / "gone")
    run = onitu.once(expect=1)

    assert run.log.named("service_halted", service="b")
    assert not onitu["b"].exists()
