"""The handlers of `s3`.

Nothing is done here but to find the folder's root and hand over. The handlers are called from several threads; what
they share is the table of roots, which changes only when the service is configured.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from onitu.plug import (
    Conditional,
    FolderReport,
    InvalidPath,
    Metadata,
    Mode,
    Plug,
    RootState,
)
from onitu.plug.digests import COMPUTED, read_digest
from onitu.plug.roots import Roots, open_root

from . import reading, uploads, versions, writing
from .bucket import CONNECTIONS, Bucket
from .failures import NoBucket
from .listing import Lister
from .place import BucketPlace
from .probe import Conditions, probe
from .root import Root
from .signing import Credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onitu.plug import Absent, Attributes, Folder, Inadmissible, Kept, Present

MOST_AT_ONCE: Final = 300
"""Operations in one call: each is a request or two, and a call is to be answered within seconds."""

plug = Plug()
plug.declare(
    staging=True,
    executable=True,
    mtime_precision_ns=1,
    conditional=Conditional.BEST_EFFORT,
    computed_digests=COMPUTED,
    max_concurrency=CONNECTIONS,
    max_batch_items=MOST_AT_ONCE,
    parallel=CONNECTIONS,
    pinned=True,
)

_roots = Roots[Root]()
_buckets: dict[tuple[object, ...], tuple[Bucket, Conditions | None]] = {}
_lister = Lister()
_uploads = uploads.Uploads()


def start() -> None:
    """Serves until Onitu closes."""
    plug.listen()


@plug.handler()
def open_folder(folder: Folder) -> FolderReport:
    """Finds out what the store keeps, and opens the root of a folder."""
    _roots.pop(folder.name, None)
    options = plug.options
    prefix = _prefix_of(str(options["prefix"]), folder)
    bucket, conditions = _bucket()
    place = BucketPlace(bucket, prefix)
    identity = f"s3:{options['endpoint'] or 'aws'}/{bucket.name}/{place.below(folder.path)}"
    attributes = options["attributes"] is True
    try:
        report = open_root(plug, folder, place, identity=identity)
        if report.root_state is not RootState.OK:
            return report
        writable = Mode.WRITE in folder.mode
        if writable and conditions is None:
            conditions = probe(bucket, f"{place.below(folder.path)}.onitu/")
            _buckets[_identity()] = (bucket, conditions)
            _declare(bucket, conditions, attributes=attributes)
        root = Root(
            bucket,
            place.below(folder.path),
            conditions or Conditions(),
            marked=report.root_id != identity,
            attributes=attributes,
        )
        if writable:
            uploads.remove_leftovers(root)
    except NoBucket as error:
        return FolderReport(RootState.MISSING, reason=f"there is no bucket {bucket.name!r}: {error}")
    _roots[folder.name] = root
    return report


def _declare(bucket: Bucket, conditions: Conditions, *, attributes: bool) -> None:
    plug.declare(
        conditional=Conditional.ATOMIC if conditions.atomic else Conditional.BEST_EFFORT,
        trash=versions.is_versioned(bucket),
        executable=attributes,
        mtime_precision_ns=1 if attributes else 0,
        without=(*(() if attributes else ("set_attributes",)), *(() if conditions.marks else ("make_directory",))),
    )
    if not conditions.atomic:
        plug.logger.warning("conditions_ignored", extra={"service": plug.service_name, "reason": _not_kept(conditions)})


def _not_kept(conditions: Conditions) -> str:
    names = ", ".join(name for name in ("create", "replace", "delete", "complete") if not getattr(conditions, name))
    return f"the store does not keep its conditions ({names}): what changes at the same moment may be overwritten"


def _prefix_of(prefix: str, folder: Folder) -> str:
    parts = [*prefix.strip("/").split("/"), *folder.path.split("/")]
    if (prefix.strip("/") and not all(parts[:-1])) or ".." in parts:
        raise InvalidPath(f"{folder.path!r} below {prefix!r} is no place for the folder {folder.name!r}")
    return f"{prefix.strip('/')}/" if prefix.strip("/") else ""


def _identity() -> tuple[object, ...]:
    return tuple(sorted((key, str(value)) for key, value in plug.options.items()))


def _bucket() -> tuple[Bucket, Conditions | None]:
    known = _buckets.get(_identity())
    if known is not None:
        return known
    options = plug.options
    token = options["session_token"]
    bucket = Bucket(
        str(options["bucket"]),
        endpoint=None if options["endpoint"] is None else str(options["endpoint"]),
        region=str(options["region"]),
        credentials=Credentials(
            access_key=str(options["access_key"]),
            secret_key=str(options["secret_key"]),
            token=None if token is None else str(token),
        ),
        virtual={"path": False, "virtual": True}.get(str(options["addressing"])),
        ca_file=None if options["ca_file"] is None else str(options["ca_file"]),
    )
    _buckets.clear()
    _buckets[_identity()] = (bucket, None)
    return bucket, None


@plug.handler()
def list_directory(folder: Folder, path: str) -> Iterator[tuple[str, Present | Inadmissible]]:
    """Lists a directory."""
    return _lister.entries(_roots[folder.name], path)


@plug.handler()
def stat_file(metadata: Metadata) -> Present | Absent | Inadmissible:
    """Observes one entry."""
    return _roots[metadata.folder].observe(metadata.filename)


@plug.handler()
def get_file(metadata: Metadata) -> bytes:
    """Reads a whole file."""
    return reading.read_whole(_roots[metadata.folder], metadata.filename, str(metadata.revision))


@plug.handler()
def get_chunk(metadata: Metadata, offset: int, size: int) -> bytes:
    """Reads a part of a file."""
    return reading.read_part(_roots[metadata.folder], metadata.filename, str(metadata.revision), offset, size)


@plug.handler()
def get_digest(metadata: Metadata, algorithm: str) -> bytes:
    """Computes a digest by reading the file."""
    return read_digest(algorithm, partial(get_chunk, metadata))


@plug.handler()
def upload_file(metadata: Metadata, content: bytes) -> Present:
    """Writes a whole file."""
    return writing.upload(_roots[metadata.folder], metadata, content)


@plug.handler()
def start_upload(metadata: Metadata) -> None:
    """Begins to take a file in chunks."""
    root = _roots[metadata.folder]
    root.key(metadata.filename)
    root.require_above(metadata.filename)
    _uploads.start(root, metadata)


@plug.handler()
def upload_chunk(metadata: Metadata, offset: int, chunk: bytes) -> None:
    """Takes one chunk."""
    _uploads.write(metadata, offset, chunk)


@plug.handler()
def restart_upload(metadata: Metadata, _offset: int) -> int:
    """Returns how many bytes of an upload are here."""
    return _uploads.restart(metadata)


@plug.handler()
def end_upload(metadata: Metadata) -> Present:
    """Makes an upload visible."""
    return _uploads.end(metadata)


@plug.handler()
def abort_upload(metadata: Metadata) -> None:
    """Removes what was sent of an upload."""
    _uploads.abort(_roots[metadata.folder], metadata.session)


@plug.handler()
def delete_file(metadata: Metadata) -> None:
    """Removes a file or an empty directory."""
    writing.delete(_roots[metadata.folder], metadata.filename, metadata.required)


@plug.handler()
def move_file(old: Metadata, new: Metadata) -> Present:
    """Renames a file."""
    return writing.move(_roots[old.folder], old.filename, old.required, new)


@plug.handler()
def copy_file(old: Metadata, new: Metadata) -> Present:
    """Copies a file within the store."""
    return writing.copy(_roots[old.folder], old.filename, old.required, new)


@plug.handler()
def make_directory(metadata: Metadata) -> Present:
    """Makes one directory."""
    return writing.make_directory(_roots[metadata.folder], metadata.filename)


@plug.handler()
def set_attributes(metadata: Metadata, attributes: Attributes) -> Present:
    """Sets the time and the executable bit."""
    return writing.set_attributes(_roots[metadata.folder], metadata.filename, metadata.required, attributes)


@plug.handler()
def list_trash(folder: Folder, path: str, after: str) -> list[Kept]:
    """Lists what was replaced or deleted, where the bucket is versioned."""
    return versions.list_kept(_roots[folder.name], path, after)


@plug.handler()
def read_trash(folder: Folder, kept: str, offset: int, size: int) -> bytes:
    """Reads a part of what was replaced or deleted."""
    return versions.read_kept(_roots[folder.name], kept, offset, size)


@plug.handler()
def close() -> None:
    """Lets go of the connections."""
    _roots.clear()
    for bucket, _ in _buckets.values():
        bucket.close()
    _buckets.clear()
