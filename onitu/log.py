"""Logging: structlog, set up once, to stderr.

On a terminal a line is for a person, elsewhere it is one JSON object. An event is a fixed snake_case name
(`transfer_finished`), everything else are keys from one list (`docs/logging.md`). Ten thousand files make as many
lines, so a line is encoded by one function and written by one call; structlog's own chain would take several times as
long.

This file decides how lines look, never what is logged. It is also where structlog is imported from: see below.
"""

from __future__ import annotations

import datetime
import enum
import os
import shutil
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

import msgspec


def _import_structlog_without_rich() -> None:
    """Imports structlog as if rich were not installed.

    structlog's package draws in rich, where there is one, for tracebacks that we do not use: 0.2 s of every start, more
    than all the rest of it together. None in `sys.modules` is Python's documented way to say "not there".
    """
    if "rich" in sys.modules or "structlog" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog  # noqa: F401, PLC0415 - the import is the point.
    finally:
        del sys.modules["rich"]


_import_structlog_without_rich()

import structlog  # noqa: E402 - after the above.
from structlog.contextvars import bound_contextvars, merge_contextvars  # noqa: E402
from structlog.typing import FilteringBoundLogger  # noqa: E402

__all__ = [
    "FilteringBoundLogger",
    "Line",
    "LogFormat",
    "bound_contextvars",
    "get_logger",
    "is_debugging",
    "log_all",
    "recent_lines",
    "set_up_logging",
    "show_status",
]

#: A status line changes at most this often; every change is a write to the terminal.
STATUS_SECONDS = 0.1

#: Event names are padded to this width on a terminal, so that the keys line up.
EVENT_WIDTH = 20

#: Lines that are kept of each service, and faults beside them, which ten thousand copied files must not push out.
KEPT = 200
KEPT_FAULTS = 50

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_COLORS = {"debug": "\x1b[2m", "info": "\x1b[32m", "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31;1m"}
_RESET = "\x1b[0m"
_ERASE_LINE = b"\r\x1b[K"


class LogFormat(enum.Enum):
    """How lines look."""

    CONSOLE = "console"
    JSON = "json"


def get_logger(**bound: object) -> FilteringBoundLogger:
    """Returns a logger.

    Args:
        bound: Keys that every line of it carries, such as `service`.
    """
    logger: FilteringBoundLogger = structlog.get_logger(**bound)
    return logger


def set_up_logging(*, form: LogFormat | None = None, level: str = "info", stream: BinaryIO | None = None) -> None:
    """Sets logging up for this process. Called once, before the first line; once more changes it.

    Args:
        form: How lines look; None chooses by whether `stream` is a terminal.
        level: Name of the lowest level that is written.
        stream: Where to; stderr by default.
    """
    global _output, _chain  # noqa: PLW0603 - a process has one log.
    stream = sys.stderr.buffer if stream is None else stream
    terminal = stream.isatty()
    if form is None:
        form = LogFormat.CONSOLE if terminal else LogFormat.JSON
    console = form is LogFormat.CONSOLE
    output = _Output(stream, status=terminal and console)
    render = _ConsoleRenderer(colors=terminal and "NO_COLOR" not in os.environ) if console else render_json
    _chain = [merge_contextvars, _keep, render]
    structlog.configure(
        processors=_chain,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *_: output,
        cache_logger_on_first_use=True,
    )
    _output = output


def is_debugging(log: FilteringBoundLogger) -> bool:
    """Returns whether lines that are only for debugging are written: what nobody reads need not be put together."""
    return log.is_enabled_for(_LEVELS["debug"])


def log_all(log: FilteringBoundLogger, event: str, lines: Iterable[Mapping[str, object]]) -> None:
    """Logs one event of many things, as `info` does for each of them, at a fifth of the price of so many calls.

    Args:
        log: As whom.
        event: The event.
        lines: The keys of each line.
    """
    logger = log.bind()
    if not logger.is_enabled_for(_LEVELS["info"]):
        return
    if _output is None or structlog.get_config()["processors"] is not _chain:
        for line in lines:
            logger.info(event, **line)
        return
    bound, context = structlog.get_context(logger), merge_contextvars(None, "info", {})
    _, _, render = _chain
    now, stamp = time.time(), _now()
    rendered: list[bytes] = []
    for line in lines:
        keys = {**bound, **line, "event": event}
        for key, value in context.items():
            keys.setdefault(key, value)
        _keep_line(Line(now, "info", keys))
        if render is render_json:
            rendered.append(_json({"time": stamp, "level": "info", "event": event, **keys}))
        else:
            rendered.append(render(None, "info", keys))
    if rendered:
        _output.write(b"".join(rendered))


def show_status(text: str | None) -> None:
    """Shows what is going on in the last line of the terminal; elsewhere nothing happens.

    Log lines pass above it. May be called as often as things change: most calls return at once.

    Args:
        text: One line, or None to take it away.
    """
    if _output is not None:
        _output.show(text)


@contextmanager
def written_together() -> Iterator[None]:
    """Writes what is logged within this block at its end, in one piece: a write for each line costs more than the line.

    Not to be held across anything that waits.
    """
    output = _output
    if output is None:
        yield
        return
    with output.held_back():
        yield


