"""Deletions reach the other services, and destroy nothing (CONTRACT F6 "delete", PROPERTIES P7, P14, P26)."""

from __future__ import annotations

import shutil

from tests.functional.harness import Setups, in_mode
from tests.functional.trees import digest_of, digests, fill, write


def test_deleted_content_is_retained(new_setup: Setups) -> None:
    """DESIGN §3 "retained copies": what a deletion elsewhere takes away lies in the trash of that place."""
    onitu = new_setup("a", "b")
    fill(onitu["a"] / "other", 5, files=40)
    write(onitu["a"] / "directory/file.txt", "deleted by somebody else")
    onitu.once()
    shutil.rmtree(onitu["a"] / "directory")
    run = onitu.once()

    assert onitu.apart() == []
    assert digest_of("deleted by somebody else") in digests(onitu.retained("b"))
    assert run.log.about("file_deleted", "directory/file.txt")


def test_a_service_that_was_away_does_not_bring_deleted_files_back(new_setup: Setups) -> None:
    """P26, G8: a tombstone lives until every service has seen it."""
    onitu = new_setup("a", "b", "c")
    fill(onitu["a"] / "other", 5, files=40)
    write(onitu["a"] / "file.txt", "to be deleted while c is away")
    onitu.once()
    onitu["c"].rename(onitu.directory / "unplugged")
    (onitu["a"] / "file.txt").unlink()
    onitu.once(expect=1)
    (onitu.directory / "unplugged").rename(onitu["c"])
    onitu.once()

    assert onitu.apart() == []
    assert not (onitu["c"] / "file.txt").exists()


def test_a_directory_kept_by_what_is_not_synced_stays(new_setup: Setups) -> None:
    """DESIGN §3 "directories": deleting one is never recursive; what Onitu does not carry keeps it."""
    onitu = new_setup("a", "b")
    fill(onitu["a"] / "other", 5, files=40)
    write(onitu["a"] / "directory/file.txt", "synced")
    onitu.once()
    (onitu["b"] / "directory/link").symlink_to("/etc/hostname")
    shutil.rmtree(onitu["a"] / "directory")
    onitu.once(expect=None)

    assert sorted(onitu.tree("b").keys() - onitu.tree("a").keys()) == ["directory", "directory/link"]


def test_removing_a_service_from_the_setup_deletes_nothing(new_setup: Setups) -> None:
    """P21: a service that leaves the setup keeps what it has, and so do the others."""
    onitu = new_setup("a", "b", "c")
    expected = fill(onitu["a"], 5, files=40)
    onitu.once()
    del onitu.services["c"]
    onitu.once()

    assert [onitu.tree(name) for name in "abc"] == [expected] * 3


def test_leaving_the_scope_deletes_nothing(new_setup: Setups) -> None:
    """P20, B7: a mapping that is disabled, and enabled again, never causes a deletion."""
    onitu = new_setup("a", "b")
    expected = fill(onitu["a"], 5, files=40)
    onitu.once()
    onitu.services["b"]["folders"] = in_mode("none")["folders"]
    onitu.once()
    onitu.services["b"]["folders"] = in_mode("rw")["folders"]
    run = onitu.once()

    assert [onitu.tree(name) for name in "ab"] == [expected] * 2
    assert run.log.transfers == []
