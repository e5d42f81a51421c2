"""Runs at the server: lists a directory and everything below it, depth first and in order of the names.

It is sent there as text, and stands alone: Python 3.7 and its standard library are all it finds. Records are JSON and
end with a zero byte. The first one is the time. Then each has a page of a directory: the last number that was read from
the input, the time, the path below the root, whether more follow, and for each entry its name, mode, size, modification
time in seconds and owner, as SFTP has them. A directory that could not be listed to its end is taken back by a record
without entries. The last record is null.
"""

# ruff: noqa: PTH118  Paths are text with surrogates for what is not UTF-8, as `os` has it.

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Iterator
from typing import Any

ROOT = sys.argv[1] if len(sys.argv) > 1 else "."
HIDDEN = ".onitu"
PAGE = 1000
FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
DIRECTORY, TYPE = 0o040000, 0o170000
SECONDS = 0xFFFFFFFF


class Numbers:
    """The numbers that come on the input."""

    def __init__(self) -> None:
        self.last = 0
        self.rest = b""

    def newest(self) -> int:
        """Returns the last one that has come, and waits for the first; ends this where nobody listens any more."""
        while not self.last or select.select([0], [], [], 0)[0]:
            data = os.read(0, 4096)
            if not data:
                sys.exit(1)
            lines = (self.rest + data).split(b"\n")
            self.rest = lines.pop()
            self.last = int(lines[-1]) if lines else self.last
        return self.last


def say(record: Any) -> None:  # noqa: ANN401  Whatever JSON can say.
    """Says a record."""
    sys.stdout.buffer.write(json.dumps(record, separators=(",", ":")).encode() + b"\0")


def entries_of(path: str) -> Iterator[list[Any]]:
    """Yields what is in a directory."""
    # Not by way of a link that has come in its place: nothing below one is ours.
    opened = os.open(os.path.join(ROOT, path) if path else ROOT, FLAGS)
    try:
        with os.scandir(opened) as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                second = status.st_mtime_ns // 1000000000 & SECONDS
                yield [entry.name, status.st_mode, status.st_size, second, status.st_uid]
    finally:
        os.close(opened)


def tell(path: str, number: int) -> list[str]:
    """Tells of a directory, and returns the names of those in it."""
    below = []
    page: list[list[Any]] = []
    try:
        for entry in entries_of(path):
            if entry[1] & TYPE == DIRECTORY and is_ours(path, entry[0]):
                below.append(entry[0])
            page.append(entry)
            if len(page) == PAGE:
                say([number, time.time(), path, True, page])
                page = []
    except OSError:
        say([number, time.time(), path, False, None])
        return []
    say([number, time.time(), path, False, page])
    return below


def is_ours(path: str, name: str) -> bool:
    """Tells whether a directory takes part."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return bool(path) or name != HIDDEN


def main() -> None:
    """Tells of everything."""
    say(time.time())
    sys.stdout.buffer.flush()
    numbers = Numbers()
    waiting = [""]
    while waiting:
        path = waiting.pop()
        below = tell(path, numbers.newest())
        waiting += [os.path.join(path, name) for name in sorted(below, reverse=True)]
    say(None)
    sys.stdout.buffer.flush()


try:
    main()
except (BrokenPipeError, KeyboardInterrupt):
    os._exit(1)
