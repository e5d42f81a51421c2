"""Between what was seen, in values of the core, and the messages of the contract, in pairs.

These functions run once for every file, so they are written for speed: fields are set one by one on messages made
empty (which is faster than keyword arguments), sub-messages are filled in place instead of being copied, and presence
is asked for only where it means something.

What a driver sends may be nonsense. A malformed observation becomes `Unknown`, which is never taken for absence and
stops nothing else. Times beyond what 64 bits of nanoseconds can say (before 1677, after 2262) are clamped to the
nearest time that can be said.

This file knows no transport and does no I/O. Import it through `onitu.rpc.convert`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from onitu.core import model
from onitu.core.model import Kind
from onitu.errors import DriverError
from onitu.rpc.gen import driver_pb2, observation_pb2
from onitu.rpc.status import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableSequence

_EARLIEST = -(1 << 63)
_LATEST = (1 << 63) - 1
_MAX_U64 = (1 << 64) - 1

_KINDS = {int(kind): kind for kind in Kind}
_ABSENT = model.Absent()


def clamp_time(nanoseconds: int) -> int:
    """Returns the nearest time that the wire can say; nearly always `nanoseconds` itself."""
    if _EARLIEST <= nanoseconds <= _LATEST:
        return nanoseconds
    return _EARLIEST if nanoseconds < 0 else _LATEST


def digests_to_wire(digests: Mapping[str, bytes], wire: MutableSequence[observation_pb2.Digest]) -> None:
    """Appends digests, given by algorithm, to a repeated field."""
    for algorithm, value in digests.items():
        wire.append(observation_pb2.Digest(algorithm=algorithm, value=value))


def digests_from_wire(wire: Iterable[observation_pb2.Digest]) -> dict[str, bytes]:
    """Returns digests by algorithm. An empty one says nothing and is left out."""
    return {digest.algorithm: digest.value for digest in wire if digest.value}


def identity_to_wire(identity: model.FileIdentity, wire: observation_pb2.FileIdentity) -> None:
    """Writes which file of this host is meant into `wire`."""
    wire.device = identity.device
    wire.inode = identity.inode
    wire.size = identity.size
    wire.mtime_ns = clamp_time(identity.mtime_ns)
    wire.ctime_ns = clamp_time(identity.ctime_ns)


def identity_from_wire(wire: observation_pb2.FileIdentity) -> model.FileIdentity:
    """Returns which file of this host is meant."""
    return model.FileIdentity(wire.device, wire.inode, wire.size, wire.mtime_ns, wire.ctime_ns)


def identity_from_revision(revision: str) -> model.FileIdentity:
    """Returns the identity that a driver with a local root spells as the revision of a file.

    Args:
        revision: "device:inode:size:mtime_ns:ctime_ns", in decimal.

    Raises:
        DriverError: It is spelled in another way, so the driver does not keep the contract.
    """
    message = f"revision {revision!r} is not the identity of a file, which a driver with a local root must answer"
    try:
        device, inode, size, mtime_ns, ctime_ns = map(int, revision.split(":"))
    except ValueError as error:
        raise DriverError(message) from error
    # What does not fit into the messages that carry it on would fail there, far from whose fault it is.
    if not (0 <= device <= _MAX_U64 and 0 <= inode <= _MAX_U64 and 0 <= size <= _MAX_U64):
        raise DriverError(message)
    return model.FileIdentity(device, inode, size, mtime_ns, ctime_ns)


def revision_of_identity(identity: model.FileIdentity) -> str:
    """Returns the revision that a driver with a local root gives to this file."""
    return f"{identity.device}:{identity.inode}:{identity.size}:{identity.mtime_ns}:{identity.ctime_ns}"


def present_to_wire(present: model.Present, wire: observation_pb2.Present) -> None:
    """Writes an entry into `wire`, an empty message."""
    wire.kind = present.kind  # type: ignore[assignment]  # The stubs want the enum; its numbers are ours.
    wire.revision = present.revision
    if present.size:
        wire.size = present.size
    if present.mtime_ns is not None:
        wire.mtime_ns = clamp_time(present.mtime_ns)
    if present.native_id:
        wire.native_id = present.native_id
    if present.executable is not None:
        wire.executable = present.executable
    if present.target is not None:
        wire.link_target = present.target
    if present.digests:
        digests_to_wire(present.digests, wire.digests)
    if present.extra:
        wire.extra = present.extra
    if present.racy:
        wire.racy = True


def kept_to_wire(kept: model.Kept) -> driver_pb2.KeptEntry:
    """Returns a retained copy as the contract has it. Its digests are the core's own and do not travel."""
    wire = driver_pb2.KeptEntry(id=kept.id, path=kept.path, size=kept.size, kept_at_ns=clamp_time(kept.kept_at_ns))
    wire.kind = kept.kind  # type: ignore[assignment]  # As above.
    if kept.mtime_ns is not None:
        wire.mtime_ns = clamp_time(kept.mtime_ns)
    if kept.target is not None:
        wire.link_target = kept.target
    if kept.executable is not None:
        wire.executable = kept.executable
    return wire


