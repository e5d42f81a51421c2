"""A fresh file system for each measurement.

What happened before on a file system changes how fast it is: on an ext4 without a journal, deleting many files makes
creating the next ones ten times slower for minutes. So many files are measured on a new ext4 with a journal in an image
file, where mounting is permitted. A few large files are measured in a new directory instead: what is written to an
image is kept twice in memory, and the kernel slows down whoever writes a gibibyte to it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE_GIB = 24  # The image is sparse: it takes what is written to it.


@contextmanager
def fresh_disk(directory: Path, *, image: bool = True) -> Iterator[Path]:
    """Makes a place that nothing has been written to.

    Args:
        directory: Where the image, or the directory, lies.
        image: Whether it is to be a file system of its own, if possible.

    Returns:
        An empty directory, gone after the block.
    """
    place = Path(tempfile.mkdtemp(prefix="onitu-bench-", dir=directory))
    mounted = place / "disk"
    mounted.mkdir()
    try:
        if image and _mount(place / "disk.img", mounted):
            # mkfs makes lost+found.
            (mounted / "work").mkdir()
            yield mounted / "work"
        else:
            yield mounted
    finally:
        subprocess.run(["umount", "-l", str(mounted)], check=False, capture_output=True)
        shutil.rmtree(place)


def _mount(image: Path, place: Path) -> bool:
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        return False
    with image.open("wb") as stream:
        stream.truncate(SIZE_GIB << 30)
    # Inode tables are neither written now nor in the background while we measure.
    make = ["mkfs.ext4", "-q", "-E", "lazy_itable_init=1,nodiscard", str(image)]
    mount = ["mount", "-o", "loop,noatime,noinit_itable", str(image), str(place)]
    return all(not subprocess.run(step, check=False, capture_output=True).returncode for step in (make, mount))


def describe(directory: Path) -> str:
    """Says what is measured on, for the head of the report.

    Args:
        directory: As for `fresh_disk`.

    Returns:
        A sentence.
    """
    with fresh_disk(directory) as place:
        fresh = os.path.ismount(place.parent)
    return "many files on a new ext4 with a journal, in an image file" if fresh else f"new directories in {directory}"
