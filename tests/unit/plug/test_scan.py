"""Snapshots: complete where they say so, silent where nothing changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from onitu.core.capability import DEFAULT_MAX_MESSAGE
from onitu.core.fingerprint import MODULUS, entry_fingerprint
from onitu.core.model import Inadmissible, Kind, Present
from onitu.errors import Unavailable
from onitu.plug import Folder, Plug
from onitu.plug.outbox import Outbox
from onitu.plug.scan import Entry, Scanner
from onitu.rpc.gen import watch_pb2

Tree = dict[str, list[tuple[str, Present | Inadmissible]]]
FOLDER = Folder(name="f")
DIRECTORY = Present(kind=Kind.DIRECTORY, revision="d")


def file(revision: str, *, racy: bool = False) -> Present:
    """Returns a file at a revision."""
    return Present(kind=Kind.FILE, revision=revision, racy=racy)


class Listing:
    """Takes snapshots of a tree that is written down."""

    def __init__(self, tree: Tree, *, torn: str | None = None) -> None:
        self.tree = tree
        self.torn = torn
        self.meanwhile: Callable[[], object] | None = None
        self.plug = Plug()
        self.plug.handler("list_directory")(self.list_directory)
        self.box = Outbox()
        self.scanner = Scanner(self.plug, FOLDER, self.box)

    def list_directory(self, _folder: Folder, path: str) -> Iterator[tuple[str, Present | Inadmissible]]:
        """Handler."""
        if self.meanwhile is not None:
            self.meanwhile()
        yield from self.tree[path]
        if path == self.torn:
            message = "the page did not come"
            raise Unavailable(message)

    def snapshot(self, *directories: str, recursive: bool = True) -> list[watch_pb2.WatchChangesResponse]:
        """Returns the messages of a snapshot."""
        self.box = Outbox()
        self.box.acknowledge(1 << 62)
        self.scanner._outbox = self.box

        def scan() -> None:
            self.scanner.end(self.scanner.snapshot(directories or [""], recursive=recursive, beats=False))
            self.box.finish()

        # The outbox holds a few messages only: whoever scans waits for whoever sends.
        thread = threading.Thread(target=scan, daemon=True)
        thread.start()
        messages = list(self.box.messages())
        thread.join()
        return messages


def batch(messages: list[watch_pb2.WatchChangesResponse]) -> watch_pb2.ChangeBatch:
    """Returns the one batch of a small snapshot."""
    (found,) = [message.batch for message in messages if message.HasField("batch")]
    return found


def fingerprint(entries: list[tuple[str, Present | Inadmissible]]) -> bytes:
    """Returns the fingerprint of a directory, computed the other way round."""
    total = 0
    for name, state in reversed(entries):
        total += entry_fingerprint(name, state.kind if isinstance(state, Present) else 0, state.revision)
    return (total % MODULUS).to_bytes(16, "big")


TREE: Tree = {
    "": [("b", DIRECTORY), ("a", file("1")), ("s", Inadmissible("is a socket"))],
    "b": [("c", DIRECTORY), ("x", file("2"))],
    "b/c": [("y", file("3"))],
}


def test_directories_come_before_their_children_and_listings_after_their_entries() -> None:
    """The order the core relies on: depth first, each directory whole."""
    messages = Listing(TREE).snapshot()
    assert [message.WhichOneof("message") for message in messages] == ["snapshot_begin", "batch", "snapshot_end"]
    begin, found = messages[0].snapshot_begin, batch(messages)
    assert (begin.ordered, begin.whole, begin.snapshot) == (True, True, 1)
    assert [observation.path for observation in found.observations] == ["b", "a", "s", "b/c", "b/x", "b/c/y"]
    assert [(listing.path, listing.complete) for listing in found.listings] == [("", True), ("b", True), ("b/c", True)]
    # A listing is as old as the moment before it began.
    assert found.listings[1].observed_seq == found.observations[3].observed_seq > found.listings[0].observed_seq


def test_partial_snapshot_lists_what_was_asked_for() -> None:
    """Without `recursive` the directory alone; never called whole."""
    messages = Listing(TREE).snapshot("b", recursive=False)
    assert not messages[0].snapshot_begin.whole
    assert [observation.path for observation in batch(messages).observations] == ["b/c", "b/x"]


def test_torn_listing_is_incomplete() -> None:
    """What was seen is said, and that it is not all (P14)."""
    found = batch(Listing(TREE, torn="b").snapshot())
    assert [(listing.path, listing.complete, listing.reason) for listing in found.listings] == [
        ("", True, ""),
        ("b", False, "the page did not come"),
        ("b/c", True, ""),
    ]
    assert "b/x" in [observation.path for observation in found.observations]


def test_missing_directory_is_incomplete() -> None:
    """A directory that vanished on the way says nothing about its entries."""
    found = batch(Listing({"": [("b", DIRECTORY)]}).snapshot())
    assert [(listing.path, listing.complete) for listing in found.listings] == [("", True), ("b", False)]


def test_unchanged_directory_is_only_named() -> None:
    """A quiet start sends a name per directory, and still looks below it."""
    listing = Listing(TREE)
    listing.scanner.decided = {path: fingerprint(entries) for path, entries in TREE.items() if path != "b/c"}
    found = batch(listing.snapshot())
    assert list(found.unchanged_directories) == ["", "b"]
    assert [observation.path for observation in found.observations] == ["b/c/y"]


def test_changed_directory_is_sent_whole() -> None:
    """Another revision of one entry is another fingerprint."""
    listing = Listing(TREE | {"b/c": [("y", file("4"))]})
    listing.scanner.decided = {path: fingerprint(entries) for path, entries in TREE.items()}
    found = batch(listing.snapshot())
    assert list(found.unchanged_directories) == ["", "b"]
    assert [observation.path for observation in found.observations] == ["b/c/y"]


def test_racy_entry_voids_the_fingerprint() -> None:
    """An entry that may change under the same revision is shown again."""
    tree: Tree = {"": [("a", file("1", racy=True))]}
    listing = Listing(tree)
    listing.scanner.decided = {"": fingerprint(tree[""])}
    found = batch(listing.snapshot())
    assert not found.unchanged_directories
    assert found.observations[0].present.racy


def test_torn_listing_is_never_unchanged() -> None:
    """Half of a directory cannot have the fingerprint of the whole."""
    listing = Listing(TREE, torn="b/c")
    listing.scanner.decided = {path: fingerprint(entries) for path, entries in TREE.items()}
    found = batch(listing.snapshot())
    assert [(torn.path, torn.complete) for torn in found.listings] == [("b/c", False)]
    assert "b/c" not in found.unchanged_directories


def test_names_that_cannot_be_said_are_problems() -> None:
    """One bad name is reported and stops nothing; a crash it is never."""
    names = ["bad\udcff", "a/b", "..", "", "nul\0", "fine", "é"]
    found = batch(Listing({"": [(name, file("1")) for name in names]}).snapshot())
    assert [observation.path for observation in found.observations] == ["fine", "é"]
    assert [problem.display_path for problem in found.problems] == ["bad\\udcff", "a/b", "..", "", "nul\0"]
    assert found.listings[0].complete


def test_our_own_directory_is_hidden_at_the_root_alone() -> None:
    """`.onitu` is Onitu's at the root and an ordinary name below it."""
    found = batch(Listing({"": [(".onitu", DIRECTORY), ("b", DIRECTORY)], "b": [(".onitu", file("1"))]}).snapshot())
    assert [observation.path for observation in found.observations] == ["b", "b/.onitu"]


