"""Files that are moved from one folder to another, and out of all folders."""

from __future__ import annotations

import pytest

from tests.functional.driver.pairs import Pair, Way
from tests.functional.harness import Setups
from tests.functional.trees import Entry, digest_of

BLOCK = {"folders": {"inbox": None, "archive": "old things/archive"}}
INBOX = "inbox"
ARCHIVE = "old things/archive"


@pytest.fixture(scope="module")
def live(new_shared_setup: Setups) -> Pair:
    """Makes a running pair with two folders; at each root lies something that is in none of them."""
    shared = Pair.make(new_shared_setup, disk=BLOCK, tested=BLOCK)
    shared.onitu.folders = {"inbox": None, "archive": None}
    for folder in (INBOX, ARCHIVE):
        for number in range(40):
            shared.disk.write(f"{folder}/ballast/{number}.txt", f"ballast {number} in {folder}".encode())
    for service in shared.all:
        service.write("outside/own.txt", f"only on {service.name}".encode())
    shared.serve()
    return shared


def both_have(live: Pair, path: str, content: bytes) -> None:
    """Waits until both hold a content under a name."""
    live.wait(
        lambda: all(path in tree and tree[path].digest == digest_of(content) for tree in trees(live)),
        f"both have {path}",
    )


def nobody_has(live: Pair, path: str) -> None:
    """Waits until nobody holds anything under a name."""
    live.wait(lambda: not any(path in tree for tree in trees(live)), f"nobody has {path}")


def trees(live: Pair) -> list[dict[str, Entry]]:
    """Looks at both services."""
    return [service.tree() for service in live.all]


def test_a_file_moved_to_another_folder(live: Pair, way: Way, place: str) -> None:
    """F6 (between folders), G14: it is in the other folder on both, and in the first on none."""
    here, _ = way
    content = place.encode() * 50
    here.write(f"{INBOX}/{place}.txt", content)
    both_have(live, f"{INBOX}/{place}.txt", content)
    here.move(f"{INBOX}/{place}.txt", f"{ARCHIVE}/{place}.txt")

    both_have(live, f"{ARCHIVE}/{place}.txt", content)
    nobody_has(live, f"{INBOX}/{place}.txt")


def test_a_directory_moved_to_another_folder(live: Pair, way: Way, place: str) -> None:
    """F6 (between folders; move directory): with everything in it."""
    here, _ = way
    for number in range(4):
        here.write(f"{INBOX}/{place}/{number % 2}/{number}.txt", f"{place} {number}".encode())
    for number in range(4):
        both_have(live, f"{INBOX}/{place}/{number % 2}/{number}.txt", f"{place} {number}".encode())
    here.move(f"{INBOX}/{place}", f"{ARCHIVE}/{place}")

    for number in range(4):
        both_have(live, f"{ARCHIVE}/{place}/{number % 2}/{number}.txt", f"{place} {number}".encode())
    for number in range(4):
        nobody_has(live, f"{INBOX}/{place}/{number % 2}/{number}.txt")


def test_a_file_moved_out_of_all_folders(live: Pair, way: Way, place: str) -> None:
    """F6 (out of all folders), G18: it stays where the user has put it, and is gone from the other service."""
    here, there = way
    content = place.encode() * 50
    here.write(f"{INBOX}/{place}.txt", content)
    both_have(live, f"{INBOX}/{place}.txt", content)
    here.move(f"{INBOX}/{place}.txt", f"outside/{place}.txt")
    nobody_has(live, f"{INBOX}/{place}.txt")

    assert here.tree()[f"outside/{place}.txt"].digest == digest_of(content)
    assert f"outside/{place}.txt" not in there.tree()


def test_a_file_moved_into_a_folder_from_outside(live: Pair, way: Way, place: str) -> None:
    """F6 (out of all folders): and back: it is a new file."""
    here, _ = way
    content = place.encode() * 50
    here.write(f"outside/{place}.txt", content)
    here.move(f"outside/{place}.txt", f"{ARCHIVE}/{place}.txt")

    both_have(live, f"{ARCHIVE}/{place}.txt", content)
    for service in live.all:
        assert [path for path in service.tree() if path.startswith("outside/own")] == ["outside/own.txt"]