class _Output:
    """Writes whole lines, from any thread, and keeps the status line below them.

    Args:
        stream: Where to.
        status: Whether there is a terminal that can show a status line.
    """

    def __init__(self, stream: BinaryIO, *, status: bool) -> None:
        self._stream = stream
        self._can_show = status
        self._lock = threading.Lock()
        self._status = b""
        self._shown_at = 0.0
        self._held: list[bytes] | None = None

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Writes what comes within this block at its end."""
        if self._held is not None:
            yield  # Within a block that writes it.
            return
        self._held = []
        try:
            yield
        finally:
            with self._lock:
                held, self._held = self._held, None
            if held:
                self._put(b"".join(held))

    def write(self, line: bytes) -> None:
        """Writes one line."""
        if self._status:
            line = _ERASE_LINE + line + self._status
        self._put(line)

    # structlog calls the method that bears the level's name.
    debug = info = warning = error = critical = write

    def show(self, text: str | None) -> None:
        """Shows a status line, or takes it away."""
        if not self._can_show:
            return
        now = time.monotonic()
        if text is not None and now - self._shown_at < STATUS_SECONDS:
            return
        width = shutil.get_terminal_size().columns - 1  # A full line would wrap and could not be erased.
        status = b"" if text is None else _printable(text)[:width].encode(errors="replace")
        if status != self._status:
            self._shown_at = now
            self._status = status
            self._put(_ERASE_LINE + status)

    def _put(self, data: bytes) -> None:
        try:
            with self._lock:
                if self._held is not None:
                    self._held.append(data)
                    return
                self._stream.write(data)
                self._stream.flush()
        except (OSError, ValueError):
            # Nobody reads the log any more (a closed pipe, a full disk). Syncing goes on without it.
            pass


_output: _Output | None = None

#: What an event passes on its way, as structlog knows it.
_chain: list[Callable[..., Any]] = []


class Line(NamedTuple):
    """A line that was logged of a service.

    Attributes:
        time: When, in seconds since 1970.
        level: Its level.
        keys: All it says, its name under `event`.
    """

    time: float
    level: str
    keys: dict[str, Any]


#: By service, the lines that are kept, and the faults among all.
_recent: dict[str, tuple[deque[Line], deque[Line]]] = {}


def recent_lines(service: str) -> tuple[list[Line], list[Line]]:
    """Returns the last lines logged of a service, and the last faults, each in order; what was only for debugging not.

    Args:
        service: Its name.
    """
    lines, faults = _recent.get(service, ((), ()))
    return list(lines), list(faults)


def _keep(_logger: object, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keeps a line of a service. Takes half a microsecond: it is copied, and rendered only if somebody asks."""
    if level != "debug" and "service" in event:
        # The traceback of an error holds on to everything that was at hand when it was raised.
        _keep_line(Line(time.time(), level, {key: value for key, value in event.items() if key != "exc_info"}))
    return event


def _keep_line(line: Line) -> None:
    service = line.keys.get("service")
    if service is None:
        return
    kept = _recent.get(service)
    if kept is None:
        kept = _recent[service] = (deque(maxlen=KEPT), deque(maxlen=KEPT_FAULTS))
    kept[0].append(line)
    if _LEVELS[line.level] > _LEVELS["info"]:
        kept[1].append(line)


def render_json(_logger: object, level: str, event: MutableMapping[str, Any]) -> bytes:
    """Renders a line as JSON: time, level and event first, then the keys as they were given."""
    line = {"time": _now(), "level": level, "event": event.pop("event", ""), **event}
    if "exc_info" in line:
        _resolve_traceback(line)
    return _json(line)


def _json(line: dict[str, Any]) -> bytes:
    try:
        return _encode(line) + b"\n"
    except UnicodeEncodeError:
        # A name that is not UTF-8 reaches Python with lone surrogates.
        return _encode(_clean(line)) + b"\n"


class _ConsoleRenderer:
    """Renders a line for a person: `12:00:01 info  transfer_finished  path=a.txt bytes=4096`.

    Args:
        colors: Whether the terminal shows colors.
    """

    def __init__(self, *, colors: bool) -> None:
        self._colors = _COLORS if colors else dict.fromkeys(_COLORS, "")
        self._reset = _RESET if colors else ""

    def __call__(self, _logger: object, level: str, event: MutableMapping[str, Any]) -> bytes:
        """Renders one line."""
        line = dict(event)
        if "exc_info" in line:
            _resolve_traceback(line)
        name = str(line.pop("event", ""))
        trace = line.pop("traceback", None)
        clock = time.strftime("%H:%M:%S")
        keys = " ".join(f"{key}={_value(value)}" for key, value in line.items() if value is not None)
        text = f"{clock} {self._colors[level]}{level:<7}{self._reset} {name:<{EVENT_WIDTH}} {keys}".rstrip() + "\n"
        if trace:
            text += f"{trace.rstrip()}\n"
        return text.encode(errors="backslashreplace")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def _value(value: object) -> str:
    """Returns a value so that it is told apart from its neighbors and cannot play with the terminal."""
    if isinstance(value, float):
        return f"{value:.3f}"
    text = str(value)
    return text if text.isprintable() and text and " " not in text and '"' not in text else repr(text)


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(char if char.isprintable() else "�" for char in text)


def _resolve_traceback(line: dict[str, Any]) -> None:
    """Replaces `exc_info` by the traceback it stands for."""
    given = line.pop("exc_info")
    if isinstance(given, tuple):
        given = given[1]
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if error is not None:
        line["traceback"] = "".join(traceback.format_exception(error))


def _clean(value: object) -> object:
    """Returns a value whose texts can all be encoded."""
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {_clean(key): _clean(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(member) for member in value]
    return value


_encode: Callable[[object], bytes] = msgspec.json.Encoder(enc_hook=str).encode