def kept_from_wire(wire: driver_pb2.KeptEntry) -> model.Kept:
    """Returns a retained copy. Something of an unknown kind is taken for a file, of which there are bytes at least."""
    return model.Kept(
        id=wire.id,
        path=wire.path,
        kind=_KINDS.get(wire.kind, Kind.FILE),
        kept_at_ns=wire.kept_at_ns,
        size=wire.size,
        mtime_ns=wire.mtime_ns if wire.HasField("mtime_ns") else None,
        target=wire.link_target if wire.HasField("link_target") else None,
        executable=wire.executable if wire.HasField("executable") else None,
    )


def present_from_wire(wire: observation_pb2.Present) -> model.Present | model.Unknown:
    """Returns an entry, or `Unknown` where the message breaks the contract."""
    kind = _KINDS.get(wire.kind)
    revision = wire.revision
    if kind is None:
        return model.Unknown(f"the driver reported an entry of the unknown kind {wire.kind}")
    if not revision:
        return model.Unknown("the driver reported an entry without a revision")
    has = wire.HasField
    if kind is Kind.SYMLINK and not wire.link_target:
        return model.Unknown("the driver reported a symbolic link without a target")
    return model.Present(
        kind=kind,
        revision=revision,
        size=wire.size,
        mtime_ns=wire.mtime_ns if has("mtime_ns") else None,
        native_id=wire.native_id,
        executable=wire.executable if has("executable") else None,
        target=wire.link_target if kind is Kind.SYMLINK and has("link_target") else None,
        digests=digests_from_wire(wire.digests),
        extra=wire.extra,
        racy=wire.racy,
    )


def observation_to_wire(
    observation: model.Observation, wire: observation_pb2.Observation | None = None
) -> observation_pb2.Observation:
    """Returns what was seen at a path, as a message.

    Args:
        observation: What was seen.
        wire: An empty message to fill, for example one just added to a batch; None makes a new one.
    """
    if wire is None:
        wire = observation_pb2.Observation()
    wire.path = observation.path
    wire.observed_seq = observation.seq
    if observation.moved_from is not None:
        wire.moved_from = observation.moved_from
    state = observation.state
    if isinstance(state, model.Present):
        present_to_wire(state, wire.present)
    elif isinstance(state, model.Absent):
        wire.absent.SetInParent()
    elif isinstance(state, model.Unknown):
        wire.unknown.reason = printable(state.reason)
        wire.unknown.SetInParent()
    elif isinstance(state, model.Inadmissible):
        _inadmissible_to_wire(state, wire.inadmissible)
    else:
        assert_never(state)
    return wire


def observation_from_wire(wire: observation_pb2.Observation) -> model.Observation:
    """Returns what was seen at a path. A message that breaks the contract is `Unknown` with the reason."""
    which = wire.WhichOneof("state")
    state: model.State
    if which == "present":
        state = present_from_wire(wire.present)
    elif which == "absent":
        state = _ABSENT
    elif which == "inadmissible":
        inadmissible = wire.inadmissible
        state = model.Inadmissible(inadmissible.reason, inadmissible.revision, inadmissible.native_id)
    elif which == "unknown":
        state = model.Unknown(wire.unknown.reason)
    else:
        state = model.Unknown("the driver sent an observation without a state")
    moved_from = wire.moved_from or None
    return model.Observation(wire.path, state, wire.observed_seq, moved_from)


def _inadmissible_to_wire(state: model.Inadmissible, wire: observation_pb2.Inadmissible) -> None:
    wire.SetInParent()
    wire.reason = printable(state.reason)
    wire.revision = state.revision
    if state.native_id:
        wire.native_id = state.native_id
