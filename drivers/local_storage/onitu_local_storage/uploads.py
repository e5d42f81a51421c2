"""Uploads that come in chunks. Each is a file in `.onitu/tmp` that bears the name of its session.

Only the file is kept, for a week after the last chunk: a driver process that is started anew knows no upload but those
it finds there, and how far each has come by its length.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from onitu.plug import DriverError, InvalidPath, NotFound

from . import beneath, content, staging, write
from .area import UPLOAD_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from onitu.plug import Metadata, Present, Upload

    from .area import Area
    from .root import Root
    from .staging import Staged

_SESSION = re.compile(r"[0-9A-Za-z_-]{1,100}")


def of(metadata: Metadata) -> Upload:
    """Returns what is to be written."""
    if metadata.upload is None:
        raise DriverError(f"{metadata.filename!r}: it was not said what to write")
    return metadata.upload


def start(root: Root, metadata: Metadata) -> None:
    """Stages an empty file.

    Raises:
        RevisionMismatch: Something else is there than is expected.
    """
    area = root.writable()
    upload, name = of(metadata), _name(metadata)
    write.require_beforehand(root, upload)
    os.close(staging.create_named(area, name, executable=upload.attributes.executable is True).fd)


def restart(root: Root, metadata: Metadata) -> int:
    """Returns how many bytes are staged.

    Raises:
        NotFound: There is no such session.
        RevisionMismatch: Something else is there than is expected.
    """
    upload = of(metadata)
    staged = _reopen(root.writable(), metadata)
    try:
        write.require_beforehand(root, upload)
        os.utime(staged.fd)  # Another week.
        # Should it be longer than it can be, the digest at the end would tell; here it may begin again.
        size = os.fstat(staged.fd).st_size
        if size > upload.size:
            os.ftruncate(staged.fd, 0)
            return 0
        return size
    finally:
        os.close(staged.fd)


def write_chunk(root: Root, metadata: Metadata, offset: int, chunk: bytes) -> None:
    """Stages one chunk.

    Raises:
        NotFound: There is no such session.
    """
    staged = _reopen(root.writable(), metadata)
    try:
        content.write_sparse(staged.fd, chunk, offset)
    finally:
        os.close(staged.fd)


def end(root: Root, metadata: Metadata, looking: Callable[[], object] = int) -> Present:
    """Verifies what was staged and makes it visible.

    Args:
        root: Of the folder.
        metadata: With the session.
        looking: Called once it is there, right before it is looked at.

    Raises:
        NotFound: There is no such session.
        Corrupted: What was staged is not what was announced.
        RevisionMismatch: Something else is there than is expected; nothing has changed.
    """
    upload = of(metadata)
    path = beneath.encode(upload.path)
    staged = _reopen(root.writable(), metadata)
    try:
        content.require_size(os.fstat(staged.fd).st_size, upload)
        algorithm, announced = upload.digest or ("blake3", None)
        digest = content.hash_file(staged.fd, algorithm)
        if announced is not None:
            content.require_digest(digest, announced)
        directory = beneath.open_directory(root.fd, path.rpartition(b"/")[0])
        try:
            return write.publish(staged, directory, path, upload, {algorithm: digest}, looking)
        finally:
            os.close(directory)
    finally:
        # What could not be published stays staged: the core tries again, or aborts.
        os.close(staged.fd)


def abort(root: Root, metadata: Metadata) -> None:
    """Removes what was staged. That there is nothing is fine."""
    try:
        os.unlink(_name(metadata), dir_fd=root.writable().tmp)
    except FileNotFoundError:
        pass


def _name(metadata: Metadata) -> bytes:
    if not _SESSION.fullmatch(metadata.session):
        raise InvalidPath(f"{metadata.session!r} is no session of this driver")
    return f"{UPLOAD_PREFIX}{metadata.session}".encode()


def _reopen(area: Area, metadata: Metadata) -> Staged:
    try:
        return staging.reopen(area, _name(metadata))
    except FileNotFoundError as error:
        raise NotFound(f"{metadata.filename!r}: nothing is staged for {metadata.session!r}") from error
