"""Runs a command, and says what it took."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import attrs

SAMPLE = 0.02  # Seconds between two looks at the memory; a look costs some 30 µs.
RUN = 900.0  # Seconds after which a command is taken for hanging.


@attrs.frozen
class Cost:
    """What a command took.

    Attributes:
        seconds: From start to end.
        cpu: Seconds of processor time, with all processes it waited for.
        memory: Most bytes of anonymous and shared memory of its main process; mapped files are not counted.
    """

    seconds: float
    cpu: float
    memory: int


def measure(command: list[str], environment: Mapping[str, str], log: Path) -> Cost:
    """Runs a command to its end.

    Args:
        command: What to run.
        environment: Its environment.
        log: Where its output goes.

    Returns:
        What it took.

    Raises:
        RuntimeError: It failed, or did not end.
    """
    os.sync()  # What is not yet on the disk from before would be written meanwhile.
    with log.open("wb") as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        sampler = MemorySampler(process.pid)
        watchdog = threading.Timer(RUN, process.kill)
        watchdog.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        finally:
            watchdog.cancel()
        seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    memory = sampler.stop()
    if process.returncode:
        message = f"{command[:4]} ended with {process.returncode}: {log.read_text(errors='replace')[-2000:]}"
        raise RuntimeError(message)
    return Cost(seconds, usage.ru_utime + usage.ru_stime, memory)


class MemorySampler:
    """Looks at the memory of a process again and again, in a thread of its own.

    Args:
        pid: The process.
    """

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._most = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Ends the looking.

        Returns:
            Most bytes seen.
        """
        self._ended.set()
        self._thread.join()
        return self._most

    def _sample(self) -> None:
        while not self._ended.wait(SAMPLE):
            self._most = max(self._most, resident(self._status))


def resident(status: Path) -> int:
    """Reads the anonymous and shared memory of a process.

    Args:
        status: Its `/proc/<pid>/status`.

    Returns:
        Bytes, 0 when it has ended.
    """
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("RssAnon:", "RssShmem:")))
