"""What is there is changed, renamed and deleted, and the other service follows."""

from __future__ import annotations

import pytest

from tests.functional.driver.pairs import Pair, Way, needs
from tests.functional.targets import Ability, Target
from tests.functional.trees import Entry, digest_of

CONTENTS = {
    "longer": b"the second content, which is longer than the first\n" * 40,
    "shorter": b"2",
    "same size": b"THE FIRST CONTENT\n" * 20,
    "empty": b"",
}
FIRST = b"the first content\n" * 20


def prepare(live: Pair, here: Target, files: dict[str, bytes]) -> None:
    """Brings files to both services."""
    for path, content in files.items():
        here.write(path, content)
    place = next(iter(files)).split("/")[0]
    live.agree(place, expected=live.held(here, place))


def follow(live: Pair, here: Target, place: str) -> dict[str, Entry]:
    """Waits until both hold what the one holds now, and returns it."""
    wanted = live.held(here, place)
    live.agree(place, expected=wanted)
    return wanted


@pytest.mark.parametrize("content", CONTENTS)
def test_overwrite(live: Pair, way: Way, place: str, content: str) -> None:
    """F6 (overwrite): other content comes in the place of the old, whatever its size."""
    here, there = way
    prepare(live, here, {f"{place}/file.txt": FIRST})
    here.write(f"{place}/file.txt", CONTENTS[content])
    follow(live, here, place)

    assert there.tree()[f"{place}/file.txt"].digest == digest_of(CONTENTS[content])


def test_overwrite_there_and_back(live: Pair, way: Way, place: str) -> None:
    """F6 (overwrite): edits on either side in turn, with no conflict copy."""
    here, there = way
    prepare(live, here, {f"{place}/file.txt": FIRST})
    for turn in range(3):
        for side in (there, here):
            side.write(f"{place}/file.txt", f"turn {turn} on {side.name}".encode())
            follow(live, side, place)

    assert there.tree().keys() == here.tree().keys()
    assert live.core.log.named("conflict_found") == []


def test_delete_a_file(live: Pair, way: Way, place: str) -> None:
    """F6 (delete): it goes on the other service too, and what lies beside it stays."""
    here, _ = way
    prepare(live, here, {f"{place}/gone.txt": FIRST, f"{place}/stays.txt": b"stays"})
    here.delete(f"{place}/gone.txt")
    wanted = follow(live, here, place)

    assert wanted.keys() == {"stays.txt"}


def test_delete_a_directory(live: Pair, way: Way, place: str) -> None:
    """F6 (delete directory): with everything in it."""
    here, _ = way
    prepare(live, here, {f"{place}/gone/{n % 2}/{n}.txt": b"%d" % n for n in range(6)} | {f"{place}/stays.txt": b"s"})
    here.delete(f"{place}/gone")
    wanted = follow(live, here, place)

    assert wanted.keys() == {"stays.txt"}


def test_move_a_file(live: Pair, way: Way, place: str) -> None:
    """F6 (move): it has its new name on the other service, and the content is not sent again."""
    here, there = way
    prepare(live, here, {f"{place}/old.txt": FIRST})
    here.move(f"{place}/old.txt", f"{place}/new.txt")
    wanted = follow(live, here, place)

    assert wanted.keys() == {"new.txt"}
    assert there.tree()[f"{place}/new.txt"].digest == digest_of(FIRST)
    no_content_moved(live, here, f"{place}/new.txt")


def test_move_a_file_into_a_directory(live: Pair, way: Way, place: str) -> None:
    """F6 (move): into a directory that is new, and out of it again."""
    here, _ = way
    prepare(live, here, {f"{place}/file.txt": FIRST, f"{place}/other.txt": b"other"})
    here.move(f"{place}/file.txt", f"{place}/new directory/file.txt")
    follow(live, here, place)
    here.move(f"{place}/new directory/file.txt", f"{place}/back.txt")
    wanted = follow(live, here, place)

    assert {"back.txt", "other.txt"} <= wanted.keys()
    no_content_moved(live, here, f"{place}/back.txt")


def test_move_a_directory(live: Pair, way: Way, place: str) -> None:
    """F6 (move directory): everything in it comes along, and no content is sent again."""
    here, _ = way
    prepare(live, here, {f"{place}/old/{n % 2}/{n}.txt": b"content %d" % n for n in range(6)})
    here.move(f"{place}/old", f"{place}/new")
    wanted = follow(live, here, place)

    assert {path for path in wanted if path.endswith(".txt")} == {f"new/{n % 2}/{n}.txt" for n in range(6)}
    no_content_moved(live, here, *(f"{place}/{path}" for path in wanted))


def test_move_over_another(live: Pair, way: Way, place: str) -> None:
    """F6 (move; overwrite): a new file takes the name of an old one, as editors save."""
    here, there = way
    prepare(live, here, {f"{place}/file.txt": FIRST})
    here.write(f"{place}/file.txt.new", b"saved")
    here.delete(f"{place}/file.txt")
    here.move(f"{place}/file.txt.new", f"{place}/file.txt")
    follow(live, here, place)

    assert there.tree()[f"{place}/file.txt"].digest == digest_of(b"saved")


def test_a_directory_takes_the_name_of_a_file(live: Pair, way: Way, place: str) -> None:
    """F6 (delete; copy directory): and a file that of a directory."""
    here, there = way
    prepare(live, here, {f"{place}/name": FIRST, f"{place}/other/inside.txt": b"inside"})
    here.delete(f"{place}/name")
    here.write(f"{place}/name/inside.txt", b"in the directory")
    here.delete(f"{place}/other")
    here.write(f"{place}/other", b"a file now")
    follow(live, here, place)

    assert there.tree()[f"{place}/other"].kind == "file"
    assert there.tree()[f"{place}/name/inside.txt"].digest == digest_of(b"in the directory")


def no_content_moved(live: Pair, here: Target, *paths: str) -> None:
    """Asserts that nothing was transferred to a new name, where the service that people renamed at can tell of it."""
    if Ability.RENAME not in here.unable:
        assert {event["path"] for event in live.core.log.transfers} & set(paths) == set()


def test_users_of_both_at_once(live: Pair, place: str) -> None:
    """F6 (overwrite): edits of different files at the same time on both sides do not meet."""
    files = {f"{place}/{number}.txt": FIRST for number in range(20)}
    prepare(live, live.disk, files)
    for number, path in enumerate(files):
        (live.disk, live.tested)[number % 2].write(path, b"second content of %d" % number)
    edited = {f"{number}.txt": digest_of(b"second content of %d" % number) for number in range(20)}

    def all_edited(service: Target) -> bool:
        return {path: entry.digest for path, entry in live.held(service, place).items()} == edited

    live.wait(lambda: all(all_edited(service) for service in live.all), "both have all edits")

    assert live.core.log.named("conflict_found") == []


def test_edits_that_meet_are_both_kept(pair: Pair) -> None:
    """F6 (overwrite), G1: the same file edited on both sides: both contents are on both sides in the end."""
    needs(pair.tested, Ability.EDIT_OFFLINE)
    pair.disk.write("file.txt", FIRST)
    pair.once()
    for service in pair.all:
        service.write("file.txt", f"edited on {service.name}".encode())
    pair.once(expect=None)

    assert pair.apart() == []
    kept = {entry.digest for entry in pair.tested.tree().values()}
    assert {digest_of("edited on disk"), digest_of("edited on tested")} <= kept
