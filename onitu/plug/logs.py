"""The log of a driver process: JSON lines on stderr, which the core reads and logs as its own.

Standard logging is enough here, and importing anything more would make every service start later.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Final

_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; everything else was given with `extra`."""


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object: `level`, `event`, then whatever was given with `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line."""
        line: dict[str, object] = {"level": record.levelname.lower(), "event": record.getMessage()}
        if record.name != "onitu.driver":
            line["logger"] = record.name
        line |= {key: value for key, value in vars(record).items() if key not in _PLAIN}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str, separators=(",", ":"))


def set_up(*, debug: bool) -> None:
    """Sends all logging of this process to stderr, as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.DEBUG if debug else logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
