"""Runs at the server: waits for its disk, for many files at once, until its input ends.

It is sent there as text, and stands alone: Python 3.7 and its standard library are all it finds. A line on the input is
JSON, the absolute paths of files and directories; the record that answers it, which ends with a zero byte, has a number
for each: 0 where everything in it is on the disk, else what went wrong, as the kernel has it.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor

FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
START_WRITING = 2
SIDE_BY_SIDE = 64  # The disk empties its cache once for all who wait for that at the same time.
C = ctypes.CDLL(None)


def begin(path: str) -> tuple[int, int]:
    """Opens a file and has its bytes on their way to the disk; returns it, or -1 and what went wrong."""
    try:
        opened = os.open(path, FLAGS)
    except OSError as error:
        return -1, error.errno or errno.EIO
    mode = os.fstat(opened).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        os.close(opened)
        return -1, errno.EINVAL
    if stat.S_ISREG(mode) and hasattr(C, "sync_file_range"):
        # So that one turn of the disk takes all of them: what comes of it is told by the next step.
        C.sync_file_range(opened, ctypes.c_int64(0), ctypes.c_int64(0), START_WRITING)
    return opened, 0


def end(begun: tuple[int, int]) -> int:
    """Waits until a file is on the disk, and returns what went wrong."""
    opened, wrong = begun
    if opened < 0:
        return wrong
    try:
        os.fsync(opened)
    except OSError as error:
        return error.errno or errno.EIO
    finally:
        os.close(opened)
    return 0


def main() -> None:
    """Answers until nobody asks any more."""
    threads = ThreadPoolExecutor(SIDE_BY_SIDE)
    for line in sys.stdin.buffer:
        begun = [begin(path) for path in json.loads(line)]
        answer = list(threads.map(end, begun))
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\0")
        sys.stdout.buffer.flush()


try:
    main()
except (BrokenPipeError, KeyboardInterrupt):
    os._exit(1)
