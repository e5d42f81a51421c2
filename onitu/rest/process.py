"""How much a process uses, in the figures of Onitu 0.1 (CONTRACT E5)."""

from __future__ import annotations

import time
from contextlib import suppress

from onitu.rest.bodies import ProcessInfo

#: Seconds over which the share of a processor is measured.
SPAN = 0.1

_KILO = 1024


def look_at(pid: int | None, started: float | None) -> ProcessInfo:
    """Returns the figures of a process. Blocks for a moment.

    Args:
        pid: The process, or None where there is none that is ours.
        started: When the service has started it, in seconds since 1970.
    """
    import psutil  # noqa: PLC0415 - a twentieth of a second that nobody else has a use for

    if pid is None or started is None:
        return ProcessInfo()
    with suppress(psutil.Error):  # It ended this moment.
        process = psutil.Process(pid)
        cpu = process.cpu_percent(SPAN)
        with process.oneshot():
            times, memory = process.cpu_times(), process.memory_info()
            return ProcessInfo(
                age=time.time() - started,
                cpu=cpu,
                create_time=process.create_time(),
                ctime=_clock(times.user + times.system),
                mem=process.memory_percent(),
                mem_info1=_size(memory.rss),
                mem_info2=_size(memory.vms),
                started=started,
            )
    return ProcessInfo()


def _clock(seconds: float) -> str:
    """Returns seconds as `M:SS.cc`."""
    hundredths = round(seconds * 100)
    return f"{hundredths // 6000}:{hundredths // 100 % 60:02}.{hundredths % 100:02}"


def _size(size: int) -> str:
    """Returns bytes as a whole number of the largest unit that fits."""
    for unit, factor in (("G", _KILO**3), ("M", _KILO**2)):
        if size >= factor:
            return f"{size // factor}{unit}"
    return f"{size // _KILO}K"
