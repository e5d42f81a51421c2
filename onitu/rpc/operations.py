"""Between mutations and what became of them, in values of the core, and the messages of the contract, in pairs.

Like `onitu.rpc.observations` this runs once for every file and is written for speed. An operation that breaks the
contract is refused with `InvalidPath` before anything is done; an answer that says nothing is `OutcomeUnknown`, because
the operation may have been done.

This file knows no transport and does no I/O. Import it through `onitu.rpc.convert`.
"""

from __future__ import annotations

from typing import assert_never

from onitu.core import model
from onitu.errors import DriverError, InvalidPath, OutcomeUnknown
from onitu.rpc.gen import operation_pb2
from onitu.rpc.observations import (
    clamp_time,
    identity_from_wire,
    identity_to_wire,
    observation_from_wire,
    observation_to_wire,
)
from onitu.rpc.status import error_from_wire, error_to_wire

_NO_ATTRIBUTES = model.Attributes()


def attributes_to_wire(attributes: model.Attributes, wire: operation_pb2.Attributes) -> None:
    """Writes attributes into `wire`, which is thereby present."""
    wire.SetInParent()
    if attributes.mtime_ns is not None:
        wire.mtime_ns = clamp_time(attributes.mtime_ns)
    if attributes.executable is not None:
        wire.executable = attributes.executable


def attributes_from_wire(wire: operation_pb2.Attributes) -> model.Attributes:
    """Returns attributes; what is absent is None."""
    return model.Attributes(
        wire.mtime_ns if wire.HasField("mtime_ns") else None,
        wire.executable if wire.HasField("executable") else None,
    )


def upload_to_wire(upload: model.Upload, wire: operation_pb2.Upload | None = None) -> operation_pb2.Upload:
    """Returns what is to be written where, as a message; fills `wire` if one is given."""
    if wire is None:
        wire = operation_pb2.Upload()
    wire.path = upload.path
    wire.size = upload.size
    _expectation_to_wire(upload.expected, wire.expectation)
    if upload.digest is not None:
        wire.digest.algorithm, wire.digest.value = upload.digest
    if upload.attributes != _NO_ATTRIBUTES:
        attributes_to_wire(upload.attributes, wire.attributes)
    if upload.extra:
        wire.extra = upload.extra
    return wire


def upload_from_wire(wire: operation_pb2.Upload) -> model.Upload:
    """Returns what is to be written where.

    Raises:
        InvalidPath: It does not say what is expected to be there.
    """
    digest = wire.digest if wire.HasField("digest") else None
    return model.Upload(
        path=wire.path,
        expected=_expected(wire.path, wire.expectation),
        size=wire.size,
        digest=(digest.algorithm, digest.value) if digest is not None else None,
        attributes=attributes_from_wire(wire.attributes) if wire.HasField("attributes") else _NO_ATTRIBUTES,
        extra=wire.extra,
    )


def local_file_to_wire(local_file: model.LocalFile, wire: operation_pb2.LocalFile) -> None:
    """Writes where on this host the content is into `wire`."""
    wire.root = local_file.root
    wire.path = local_file.path
    identity_to_wire(local_file.identity, wire.identity)


def local_file_from_wire(wire: operation_pb2.LocalFile) -> model.LocalFile:
    """Returns where on this host the content is."""
    return model.LocalFile(wire.root, wire.path, identity_from_wire(wire.identity))


def operation_to_wire(
    operation: model.Operation, wire: operation_pb2.Operation | None = None
) -> operation_pb2.Operation:
    """Returns an operation as a message.

    The message of a single RPC is in it, under the name the RPC's request gives it: `wire.move` for `MoveFile`.

    Args:
        operation: What is to be done.
        wire: An empty message to fill; None makes a new one.
    """
    if wire is None:
        wire = operation_pb2.Operation()
    match operation:
        case model.Write():
            _write_to_wire(operation, wire.write)
        case model.Delete():
            wire.deletion.path = operation.path
            wire.deletion.expectation.revision = operation.expected
        case model.Move():
            _relocation_to_wire(operation, wire.move)
        case model.MakeDirectory():
            wire.directory_creation.path = operation.path
        case model.SetAttributes():
            change = wire.attribute_change
            change.path = operation.path
            change.expectation.revision = operation.expected
            attributes_to_wire(operation.attributes, change.attributes)
        case model.Copy():
            _relocation_to_wire(operation, wire.copy)
        case model.WriteSymlink():
            _symlink_to_wire(operation, wire.symlink_write)
        case _:
            assert_never(operation)
    return wire


