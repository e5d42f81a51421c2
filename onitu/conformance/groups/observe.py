"""What a driver sees: snapshots, and changes as they happen."""

from __future__ import annotations

import itertools
import threading

import grpc
from blake3 import blake3

from onitu.conformance.case import Case
from onitu.conformance.check import NotDeclared, NotVisible, check
from onitu.conformance.data import content
from onitu.conformance.folder import HASHERS, Folder, directory_of, write_of
from onitu.conformance.stream import Stream
from onitu.rpc.gen import observation_pb2

HEARTBEAT = 32.0
"""Units of time: at least every 30 seconds a watcher gives a sign of life."""

DURING = 1_000
"""The most files that appear while a snapshot is taken."""

TREE = {
    "empty": b"",
    "top.txt": b"top",
    "a/one": b"1",
    "a/two": b"22",
    "a/b/deep": b"333",
    "a/b/c/deeper": b"4444",
    "z/last": content(70_000),
}


def fill(folder: Folder, tree: dict[str, bytes] | None = None) -> dict[str, observation_pb2.Present]:
    """Writes a tree, and returns what was answered for each file."""
    written = {}
    for path, data in (TREE if tree is None else tree).items():
        folder.make_above(path)
        written[path] = folder.write(path, data)
    return written


def directories(paths: set[str]) -> set[str]:
    """Returns the directories that paths lie in."""
    return {path[:index] for path in paths for index, letter in enumerate(path) if letter == "/"}


def fingerprint(entries: dict[str, observation_pb2.Present], directory: str) -> bytes:
    """Returns the fingerprint of a directory, as the contract has it."""
    total = 0
    for path, present in entries.items():
        if path.rpartition("/")[0] == directory:
            name = path.rpartition("/")[2]
            text = b"\0".join((name.encode(), str(present.kind).encode(), present.revision.encode()))
            total += int.from_bytes(blake3(text).digest()[:16], "big")
    return (total % (1 << 128)).to_bytes(16, "big")


@check()
def an_empty_folder_is_an_empty_snapshot(case: Case) -> None:
    """The snapshot of an empty folder begins, lists the folder as complete, and ends."""
    with case.folder.watch(live=False) as stream:
        stream.wait_snapshot()
        assert stream.entries == {}
        if not stream.listings.get(""):
            raise NotDeclared("listing")


@check("content")
def a_snapshot_shows_everything(case: Case) -> None:
    """Everything that is there is in a snapshot, once, with kind and size; every listing is complete."""
    fill(case.folder)
    with case.folder.watch(live=False) as stream:
        stream.wait_snapshot()
        for path in TREE:
            assert path in stream.entries, f"{path!r} is not in the snapshot"
        found = {path: present.size for path, present in stream.entries.items() if present.kind == 1}
        assert found == {path: len(data) for path, data in TREE.items()}
        there = {
            path for path, present in stream.entries.items() if present.kind == observation_pb2.FILE_KIND_DIRECTORY
        }
        assert there == directories(set(TREE))
        assert stream.listings == dict.fromkeys({"", *there}, True)
        assert len(stream.sent) == len(set(stream.sent)), "something stands twice in a snapshot"


@check("content")
def a_snapshot_shows_the_answered_revisions(case: Case) -> None:
    """The revision that a write answered is the one that a snapshot and a look show, as long as nothing changes."""
    written = fill(case.folder)
    shown = case.folder.snapshot()
    again = case.folder.snapshot()
    assert {path: shown[path].revision for path in written} == {path: one.revision for path, one in written.items()}
    assert {path: one.revision for path, one in again.items()} == {path: one.revision for path, one in shown.items()}
    if case.able.stat_files:
        looked = {one.path: one.present.revision for one in case.folder.stat(*shown)}
        assert looked == {path: one.revision for path, one in shown.items()}


