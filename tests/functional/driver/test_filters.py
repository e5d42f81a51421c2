"""What a folder's filters leave out is neither read nor written, and comes in when it no longer is left out."""

from __future__ import annotations

import attrs
import pytest

from tests.functional.driver.pairs import Pair, Way
from tests.functional.harness import Setups
from tests.functional.targets import Target
from tests.functional.trees import digest_of

FILTERS = {
    "typed": {"type": ["audio", "text/plain"]},
    "grown": {"min-size": "1k"},
    "slim": {"max-size": 1000},
    "black": {"blacklist": ["*.tmp", "private/*"]},
    "white": {"whitelist": ["*.txt", "public/*"], "blacklist": ["*never.txt"]},
}


@attrs.frozen
class Case:
    """A filter at work.

    Attributes:
        folder: Of which it is the filter.
        taken: Name of a file that passes.
        refused: Name of one that does not.
        cause: What is said of that.
        taken_size: Bytes in the one.
        refused_size: Bytes in the other.
    """

    folder: str
    taken: str
    refused: str
    cause: str
    taken_size: int = 100
    refused_size: int = 100


CASES = {
    "type": Case("typed", "song.MP3", "picture.jpg", "type"),
    "type whole": Case("typed", "text.txt", "page.html", "type"),
    "min-size": Case("grown", "at the limit.bin", "below.bin", "size", taken_size=1000, refused_size=999),
    "max-size": Case("slim", "at the limit.bin", "above.bin", "size", taken_size=1000, refused_size=1001),
    "blacklist": Case("black", "file.txt", "file.tmp", "blacklist"),
    "blacklist directory": Case("black", "public/file.txt", "private/deep/file.txt", "blacklist"),
    "whitelist": Case("white", "file.txt", "file.bin", "not whitelisted"),
    "whitelist directory": Case("white", "public/file.bin", "other/file.bin", "not whitelisted"),
    "blacklist wins": Case("white", "ever.txt", "never.txt", "blacklist"),
}


@pytest.fixture(scope="module")
def live(new_shared_setup: Setups) -> Pair:
    """Makes a running pair with a folder for each filter."""
    block = {"folders": dict.fromkeys(FILTERS)}
    shared = Pair.make(new_shared_setup, disk=block, tested=block)
    shared.onitu.folders = {**FILTERS}
    for folder in ("black", "slim"):
        # So that what tests delete is no mass deletion.
        for number in range(40):
            shared.disk.write(f"{folder}/ballast/{number}.txt", b"ballast %d" % number)
    shared.serve()
    return shared


def ignored(live: Pair, folder: str, path: str, service: str) -> list[str]:
    """Returns the causes that were given for leaving out a path of a service, or a directory above it."""
    events = live.core.log.named("file_ignored", folder=folder, service=service)
    return [event["cause"] for event in events if f"{path}/".startswith(f"{event['path']}/")]


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_filter_admits_and_refuses(live: Pair, way: Way, case: Case) -> None:
    """F6 (filter type; filter min-size; filter max-size; filter blacklist; filter whitelist): with the reason (F3)."""
    here, there = way
    for name, size in ((case.refused, case.refused_size), (case.taken, case.taken_size)):
        directory, _, file = name.rpartition("/")
        here.write("/".join(filter(None, (case.folder, directory, f"{way_of(way)} {file}"))), b"x" * size)
    taken, refused = (renamed(name, way) for name in (case.taken, case.refused))
    live.wait(lambda: f"{case.folder}/{taken}" in there.tree(), "what passes arrives")
    live.wait(lambda: ignored(live, case.folder, refused, here.name), "what does not pass is spoken of")

    assert set(ignored(live, case.folder, refused, here.name)) == {case.cause}
    assert f"{case.folder}/{refused}" not in there.tree()
    assert f"{case.folder}/{refused}" in here.tree()


def way_of(way: Way) -> str:
    """Names a way, so that both do not meet."""
    return f"from {way[0].name}"


def renamed(name: str, way: Way) -> str:
    """Gives a file the name that it has on one of the ways."""
    directory, _, file = name.rpartition("/")
    return "/".join(filter(None, (directory, f"{way_of(way)} {file}")))


def test_a_file_renamed_out_of_a_blacklist_arrives(live: Pair, way: Way, place: str) -> None:
    """F6 (out of a blacklist): under the name that is admitted it is a new file."""
    here, there = way
    here.write(f"black/{place}/download.tmp", b"the whole download")
    live.wait(lambda: ignored(live, "black", f"{place}/download.tmp", here.name), "it is left out at first")
    assert f"black/{place}/download.tmp" not in there.tree()
    here.move(f"black/{place}/download.tmp", f"black/{place}/download.iso")
    live.wait(lambda: f"black/{place}/download.iso" in there.tree(), "it arrives under its new name")

    assert there.tree()[f"black/{place}/download.iso"].digest == digest_of(b"the whole download")
    assert f"black/{place}/download.tmp" not in there.tree()


def test_a_file_that_grows_past_the_limit_is_left_alone(live: Pair, way: Way, place: str) -> None:
    """F6 (filter max-size): the other side keeps what it had; small again, it comes in as if for the first time."""
    here, there = way
    path = f"slim/{place}/file.txt"
    here.write(path, b"small")
    live.wait(lambda: path in there.tree(), "it arrives while it is small")
    here.write(path, b"large " * 1000)
    live.wait(lambda: ignored(live, "slim", f"{place}/file.txt", here.name), "it is left out when it is large")

    assert there.tree()[path].digest == digest_of(b"small")
    here.write(path, b"small again")
    # Each side now has a content that nobody has compared with the other's: both are kept, on both.
    both = {digest_of(b"small"), digest_of(b"small again")}
    live.wait(lambda: [contents(live, side, f"slim/{place}") for side in way] == [both, both], "both have both")


def contents(live: Pair, service: Target, place: str) -> set[str]:
    """Returns the contents of the files in a directory."""
    return {entry.digest for entry in live.held(service, place).values() if entry.kind == "file"}
