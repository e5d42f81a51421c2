"""A driver, broken in one of many ways: `python faulty.py FAULT`, started as Onitu starts a driver.

Each fault is one that drivers have had: something forgotten, left out, or answered too early. `FAULTS` has them by
name; each changes one thing of a driver that keeps everything: of `memory`, or of `local_storage` where it is about the
trash, which memory has not (`ON_DISK`).
"""

from __future__ import annotations

import dataclasses
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import onitu_local_storage
import onitu_memory
from onitu_local_storage import driver as disk
from onitu_local_storage import trash
from onitu_memory import driver
from onitu_memory.driver import staging, tree

from onitu.core.manifest import validate_options
from onitu.errors import DriverError, NotFound, Unavailable, Unsupported
from onitu.plug import (
    Absent,
    Changes,
    Folder,
    Inadmissible,
    Kind,
    Metadata,
    Plug,
    Present,
    __main__,
    package,
    server,
    stream,
)
from onitu.plug import settings as settings_module
from onitu.plug import values as values_module
from onitu.plug.servicer import Servicer
from onitu.rpc import status
from onitu.rpc.gen import driver_pb2

Handler = Callable[..., Any]

FAULTS: dict[str, Callable[[], None]] = {}

#: Those of the driver `local_storage`.
ON_DISK: set[str] = set()


def fault(plant: Callable[[], None]) -> Callable[[], None]:
    """Notes a fault under its name."""
    FAULTS[plant.__name__] = plant
    return plant


def fault_on_disk(plant: Callable[[], None]) -> Callable[[], None]:
    """Notes a fault of `local_storage` under its name."""
    ON_DISK.add(plant.__name__)
    return fault(plant)


def put(owner: object, name: str, value: object) -> None:
    """Puts something in the place of what a class or module has."""
    assert hasattr(owner, name), f"there is no {name} to replace"
    setattr(owner, name, value)


def around(task: str, wrapper: Callable[..., Any], plug: Plug = onitu_memory.plug) -> None:
    """Puts a function around a handler, which it gets first."""
    handler = plug._registered[task]
    plug.handler(task)(lambda *arguments: wrapper(handler, *arguments))


# Life.


@fault
def lets_everybody_in() -> None:
    """Nobody looks at the token."""
    put(server._TokenCheck, "intercept_service", lambda _self, go_on, details: go_on(details))


@fault
def outlives_its_core() -> None:
    """The end of stdin is not noticed."""
    put(__main__, "end_with_the_core", lambda _plug: None)


@fault
def serves_any_generation() -> None:
    """`Configure` is served whatever its generation is."""
    configure = Servicer.configure

    def again(self: Servicer, request: Any) -> Any:  # noqa: ANN401
        self._plug.generation = 0
        return configure(self, request)

    put(Servicer, "configure", again)


@fault
def takes_any_option() -> None:
    """Options nobody knows are taken, and forgotten."""

    def some(manifest: Any, options: Any) -> Any:  # noqa: ANN401
        known = {option.key for option in manifest.options}
        return validate_options(manifest, {key: value for key, value in options.items() if key in known})

    put(settings_module, "validate_options", some)


@fault
def writes_where_it_may_not() -> None:
    """The mode of a folder is not looked at."""
    put(Servicer, "_writable", Servicer._folder)


@fault
def closes_at_leisure() -> None:
    """`Close` takes its time."""

    def close(_close: Handler) -> None:
        time.sleep(20 * float(os.environ.get("ONITU_TEST_TIME_UNIT") or 1))

    around("close", close)


@fault
def has_another_root_at_each_start() -> None:
    """The identity of the root is that of the process."""
    around("open_folder", lambda opens, folder: _named(opens(folder), f"process {os.getpid()}"))


def _named(report: Any, root_id: str) -> Any:  # noqa: ANN401
    return type(report)(report.root_state, root_id)


# Manifest.


