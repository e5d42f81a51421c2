"""What a driver says of itself, and whether it is so."""

from __future__ import annotations

import re

from onitu.conformance.case import Case
from onitu.conformance.check import check
from onitu.conformance.folder import expectation, upload_of
from onitu.conformance.wire import Refusal
from onitu.core.capability import MAX_BATCH
from onitu.core.manifest import RESERVED, Manifest
from onitu.rpc.convert import manifest_from_wire
from onitu.rpc.gen import driver_pb2, manifest_pb2, operation_pb2
from onitu.utils import get_available_drivers

STREAMS = {"GetFile", "GetFiles"}
READS = {"GetChunk", *STREAMS}


def _wire(case: Case) -> manifest_pb2.Manifest:
    manifest: manifest_pb2.Manifest = case.wire.call("GetManifest", driver_pb2.GetManifestRequest()).manifest
    return manifest


@check()
def it_says_who_it_is(case: Case) -> None:
    """The manifest has a name and a description in words; an installed driver's is the name it is installed under."""
    manifest = _wire(case)
    assert re.fullmatch(r"[\w.-]+", manifest.name), f"the name is {manifest.name!r}"
    assert manifest.description.strip(), "there is no description"
    if case.kit.target.name in get_available_drivers():
        assert manifest.name == case.kit.target.name


@check()
def it_is_always_the_same(case: Case) -> None:
    """`GetManifest` answers the same whenever it is asked."""
    assert _wire(case) == _wire(case)


@check()
def options_are_whole(case: Case) -> None:
    """Every option has key, name, description and type; values only and always with ENUMERATE; a default is valid."""
    manifest = _wire(case)
    keys = [option.key for option in manifest.options]
    assert len(set(keys)) == len(keys), f"an option stands there twice: {keys}"
    for option in manifest.options:
        where = f"option {option.key!r}"
        assert all((option.key, option.name.strip(), option.description.strip())), f"{where}: it lacks a text"
        assert option.type != manifest_pb2.OPTION_TYPE_UNSPECIFIED, f"{where}: there is no type"
        enumerated = option.type == manifest_pb2.OPTION_TYPE_ENUMERATE
        assert bool(option.values) is enumerated, f"{where}: values belong to ENUMERATE, and only there"
    parsed: Manifest = manifest_from_wire(manifest)  # Raises where a default is none that the option takes.
    assert [option.key for option in parsed.options] == keys


@check()
def options_are_not_onitus_own(case: Case) -> None:
    """No option has the name of a key of Onitu's own."""
    taken = {option.key for option in _wire(case).options if option.key.replace("-", "_") in RESERVED}
    assert not taken, f"these keys are Onitu's own: {sorted(taken)}"


@check()
def numbers_are_within_bounds(case: Case) -> None:
    """Velocity lies between 0 and 1, every limit where the contract has it."""
    manifest = _wire(case)
    if manifest.HasField("velocity"):
        assert 0 <= manifest.velocity <= 1, f"velocity {manifest.velocity}"
    for limits in (manifest.limits, case.session.limits):
        assert limits.max_message_bytes == 0 or limits.max_message_bytes >= 64 * 1024, "max_message_bytes"
        assert 0 <= limits.max_batch_items <= MAX_BATCH, "max_batch_items"
        assert limits.min_chunk_bytes <= 1024 * 1024, "min_chunk_bytes"


@check()
def capabilities_fit_together(case: Case) -> None:
    """What rests on another capability is declared with it, and digests are named in lower case."""
    able = case.able
    assert not able.restart_upload or able.chunks, "`restart_upload` without `chunks`"
    assert not able.move_directory or able.move_file, "`move_directory` without `move_file`"
    assert not able.staging or able.chunks or able.whole_files, "`staging`, and nothing is ever uploaded"
    assert not (able.staging and able.in_place), "`staging` and `in_place`: content is written out of sight or not"
    for algorithm in (*able.free_digests, *able.computed_digests):
        assert algorithm == (algorithm.lower() or "a name"), f"the digest {algorithm!r}"


