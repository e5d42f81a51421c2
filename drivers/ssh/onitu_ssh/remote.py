"""Runs at the server: tells what the kernel says of a directory and everything below it, until its input ends.

It is sent there as text, and stands alone: Python 3.7 and its standard library are all it finds. Records end with a
zero byte. "ready" comes once everything is watched; then one for each event: its mask, as hexadecimal digits, a space,
and the path below the root. A new directory is told of when it is watched, so whoever lists it then misses nothing. A
line on the input is said again, in a record after all events that came before it; five minutes without one end this.
"""

# ruff: noqa: PTH118  Paths are bytes, as they come.

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
import sys

MODIFY, ATTRIB, MOVED_FROM, CREATE, DELETE = 0x002, 0x004, 0x040, 0x100, 0x200
CLOSE_WRITE, MOVED_TO, OVERFLOW, IGNORED = 0x008, 0x080, 0x4000, 0x8000
DIRECTORY = 0x40000000
ONLY_DIRECTORIES, DONT_FOLLOW, EXCL_UNLINK = 0x01000000, 0x02000000, 0x04000000
MASK = MODIFY | ATTRIB | CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE
MASK |= ONLY_DIRECTORIES | DONT_FOLLOW | EXCL_UNLINK
SILENCE = 300

C = ctypes.CDLL(None, use_errno=True)
QUEUE = C.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
ROOT = os.fsencode(sys.argv[1] if len(sys.argv) > 1 else ".")
HIDDEN = b".onitu"
PATHS: dict[int, bytes] = {}
WATCHES: dict[bytes, int] = {}


def say(record: bytes) -> None:
    """Says a record."""
    sys.stdout.buffer.write(record + b"\0")
    sys.stdout.buffer.flush()


def place(path: bytes) -> bytes:
    """Returns where a path below the root lies."""
    return os.path.join(ROOT, path) if path else ROOT


def watch(top: bytes) -> None:
    """Watches a directory, then everything below it; one that may not be looked into is left out."""
    waiting = [top]
    while waiting:
        path = waiting.pop()
        number = C.inotify_add_watch(QUEUE, place(path), MASK)
        if number < 0:
            error = ctypes.get_errno()
            if error in (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP) and path:
                continue
            say(b"limit" if error == errno.ENOSPC else b"error " + os.strerror(error).encode())
            sys.exit(1)
        old = PATHS.get(number)
        if old is not None and WATCHES.get(old) == number:
            del WATCHES[old]
        PATHS[number] = path
        WATCHES[path] = number
        try:
            with os.scandir(place(path)) as entries:
                waiting.extend(
                    os.path.join(path, entry.name)
                    for entry in entries
                    if entry.is_dir(follow_symlinks=False) and (path or entry.name != HIDDEN)
                )
        except OSError:
            continue  # Gone, or not to be read: whoever lists it is told.


def forget(top: bytes) -> None:
    """Watches a directory no longer, nor anything below it: it has gone from where it was."""
    below = top + b"/"
    for path in [path for path in WATCHES if path == top or path.startswith(below)]:
        number = WATCHES.pop(path)
        PATHS.pop(number, None)
        C.inotify_rm_watch(QUEUE, number)


def take(number: int, mask: int, name: bytes) -> None:
    """Tells of an event."""
    if mask & OVERFLOW:
        say(b"overflow")
        sys.exit(1)
    if mask & IGNORED:
        ignored(number)
        return
    above = PATHS.get(number)
    if above is None or not name or (name == HIDDEN and not above):
        return
    path = os.path.join(above, name)
    if mask & DIRECTORY:
        mask = take_directory(mask, path)
    say(b"%x %s" % (mask, path))


def ignored(number: int) -> None:
    """Takes note that a directory is watched no longer, since it is no more; without the root all ends."""
    path = PATHS.pop(number, None)
    if path is not None and WATCHES.get(path) == number:
        del WATCHES[path]
        if not path:
            sys.exit(1)


def take_directory(mask: int, path: bytes) -> int:
    """Watches a directory that has come, and returns what is to be told of it."""
    if mask & MOVED_FROM:
        forget(path)
    elif mask & (MOVED_TO | CREATE):
        watch(path)
    elif mask & ATTRIB and path not in WATCHES:
        watch(path)
        return mask | (CREATE if path in WATCHES else 0)  # It may be looked into by now, and nobody has.
    return mask


def take_all() -> None:
    """Tells of all events there are."""
    while True:
        try:
            events = os.read(QUEUE, 262144)
        except BlockingIOError:
            return
        at = 0
        while at < len(events):
            number, mask, _, size = struct.unpack_from("iIII", events, at)
            at += 16 + size
            take(number, mask, events[at - size : at].rstrip(b"\0"))


def main() -> None:
    """Tells of everything until nobody listens."""
    watch(b"")
    say(b"ready")
    while True:
        ready, _, _ = select.select([QUEUE, 0], [], [], SILENCE)
        lines = os.read(0, 65536) if 0 in ready else b""
        take_all()
        if not ready or (0 in ready and not lines):
            return
        for line in lines.splitlines():
            say(b"= " + line)


try:
    main()
except (BrokenPipeError, KeyboardInterrupt):
    os._exit(1)
