"""The trees that are copied, and how it is shown that a copy is equal."""

from __future__ import annotations

import os
from pathlib import Path

from blake3 import blake3

HIDDEN = ".onitu"  # Onitu's own, at the root of a synced place; not part of the tree.
PER_DIRECTORY = 100  # Files in a directory: photo collections and source trees are of that order.
BLOCK = 1024 * 1024


def make_files(root: Path, count: int, size: int) -> None:
    """Makes files of one size with different contents, a hundred to a directory.

    Args:
        root: Where; made if missing.
        count: How many.
        size: Bytes in each.
    """
    block = os.urandom(min(size, BLOCK))
    for number in range(count):
        directory = root / f"{number // PER_DIRECTORY:04}"
        if number % PER_DIRECTORY == 0:
            directory.mkdir(parents=True)
        with (directory / f"{number:06}.bin").open("wb", buffering=0) as stream:
            _write(stream.fileno(), number, block, size)


def _write(descriptor: int, number: int, block: bytes, size: int) -> None:
    # The number comes first, so that no two files and no two blocks of a file are equal.
    position = 0
    while position < size:
        head = f"{number}/{position}/".encode()
        position += os.write(descriptor, (head + block)[: min(BLOCK, size - position)])


def fingerprint(root: Path) -> str:
    """Computes a digest of a tree: every path, kind and content.

    Args:
        root: The tree; `.onitu` in it is left out.

    Returns:
        Hexadecimal BLAKE3.
    """
    hasher = blake3()
    for directory, directories, files in os.walk(root):
        directories[:] = sorted(name for name in directories if name != HIDDEN)
        hasher.update(f"{os.path.relpath(directory, root)}\0".encode())
        for name in sorted(files):
            hasher.update(name.encode() + b"\0")
            hasher.update(_content(Path(directory, name)))
    return hasher.hexdigest()


def _content(path: Path) -> bytes:
    hasher = blake3()
    with path.open("rb", buffering=0) as stream:
        while chunk := stream.read(BLOCK):
            hasher.update(chunk)
    return hasher.digest()