@fault
def says_nothing_of_itself() -> None:
    """The manifest has no description."""
    manifest = package.manifest_of

    def silent(module: Any, name: str) -> Any:  # noqa: ANN401
        found = manifest(module, name)
        return type(found)(name=found.name, description=" ", options=found.options, velocity=found.velocity)

    put(__main__, "manifest_of", silent)


@fault
def promises_what_it_has_not() -> None:
    """`copy_file` is declared, and answers UNIMPLEMENTED."""

    def copy_file(_copy: Handler, _old: Metadata, _new: Metadata) -> Present:
        message = "copying is planned for the next version"
        raise Unsupported(message)

    around("copy_file", copy_file)


# Observing.


@fault
def forgets_the_last_entry() -> None:
    """A listing lacks its last entry, and is marked complete."""

    def list_directory(lists: Handler, folder: Folder, path: str) -> list[tuple[str, Present | Inadmissible]]:
        return list(lists(folder, path))[:-1]

    around("list_directory", list_directory)


@fault
def takes_a_torn_listing_for_a_whole_one() -> None:
    """An error in the middle of a listing is passed over."""

    def list_directory(lists: Handler, folder: Folder, path: str) -> Iterator[tuple[str, Present | Inadmissible]]:
        try:
            yield from lists(folder, path)
        except Unavailable:
            return

    around("list_directory", list_directory)


@fault
def believes_any_cursor() -> None:
    """A cursor that it never gave out is taken for its own."""
    begin = stream.ChangeStream.__init__

    def believe(self: stream.ChangeStream, plug: Any, folder: Folder, start: Any) -> None:  # noqa: ANN401
        start.ClearField("cursor")
        begin(self, plug, folder, start)

    put(stream.ChangeStream, "__init__", believe)


@fault
def watches_nothing() -> None:
    """It says that it watches, lives, and reports no change."""

    def watch(_watch: Handler, _folder: Folder, changes: Changes) -> None:
        changes.ready()
        while not changes.closed.wait(1):
            changes.heartbeat()

    around("watch", watch)


@fault
def watches_a_little_late() -> None:
    """It says that it watches, and begins to do so a moment later."""

    def watch(watches: Handler, folder: Folder, changes: Changes) -> None:
        changes.ready()
        time.sleep(3)
        watches(folder, changes)

    around("watch", watch)


@fault
def takes_the_size_for_a_revision() -> None:
    """A change that leaves the size as it was leaves the revision as well."""
    write = tree.write

    def sized(path: str, content: bytes, **more: Any) -> Any:  # noqa: ANN401
        entry = write(path, content, **more)
        return tree._put(path, dataclasses.replace(entry, revision=f"{path} {len(content)}"))

    put(tree, "write", sized)


# Reading.


@fault
def reads_whatever_is_there() -> None:
    """Reads are not pinned to a revision."""

    def _pinned(_task: str, metadata: Metadata) -> Any:  # noqa: ANN401
        entry = tree.find(metadata.path)
        if entry is None:
            raise NotFound(metadata.filename)
        return entry

    put(driver, "_pinned", _pinned)


@fault
def reads_one_byte_less() -> None:
    """Chunks that are asked for whole come without their last byte."""
    around("get_chunk", lambda reads, metadata, offset, size: reads(metadata, offset, size)[: max(1, size - 1)])


@fault
def begins_at_the_beginning() -> None:
    """The offset of `GetFile` is not looked at."""
    get_file = Servicer.get_file

    def whole(self: Servicer, request: Any) -> Any:  # noqa: ANN401
        request.offset = 0
        yield from get_file(self, request)

    put(Servicer, "get_file", whole)


@fault
def answers_files_as_they_come() -> None:
    """`GetFiles` answers in another order than was asked."""
    get_files = Servicer.get_files

    def sorted_by_path(self: Servicer, request: Any) -> Any:  # noqa: ANN401
        files = sorted(request.files, key=lambda file: file.path)
        del request.files[:]
        request.files.extend(files)
        yield from get_files(self, request)

    put(Servicer, "get_files", sorted_by_path)


