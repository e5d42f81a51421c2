"""What a driver logs, said again by the core's log with the service's name.

A driver writes JSON lines `{"level", "event", ...}`. Everything else that comes, of a library that prints or an
interpreter that dies, is logged as it is, as a warning.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING

import msgspec
import trio

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

#: Lines kept to be told when the driver dies: the end of a traceback.
TAIL_LINES = 20

#: A longer line is cut; a driver that writes no newline at all must not fill our memory.
_MAX_LINE = 64 * 1024

#: What a driver logs when it cannot go on. The supervisor says so of its service, with the reason, and once is enough.
FAREWELL = "service_failed"

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}

# Keys that mean something to our own log, or cannot be passed to it.
_RESERVED = frozenset({"event", "exc_info", "level", "self", "service", "stack_info", "timestamp"})

_decode = msgspec.json.Decoder(dict[str, object]).decode


async def relay_logs(descriptor: int, *, log: FilteringBoundLogger, tail: deque[str]) -> None:
    """Relays a driver's log until its end.

    Args:
        descriptor: The pipe it writes to. It is closed at the end.
        log: Where lines go, with the service bound.
        tail: Gets every line, as a person would read it.
    """
    async with trio.lowlevel.FdStream(descriptor) as pipe:
        rest = b""
        async for data in pipe:
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                _relay(line, log, tail)
            if len(rest) > _MAX_LINE:
                _relay(rest, log, tail)
                rest = b""
        _relay(rest, log, tail)


def _relay(line: bytes, log: FilteringBoundLogger, tail: deque[str]) -> None:
    line = line[:_MAX_LINE].rstrip()
    if not line:
        return
    try:
        record = _decode(line)
        event = str(record["event"])
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError):
        text = line.decode("utf-8", "backslashreplace")
        tail.append(text)
        log.warning("driver_output", line=text)
        return
    level = _LEVELS.get(str(record.get("level", "")).lower(), logging.WARNING)
    fields = {key: value for key, value in record.items() if key not in _RESERVED}
    if event == FAREWELL and fields.get("reason"):
        tail.append(str(fields["reason"]))
        return
    tail.append(_readable(event, fields))
    log.log(level, event, **fields)


def _readable(event: str, fields: dict[str, object]) -> str:
    details = [str(fields[key]) for key in ("error", "reason", "exception") if fields.get(key)]
    return ": ".join([event, *details])