def test_large_directories_are_cut_into_batches() -> None:
    """A batch has at most 1,000 items, and the listing is in the last one."""
    listing = Listing({"": [(f"f{number}", file(str(number))) for number in range(2_500)]})
    batches = [message.batch for message in listing.snapshot() if message.HasField("batch")]
    assert [len(found.observations) + len(found.listings) for found in batches] == [1000, 1000, 501]
    assert [len(found.listings) for found in batches] == [0, 0, 1]


def test_long_paths_are_cut_by_bytes() -> None:
    """No batch is over the limit of a message."""
    names = [f"{number:04}" + "n" * 4000 for number in range(990)]
    listing = Listing({"": [(name, Present(kind=Kind.FILE, revision="r", extra=bytes(4096))) for name in names]})
    batches = [message for message in listing.snapshot() if message.HasField("batch")]
    assert len(batches) > 1
    assert all(message.ByteSize() <= DEFAULT_MAX_MESSAGE for message in batches)


def test_polled_service_shows_only_what_changed() -> None:
    """The second listing of a service that cannot be watched is as quiet as it was."""
    tree = dict(TREE)
    listing = Listing(tree)
    listing.scanner.remember = {}
    assert len(batch(listing.snapshot()).observations) == 6
    listing.scanner.decided, listing.scanner.remember = listing.scanner.remember or {}, {}
    tree["b"] = [("c", DIRECTORY)]
    found = batch(listing.snapshot())
    assert list(found.unchanged_directories) == ["", "b/c"]
    assert [(changed.path, changed.complete) for changed in found.listings] == [("b", True)]