# Writing.


@fault
def believes_every_size() -> None:
    """Nobody counts the bytes of a whole file."""
    put(driver, "_verify", lambda _metadata, _content: None)


@fault
def believes_every_digest() -> None:
    """Nobody hashes what came."""
    verify = driver._verify

    def counted(metadata: Metadata, content: bytes) -> None:
        if metadata.upload is not None and len(content) != metadata.upload.size:
            verify(metadata, content)

    put(driver, "_verify", counted)


@fault
def shows_what_is_not_whole() -> None:
    """Chunks are written to where everybody sees them."""

    def upload_chunk(writes: Handler, metadata: Metadata, offset: int, chunk: bytes) -> None:
        writes(metadata, offset, chunk)
        tree.write(metadata.path, staging.read(metadata.session))

    around("upload_chunk", upload_chunk)


@fault
def keeps_what_was_given_up() -> None:
    """An upload that was aborted can be taken up again."""
    put(Servicer, "abort_upload", lambda _self, _request: driver_pb2.AbortUploadResponse())


@fault
def goes_on_anywhere() -> None:
    """An upload is taken up again at its end, whatever was staged."""
    around("restart_upload", lambda _restarts, metadata, _offset: metadata.size)


@fault
def takes_the_time_it_was_written() -> None:
    """Modification times are those of the write."""
    write = tree.write
    put(tree, "write", lambda path, content, **_more: write(path, content))


# Expectations.


@fault
def expects_nothing() -> None:
    """What is there is replaced, whatever was expected."""
    put(tree, "expect", lambda path, _revision: tree.find(path))


@fault
def looks_only_at_the_beginning() -> None:
    """An upload in chunks looks at what is there when it begins, and not when it ends."""
    expect = tree.expect

    def end_upload(ends: Handler, metadata: Metadata) -> Any:  # noqa: ANN401
        put(tree, "expect", lambda path, _revision: tree.find(path))
        try:
            return ends(metadata)
        finally:
            put(tree, "expect", expect)

    around("end_upload", end_upload)


@fault
def looks_before_it_locks() -> None:
    """Between the look and the write there is time for somebody else."""

    def upload_file(_writes: Handler, metadata: Metadata, content: bytes) -> Present:
        tree.expect(metadata.path, metadata.expected)
        time.sleep(0.5)
        return tree.present(tree.write(metadata.path, content, attributes=metadata.attributes))

    around("upload_file", upload_file)


# Deleting and moving.


@fault
def deletes_all_that_is_below() -> None:
    """A directory is deleted with its children."""

    def delete_file(deletes: Handler, metadata: Metadata) -> None:
        for path, _ in reversed(tree.all()):
            if path.startswith(f"{metadata.path}/"):
                tree.delete(path)
        deletes(metadata)

    around("delete_file", delete_file)


@fault
def moves_over_what_is_there() -> None:
    """A move replaces what is at its destination."""

    def move_file(moves: Handler, old: Metadata, new: Metadata) -> Present:
        there = tree.find(new.path)
        if there is not None and there.kind is Kind.FILE:
            tree.delete(new.path)
        moved: Present = moves(old, new)
        return moved

    around("move_file", move_file)


@fault
def leaves_the_children_behind() -> None:
    """A directory is moved without what is in it."""

    def move_file(_moves: Handler, old: Metadata, new: Metadata) -> Present:
        entry = tree.expect(old.path, old.expected)
        assert entry is not None
        with tree.lock:
            del tree._entries[old.path]
            return tree.present(tree._put(new.path, entry))

    around("move_file", move_file)


# The trash.


def _forget_kept(metadata: Metadata) -> None:
    root = disk._roots[metadata.folder].fd
    trash.remove_kept(root, [one.id for one in trash.list_kept(root, metadata.filename, "")])