@check("content")
def a_directory_comes_before_what_is_in_it(case: Case) -> None:
    """No entry comes before its directory, and no listing before its entries; ordered ones come depth first."""
    fill(case.folder)
    with case.folder.watch(live=False) as stream:
        stream.wait_snapshot()
        for index, path in enumerate(stream.sent):
            above = path.rpartition("/")[0]
            assert not above or above in stream.sent[:index], f"{path!r} comes before its directory"
        if stream.ordered:
            assert _is_depth_first(stream.listed), f"it says that it is ordered: {stream.listed}"


def _is_depth_first(listed: list[str]) -> bool:
    """Whether each directory comes after one that it lies in, with nothing but what is below that one in between."""
    for before, path in itertools.pairwise(listed):
        above = path.rpartition("/")[0]
        if above and above != before and not before.startswith(f"{above}/"):
            return False
    return True


@check("content")
def a_directory_of_many_entries_is_whole(case: Case) -> None:
    """A directory of 10,000 entries is listed completely, in batches of at most 1,000 items and 3 MiB."""
    names = [f"many/{number:05d} {'x' * 40}" for number in range(case.kit.target.entries)]
    _write_many(case, names)
    with case.folder.watch(live=False) as stream:
        stream.wait(lambda: stream.listings.get(""), "the folder is listed", patience=120)
        stream.wait_snapshot()
        missing = set(names) - set(stream.entries)
        assert not missing, f"{len(missing):,} of {len(names):,} entries are not in the snapshot"
        assert set(stream.entries) == {"many", *names}


def _write_many(case: Case, names: list[str]) -> None:
    folder = case.folder
    if not case.able.apply_batch:
        folder.make_above(names[0])
        for name in names:
            folder.write(name)
        return
    operations = ([directory_of("many")] if case.able.make_directory else []) + [write_of(name, b"") for name in names]
    most = case.session.limits.max_batch_items
    for begin in range(0, len(operations), most):
        for result in folder.batch(operations[begin : begin + most]):
            assert result.WhichOneof("outcome") == "done", result.error


@check("content")
def a_snapshot_alone_ends_the_stream(case: Case) -> None:
    """A stream that is not to be live ends with OK after its snapshot."""
    case.folder.write("file")
    with case.folder.watch(live=False) as stream:
        stream.wait_snapshot()
        stream.wait_end()
        assert set(stream.entries) == {"file"}


@check("content")
def equal_fingerprints_are_left_out_and_others_are_not(case: Case) -> None:
    """A directory may be named as unchanged only where its fingerprint is equal; every other one is sent."""
    fill(case.folder)
    shown = case.folder.snapshot()
    known = {path: fingerprint(shown, path) for path in ("", "a", "a/b", "a/b/c", "z")}
    known["a/b"] = bytes(16)
    with Stream(case.wire, case.place.name, live=False, fingerprints=known) as stream:
        stream.wait_snapshot()
        assert "a/b" not in stream.unchanged, "a directory is named as unchanged, and its fingerprint is another one"
        assert {"a/b/deep", "a/b/c"} <= set(stream.entries)
        for path in set(known) - set(stream.unchanged):
            own = {entry for entry in shown if entry.rpartition("/")[0] == path}
            assert own <= set(stream.entries), f"{path!r} is neither unchanged nor sent"


@check("stat_files", "content")
def looks_answer_in_order(case: Case) -> None:
    """`StatFiles` answers one observation per path, in order, and says `absent` where nothing is."""
    case.folder.write("b")
    paths = ["missing", "b", "not/there/either", "b"]
    found = case.folder.stat(*paths)
    assert [one.path for one in found] == paths
    assert [one.WhichOneof("state") for one in found] == ["absent", "present", "absent", "present"]
    assert all(one.observed_seq for one in found), "an observation without `observed_seq`"


@check("stat_files", "content")
def observation_numbers_grow(case: Case) -> None:
    """`observed_seq` grows with time, over restarts as well."""
    case.folder.write("file")
    numbers = [case.folder.stat("file")[0].observed_seq for _ in range(5)]
    if case.kit.target.command is not None:
        case.restart()
        numbers += [case.folder.stat("file")[0].observed_seq for _ in range(2)]
    assert numbers == sorted(numbers), f"they do not grow: {numbers}"


