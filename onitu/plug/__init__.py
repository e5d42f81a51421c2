"""The SDK for drivers in Python: everything a driver may import of Onitu, also reachable as `onitu.api`.

A driver is a package with a `Plug` called `plug` and a function `start`, found by the entry point group
`onitu.drivers`. Start reading at `plug`, then `handlers`; `values` is what handlers are given. The rest serves them:
`servicer` turns calls into handlers' calls, `stream`, `scan` and `outbox` are the change stream, `server` and
`__main__` the process.
"""

from onitu.core.capability import Conditional, Mode, NameComparison
from onitu.core.model import (
    Absent,
    Attributes,
    FileIdentity,
    Inadmissible,
    Kept,
    Kind,
    LocalFile,
    Present,
    State,
    Unknown,
    Upload,
)
from onitu.core.paths import link_fault
from onitu.errors import (
    Corrupted,
    CursorExpired,
    DriverError,
    InvalidPath,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    RevisionMismatch,
    ServiceError,
    SourceChanged,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from onitu.plug.changes import Changes
from onitu.plug.local import identity_of
from onitu.plug.plug import Plug
from onitu.plug.values import Folder, FolderReport, Metadata, RootState

__all__ = [
    "Absent",
    "Attributes",
    "Changes",
    "Conditional",
    "Corrupted",
    "CursorExpired",
    "DriverError",
    "FileIdentity",
    "Folder",
    "FolderReport",
    "Inadmissible",
    "InvalidPath",
    "Kept",
    "Kind",
    "LocalFile",
    "Metadata",
    "Mode",
    "NameComparison",
    "NotFound",
    "OutcomeUnknown",
    "PermissionDenied",
    "Plug",
    "Present",
    "QuotaExceeded",
    "RateLimited",
    "RevisionMismatch",
    "RootState",
    "ServiceError",
    "SourceChanged",
    "State",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "Unknown",
    "Unsupported",
    "Upload",
    "identity_of",
    "link_fault",
]
