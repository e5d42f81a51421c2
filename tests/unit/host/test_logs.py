"""What a driver logs, said again with the service's name."""

from __future__ import annotations

import os
from collections import deque

import pytest
import structlog
from structlog.testing import LogCapture

from onitu.host import logs


async def relayed(*writes: bytes, level: int = 0) -> tuple[list[dict[str, object]], list[str]]:
    """Returns what is logged when a driver writes this, and what is kept of it."""
    capture = LogCapture()
    log = structlog.wrap_logger(
        None, processors=[capture], wrapper_class=structlog.make_filtering_bound_logger(level)
    ).bind(service="nas")
    tail: deque[str] = deque(maxlen=logs.TAIL_LINES)
    read, write = os.pipe()
    for data in writes:
        os.write(write, data)
    os.close(write)
    await logs.relay_logs(read, log=log, tail=tail)
    return [dict(entry) for entry in capture.entries], list(tail)


class TestRelayLogs:
    """`relay_logs`."""

    async def test_keeps_level_event_and_keys(self) -> None:
        """A line of JSON is the same event, with the service bound."""
        entries, tail = await relayed(b'{"level": "info", "event": "watch_started", "path": "a", "n": 3}\n')

        assert entries == [{"log_level": "info", "event": "watch_started", "path": "a", "n": 3, "service": "nas"}]
        assert tail == ["watch_started"]

    @pytest.mark.parametrize(
        "line",
        [
            b"Traceback (most recent call last):",
            b'{"level": "info"}',
            b"[1, 2]",
            b'{"event":',
            b"   indented",
        ],
    )
    async def test_logs_other_lines_as_they_are(self, line: bytes) -> None:
        """What is no event is a warning with the text."""
        entries, tail = await relayed(line + b"\n")

        assert entries == [{"log_level": "warning", "event": "driver_output", "line": line.decode(), "service": "nas"}]
        assert tail == [line.decode()]

    async def test_survives_bytes_that_are_no_text(self) -> None:
        """They are escaped."""
        entries, _ = await relayed(b"caf\xe9\n")

        assert entries[0]["line"] == "caf\\xe9"

    async def test_joins_and_splits_lines(self) -> None:
        """Lines come in any pieces; the last one needs no end, and empty ones are nothing."""
        entries, _ = await relayed(b'{"ev', b'ent": "a"}\n\nplain', b" text\r\nlast")

        assert [entry.get("line", entry["event"]) for entry in entries] == ["a", "plain text", "last"]

    async def test_cuts_what_has_no_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A driver that writes no newline does not fill our memory."""
        monkeypatch.setattr(logs, "_MAX_LINE", 10)

        entries, _ = await relayed(b"x" * 10_000)

        assert all(len(str(entry["line"])) <= 10 for entry in entries)

    async def test_lets_no_driver_pose_as_the_core(self) -> None:
        """Keys that mean something to our own log are left out, whatever they hold."""
        line = (
            b'{"level": "error", "event": "x", "service": "other", "self": 1, "exc_info": true, "timestamp": "2001"}\n'
        )

        entries, _ = await relayed(line)

        assert entries == [{"log_level": "error", "event": "x", "service": "nas"}]

    @pytest.mark.parametrize("level", ["WARNING", "nonsense", "", "3"])
    async def test_takes_an_unknown_level_for_a_warning(self, level: str) -> None:
        """It is neither lost nor an alarm."""
        entries, _ = await relayed(f'{{"level": "{level}", "event": "x"}}\n'.encode())

        assert entries[0]["log_level"] == "warning"

    async def test_keeps_the_last_lines(self) -> None:
        """The end of a traceback is what explains a death; reasons are shown beside their event."""
        lines = [f"line {number}\n".encode() for number in range(50)]

        _, tail = await relayed(*lines, b'{"event": "start_failed", "level": "error", "reason": "no root"}\n')

        assert len(tail) == logs.TAIL_LINES
        assert tail[-1] == "start_failed: no root"

    async def test_says_a_farewell_once(self) -> None:
        """F3: what a driver says of its own end is left to the supervisor, which tells the service's failure."""
        line = b'{"level": "error", "event": "service_failed", "reason": "no root"}\n'

        assert await relayed(line) == ([], ["no root"])
