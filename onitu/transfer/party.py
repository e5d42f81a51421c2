"""The two ends of a transfer, and what it means when one of them fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

import msgspec
import trio

from onitu.core.answers import Mangled
from onitu.core.model import DIGEST, Attributes, Kind, Observation, Present, Upload
from onitu.core.plan import Source, Task
from onitu.errors import DriverError, InvalidPath, RevisionMismatch, SourceChanged, TooLarge, Unavailable, Unsupported
from onitu.host.client import DriverClient
from onitu.transfer.pace import Pace

Outcome: TypeAlias = Observation | DriverError


class Party(Protocol):
    """A service, as far as moving bytes needs it."""

    @property
    def folder(self) -> str:
        """Name of the folder."""

    @property
    def client(self) -> DriverClient:
        """Its driver."""

    @property
    def local_root(self) -> str | None:
        """Absolute path of the folder's root on this host, if other drivers may read there."""

    @property
    def reading(self) -> trio.CapacityLimiter:
        """Held while a file is read from there as a stream."""

    @property
    def pace(self) -> Pace:
        """How fast bytes may go there and come from there."""


#: What a source cannot do now it cannot do in a minute either. What the driver calls its own fault is not tried again
#: until something changes (CONTRACT D8).
_LASTING = (DriverError, Unsupported, TooLarge, InvalidPath)

#: Gives a service that is read, or None for one that is not active now.
Parties: TypeAlias = Callable[[str], Party | None]


def attributes_of(task: Task) -> Attributes:
    """Returns what travels with the content of a task."""
    return Attributes(task.version.mtime_ns, task.version.executable)


def upload_of(task: Task) -> Upload:
    """Returns what a task writes."""
    digest = task.version.digests.get(DIGEST)
    return Upload(
        path=task.path,
        expected=task.expected,
        size=task.version.size,
        digest=(DIGEST, digest) if digest is not None else None,
        attributes=attributes_of(task),
        extra=task.extra,
    )


def compared(upload: Upload, answer: Observation) -> Outcome:
    """Returns an answer to a write, or what is wrong with it: the bytes that are there are not those that were sent.

    Args:
        upload: What was sent, with its digest where that is known.
        answer: What is there now, with its digest where the service tells.
    """
    there = answer.state
    if upload.digest is None or not isinstance(there, Present):
        return answer
    algorithm, sent = upload.digest
    if there.digests.get(algorithm, sent) == sent:
        if there.kind is Kind.FILE and there.size != upload.size:
            # Written again already, by somebody else: the digest of what was sent is not that of what is there.
            return msgspec.structs.replace(answer, state=msgspec.structs.replace(there, digests={}))
        return answer
    return Mangled(f"{upload.path!r}: what was written has other bytes than what was sent; it is written again", answer)


def not_active(service: str) -> Unavailable:
    """Returns the error of a task whose source is not there."""
    return Unavailable(f"the source {service} is not active now")


def read_failed(source: Source, error: DriverError) -> DriverError:
    """Returns the error of a task whose source could not be read; nothing was written then."""
    if isinstance(error, RevisionMismatch):
        return SourceChanged(f"{source.path!r} changed on {source.service} while it was read")
    kind: type[DriverError] = Unavailable
    if type(error) in _LASTING:
        kind = type(error)
    failed = kind(f"{source.path!r} cannot be read on {source.service}: {error}")
    failed.__cause__ = error
    return failed
