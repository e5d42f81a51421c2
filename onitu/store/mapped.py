"""LMDB's file as it is mapped into memory: how much of it can be, and whether the file is all there.

A page that is missing at the end of a file that is mapped is no error to be caught: the kernel ends whoever reads it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import lmdb

#: Reserved once, as LMDB wants it: 256 GiB of addresses, of which only what is used takes room. Where there are fewer
#: (a 32-bit machine, a limit), a quarter is tried, and so on, down to the least.
MAP_BYTES = 256 * 1024**3
LEAST_MAP_BYTES = 1024**2

#: What the process is told that reads a file that may end too early.
_READ_ALL = """
import os, sys, lmdb
env = lmdb.open(sys.argv[1], readonly=True, create=False, lock=False, max_dbs=8, map_size=int(sys.argv[2]))
env.copyfd(os.open(os.devnull, os.O_WRONLY), compact=True)
"""


def open_environment(path: Path, *, readonly: bool = False, mode: int = 0o600) -> lmdb.Environment:
    """Opens an environment with as many addresses as can be had.

    Args:
        path: Its directory.
        readonly: Whether nothing is to be written; then it must be there.
        mode: Of files that are made.

    Raises:
        OSError: It cannot be opened.
        lmdb.Error: It is none, or there are too few addresses.
    """
    size = MAP_BYTES
    while True:
        try:
            return lmdb.open(
                str(path), map_size=size, max_dbs=8, mode=mode, readonly=readonly, create=not readonly, readahead=False
            )
        except lmdb.MemoryError:
            if size <= LEAST_MAP_BYTES:
                raise
            size //= 4


def is_whole(env: lmdb.Environment, path: Path) -> bool:
    """Returns whether everything that the records lead to is in the file.

    A page that was never used need not be there, so a short file may be whole. Another process finds out: it may die.
    """
    info = env.info()
    if (path / "data.mdb").stat().st_size >= (info["last_pgno"] + 1) * env.stat()["psize"]:
        return True
    reader = [sys.executable, "-c", _READ_ALL, str(path), str(info["map_size"])]
    return subprocess.run(reader, check=False, capture_output=True).returncode == 0  # noqa: S603 - our own text
