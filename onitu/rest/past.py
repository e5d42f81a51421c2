"""What became of files and what is kept of them, as bodies; `onitu log --json` prints the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onitu.core.model import Kept, Kind
from onitu.referee.past import Copy
from onitu.rest.filebodies import KeptCopy, LogCopy, LogEntry

if TYPE_CHECKING:
    from onitu.config.values import Setup
    from onitu.core.capability import Mode
    from onitu.referee.past import Entry


def modes_of(setup: Setup, folder: str) -> dict[str, Mode]:
    """Returns the services of a folder, with what may be done there."""
    return {one.name: one.folders[folder].mode for one in setup.services.values() if folder in one.folders}


def entry_of(entry: Entry) -> LogEntry:
    """Returns the body of what became of a file at one time."""
    line, version = entry.line, entry.line.version
    return LogEntry(
        version=entry.label or None,
        event=line.event.value,
        at=line.at,
        service=line.service or None,
        path=line.path or None,
        kind=version.kind.name.lower() if version is not None else None,
        size=version.size if version is not None else None,
        mtime_ns=version.mtime_ns if version is not None else None,
        digests=_hex(version.digests) if version is not None else {},
        current=entry.current,
        restorable=bool(entry.copies) and not entry.current,
        kept=[LogCopy(service=copy.service, id=copy.kept.id) for copy in entry.copies],
    )


def copy_of(copy: Copy) -> KeptCopy:
    """Returns the body of a retained copy."""
    kept = copy.kept
    return KeptCopy(
        folder=copy.folder,
        path=kept.path,
        service=copy.service,
        keeper=copy.keeper,
        id=kept.id,
        kind=kept.kind.name.lower(),
        kept_at_ns=kept.kept_at_ns,
        size=kept.size,
        mtime_ns=kept.mtime_ns,
        target=kept.target,
        executable=kept.executable,
        digests=_hex(kept.digests),
    )


def copy_from(body: KeptCopy) -> Copy:
    """Returns the retained copy of a body."""
    kept = Kept(
        id=body.id,
        path=body.path,
        kind=Kind[body.kind.upper()],
        kept_at_ns=body.kept_at_ns,
        size=body.size,
        mtime_ns=body.mtime_ns,
        target=body.target,
        executable=body.executable,
        digests={name: bytes.fromhex(digest) for name, digest in body.digests.items()},
    )
    return Copy(folder=body.folder, service=body.service, kept=kept, keeper=body.keeper)


def _hex(digests: dict[str, bytes]) -> dict[str, str]:
    return {name: digest.hex() for name, digest in sorted(digests.items())}