@fault_on_disk
def keeps_nothing() -> None:
    """What is deleted is gone, though a trash is declared."""

    def delete_file(deletes: Handler, metadata: Metadata) -> None:
        deletes(metadata)
        _forget_kept(metadata)

    around("delete_file", delete_file, onitu_local_storage.plug)


@fault_on_disk
def keeps_only_what_is_deleted() -> None:
    """What another content takes the place of is gone."""

    def upload_file(writes: Handler, metadata: Metadata, *content: object) -> Any:  # noqa: ANN401
        written = writes(metadata, *content)
        if metadata.expected is not None:
            _forget_kept(metadata)
        return written

    around("upload_file", upload_file, onitu_local_storage.plug)


@fault_on_disk
def keeps_the_last_of_a_name() -> None:
    """Of two things that had one path the younger one is kept alone."""

    def list_trash(lists: Handler, folder: Folder, path: str, after: str) -> list[Any]:
        return list({one.path: one for one in lists(folder, path, after)}.values())

    around("list_trash", list_trash, onitu_local_storage.plug)


@fault_on_disk
def takes_the_time_of_a_file_for_that_of_its_deletion() -> None:
    """What was changed long ago is said to have been deleted long ago, and so goes at once."""
    _told_otherwise(lambda one: msgspec.structs.replace(one, kept_at_ns=one.mtime_ns or 0))


@fault_on_disk
def says_that_nothing_takes_room() -> None:
    """Sizes are left out, by which the trash is kept small."""
    _told_otherwise(lambda one: msgspec.structs.replace(one, size=0))


@fault_on_disk
def takes_a_program_for_a_text() -> None:
    """Everything comes back as if it were not executable."""
    _told_otherwise(lambda one: msgspec.structs.replace(one, executable=False))


@fault_on_disk
def keeps_links_as_files() -> None:
    """A link is listed as a file, and points nowhere."""
    _told_otherwise(lambda one: msgspec.structs.replace(one, kind=Kind.FILE, target=None))


def _told_otherwise(altered: Callable[[Any], Any]) -> None:
    around("list_trash", lambda lists, *asked: [altered(one) for one in lists(*asked)], onitu_local_storage.plug)


@fault_on_disk
def reads_the_trash_from_the_beginning() -> None:
    """The offset is not looked at."""
    around(
        "read_trash", lambda reads, folder, kept, _offset, size: reads(folder, kept, 0, size), onitu_local_storage.plug
    )


@fault_on_disk
def leaves_one_out_between_pages() -> None:
    """Each page begins one too late."""

    def list_trash(lists: Handler, folder: Folder, path: str, after: str) -> list[Any]:
        return list(lists(folder, path, after))[1 if after else 0 :]

    around("list_trash", list_trash, onitu_local_storage.plug)


@fault_on_disk
def lists_what_begins_alike() -> None:
    """Asked for what lay in `d` it lists what lay in `d2` as well."""

    def list_trash(lists: Handler, folder: Folder, path: str, after: str) -> list[Any]:
        return [one for one in lists(folder, "", after) if one.path.startswith(path)]

    around("list_trash", list_trash, onitu_local_storage.plug)


@fault_on_disk
def empties_all_of_the_trash() -> None:
    """Whatever is named, everything goes."""
    kept = trash.list_kept
    removes = trash.remove_kept
    put(trash, "remove_kept", lambda root, _names: removes(root, [one.id for one in kept(root, "", "")]))


@fault_on_disk
def complains_of_what_is_gone() -> None:
    """What was removed already is an error."""
    removes = trash.remove_kept

    def strictly(root: int, names: Any) -> None:  # noqa: ANN401
        known = {one.id for one in trash.list_kept(root, "", "")}
        if not known.issuperset(names):
            raise NotFound("it is not there")
        removes(root, names)

    put(trash, "remove_kept", strictly)


@fault_on_disk
def numbers_the_trash_anew_at_each_start() -> None:
    """An id is worth nothing after a restart."""
    mark = f" {os.getpid()}"
    _told_otherwise(lambda one: msgspec.structs.replace(one, id=one.id + mark))
    around(
        "read_trash",
        lambda reads, folder, kept, *part: reads(folder, kept.removesuffix(mark), *part),
        onitu_local_storage.plug,
    )


