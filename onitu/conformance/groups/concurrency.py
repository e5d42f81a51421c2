"""Many calls at once: each is answered as if it were alone."""

from __future__ import annotations

from collections.abc import Callable

from onitu.conformance.case import Case
from onitu.conformance.check import check
from onitu.conformance.data import content
from onitu.conformance.folder import upload_of
from onitu.conformance.wire import each
from onitu.core.capability import MAX_CHUNK

PARALLEL = 64


@check("content")
def many_files_are_written_at_once(case: Case) -> None:
    """64 writes of different files at the same time are all done, none with another's bytes."""
    files = {f"file {number}": content(20_000 + number, number) for number in range(PARALLEL)}

    def writing(path: str, data: bytes) -> Callable[[], object]:
        return lambda: case.folder.write(path, data)

    each([writing(path, data) for path, data in files.items()])
    found = each([_reading(case, path) for path in files])
    wrong = [path for path, data in zip(files, found, strict=True) if data != files[path]]
    assert not wrong, f"other bytes in {wrong}"
    assert set(case.folder.snapshot()) == set(files)


@check("content")
def one_file_is_read_many_times_at_once(case: Case) -> None:
    """64 reads of one file at the same time all have its bytes."""
    data = content(MAX_CHUNK + 11)
    case.folder.write("file", data)
    found = each([_reading(case, "file")] * PARALLEL)
    assert all(one == data for one in found)


@check("chunks")
def uploads_go_on_beside_each_other(case: Case) -> None:
    """16 uploads whose chunks come in turns are each whole in the end."""
    contents = [content(3_000, number) for number in range(16)]
    uploads = [upload_of(f"file {number}", data) for number, data in enumerate(contents)]
    sessions = [case.folder.start(upload) for upload in uploads]
    assert len(set(sessions)) == len(sessions), "two uploads have the same session"
    for offset in range(0, 3_000, 1_000):
        for session, data in zip(sessions, contents, strict=True):
            case.folder.chunk(session, offset, data[offset : offset + 1_000])
    for session, upload in zip(sessions, uploads, strict=True):
        case.folder.end(session, upload)
    for upload, data in zip(uploads, contents, strict=True):
        assert case.folder.read(upload.path) == data, upload.path


@check("stat_files", "content")
def looks_are_answered_while_files_are_written(case: Case) -> None:
    """Looking goes on while files are written, and no half of one is seen."""
    written = case.folder.write("file", b"0")
    revisions = {written.revision: 1}
    sizes = range(1000, 31_000, 1000)

    def look() -> list[tuple[str, int]]:
        found = []
        for _ in range(30):
            one = case.folder.look("file")
            assert one.WhichOneof("state") == "present", "the file is not there while it is replaced"
            found.append((one.present.revision, one.present.size))
        return found

    def write() -> list[tuple[str, int]]:
        revision = written.revision
        for size in sizes:
            revision = case.folder.write("file", bytes(size), over=revision).revision
            revisions[revision] = size
        return []

    looked = each([look, look, write])
    for seen in looked:
        assert isinstance(seen, list)
        for revision, size in seen:
            if case.able.staging:
                # What is being replaced may have another revision for that moment: on a disk it is renamed, which
                # changes its ctime, right before its name leads to the other one. A half has none of these sizes.
                whole = {revisions[revision]} if revision in revisions else {1, *sizes}
                assert size in whole, f"{revision!r} with {size} bytes was never written"


def _reading(case: Case, path: str) -> Callable[[], object]:
    return lambda: case.folder.read(path)