@check("stat_files", "content")
def computed_digests_are_right(case: Case) -> None:
    """Every digest that is declared as computed, and known to the kit, is that of the content."""
    if not case.able.computed_digests:
        raise NotDeclared("computed_digests")
    data = content(100_000)
    case.folder.write("file", data)
    for algorithm in set(case.able.computed_digests) & set(HASHERS):
        found = case.folder.stat("file", digest=algorithm)[0].present.digests
        values = {one.algorithm: one.value for one in found}
        assert values.get(algorithm) == HASHERS[algorithm](data), f"{algorithm} of the file"


@check("content")
def free_digests_come_with_every_file(case: Case) -> None:
    """Every digest that is declared as free comes with each observation of a file, and is right."""
    if not case.able.free_digests:
        raise NotDeclared("free_digests")
    data = content(100_000)
    case.folder.write("file", data)
    for present in (case.folder.snapshot()["file"], case.folder.present("file")):
        values = {one.algorithm: one.value for one in present.digests}
        for algorithm in case.able.free_digests:
            assert algorithm in values, f"{algorithm} is not there"
            if algorithm in HASHERS:
                assert values[algorithm] == HASHERS[algorithm](data), f"{algorithm} of the file"


@check()
def an_expired_cursor_is_refused(case: Case) -> None:
    """A cursor that is not, or no longer, good ends the stream with OUT_OF_RANGE, and a snapshot is had after it."""
    with case.folder.watch(cursor=b"never given out") as stream:
        assert stream.wait_refused().code is grpc.StatusCode.OUT_OF_RANGE
    case.folder.snapshot()


@check("watch", "content")
def a_cursor_goes_on_after_a_restart(case: Case) -> None:
    """With the last cursor another process tells what has changed since, and nothing is missed."""
    case.folder.write("before")
    with case.folder.watch() as stream:
        stream.wait_for("before")
        stream.wait_snapshot()
        cursor = stream.cursor
    if cursor is None:
        raise NotDeclared("cursor")
    case.folder.write("between")
    case.restart()
    with case.folder.watch(cursor=cursor) as stream:
        stream.wait_for("between")


@check("watch")
def new_files_are_told(case: Case) -> None:
    """A file that somebody makes is told, with its size."""
    with case.folder.watch() as stream:
        stream.wait_snapshot()
        case.behind.write("new", b"content")
        stream.wait(lambda: "new" in stream.entries and stream.entries["new"].size == 7, "'new' is there, whole")


@check("watch")
def changed_files_are_told(case: Case) -> None:
    """A file that somebody changes is told, with another revision."""
    case.behind.write("file", b"first")
    with case.folder.watch() as stream:
        stream.wait_snapshot()
        before = stream.wait_for("file").revision
        case.behind.write("file", b"second one")
        stream.wait(lambda: stream.entries["file"].size == 10, "'file' has its new size")
        assert stream.entries["file"].revision != before, "the content is another one, and the revision is the same"


@check("watch")
def a_change_of_equal_size_is_told(case: Case) -> None:
    """A file that somebody changes without changing its size has another revision."""
    case.behind.write("file", b"first")
    with case.folder.watch() as stream:
        stream.wait_snapshot()
        before = stream.wait_for("file").revision
        case.behind.write("file", b"third")
        stream.wait(lambda: stream.entries["file"].revision != before, "'file' has another revision")


@check("watch")
def deleted_files_are_told(case: Case) -> None:
    """A file that somebody deletes is told."""
    case.behind.write("file", b"content")
    with case.folder.watch() as stream:
        stream.wait_snapshot()
        stream.wait_for("file")
        case.behind.delete("file")
        stream.wait_gone("file")


