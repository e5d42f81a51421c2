"""What a disk and a clock can do to a process, done to it on demand; see `shim.c`, which is loaded into it.

Needs a C compiler. Knows nothing of Onitu: `environment` is added to that of a run.
"""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import attrs

SOURCE = Path(__file__).with_name("shim.c")
CONTROL = struct.Struct("=qqii1008s")  # As `struct control`.
HEADER = struct.Struct("=cQQ")  # As `record`.
READS, WRITES, SYNCS = 1, 2, 4


@attrs.frozen
class Recorded:
    """Something a process did.

    Attributes:
        kind: "w" for bytes written to the store; "b" and "e" for the beginning and the end of a sync; "n" for a name
            that was given.
        offset: Where bytes were written; of a name, the inode that has it.
        data: The bytes, or the path of what was synced or named.
    """

    kind: str
    offset: int
    data: bytes


class Shim:
    """A shim for the processes of one setup.

    Args:
        directory: Where its files go.
        library: Compiled by `compile_shim`.
    """

    def __init__(self, directory: Path, library: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._library = library
        self._control = directory / "control"
        self._record = directory / "record"
        self._boot_id = directory / "boot-id"
        self._control.write_bytes(bytes(CONTROL.size))
        self._boot_id.write_text("11111111-2222-3333-4444-555555555555\n")
        self._clock_offset = 0.0
        self._largest_map = 0
        self._fault = (0, 0, b"")

    @property
    def environment(self) -> dict[str, str]:
        """What loads it."""
        return {
            "LD_PRELOAD": str(self._library),
            "ONITU_SHIM_CONTROL": str(self._control),
            "ONITU_SHIM_BOOT_ID": str(self._boot_id),
        }

    @property
    def recording(self) -> dict[str, str]:
        """What loads it and has everything recorded."""
        return {**self.environment, "ONITU_SHIM_RECORD": str(self._record)}

    def shift_clock(self, seconds: float) -> Self:
        """Sets the wall clock of the processes this far from the real one."""
        self._clock_offset = seconds
        return self._tell()

    def limit_maps(self, size: int) -> Self:
        """Lets no process map more bytes of a file at once than this; 0: any number."""
        self._largest_map = size
        return self._tell()

    def fail(self, path: str, calls: int, error: int) -> Self:
        """Has calls on files fail.

        Args:
            path: Those whose path contains this.
            calls: Which calls: `READS`, `WRITES`, `SYNCS`, or several of them.
            error: With what.
        """
        self._fault = (error, calls, path.encode())
        return self._tell()

    def mend(self) -> Self:
        """Lets nothing fail any more."""
        self._fault = (0, 0, b"")
        return self._tell()

    def reboot(self) -> Self:
        """Makes the host another boot of itself, for processes that start from now on."""
        self._boot_id.write_text("66666666-7777-8888-9999-000000000000\n")
        return self

    def recorded(self) -> Iterator[Recorded]:
        """Reads what was recorded, in order."""
        with self._record.open("rb") as stream:
            while header := stream.read(HEADER.size):
                kind, offset, size = HEADER.unpack(header)
                yield Recorded(kind.decode(), offset, stream.read(size))

    def _tell(self) -> Self:
        error, calls, path = self._fault
        content = CONTROL.pack(round(self._clock_offset * 1e9), self._largest_map, error, calls, path)
        with self._control.open("r+b") as stream, mmap.mmap(stream.fileno(), CONTROL.size) as mapped:
            mapped[:] = content
        return self


def compile_shim(directory: Path) -> Path:
    """Compiles the shim.

    Args:
        directory: Where it goes.

    Returns:
        What is to be loaded into a process.

    Raises:
        RuntimeError: There is no C compiler.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("the fault tests need a C compiler: install gcc and libc6-dev")
    built = directory / "shim.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", str(built), str(SOURCE)], check=True)
    return built
