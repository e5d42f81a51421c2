"""One-way flows from and to the driver under test (CONTRACT B7)."""

from __future__ import annotations

import pytest

from tests.functional.driver.pairs import Pair, at_root
from tests.functional.harness import Setups
from tests.functional.trees import Entry, digest_of


@pytest.fixture(params=["tested", "disk"])
def one_way(request: pytest.FixtureRequest, new_setup: Setups) -> Pair:
    """Makes a pair in which one side is only read, and the other only written."""
    only_read = request.param
    modes = {name: at_root("r" if name == only_read else "w") for name in ("tested", "disk")}
    pair = Pair.make(new_setup, **modes)
    source = getattr(pair, only_read)
    for name in ("edited", "deleted", "moved"):
        source.write(f"{name}.txt", f"first content of {name}".encode())
    for number in range(30):
        source.write(f"ballast/{number}.txt", b"ballast %d" % number)
    pair.serve()
    pair.agree(expected=pair.held(source))
    return pair


def sides(pair: Pair) -> tuple[str, str]:
    """Names the side that is read and the one that is written."""
    tested = pair.onitu.services["tested"]["folders"]["docs"]["mode"]
    return ("tested", "disk") if tested == "r" else ("disk", "tested")


def test_everything_flows_from_r_to_w(one_way: Pair) -> None:
    """F6 (mode r; mode w), B7: new files, edits, renames and deletions."""
    pair = one_way
    source = getattr(pair, sides(pair)[0])
    source.write("new/file.txt", b"new")
    source.write("edited.txt", b"second content")
    source.move("moved.txt", "renamed.txt")
    source.delete("deleted.txt")
    pair.agree(expected=pair.held(source))

    assert {"new/file.txt", "edited.txt", "renamed.txt"} <= pair.held(pair.tested).keys()


def test_nothing_is_written_where_the_mode_is_r(one_way: Pair) -> None:
    """F6 (mode r), B7, F3: what is done on the other side changes nothing where it is only read, and is told."""
    pair = one_way
    source, target = (getattr(pair, name) for name in sides(pair))
    before = pair.held(source)
    target.write("made there.txt", b"made where nothing is read")
    target.write("edited.txt", b"edited where nothing is read")
    target.delete("deleted.txt")
    source.write("last.txt", b"written after all that")
    pair.wait(lambda: "last.txt" in target.tree(), "what was written last has arrived")
    pair.core.wait_for("file_ignored", path="made there.txt", cause="mode", service=target.name)

    assert pair.core.log.named("service_failed") == []
    assert pair.held(source) == {**before, "last.txt": pair.held(source)["last.txt"]}


def test_nothing_is_taken_from_where_the_mode_is_w(one_way: Pair) -> None:
    """F6 (mode w), B7: an edit there is shown as drift, and goes nowhere, to a third service neither."""
    pair = one_way
    source, target = (getattr(pair, name) for name in sides(pair))
    pair.core.stop()
    third = pair.add_disk("third")
    target.write("edited.txt", b"edited where nothing is read")
    target.write("made there.txt", b"made where nothing is read")
    pair.serve()
    pair.wait(lambda: third.tree().keys() >= source.tree().keys(), "the third has what the source has")
    pair.wait(lambda: said(pair, "edited.txt"), "the edit is shown")

    assert pair.held(third) == pair.held(source)
    assert content(third.tree(), "edited.txt") == digest_of("first content of edited")
    assert content(target.tree(), "made there.txt") == digest_of("made where nothing is read")


def said(pair: Pair, path: str) -> bool:
    """Whether it was told that something differs there."""
    return bool(pair.core.log.about("drift_found", path) or pair.core.log.about("file_ignored", path))


def content(tree: dict[str, Entry], path: str) -> str:
    """Returns the digest of a file."""
    return tree[path].digest