@check("watch")
def renamed_files_are_told(case: Case) -> None:
    """A file that somebody renames is told: the old name is gone, the new one is there."""
    case.behind.write("old", b"content")
    with case.folder.watch() as stream:
        stream.wait_snapshot()
        stream.wait_for("old")
        case.behind.move("old", "new")
        stream.wait_for("new")
        stream.wait_gone("old")


@check("watch")
def renamed_directories_are_told(case: Case) -> None:
    """A directory that somebody renames is told with everything below it."""
    case.behind.make_directory("old")
    case.behind.write("old/file", b"content")
    with case.folder.watch() as stream:
        stream.wait_snapshot()
        case.behind.move("old", "new")
        stream.wait_for("new/file")
        stream.wait(lambda: not {"old", "old/file"} & set(stream.entries), "nothing is known below the old name")


@check("watch")
def new_directories_are_told_with_what_is_in_them(case: Case) -> None:
    """What somebody makes in directories that are new themselves is told, down to the deepest."""
    with case.folder.watch() as stream:
        stream.wait_snapshot()
        for path in ("d", "d/e", "d/e/f"):
            case.behind.make_directory(path)
        case.behind.write("d/e/f/file", b"content")
        case.behind.write("d/file", b"content")
        stream.wait(lambda: {"d/file", "d/e/f/file"} <= set(stream.entries), "both files are there")
        case.behind.write("d/e/later", b"content")
        stream.wait_for("d/e/later")


@check("watch")
def nothing_is_missed_between_snapshot_and_live(case: Case) -> None:
    """What appears while a snapshot is taken is in it or told after it."""
    for name in ("a", "b", "c"):
        case.behind.make_directory(name)
    behind, listed, made = case.behind, threading.Event(), []

    def work() -> None:
        for number in range(DURING):
            name = f"{'abc'[number % 3]}/{number}"
            behind.write(name, name.encode())
            made.append(name)
            if listed.is_set():
                return

    people = threading.Thread(target=work)
    with case.folder.watch() as stream:
        people.start()
        try:
            stream.wait_snapshot()
        finally:
            listed.set()
            people.join()
        stream.wait(
            lambda: set(made) <= set(stream.entries), f"all {len(made)} files are there that appeared meanwhile"
        )


@check("watch", "content")
def a_rescan_lists_what_it_is_asked_for(case: Case) -> None:
    """A rescan answers a partial snapshot of the directories that it names; one that is not there ends nothing."""
    fill(case.folder)
    with case.folder.watch() as stream:
        stream.wait_snapshot()
        stream.listings.clear()
        stream.rescan("a", recursive=False)
        assert "a" in stream.listings
        assert "z" not in stream.listings, "a directory was listed that nobody asked for"
        stream.rescan("a", recursive=True)
        assert {"a/b", "a/b/c"} <= set(stream.listings)
        stream.rescan("not there")
        stream.rescan("z")
        assert {path for path in stream.entries if path.startswith("a")} >= {"a", "a/b", "a/b/c/deeper"}


@check("watch")
def the_watcher_gives_signs_of_life(case: Case) -> None:
    """A heartbeat comes at least every 30 seconds."""
    with case.folder.watch() as stream:
        stream.wait_snapshot()
        stream.wait(lambda: stream.heartbeats, "a heartbeat has come", patience=HEARTBEAT)


@check("content")
def a_torn_listing_is_never_complete(case: Case) -> None:
    """A listing that breaks off is not marked complete: what is missing from it must not be taken for deleted."""
    case.folder.make_above("d/file")
    for number in range(6):
        case.folder.write(f"d/file {number}")
    case.behind.tear("d")
    with case.folder.watch(live=False) as stream:
        stream.wait_snapshot()
        shown = {path for path in stream.entries if path.startswith("d/")}
        assert len(shown) == 6 or not stream.listings.get("d", False), "a torn listing is marked complete"
        if len(shown) == 6 and stream.listings.get("d"):
            raise NotVisible("the listing did not break off")
