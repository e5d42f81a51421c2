"""The trash: what was replaced or deleted is listed, can be put back, and goes for good when it is named.

How long things stay is decided by Onitu, by age and size, so what is said of both must be right. A driver that declares
`trash` and does not serve the calls keeps things in its service's own way, which nobody can see from here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from onitu.conformance.case import Case
from onitu.conformance.check import NotVisible, check
from onitu.conformance.data import content as made
from onitu.conformance.groups.write import same
from onitu.conformance.wire import Refusal, refused
from onitu.core.capability import Mode
from onitu.rpc.gen import driver_pb2, observation_pb2, operation_pb2

DAY_NS = 86_400 * 10**9
"""Clocks of services are not further away than this."""

LONG_AGO = 10**18
"""A modification time of 2001: what is deleted now was not deleted then."""

LONGEST_ID = 16 * 1024


def listed(case: Case, path: str = "", *, after: str = "") -> list[driver_pb2.KeptEntry]:
    """Returns what is kept, page by page.

    Args:
        case: Where.
        path: Only what had this path or lay below it.
        after: Only what comes after this id.

    Raises:
        NotVisible: The driver does not list its trash.
    """
    found: list[driver_pb2.KeptEntry] = []
    while True:
        request = driver_pb2.ListTrashRequest(folder=case.place.name, path=path, after=after)
        try:
            page = list(case.wire.call("ListTrash", request).entries)
        except Refusal as refusal:
            if refusal.code.name == "UNIMPLEMENTED":
                raise NotVisible("what the driver keeps, it keeps in its service's own way: it lists nothing") from None
            raise
        if not page:
            return found
        assert len(page) <= 1_000, f"{len(page):,} entries on one page"
        found += page
        assert len({one.id for one in found}) == len(found), f"the page after {after!r} repeats what was on one before"
        after = page[-1].id


def the_one(case: Case, path: str) -> driver_pb2.KeptEntry:
    """Returns the one thing that is kept of a path."""
    found = [one for one in listed(case) if one.path == path]
    assert len(found) == 1, f"{len(found)} things are kept of {path!r}, and one was replaced or deleted there"
    return found[0]


def part(case: Case, name: str, offset: int = 0, size: int = 1024 * 1024) -> bytes:
    """Reads a part of something that is kept."""
    request = driver_pb2.ReadTrashRequest(folder=case.place.name, id=name, offset=offset, size=size)
    return bytes(case.wire.call("ReadTrash", request).data)


def empty(case: Case, names: Sequence[str]) -> None:
    """Removes things for good.

    Raises:
        NotVisible: The service has rules of its own for how long they stay.
    """
    try:
        case.wire.call("EmptyTrash", driver_pb2.EmptyTrashRequest(folder=case.place.name, ids=names))
    except Refusal as refusal:
        if refusal.code.name == "UNIMPLEMENTED":
            raise NotVisible(
                "the service has rules of its own for how long things stay, and nothing is removed"
            ) from None
        raise


def throw_away(case: Case, path: str, content: bytes) -> observation_pb2.Present:
    """Writes a file and deletes it."""
    case.folder.make_above(path)
    written = case.folder.write(path, content)
    case.folder.delete(path, written.revision)
    return written


@check("trash", "content", "delete_file")
def what_was_deleted_can_be_put_back(case: Case) -> None:
    """A deleted file is listed with its path and size, nowhere to be seen in the folder, and read as it was."""
    throw_away(case, "file", b"deleted")
    kept = the_one(case, "file")
    assert kept.kind == observation_pb2.FILE_KIND_FILE, f"it was a file, and is kept as {kept.kind}"
    assert kept.size == len(b"deleted"), f"its size is said to be {kept.size}, and is {len(b'deleted')}"
    assert 0 < len(kept.id.encode()) <= LONGEST_ID, "an id has 1 byte to 16 KiB"
    assert case.folder.snapshot() == {}, "what is in the trash is shown in the folder"
    content = part(case, kept.id)
    assert content == b"deleted", f"{content!r} is read"
    written = case.folder.write("file", content)
    same(case, "file", written, b"deleted")


@check("trash", "content")
def what_was_replaced_is_kept(case: Case) -> None:
    """The content that another one takes the place of is kept, and the new one is in the folder."""
    old = case.folder.write("file", b"old")
    new = case.folder.write("file", b"the new one", over=old.revision)
    kept = the_one(case, "file")
    assert part(case, kept.id) == b"old", "what is kept is not what was replaced"
    same(case, "file", new, b"the new one")


@check("trash", "content", "delete_file")
def what_was_deleted_again_is_kept_twice(case: Case) -> None:
    """Two files that had one path after the other are two things, each with an id and its own content."""
    for content in (b"first", b"second one"):
        throw_away(case, "file", content)
    found = [one for one in listed(case) if one.path == "file"]
    assert sorted(part(case, one.id) for one in found) == [b"first", b"second one"], f"{len(found)} are kept"
    assert {one.size for one in found} == {5, 10}, "their sizes are not their own"


@check("trash", "content", "delete_file")
def it_is_said_when_it_was_deleted(case: Case) -> None:
    """`kept_at_ns` is when it was replaced or deleted, which is not when it was last changed; a file keeps its time."""
    attributes = operation_pb2.Attributes(mtime_ns=LONG_AGO) if case.able.mtime_precision_ns else None
    for path in ("one", "two"):
        written = case.folder.write(path, b"x", attributes=attributes)
        case.folder.delete(path, written.revision)
    one, two = the_one(case, "one"), the_one(case, "two")
    away = abs(one.kept_at_ns - time.time_ns())
    assert away < DAY_NS, f"it was deleted just now, and is said to be kept since {one.kept_at_ns / 1e9:.0f}"
    assert one.kept_at_ns <= two.kept_at_ns, "what was deleted first is said to be younger"
    if attributes is not None and one.HasField("mtime_ns"):
        assert abs(one.mtime_ns - LONG_AGO) < case.able.mtime_precision_ns, f"its time is said to be {one.mtime_ns}"


@check("trash", "content", "delete_file", "executable")
def it_is_said_what_is_executable(case: Case) -> None:
    """Where it is said whether what is kept is executable, that is right."""
    for path, executable in (("program", True), ("text", False)):
        written = case.folder.write(path, b"x", attributes=operation_pb2.Attributes(executable=executable))
        case.folder.delete(path, written.revision)
        kept = the_one(case, path)
        assert not kept.HasField("executable") or kept.executable is executable, path


@check("trash", "symlinks", "delete_file", symlinks=True)
def links_are_kept_as_links(case: Case) -> None:
    """A deleted link is listed as one, with what it points to."""
    link = case.folder.link("link", "some/where")
    case.folder.delete("link", link.revision)
    kept = the_one(case, "link")
    assert kept.kind == observation_pb2.FILE_KIND_SYMLINK, f"it was a link, and is kept as {kept.kind}"
    assert kept.link_target == "some/where", f"it pointed to 'some/where', not to {kept.link_target!r}"


@check("trash", "content", "delete_file")
def what_is_kept_is_read_in_parts(case: Case) -> None:
    """A part is what lies at its offset, shorter only at the end; beyond the end there is nothing."""
    content = made(100_000)
    throw_away(case, "file", content)
    name = the_one(case, "file").id
    for offset, size in ((0, 1), (1, 10), (65_535, 2), (99_990, 10), (99_990, 50), (100_000, 10), (200_000, 10)):
        right, read = content[offset : offset + size], part(case, name, offset, size)
        assert read == right, f"{len(read)} bytes of {offset}, or others, where {len(right)} are right"


@check("trash", "content", "delete_file")
def a_page_goes_on_after_any_entry(case: Case) -> None:
    """The order stays the same: after an id comes what came after it before, whichever it is."""
    for number in range(5):
        throw_away(case, f"file {number}", b"x")
    names = [one.id for one in listed(case)]
    assert len(names) >= 5, f"{len(names)} things are kept of 5"
    for position, name in enumerate(names):
        rest = [one.id for one in listed(case, after=name)]
        assert rest == names[position + 1 :], f"after {position + 1} of {len(names)} come {len(rest)}, or others"


@check("trash", "content", "delete_file")
def a_part_of_the_trash_is_listed(case: Case) -> None:
    """With a path only what had it or lay below it is listed, and not what begins with the same letters."""
    for path in ("d/file", "d/e/file", "d2/file", "de"):
        throw_away(case, path, b"x")
    for path, right in (("d", {"d/file", "d/e/file"}), ("d/e", {"d/e/file"}), ("de", {"de"}), ("d/f", set())):
        found = {one.path for one in listed(case, path)}
        assert found == right, f"of {path!r} are kept {sorted(right)}, and listed {sorted(found)}"


@check("trash", "content", "delete_file")
def what_is_named_goes_and_nothing_else(case: Case) -> None:
    """What is named is gone for good: not listed, not read; the rest stays. What is gone may be named again."""
    for number in range(4):
        throw_away(case, f"file {number}", b"content %d" % number)
    names = {one.path: one.id for one in listed(case)}
    gone = [names["file 0"], names["file 2"]]
    for _ in range(2):
        empty(case, gone)
    left = {one.path: one.id for one in listed(case)}
    assert left == {path: name for path, name in names.items() if name not in gone}, f"{sorted(left)} are left"
    assert part(case, left["file 1"]) == b"content 1"
    for name in gone:
        with refused("NOT_FOUND", why="it was removed for good"):
            part(case, name)
    empty(case, [*left.values()])
    assert listed(case) == [], "something is left of what was removed"


@check("trash", "content", "delete_file")
def what_is_kept_outlives_the_process(case: Case) -> None:
    """After a restart the same things are kept, under the same ids."""
    throw_away(case, "file", b"deleted")
    name = the_one(case, "file").id
    case.restart()
    assert the_one(case, "file").id == name, "its id is another one after a restart"
    assert part(case, name) == b"deleted"


@check("trash", mode=Mode.READ)
def where_nothing_may_be_written_nothing_is_removed(case: Case) -> None:
    """Without the mode `w` the trash is listed, and not emptied: PERMISSION_DENIED."""
    listed(case)
    with refused("PERMISSION_DENIED", why="nothing may be written in the folder"):
        empty(case, ["anything"])