def test_what_may_count_as_older_than_another_look_is_shown_again() -> None:
    """P2: a file was looked at while its directory was listed, and deleted in between: nobody can say which came first.

    What was looked at has the greater number, so the core drops what the listing says of it.
    """
    tree: Tree = {"": [("a", file("1")), ("b", file("2"))]}
    listing = Listing(tree)
    listing.scanner.remember = {}
    listing.snapshot()
    shown = []
    for looked_at in (True, False, False):
        tree[""] = [("b", file("2"))]
        listing.meanwhile = listing.plug.tick if looked_at else None
        listing.scanner.decided, listing.scanner.remember = listing.scanner.remember or {}, {}
        shown.append([observation.path for observation in batch(listing.snapshot()).observations])

    assert shown == [["b"], ["b"], []]


def test_everything_at_once_is_used_as_far_as_it_goes() -> None:
    """P2: what the driver has not in its place, and all that is left where it breaks off, is listed alone."""
    listing = Listing(TREE)
    alone: list[str] = []
    listing.meanwhile = lambda: alone.append("one")
    ended: list[str] = []

    def list_tree(_folder: Folder, tick: Callable[[], int]) -> Iterator[tuple[str, int, list[Entry]]]:
        try:
            yield "", tick(), TREE[""]
            # What is in "b" could not be read.
            yield "b/c", tick(), TREE["b/c"]
            message = "it breaks off"
            raise Unavailable(message)
        finally:
            ended.append("ended")

    without = [message.batch for message in listing.snapshot() if message.HasField("batch")]
    alone.clear()
    listing.plug.handler("list_tree")(list_tree)
    found = [message.batch for message in listing.snapshot() if message.HasField("batch")]

    assert [entry.path for each in found for entry in each.observations] == [
        entry.path for each in without for entry in each.observations
    ]
    assert [(one.path, one.complete) for each in found for one in each.listings] == [
        ("", True),
        ("b", True),
        ("b/c", True),
    ]
    assert len(alone) == 1
    assert ended == ["ended"]


def test_a_part_is_not_listed_with_everything() -> None:
    """D10: a new directory is listed alone, however the folder is."""
    listing = Listing(TREE)
    listing.plug.handler("list_tree")(lambda *_: pytest.fail("everything is listed"))
    assert [each.path for each in batch(listing.snapshot("b")).listings] == ["b", "b/c"]


def test_what_is_listed_at_once_counts_as_seen_when_its_number_was_made() -> None:
    """P2: what was looked at since then has the greater number, and a polled service shows the directory again."""
    tree: Tree = {"": [("a", file("1"))]}
    listing = Listing(tree)

    def list_tree(_folder: Folder, tick: Callable[[], int]) -> Iterator[tuple[str, int, list[Entry]]]:
        number = tick()
        if listing.meanwhile is not None:
            listing.meanwhile()
        yield "", number, tree[""]

    listing.plug.handler("list_tree")(list_tree)
    listing.scanner.remember = {}
    listing.snapshot()
    shown = []
    for looked_at in (True, False, False):
        tree[""] = [("b", file("2"))]
        listing.meanwhile = listing.plug.tick if looked_at else None
        listing.scanner.decided, listing.scanner.remember = listing.scanner.remember or {}, {}
        shown.append([observation.path for observation in batch(listing.snapshot()).observations])

    assert shown == [["b"], ["b"], []]
