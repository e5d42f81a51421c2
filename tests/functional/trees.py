"""Trees of files as a person sees them: made from a seed, looked at, compared.

Knows the file system and one fact about Onitu: `.onitu` at a root is not the user's. Everything is reached by directory
file descriptors, so that paths beyond 4,096 bytes are as good as any other.
"""

from __future__ import annotations

import os
import random
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import attrs
from blake3 import blake3

HIDDEN = ".onitu"  # The only name Onitu may add to a synced root.
CHUNK = 1024 * 1024
SETTLED_NS = 100_000_000  # A file this old cannot change without a new ctime: the kernel's clock ticks every 1-10 ms.
WORDS = ("alpha", "Übung", "файл", "写真", "día", "été", "naïve file", "🎵 song", "עברית", "x" * 60)


@attrs.frozen
class Entry:
    """What stands at one path.

    Attributes:
        kind: "file", "directory", or "other" for what Onitu does not carry, or only where it is told to: links.
        digest: BLAKE3 of a file's content in hexadecimal, the target of a symbolic link, "" otherwise.
        executable: Whether its owner may execute the file.
        mtime_ns: Modification time of a file, 0 otherwise.
        inode: Number of the inode: the same one after a real rename.
    """

    kind: str
    digest: str = ""
    executable: bool = False
    mtime_ns: int = attrs.field(default=0, eq=False)
    inode: int = attrs.field(default=0, eq=False, repr=False)


Tree: TypeAlias = Mapping[str, Entry]

#: Identity of a file to its digest: a test that waits looks at the same files many times.
_known: dict[tuple[int, int, int, int, int], str] = {}


def snapshot(root: Path, *, hidden: bool = False) -> dict[str, Entry]:
    """Looks at everything below a directory.

    Args:
        root: The directory; one that is missing is an empty tree.
        hidden: With what Onitu keeps in `.onitu` too.

    Returns:
        "/"-separated path to entry, in order.
    """
    try:
        with opened(root) as descriptor:
            return dict(sorted(_walk(descriptor, "", hidden=hidden)))
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _walk(descriptor: int, prefix: str, *, hidden: bool) -> Iterator[tuple[str, Entry]]:
    for name in sorted(os.listdir(descriptor)):
        if not prefix and name == HIDDEN and not hidden:
            continue
        try:
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                yield prefix + name, Entry("directory", inode=status.st_ino)
                with opened(name, descriptor) as child:
                    yield from _walk(child, f"{prefix}{name}/", hidden=hidden)
            else:
                yield prefix + name, _entry(name, descriptor, status)
        except (FileNotFoundError, NotADirectoryError):
            continue  # Trees are looked at while a daemon works on them.


def _entry(name: str, descriptor: int, status: os.stat_result) -> Entry:
    if stat.S_ISLNK(status.st_mode):
        return Entry("other", digest=os.readlink(name, dir_fd=descriptor), inode=status.st_ino)
    if not stat.S_ISREG(status.st_mode):
        return Entry("other", inode=status.st_ino)
    return Entry(
        "file",
        digest=_digest(name, descriptor, status),
        executable=bool(status.st_mode & stat.S_IXUSR),
        mtime_ns=status.st_mtime_ns,
        inode=status.st_ino,
    )


def _digest(name: str, descriptor: int, status: os.stat_result) -> str:
    identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    if identity in _known:
        return _known[identity]
    hasher = blake3()
    with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=descriptor), "rb") as stream:
        while chunk := stream.read(CHUNK):
            hasher.update(chunk)
    if time.time_ns() - status.st_ctime_ns > SETTLED_NS:
        _known[identity] = hasher.hexdigest()
    return hasher.hexdigest()


@contextmanager
def opened(path: str | Path, parent: int | None = None) -> Iterator[int]:
    """Opens a directory for as long as the block lasts.

    Args:
        path: Absolute, or relative to `parent`.
        parent: Descriptor of the directory it lies in.

    Returns:
        Its descriptor.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def below(tree: Tree, directory: str) -> dict[str, Entry]:
    """Cuts a tree out of another.

    Args:
        tree: The whole.
        directory: Path of a directory in it.

    Returns:
        What lies below that directory, by path relative to it.
    """
    prefix = f"{directory}/"
    return {path.removeprefix(prefix): entry for path, entry in tree.items() if path.startswith(prefix)}


def differences(expected: Tree, actual: Tree) -> list[str]:
    """Says how two trees differ, in kind, content and executable bit.

    Args:
        expected: What should be there.
        actual: What is there.

    Returns:
        One line per path, none when they are equal.
    """
    return [
        f"{path!r:.200}: expected {expected.get(path)}, got {actual.get(path)}"
        for path in sorted(expected.keys() | actual.keys())
        if expected.get(path) != actual.get(path)
    ]


def digests(tree: Tree) -> set[str]:
    """Collects the contents of a tree.

    Args:
        tree: The tree.

    Returns:
        The digest of every file in it.
    """
    return {entry.digest for entry in tree.values() if entry.kind == "file"}


def digest_of(content: bytes | str) -> str:
    """Computes the digest that an `Entry` with this content has.

    Args:
        content: Bytes, or text that was written as UTF-8.

    Returns:
        Hexadecimal BLAKE3.
    """
    return blake3(content.encode() if isinstance(content, str) else content).hexdigest()


def inodes(tree: Tree) -> dict[str, int]:
    """Maps each content of a tree to the inode that holds it.

    Args:
        tree: A tree in which no two files have the same content.

    Returns:
        Digest to inode.
    """
    return {entry.digest: entry.inode for entry in tree.values() if entry.kind == "file"}


def write(path: Path, content: bytes | str, *, executable: bool = False) -> Path:
    """Writes a file, with the directories above it.

    Args:
        path: Where.
        content: Bytes, or text to be written as UTF-8.
        executable: Whether its owner may execute it.

    Returns:
        The path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    if executable:
        path.chmod(0o755)
    return path


def write_far(root: Path, names: list[str], content: bytes) -> str:
    """Writes a file whose path may be longer than the kernel takes in one piece.

    Args:
        root: Where the path begins.
        names: The directories, made if missing, and the file.
        content: Its bytes.

    Returns:
        The path relative to `root`.
    """
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for name in names[:-1]:
        try:
            os.mkdir(name, dir_fd=descriptor)
        except FileExistsError:
            pass
        child = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = child
    target = os.open(names[-1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644, dir_fd=descriptor)
    with os.fdopen(target, "wb") as stream:
        stream.write(content)
    os.close(descriptor)
    return "/".join(names)


def fill(root: Path, seed: int, *, files: int = 100, largest: int = 8_192) -> dict[str, Entry]:
    """Makes a tree of files and directories that depends on the seed alone.

    Args:
        root: Where; made if missing.
        seed: Equal seeds make equal trees.
        files: How many files.
        largest: Most bytes in a file.

    Returns:
        The tree.
    """
    chance = random.Random(seed)
    directories = [root]
    root.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        if chance.random() < 0.1:
            directories.append(chance.choice(directories) / f"{chance.choice(WORDS)} {number}")
            directories[-1].mkdir()
        path = chance.choice(directories) / f"{chance.choice(WORDS)}-{number}.bin"
        content = f"{seed}/{number}\n".encode() + chance.randbytes(chance.randrange(largest))
        write(path, content, executable=chance.random() < 0.1)
        os.utime(path, ns=(0, chance.randrange(10**18, 17 * 10**17)))
    return snapshot(root)