@check()
def what_is_declared_is_served(case: Case) -> None:
    """An RPC whose capability is declared never answers UNIMPLEMENTED."""
    served = _probes(case)
    lacking = [name for name, (declared, refusal) in served.items() if declared and _unimplemented(refusal)]
    assert not lacking, f"declared, and answers UNIMPLEMENTED: {', '.join(lacking)}"


@check()
def what_is_not_declared_is_not_served(case: Case) -> None:
    """A look or a mutation whose capability is not declared is never done, so that nobody relies on it."""
    served = {name: probe for name, probe in _probes(case).items() if name not in READS}
    extra = [
        f"{name} {refusal.code.name if refusal else 'OK'}"
        for name, (declared, refusal) in served.items()
        if not declared
    ]
    # Some look first whether what is expected is there, which here it never is.
    wrong = [line for line in extra if not {"UNIMPLEMENTED", "FAILED_PRECONDITION", "NOT_FOUND"} & set(line.split())]
    assert not wrong, f"not declared, and answers otherwise than UNIMPLEMENTED: {'; '.join(wrong)}"


def _unimplemented(refusal: Refusal | None) -> bool:
    return refusal is not None and refusal.code.name == "UNIMPLEMENTED"


def _probes(case: Case) -> dict[str, tuple[bool, Refusal | None]]:
    """Calls every optional RPC about a path where nothing is: whether it is declared, and how it was refused."""
    name, able = case.place.name, case.able
    there = expectation("a revision of nothing")
    upload = upload_of("missing", b"x", over="a revision of nothing")
    deletion = operation_pb2.Deletion(path="missing", expectation=there)
    move = operation_pb2.Move(path="missing", expectation=there, destination="elsewhere")
    copy = operation_pb2.Copy(path="missing", expectation=there, destination="elsewhere")
    change = operation_pb2.AttributeChange(path="missing", expectation=there)
    pinned = [driver_pb2.PinnedFile(path="missing", revision="r")]
    calls = {
        "StatFiles": (able.stat_files, driver_pb2.StatFilesRequest(folder=name, paths=["missing"])),
        "GetChunk": (able.chunks, driver_pb2.GetChunkRequest(folder=name, path="missing", revision="r", size=1)),
        "StartUpload": (able.chunks, driver_pb2.StartUploadRequest(folder=name, upload=upload)),
        "RestartUpload": (
            able.restart_upload,
            driver_pb2.RestartUploadRequest(folder=name, session="never begun", upload=upload),
        ),
        "DeleteFile": (able.delete_file, driver_pb2.DeleteFileRequest(folder=name, deletion=deletion)),
        "MoveFile": (able.move_file, driver_pb2.MoveFileRequest(folder=name, move=move)),
        "CopyFile": (able.copy_file, driver_pb2.CopyFileRequest(folder=name, copy=copy)),
        "SetAttributes": (
            able.set_attributes,
            driver_pb2.SetAttributesRequest(folder=name, attribute_change=change),
        ),
        "ApplyBatch": (
            able.apply_batch,
            driver_pb2.ApplyBatchRequest(folder=name, operations=[operation_pb2.Operation(deletion=deletion)]),
        ),
        "GetFile": (able.whole_files, driver_pb2.GetFileRequest(folder=name, path="missing", revision="r")),
        "GetFiles": (able.get_files, driver_pb2.GetFilesRequest(folder=name, files=pinned)),
    }
    return {method: (declared, _refusal(case, method, request)) for method, (declared, request) in calls.items()}


def _refusal(case: Case, method: str, request: object) -> Refusal | None:
    try:
        if method in STREAMS:
            case.wire.messages(method, request)
        else:
            case.wire.call(method, request)
    except Refusal as refusal:
        return refusal
    return None
