"""How log lines look."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from onitu.log import (
    KEPT,
    LogFormat,
    bound_contextvars,
    get_logger,
    is_debugging,
    log_all,
    recent_lines,
    set_up_logging,
    show_status,
    written_together,
)


class Terminal(io.BytesIO):
    """A terminal that keeps what was written."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def leave_no_trace() -> Iterator[None]:
    """Puts structlog back to what it was."""
    yield
    structlog.reset_defaults()


def _lines(stream: io.BytesIO) -> list[str]:
    return stream.getvalue().decode().splitlines()


def test_json_away_from_a_terminal() -> None:
    """F2: away from a terminal each line is a JSON object: time, level, event, then the keys."""
    stream = io.BytesIO()
    set_up_logging(stream=stream)

    get_logger(service="nas").info("transfer_finished", path="a.txt", bytes=4096, elapsed=0.5)

    (line,) = map(json.loads, _lines(stream))
    assert list(line) == ["time", "level", "event", "service", "path", "bytes", "elapsed"]
    assert line["time"].endswith("+00:00")
    del line["time"]
    assert line == {
        "level": "info",
        "event": "transfer_finished",
        "service": "nas",
        "path": "a.txt",
        "bytes": 4096,
        "elapsed": 0.5,
    }


def test_console_on_a_terminal() -> None:
    """On a terminal a line is for a person, with colors."""
    stream = Terminal()
    set_up_logging(stream=stream)

    get_logger().warning("path_failed", path="a b.txt", reason="it's locked", attempt=None)

    (line,) = _lines(stream)
    assert "\x1b[33mwarning\x1b[0m path_failed" in line
    assert line.endswith("path='a b.txt' reason=\"it's locked\"")