@fault_on_disk
def empties_what_it_may_not_write() -> None:
    """The mode of a folder is not looked at."""
    put(Servicer, "_writable", Servicer._folder)
    around("empty_trash", lambda _empties, _folder, _kept: None, onitu_local_storage.plug)


# Batches, names, errors.


@fault
def stops_at_the_first_error() -> None:
    """After an operation that failed the others of a batch are not done."""
    outcome = Servicer._outcome
    failed = threading.Event()

    def one(self: Servicer, folder: Folder, wire: Any) -> Any:  # noqa: ANN401
        if failed.is_set():
            return DriverError("an operation before this one has failed")
        found = outcome(self, folder, wire)
        if isinstance(found, DriverError):
            failed.set()
        return found

    put(Servicer, "_outcome", one)


@fault
def trims_names() -> None:
    """Spaces and dots at the end of a name are dropped, as some systems do."""
    write = tree.write
    put(tree, "write", lambda path, content, **more: write(re.sub(r"[ .]+(?=/|$)", "", path) or "_", content, **more))


@fault
def follows_two_dots() -> None:
    """A path with `..` is resolved."""

    def resolved(path: str) -> str:
        return os.path.normpath(path)

    put(values_module, "check_path", resolved)
    put(sys.modules["onitu.plug.plug"], "check_path", resolved)


@fault
def asks_nobody_to_wait() -> None:
    """A rate limit is told without RetryInfo."""
    to_status = status.to_status

    def bare(error: DriverError) -> status.Status:
        return to_status(error)._replace(trailing_metadata=())

    put(server, "to_status", bare)


@fault
def dies_of_an_empty_request() -> None:
    """A request without a path ends the process."""

    def delete_file(self: Servicer, request: Any) -> Any:  # noqa: ANN401
        if not request.deletion.path:
            os._exit(9)
        return deletes(self, request)

    deletes = Servicer.delete_file
    put(Servicer, "delete_file", delete_file)


# Many at once, and faults.


@fault
def shares_one_buffer() -> None:
    """Whoever writes at the same time writes the same bytes."""
    shared: dict[str, bytes] = {}

    def upload_file(_writes: Handler, metadata: Metadata, content: bytes) -> Present:
        shared["content"] = content
        time.sleep(0.05)
        tree.expect(metadata.path, metadata.expected)
        return tree.present(tree.write(metadata.path, shared["content"], attributes=metadata.attributes))

    around("upload_file", upload_file)


@fault
def never_closes_a_file() -> None:
    """Each read leaves a descriptor open."""
    opened: list[Any] = []

    def get_chunk(reads: Handler, metadata: Metadata, offset: int, size: int) -> bytes:
        opened.append(tempfile.TemporaryFile())  # noqa: SIM115  That is the fault.
        chunk: bytes = reads(metadata, offset, size)
        return chunk

    around("get_chunk", get_chunk)


@fault
def takes_away_for_empty() -> None:
    """While the service is away it is shown as empty."""

    def list_directory(lists: Handler, folder: Folder, path: str) -> list[tuple[str, Present | Inadmissible]]:
        try:
            return list(lists(folder, path))
        except Unavailable:
            return []

    def stat_file(looks: Handler, metadata: Metadata) -> Any:  # noqa: ANN401
        try:
            return looks(metadata)
        except Unavailable:
            return Absent()

    around("list_directory", list_directory)
    around("stat_file", stat_file)


@fault
def forgets_what_it_promised_to_keep() -> None:
    """`Sync` answers, and nothing is durable."""
    around("sync", lambda _sync, _folder: None)


if __name__ == "__main__":
    FAULTS[sys.argv[1]]()
    code = __main__.main(["local_storage" if sys.argv[1] in ON_DISK else "memory"])
    os._exit(code)