def operation_from_wire(wire: operation_pb2.Operation) -> model.Operation:
    """Returns the operation of a message.

    Raises:
        InvalidPath: It names no action, no content, or not what is expected to be there.
    """
    match wire.WhichOneof("action"):
        case "write":
            return model.Write(upload_from_wire(wire.write.upload), _content_from_wire(wire.write))
        case "deletion":
            deletion = wire.deletion
            return model.Delete(deletion.path, _expected_revision(deletion.path, deletion.expectation))
        case "move":
            move = wire.move
            return model.Move(move.path, _expected_revision(move.path, move.expectation), move.destination)
        case "directory_creation":
            return model.MakeDirectory(wire.directory_creation.path)
        case "attribute_change":
            change = wire.attribute_change
            expected = _expected_revision(change.path, change.expectation)
            return model.SetAttributes(change.path, expected, attributes_from_wire(change.attributes))
        case "copy":
            copy = wire.copy
            return model.Copy(copy.path, _expected_revision(copy.path, copy.expectation), copy.destination)
        case "symlink_write":
            link = wire.symlink_write
            attributes = attributes_from_wire(link.attributes)
            return model.WriteSymlink(link.path, _expected(link.path, link.expectation), link.target, attributes)
        case _:
            message = "an operation without an action, or with one that this driver is too old to know"
            raise InvalidPath(message)


def result_to_wire(
    result: model.Observation | DriverError, wire: operation_pb2.OperationResult | None = None
) -> operation_pb2.OperationResult:
    """Returns what became of an operation, as a message; fills `wire` if one is given."""
    if wire is None:
        wire = operation_pb2.OperationResult()
    if isinstance(result, DriverError):
        wire.error.CopyFrom(error_to_wire(result))
    else:
        observation_to_wire(result, wire.done)
    return wire


def result_from_wire(wire: operation_pb2.OperationResult) -> model.Observation | DriverError:
    """Returns what became of an operation: what is there now, or why it was not done."""
    which = wire.WhichOneof("outcome")
    if which == "done":
        return observation_from_wire(wire.done)
    if which == "error":
        return error_from_wire(wire.error)
    return OutcomeUnknown("the driver did not say what became of the operation")


def _symlink_to_wire(link: model.WriteSymlink, wire: operation_pb2.SymlinkWrite) -> None:
    wire.path = link.path
    _expectation_to_wire(link.expected, wire.expectation)
    wire.target = link.target
    if link.attributes != _NO_ATTRIBUTES:
        attributes_to_wire(link.attributes, wire.attributes)


def _expectation_to_wire(expected: str | None, wire: operation_pb2.Expectation) -> None:
    if expected is None:
        wire.absent.SetInParent()
    else:
        wire.revision = expected


def _write_to_wire(write: model.Write, wire: operation_pb2.Write) -> None:
    upload_to_wire(write.upload, wire.upload)
    if isinstance(write.content, model.LocalFile):
        local_file_to_wire(write.content, wire.content.local_file)
    else:
        wire.content.data = write.content


def _relocation_to_wire(operation: model.Move | model.Copy, wire: operation_pb2.Move | operation_pb2.Copy) -> None:
    wire.path = operation.path
    wire.expectation.revision = operation.expected
    wire.destination = operation.destination


def _content_from_wire(wire: operation_pb2.Write) -> bytes | model.LocalFile:
    content = wire.content
    match content.WhichOneof("source"):
        case "data":
            return content.data
        case "local_file":
            return local_file_from_wire(content.local_file)
        case _:
            message = f"the upload of {wire.upload.path!r} has no content"
            raise InvalidPath(message)


def _expected(path: str, expectation: operation_pb2.Expectation) -> str | None:
    """Returns the revision that must be there, or None for nothing at all."""
    which = expectation.WhichOneof("state")
    if which == "revision":
        return expectation.revision
    if which == "absent":
        return None
    message = f"the operation on {path!r} does not say what is expected to be there"
    raise InvalidPath(message)


def _expected_revision(path: str, expectation: operation_pb2.Expectation) -> str:
    """Returns the revision that must be there, for operations that need an entry."""
    expected = _expected(path, expectation)
    if expected is None:
        message = f"the operation on {path!r} must name the revision that is expected to be there"
        raise InvalidPath(message)
    return expected