def test_form_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form asked for wins over what the stream is; NO_COLOR is heeded."""
    plain, terminal = io.BytesIO(), Terminal()
    set_up_logging(form=LogFormat.CONSOLE, stream=plain)
    get_logger().info("settled", elapsed=1.23456)
    set_up_logging(form=LogFormat.JSON, stream=terminal)
    get_logger().info("settled")

    assert _lines(plain)[0].endswith("info    settled              elapsed=1.235")
    assert json.loads(_lines(terminal)[0])["event"] == "settled"

    monkeypatch.setenv("NO_COLOR", "1")
    bare = Terminal()
    set_up_logging(stream=bare)
    get_logger().info("settled")

    assert b"\x1b" not in bare.getvalue()


def test_levels() -> None:
    """Below the level nothing is written."""
    stream = io.BytesIO()
    set_up_logging(stream=stream)
    get_logger().debug("transfer_started")
    set_up_logging(stream=stream, level="debug")
    get_logger().debug("transfer_restarted")

    assert [json.loads(line)["event"] for line in _lines(stream)] == ["transfer_restarted"]


def test_bound_keys() -> None:
    """Keys bound for a while stand in every line of that while."""
    stream = io.BytesIO()
    set_up_logging(stream=stream)

    with bound_contextvars(folder="one"):
        get_logger().info("settled")
    get_logger().info("settled")

    assert [json.loads(line).get("folder") for line in _lines(stream)] == ["one", None]


@pytest.mark.parametrize("form", LogFormat)
def test_names_that_are_not_utf8(form: LogFormat) -> None:
    """A name that is not UTF-8, or that plays with the terminal, neither breaks a line nor is lost."""
    stream = io.BytesIO()
    set_up_logging(form=form, stream=stream)

    get_logger().info("file_ignored", path=b"caf\xe9\x1b[2J\n".decode(errors="surrogateescape"), owners=["\udce9"])

    (line,) = _lines(stream)
    assert "\x1b" not in line
    assert "udce9" in line


@pytest.mark.parametrize("form", LogFormat)
def test_tracebacks(form: LogFormat) -> None:
    """A traceback is part of the line in JSON and follows it on a terminal; given or current, it is the same."""
    stream = io.BytesIO()
    set_up_logging(form=form, stream=stream)

    try:
        raise ValueError("one")  # noqa: TRY301 - the traceback is the example.
    except ValueError as error:
        kept = error
        get_logger().exception("service_failed")
    get_logger().error("service_failed", exc_info=kept)
    get_logger().error("service_failed", exc_info=(ValueError, kept, kept.__traceback__))
    get_logger().error("service_failed", exc_info=True)

    assert stream.getvalue().count(b"ValueError: one") == 3


def test_values_of_any_kind() -> None:
    """Paths and other values are written as their text."""
    stream = io.BytesIO()
    set_up_logging(stream=stream)

    get_logger().info("settled", path=Path("/a"), reason=ValueError("no"))

    line = json.loads(_lines(stream)[0])
    assert (line["path"], line["reason"]) == ("/a", "no")


def test_status_line_stays_below_the_log() -> None:
    """A status line is erased before a log line, drawn again after it, and goes when there is nothing to show."""
    stream = Terminal()
    set_up_logging(stream=stream)

    show_status("10 files")
    get_logger().info("settled")
    show_status(None)
    show_status(None)

    shown, logged, gone = stream.getvalue().split(b"\r\x1b[K")[1:]
    assert shown == b"10 files"
    assert logged.endswith(b"settled\n10 files")
    assert gone == b""


def test_status_line_is_for_terminals() -> None:
    """Elsewhere nothing is shown, and before logging is set up nothing happens."""
    stream = io.BytesIO()
    show_status("10 files")
    set_up_logging(form=LogFormat.CONSOLE, stream=stream)

    show_status("10 files")

    assert stream.getvalue() == b""


def test_status_line_changes_seldom() -> None:
    """Many changes are few writes."""
    stream = Terminal()
    set_up_logging(stream=stream)

    for number in range(100):
        show_status(f"{number} files")

    assert stream.getvalue().count(b"files") < 100


def test_lines_of_one_piece_of_work_are_written_together() -> None:
    """F2: a write for each file costs more than its line; what goes wrong meanwhile loses none."""
    pieces: list[bytes] = []

    class Pieces(io.BytesIO):
        def write(self, data: Any) -> int:  # noqa: ANN401 - as its base has it.
            pieces.append(bytes(data))
            return len(pieces[-1])

    set_up_logging(stream=Pieces())
    log = get_logger()
    with contextlib.suppress(ValueError), written_together():
        log.info("one")
        with written_together():
            log.info("two")
        log.info("three", pieces=len(pieces))
        int("in the middle")
    log.info("four")

    lines = [[json.loads(line) for line in piece.splitlines()] for piece in pieces]
    assert [[line["event"] for line in piece] for piece in lines] == [["one", "two", "three"], ["four"]]
    assert lines[0][-1]["pieces"] == 0


@pytest.mark.parametrize("form", list(LogFormat))
def test_lines_of_one_event_are_those_that_single_calls_write(form: LogFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    """F2: many lines at once say what as many calls say, and are kept like those."""
    monkeypatch.setattr("onitu.log._now", lambda: "2026-01-01T00:00:00.000+00:00")
    monkeypatch.setattr("time.strftime", lambda _form: "00:00:00")
    lines = [{"service": form.value, "path": path, "bytes": 1} for path in ("a", "b c", "\udce9")]
    single, together = io.BytesIO(), io.BytesIO()

    with bound_contextvars(request=1):
        set_up_logging(form=form, stream=single)
        for line in lines:
            get_logger(folder="docs").info("transfer_finished", **line)
        set_up_logging(form=form, stream=together)
        log_all(get_logger(folder="docs"), "transfer_finished", lines)
        log_all(get_logger(folder="docs"), "transfer_finished", [])

    assert single.getvalue() == together.getvalue() != b""
    kept = [line.keys for line in recent_lines(form.value)[0]]
    assert kept[:3] == kept[3:]


def test_lines_of_one_event_go_where_the_log_goes() -> None:
    """What is not to be written is not, and whoever takes the lines in another way gets them one by one."""
    stream, capture = io.BytesIO(), LogCapture()
    set_up_logging(level="warning", stream=stream)
    log_all(get_logger(), "transfer_finished", [{"path": "a"}])
    assert not is_debugging(get_logger())
    structlog.configure(processors=[capture], wrapper_class=structlog.make_filtering_bound_logger(10))

    log_all(get_logger(), "transfer_finished", [{"path": "a"}, {"path": "b"}])

    assert stream.getvalue() == b""
    assert [entry["path"] for entry in capture.entries] == ["a", "b"]
    assert is_debugging(get_logger())


def test_log_that_nobody_reads() -> None:
    """A log that cannot be written stops nothing."""
    stream = io.BytesIO()
    set_up_logging(stream=stream)
    stream.close()

    get_logger().info("settled")


def test_import_draws_in_no_rich() -> None:
    """Importing the log leaves rich alone, and importable."""
    code = "import onitu.log, sys; print('rich' in sys.modules, 'structlog' in sys.modules)"

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout

    assert shown == "False True\n"


def test_lines_of_a_service_are_kept() -> None:
    """E15: the last lines of a service can be asked for, faults also when many lines came since."""
    set_up_logging(stream=io.BytesIO(), level="debug")
    log = get_logger(service="kept")
    log.error("path_failed", error="it is", exc_info=ValueError("large"))
    for number in range(KEPT):
        log.info("transfer_finished", path=f"{number}.txt")
        log.debug("transfer_started", path=f"{number}.txt")
    get_logger().info("settled")

    lines, faults = recent_lines("kept")

    assert [line.keys["path"] for line in lines] == [f"{number}.txt" for number in range(KEPT)]
    assert [(line.level, line.keys) for line in faults] == [
        ("error", {"service": "kept", "event": "path_failed", "error": "it is"})
    ]
    assert recent_lines("nobody") == ([], [])
