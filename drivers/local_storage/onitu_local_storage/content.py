"""Bytes: reading them at a pinned revision, writing them, hashing them on the way.

This module works on open files. It knows neither names nor directories, and decides nothing about what is replaced.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat as mode_of
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from blake3 import blake3

from onitu.plug import Corrupted, RevisionMismatch, SourceChanged, Unsupported, identity_of
from onitu.plug.digests import DropboxHash

from . import beneath, system
from .failures import from_os_error, is_missing
from .observe import revision_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from onitu.plug import LocalFile, Upload

SMALL = 1024 * 1024
"""Up to this size a file is read, hashed and written in one piece: three calls, and its digest costs nothing."""

_PIECE = 1024 * 1024  # Larger pieces gain nothing and leave the processor's cache.
_KERNEL_PIECE = 256 * 1024 * 1024  # A copy within the kernel cannot be interrupted: half a second at most each.
_ZEROS = bytes(_PIECE)
_RUN = 64 * 1024  # Zeros are left out by as much: fewer are not worth a call.
_ZERO_RUN = bytes(_RUN)
_BLOCK = 512  # The unit of st_blocks, whatever the file system's own is.
_READ = os.O_RDONLY | os.O_NONBLOCK  # Should a pipe be there by now, opening it must not wait for a writer.


class Hash(Protocol):
    """What `hashlib` and `blake3` have in common."""

    def update(self, data: bytes | memoryview, /) -> object:
        """Takes more bytes."""

    def digest(self) -> bytes:
        """Returns the digest of all bytes taken."""


_HASHES: dict[str, Callable[[], Hash]] = {
    "blake3": blake3,
    "sha256": hashlib.sha256,
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "dropbox": DropboxHash,
}

ALGORITHMS = tuple(_HASHES)
"""The digests a local disk can compute."""


def new_hash(algorithm: str) -> Hash:
    """Returns an empty hash.

    Raises:
        Unsupported: The algorithm is not known.
    """
    make = _HASHES.get(algorithm)
    if make is None:
        raise Unsupported(f"no digest named {algorithm!r}; there are {', '.join(ALGORITHMS)}")
    return make()


@contextmanager
def pinned(root: int, path: str, revision: object) -> Iterator[int]:
    """Opens a file for reading, and makes sure that it is the same one before and after.

    Args:
        root: Descriptor of the folder's root.
        path: Of the file.
        revision: The one wanted.

    Raises:
        RevisionMismatch: Another revision is there, or came while it was read.
        NotFound: Nothing is there.
    """
    encoded = beneath.encode(path)
    descriptor = beneath.open_beneath(root, encoded, _READ)
    try:
        _require_revision(descriptor, revision, path)
        yield descriptor
        _require_revision(descriptor, revision, path)
    finally:
        os.close(descriptor)


def _require_revision(descriptor: int, revision: object, path: str) -> None:
    status = os.fstat(descriptor)
    if not mode_of.S_ISREG(status.st_mode) or revision_of(status) != revision:
        raise RevisionMismatch(f"{path!r} is no longer what was asked for")


def read_at(descriptor: int, offset: int, size: int) -> bytes:
    """Reads a part of a file: fewer bytes than asked for only at its end."""
    data = os.pread(descriptor, size, offset)
    if len(data) == size or not data:
        return data
    parts = [data]
    done = len(data)
    while done < size and (data := os.pread(descriptor, size - done, offset + done)):
        parts.append(data)
        done += len(data)
    return b"".join(parts)


def hash_file(descriptor: int, algorithm: str) -> bytes:
    """Returns the digest of an open file, from its first byte."""
    digest = new_hash(algorithm)
    buffer = memoryview(bytearray(_PIECE))
    offset = 0
    while count := os.preadv(descriptor, [buffer], offset):
        digest.update(buffer[:count])
        offset += count
    return digest.digest()


def write_at(descriptor: int, data: bytes | memoryview, offset: int) -> None:
    """Writes all the bytes, at an offset."""
    done = os.pwrite(descriptor, data, offset)
    if done < len(data):
        view = memoryview(data)
        while done < len(view):
            done += os.pwrite(descriptor, view[done:], offset + done)


def write_sparse(descriptor: int, data: bytes, offset: int) -> None:
    """Writes all the bytes at an offset, but leaves holes for zeros beyond what was written before."""
    written, zeros_from = 0, max(0, os.fstat(descriptor).st_size - offset)
    for begin in range(0, len(data), _RUN):
        last = min(begin + _RUN, len(data)) - 1
        if begin < zeros_from or data[begin] or data[last] or data[begin : last + 1] != _ZERO_RUN[: last + 1 - begin]:
            continue
        if written < begin:
            write_at(descriptor, memoryview(data)[written:begin], offset + written)
        written = last + 1
    if written < len(data):
        write_at(descriptor, memoryview(data)[written:] if written else data, offset + written)
    elif written:
        os.ftruncate(descriptor, offset + written)


def write_bytes(descriptor: int, content: bytes, upload: Upload) -> dict[str, bytes]:
    """Writes a whole file from memory.

    Args:
        descriptor: An empty file.
        content: Its bytes.
        upload: What was announced.

    Returns:
        The digests computed.

    Raises:
        Corrupted: The content is not what was announced.
    """
    require_size(len(content), upload)
    digests = {"blake3": blake3(content).digest()}
    if upload.digest is not None:
        algorithm, announced = upload.digest
        if algorithm not in digests:
            digest = new_hash(algorithm)
            digest.update(content)
            digests[algorithm] = digest.digest()
        require_digest(digests[algorithm], announced)
    if content:
        write_at(descriptor, content, 0)
    return digests


def require_size(size: int, upload: Upload) -> None:
    """Raises `Corrupted` unless this is the size that was announced."""
    if size != upload.size:
        raise Corrupted(f"{upload.path!r}: {size} bytes came, {upload.size} were announced")


def require_digest(digest: bytes, expected: bytes) -> None:
    """Raises `Corrupted` unless both digests are the same."""
    if digest != expected:
        raise Corrupted(f"the content has the digest {digest.hex()}, announced was {expected.hex()}")


def copy_local(descriptor: int, source: LocalFile, upload: Upload) -> dict[str, bytes]:
    """Writes a whole file from another file of this host.

    Args:
        descriptor: An empty file.
        source: Where the bytes are; opened beneath its root without following any symbolic link.
        upload: What was announced. A copy of full length that the kernel has made, of a source that is the same before
            and after, needs no digest to prove it (DESIGN §5).

    Returns:
        The digests computed; none of a large file that the kernel copied.

    Raises:
        SourceChanged: The source is not the file that was meant, before or after.
        Corrupted: The content is not what was announced.
    """
    try:
        origin = _open_source(source)
    except OSError as error:
        if is_missing(error) or error.errno == errno.ELOOP:
            raise SourceChanged(f"the source {source.path!r} is no longer in {source.root!r}") from error
        raise from_os_error(error, f"{source.root}/{source.path}") from error
    try:
        _require_identity(origin, source)
        size = source.identity.size
        if size <= SMALL:
            # Here we know: the size is that of the file, so one call reads it all, or it has changed.
            content = os.pread(origin, size, 0) if size else b""
            _require_identity(origin, source)
            return write_bytes(descriptor, content, upload)
        digests = _copy_large(origin, descriptor, size, upload.digest)
        _require_identity(origin, source)
        require_size(os.fstat(descriptor).st_size, upload)
        return digests
    finally:
        os.close(origin)


def _open_source(source: LocalFile) -> int:
    path = beneath.encode(source.path)
    root = os.open(source.root, os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY))
    try:
        return beneath.open_beneath(root, path, _READ)
    finally:
        os.close(root)


def _require_identity(origin: int, source: LocalFile) -> None:
    status = os.fstat(origin)
    if identity_of(status) != source.identity or not mode_of.S_ISREG(status.st_mode):
        raise SourceChanged(f"the source {source.path!r} in {source.root!r} has changed")


def _copy_large(origin: int, descriptor: int, size: int, announced: tuple[str, bytes] | None) -> dict[str, bytes]:
    if clone(origin, descriptor) or _copy_in_kernel(origin, descriptor, size):
        return {}
    digests: dict[str, Hash] = {"blake3": new_hash("blake3")}
    if announced is not None and announced[0] not in digests:
        digests[announced[0]] = new_hash(announced[0])
    _copy_through(origin, descriptor, digests)
    computed = {algorithm: digest.digest() for algorithm, digest in digests.items()}
    if announced is not None:
        require_digest(computed[announced[0]], announced[1])
    return computed


def clone(origin: int, descriptor: int) -> bool:
    """Makes a reflink, and tells whether the file system could."""
    try:
        system.clone(origin, descriptor)
    except OSError as error:
        if error.errno in system.LACKING or error.errno == errno.EXDEV:
            return False
        raise
    return True


def _copy_in_kernel(origin: int, descriptor: int, size: int) -> bool:
    """Copies without the bytes passing through this process, and tells whether it was possible. Holes stay holes."""
    if not hasattr(os, "copy_file_range"):
        return False
    for begin, end in data_of(origin, size):
        done = begin
        while done < end:
            try:
                count = os.copy_file_range(origin, descriptor, min(_KERNEL_PIECE, end - done), done, done)
            except OSError as error:
                if error.errno in system.LACKING or error.errno == errno.EXDEV:
                    return False
                raise
            if count == 0:
                return False  # Some file systems say so of files they cannot copy; at worst the file has shrunk.
            done += count
    os.ftruncate(descriptor, size)
    return True


def data_of(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """Yields the parts of an open file that are no holes, as (begin, end).

    Args:
        descriptor: The file.
        size: Its size.
    """
    if os.fstat(descriptor).st_blocks * _BLOCK >= size:
        yield 0, size
        return
    end = 0
    while end < size:
        try:
            begin = os.lseek(descriptor, end, os.SEEK_DATA)
            end = min(os.lseek(descriptor, begin, os.SEEK_HOLE), size)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return  # Nothing but a hole is left.
            if error.errno not in system.LACKING:
                raise
            begin, end = end, size  # It has fewer blocks than bytes for another reason, and cannot say where.
        if begin >= size:
            return
        yield begin, end


def copy_bytes(origin: int, descriptor: int) -> None:
    """Copies everything from one open file to another, empty one, in the cheapest way there is."""
    if clone(origin, descriptor):
        return
    if not _copy_in_kernel(origin, descriptor, os.fstat(origin).st_size):
        _copy_through(origin, descriptor, {})


def _copy_through(origin: int, descriptor: int, digests: dict[str, Hash]) -> None:
    buffer = bytearray(_PIECE)
    view = memoryview(buffer)
    offset = 0
    while count := os.preadv(origin, [view], offset):
        piece = view[:count]
        for digest in digests.values():
            digest.update(piece)
        # Only what is all zeros is looked at to its end.
        if count != _PIECE or buffer != _ZEROS:
            write_at(descriptor, piece, offset)
        offset += count
    os.ftruncate(descriptor, offset)
